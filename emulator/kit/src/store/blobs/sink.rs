//! Writing one blob: on the heap as long as it may stay there, in a file from then on. Blocking; who may not block moves it to a
//! thread that may.

use super::{BlobRef, BlobStore, Content, HEAP_MAX_BYTES, INLINE_MAX_BYTES, Pending, StoreError, files};
use crate::store::disk::DiskFile;
use bytes::Bytes;
use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

/// What is written at a time.
const FLUSH_BYTES: usize = 256 << 10;

/// A blob being written.
pub(in crate::store) struct Sink {
    blobs: Arc<BlobStore>,
    id: u64,
    len: u64,
    buffer: Vec<u8>,
    /// Bytes of the heap's budget that this blob holds; given back unless it is finished there.
    reserved: usize,
    file: Option<Target>,
    imported: bool,
}

/// The file that a blob is written to.
enum Target {
    Nameless(File),
    Named(DiskFile),
}

impl Target {
    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Target::Nameless(file) => file.write_all(bytes).map_err(|e| StoreError::io("writing", Path::new("a temporary file"), e)),
            Target::Named(file) => file.write_all(bytes).map_err(|e| StoreError::io("writing", file.path(), e)),
        }
    }
}

impl Sink {
    pub fn new(blobs: Arc<BlobStore>, id: u64) -> Sink {
        Self::begin(blobs, id, false)
    }
    pub fn import(blobs: Arc<BlobStore>, id: u64) -> Sink {
        Self::begin(blobs, id, true)
    }
    fn begin(blobs: Arc<BlobStore>, id: u64, imported: bool) -> Sink {
        Sink { blobs, id, len: 0, buffer: Vec::new(), reserved: 0, file: None, imported }
    }
    pub fn len(&self) -> u64 {
        self.len
    }
    /// Whether nothing went to a file so far.
    pub fn in_memory(&self) -> bool {
        self.file.is_none() && !(self.imported && self.blobs.files.is_some())
    }
    /// Whether so many bytes more would only be copied.
    pub fn stays_in_memory(&self, more: usize) -> bool {
        match (&self.file, &self.blobs.files) {
            (Some(_), _) => self.buffer.len() + more < FLUSH_BYTES,
            (None, Some(_)) => !self.imported && self.buffer.len() + more <= INLINE_MAX_BYTES,
            (None, None) => self.blobs.heap_bytes.load(Ordering::Relaxed) + more <= HEAP_MAX_BYTES,
        }
    }

    pub fn write(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        self.len += chunk.len() as u64;
        if self.stays_in_memory(chunk.len()) {
            if self.file.is_none() {
                self.blobs.heap_bytes.fetch_add(chunk.len(), Ordering::Relaxed);
                self.reserved += chunk.len();
            }
            self.buffer.extend_from_slice(chunk);
            return Ok(());
        }
        self.to_file()?;
        if self.buffer.len() + chunk.len() < FLUSH_BYTES {
            self.buffer.extend_from_slice(chunk);
            return Ok(());
        }
        self.flush()?;
        self.append(chunk)
    }

    pub fn finish(mut self) -> Result<BlobRef, StoreError> {
        if !self.in_memory() {
            self.to_file()?;
        }
        self.flush_file()?;
        if let (Some(Target::Named(file)), Some(files)) = (&self.file, &self.blobs.files) {
            files.finish(self.id, file)?;
        }
        let content = match self.file.take() {
            None => Some(Content::Bytes(Bytes::from(std::mem::take(&mut self.buffer).into_boxed_slice()))),
            Some(Target::Nameless(file)) => Some(Content::Nameless(Arc::new(file))),
            Some(Target::Named(_)) => None,
        };
        self.reserved = 0;
        let mut held = self.blobs.held.lock();
        if let Some(content) = content {
            held.contents.insert(self.id, content);
        }
        let pending = (!self.imported).then(|| {
            held.pending.insert(self.id);
            Arc::new(Pending { blobs: self.blobs.clone(), id: self.id })
        });
        Ok(BlobRef { id: self.id, len: self.len, pending })
    }

    fn to_file(&mut self) -> Result<(), StoreError> {
        if self.file.is_none() {
            self.file = Some(match &self.blobs.files {
                Some(files) => Target::Named(files.create(self.id)?),
                None => Target::Nameless(files::nameless()?),
            });
            self.blobs.heap_bytes.fetch_sub(std::mem::take(&mut self.reserved), Ordering::Relaxed);
        }
        Ok(())
    }
    fn flush_file(&mut self) -> Result<(), StoreError> {
        if self.file.is_some() { self.flush() } else { Ok(()) }
    }
    fn flush(&mut self) -> Result<(), StoreError> {
        let buffer = std::mem::take(&mut self.buffer);
        self.append(&buffer)?;
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }
    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.as_mut().map_or(Ok(()), |file| file.append(bytes))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.blobs.heap_bytes.fetch_sub(self.reserved, Ordering::Relaxed);
        if let (Some(Target::Named(file)), Some(files)) = (&self.file, &self.blobs.files) {
            files.abandon(file);
        }
    }
}
