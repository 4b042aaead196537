//! Blobs as files in a folder, `xx/<id>`. A file is part of the state when a row says so; one that is half-written, or whose row never
//! came, is known to nobody and is removed at the next start.

use super::StoreError;
use crate::store::disk::{Disk, DiskFile, folder_of};
use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// What blobs leave free of the disk.
const BLOBS_LEAVE_BYTES: u64 = 32 << 20;

pub(super) struct Files {
    dir: PathBuf,
    /// Whether a finished blob has to survive the death of the machine.
    power: bool,
    disk: Disk,
}

impl Files {
    /// Makes the folder if need be.
    pub fn open(dir: PathBuf, power: bool, disk: Disk) -> Result<Files, StoreError> {
        disk.make_folder(&dir)?;
        if power {
            disk.sync_folder(folder_of(&dir))?;
        }
        Ok(Files { dir, power, disk })
    }

    /// Refuses while the disk has hardly any room left, so that there is some for the rows that delete.
    pub fn check_room(&self) -> Result<(), StoreError> {
        self.disk.check_room(&self.dir, BLOBS_LEAVE_BYTES)
    }

    pub fn create(&self, id: u64) -> Result<DiskFile, StoreError> {
        let path = self.path(id);
        match self.disk.make_file(path.clone()) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                self.disk.make_folder(folder_of(&path))?;
                self.disk.make_file(path)
            }
            made => made,
        }
    }

    /// Everything was written.
    pub fn finish(&self, file: &DiskFile) -> Result<(), StoreError> {
        if self.power {
            file.sync()?;
            // The folder's own name too: another blob may have made it and not have synced it yet.
            self.disk.sync_folder(folder_of(file.path()))?;
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
