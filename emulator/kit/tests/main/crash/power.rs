//! The machine stops at any moment: a model of a disk keeps what was synced and loses, tears or keeps what was not.
//!
//! The store runs over real files while every change is recorded. For each moment chosen the model works out a folder that a disk
//! could hold then: of each file's unsynced writes any may be missing or cut at a sector; of each folder's unsynced names the latest
//! may be missing. That folder is opened and checked.

use super::workload::{self, WRITERS};
use crate::store::block_on;
use kit::store::{
    disk::{Disk, DiskEvent},
    *,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

const SECTOR_BYTES: usize = 512;

enum Record {
    MadeFolder(PathBuf),
    MadeFile(PathBuf),
    Wrote(PathBuf, usize, Vec<u8>),
    SetLen(PathBuf, usize),
    SyncedFile(PathBuf),
    SyncedFolder(PathBuf),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
    /// A writer was told that its step is done.
    Acknowledged(u32, u32),
}

fn record(event: DiskEvent<'_>) -> Record {
    let own = Path::to_path_buf;
    match event {
        DiskEvent::MadeFolder(path) => Record::MadeFolder(own(path)),
        DiskEvent::MadeFile(path) => Record::MadeFile(own(path)),
        DiskEvent::Wrote(path, offset, bytes) => Record::Wrote(own(path), offset as usize, bytes.to_vec()),
        DiskEvent::SetLen(path, len) => Record::SetLen(own(path), len as usize),
        DiskEvent::SyncedFile(path) => Record::SyncedFile(own(path)),
        DiskEvent::SyncedFolder(path) => Record::SyncedFolder(own(path)),
        DiskEvent::Renamed(from, to) => Record::Renamed(own(from), own(to)),
        DiskEvent::RemovedFile(path) | DiskEvent::RemovedTree(path) => Record::Removed(own(path)),
    }
}

/// Runs the writers under `power` over a watched disk and gives the record.
fn recorded(data: &Path, steps: u32, durability: Durability) -> Vec<Record> {
    let records = Arc::new(Mutex::new(Vec::new()));
    let ear = records.clone();
    let disk = Disk::watched(Arc::new(move |event| ear.lock().unwrap().push(record(event))));
    let store = Store::durable_on(data, durability, disk).unwrap();
    block_on(async {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, records) = (store.clone(), records.clone());
                tokio::spawn(async move {
                    for n in 0..steps {
                        workload::step(&store, writer, n).await;
                        records.lock().unwrap().push(Record::Acknowledged(writer, n));
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
    });
    // Closing syncs; a machine that stops doesn't close.
    let records = std::mem::take(&mut *records.lock().unwrap());
    drop(store);
    records
}

#[test]
fn acknowledged_writes_survive_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let records = recorded(&data, 16, Durability::Power);
    let mut random = Random(0xC0FFEE);
    let moments: Vec<usize> = (0..60).map(|_| random.below(records.len() + 1)).chain([0, records.len()]).collect();
    for (n, moment) in moments.into_iter().enumerate() {
        let image = folder.path().join(format!("image-{n}"));
        let acknowledged = Model::after(&data, &records[..moment]).crash(&image, &mut random);
        let store = Store::durable(&image, Durability::Power).unwrap_or_else(|e| panic!("moment {moment} of {}: {e}", records.len()));
        eprintln!("moment {moment}: {acknowledged:?}");
        block_on(workload::check(&store, &acknowledged));
        drop(store);
        std::fs::remove_dir_all(&image).unwrap();
    }
}

/// Loading a state replaces the whole one or nothing of it.
#[test]
fn a_power_cut_during_a_load_leaves_the_old_state_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let (data, saved) = (folder.path().join("data"), folder.path().join("saved"));
    let records = Arc::new(Mutex::new(Vec::new()));
    let ear = records.clone();
    let disk = Disk::watched(Arc::new(move |event| ear.lock().unwrap().push(record(event))));
    let fill = async |store: &Store, steps| {
        for n in 0..steps {
            workload::step(store, 0, n).await;
        }
    };
    let (begun, done) = block_on(async {
        let other = Store::memory();
        fill(&other, 9).await;
        other.save(&saved).await.unwrap();
        let store = Store::durable_on(&data, Durability::Power, disk).unwrap();
        fill(&store, 4).await;
        let begun = records.lock().unwrap().len();
        store.load(&saved).await.unwrap();
        let done = records.lock().unwrap().len();
        (begun, done)
    });
    let (records, mut random, mut seen) = (std::mem::take(&mut *records.lock().unwrap()), Random(0xFEED), [0, 0]);
    for n in 0..40 {
        let moment = if n == 0 { done } else { begun + random.below(done - begun + 1) };
        let image = folder.path().join(format!("image-{n}"));
        Model::after(&data, &records[..moment]).crash(&image, &mut random);
        let store = Store::durable(&image, Durability::Power).unwrap();
        let steps = workload::progress(&store)[0];
        assert!(steps == 9 || steps == 4 && moment < done, "{steps} steps at moment {moment} of {begun} to {done}");
        block_on(workload::check(&store, &[steps, 0, 0, 0]));
        seen[usize::from(steps == 9)] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "the moments lie on both sides: {seen:?}");
}

/// The model would be worth nothing if it could not find a store that doesn't sync.
#[test]
fn the_model_finds_what_was_not_synced() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let records = recorded(&data, 4, Durability::Process);
    let image = folder.path().join("image");
    let acknowledged = Model::after(&data, &records).crash(&image, &mut Random(7));
    assert_eq!(acknowledged, vec![4; WRITERS as usize]);
    let survived = Store::durable(&image, Durability::Process).map(|store| workload::progress(&store));
    assert!(!survived.is_ok_and(|done| done == acknowledged), "nothing was synced, and everything is there");
}

#[derive(Clone, Copy)]
enum Node {
    File(usize),
    Folder,
}

#[derive(Default)]
struct Inode {
    synced: Vec<u8>,
    since: Vec<Change>,
}

enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write(offset, data) => {
                let end = offset + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset..end].copy_from_slice(data);
            }
            Change::SetLen(len) => bytes.resize(*len, 0),
        }
    }
}

#[derive(Default)]
struct Names {
    synced: BTreeMap<String, Node>,
    since: Vec<(String, Option<Node>)>,
}

fn set(names: &mut BTreeMap<String, Node>, (name, node): &(String, Option<Node>)) {
    match node {
        Some(node) => drop(names.insert(name.clone(), *node)),
        None => drop(names.remove(name)),
    }
}

/// What a disk knows.
struct Model {
    root: PathBuf,
    inodes: Vec<Inode>,
    folders: HashMap<PathBuf, Names>,
    /// Which file a path means now, synced or not.
    now: HashMap<PathBuf, usize>,
    acknowledged: Vec<u32>,
}

impl Model {
    fn after(root: &Path, records: &[Record]) -> Model {
        let folders = HashMap::from([(root.to_owned(), Names::default())]);
        let mut model =
            Model { root: root.to_owned(), inodes: Vec::new(), folders, now: HashMap::new(), acknowledged: vec![0; WRITERS as usize] };
        records.iter().for_each(|record| model.take(record));
        model
    }

    fn name(&mut self, path: &Path, node: Option<Node>) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if let Some(names) = self.folders.get_mut(path.parent().unwrap()) {
            names.since.push((name, node));
        }
    }

    fn take(&mut self, record: &Record) {
        match record {
            Record::MadeFolder(path) if *path == self.root => {}
            Record::MadeFolder(path) => {
                self.folders.insert(path.clone(), Names::default());
                self.name(path, Some(Node::Folder));
            }
            Record::MadeFile(path) => {
                self.inodes.push(Inode::default());
                self.now.insert(path.clone(), self.inodes.len() - 1);
                self.name(path, Some(Node::File(self.inodes.len() - 1)));
            }
            Record::Wrote(path, offset, bytes) => self.inodes[self.now[path]].since.push(Change::Write(*offset, bytes.clone())),
            Record::SetLen(path, len) => self.inodes[self.now[path]].since.push(Change::SetLen(*len)),
            Record::SyncedFile(path) => {
                let Inode { synced, since } = &mut self.inodes[self.now[path]];
                since.drain(..).for_each(|change| change.apply(synced));
            }
            Record::SyncedFolder(path) => {
                if let Some(Names { synced, since }) = self.folders.get_mut(path) {
                    since.drain(..).for_each(|change| set(synced, &change));
                }
            }
            Record::Renamed(from, to) => {
                let inode = self.now.remove(from).unwrap();
                self.now.insert(to.clone(), inode);
                self.name(to, Some(Node::File(inode)));
                self.name(from, None);
            }
            Record::Removed(path) => {
                self.now.remove(path);
                self.name(path, None);
            }
            Record::Acknowledged(writer, n) => self.acknowledged[*writer as usize] = n + 1,
        }
    }

    /// Writes a folder that the disk could hold, and answers how many steps of each writer were acknowledged.
    fn crash(mut self, image: &Path, random: &mut Random) -> Vec<u32> {
        for names in self.folders.values_mut() {
            let kept = random.below(names.since.len() + 1);
            names.since.drain(..kept).for_each(|change| set(&mut names.synced, &change));
        }
        for Inode { synced, since } in &mut self.inodes {
            for change in since {
                match (random.below(4), &mut *change) {
                    (0, _) => continue,
                    (1, Change::Write(_, data)) => data.truncate(random.below(data.len() / SECTOR_BYTES + 1) * SECTOR_BYTES),
                    _ => {}
                }
                change.apply(synced);
            }
        }
        let root = self.root.clone();
        self.write(&root, image);
        self.acknowledged
    }

    fn write(&self, folder: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for (name, node) in &self.folders[folder].synced {
            match node {
                Node::File(inode) => std::fs::write(to.join(name), &self.inodes[*inode].synced).unwrap(),
                Node::Folder => self.write(&folder.join(name), &to.join(name)),
            }
        }
    }
}

struct Random(u64);
impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}
