//! Every change that a durable store makes to files goes through here, so that a test can watch it and work out what a machine that
//! loses its power could have left on the disk. Reading needs no such care and goes to the files directly.
//!
//! Under `power` a change counts only when it was synced: the bytes of a file by syncing the file, a name by syncing its folder.

use super::StoreError;
use std::{
    fs::{self, File},
    io::{self, ErrorKind, IoSlice, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A change to files, told after it was made.
#[derive(Clone, Debug, PartialEq)]
pub enum DiskEvent<'a> {
    /// A folder was made.
    MadeFolder(&'a Path),
    /// An empty file was made, or an old one cut to nothing.
    MadeFile(&'a Path),
    /// Bytes were written at an offset.
    Wrote(&'a Path, u64, &'a [u8]),
    /// A file was cut or lengthened with zeros.
    SetLen(&'a Path, u64),
    /// The bytes of a file are on the disk.
    SyncedFile(&'a Path),
    /// The names in a folder are on the disk.
    SyncedFolder(&'a Path),
    /// A file got another name, taking the place of what had it.
    Renamed(&'a Path, &'a Path),
    /// A file's name went.
    RemovedFile(&'a Path),
    /// A folder went with all that was in it.
    RemovedTree(&'a Path),
}

/// Who watches.
pub type Witness = Arc<dyn Fn(DiskEvent<'_>) + Send + Sync>;

/// The way to the files: as they are, or watched.
#[derive(Clone, Default)]
pub struct Disk {
    witness: Option<Witness>,
    room: Option<Room>,
}

/// Tells how many bytes are free; for tests of full disks.
pub type Room = Arc<dyn Fn() -> u64 + Send + Sync>;

impl Disk {
    /// Tells a witness of every change, from whatever thread makes it.
    pub fn watched(witness: Witness) -> Disk {
        Disk { witness: Some(witness), room: None }
    }

    /// As if so many bytes were free as `room` says.
    pub fn with_room(mut self, room: Room) -> Disk {
        self.room = Some(room);
        self
    }

    /// [`StoreError::Full`] where fewer than `leave` bytes are free. Asked before writing: a write that fails in the middle of a batch
    /// would leave the engine unusable until the next start, and a full disk is nothing to restart for.
    pub(super) fn check_room(&self, path: &Path, leave: u64) -> Result<(), StoreError> {
        let free = match &self.room {
            Some(room) => room(),
            None => free_bytes(path).map_err(|e| StoreError::io("asking for the room of", path, e))?,
        };
        match free < leave {
            true => Err(StoreError::Full(format!("{free} bytes are free, {leave} are kept free"))),
            false => Ok(()),
        }
    }

    fn tell(&self, event: DiskEvent<'_>) {
        if let Some(witness) = &self.witness {
            witness(event);
        }
    }

    /// Makes a folder, and those above it; one that is there is left alone.
    pub(super) fn make_folder(&self, path: &Path) -> Result<(), StoreError> {
        match fs::create_dir(path) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::AlreadyExists => return Ok(()),
            Err(e) if e.kind() == ErrorKind::NotFound && path.parent().is_some() => {
                self.make_folder(path.parent().unwrap_or(path))?;
                return self.make_folder(path);
            }
            Err(e) => return Err(StoreError::io("making", path, e)),
        }
        self.tell(DiskEvent::MadeFolder(path));
        Ok(())
    }

    /// Makes a file, which must not be there.
    pub(super) fn make_file(&self, path: PathBuf) -> Result<DiskFile, StoreError> {
        let file = File::options().read(true).write(true).create_new(true).open(&path).map_err(|e| StoreError::io("making", &path, e))?;
        self.tell(DiskEvent::MadeFile(&path));
        Ok(DiskFile { disk: self.clone(), file, path })
    }

    /// Opens a file, which is made if it is not there.
    pub(super) fn open_file(&self, path: PathBuf) -> Result<DiskFile, StoreError> {
        match File::options().read(true).write(true).open(&path) {
            Ok(file) => Ok(DiskFile { disk: self.clone(), file, path }),
            Err(e) if e.kind() == ErrorKind::NotFound => self.make_file(path),
            Err(e) => Err(StoreError::io("opening", &path, e)),
        }
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        fs::rename(from, to).map_err(|e| StoreError::io("renaming", to, e))?;
        self.tell(DiskEvent::Renamed(from, to));
        Ok(())
    }

    pub(super) fn sync_folder(&self, folder: &Path) -> Result<(), StoreError> {
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|e| StoreError::io("syncing", folder, e))?;
        self.tell(DiskEvent::SyncedFolder(folder));
        Ok(())
    }

    /// Removes a file; one that is not there is gone already.
    pub(super) fn remove_file(&self, path: &Path) -> Result<(), StoreError> {
        match fs::remove_file(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(StoreError::io("removing", path, e)),
            Ok(()) => {}
        }
        self.tell(DiskEvent::RemovedFile(path));
        Ok(())
    }

    /// Removes a folder with all that is in it; one that is not there is gone already.
    pub(super) fn remove_tree(&self, path: &Path) -> Result<(), StoreError> {
        match fs::remove_dir_all(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(StoreError::io("removing", path, e)),
            Ok(()) => {}
        }
        self.tell(DiskEvent::RemovedTree(path));
        Ok(())
    }

    /// Writes a file so that it is there whole or not at all, whatever dies meanwhile; lasts when this returns.
    pub(super) fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let temporary = path.with_extension("tmp");
        self.remove_file(&temporary)?;
        let mut file = self.make_file(temporary.clone())?;
        let written = file.write_all(bytes);
        written.map_err(|e| StoreError::io("writing", &temporary, e))?;
        file.sync()?;
        self.rename(&temporary, path)?;
        self.sync_folder(folder_of(path))
    }
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// An open file whose changes are told.
#[derive(Debug)]
pub(super) struct DiskFile {
    disk: Disk,
    file: File,
    path: PathBuf,
}

impl DiskFile {
    pub fn path(&self) -> &Path {
        &self.path
    }
    pub fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)?;
        self.disk.tell(DiskEvent::Wrote(&self.path, offset, bytes));
        Ok(())
    }
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)?;
        self.disk.tell(DiskEvent::SetLen(&self.path, len));
        Ok(())
    }
    pub fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()?;
        self.disk.tell(DiskEvent::SyncedFile(&self.path));
        Ok(())
    }
    pub fn sync(&self) -> Result<(), StoreError> {
        self.sync_data().map_err(|e| StoreError::io("syncing", &self.path, e))
    }
}

impl DiskFile {
    /// Appends chunks with as few system calls as can be.
    pub fn append(&mut self, chunks: &[bytes::Bytes]) -> Result<(), StoreError> {
        let written = if self.disk.witness.is_some() || chunks.len() == 1 {
            chunks.iter().try_for_each(|chunk| self.write_all(chunk))
        } else {
            write_vectored(&mut self.file, chunks)
        };
        written.map_err(|e| StoreError::io("writing", &self.path, e))
    }
}

fn write_vectored(file: &mut File, chunks: &[bytes::Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = chunks.iter().map(|chunk| IoSlice::new(chunk)).collect();
    let mut left = &mut slices[..];
    // Empty slices at the front go, too.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        // The system takes no more than 1024 slices at once.
        let most = left.len().min(1024);
        match file.write_vectored(&left[..most]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => IoSlice::advance_slices(&mut left, n),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Bytes that are free for this process on the disk of a path.
fn free_bytes(path: &Path) -> io::Result<u64> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes())?;
    let mut told = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: `path` ends with a zero and `told` has room for the answer, which is filled where the call succeeds.
    match unsafe { libc::statvfs(path.as_ptr(), told.as_mut_ptr()) } {
        0 => {
            let told = unsafe { told.assume_init() };
            Ok(told.f_bavail.saturating_mul(told.f_frsize))
        }
        _ => Err(io::Error::last_os_error()),
    }
}

/// Appends: for files that this process made and writes from their beginning.
impl Write for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if self.disk.witness.is_some() {
            let end = io::Seek::stream_position(&mut self.file)?;
            self.disk.tell(DiskEvent::Wrote(&self.path, end - written as u64, &bytes[..written]));
        }
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.witness.is_some() { "watched disk" } else { "disk" })
    }
}
