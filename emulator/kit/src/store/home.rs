//! The data directory: a lock, the generations, and which of them is current.
//!
//! ```text
//! LOCK                 held while a process has the directory open
//! CURRENT              "windtunnel store 1" and the name of the current generation
//! 00000001/rows/       the engine's files
//! 00000001/blobs/xx/   blobs by id; blobs/tmp/ those being written
//! ```
//! Any other generation is left over from a replaced state or an interrupted load, and goes at the next start.

use super::{Durability, StoreError, blobs::BlobStore, durable, state::State};
use parking_lot::Mutex;
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

const FORMAT: &str = "windtunnel store 1";

/// A data directory that this process has open.
pub(super) struct Folder {
    dir: PathBuf,
    durability: Durability,
    /// The number of the youngest generation.
    youngest: Mutex<u32>,
    _lock: File,
}

impl Folder {
    /// Makes the directory if need be and locks it.
    pub fn open(dir: &Path, durability: Durability) -> Result<Folder, StoreError> {
        fs::create_dir_all(dir).map_err(|e| StoreError::io("making", dir, e))?;
        let path = dir.join("LOCK");
        let lock = File::create(&path).map_err(|e| StoreError::io("opening", &path, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Locked(dir.display().to_string())),
            Err(fs::TryLockError::Error(e)) => return Err(StoreError::io("locking", &path, e)),
        }
        Ok(Folder { dir: dir.to_owned(), durability, youngest: Mutex::new(0), _lock: lock })
    }

    /// Opens the current generation, or begins the first one; removes what is left over of others.
    pub fn current(&self) -> Result<State, StoreError> {
        let current = self.read_current()?;
        self.remove_others(current.as_deref())?;
        match current {
            Some(name) => {
                *self.youngest.lock() = name.parse().map_err(|_| StoreError::Corrupt(format!("CURRENT names {name:?}")))?;
                let state = self.generation(&name)?;
                state.blobs.collect(&*state.engine)?;
                state.begin_run(0)?;
                Ok(state)
            }
            None => {
                let state = self.next()?;
                state.begin_run(0)?;
                self.make_current(&state)?;
                Ok(state)
            }
        }
    }

    /// A new, empty generation that is not current yet.
    pub fn next(&self) -> Result<State, StoreError> {
        let name = {
            let mut youngest = self.youngest.lock();
            *youngest += 1;
            format!("{:08}", *youngest)
        };
        self.generation(&name)
    }

    /// Makes a generation the one that the next start opens.
    pub fn make_current(&self, state: &State) -> Result<(), StoreError> {
        state.engine.sync()?;
        let home = state.home().ok_or_else(|| StoreError::Engine("a generation without a folder".into()))?;
        let name = home.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let path = self.dir.join("CURRENT");
        write_whole(&path, format!("{FORMAT}\n{name}\n").as_bytes())
    }

    fn generation(&self, name: &str) -> Result<State, StoreError> {
        let home = self.dir.join(name);
        let rows = home.join("rows");
        fs::create_dir_all(&rows).map_err(|e| StoreError::io("making", &rows, e))?;
        let engine = durable::open(&rows)?;
        let blobs = BlobStore::files(home.join("blobs"), self.durability)?;
        if self.durability == Durability::Power {
            sync_folder(&home)?;
            sync_folder(&self.dir)?;
        }
        Ok(State::new(Arc::from(engine), blobs, Some(self.durability), Some(home)))
    }

    fn read_current(&self) -> Result<Option<String>, StoreError> {
        let path = self.dir.join("CURRENT");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("reading", &path, e)),
        };
        let mut lines = text.lines();
        match (lines.next(), lines.next()) {
            (Some(FORMAT), Some(name)) => Ok(Some(name.to_owned())),
            (Some(format), _) => Err(StoreError::Version(format!("{} says {format:?}", path.display()))),
            _ => Err(StoreError::Corrupt(format!("{} is empty", path.display()))),
        }
    }

    fn remove_others(&self, current: Option<&str>) -> Result<(), StoreError> {
        let entries = fs::read_dir(&self.dir).map_err(|e| StoreError::io("listing", &self.dir, e))?;
        for entry in entries {
            let entry = entry.map_err(|e| StoreError::io("listing", &self.dir, e))?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let generation = name.len() == 8 && name.bytes().all(|b| b.is_ascii_digit());
            if generation && Some(name) != current {
                fs::remove_dir_all(entry.path()).map_err(|e| StoreError::io("removing", &entry.path(), e))?;
            }
        }
        Ok(())
    }
}

/// Writes a file so that it is there whole or not at all, whatever dies meanwhile.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|e| StoreError::io("writing", &temporary, e))?;
    put_in_place(&temporary, path)
}

/// Renames a finished file to its name and makes the name last.
pub(super) fn put_in_place(temporary: &Path, path: &Path) -> Result<(), StoreError> {
    fs::rename(temporary, path).map_err(|e| StoreError::io("renaming", path, e))?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        _ => sync_folder(Path::new(".")),
    }
}

/// Makes the names in a folder last.
pub(super) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| StoreError::io("syncing", folder, e))
}
