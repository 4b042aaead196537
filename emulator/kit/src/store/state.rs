//! One generation of a cloud's state: an engine and its blobs. `load` and `reset` build a new generation beside the old one and
//! put it in its place in one step; readers of the old one finish undisturbed.

use super::{
    Durability, StoreError,
    blobs::BlobStore,
    engine::{Batch, Engine},
    tx::{Changes, meta_key},
};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// An engine, its blobs, and who is reading or waiting.
pub(super) struct State {
    pub engine: Arc<dyn Engine>,
    pub blobs: Arc<BlobStore>,
    durability: Option<Durability>,
    readers: Mutex<Readers>,
    /// Batches applied and batches that a sync of the engine covers.
    applied: AtomicU64,
    synced: AtomicU64,
    syncing: tokio::sync::Mutex<()>,
    failed: Mutex<Option<String>>,
    /// Last, so that the engine has let go of its files before they are removed.
    home: Option<Home>,
}

/// The folder of a generation.
pub(super) struct Home {
    pub path: PathBuf,
    /// Set when another generation has taken its place.
    pub superseded: AtomicBool,
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.superseded.load(Ordering::Acquire) {
            // What is left over goes at the next start.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[derive(Default)]
struct Readers {
    /// How many readers began when so many batches had been applied.
    active: BTreeMap<u64, usize>,
    /// Blobs that a batch dropped: batch and id. They go when no reader can know them and the batch is as durable as promised.
    graves: Vec<(u64, u64)>,
    /// Blobs that somebody keeps for later, and how many do.
    held: HashMap<u64, usize>,
}

impl State {
    pub fn new(engine: Arc<dyn Engine>, blobs: BlobStore, durability: Option<Durability>, home: Option<PathBuf>) -> State {
        State {
            engine,
            blobs: Arc::new(blobs),
            durability,
            readers: Mutex::default(),
            applied: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            syncing: tokio::sync::Mutex::new(()),
            failed: Mutex::new(None),
            home: home.map(|path| Home { path, superseded: AtomicBool::new(false) }),
        }
    }

    /// Begins a new run of blob ids, above those of every earlier run and above `floor`; answers which.
    pub fn begin_run(&self, floor: u64) -> Result<u64, StoreError> {
        let key = meta_key("run");
        let last = self.engine.snapshot().get(&key)?.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
        let run = last.max(floor) + 1;
        self.engine.apply(vec![(key, Some(run.to_be_bytes().to_vec()))])?;
        self.engine.sync()?;
        self.blobs.begin_run(run);
        Ok(run)
    }

    /// The folder of this generation.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_ref().map(|home| home.path.as_path())
    }

    /// Another generation has taken the place of this one: its files go with its last reader.
    pub fn supersede(&self) {
        if let Some(home) = &self.home {
            home.superseded.store(true, Ordering::Release);
        }
    }

    /// Counts a reader: while it lives, no blob that its view knows is removed. To be called before the view is taken.
    pub fn enter(self: &Arc<Self>) -> Reading {
        let mut readers = self.readers.lock();
        let since = self.applied.load(Ordering::Acquire);
        *readers.active.entry(since).or_default() += 1;
        Reading { state: self.clone(), since }
    }

    /// Applies a batch and answers its ticket. The caller is the only writer.
    pub fn apply(&self, batch: Batch, changes: &Changes) -> Result<u64, StoreError> {
        if let Some(why) = &*self.failed.lock() {
            return Err(StoreError::Stopped(why.clone()));
        }
        self.blobs.keep_inline(&changes.dropped);
        if let Err(error) = self.engine.apply(batch) {
            self.blobs.forget_inline(&changes.dropped);
            return Err(error);
        }
        let ticket = self.applied.fetch_add(1, Ordering::AcqRel) + 1;
        changes.adopted.iter().for_each(|(id, _)| self.blobs.adopted(*id));
        if !changes.dropped.is_empty() {
            let mut readers = self.readers.lock();
            readers.graves.extend(changes.dropped.keys().map(|id| (ticket, *id)));
        }
        Ok(ticket)
    }

    /// Waits until the batch of a ticket is as durable as promised. Those who wait at the same time share one sync.
    pub async fn settle(self: &Arc<Self>, ticket: u64) -> Result<(), StoreError> {
        if let Some(durability) = self.durability {
            // Whoever else is ready to write does so first: a sync costs about the same for all of them as for one.
            tokio::task::yield_now().await;
            if self.synced.load(Ordering::Acquire) < ticket {
                self.sync(ticket, durability).await?;
            }
        }
        self.bury();
        Ok(())
    }

    async fn sync(self: &Arc<Self>, ticket: u64, durability: Durability) -> Result<(), StoreError> {
        let _turn = self.syncing.lock().await;
        if self.synced.load(Ordering::Acquire) >= ticket {
            return Ok(());
        }
        if let Some(why) = &*self.failed.lock() {
            return Err(StoreError::Stopped(why.clone()));
        }
        // Without an fsync nothing waits for the disk: that takes less than going to another thread.
        if durability == Durability::Process {
            return self.sync_now();
        }
        let state = self.clone();
        let done = tokio::task::spawn_blocking(move || state.sync_now());
        done.await.map_err(|e| StoreError::Engine(format!("fsync did not come back: {e}")))?
    }

    fn sync_now(&self) -> Result<(), StoreError> {
        let covers = self.applied.load(Ordering::Acquire);
        // After a failed fsync the system may have thrown the unwritten pages away: a second try that succeeds proves nothing.
        self.engine.sync().inspect_err(|error| *self.failed.lock() = Some(error.to_string()))?;
        self.synced.fetch_max(covers, Ordering::AcqRel);
        Ok(())
    }

    /// Keeps blobs though they are dropped, for who will read them later.
    pub fn hold(&self, ids: &[u64]) {
        let mut readers = self.readers.lock();
        ids.iter().for_each(|id| *readers.held.entry(*id).or_default() += 1);
    }
    /// Who kept them needs them no more.
    pub fn let_go(&self, ids: &[u64]) {
        {
            let mut readers = self.readers.lock();
            for id in ids {
                if let Some(count) = readers.held.get_mut(id) {
                    *count -= 1;
                    if *count == 0 {
                        readers.held.remove(id);
                    }
                }
            }
        }
        self.bury();
    }

    /// Removes the dropped blobs that nobody can ask for any more.
    fn bury(&self) {
        let durable = if self.durability.is_some() { self.synced.load(Ordering::Acquire) } else { u64::MAX };
        let mut gone = Vec::new();
        {
            let mut readers = self.readers.lock();
            if readers.graves.is_empty() {
                return;
            }
            let oldest = readers.active.keys().next().copied().unwrap_or(u64::MAX);
            let Readers { graves, held, .. } = &mut *readers;
            graves.retain(|(ticket, id)| {
                let ready = *ticket <= oldest && *ticket <= durable && !held.contains_key(id);
                if ready {
                    gone.push(*id);
                }
                !ready
            });
        }
        gone.into_iter().for_each(|id| self.blobs.remove(id));
    }
}

/// A reader that counts until it is dropped.
pub(super) struct Reading {
    state: Arc<State>,
    since: u64,
}

impl Reading {
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let graves = {
            let mut readers = self.state.readers.lock();
            if let Some(count) = readers.active.get_mut(&self.since) {
                *count -= 1;
                if *count == 0 {
                    readers.active.remove(&self.since);
                }
            }
            !readers.graves.is_empty()
        };
        if graves {
            self.state.bury();
        }
    }
}
