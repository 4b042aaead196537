//! All state of a cloud: typed tables over a byte-level engine, blobs beside them, outbox rows among them.
//!
//! `read` and `write` take synchronous closures across tables; the only await is the commit ticket. Knows no service: what a row
//! means is its owner's business. Nothing here asks a clock.
//!
//! ```
//! # use kit::store::*;
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! const COLOURS: Table<String, u32> = Table::new("paint.colours", TableScope::Account);
//! let (store, scope) = (Store::memory(), Scope::new("000000000000", "eu-central-1"));
//! store.write(|tx| tx.put(&COLOURS, &scope, &"red".to_string(), &0xFF0000)).await?;
//! assert_eq!(store.read(|snapshot| snapshot.get(&COLOURS, &scope, &"red".to_string()))?, Some(0xFF0000));
//! # Ok::<(), wire::Fault>(()) }).unwrap();
//! ```

mod blobs;
mod decoded;
pub mod disk;
mod durable;
mod engine;
mod error;
mod held;
mod home;
mod key;
mod memory;
mod overlay;
mod read;
mod rows_file;
mod scan;
mod snapshot_file;
mod state;
mod table;
mod tasks;
mod tx;

pub use blobs::{BlobReader, BlobRef, BlobWriter, Blobs, Gathered};
pub use decoded::Decoded;
pub use error::StoreError;
pub use held::Held;
pub use key::{Desc, Key, key_bytes};
pub use read::{Read, Snapshot};
pub use scan::Scan;
pub use table::{Index, Row, Scope, Table, TableScope, raw_bytes};
pub use tasks::{NewTask, TaskId, TaskRow};
pub use tx::Tx;

use blobs::BlobStore;
use disk::Disk;
use home::Folder;
use memory::Memory;
use parking_lot::{Mutex, RwLock};
use state::State;
use std::{path::Path, sync::Arc};
use wire::Fault;

/// What a successful write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process: written before the answer, in one commit for those who write at the same time.
    Process,
    /// The death of the machine: fsync of file and folder before the answer, shared by those who write at the same time.
    Power,
}

/// What watchers are told after a commit that touched outbox rows, and after the whole state was replaced.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// New tasks.
    pub tasks: Vec<TaskId>,
    /// Tasks that are gone: done, cancelled or put off.
    pub cancelled: Vec<TaskId>,
    /// The whole state is another one (`load`, `reset`): whatever was remembered of it is void.
    pub replaced: bool,
}

type Watcher = Box<dyn Fn(&Committed) + Send + Sync>;

/// The state of one cloud. Clones are handles to the same state.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    blobs: Blobs,
}

struct Shared {
    state: RwLock<Arc<State>>,
    /// Held by the one who writes.
    writer: Mutex<()>,
    watchers: RwLock<Vec<Watcher>>,
    /// The data directory, if there is one.
    folder: Option<Folder>,
}

impl Shared {
    fn state(&self) -> Arc<State> {
        self.state.read().clone()
    }
    fn tell(&self, committed: &Committed) {
        self.watchers.read().iter().for_each(|watcher| watcher(committed));
    }
}

impl Store {
    /// State on the heap, gone when the last handle is. Blobs that don't fit under a cap go to temporary files.
    pub fn memory() -> Store {
        Store::memory_capped(blobs::HEAP_MAX_BYTES)
    }

    /// As [`Store::memory`], with another cap on what blobs take of the heap, in bytes.
    pub fn memory_capped(blob_bytes: usize) -> Store {
        let state = State::new(Arc::new(Memory::default()), BlobStore::heap(blob_bytes), None, None);
        state.begin_run(0).expect("a map on the heap takes its first row");
        Store::over(state, None)
    }

    /// State in a folder, which is made if need be. One process at a time: another one gets [`StoreError::Locked`].
    pub fn durable(dir: &Path, durability: Durability) -> Result<Store, StoreError> {
        Store::durable_on(dir, durability, Disk::default())
    }

    /// As [`Store::durable`], over a disk that is watched.
    pub fn durable_on(dir: &Path, durability: Durability, disk: Disk) -> Result<Store, StoreError> {
        let folder = Folder::open(dir, durability, disk)?;
        let state = folder.current()?;
        Ok(Store::over(state, Some(folder)))
    }

    fn over(state: State, folder: Option<Folder>) -> Store {
        let shared = Arc::new(Shared { state: RwLock::new(Arc::new(state)), writer: Mutex::new(()), watchers: RwLock::default(), folder });
        Store { blobs: Blobs { shared: shared.clone() }, shared }
    }

    /// Reads a consistent view. Readers don't wait for one another; on the heap a writer waits for them, so a closure must not wait
    /// for a write. What `blobs().open` finds for a blob of the view stays readable.
    pub fn read<R>(&self, f: impl FnOnce(&Snapshot<'_>) -> R) -> R {
        let reading = self.shared.state().enter();
        f(&Snapshot { view: reading.state().engine.snapshot() })
    }

    /// Writes: one closure at a time, all of it or, on `Err` or panic, nothing. When it answers, the changes survive what the
    /// [`Durability`] promises; readers may see them a moment earlier. A write whose future is dropped has happened or not, never half.
    pub async fn write<R>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        let (result, commit) = self.apply(f)?;
        if let Some(commit) = commit {
            commit.state.settle(commit.ticket).await?;
        }
        Ok(result)
    }

    fn apply<R>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<(R, Option<Commit>), Fault> {
        let _turn = self.shared.writer.lock();
        let state = self.shared.state();
        let mut tx = Tx::new(state.engine.snapshot(), &state.blobs);
        let result = f(&mut tx)?;
        let (batch, mut changes) = tx.finish()?;
        if batch.is_empty() {
            return Ok((result, None));
        }
        let ticket = state.apply(batch, &changes)?;
        let (tasks, cancelled) = (std::mem::take(&mut changes.tasks), std::mem::take(&mut changes.cancelled));
        let news = Committed { tasks, cancelled, replaced: false };
        Ok((result, Some(Commit { state, ticket, shared: self.shared.clone(), news })))
    }

    /// Bodies, zips and logs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Calls `watcher` after each commit that wrote or removed outbox rows, on the task that wrote; it must return at once and not write.
    pub fn on_commit(&self, watcher: impl Fn(&Committed) + Send + Sync + 'static) {
        self.shared.watchers.write().push(Box::new(watcher));
    }

    /// Writes the whole state with its blobs into one file, which appears when it is complete. Writers go on meanwhile.
    pub async fn save(&self, to: &Path) -> Result<(), StoreError> {
        let (reading, to) = (self.shared.state().enter(), to.to_owned());
        blocking(move || snapshot_file::save(&reading, &to)).await
    }

    /// Replaces the whole state by that of a file. The file is read and checked to its end first; an error leaves the state as it was.
    pub async fn load(&self, from: &Path) -> Result<(), StoreError> {
        let (shared, from) = (self.shared.clone(), from.to_owned());
        blocking(move || shared.replace(|state| snapshot_file::load(&from, state))).await
    }

    /// Replaces the whole state by an empty one.
    pub async fn reset(&self) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        blocking(move || shared.replace(|_| Ok(()))).await
    }
}

impl Shared {
    /// Builds a generation, fills it and puts it in the place of the current one.
    fn replace(&self, fill: impl FnOnce(&State) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let next = match &self.folder {
            Some(folder) => folder.next()?,
            None => State::new(Arc::new(Memory::default()), BlobStore::heap(self.state().blobs.heap_max_bytes()), None, None),
        };
        let next = Arc::new(next);
        if let Err(error) = fill(&next).and_then(|()| self.put_in_place(&next)) {
            next.supersede();
            return Err(error);
        }
        self.tell(&Committed { replaced: true, ..Committed::default() });
        Ok(())
    }

    fn put_in_place(&self, next: &Arc<State>) -> Result<(), StoreError> {
        let _turn = self.writer.lock();
        let old = self.state();
        next.begin_run(old.blobs.run())?;
        if let Some(folder) = &self.folder {
            folder.make_current(next)?;
        }
        *self.state.write() = next.clone();
        old.supersede();
        Ok(())
    }
}

async fn blocking(work: impl FnOnce() -> Result<(), StoreError> + Send + 'static) -> Result<(), StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| StoreError::Engine(format!("the work did not come back: {e}")))?
}

/// A batch that is applied. Watchers hear of it when it is durable, or when the one who waited for that has gone away.
struct Commit {
    state: Arc<State>,
    ticket: u64,
    shared: Arc<Shared>,
    news: Committed,
}

impl Drop for Commit {
    fn drop(&mut self) {
        if !self.news.tasks.is_empty() || !self.news.cancelled.is_empty() {
            self.shared.tell(&self.news);
        }
    }
}
