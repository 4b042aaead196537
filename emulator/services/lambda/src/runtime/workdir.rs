//! The process's own folder for code, private /tmp folders, the clock shim and runtime clients. Folders of emulators that are dead are
//! swept when a new one starts.

use super::sandbox::Namespace;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Once, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
};

const PREFIX: &str = "windtunnel-lambda-";

/// The process's folder.
pub(crate) fn root() -> io::Result<&'static Path> {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(root) = ROOT.get() {
        return Ok(root);
    }
    let base = std::env::temp_dir();
    sweep(&base);
    let root = base.join(format!("{PREFIX}{}", std::process::id()));
    fs::create_dir_all(&root)?;
    fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let root = ROOT.get_or_init(|| root);
    static AT_EXIT: Once = Once::new();
    // SAFETY: registers a function without arguments; it removes files and knows no state but the path.
    AT_EXIT.call_once(|| {
        let _ = unsafe { libc::atexit(leave) };
    });
    Ok(root)
}

/// An emulator that ends in peace leaves nothing behind.
extern "C" fn leave() {
    if let Ok(root) = root() {
        let _ = fs::remove_dir_all(root);
    }
}

/// A new folder in it.
pub(crate) fn fresh(kind: &str) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let path = root()?.join(format!("{kind}-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir(&path)?;
    Ok(path)
}

/// A private /tmp; removed with its owner.
#[derive(Debug)]
pub(crate) struct TmpDir {
    path: PathBuf,
    /// The namespace in which it is mounted, once a process made it.
    pub namespace: Option<Namespace>,
}

impl TmpDir {
    /// An empty one.
    pub fn new() -> io::Result<TmpDir> {
        fresh("tmp").map(|path| TmpDir { path, namespace: None })
    }
    /// Where it lies on the host.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TmpDir {
    fn drop(&mut self) {
        remove(std::mem::take(&mut self.path));
    }
}

/// Removes a folder behind the caller's back: it may be large.
pub(crate) fn remove(path: PathBuf) {
    static JANITOR: OnceLock<Sender<PathBuf>> = OnceLock::new();
    let janitor = JANITOR.get_or_init(|| {
        let (sender, receiver) = channel::<PathBuf>();
        let work = move || receiver.into_iter().for_each(|path| remove_now(&path));
        // Without the thread folders stay until the next emulator sweeps them.
        let _ = std::thread::Builder::new().name("lambda-janitor".into()).spawn(work);
        sender
    });
    let _ = janitor.send(path);
}

/// Removes a cgroup's folder behind the caller's back: its processes may take a moment to go.
pub(crate) fn remove_group(path: PathBuf) {
    remove(path);
}

fn remove_now(path: &Path) {
    // The files of a cgroup can't be removed, only its folder.
    if path.starts_with("/sys/fs/cgroup") {
        let _ = fs::remove_dir(path);
        return;
    }
    let _ = fs::remove_dir_all(path);
}

/// Folders of processes that are no more.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(PREFIX)).and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
