//! Blobs as files in a folder: written under `tmp/`, renamed to `xx/<id>` when complete.

use super::StoreError;
use crate::store::home::{put_in_place, sync_folder};
use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

pub(super) struct Files {
    dir: PathBuf,
    /// Whether a finished blob has to survive the death of the machine.
    power: bool,
}

impl Files {
    /// Makes the folder if need be; throws away what was being written when the last process died.
    pub fn open(dir: PathBuf, power: bool) -> Result<Files, StoreError> {
        let temporary = dir.join("tmp");
        match fs::remove_dir_all(&temporary) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(StoreError::io("removing", &temporary, e)),
            _ => {}
        }
        fs::create_dir_all(&temporary).map_err(|e| StoreError::io("making", &temporary, e))?;
        if power {
            sync_folder(&dir)?;
        }
        Ok(Files { dir, power })
    }

    pub fn create(&self, id: u64) -> Result<(File, PathBuf), StoreError> {
        let path = self.dir.join("tmp").join(name(id));
        let file = File::create_new(&path).map_err(|e| StoreError::io("making", &path, e))?;
        Ok((file, path))
    }

    pub fn finish(&self, id: u64, file: File, temporary: &Path) -> Result<(), StoreError> {
        let path = self.path(id);
        if self.power {
            file.sync_all().map_err(|e| StoreError::io("syncing", temporary, e))?;
        }
        self.make_folder(&path)?;
        if self.power {
            return put_in_place(temporary, &path);
        }
        fs::rename(temporary, &path).map_err(|e| StoreError::io("renaming", &path, e))
    }

    pub fn open_blob(&self, id: u64) -> Result<Option<File>, StoreError> {
        let path = self.path(id);
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::io("opening", &path, e)),
        }
    }

    /// Removes a blob; one that can't be removed now is collected at the next start.
    pub fn remove(&self, id: u64) {
        let _ = fs::remove_file(self.path(id));
    }

    /// Removes every file but those of the ids.
    pub fn retain(&self, ids: &HashSet<u64>) -> Result<(), StoreError> {
        let list = |dir: &Path| fs::read_dir(dir).and_then(|entries| entries.collect::<Result<Vec<_>, _>>()).map_err(|e| StoreError::io("listing", dir, e));
        for folder in list(&self.dir)? {
            for entry in list(&folder.path())? {
                let id = entry.file_name().to_str().and_then(|name| u64::from_str_radix(name, 16).ok());
                if !id.is_some_and(|id| ids.contains(&id)) {
                    fs::remove_file(entry.path()).map_err(|e| StoreError::io("removing", &entry.path(), e))?;
                }
            }
        }
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> Result<(), StoreError> {
        let folder = path.parent().unwrap_or(&self.dir);
        match fs::create_dir(folder) {
            Ok(()) if self.power => sync_folder(&self.dir),
            Ok(()) => Ok(()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(StoreError::io("making", folder, e)),
        }
    }

    /// The low byte of an id counts up, so the folders fill evenly.
    fn path(&self, id: u64) -> PathBuf {
        self.dir.join(format!("{:02x}", id & 0xFF)).join(name(id))
    }
}

fn name(id: u64) -> String {
    format!("{id:016x}")
}

/// A file that no folder knows: it is gone with its last handle, however the process ends.
pub(super) fn nameless() -> Result<File, StoreError> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let path = std::env::temp_dir().join(format!("windtunnel-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).map_err(|e| StoreError::io("making", &path, e))?;
    fs::remove_file(&path).map_err(|e| StoreError::io("removing", &path, e))?;
    Ok(file)
}

/// Another handle to a nameless file, with a position of its own.
pub(super) fn reopen(file: &File) -> Result<File, StoreError> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        File::open(&path).map_err(|e| StoreError::io("opening", &path, e))
    }
    #[cfg(not(target_os = "linux"))]
    file.try_clone().map_err(|e| StoreError::io("opening", Path::new("a temporary file"), e))
}
