//! Every change of files on which a promise rests goes through here: under `power` a file's bytes count once the file was synced, and its name
//! once its folder was. A test may watch, and work out what a machine that lost its power would find.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
};

/// What a watcher is told after it was done.
#[cfg(test)]
pub enum Event<'a> {
    /// An empty file or folder was made.
    Made(&'a Path),
    /// A file's bytes are on the disk.
    Synced(&'a File),
    /// The names in a folder are.
    SyncedFolder(&'a Path),
}

/// Who watches.
#[cfg(test)]
pub type Watcher = std::sync::Arc<dyn Fn(Event<'_>) + Send + Sync>;

/// The way to the files.
#[derive(Clone, Default)]
pub struct Disk {
    /// What is acknowledged outlives the machine's power.
    pub power: bool,
    #[cfg(test)]
    pub watcher: Option<Watcher>,
}

impl Disk {
    /// Makes a folder and those above it; those that are there are left alone.
    pub fn make_folder(&self, path: &Path) -> io::Result<()> {
        match fs::create_dir(path) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            Err(e) if e.kind() == ErrorKind::NotFound && path.parent().is_some() => {
                self.make_folder(path.parent().unwrap_or(path))?;
                self.make_folder(path)
            }
            Err(e) => Err(e),
            Ok(()) => {
                self.made(path);
                self.sync_names(path)
            }
        }
    }

    /// A file was made, and is empty.
    pub fn made(&self, path: &Path) {
        #[cfg(test)]
        if let Some(watcher) = &self.watcher {
            watcher(Event::Made(path));
        }
        let _ = path;
    }

    /// Makes the bytes of a file last, where that is promised.
    pub fn sync(&self, file: &File) -> io::Result<()> {
        if self.power { self.sync_now(file) } else { Ok(()) }
    }
    /// Makes the bytes of a file last.
    pub fn sync_now(&self, file: &File) -> io::Result<()> {
        file.sync_data()?;
        #[cfg(test)]
        if let Some(watcher) = &self.watcher {
            watcher(Event::Synced(file));
        }
        Ok(())
    }
    /// Makes the name of a file or folder last, and that it is gone, where that is promised.
    pub fn sync_names(&self, of: &Path) -> io::Result<()> {
        let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !self.power {
            return Ok(());
        }
        File::open(folder)?.sync_all()?;
        #[cfg(test)]
        if let Some(watcher) = &self.watcher {
            watcher(Event::SyncedFolder(folder));
        }
        Ok(())
    }

    /// Gives a file another name, in place of what had it.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)?;
        self.sync_names(to)
    }

    /// Writes a file so that it is there whole or not at all.
    pub fn write_whole(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let temporary = path.with_extension("writing");
        let mut file = File::create(&temporary)?;
        self.made(&temporary);
        io::Write::write_all(&mut file, bytes)?;
        self.sync(&file)?;
        self.rename(&temporary, path)
    }
}
