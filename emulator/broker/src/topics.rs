//! Topics and their partitions: made, found, changed, deleted. Each partition is a log behind a lock, and those who wait for it to grow.

use crate::{
    configs,
    disk::Disk,
    inside::Bell,
    ledger::{Change, Ledger, REPLICAS_MAX, State, TopicRow},
    log::{self, AppendError, Appended, Keeping, Log, admit::Admitted},
    options::Options,
};
use kit::{Clock, Ids, hex};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;

/// Longest name of a topic.
const NAME_MAX: usize = 249;
/// Name of the first folder of logs; those that follow it have a number behind it.
const LOGS: &str = "topics";

/// A topic.
pub struct Topic {
    /// Name.
    pub name: Arc<str>,
    /// 16 bytes.
    pub id: [u8; 16],
    row: RwLock<TopicRow>,
    keeping: RwLock<Keeping>,
    partitions: RwLock<Vec<Arc<Partition>>>,
}

impl Topic {
    /// Its partitions, in order.
    pub fn partitions(&self) -> Vec<Arc<Partition>> {
        self.partitions.read().clone()
    }
    /// One of them.
    pub fn partition(&self, n: i32) -> Option<Arc<Partition>> {
        self.partitions.read().get(usize::try_from(n).ok()?).cloned()
    }
    /// How many.
    pub fn count(&self) -> i32 {
        self.partitions.read().len() as i32
    }
    /// Settings that were set.
    pub fn configs(&self) -> BTreeMap<String, String> {
        self.row.read().configs.clone()
    }
    /// Replicas that were asked for.
    pub fn replicas(&self) -> i16 {
        self.row.read().replicas
    }
    /// What its logs make of them.
    pub fn keeping(&self) -> Keeping {
        self.keeping.read().clone()
    }
}

/// What is rung when any log may have grown; few, or none.
type Bells = Arc<RwLock<Vec<Bell>>>;

/// A partition.
pub struct Partition {
    log: Mutex<Log>,
    waiting: Mutex<Vec<Arc<Notify>>>,
    heap: AtomicU64,
    /// Bytes on the heap of all partitions.
    all_heap: Arc<AtomicU64>,
    /// Its leader was taken away on purpose.
    leaderless: AtomicBool,
    bells: Bells,
}

impl Partition {
    fn new(log: Log, bells: Bells, all_heap: Arc<AtomicU64>) -> Arc<Partition> {
        Arc::new(Partition {
            log: Mutex::new(log),
            waiting: Mutex::default(),
            heap: AtomicU64::new(0),
            all_heap,
            leaderless: AtomicBool::new(false),
            bells,
        })
    }
    /// Looks at the log or works on it.
    pub fn with<R>(&self, f: impl FnOnce(&mut Log) -> R) -> R {
        f(&mut self.log.lock())
    }
    /// As [`with`](Self::with), for what changes how much the log holds.
    pub fn tend<R>(&self, f: impl FnOnce(&mut Log) -> R) -> R {
        let mut log = self.log.lock();
        let made = f(&mut log);
        self.weigh(&log);
        made
    }
    /// As [`with`](Self::with), after what is too old went.
    pub fn trimmed<R>(&self, keeping: &Keeping, now_ms: i64, f: impl FnOnce(&mut Log) -> io::Result<R>) -> io::Result<R> {
        let mut log = self.log.lock();
        // Done by whoever looks, so that what is past its time is never seen, however the clock was moved.
        if log.trim(keeping, now_ms)? {
            self.weigh(&log);
        }
        f(&mut log)
    }
    /// Appends what a producer sent and wakes those who wait.
    pub fn append(&self, batches: &Admitted<'_>, keeping: &Keeping, now_ms: i64) -> Result<(Appended, Option<Arc<File>>), AppendError> {
        let mut log = self.log.lock();
        let appended = log.append(batches, keeping, now_ms)?;
        self.weigh(&log);
        let file = log.file();
        drop(log);
        self.wake();
        Ok((appended, file))
    }
    /// Whether it has a leader.
    pub fn led(&self) -> bool {
        !self.leaderless.load(Ordering::Relaxed)
    }
    /// Gives it a leader or takes it away; whoever waits looks again.
    pub fn lead(&self, leads: bool) {
        self.leaderless.store(!leads, Ordering::Relaxed);
        self.wake();
    }
    /// Wakes those who wait for the log to grow.
    pub fn wake(&self) {
        self.waiting.lock().drain(..).for_each(|waiting| waiting.notify_one());
        self.bells.read().iter().for_each(|bell| bell());
    }
    /// Wakes `notify` when the log grows.
    pub fn watch(&self, notify: &Arc<Notify>) {
        let mut waiting = self.waiting.lock();
        // Connections that went away hold no more than this list.
        waiting.retain(|other| Arc::strong_count(other) > 1 && !Arc::ptr_eq(other, notify));
        waiting.push(notify.clone());
    }
    /// Counts what the log holds on the heap now; with its lock held.
    fn weigh(&self, log: &Log) {
        let now = log.heap_bytes();
        let before = self.heap.swap(now, Ordering::Relaxed);
        self.all_heap.fetch_add(now.wrapping_sub(before), Ordering::Relaxed);
    }
    /// Bytes on the heap when it was last written to.
    pub fn heap_bytes(&self) -> u64 {
        self.heap.load(Ordering::Relaxed)
    }
    /// Moves what is on the heap to files.
    pub fn spill(&self) -> io::Result<()> {
        let mut log = self.log.lock();
        let spilled = log.spill();
        self.weigh(&log);
        spilled
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        self.all_heap.fetch_sub(*self.heap.get_mut(), Ordering::Relaxed);
    }
}

/// Why a topic was not made, changed or found.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// It is there already.
    #[error("Topic '{0}' already exists.")]
    Exists(String),
    /// It isn't there.
    #[error("This server does not host this topic-partition.")]
    Unknown,
    /// By Kafka's rule of names.
    #[error("{0}")]
    Name(String),
    /// A setting.
    #[error("{0}")]
    Config(String),
    /// Number of partitions.
    #[error("{0}")]
    Partitions(String),
    /// The limit of this broker.
    #[error("this broker holds at most {0} partitions; raise Limits::partitions_max")]
    TooMany(usize),
    /// The disk.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// All topics.
pub struct Topics {
    by_name: RwLock<BTreeMap<Arc<str>, Arc<Topic>>>,
    by_id: RwLock<HashMap<[u8; 16], Arc<Topic>>>,
    /// Held by who makes or deletes.
    changing: Mutex<()>,
    /// How often topics came, went or grew.
    changes: AtomicU64,
    /// Folder of the broker; the logs lie in one within it.
    dir: Option<PathBuf>,
    disk: Disk,
    ledger: Arc<Ledger>,
    clock: Clock,
    ids: Ids,
    partitions_max: usize,
    heap_max: u64,
    heap: Arc<AtomicU64>,
    /// Held by who moves logs off the heap.
    relieving: Mutex<()>,
    pub(crate) bells: Bells,
}

impl Topics {
    /// Those of the ledger, with their logs opened.
    pub fn open(options: &Options, ledger: Arc<Ledger>) -> io::Result<Topics> {
        let topics = Topics {
            by_name: RwLock::default(),
            by_id: RwLock::default(),
            changing: Mutex::default(),
            changes: AtomicU64::new(1),
            dir: options.dir.as_ref().map(|(dir, _)| dir.clone()),
            disk: options.disk.clone(),
            clock: options.clock.clone(),
            // Ids have to differ from those of an earlier run over the same folder.
            ids: Ids::new(options.seed, 0x6b61_666b_6100 ^ ledger.read(|s| s.topics.len() as u64) ^ options.clock.now().millis() as u64),
            partitions_max: options.limits.partitions_max,
            heap_max: options.limits.heap_max_bytes,
            heap: Arc::default(),
            relieving: Mutex::default(),
            bells: Bells::default(),
            ledger,
        };
        topics.sweep_up();
        topics.reload()?;
        Ok(topics)
    }

    /// Opens the logs of the topics that the ledger names, in place of what was open.
    pub fn reload(&self) -> io::Result<()> {
        let _changing = self.changing.lock();
        let rows = self.ledger.read(|s| s.topics.clone());
        let (mut by_name, mut by_id) = (BTreeMap::new(), HashMap::new());
        for (name, row) in rows {
            let topic = self.make(&name, row)?;
            by_name.insert(topic.name.clone(), topic.clone());
            by_id.insert(topic.id, topic);
        }
        *self.by_name.write() = by_name;
        *self.by_id.write() = by_id;
        self.note_change();
        Ok(())
    }

    fn make(&self, name: &str, row: TopicRow) -> io::Result<Arc<Topic>> {
        let partitions = (0..row.partitions).map(|n| self.open_log(&row, n)).collect::<io::Result<_>>()?;
        Ok(Arc::new(Topic {
            name: name.into(),
            id: unhex(&row.id),
            keeping: RwLock::new(configs::keeping(&row.configs)),
            row: RwLock::new(row),
            partitions: RwLock::new(partitions),
        }))
    }

    fn open_log(&self, row: &TopicRow, n: i32) -> io::Result<Arc<Partition>> {
        let dir = self.folder(&row.id).map(|dir| dir.join(n.to_string()));
        let start = row.starts.get(&n).copied().unwrap_or(0);
        Ok(Partition::new(Log::open(dir, &self.disk, start, self.now_ms())?, self.bells.clone(), self.heap.clone()))
    }

    /// The folder of a topic's logs.
    pub fn folder(&self, id: &str) -> Option<PathBuf> {
        self.dir.as_ref().map(|dir| dir.join(self.logs()).join(id))
    }
    /// Name of the folder that the logs lie in.
    fn logs(&self) -> String {
        let named = self.ledger.read(|s| s.logs.clone());
        if named.is_empty() { LOGS.to_owned() } else { named }
    }
    /// Removes logs of a state that is no more, or of one that never came to be.
    fn sweep_up(&self) {
        let Some(dir) = &self.dir else { return };
        let current = self.logs();
        let other = |name: &str| name.starts_with(LOGS) && name != current;
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_str().is_some_and(other)).for_each(|entry| {
            let _ = std::fs::remove_dir_all(entry.path());
        });
    }
    fn now_ms(&self) -> i64 {
        self.clock.now().millis()
    }

    /// By name.
    pub fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.by_name.read().get(name).cloned()
    }
    /// By id.
    pub fn by_id(&self, id: &[u8; 16]) -> Option<Arc<Topic>> {
        self.by_id.read().get(id).cloned()
    }
    /// All, by name.
    pub fn all(&self) -> Vec<Arc<Topic>> {
        self.by_name.read().values().cloned().collect()
    }
    /// Another number after topics came, went or grew.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
    fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }
    /// A partition.
    pub fn partition(&self, name: &str, n: i32) -> Option<(Arc<Topic>, Arc<Partition>)> {
        let topic = self.get(name)?;
        let partition = topic.partition(n)?;
        Some((topic, partition))
    }

    /// Whether a topic can be made so; what [`create`](Self::create) checks first.
    pub fn check(&self, name: &str, partitions: i32, configs: &BTreeMap<String, String>) -> Result<(), TopicError> {
        check_name(name)?;
        if self.get(name).is_some() {
            return Err(TopicError::Exists(name.to_owned()));
        }
        if partitions < 1 {
            return Err(TopicError::Partitions("Number of partitions was set to an invalid non-positive value.".into()));
        }
        self.room(partitions as usize)?;
        configs.iter().try_for_each(|(name, value)| configs::check(name, Some(value)).map_err(TopicError::Config))
    }

    fn room(&self, more: usize) -> Result<(), TopicError> {
        let held: usize = self.by_name.read().values().map(|t| t.count() as usize).sum();
        match held + more > self.partitions_max {
            true => Err(TopicError::TooMany(self.partitions_max)),
            false => Ok(()),
        }
    }

    /// Makes a topic, as if of as many replicas as may be asked for.
    pub fn create(&self, name: &str, partitions: i32, configs: BTreeMap<String, String>) -> Result<Arc<Topic>, TopicError> {
        self.create_of(name, partitions, REPLICAS_MAX, configs)
    }

    /// Makes a topic for which so many replicas were asked for.
    pub fn create_of(
        &self,
        name: &str,
        partitions: i32,
        replicas: i16,
        configs: BTreeMap<String, String>,
    ) -> Result<Arc<Topic>, TopicError> {
        let _changing = self.changing.lock();
        self.check(name, partitions, &configs)?;
        let id = hex(&self.ids.bytes()[..16]);
        let row = TopicRow { id, partitions, configs, replicas, starts: BTreeMap::new() };
        let topic = self.make(name, row.clone())?;
        self.ledger.write(vec![Change::Topic(name.to_owned(), row)])?;
        self.by_id.write().insert(topic.id, topic.clone());
        self.by_name.write().insert(topic.name.clone(), topic.clone());
        self.note_change();
        self.bells.read().iter().for_each(|bell| bell());
        Ok(topic)
    }

    /// Deletes a topic with its logs and what groups committed of it.
    pub fn delete(&self, name: &str) -> Result<(), TopicError> {
        let _changing = self.changing.lock();
        let topic = self.get(name).ok_or(TopicError::Unknown)?;
        self.ledger.write(vec![Change::TopicGone(name.to_owned())])?;
        self.by_name.write().remove(name);
        self.by_id.write().remove(&topic.id);
        self.note_change();
        topic.partitions().iter().for_each(|partition| partition.wake());
        if let Some(folder) = self.folder(&topic.row.read().id) {
            std::fs::remove_dir_all(folder)?;
        }
        Ok(())
    }

    /// Adds partitions until there are `count`.
    pub fn grow(&self, name: &str, count: i32, only_check: bool) -> Result<(), TopicError> {
        let _changing = self.changing.lock();
        let topic = self.get(name).ok_or(TopicError::Unknown)?;
        let have = topic.count();
        if count <= have {
            let text = match count == have {
                true => format!("Topic already has {have} partition(s)."),
                false => format!("The topic {name} currently has {have} partition(s); {count} would not be an increase."),
            };
            return Err(TopicError::Partitions(text));
        }
        self.room((count - have) as usize)?;
        if only_check {
            return Ok(());
        }
        let row = TopicRow { partitions: count, ..topic.row.read().clone() };
        let more = (have..count).map(|n| self.open_log(&row, n)).collect::<io::Result<Vec<_>>>()?;
        self.save(&topic, row)?;
        topic.partitions.write().extend(more);
        self.note_change();
        Ok(())
    }

    /// Changes settings: `None` takes one back.
    pub fn configure(&self, name: &str, changes: &[(String, Option<String>)], replace: bool, only_check: bool) -> Result<(), TopicError> {
        let _changing = self.changing.lock();
        let topic = self.get(name).ok_or(TopicError::Unknown)?;
        let mut row = topic.row.read().clone();
        if replace {
            row.configs.clear();
        }
        for (name, value) in changes {
            match value {
                Some(value) => {
                    configs::check(name, Some(value)).map_err(TopicError::Config)?;
                    row.configs.insert(name.clone(), value.clone());
                }
                None => {
                    row.configs.remove(name);
                }
            }
        }
        if !only_check {
            *topic.keeping.write() = configs::keeping(&row.configs);
            self.save(&topic, row)?;
        }
        Ok(())
    }

    /// Makes records before an offset unreadable; the new start.
    pub fn delete_before(&self, topic: &Topic, n: i32, offset: i64) -> Result<i64, TopicError> {
        let _changing = self.changing.lock();
        let partition = topic.partition(n).ok_or(TopicError::Unknown)?;
        let mut row = topic.row.read().clone();
        row.starts.insert(n, offset);
        self.save(topic, row)?;
        let now = self.now_ms();
        Ok(partition.tend(|log| log.delete_before(offset, now).map(|()| log.start()))?)
    }

    fn save(&self, topic: &Topic, row: TopicRow) -> io::Result<()> {
        self.ledger.write(vec![Change::Topic(topic.name.to_string(), row.clone())])?;
        *topic.row.write() = row;
        Ok(())
    }

    /// Puts other topics in place of these: rows, and for each partition its segments (base offset and bytes). On disk they are written to a folder
    /// of their own, which the new ledger names: whenever the machine stops, it finds the one or the other.
    pub fn import(&self, state: State, logs: impl Iterator<Item = (String, i32, Vec<(i64, Vec<u8>)>)>) -> io::Result<()> {
        let changing = self.changing.lock();
        let folder = next_folder(&self.logs());
        let mut restored = HashMap::new();
        self.sweep_up();
        for (id, n, segments) in logs {
            match self.dir.as_ref().map(|dir| dir.join(&folder).join(&id).join(n.to_string())) {
                Some(dir) => {
                    self.disk.make_folder(&dir)?;
                    segments.iter().try_for_each(|(base, bytes)| self.disk.write_whole(&log::segment::path(&dir, *base), bytes))?;
                }
                None => drop(restored.insert((id, n), segments)),
            }
        }
        self.ledger.replace(State { logs: folder, ..state })?;
        drop(changing);
        self.reload()?;
        self.sweep_up();
        for topic in self.all() {
            let id = topic.row.read().id.clone();
            for (n, partition) in topic.partitions().iter().enumerate() {
                if let Some(segments) = restored.remove(&(id.clone(), n as i32)) {
                    partition.tend(|log| log.restore(&segments, self.now_ms()))?;
                    self.relieve()?;
                }
            }
        }
        Ok(())
    }

    /// Bytes of logs on the heap.
    pub fn heap_bytes(&self) -> u64 {
        self.heap.load(Ordering::Relaxed)
    }
    /// Whether the heap holds more than it may.
    pub fn burdened(&self) -> bool {
        self.heap_bytes() > self.heap_max
    }

    /// Moves logs to files if the heap holds more than it may, the largest first, until a quarter is free: few files, and seldom.
    pub fn relieve(&self) -> io::Result<()> {
        let _relieving = self.relieving.lock();
        if !self.burdened() {
            return Ok(());
        }
        let mut all: Vec<_> = self.all().iter().flat_map(|topic| topic.partitions()).collect();
        all.sort_by_cached_key(|partition| std::cmp::Reverse(partition.heap_bytes()));
        let enough = self.heap_max - self.heap_max / 4;
        all.iter().take_while(|_| self.heap_bytes() > enough).try_for_each(|partition| partition.spill())
    }

    /// Closes all logs in order.
    pub fn close(&self) -> io::Result<()> {
        self.all().iter().flat_map(|topic| topic.partitions()).try_for_each(|partition| partition.with(|log| log.close()))
    }
}

/// `topics-3` after `topics-2`.
fn next_folder(now: &str) -> String {
    let number = now.strip_prefix(LOGS).and_then(|rest| rest.strip_prefix('-')?.parse::<u64>().ok()).unwrap_or(1);
    format!("{LOGS}-{}", number + 1)
}

fn check_name(name: &str) -> Result<(), TopicError> {
    let refused = |why: &str| Err(TopicError::Name(format!("Topic name is invalid: {why}")));
    match name {
        "" => refused("the empty string is not allowed"),
        "." | ".." => refused("'.' or '..' is not allowed"),
        long if long.len() > NAME_MAX => refused(&format!("the length of '{long}' is longer than the max allowed length {NAME_MAX}")),
        odd if !odd.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) => {
            refused(&format!("'{odd}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"))
        }
        _ => Ok(()),
    }
}

fn unhex(text: &str) -> [u8; 16] {
    u128::from_str_radix(text, 16).unwrap_or_default().to_be_bytes()
}
