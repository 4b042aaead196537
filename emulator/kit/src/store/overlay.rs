//! Changes laid over a walk through rows: a transaction's own over its view, batches that wait for the disk over what is on it.

use super::{
    StoreError,
    engine::{KeyRange, Pair, Pairs},
};
use std::{
    borrow::{Borrow, Cow},
    cmp::Ordering,
    collections::BTreeMap,
    iter::Peekable,
    ops::Bound,
};

/// The walk `base` as it is with changes in place; `None` takes a row away. Both go over the same range in the same direction.
pub(super) fn over<'a, K, V>(base: Pairs<'a>, changes: &'a BTreeMap<K, Option<V>>, range: &KeyRange, reverse: bool) -> Pairs<'a>
where
    K: Borrow<[u8]> + Ord,
    V: AsRef<[u8]>,
{
    if changes.is_empty() || range.is_empty() {
        return base;
    }
    let until = range.until.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let changes = changes.range::<[u8], _>((Bound::Included(range.from.as_slice()), until));
    let changes = changes.map(|(key, value)| (key.borrow(), value.as_ref().map(AsRef::as_ref)));
    let changes: LaidOver<'a> = if reverse { Box::new(changes.rev()) } else { Box::new(changes) };
    Box::new(Merge { base: base.peekable(), changes: changes.peekable(), reverse })
}

type LaidOver<'a> = Box<dyn Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + 'a>;

/// Two ordered walks as one; where both have a key the change wins.
struct Merge<'a> {
    base: Peekable<Pairs<'a>>,
    changes: Peekable<LaidOver<'a>>,
    reverse: bool,
}

impl<'a> Iterator for Merge<'a> {
    type Item = Result<Pair<'a>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.base.peek(), self.changes.peek()) {
                (None, None) => return None,
                (Some(Err(_)), _) | (Some(_), None) => return self.base.next(),
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok((key, _))), Some((change, _))) if self.reverse => (*change).cmp(&**key),
                (Some(Ok((key, _))), Some((change, _))) => (**key).cmp(change),
            };
            if order == Ordering::Less {
                return self.base.next();
            }
            if order == Ordering::Equal {
                self.base.next();
            }
            if let Some((key, Some(value))) = self.changes.next() {
                return Some(Ok((Cow::Borrowed(key), Cow::Borrowed(value))));
            }
        }
    }
}
