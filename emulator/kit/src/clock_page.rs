//! A small file that child processes map into memory to see the virtual clock: the shim that is preloaded into functions reads it.
//!
//! Layout, native byte order: u64 sequence (odd while being written), i64 held flag, i64 held virtual ns, i64 offset ns.

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, AtomicU64, Ordering, fence},
};
use wire::Timestamp;

const BYTES: usize = 4096;

/// The mapped page; its file is removed when the clock goes.
pub(crate) struct Page {
    path: PathBuf,
    at: *mut u8,
}

// The pointer is to memory that lives as long as the page and is only written through atomics.
unsafe impl Send for Page {}

impl Page {
    pub(crate) fn new() -> io::Result<Page> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("windtunnel-clock-{}-{n}", std::process::id()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        file.set_len(BYTES as u64)?;
        // SAFETY: a fresh shared mapping of a file we just made, of its whole length.
        let at =
            unsafe { libc::mmap(std::ptr::null_mut(), BYTES, libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED, file.as_raw_fd(), 0) };
        match at == libc::MAP_FAILED {
            true => Err(io::Error::last_os_error()),
            false => Ok(Page { path, at: at.cast() }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn write(&self, held: Option<Timestamp>, offset_ns: i128) {
        // SAFETY: the page is mapped, aligned and at least 32 bytes; all access is atomic.
        let (sequence, flag, at, offset) = unsafe {
            let words = self.at.cast::<AtomicI64>();
            (&*self.at.cast::<AtomicU64>(), &*words.add(1), &*words.add(2), &*words.add(3))
        };
        sequence.fetch_add(1, Ordering::AcqRel);
        fence(Ordering::Release);
        flag.store(held.is_some() as i64, Ordering::Relaxed);
        at.store(held.map_or(0, |t| t.unix_ns as i64), Ordering::Relaxed);
        offset.store(offset_ns as i64, Ordering::Relaxed);
        sequence.fetch_add(1, Ordering::Release);
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, unmapped once.
        unsafe { libc::munmap(self.at.cast(), BYTES) };
        let _ = std::fs::remove_file(&self.path);
    }
}
