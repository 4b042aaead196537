//! What the broker knows beside the logs: topics, committed offsets, transactions, the next producer id. Held in memory, written down as a
//! journal of changes that is read at the start and rewritten when most of it is past.
//!
//! A change is written before it is answered. A torn end is cut off, as a log's is.

use crate::disk::Disk;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The journal is rewritten when it is larger than this and than four times what it holds.
const REWRITE_BYTES: u64 = 4 << 20;

/// Most replicas that may be asked for: as many as the smallest MSK cluster has brokers.
pub const REPLICAS_MAX: i16 = 3;

fn replicas_max() -> i16 {
    REPLICAS_MAX
}

/// A topic as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicRow {
    /// 16 bytes, in hex; the name of its folder.
    pub id: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Configs that were set.
    pub configs: BTreeMap<String, String>,
    /// Replicas that were asked for. One is there and is told, but `min.insync.replicas` goes by these, as on a cluster that has them.
    #[serde(default = "replicas_max")]
    pub replicas: i16,
    /// First readable offset of partitions of which records were deleted.
    #[serde(default)]
    pub starts: BTreeMap<i32, i64>,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetRow {
    /// Next offset to read.
    pub offset: i64,
    /// Leader's epoch that the client told, or -1.
    pub leader_epoch: i32,
    /// What the client wanted to remember.
    pub metadata: String,
    /// When, milliseconds.
    pub at: i64,
}

/// A producer with a transactional id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionRow {
    /// Producer id.
    pub producer: i64,
    /// Epoch: older instances are refused.
    pub epoch: i16,
    /// How long a transaction may take, milliseconds.
    pub timeout_ms: i64,
    /// State.
    pub state: TransactionState,
    /// When the open transaction began, milliseconds.
    pub begun: i64,
    /// Partitions of the open transaction.
    pub partitions: BTreeSet<(String, i32)>,
    /// Groups whose offsets belong to it.
    pub groups: BTreeSet<String>,
    /// The offsets.
    pub offsets: Vec<(String, String, i32, OffsetRow)>,
    /// When it was last heard of, milliseconds; 0 in rows of before this was kept.
    #[serde(default)]
    pub touched: i64,
}

impl TransactionRow {
    /// Its transaction is open, or was decided and is not done.
    pub fn open(&self) -> bool {
        matches!(self.state, TransactionState::Ongoing | TransactionState::PrepareCommit | TransactionState::PrepareAbort)
    }
}

/// Where a transactional producer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionState {
    /// No transaction yet.
    #[default]
    Empty,
    /// One is open.
    Ongoing,
    /// It was decided to commit; markers are being written.
    PrepareCommit,
    /// It was decided to abort.
    PrepareAbort,
    /// The last one was committed.
    CompleteCommit,
    /// The last one was aborted.
    CompleteAbort,
}

/// A change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Change {
    /// A topic is new or other than it was.
    Topic(String, TopicRow),
    /// A topic is gone, and all that was committed of it.
    TopicGone(String),
    /// Offset of (group, topic, partition).
    Offset(String, String, i32, OffsetRow),
    /// It is gone.
    OffsetGone(String, String, i32),
    /// A group is gone, with its offsets.
    GroupGone(String),
    /// A group has members (`None`), or since when it has none, milliseconds.
    Group(String, Option<i64>),
    /// Nothing is known of a group but its offsets, if it has any.
    GroupForgotten(String),
    /// Producer ids below this were given out.
    Producers(i64),
    /// A transactional producer.
    Transaction(String, TransactionRow),
    /// It is forgotten.
    TransactionGone(String),
    /// The cluster's id.
    Cluster(String),
    /// The folder that the logs lie in.
    Logs(String),
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Id of the cluster.
    pub cluster: String,
    /// Topics by name.
    pub topics: BTreeMap<String, TopicRow>,
    /// Group, then topic and partition.
    pub offsets: BTreeMap<String, BTreeMap<(String, i32), OffsetRow>>,
    /// Next producer id.
    pub next_producer: i64,
    /// By transactional id.
    pub transactions: BTreeMap<String, TransactionRow>,
    /// Groups that have members (`None`), or since when they have none.
    #[serde(default)]
    pub groups: BTreeMap<String, Option<i64>>,
    /// Name of the folder that the logs lie in; empty for the first. Another state comes with a folder of its own, so that one stroke of the pen puts
    /// both in place.
    #[serde(default)]
    pub logs: String,
    /// Transactional ids with an open transaction: these are looked at often, the others seldom.
    #[serde(skip)]
    pub open: BTreeSet<String>,
}

impl State {
    fn apply(&mut self, change: Change) {
        match change {
            Change::Topic(name, row) => drop(self.topics.insert(name, row)),
            Change::TopicGone(name) => {
                self.topics.remove(&name);
                self.offsets.values_mut().for_each(|offsets| offsets.retain(|(topic, _), _| *topic != name));
                self.offsets.retain(|_, offsets| !offsets.is_empty());
                // Of a group without members and offsets there is nothing to know.
                self.groups.retain(|name, emptied| emptied.is_none() || self.offsets.contains_key(name));
            }
            Change::Offset(group, topic, partition, row) => {
                self.offsets.entry(group).or_default().insert((topic, partition), row);
            }
            Change::OffsetGone(group, topic, partition) => {
                if let Some(offsets) = self.offsets.get_mut(&group) {
                    offsets.remove(&(topic, partition));
                    if offsets.is_empty() {
                        self.offsets.remove(&group);
                    }
                }
            }
            Change::GroupGone(group) => {
                self.offsets.remove(&group);
                self.groups.remove(&group);
            }
            Change::Group(group, emptied) => drop(self.groups.insert(group, emptied)),
            Change::GroupForgotten(group) => drop(self.groups.remove(&group)),
            Change::Producers(next) => self.next_producer = self.next_producer.max(next),
            Change::Transaction(id, row) => {
                match row.open() {
                    true => self.open.insert(id.clone()),
                    false => self.open.remove(&id),
                };
                self.transactions.insert(id, row);
            }
            Change::TransactionGone(id) => {
                self.open.remove(&id);
                self.transactions.remove(&id);
            }
            Change::Cluster(id) => self.cluster = id,
            Change::Logs(folder) => self.logs = folder,
        }
    }

    /// The changes that make this state out of nothing.
    fn changes(&self) -> Vec<Change> {
        let mut all = vec![Change::Cluster(self.cluster.clone()), Change::Producers(self.next_producer)];
        all.extend(self.topics.iter().map(|(name, row)| Change::Topic(name.clone(), row.clone())));
        for (group, offsets) in &self.offsets {
            all.extend(offsets.iter().map(|((topic, n), row)| Change::Offset(group.clone(), topic.clone(), *n, row.clone())));
        }
        all.extend(Some(self.logs.clone()).filter(|folder| !folder.is_empty()).map(Change::Logs));
        all.extend(self.groups.iter().map(|(name, emptied)| Change::Group(name.clone(), *emptied)));
        all.extend(self.transactions.iter().map(|(id, row)| Change::Transaction(id.clone(), row.clone())));
        all
    }
}

struct Journal {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Bytes after the last rewrite.
    held: u64,
    disk: Disk,
}

/// The state and its journal.
pub struct Ledger {
    inner: Mutex<(State, Option<Journal>)>,
}

impl Ledger {
    /// In memory alone.
    pub fn memory() -> Ledger {
        Ledger { inner: Mutex::new((State::default(), None)) }
    }

    /// With a journal in a folder.
    pub fn open(dir: &Path, disk: &Disk) -> io::Result<Ledger> {
        disk.make_folder(dir)?;
        let path = dir.join("ledger");
        let mut state = State::default();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let good = replay(&bytes, &mut state);
        let fresh = !path.exists();
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        if fresh {
            disk.made(&path);
        }
        disk.sync_names(&path)?;
        if good < bytes.len() as u64 {
            file.set_len(good)?;
        }
        let journal = Journal { path, file, bytes: good, held: good, disk: disk.clone() };
        Ok(Ledger { inner: Mutex::new((state, Some(journal))) })
    }

    /// Looks at the state.
    pub fn read<R>(&self, f: impl FnOnce(&State) -> R) -> R {
        f(&self.inner.lock().0)
    }

    /// Writes changes down and makes them.
    pub fn write(&self, changes: Vec<Change>) -> io::Result<()> {
        let mut inner = self.inner.lock();
        let (state, journal) = &mut *inner;
        if let Some(journal) = journal {
            journal.append(&changes)?;
        }
        changes.into_iter().for_each(|change| state.apply(change));
        match journal {
            Some(journal) if journal.bytes > REWRITE_BYTES && journal.bytes > 4 * journal.held => journal.rewrite(state),
            _ => Ok(()),
        }
    }

    /// Puts another state in place of this one. On an error this one stays.
    pub fn replace(&self, mut next: State) -> io::Result<()> {
        next.open = next.transactions.iter().filter(|(_, row)| row.open()).map(|(id, _)| id.clone()).collect();
        let mut inner = self.inner.lock();
        if let Some(journal) = &mut inner.1 {
            journal.rewrite(&next)?;
        }
        inner.0 = next;
        Ok(())
    }
}

impl Journal {
    fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        let bytes = frames(changes)?;
        if let Err(error) = self.file.write_all(&bytes) {
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += bytes.len() as u64;
        self.disk.sync(&self.file)
    }

    fn rewrite(&mut self, state: &State) -> io::Result<()> {
        let bytes = frames(&state.changes())?;
        self.disk.write_whole(&self.path, &bytes)?;
        let file = OpenOptions::new().append(true).open(&self.path)?;
        (self.file, self.bytes, self.held) = (file, bytes.len() as u64, bytes.len() as u64);
        Ok(())
    }
}

/// Each change: length, checksum, MessagePack.
fn frames(changes: &[Change]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    for change in changes {
        let body = rmp_serde::to_vec_named(change).map_err(io::Error::other)?;
        out.extend((body.len() as u32).to_be_bytes());
        out.extend(sum(&body).to_be_bytes());
        out.extend(body);
    }
    Ok(out)
}

/// Makes the changes of a journal; how many of its bytes are good.
fn replay(bytes: &[u8], state: &mut State) -> u64 {
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let wanted = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
        let Some(body) = bytes.get(at + 8..).and_then(|rest| rest.get(..length)).filter(|body| sum(body) == wanted) else { break };
        let Ok(change) = rmp_serde::from_slice(body) else { break };
        state.apply(change);
        at += 8 + length;
    }
    at as u64
}

fn sum(bytes: &[u8]) -> u32 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(n: i64) -> Change {
        Change::Offset("g".into(), "t".into(), 0, OffsetRow { offset: n, leader_epoch: -1, metadata: String::new(), at: 0 })
    }

    #[test]
    fn what_was_written_is_there_again_and_a_torn_end_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), &Disk::default()).unwrap();
        ledger.write(vec![offset(5), Change::Producers(1000)]).unwrap();
        ledger.write(vec![offset(6)]).unwrap();
        drop(ledger);
        let path = dir.path().join("ledger");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
        let ledger = Ledger::open(dir.path(), &Disk::default()).unwrap();
        let at = |ledger: &Ledger| ledger.read(|s| (s.offsets["g"][&("t".to_owned(), 0)].offset, s.next_producer));
        assert_eq!(at(&ledger), (5, 1000));
        ledger.write(vec![offset(7)]).unwrap();
        drop(ledger);
        assert_eq!(at(&Ledger::open(dir.path(), &Disk::default()).unwrap()), (7, 1000));
    }

    #[test]
    fn a_journal_of_what_is_past_is_rewritten() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), &Disk::default()).unwrap();
        let many = (0..2000).map(offset).collect::<Vec<_>>();
        for _ in 0..50 {
            ledger.write(many.clone()).unwrap();
        }
        assert!(std::fs::metadata(dir.path().join("ledger")).unwrap().len() < REWRITE_BYTES);
        assert_eq!(ledger.read(|s| s.offsets["g"].len()), 1);
    }
}
