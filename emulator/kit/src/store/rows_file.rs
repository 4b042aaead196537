//! The file of rows: redb, a copy-on-write B-tree. Why redb: docs/measurements.md, "Durable engine". Knows commits and views, not when
//! they are made.

use super::{
    StoreError,
    disk::{Disk, DiskFile},
};
use redb::{Database, ReadOnlyTable, ReadableDatabase, StorageBackend, StorageError, TableDefinition};
use std::{io, path::Path};

type Bytes = &'static [u8];
/// A view of all rows.
pub(super) type Rows = ReadOnlyTable<Bytes, Bytes>;

const ROWS: TableDefinition<Bytes, Bytes> = TableDefinition::new("rows");
/// Pages that are kept in memory; the system caches the file besides.
const CACHE_BYTES: usize = 32 << 20;

/// Rows in a file.
pub(super) struct RowsFile {
    database: Database,
}

impl RowsFile {
    /// Opens or makes the file in a folder; with `power` a commit waits for the disk. After a crash this walks the whole tree: about half a
    /// second per million rows.
    pub fn open(dir: &Path, power: bool, disk: &Disk) -> Result<RowsFile, StoreError> {
        let file = Backend { file: disk.open_file(dir.join("rows.redb"))?, power };
        let database = Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(file).map_err(|e| opening(dir, e))?;
        let rows = RowsFile { database };
        // Views open the table and must find it.
        rows.commit(std::iter::empty())?;
        Ok(rows)
    }

    /// The rows as the last commit left them. A view keeps the pages that it knows from being used again.
    pub fn view(&self) -> Result<Rows, StoreError> {
        self.database.begin_read().map_err(failed)?.open_table(ROWS).map_err(failed)
    }

    /// Makes changes, all or none; `None` takes a row away.
    pub fn commit<'c>(&self, changes: impl Iterator<Item = (&'c [u8], Option<&'c [u8]>)>) -> Result<(), StoreError> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        transaction.set_durability(redb::Durability::Immediate).map_err(failed)?;
        {
            let mut rows = transaction.open_table(ROWS).map_err(failed)?;
            for (key, value) in changes {
                match value {
                    Some(value) => drop(rows.insert(key, value).map_err(failed)?),
                    None => drop(rows.remove(key).map_err(failed)?),
                }
            }
        }
        transaction.commit().map_err(failed)
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

/// What redb says, in the store's words.
pub(super) fn failed(error: impl Into<redb::Error>) -> StoreError {
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
