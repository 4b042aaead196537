//! Blobs: bodies, zips, logs. Written once, read often, never changed.
//!
//! A blob is *pending* from the moment it is finished until a transaction adopts it; a pending blob vanishes with the last
//! [`BlobRef`] to it, and at the next start. An adopted one has a row with its number of owners; when the last owner has dropped it
//! and no reader can know it, it is removed.

mod files;
mod gathered;
mod reader;
mod sink;

pub use gathered::Gathered;
pub use reader::BlobReader;

use super::{Durability, Held, Shared, StoreError, disk::Disk, engine::Engine};
use bytes::Bytes;
use files::Files;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
pub(super) use sink::Sink;
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use wire::Fault;

/// Up to this many bytes a blob of a durable store lives in its row: a file costs six times as much to make (docs/measurements.md, "Small
/// bodies"). A row of more would take a page of 32 KiB, and a start after a kill reads all pages.
pub(super) const INLINE_MAX_BYTES: usize = 16_000;
/// Up to this many bytes the blobs of a cloud without a data directory stay on the heap, unless it is told another number.
pub(super) const HEAP_MAX_BYTES: usize = 32 << 20;

/// Names a blob. Kept in values; the state owns the blob once a transaction has adopted it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlobRef {
    /// Unique in a cloud, never used again.
    pub id: u64,
    /// Length in bytes.
    pub len: u64,
    #[serde(skip)]
    pub(super) pending: Option<Arc<Pending>>,
}

impl PartialEq for BlobRef {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl Eq for BlobRef {}

/// Keeps a pending blob; without it, and without a transaction that adopted it, the blob goes.
pub(super) struct Pending {
    blobs: Arc<BlobStore>,
    id: u64,
}

impl Pending {
    pub fn is_of(&self, blobs: &Arc<BlobStore>) -> bool {
        Arc::ptr_eq(&self.blobs, blobs)
    }
}
impl Drop for Pending {
    fn drop(&mut self) {
        if self.blobs.held.lock().pending.remove(&self.id) {
            self.blobs.remove(self.id);
        }
    }
}
impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("pending")
    }
}

/// The blobs of a store.
#[derive(Clone)]
pub struct Blobs {
    pub(super) shared: Arc<Shared>,
}

impl Blobs {
    /// Begins a blob. Dropped before [`BlobWriter::finish`], it leaves nothing.
    pub async fn create(&self) -> Result<BlobWriter, Fault> {
        let blobs = self.shared.state().blobs.clone();
        let id = blobs.next.fetch_add(1, Ordering::Relaxed);
        Ok(BlobWriter { sink: Some(Sink::new(blobs, id)) })
    }
    /// A blob of bytes at hand.
    pub async fn put(&self, bytes: Bytes) -> Result<BlobRef, Fault> {
        let mut writer = self.create().await?;
        writer.write(bytes).await?;
        writer.finish().await
    }
    /// Opens a blob, pending or adopted. To be called inside `Store::read` when another writer may drop the blob: what a view knows
    /// stays as long as the view, what is open stays readable.
    pub fn open(&self, blob: &BlobRef) -> Result<BlobReader, Fault> {
        let state = self.shared.state();
        Ok(state.blobs.open(&*state.engine, blob.id)?)
    }
    /// Keeps blobs that are to be opened later. To be called inside the `Store::read` that knows them.
    pub fn hold<'b>(&self, blobs: impl IntoIterator<Item = &'b BlobRef>) -> Held {
        Held::new(self.shared.state(), blobs.into_iter().map(|blob| blob.id).collect())
    }
    /// The whole blob; for small ones.
    pub async fn read(&self, blob: &BlobRef) -> Result<Bytes, Fault> {
        match self.open(blob)? {
            BlobReader::Memory(bytes) => Ok(bytes),
            reader => {
                let len = blob.len as usize;
                let work = move || reader.read_at(0, len);
                tokio::task::spawn_blocking(work).await.map_err(|e| Fault::internal(format!("reading a blob: {e}")))?
            }
        }
    }
}

/// Takes a blob chunk by chunk.
pub struct BlobWriter {
    /// Away only while a blocking thread has it.
    sink: Option<Sink>,
}

impl BlobWriter {
    /// Appends a chunk. After an error the blob is lost.
    pub async fn write(&mut self, chunk: Bytes) -> Result<(), Fault> {
        self.write_all([chunk]).await
    }
    /// Appends chunks; where they are many at once the disk is gone to once. After an error the blob is lost.
    pub async fn write_all(&mut self, chunks: impl IntoIterator<Item = Bytes>) -> Result<(), Fault> {
        let sink = self.sink.as_mut().ok_or_else(lost)?;
        chunks.into_iter().for_each(|chunk| sink.push(chunk));
        if sink.is_full() {
            let mut sink = self.sink.take().ok_or_else(lost)?;
            let work = move || sink.flush().map(|()| sink);
            self.sink = Some(tokio::task::spawn_blocking(work).await.map_err(|_| lost())??);
        }
        Ok(())
    }
    /// How many bytes were written.
    pub fn len(&self) -> u64 {
        self.sink.as_ref().map_or(0, Sink::len)
    }
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Ends the blob, which now is pending.
    pub async fn finish(mut self) -> Result<BlobRef, Fault> {
        let sink = self.sink.take().ok_or_else(lost)?;
        if sink.in_memory() {
            return Ok(sink.finish()?);
        }
        Ok(tokio::task::spawn_blocking(move || sink.finish()).await.map_err(|_| lost())??)
    }
}

fn lost() -> Fault {
    Fault::internal("a blob was lost when writing it failed")
}

/// Where the bytes of a blob are, when they are not in a row or under their name in a folder.
#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    /// A file without a name, which goes with its last reader.
    Nameless(Arc<File>),
}

#[derive(Default)]
struct Contents {
    contents: HashMap<u64, Content>,
    pending: HashSet<u64>,
}

/// The blobs of one generation.
pub(super) struct BlobStore {
    run: AtomicU64,
    next: AtomicU64,
    held: Mutex<Contents>,
    /// Bytes of blobs on the heap: pending small ones, and where there is no folder all that fit.
    heap_bytes: AtomicUsize,
    /// What `heap_bytes` may come to where there is no folder.
    heap_max_bytes: usize,
    /// `None`: everything is held here.
    files: Option<Files>,
}

/// First byte of a blob's row: the blob is held or in a file; or its bytes follow. Then come the number of owners, and the bytes.
const ELSEWHERE: u8 = 0;
const INLINE: u8 = 1;

impl BlobStore {
    /// Everything in this process.
    pub fn heap(heap_max_bytes: usize) -> BlobStore {
        BlobStore {
            run: AtomicU64::new(0),
            next: AtomicU64::new(0),
            held: Mutex::default(),
            heap_bytes: AtomicUsize::new(0),
            heap_max_bytes,
            files: None,
        }
    }
    /// What the blobs of a store without a folder may take of the heap.
    pub fn heap_max_bytes(&self) -> usize {
        self.heap_max_bytes
    }
    /// Whether so many bytes more fit.
    fn fits_heap(&self, more: usize) -> bool {
        self.heap_bytes.load(Ordering::Relaxed) + more <= self.heap_max_bytes
    }
    /// Files in a folder.
    pub fn files(dir: PathBuf, durability: Durability, disk: Disk) -> Result<BlobStore, StoreError> {
        Ok(BlobStore { files: Some(Files::open(dir, durability == Durability::Power, disk)?), ..BlobStore::heap(0) })
    }

    /// Ids are `(run, n)`: a run is begun at each start and each replacement of the state, so that an id is never used twice.
    pub fn begin_run(&self, run: u64) {
        self.run.store(run, Ordering::Relaxed);
        self.next.store(run << 32, Ordering::Relaxed);
    }
    pub fn run(&self) -> u64 {
        self.run.load(Ordering::Relaxed)
    }

    /// What the row of every blob starts with.
    pub const ROWS: &[u8] = b"~blobs\0";

    pub fn row_key(id: u64) -> Vec<u8> {
        [Self::ROWS, &id.to_be_bytes()].concat()
    }
    /// The row with more or fewer owners; `None` when none is left.
    pub fn with_owners(row: &[u8], by: i32) -> Result<Option<Vec<u8>>, StoreError> {
        let (_, owners, _) = split(row)?;
        let owners = owners.saturating_add_signed(by);
        let mut row = row.to_vec();
        row[1..5].copy_from_slice(&owners.to_be_bytes());
        Ok((owners > 0).then_some(row))
    }
    /// The row that adopts a pending blob; `None` when there is no such blob.
    pub fn row_of_pending(&self, id: u64) -> Option<Vec<u8>> {
        let held = self.held.lock();
        if !held.pending.contains(&id) {
            return None;
        }
        Some(match held.contents.get(&id) {
            Some(Content::Bytes(bytes)) if self.files.is_some() => [&[INLINE, 0, 0, 0, 1], &bytes[..]].concat(),
            _ => vec![ELSEWHERE, 0, 0, 0, 1],
        })
    }
    /// Whether a row says that its blob is not in it.
    pub fn is_elsewhere(row: &[u8]) -> Result<bool, StoreError> {
        Ok(split(row)?.0 == ELSEWHERE)
    }

    /// The blob's row is applied.
    pub fn adopted(&self, id: u64) {
        let mut held = self.held.lock();
        held.pending.remove(&id);
        if self.files.is_some()
            && let Some(Content::Bytes(bytes)) = held.contents.remove(&id)
        {
            self.heap_bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
        }
    }
    /// Holds the bytes of rows that are about to go, for readers that know them.
    pub fn keep_inline(&self, rows: &HashMap<u64, Vec<u8>>) {
        for (id, row) in rows {
            if let Ok((INLINE, _, bytes)) = split(row) {
                self.heap_bytes.fetch_add(bytes.len(), Ordering::Relaxed);
                self.held.lock().contents.insert(*id, Content::Bytes(Bytes::copy_from_slice(bytes)));
            }
        }
    }
    /// The rows stay after all.
    pub fn forget_inline(&self, rows: &HashMap<u64, Vec<u8>>) {
        rows.iter().filter(|(_, row)| matches!(split(row), Ok((INLINE, _, _)))).for_each(|(id, _)| self.remove(*id));
    }
    /// Removes a blob's bytes, wherever they are.
    pub fn remove(&self, id: u64) {
        let content = self.held.lock().contents.remove(&id);
        match (content, &self.files) {
            (Some(Content::Bytes(bytes)), _) => drop(self.heap_bytes.fetch_sub(bytes.len(), Ordering::Relaxed)),
            (Some(Content::Nameless(_)), _) | (None, None) => {}
            (None, Some(files)) => files.remove(id),
        }
    }

    pub fn open(&self, engine: &dyn Engine, id: u64) -> Result<BlobReader, StoreError> {
        if let Some(reader) = self.open_held(id)? {
            return Ok(reader);
        }
        if let Some(row) = engine.snapshot().get(&Self::row_key(id))?
            && let (INLINE, _, bytes) = split(&row)?
        {
            return Ok(BlobReader::Memory(Bytes::copy_from_slice(bytes)));
        }
        if let Some(files) = &self.files
            && let Some(file) = files.open_blob(id)?
        {
            return Ok(BlobReader::File(file));
        }
        // The row may have gone between the two looks, and is held since.
        self.open_held(id)?.ok_or_else(|| StoreError::Corrupt(format!("blob {id} is not in the store")))
    }
    fn open_held(&self, id: u64) -> Result<Option<BlobReader>, StoreError> {
        let content = self.held.lock().contents.get(&id).cloned();
        Ok(match content {
            Some(Content::Bytes(bytes)) => Some(BlobReader::Memory(bytes)),
            Some(Content::Nameless(file)) => Some(BlobReader::File(files::reopen(&file)?)),
            None => None,
        })
    }

    /// Takes in a blob of a snapshot under the id it had; it counts as adopted.
    pub fn import(self: &Arc<Self>, id: u64) -> Sink {
        Sink::import(self.clone(), id)
    }

    /// Removes files that no row knows: blobs that were pending when the process died.
    pub fn collect(&self, engine: &dyn Engine) -> Result<(), StoreError> {
        let Some(files) = &self.files else { return Ok(()) };
        let known = elsewhere(engine)?;
        files.retain(&known.into_iter().collect())
    }
}

/// The ids of the blobs whose bytes are not in their row, in order.
pub(super) fn elsewhere(engine: &dyn Engine) -> Result<Vec<u64>, StoreError> {
    let view = engine.snapshot();
    let mut ids = Vec::new();
    for pair in view.range(&super::engine::KeyRange::prefix(BlobStore::ROWS.to_vec()), false) {
        let (key, row) = pair?;
        if BlobStore::is_elsewhere(&row)? {
            let id = key[BlobStore::ROWS.len()..].try_into().map_err(|_| StoreError::Corrupt("a blob's row has no id".into()))?;
            ids.push(u64::from_be_bytes(id));
        }
    }
    Ok(ids)
}

fn split(row: &[u8]) -> Result<(u8, u32, &[u8]), StoreError> {
    match row {
        [kind @ (ELSEWHERE | INLINE), a, b, c, d, bytes @ ..] => Ok((*kind, u32::from_be_bytes([*a, *b, *c, *d]), bytes)),
        _ => Err(StoreError::Corrupt("a blob's row".into())),
    }
}
