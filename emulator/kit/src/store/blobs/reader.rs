//! Reading a blob: a range as bytes, as an answer's body, or as a stream.

use bytes::Bytes;
use std::{fs::File, future::Future, io, os::unix::fs::FileExt, pin::Pin, sync::Arc};
use wire::{
    Body, Fault, ReplyBody,
    body::{Check, Chunks},
};

/// What a stream gives at a time.
const CHUNK_BYTES: u64 = 256 << 10;

/// An open blob; it stays readable when the blob is dropped.
pub enum BlobReader {
    /// Small, or on the heap.
    Memory(Bytes),
    /// A file of its own.
    File(File),
}

impl BlobReader {
    /// Up to `len` bytes from `offset`; fewer at the end. Blocks on the disk for files.
    pub fn read_at(&self, offset: u64, len: usize) -> Result<Bytes, Fault> {
        match self {
            BlobReader::Memory(bytes) => Ok(part(bytes, offset, len as u64)),
            BlobReader::File(file) => read_file(file, offset, len).map_err(|e| Fault::internal(format!("reading a blob: {e}"))),
        }
    }
    /// The body of an answer: `len` bytes from `offset`, which the caller knows to be there.
    pub fn into_reply(self, offset: u64, len: u64) -> ReplyBody {
        match self {
            BlobReader::Memory(bytes) => ReplyBody::Bytes(part(&bytes, offset, len)),
            BlobReader::File(file) => ReplyBody::File { file, offset, length: len, check: None },
        }
    }
    /// As [`BlobReader::into_reply`], with a check of the bytes: made at once where they are at hand, else as they leave.
    pub fn into_checked_reply(self, offset: u64, len: u64, mut check: Box<dyn Check>) -> io::Result<ReplyBody> {
        match self {
            BlobReader::Memory(bytes) => {
                let bytes = part(&bytes, offset, len);
                check.update(&bytes);
                check.verdict().map(|()| ReplyBody::Bytes(bytes))
            }
            BlobReader::File(file) => Ok(ReplyBody::File { file, offset, length: len, check: Some(check) }),
        }
    }
    /// A stream of `len` bytes from `offset`, for those who read on (a copy, an unpacking).
    pub fn into_body(self, offset: u64, len: u64) -> Body {
        match self {
            BlobReader::Memory(bytes) => Body::from_bytes(part(&bytes, offset, len)),
            BlobReader::File(file) => Body::new(FileChunks { file: Arc::new(file), offset, left: len }, Some(len)),
        }
    }
}

fn part(bytes: &Bytes, offset: u64, len: u64) -> Bytes {
    let start = offset.min(bytes.len() as u64) as usize;
    let end = offset.saturating_add(len).min(bytes.len() as u64) as usize;
    bytes.slice(start..end)
}

fn read_file(file: &File, offset: u64, len: usize) -> io::Result<Bytes> {
    let mut bytes = vec![0; len];
    let mut read = 0;
    while read < len {
        match file.read_at(&mut bytes[read..], offset + read as u64) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(read);
    Ok(bytes.into())
}

struct FileChunks {
    file: Arc<File>,
    offset: u64,
    left: u64,
}

impl Chunks for FileChunks {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(async move {
            if self.left == 0 {
                return None;
            }
            let (file, offset, len) = (self.file.clone(), self.offset, self.left.min(CHUNK_BYTES) as usize);
            let read = tokio::task::spawn_blocking(move || read_file(&file, offset, len)).await;
            let read = read.map_err(io::Error::other).and_then(|read| read);
            match &read {
                Ok(bytes) if bytes.is_empty() => {
                    self.left = 0;
                    return Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a blob is shorter than its length")));
                }
                Ok(bytes) => {
                    self.offset += bytes.len() as u64;
                    self.left -= bytes.len() as u64;
                }
                Err(_) => self.left = 0,
            }
            Some(read)
        })
    }
}
