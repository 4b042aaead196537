//! A range of a file in blocks. What the page cache has is read where the answer is sent; only what has to come from the disk goes to a
//! thread that may wait.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};
use tokio::task::JoinHandle;
use wire::{Bytes, body::Check};

/// How much is read at once: stays in a core's own cache between the reading and the sending.
const BLOCK: usize = 256 * 1024;
/// Blocks that wait for their next use. A fresh one costs as much as reading it: the system gives its pages one by one, as zeros.
const SPARE_BLOCKS: usize = 32;

/// What is left of a range of a file.
pub(super) struct FileBlocks {
    file: Arc<File>,
    offset: u64,
    left: u64,
    check: Option<Box<dyn Check>>,
    reading: Option<JoinHandle<io::Result<Block>>>,
}

impl FileBlocks {
    pub fn new(file: File, offset: u64, length: u64, check: Option<Box<dyn Check>>) -> FileBlocks {
        FileBlocks { file: Arc::new(file), offset, left: length, check, reading: None }
    }

    /// Bytes that were not given yet.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// All that is left, read here; for small ranges.
    pub fn whole(&mut self) -> io::Result<Bytes> {
        let mut bytes = vec![0; self.left as usize];
        self.file.read_exact_at(&mut bytes, self.offset)?;
        self.judged(bytes.into())
    }

    /// The next block; not to be called when nothing is left.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let len = self.left.min(BLOCK as u64) as usize;
        let block = match &mut self.reading {
            None => match Block::cached(&self.file, self.offset, len) {
                Some(block) => Ok(block),
                None => {
                    let (file, offset) = (self.file.clone(), self.offset);
                    self.reading = Some(tokio::task::spawn_blocking(move || Block::read(&file, offset, len)));
                    return self.poll_next(cx);
                }
            },
            Some(job) => {
                let block = ready!(Pin::new(job).poll(cx)).map_err(io::Error::other).and_then(|block| block);
                self.reading = None;
                block
            }
        };
        Poll::Ready(block.and_then(|block| self.judged(Bytes::from_owner(block))))
    }

    /// Counts bytes as given; the last ones only if the check is content with all.
    fn judged(&mut self, bytes: Bytes) -> io::Result<Bytes> {
        self.offset += bytes.len() as u64;
        self.left -= bytes.len() as u64;
        if let Some(check) = &mut self.check {
            check.update(&bytes);
            if self.left == 0 {
                check.verdict()?;
            }
        }
        Ok(bytes)
    }
}

/// A block of a file in memory that is used again.
struct Block {
    bytes: Box<[u8]>,
    len: usize,
}

static SPARE: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

impl Block {
    fn empty() -> Block {
        let spare = SPARE.lock().expect("no panics while holding it").pop();
        Block { bytes: spare.unwrap_or_else(|| vec![0; BLOCK].into()), len: 0 }
    }

    /// Reads `len` bytes, waiting for the disk where need be.
    fn read(file: &File, offset: u64, len: usize) -> io::Result<Block> {
        let mut block = Block::empty();
        file.read_exact_at(&mut block.bytes[..len], offset)?;
        block.len = len;
        Ok(block)
    }

    /// Reads what can be had without waiting, at most `len` bytes; `None` where that is nothing.
    #[cfg(target_os = "linux")]
    fn cached(file: &File, offset: u64, len: usize) -> Option<Block> {
        use std::os::fd::AsRawFd;
        let mut block = Block::empty();
        let room = libc::iovec { iov_base: block.bytes.as_mut_ptr().cast(), iov_len: len.min(BLOCK) };
        // SAFETY: the descriptor is open as long as `file`, and the block has room for what is asked.
        let read = unsafe { libc::preadv2(file.as_raw_fd(), &room, 1, offset as libc::off_t, libc::RWF_NOWAIT) };
        block.len = usize::try_from(read).ok().filter(|read| *read > 0)?;
        Some(block)
    }
    #[cfg(not(target_os = "linux"))]
    fn cached(_: &File, _: u64, _: usize) -> Option<Block> {
        None
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut spare = SPARE.lock().expect("no panics while holding it");
        if spare.len() < SPARE_BLOCKS {
            spare.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    struct Sum(u64, u64);
    impl Check for Sum {
        fn update(&mut self, bytes: &[u8]) {
            self.0 += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }
        fn verdict(&mut self) -> io::Result<()> {
            if self.0 == self.1 { Ok(()) } else { Err(io::Error::other("damaged")) }
        }
    }

    fn file(bytes: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!("windtunnel-blocks-{}-{}", std::process::id(), bytes.len()));
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        file.write_all(bytes).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    async fn read(mut blocks: FileBlocks) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        while blocks.left() > 0 {
            out.extend_from_slice(&std::future::poll_fn(|cx| blocks.poll_next(cx)).await?);
        }
        Ok(out)
    }

    #[tokio::test]
    async fn blocks_are_the_range_and_are_judged_as_a_whole() {
        let bytes: Vec<u8> = (0..700_001u32).map(|n| (n / 3) as u8).collect();
        assert_eq!(read(FileBlocks::new(file(&bytes), 5, 600_000, None)).await.unwrap(), bytes[5..600_005]);
        let sum = bytes.iter().map(|byte| u64::from(*byte)).sum();
        let whole = FileBlocks::new(file(&bytes), 0, bytes.len() as u64, Some(Box::new(Sum(0, sum))));
        assert_eq!(read(whole).await.unwrap(), bytes);
        let wrong = FileBlocks::new(file(&bytes), 0, bytes.len() as u64, Some(Box::new(Sum(0, sum + 1))));
        assert_eq!(read(wrong).await.unwrap_err().to_string(), "damaged");
    }

    #[tokio::test]
    async fn a_file_that_is_too_short_is_an_error() {
        assert!(read(FileBlocks::new(file(&[1; 300_000]), 0, 400_000, None)).await.is_err());
        assert!(FileBlocks::new(file(&[1; 30]), 0, 40, None).whole().is_err());
    }
}
