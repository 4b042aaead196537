//! Writing one blob: on the heap as long as it may stay there, in a file from then on. Writing to files blocks; who may not block
//! moves the sink to a thread that may.

use super::{BlobRef, BlobStore, Content, Gathered, INLINE_MAX_BYTES, Pending, StoreError, files};
use crate::store::disk::DiskFile;
use bytes::Bytes;
use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

/// What is written at a time.
pub(super) const FLUSH_BYTES: usize = 256 << 10;

/// A blob being written.
pub(in crate::store) struct Sink {
    blobs: Arc<BlobStore>,
    id: u64,
    len: u64,
    held: Gathered,
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
    fn append(&mut self, chunks: &[Bytes]) -> Result<(), StoreError> {
        match self {
            Target::Nameless(file) => chunks
                .iter()
                .try_for_each(|chunk| file.write_all(chunk))
                .map_err(|e| StoreError::io("writing", Path::new("a temporary file"), e)),
            Target::Named(file) => file.append(chunks),
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
        Sink { blobs, id, len: 0, held: Gathered::default(), reserved: 0, file: None, imported }
    }
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether what was written so far may stay on the heap.
    fn stays_in_memory(&self) -> bool {
        match &self.blobs.files {
            Some(_) => !self.imported && self.len <= INLINE_MAX_BYTES as u64,
            None => self.file.is_none() && self.blobs.fits_heap(self.held.len() - self.reserved),
        }
    }
    /// Whether [`Sink::flush`] has to be called before more is written.
    pub fn is_full(&self) -> bool {
        self.held.len() >= FLUSH_BYTES && !self.stays_in_memory()
    }
    /// Whether [`Sink::finish`] will write to no file.
    pub fn in_memory(&self) -> bool {
        self.file.is_none() && self.stays_in_memory()
    }

    /// Takes a chunk in; never blocks.
    pub fn push(&mut self, chunk: Bytes) {
        self.len += chunk.len() as u64;
        self.held.push(chunk);
        if self.file.is_none() && self.stays_in_memory() {
            self.reserve();
        }
    }

    /// Takes bytes in, and writes where there are many.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.push(Bytes::copy_from_slice(bytes));
        if self.is_full() { self.flush() } else { Ok(()) }
    }

    /// Writes what is held to the file.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if self.file.is_none() {
            self.file = Some(match &self.blobs.files {
                Some(files) => Target::Named(files.create(self.id)?),
                None => Target::Nameless(files::nameless()?),
            });
            self.blobs.heap_bytes.fetch_sub(std::mem::take(&mut self.reserved), Ordering::Relaxed);
        }
        if let Some(files) = &self.blobs.files {
            files.check_room()?;
        }
        let chunks = self.held.take();
        self.file.as_mut().map_or(Ok(()), |file| file.append(&chunks))
    }

    pub fn finish(mut self) -> Result<BlobRef, StoreError> {
        if !self.in_memory() {
            self.flush()?;
        }
        if let (Some(Target::Named(file)), Some(files)) = (&self.file, &self.blobs.files) {
            files.finish(file)?;
        }
        let content = match self.file.take() {
            None => {
                self.reserve();
                Some(Content::Bytes(self.held.join()))
            }
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

    /// Counts what is held against the heap's budget.
    fn reserve(&mut self) {
        let more = self.held.len() - self.reserved;
        self.blobs.heap_bytes.fetch_add(more, Ordering::Relaxed);
        self.reserved += more;
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
