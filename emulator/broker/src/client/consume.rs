//! Reading: partitions from offsets on, without a group, until there is enough or nothing comes any more.

use super::{Client, ClientError, Record, check};
use crate::{call::text, log::batch::Head, log::records};
use bytes::Bytes;
use kafka_protocol::messages::{
    FetchRequest, TopicName,
    fetch_request::{FetchPartition, FetchTopic},
    fetch_response::PartitionData,
};
use std::{collections::HashSet, time::Duration};

/// Most bytes of one answer.
const FETCH_MAX_BYTES: i32 = 16 << 20;
/// Longest wait of one request, milliseconds; partitions are asked one after the other.
const ROUND_MS: i64 = 250;

/// Where to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// The oldest that there is.
    Earliest,
    /// What comes from now on.
    Latest,
    /// The first at or after a time, milliseconds.
    Time(i64),
    /// Each partition at its offset.
    Offsets(Vec<i64>),
}

/// Whether records of transactions that are open or were aborted are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// They are.
    ReadUncommitted,
    /// They aren't.
    ReadCommitted,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Partition and record, by partition in order of offset.
    pub records: Vec<(i32, Record)>,
    /// Where each partition goes on.
    pub next: Vec<i64>,
}

/// What one answer had of a partition.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Records in order.
    pub records: Vec<Record>,
    /// Where to go on.
    pub next: i64,
    /// The end of what can be read.
    pub end: i64,
}

impl Client {
    /// A partition from an offset on, whole batches of about `most_bytes`, without waiting. An offset that is not there goes on at the start.
    pub async fn slice(&mut self, topic: &str, n: i32, offset: i64, most_bytes: i32, isolation: Isolation) -> Result<Slice, ClientError> {
        let leaders = match self.leaders.get(topic) {
            Some(leaders) => leaders.clone(),
            None => self.leaders(topic).await?,
        };
        let leader = usize::try_from(n).ok().and_then(|n| leaders.get(n)).copied();
        let leader = leader.ok_or_else(|| check(3, || format!("{topic}-{n}"), None).expect_err("an error"))?;
        let mut asked = Asked { topic, n, offset, most_bytes, wait_ms: 0, isolation };
        let answered = match self.fetch(leader, asked).await {
            Err(error) if error.code() == "OFFSET_OUT_OF_RANGE" => {
                asked.offset = self.offsets(topic, -2, isolation == Isolation::ReadCommitted).await?.get(n as usize).copied().unwrap_or(0);
                self.fetch(leader, asked).await
            }
            answered => answered,
        };
        match answered.is_ok() {
            true => self.leaders.insert(topic.to_owned(), leaders),
            false => self.leaders.remove(topic),
        };
        answered
    }

    /// Reads a topic until `max` records are there or nothing came for `within`, in real time.
    pub async fn read(
        &mut self,
        topic: &str,
        from: Position,
        max: usize,
        within: Duration,
        isolation: Isolation,
    ) -> Result<Reading, ClientError> {
        let mut next = self.positions(topic, from, isolation).await?;
        let leaders = self.leaders(topic).await?;
        let mut reading = Reading::default();
        let end = self.clock.real_now().millis() + within.as_millis() as i64;
        loop {
            let mut came = false;
            for (n, leader) in leaders.iter().enumerate() {
                let left = end - self.clock.real_now().millis();
                let wait = if came || reading.records.len() >= max { 0 } else { left.clamp(0, ROUND_MS) / leaders.len().max(1) as i64 };
                if reading.records.len() < max {
                    let asked = Asked { topic, n: n as i32, offset: next[n], most_bytes: FETCH_MAX_BYTES, wait_ms: wait, isolation };
                    let Slice { records, next: after, .. } = self.fetch(*leader, asked).await?;
                    came |= after > next[n];
                    let room = max - reading.records.len();
                    // What is beyond the wanted number is left for the next reading.
                    next[n] = records.get(room).map_or(after, |first_left| first_left.offset);
                    reading.records.extend(records.into_iter().take(room).map(|record| (n as i32, record)));
                }
            }
            if reading.records.len() >= max || (!came && self.clock.real_now().millis() >= end) {
                reading.records.sort_by_key(|(partition, record)| (*partition, record.offset));
                reading.next = next;
                return Ok(reading);
            }
        }
    }

    /// The offsets at which a position begins, by partition.
    async fn positions(&mut self, topic: &str, from: Position, isolation: Isolation) -> Result<Vec<i64>, ClientError> {
        let committed = isolation == Isolation::ReadCommitted;
        match from {
            Position::Earliest => self.offsets(topic, -2, committed).await,
            Position::Latest => self.offsets(topic, -1, committed).await,
            Position::Time(time) => {
                let (found, ends) = (self.offsets(topic, time, committed).await?, self.offsets(topic, -1, committed).await?);
                Ok(found.into_iter().zip(ends).map(|(found, end)| if found < 0 { end } else { found }).collect())
            }
            Position::Offsets(offsets) => {
                let starts = self.offsets(topic, -2, committed).await?;
                Ok(starts.into_iter().enumerate().map(|(n, start)| offsets.get(n).copied().filter(|o| *o >= 0).unwrap_or(start)).collect())
            }
        }
    }

    async fn fetch(&mut self, leader: i32, asked: Asked<'_>) -> Result<Slice, ClientError> {
        let Asked { topic, n, offset, most_bytes, wait_ms, isolation } = asked;
        let partition = FetchPartition::default().with_partition(n).with_fetch_offset(offset).with_partition_max_bytes(most_bytes);
        let asked = FetchTopic::default().with_topic(TopicName(text(topic))).with_partitions(vec![partition]);
        let request = FetchRequest::default()
            .with_max_wait_ms(wait_ms as i32)
            .with_min_bytes(1)
            .with_max_bytes(most_bytes)
            .with_isolation_level(i8::from(isolation == Isolation::ReadCommitted))
            .with_topics(vec![asked]);
        let answer = self.ask(leader, 11, request, Duration::from_millis(wait_ms as u64)).await?;
        check(answer.error_code, || topic.to_owned(), None)?;
        let data = answer.responses.into_iter().next().and_then(|t| t.partitions.into_iter().next()).unwrap_or_default();
        check(data.error_code, || format!("{topic}-{n}"), None)?;
        let (records, next) = visible(&data, offset).map_err(|e| ClientError::Refused {
            about: format!("{topic}-{n}"),
            code: "CORRUPT_MESSAGE".into(),
            message: format!(": {e}"),
        })?;
        let end = if isolation == Isolation::ReadCommitted { data.last_stable_offset } else { data.high_watermark };
        Ok(Slice { records, next, end })
    }
}

/// What is asked of a partition's leader.
#[derive(Clone, Copy)]
struct Asked<'a> {
    topic: &'a str,
    n: i32,
    offset: i64,
    most_bytes: i32,
    wait_ms: i64,
    isolation: Isolation,
}

/// The records of an answer that a reader sees, and where it goes on: control batches and what was aborted are left out.
fn visible(data: &PartitionData, offset: i64) -> Result<(Vec<Record>, i64), crate::log::batch::BatchError> {
    let mut aborted: Vec<(i64, i64)> = data.aborted_transactions.iter().flatten().map(|a| (a.first_offset, *a.producer_id)).collect();
    aborted.sort_unstable();
    let mut aborted = aborted.into_iter().peekable();
    let (mut begun, mut seen, mut next) = (HashSet::new(), Vec::new(), offset);
    let mut bytes: Bytes = data.records.clone().unwrap_or_default();
    // The last batch may be cut off: it comes whole with the next request.
    while let Some(head) = Head::read(&bytes).ok().filter(|head| head.bytes <= bytes.len()) {
        let batch = bytes.split_to(head.bytes);
        while let Some((_, producer)) = aborted.next_if(|(first, _)| *first <= head.last()) {
            begun.insert(producer);
        }
        let hidden = head.transactional() && begun.contains(&head.producer);
        if head.control() {
            begun.remove(&head.producer);
        } else if !hidden {
            seen.extend(records::read(&batch)?.into_iter().filter(|record| record.offset >= offset));
        }
        next = next.max(head.last() + 1);
    }
    Ok((seen, next))
}
