//! Blobs as files in a folder: written under `tmp/`, renamed to `xx/<id>` when complete.

use super::StoreError;
use crate::store::disk::{Disk, DiskFile, folder_of};
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
    disk: Disk,
}

impl Files {
    /// Makes the folder if need be; throws away what was being written when the last process died.
    pub fn open(dir: PathBuf, power: bool, disk: Disk) -> Result<Files, StoreError> {
        let temporary = dir.join("tmp");
        disk.remove_tree(&temporary)?;
        disk.make_folder(&temporary)?;
        if power {
            disk.sync_folder(&dir)?;
        }
        Ok(Files { dir, power, disk })
    }

    pub fn create(&self, id: u64) -> Result<DiskFile, StoreError> {
        self.disk.make_file(self.dir.join("tmp").join(name(id)))
    }

    pub fn finish(&self, id: u64, file: &DiskFile) -> Result<(), StoreError> {
        let path = self.path(id);
        let folder = folder_of(&path);
        if self.power {
            file.sync()?;
        }
        self.disk.make_folder(folder)?;
        self.disk.rename(file.path(), &path)?;
        if self.power {
            // The folder's own name too: another blob may have made it and not have synced it yet.
            self.disk.sync_folder(folder)?;
            self.disk.sync_folder(&self.dir)?;
        }
        Ok(())
    }

    /// Removes what was being written.
    pub fn abandon(&self, file: &DiskFile) {
        let _ = self.disk.remove_file(file.path());
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
        let _ = self.disk.remove_file(&self.path(id));
    }

    /// Removes every file but those of the ids.
    pub fn retain(&self, ids: &HashSet<u64>) -> Result<(), StoreError> {
        let list = |dir: &Path| {
            fs::read_dir(dir).and_then(|entries| entries.collect::<Result<Vec<_>, _>>()).map_err(|e| StoreError::io("listing", dir, e))
        };
        for folder in list(&self.dir)? {
            for entry in list(&folder.path())? {
                let id = entry.file_name().to_str().and_then(|name| u64::from_str_radix(name, 16).ok());
                if !id.is_some_and(|id| ids.contains(&id)) {
                    self.disk.remove_file(&entry.path())?;
                }
            }
        }
        Ok(())
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
