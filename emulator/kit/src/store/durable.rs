//! The engine of clouds with a data directory: batches wait on the heap, where every view sees them, and go to the file together.
//!
//! A commit to the file takes about the same time for one batch as for ten (docs/measurements.md, "Commits that are shared"), so `apply`
//! lays a batch over the rows and `sync` writes all that lies there. Who writes waits for a `sync` before it answers.

use super::{
    Durability, StoreError,
    disk::Disk,
    engine::{Batch, Engine, KeyRange, Pair, Pairs, View},
    overlay,
    rows_file::{Rows, RowsFile, failed},
};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use redb::{AccessGuard, StorageError};
use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What batches leave free of the disk, and what those leave that take rows away: who deletes must still be able to when nothing else is.
const ROWS_LEAVE_BYTES: u64 = 16 << 20;
const REMOVALS_LEAVE_BYTES: u64 = 4 << 20;
/// What may wait on the heap: more comes only from those who write much at once, and they write it down on the way.
const MOST_WAITING_BYTES: usize = 4 << 20;

/// Changes by key; `None` takes a row away.
type Layer = BTreeMap<Bytes, Option<Bytes>>;

/// Rows in a file, and what is to be written to it.
pub struct Durable {
    /// Stands before the file, so that the view in it is let go first.
    now: RwLock<Now>,
    file: RowsFile,
    /// Held by the one who writes to the file.
    writing: Mutex<()>,
    dir: PathBuf,
    disk: Disk,
}

/// What a view is made of, and what has become of it.
#[derive(Default)]
struct Now {
    /// The youngest view of the file, for whoever reads next: opening one takes as long as reading two rows from it.
    rows: Option<Arc<Rows>>,
    /// What is being written. The file may have it already.
    leaving: Arc<Layer>,
    /// What waits for the next to write.
    waiting: Arc<Layer>,
    waiting_bytes: usize,
    /// Why nothing is written any more.
    stopped: Option<String>,
}

impl Durable {
    /// Opens or makes the file in a folder. After a crash this walks the whole tree: about half a second per million rows.
    pub fn open(dir: &Path, durability: Durability, disk: &Disk) -> Result<Durable, StoreError> {
        let file = RowsFile::open(dir, durability == Durability::Power, disk)?;
        Ok(Durable { now: RwLock::default(), file, writing: Mutex::default(), dir: dir.to_owned(), disk: disk.clone() })
    }

    fn view(&self) -> Result<Held, StoreError> {
        {
            let now = self.now.read();
            if let Some(rows) = &now.rows {
                return Ok(Held { rows: rows.clone(), leaving: now.leaving.clone(), waiting: now.waiting.clone() });
            }
        }
        // Opened under the lock: rows of a later commit under changes of an earlier one would be a state that never was.
        let mut now = self.now.write();
        let rows = match now.rows.take() {
            Some(rows) => rows,
            None => Arc::new(self.file.view()?),
        };
        now.rows = Some(rows.clone());
        Ok(Held { rows, leaving: now.leaving.clone(), waiting: now.waiting.clone() })
    }

    /// Takes what waits to write it; `None` when nothing does.
    fn take_waiting(&self) -> Result<Option<Arc<Layer>>, StoreError> {
        let mut now = self.now.write();
        if let Some(why) = &now.stopped {
            return Err(StoreError::Stopped(why.clone()));
        }
        if now.waiting.is_empty() {
            return Ok(None);
        }
        // Let go before the commit, so that the pages it holds can be used again.
        now.rows = None;
        now.leaving = std::mem::take(&mut now.waiting);
        now.waiting_bytes = 0;
        Ok(Some(now.leaving.clone()))
    }

    /// What was taken is in the file, or lost: then views show what the next start will find.
    fn written(&self, done: &Result<(), StoreError>) {
        let mut now = self.now.write();
        now.rows = None;
        now.leaving = Arc::default();
        if let Err(error) = done {
            now.waiting = Arc::default();
            now.stopped = Some(error.to_string());
        }
    }
}

impl Engine for Durable {
    fn snapshot(&self) -> Box<dyn View + '_> {
        match self.view() {
            Ok(held) => Box::new(held),
            Err(error) => Box::new(Broken(error.to_string())),
        }
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let removes = batch.iter().any(|(_, value)| value.is_none());
        self.disk.check_room(&self.dir, if removes { REMOVALS_LEAVE_BYTES } else { ROWS_LEAVE_BYTES })?;
        let much = {
            let mut now = self.now.write();
            if let Some(why) = &now.stopped {
                return Err(StoreError::Stopped(why.clone()));
            }
            now.waiting_bytes += batch.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>();
            // A view that holds the layer keeps its own copy; the bytes are shared.
            let layer = Arc::make_mut(&mut now.waiting);
            layer.extend(batch.into_iter().map(|(key, value)| (Bytes::from(key), value.map(Bytes::from))));
            now.waiting_bytes > MOST_WAITING_BYTES
        };
        if much { self.sync() } else { Ok(()) }
    }

    fn sync(&self) -> Result<(), StoreError> {
        let _turn = self.writing.lock();
        let Some(layer) = self.take_waiting()? else { return Ok(()) };
        let done = self.file.commit(layer.iter().map(|(key, value)| (&**key, value.as_deref())));
        self.written(&done);
        done
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        // Nobody was told that what still waits is there; a clean end keeps it all the same.
        let _ = self.sync();
    }
}

/// The file's rows with the changes that have yet to reach them.
struct Held {
    rows: Arc<Rows>,
    leaving: Arc<Layer>,
    waiting: Arc<Layer>,
}

impl View for Held {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        if let Some(change) = self.waiting.get(key).or_else(|| self.leaving.get(key)) {
            return Ok(change.as_deref().map(Cow::Borrowed));
        }
        Ok(self.rows.get(key).map_err(failed)?.map(|value| Cow::Owned(value.value().to_vec())))
    }

    fn range<'a>(&'a self, range: &KeyRange, reverse: bool) -> Pairs<'a> {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let until = range.until.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let pairs = match self.rows.range::<&[u8]>((Bound::Included(range.from.as_slice()), until)) {
            Ok(pairs) => pairs,
            Err(error) => return Box::new(std::iter::once(Err(failed(error)))),
        };
        let pairs: Pairs<'a> = if reverse { Box::new(pairs.rev().map(owned)) } else { Box::new(pairs.map(owned)) };
        let pairs = overlay::over(pairs, &self.leaving, range, reverse);
        overlay::over(pairs, &self.waiting, range, reverse)
    }
}

type Found<'a> = Result<(AccessGuard<'a, &'static [u8]>, AccessGuard<'a, &'static [u8]>), StorageError>;

fn owned<'a>(pair: Found<'_>) -> Result<Pair<'a>, StoreError> {
    let (key, value) = pair.map_err(failed)?;
    Ok((Cow::Owned(key.value().to_vec()), Cow::Owned(value.value().to_vec())))
}

/// A view of a database that can't be read any more; every look says why.
struct Broken(String);

impl View for Broken {
    fn get(&self, _: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        Err(StoreError::Engine(self.0.clone()))
    }
    fn range<'a>(&'a self, _: &KeyRange, _: bool) -> Pairs<'a> {
        Box::new(std::iter::once(Err(StoreError::Engine(self.0.clone()))))
    }
}
