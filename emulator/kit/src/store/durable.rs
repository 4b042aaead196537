//! The engine of clouds with a data directory: redb, a copy-on-write B-tree in one file. Why redb: docs/measurements.md, "Durable engine".
//!
//! Under `process` each batch is a commit whose writes reach the system before it returns and that never waits for the disk. Under
//! `power` a batch only changes the tree in memory, and one fsync makes all batches since the last one durable.

use super::{
    Durability, StoreError,
    disk::{Disk, DiskFile},
    engine::{Batch, Engine, KeyRange, Pair, Pairs, View},
};
use parking_lot::RwLock;
use redb::{AccessGuard, Database, ReadOnlyTable, ReadableDatabase, StorageBackend, StorageError, TableDefinition};
use std::{
    borrow::Cow,
    io,
    ops::Bound,
    path::{Path, PathBuf},
    sync::Arc,
};

type Bytes = &'static [u8];
const ROWS: TableDefinition<Bytes, Bytes> = TableDefinition::new("rows");
/// Pages that are kept in memory; the system caches the file besides.
const CACHE_BYTES: usize = 32 << 20;

/// Rows in a file.
pub struct Durable {
    /// The youngest view, for whoever reads next. Stands before the database, so that it is let go first.
    youngest: RwLock<Youngest>,
    database: Database,
    durability: Durability,
    dir: PathBuf,
    disk: Disk,
}

type Rows = ReadOnlyTable<Bytes, Bytes>;

/// Opening a view takes as long as reading two rows from it, so it is kept until the next commit.
#[derive(Default)]
struct Youngest {
    /// Counts commits, begun and done: a view that was opened across one is not kept.
    commits: u64,
    rows: Option<Arc<Rows>>,
}

/// What batches leave free of the disk, and what those leave that take rows away: who deletes must still be able to when nothing else is.
const ROWS_LEAVE_BYTES: u64 = 16 << 20;
const REMOVALS_LEAVE_BYTES: u64 = 4 << 20;

impl Durable {
    /// Opens or makes the file in a folder. After a crash this walks the whole tree: about half a second per million rows.
    pub fn open(dir: &Path, durability: Durability, disk: &Disk) -> Result<Durable, StoreError> {
        let file = disk.open_file(dir.join("rows.redb"))?;
        let file = Backend { file, power: durability == Durability::Power };
        let database = Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(file).map_err(|e| opening(dir, e))?;
        let durable = Durable { youngest: RwLock::default(), database, durability, dir: dir.to_owned(), disk: disk.clone() };
        // Views open the table and must find it.
        durable.commit(Vec::new(), redb::Durability::Immediate)?;
        Ok(durable)
    }

    fn commit(&self, batch: Batch, durability: redb::Durability) -> Result<(), StoreError> {
        // Let go before, so that the pages it holds can be used again; and after, so that the commit is seen.
        self.forget_view();
        let done = self.write(batch, durability);
        self.forget_view();
        done
    }

    fn forget_view(&self) {
        let mut youngest = self.youngest.write();
        youngest.commits += 1;
        youngest.rows = None;
    }

    fn rows(&self) -> Result<Arc<Rows>, StoreError> {
        let commits = {
            let youngest = self.youngest.read();
            if let Some(rows) = &youngest.rows {
                return Ok(rows.clone());
            }
            youngest.commits
        };
        let rows = Arc::new(self.database.begin_read().map_err(failed)?.open_table(ROWS).map_err(failed)?);
        let mut youngest = self.youngest.write();
        if youngest.commits == commits {
            youngest.rows = Some(rows.clone());
        }
        Ok(rows)
    }

    fn write(&self, batch: Batch, durability: redb::Durability) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(durability).map_err(failed)?;
        {
            let mut rows = transaction.open_table(ROWS).map_err(failed)?;
            for (key, value) in batch {
                match value {
                    Some(value) => drop(rows.insert(key.as_slice(), value.as_slice()).map_err(failed)?),
                    None => drop(rows.remove(key.as_slice()).map_err(failed)?),
                }
            }
        }
        transaction.commit().map_err(failed)
    }
}

impl Engine for Durable {
    fn snapshot(&self) -> Box<dyn View + '_> {
        match self.rows() {
            Ok(rows) => Box::new(Held { rows }),
            Err(error) => Box::new(Broken(error.to_string())),
        }
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let removes = batch.iter().any(|(_, value)| value.is_none());
        self.disk.check_room(&self.dir, if removes { REMOVALS_LEAVE_BYTES } else { ROWS_LEAVE_BYTES })?;
        self.commit(
            batch,
            match self.durability {
                Durability::Process => redb::Durability::Immediate,
                Durability::Power => redb::Durability::None,
            },
        )
    }

    fn sync(&self) -> Result<(), StoreError> {
        match self.durability {
            Durability::Process => Ok(()),
            Durability::Power => self.commit(Vec::new(), redb::Durability::Immediate),
        }
    }
}

struct Held {
    rows: Arc<Rows>,
}

impl View for Held {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
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
        if reverse { Box::new(pairs.rev().map(owned)) } else { Box::new(pairs.map(owned)) }
    }
}

type Found<'a> = Result<(AccessGuard<'a, Bytes>, AccessGuard<'a, Bytes>), StorageError>;

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

fn opening(dir: &Path, error: redb::DatabaseError) -> StoreError {
    match error {
        redb::DatabaseError::Storage(StorageError::Io(e)) if e.kind() != io::ErrorKind::InvalidData => StoreError::io("opening", dir, e),
        redb::DatabaseError::DatabaseAlreadyOpen => StoreError::Locked(dir.display().to_string()),
        redb::DatabaseError::UpgradeRequired(version) => StoreError::Version(format!("{} has rows of format {version}", dir.display())),
        other => StoreError::Corrupt(format!("{}: {other}", dir.display())),
    }
}

fn failed(error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(e) if matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
            StoreError::Full("writing rows".into())
        }
        redb::Error::Io(source) => StoreError::Io { what: "reading or writing rows".into(), source },
        redb::Error::PreviousIo => StoreError::Stopped("an earlier write to the rows failed".into()),
        redb::Error::Corrupted(what) => StoreError::Corrupt(what),
        other => StoreError::Engine(other.to_string()),
    }
}

/// The file below redb. The data directory's own lock keeps other processes out.
#[derive(Debug)]
struct Backend {
    file: DiskFile,
    power: bool,
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        // What was written survives the process as it is; and the system keeps the order of writes that a living system can see.
        if self.power { self.file.sync_data() } else { Ok(()) }
    }
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)
    }
}
