//! The engine of clouds without a data directory: one ordered map. Hundreds of them live in one process, so it owns no thread and
//! costs nothing while empty. Views hold the read lock, which is why the store's closures are synchronous.

use super::{
    StoreError,
    engine::{Batch, Engine, KeyRange, Pairs, View},
};
use parking_lot::{RwLock, RwLockReadGuard};
use std::{borrow::Cow, cell::Cell, collections::BTreeMap, ops::Bound};

type Rows = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// Rows on the heap.
#[derive(Default)]
pub struct Memory {
    rows: RwLock<Rows>,
}

impl Engine for Memory {
    fn snapshot(&self) -> Box<dyn View + '_> {
        // A view inside a view (a helper that reads while its caller reads) must not queue behind a waiting writer, which itself waits
        // for the outer view; the outermost one must queue, or writers starve.
        let nested = DEPTH.with(|depth| depth.replace(depth.get() + 1) > 0);
        let rows = if nested { self.rows.read_recursive() } else { self.rows.read() };
        Box::new(Held { rows })
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut rows = self.rows.write();
        for (key, value) in batch {
            match value {
                Some(value) => drop(rows.insert(key.into_boxed_slice(), value.into_boxed_slice())),
                None => drop(rows.remove(key.as_slice())),
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

thread_local! {
    /// Views that this thread holds.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

struct Held<'a> {
    rows: RwLockReadGuard<'a, Rows>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

impl View for Held<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Ok(self.rows.get(key).map(|value| Cow::Borrowed(&**value)))
    }

    fn range<'a>(&'a self, range: &KeyRange, reverse: bool) -> Pairs<'a> {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let until = range.until.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.rows.range::<[u8], _>((Bound::Included(range.from.as_slice()), until));
        let pairs = rows.map(|(key, value)| Ok((Cow::Borrowed(&**key), Cow::Borrowed(&**value))));
        if reverse { Box::new(pairs.rev()) } else { Box::new(pairs) }
    }
}
