//! The store, the same tests over every engine.

mod blobs;
mod model;
mod room;
mod rows;
mod sharing;
mod states;
mod tasks;

use kit::store::*;
use std::{path::PathBuf, sync::Arc};
use wire::Fault;

/// A store and the folder that it lives in, if it has one.
pub struct Subject {
    pub store: Store,
    kind: Kind,
    folder: Arc<tempfile::TempDir>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Memory,
    Process,
    Power,
}

impl Subject {
    fn new(kind: Kind) -> Subject {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Subject { store: open(kind, &folder), kind, folder }
    }
    /// Closes the store and opens it again; one on the heap stays as it is.
    fn reopen(self) -> Subject {
        let Subject { store, kind, folder } = self;
        if kind == Kind::Memory {
            return Subject { store, kind, folder };
        }
        drop(store);
        Subject { store: open(kind, &folder), kind, folder }
    }
    /// How many blob files lie in the folder, finished or not.
    fn blob_files(&self) -> usize {
        fn files(dir: PathBuf) -> Vec<PathBuf> {
            let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
            entries.map(|e| e.unwrap().path()).flat_map(|p| if p.is_dir() { files(p) } else { vec![p] }).collect()
        }
        files(self.folder.path().join("data")).iter().filter(|p| p.components().any(|c| c.as_os_str() == "blobs")).count()
    }
}

fn open(kind: Kind, folder: &tempfile::TempDir) -> Store {
    let durability = match kind {
        Kind::Memory => return Store::memory(),
        Kind::Process => Durability::Process,
        Kind::Power => Durability::Power,
    };
    Store::durable(&folder.path().join("data"), durability).unwrap()
}

/// What the suite runs over.
pub const KINDS: [Kind; 3] = [Kind::Memory, Kind::Process, Kind::Power];

/// Runs a test over every engine and durability.
pub fn every_engine<F: Future<Output = ()>>(test: impl Fn(Subject) -> F) {
    for kind in KINDS {
        eprintln!("engine: {kind:?}");
        let subject = Subject::new(kind);
        // A test that uses the store alone would take only that along, and the folder would go.
        let _folder = subject.folder.clone();
        block_on(test(subject));
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(future)
}

pub fn here() -> Scope {
    Scope::new("000000000000", "eu-central-1")
}

pub fn s(text: &str) -> String {
    text.to_owned()
}

pub fn refuse<T>() -> Result<T, Fault> {
    Err(Fault::new("Refused", 400, "no"))
}
