//! The machine loses its power: what was acknowledged under `power` is there on a disk that kept what was synced and nothing else, and on one that
//! kept every name but of the bytes only what was synced.

use crate::{
    Broker, Durability, Options,
    disk::{Disk, Event},
    inside::Fresh,
};
use kit::Cloud;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ffi::OsString,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a disk holds for sure, by inode.
#[derive(Clone, Default)]
struct Kept {
    names: HashMap<u64, BTreeMap<OsString, u64>>,
    bytes: HashMap<u64, Vec<u8>>,
}

impl Kept {
    fn note(&mut self, root: &Path, event: &Event<'_>) {
        match event {
            // An inode may have been another file's before.
            Event::Made(path) => {
                let inode = fs::metadata(path).unwrap().ino();
                self.names.remove(&inode);
                self.bytes.remove(&inode);
            }
            Event::Synced(file) => {
                let inode = file.metadata().unwrap().ino();
                let path = find(root, inode).expect("a file that is synced has a name");
                self.bytes.insert(inode, fs::read(path).unwrap());
            }
            Event::SyncedFolder(path) => {
                let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
                let names = names.map(|entry| (entry.file_name(), entry.metadata().unwrap().ino())).collect();
                self.names.insert(fs::metadata(path).unwrap().ino(), names);
            }
        }
    }

    /// What is found after a power cut that lost all that was not synced.
    fn least(&self, inode: u64, folders: &BTreeSet<u64>, to: &Path) {
        if !folders.contains(&inode) {
            return fs::write(to, self.bytes.get(&inode).map_or(&[][..], Vec::as_slice)).unwrap();
        }
        fs::create_dir_all(to).unwrap();
        self.names.get(&inode).into_iter().flatten().for_each(|(name, inode)| self.least(*inode, folders, &to.join(name)));
    }

    /// What is found where names and lengths came through, and zeros stand for bytes that were not synced.
    fn zeros(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let (path, to) = (entry.path(), to.join(entry.file_name()));
            if path.is_dir() {
                self.zeros(&path, &to);
                continue;
            }
            let mut bytes = self.bytes.get(&entry.metadata().unwrap().ino()).cloned().unwrap_or_default();
            bytes.resize(entry.metadata().unwrap().len() as usize, 0);
            fs::write(to, bytes).unwrap();
        }
    }
}

fn walk(root: &Path, each: &mut dyn FnMut(&Path, u64)) {
    each(root, fs::metadata(root).unwrap().ino());
    if root.is_dir() {
        fs::read_dir(root).unwrap().for_each(|entry| walk(&entry.unwrap().path(), each));
    }
}

fn find(root: &Path, inode: u64) -> Option<PathBuf> {
    let mut found = None;
    walk(root, &mut |path, at| found = found.take().or((at == inode).then(|| path.to_owned())));
    found
}

async fn start(cloud: &Arc<Cloud>, folder: &Path, disk: Disk) -> Broker {
    let mut options = Options::new(cloud.clock().clone(), cloud.work().clone());
    (options.dir, options.disk) = (Some((folder.join("data/kafka"), Durability::Power)), disk);
    Broker::start(options).await.unwrap()
}

/// The values of a topic, and what a group committed of it.
fn state(broker: &Broker, topic: &str) -> (Vec<Vec<u8>>, Option<i64>) {
    let (mut values, mut at) = (Vec::new(), 0);
    loop {
        let chunk = broker.read(topic, 0, at, 1 << 20).unwrap();
        values.extend(chunk.records.into_iter().map(|record| record.value.unwrap().to_vec()));
        at = chunk.next;
        if at >= chunk.end {
            return (values, broker.committed("g", topic).get(&0).copied());
        }
    }
}

/// The folders that there are, by inode.
fn folders(live: &Path) -> BTreeSet<u64> {
    let mut folders = BTreeSet::new();
    walk(live, &mut |path, inode| folders.extend(path.is_dir().then_some(inode)));
    folders
}

/// Whenever the power goes while a snapshot is loaded, the machine finds what was there before or what was loaded, and nothing between.
#[tokio::test]
async fn another_state_is_there_as_a_whole_or_not_at_all() {
    let root = tempfile::tempdir().unwrap();
    let live = root.path().join("live");
    fs::create_dir(&live).unwrap();
    let cloud = Cloud::builder().start().await.unwrap();
    let cuts: Arc<Mutex<(Kept, Vec<(Kept, BTreeSet<u64>)>)>> = Arc::default();
    let (ear, place) = (cuts.clone(), live.clone());
    let watcher: crate::disk::Watcher = Arc::new(move |event| {
        let (kept, cuts) = &mut *ear.lock();
        kept.note(&place, &event);
        cuts.push((kept.clone(), folders(&place)));
    });
    let broker = start(&cloud, &live, Disk { watcher: Some(watcher), ..Disk::default() }).await;
    let fresh = |value: &str| Fresh { value: Some(value.into()), ..Fresh::default() };
    broker.topics().create("t", 2, BTreeMap::new()).unwrap();
    broker.append("t", 0, &[fresh("loaded")]).await.unwrap();
    broker.commit("g", "t", &[(0, 1)]).unwrap();
    let snapshot = root.path().join("snapshot");
    broker.save(&snapshot).unwrap();
    broker.append("t", 0, &[fresh("after")]).await.unwrap();
    broker.commit("g", "t", &[(0, 2)]).unwrap();
    cuts.lock().1.clear();
    broker.load(&snapshot).unwrap();
    let before = (vec![b"loaded".to_vec(), b"after".to_vec()], Some(2));
    let after = (vec![b"loaded".to_vec()], Some(1));
    assert!(state(&broker, "t") == after);
    let cuts = std::mem::take(&mut cuts.lock().1);
    let inode = fs::metadata(&live).unwrap().ino();
    let mut seen = Vec::new();
    for (n, (kept, folders)) in cuts.iter().enumerate() {
        let found = root.path().join(format!("cut-{n}"));
        kept.least(inode, folders, &found);
        let again = start(&cloud, &found, Disk::default()).await;
        let state = state(&again, "t");
        assert!(state == before || state == after, "after {n} of {} steps: {state:?}", cuts.len());
        seen.push(state == after);
        again.stop().await.unwrap();
    }
    assert_eq!((seen.first(), seen.last(), seen.is_sorted()), (Some(&false), Some(&true), true));
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_cut() {
    let root = tempfile::tempdir().unwrap();
    let live = root.path().join("live");
    fs::create_dir(&live).unwrap();
    let cloud = Cloud::builder().start().await.unwrap();
    let kept = Arc::new(Mutex::new(Kept::default()));
    let (ear, place) = (kept.clone(), live.clone());
    let watcher: crate::disk::Watcher = Arc::new(move |event| ear.lock().note(&place, &event));
    let broker = start(&cloud, &live, Disk { watcher: Some(watcher), ..Disk::default() }).await;
    let value = |n: usize| format!("{n} {}", "x".repeat(400)).into_bytes();
    for n in 0..20 {
        // Segments of a kilobyte: rolled over and over.
        let topic = format!("t{}", n % 2);
        if n < 2 {
            broker.topics().create(&topic, 1, [("segment.bytes".to_owned(), "1024".to_owned())].into()).unwrap();
        }
        let fresh = Fresh { value: Some(value(n)), ..Fresh::default() };
        broker.append(&topic, 0, &[fresh]).await.unwrap();
        broker.commit("g", &topic, &[(0, n as i64)]).unwrap();
        if n == 12 {
            broker.shared.ledger.replace(broker.shared.ledger.read(Clone::clone)).unwrap();
        }
        for cut in ["least", "zeros"] {
            let found = root.path().join(format!("{cut}-{n}"));
            {
                let kept = kept.lock();
                let folders = folders(&live);
                match cut {
                    "least" => kept.least(fs::metadata(&live).unwrap().ino(), &folders, &found),
                    _ => kept.zeros(&live, &found),
                }
            }
            let again = start(&cloud, &found, Disk::default()).await;
            for topic in 0..2.min(n + 1) {
                let mine: Vec<usize> = (0..=n).filter(|n| n % 2 == topic).collect();
                let wanted = (mine.iter().map(|n| value(*n)).collect(), mine.last().map(|n| *n as i64));
                assert!(state(&again, &format!("t{topic}")) == wanted, "t{topic} after {n}, {cut}");
            }
            again.stop().await.unwrap();
            fs::remove_dir_all(found).unwrap();
        }
    }
}
