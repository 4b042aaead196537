//! The broker as the rest of the process uses it, without a connection: topics read as read_committed consumers see them, offsets of groups,
//! records written. Permissions are the caller's business.

use crate::{
    Broker,
    groups::offsets,
    ledger::{Change, OffsetRow},
    log::{
        admit::Admitted,
        batch::{self, Draft, Head},
        encode::Plain,
        records::{self, Record},
    },
    topics::{Partition, Topic, TopicError},
    transactions,
};
use std::{collections::BTreeMap, io, sync::Arc};

/// What is called when logs may have grown.
pub type Bell = Arc<dyn Fn() + Send + Sync>;

/// What was read of a partition.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Records that are stable and of no aborted transaction, from the asked offset on.
    pub records: Vec<Record>,
    /// The offset to go on at.
    pub next: i64,
    /// The end of what is stable.
    pub end: i64,
}

/// A record to be written; the time is the clock's.
#[derive(Clone, Debug, Default)]
pub struct Fresh {
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value; absent is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Broker {
    /// A partition, if the broker is up and the partition has a leader: who is inside is no better off than who connects.
    fn place(&self, topic: &str, n: i32) -> Result<(Arc<Topic>, Arc<Partition>), TopicError> {
        self.refuse_if_down()?;
        let (found, partition) = self.shared.topics.partition(topic, n).ok_or(TopicError::Unknown)?;
        match partition.led() {
            true => Ok((found, partition)),
            false => Err(io::Error::new(io::ErrorKind::NotConnected, format!("{topic}-{n} has no leader")).into()),
        }
    }

    /// First offset of a partition, and the end of what is stable.
    pub fn range(&self, topic: &str, n: i32) -> Result<(i64, i64), TopicError> {
        let (found, partition) = self.place(topic, n)?;
        transactions::expire(&self.shared).map_err(io::Error::other)?;
        Ok(partition.trimmed(&found.keeping(), self.shared.now_ms(), |log| Ok((log.start(), log.stable())))?)
    }

    /// The first offset whose record is of this time or later; the end of what is stable where there is none.
    pub fn offset_at(&self, topic: &str, n: i32, time_ms: i64) -> Result<i64, TopicError> {
        let (_, end) = self.range(topic, n)?;
        let (_, partition) = self.shared.topics.partition(topic, n).ok_or(TopicError::Unknown)?;
        let found = partition.with(|log| log.find_time(time_ms))?;
        Ok(found.map(|(offset, _)| offset).filter(|offset| *offset < end).unwrap_or(end))
    }

    /// Records from an offset on, whole batches of about `most_bytes`. An offset that is not in the log goes on at its start.
    pub fn read(&self, topic: &str, n: i32, offset: i64, most_bytes: usize) -> Result<Chunk, TopicError> {
        let (_, end) = self.range(topic, n)?;
        let (_, partition) = self.shared.topics.partition(topic, n).ok_or(TopicError::Unknown)?;
        let (from, (bytes, undated), aborted) = partition.with(|log| -> io::Result<_> {
            let from = if (log.start()..=log.next()).contains(&offset) { offset } else { log.start() };
            let bytes = if from < end { log.read_dated(from, most_bytes, end)? } else { Default::default() };
            Ok((from, bytes, log.aborted(from, end)))
        })?;
        let mut chunk = Chunk { records: Vec::new(), next: from, end };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let head = Head::read(rest).map_err(io::Error::other)?;
            let none = |a: &crate::log::producers::Aborted| a.producer == head.producer && (a.first..=a.last).contains(&head.base);
            let hidden = head.control() || head.transactional() && aborted.iter().any(none);
            if !hidden {
                let records = records::read(&rest[..head.bytes]).map_err(io::Error::other)?;
                let appended = batch::dated(rest).unwrap_or(undated);
                let seen = records.into_iter().filter(|record| record.offset >= from);
                chunk.records.extend(seen.map(|record| Record { appended, ..record }));
            }
            chunk.next = head.last() + 1;
            rest = &rest[head.bytes..];
        }
        Ok(chunk)
    }

    /// What a group has committed of a topic: next offsets by partition.
    pub fn committed(&self, group: &str, topic: &str) -> BTreeMap<i32, i64> {
        self.shared.ledger.read(|state| {
            let offsets = state.offsets.get(group).into_iter().flatten();
            offsets.filter(|((of, _), _)| of == topic).map(|((_, n), row)| (*n, row.offset)).collect()
        })
    }

    /// Somebody inside the process reads for a group: its offsets are kept as those of a group with members, until the broker starts again.
    pub fn hold(&self, group: &str) -> io::Result<()> {
        match self.shared.ledger.read(|state| state.groups.get(group) == Some(&None)) {
            true => Ok(()),
            false => self.shared.ledger.write(vec![Change::Group(group.to_owned(), None)]),
        }
    }

    /// Commits next offsets for a group; written down when this returns.
    pub fn commit(&self, group: &str, topic: &str, next: &[(i32, i64)]) -> io::Result<()> {
        self.refuse_if_down()?;
        let at = self.shared.now_ms();
        let row = |offset| OffsetRow { offset, leader_epoch: -1, metadata: String::new(), at };
        let change = |(n, offset): &(i32, i64)| Change::Offset(group.to_owned(), topic.to_owned(), *n, row(*offset));
        offsets::commit(&self.shared, group, next.iter().map(change).collect())
    }

    /// Appends records to a partition as one batch; the offset of the first.
    pub async fn append(&self, topic: &str, n: i32, records: &[Fresh]) -> Result<i64, TopicError> {
        let (found, partition) = self.place(topic, n)?;
        let now = self.shared.now_ms();
        let batch = encode(records, now);
        let keeping = found.keeping();
        let appended = Admitted::check(&batch, &keeping).and_then(|batches| partition.append(&batches, &keeping, now));
        let (appended, file) = appended.map_err(|error| TopicError::Config(error.to_string()))?;
        self.shared.sync(file.into_iter().collect()).await?;
        self.shared.relieve().await?;
        Ok(appended.base)
    }

    /// Has a bell rung whenever a log may have grown or become readable, before the producer is answered.
    pub fn watch(&self, bell: Bell) {
        self.shared.topics.bells.write().push(bell);
    }
}

/// A batch of records of one time.
fn encode(records: &[Fresh], now_ms: i64) -> Vec<u8> {
    let plain = |record| {
        let Fresh { key, value, headers }: &Fresh = record;
        let headers = headers.iter().map(|(name, value)| (&**name, Some(&**value))).collect();
        Plain { key: key.as_deref(), value: value.as_deref(), headers, time_ms: now_ms }
    };
    Draft::default().of(records.iter().map(plain))
}
