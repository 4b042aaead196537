//! The data directory: a lock, the generations, and which of them is current.
//!
//! ```text
//! LOCK                 held while a process has the directory open
//! CURRENT              "windtunnel store 1" and the name of the current generation
//! 00000001/rows/       the engine's file
//! 00000001/blobs/xx/   blobs by id
//! ```
//! Any other generation is left over from a replaced state or an interrupted load, and goes at the next start.

use super::{Durability, StoreError, blobs::BlobStore, disk::Disk, durable::Durable, state::State};
use parking_lot::Mutex;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

const FORMAT: &str = "windtunnel store 1";

/// How long a lock is waited for. A process that was killed while it started a function leaves a copy of itself that holds the lock until it has
/// begun the function's program.
const STALE_LOCK: Duration = Duration::from_millis(500);

/// A data directory that this process has open.
pub(super) struct Folder {
    dir: PathBuf,
    durability: Durability,
    disk: Disk,
    /// The number of the youngest generation.
    youngest: Mutex<u32>,
    _lock: File,
}

impl Folder {
    /// Makes the directory if need be and locks it.
    // The lock is the machine's, whatever the cloud's clock says.
    #[allow(clippy::disallowed_methods)]
    pub fn open(dir: &Path, durability: Durability, disk: Disk) -> Result<Folder, StoreError> {
        disk.make_folder(dir)?;
        let path = dir.join("LOCK");
        let lock = File::create(&path).map_err(|e| StoreError::io("opening", &path, e))?;
        let asked = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if asked.elapsed() < STALE_LOCK => std::thread::sleep(STALE_LOCK / 50),
                Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Locked(dir.display().to_string())),
                Err(fs::TryLockError::Error(e)) => return Err(StoreError::io("locking", &path, e)),
            }
        }
        Ok(Folder { dir: dir.to_owned(), durability, disk, youngest: Mutex::new(0), _lock: lock })
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
        self.disk.write_whole(&path, format!("{FORMAT}\n{name}\n").as_bytes())
    }

    fn generation(&self, name: &str) -> Result<State, StoreError> {
        let home = self.dir.join(name);
        let rows = home.join("rows");
        self.disk.make_folder(&rows)?;
        let engine = Durable::open(&rows, self.durability, &self.disk)?;
        let blobs = BlobStore::files(home.join("blobs"), self.durability, self.disk.clone())?;
        if self.durability == Durability::Power {
            [&rows, &home, &self.dir].into_iter().try_for_each(|folder| self.disk.sync_folder(folder))?;
        }
        Ok(State::new(Arc::new(engine), blobs, Some(self.durability), Some(home)))
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
                self.disk.remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }
}
