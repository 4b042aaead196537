//! One look of a lane into its partitions: read, filter, gather, and deal with what is ready, one batch after the other.

use super::{
    super::{MAPPINGS, Mapping, filter},
    Topic, deliver,
    event::Record,
    login::{self, Problem},
    pollers::{Key, Pollers, Turn},
};
use crate::Lambda;
use kit::{
    Context, Read, Timestamp,
    ports::{KafkaRecord, KafkaSource, KafkaStart, KafkaTopic, KafkaTopics, KafkaTrouble as Trouble, Measured},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// Bytes that are asked of a partition at a time.
const READ_BYTES: usize = 1 << 20;
/// Bytes of a batch's records: the event of a synchronous invocation without its frame.
pub(super) const MOST_BYTES: usize = crate::invoke::MOST_SYNC_BYTES - 4096;

/// What a lane has in hand.
#[derive(Default)]
pub(super) struct Lane {
    /// Where to read on, by partition of this lane.
    positions: BTreeMap<i32, i64>,
    /// Partitions of the topic when positions were asked for, and which topic of the name it was.
    partitions: i32,
    id: Option<[u8; 16]>,
    /// Ends of the partitions at the last look.
    ends: BTreeMap<i32, i64>,
    /// The partition that is read next.
    turn: usize,
    /// Read, and not yet gathered.
    ahead: VecDeque<Ahead>,
    gathered: Vec<Record>,
    bytes: usize,
    /// When what was gathered goes off.
    until: Option<Timestamp>,
    /// Next offsets after all that was gathered or left out.
    passed: BTreeMap<i32, i64>,
    /// What is committed.
    committed: BTreeMap<i32, i64>,
    /// Batches to be dealt with, the next one first.
    pub pieces: VecDeque<Piece>,
    /// Nothing is tried before.
    pub rest_until: Option<Timestamp>,
    patterns: filter::Patterns,
}

impl Lane {
    /// Nothing is in hand that another lane would have to read again.
    pub fn is_idle(&self) -> bool {
        self.ahead.is_empty() && self.gathered.is_empty() && self.pieces.is_empty() && self.rest_until.is_none()
    }
}

/// What was read.
enum Ahead {
    /// As it was read: what the function sees of it is many times as large.
    Read(Box<KafkaRecord>),
    Record(Box<Record>),
    /// All before this offset was read: what follows the last record is nobody's.
    Mark(i32, i64),
}

/// A batch, or what is left of one.
pub(super) struct Piece {
    pub records: Vec<Record>,
    /// Next offsets once all of it is dealt with.
    pub upto: BTreeMap<i32, i64>,
    /// How often the function failed with it.
    pub attempts: u32,
}

/// What a look works with.
pub(super) struct Look<'a> {
    pub topics: &'a Arc<Pollers>,
    /// Lambda itself.
    pub cx: &'a Context,
    /// The function's role.
    pub role: Context,
    pub key: &'a Key,
    pub turn: Turn,
    pub mapping: Mapping,
    pub topic: Topic,
    pub source: KafkaSource,
    pub port: Arc<dyn KafkaTopics>,
    pub opened: KafkaTopic,
}

/// Reads and deals with records until there are no more, or none may be dealt with now.
pub(super) async fn look(lambda: &Arc<Lambda>, cx: &Context, key: &Key, turn: Turn, lane: &mut Lane) -> Result<(), Problem> {
    let number = turn.lane;
    loop {
        // Where others have taken the lane's place, what is in hand is read again by them.
        let Some(lanes) = lambda.topics.lanes(key, turn) else { return Ok(()) };
        let Some(look) = open(&lambda.topics, cx, key, turn).await? else {
            *lane = Lane::default();
            return Ok(());
        };
        place(&look, number, lanes, lane).await?;
        if let Some(until) = lane.rest_until.filter(|until| cx.now() < *until) {
            fathom(&look, lane).await?;
            measure(&look, lane);
            lambda.topics.wake_at(cx.cloud(), key, number, until);
            return Ok(());
        }
        lane.rest_until = None;
        if !lane.pieces.is_empty() {
            deliver::next(lambda, &look, lane).await?;
            continue;
        }
        let dry = gather(&look, lane).await?;
        if let Some(piece) = ready(&look, lane, dry) {
            lane.pieces.push_back(piece);
            continue;
        }
        if dry {
            sleep(&look, number, lane).await?;
            return Ok(());
        }
    }
}

/// The mapping as it is now, and the way to its topic; `None` where it is gone or disabled.
pub(super) async fn open<'a>(topics: &'a Arc<Pollers>, cx: &'a Context, key: &'a Key, turn: Turn) -> Result<Option<Look<'a>>, Problem> {
    let found = cx.store().read(|s| s.get(&MAPPINGS, &key.0, &key.1));
    let found = found.map_err(|e| Problem::Function(e.to_string()))?;
    let Some(mapping) = found.filter(|m| m.enabled) else { return Ok(None) };
    let Some(topic) = mapping.kafka.clone() else { return Ok(None) };
    let port = cx.cloud().ports().kafka_topics().map_err(|fault| Trouble::Connection(fault.message))?;
    let (role, session) = login::enter(cx, &key.0, &mapping, &topic, topics.session(key)).await?;
    topics.remember(key, Some(session.clone()));
    let source = session.source().clone();
    let opened = port.open(&role, &source).await?;
    // A problem that is over is told no more.
    let mut status = topics.status(&key.0, &key.1);
    if status.reason.take().is_some() {
        status.result = super::Status::default().result;
        topics.note(cx, key, status);
    }
    Ok(Some(Look { topics, cx, role, key, turn, mapping, topic, source, port, opened }))
}

/// Learns where to read, at first and when the topic has got more partitions.
async fn place(look: &Look<'_>, number: usize, lanes: usize, lane: &mut Lane) -> Result<(), Problem> {
    let (partitions, id) = (look.opened.partitions, look.opened.id);
    if lane.id != id {
        // The topic was deleted and made anew: what is in hand was of the other one, and so are the offsets.
        *lane = Lane { id, ..Lane::default() };
    }
    if lane.partitions == partitions {
        return Ok(());
    }
    let start = match (look.topic.start.as_str(), look.topic.start_at) {
        ("TRIM_HORIZON", _) => KafkaStart::Oldest,
        ("AT_TIMESTAMP", Some(time)) => KafkaStart::At(time),
        _ => KafkaStart::Newest,
    };
    let all = look.port.positions(&look.role, &look.source, start).await?;
    let mine = all.into_iter().filter(|(n, _)| *n as usize % lanes == number);
    for (n, offset) in mine {
        lane.positions.entry(n).or_insert(offset);
        lane.committed.entry(n).or_insert(offset);
    }
    // One of brokers that tell no id may be another topic, too, and have fewer.
    lane.positions.retain(|n, _| *n < partitions);
    lane.partitions = partitions;
    Ok(())
}

/// Fills the batch from what is at hand, reading partitions by turns; true when no partition has more.
async fn gather(look: &Look<'_>, lane: &mut Lane) -> Result<bool, Problem> {
    let patterns = lane.patterns.of(&look.mapping.filters, "value");
    let most = look.mapping.batch_size.max(1) as usize;
    loop {
        while let Some(ahead) = lane.ahead.pop_front() {
            let record = match ahead {
                Ahead::Mark(n, next) => {
                    lane.passed.insert(n, next);
                    continue;
                }
                Ahead::Read(raw) => Box::new(Record::new(&look.topic.topic, *raw)),
                Ahead::Record(record) => record,
            };
            let wanted = filter::passes(&patterns, &record.value, record.text());
            let full = lane.gathered.len() >= most || (!lane.gathered.is_empty() && lane.bytes + record.bytes > MOST_BYTES);
            if wanted && full {
                lane.ahead.push_front(Ahead::Record(record));
                return Ok(false);
            }
            lane.passed.insert(record.raw.partition, record.raw.offset + 1);
            if wanted {
                if lane.gathered.is_empty() {
                    let window_ns = i128::from(look.topic.window_ms(&look.mapping)) * 1_000_000;
                    lane.until = Some(look.cx.now().plus_ns(window_ns));
                }
                lane.bytes += record.bytes + 1;
                lane.gathered.push(*record);
            }
        }
        if lane.gathered.len() >= most {
            return Ok(false);
        }
        if !read(look, lane).await? {
            return Ok(true);
        }
    }
}

/// Reads from the next partition that has something; false when none has.
async fn read(look: &Look<'_>, lane: &mut Lane) -> Result<bool, Problem> {
    let mine: Vec<i32> = lane.positions.keys().copied().collect();
    for step in 0..mine.len() {
        let n = mine[(lane.turn + step) % mine.len()];
        let at = lane.positions[&n];
        let read = look.port.read(&look.role, &look.source, n, at, READ_BYTES).await?;
        lane.ends.insert(n, read.end);
        if read.next == at && read.records.is_empty() {
            continue;
        }
        lane.turn = (lane.turn + step + 1) % mine.len();
        lane.positions.insert(n, read.next);
        lane.ahead.extend(read.records.into_iter().map(|raw| Ahead::Read(Box::new(raw))));
        lane.ahead.push_back(Ahead::Mark(n, read.next));
        return Ok(true);
    }
    Ok(false)
}

/// The batch that goes off now: when it is full or its window is over.
fn ready(look: &Look<'_>, lane: &mut Lane, dry: bool) -> Option<Piece> {
    if lane.gathered.is_empty() {
        return None;
    }
    let over = lane.until.is_none_or(|until| until <= look.cx.now());
    if dry && !over {
        return None;
    }
    let mut records = std::mem::take(&mut lane.gathered);
    records.sort_by_key(|record| (record.raw.partition, record.raw.offset));
    (lane.bytes, lane.until) = (0, None);
    Some(Piece { records, upto: lane.passed.clone(), attempts: 0 })
}

/// Commits what filters left out, tells the lag, and says when to look again.
async fn sleep(look: &Look<'_>, number: usize, lane: &mut Lane) -> Result<(), Problem> {
    if lane.gathered.is_empty() {
        commit(look, lane, lane.passed.clone()).await?;
    }
    measure(look, lane);
    widen(look, lane);
    if let Some(at) = lane.until {
        look.topics.wake_at(look.cx.cloud(), look.key, number, at);
    }
    Ok(())
}

/// Commits next offsets, as far as they are beyond what is committed.
pub(super) async fn commit(look: &Look<'_>, lane: &mut Lane, upto: BTreeMap<i32, i64>) -> Result<(), Problem> {
    let new: Vec<(i32, i64)> = upto.into_iter().filter(|(n, offset)| lane.committed.get(n).is_none_or(|at| at < offset)).collect();
    if !new.is_empty() {
        look.port.commit(&look.role, &look.source, new.clone()).await?;
        lane.committed.extend(new);
    }
    Ok(())
}

/// Learns where the partitions end, for a lane that reads none of them while it waits to try a batch again.
async fn fathom(look: &Look<'_>, lane: &mut Lane) -> Result<(), Problem> {
    for (n, at) in &lane.positions {
        let read = look.port.read(&look.role, &look.source, *n, *at, 1).await?;
        lane.ends.insert(*n, read.end);
    }
    Ok(())
}

/// The records between what was committed and the topic's end, of the partition that is furthest behind.
fn lag(lane: &Lane) -> i64 {
    let behind = |(n, end): (&i32, &i64)| end - lane.committed.get(n).unwrap_or(end);
    lane.ends.iter().map(behind).max().unwrap_or(0).max(0)
}

/// Tells OffsetLag.
pub(super) fn measure(look: &Look<'_>, lane: &Lane) {
    let (function, uuid) = (look.mapping.function.as_str(), look.key.1.as_str());
    let measured = Measured {
        namespace: "AWS/Lambda",
        under: &[&[("FunctionName", function)], &[("EventSourceMappingUUID", uuid), ("FunctionName", function)]],
        values: &[("OffsetLag", "Count", lag(lane) as f64)],
    };
    look.cx.cloud().ports().measure(&look.key.0, look.cx.now(), &measured);
}

/// A mapping that is more than a batch behind gets as many pollers as it may have; AWS adds them as the lag stays. They are taken away again when it
/// is no more for a while. Asked only where no batch waits to be tried again: new lanes would count its tries anew.
pub(super) fn widen(look: &Look<'_>, lane: &Lane) {
    if lag(lane) > i64::from(look.mapping.batch_size) {
        look.topics.widen(look.key, look.turn, look.topic.most_lanes(look.opened.partitions), look.cx.now());
    }
}
