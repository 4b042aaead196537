//! Fetch: batches from the asked offsets on, or a wait until there are enough. A read_committed reader gets what is stable and is told
//! which transactions to leave out.

use crate::{auth::Resource, call::Call, log::producers::Aborted, room, topics::Topic, transactions};
use bytes::Bytes;
use kafka_protocol::{
    ResponseError as E,
    messages::{
        FetchRequest, FetchResponse, ProducerId,
        fetch_request::{FetchPartition, FetchTopic},
        fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData},
    },
};
use std::{sync::Arc, time::Duration};

/// Longest wait, whatever a client asks for.
const WAIT_MAX_MS: i32 = 300_000;

/// One round over the asked partitions.
struct Round {
    responses: Vec<FetchableTopicResponse>,
    bytes: usize,
    /// Something is to be told at once.
    urgent: bool,
}

pub(super) async fn answer(call: &Call<'_>, request: FetchRequest) -> FetchResponse {
    // Sessions of fetches are not kept: id 0 says so, and the client names all partitions each time.
    if request.session_id != 0 {
        return FetchResponse::default().with_error_code(E::FetchSessionIdNotFound.code());
    }
    let mut end = call.broker.real_ms() + i64::from(request.max_wait_ms.clamp(0, WAIT_MAX_MS));
    let topics: Vec<Option<Arc<Topic>>> = request.topics.iter().map(|topic| find(call, topic)).collect();
    let most = usize::try_from(request.max_bytes).unwrap_or(0).min(call.broker.options.limits.fetch_max_bytes);
    loop {
        watch(call, &request, &topics);
        // Nobody waits for data with room in hand, nor for room with data.
        let Ok(mut room) = call.broker.room.answer(most).await else {
            return FetchResponse::default().with_error_code(E::KafkaStorageError.code());
        };
        // What is too old by now, however the clock was moved, is seen by nobody.
        if let Err(error) = transactions::expire(call.broker) {
            return FetchResponse::default().with_error_code(error.code());
        }
        let round = look(call, &request, &topics, most);
        room::shrink(&mut room, round.bytes);
        let left = end - call.broker.real_ms();
        if round.urgent || round.bytes as i64 >= i64::from(request.min_bytes) || left <= 0 {
            call.broker.metrics.count(|m| &m.fetch_bytes, round.bytes as u64);
            call.hold(room);
            return FetchResponse::default().with_responses(round.responses);
        }
        drop((round, room));
        if call.parked(Duration::from_millis(left as u64), call.notify.notified()).await {
            end = 0;
        }
    }
}

fn find(call: &Call<'_>, asked: &FetchTopic) -> Option<Arc<Topic>> {
    match call.version >= 13 {
        true => call.broker.topics.by_id(asked.topic_id.as_bytes()),
        false => call.broker.topics.get(&asked.topic),
    }
}

/// Registers with each partition before it is looked at, so that nothing that comes in between is missed.
fn watch(call: &Call<'_>, request: &FetchRequest, topics: &[Option<Arc<Topic>>]) {
    for (asked, topic) in request.topics.iter().zip(topics) {
        let Some(topic) = topic else { continue };
        asked.partitions.iter().filter_map(|p| topic.partition(p.partition)).for_each(|partition| partition.watch(call.notify));
    }
}

fn look(call: &Call<'_>, request: &FetchRequest, topics: &[Option<Arc<Topic>>], most: usize) -> Round {
    let mut round = Round { responses: Vec::new(), bytes: 0, urgent: false };
    let committed = request.isolation_level == 1;
    for (asked, topic) in request.topics.iter().zip(topics) {
        let mut partitions = Vec::new();
        let may = topic.as_ref().is_some_and(|topic| call.may("ReadData", Resource::Topic(&topic.name)));
        for wanted in &asked.partitions {
            let room = most.saturating_sub(round.bytes);
            let found = match topic {
                None if call.version >= 13 => Err(E::UnknownTopicId),
                None => Err(E::UnknownTopicOrPartition),
                Some(_) if !may => Err(E::TopicAuthorizationFailed),
                Some(topic) => read(call, topic, wanted, committed, room, round.bytes == 0),
            };
            let data = match found {
                Ok(data) => data,
                Err(error) => {
                    round.urgent = true;
                    let empty = PartitionData::default().with_high_watermark(-1).with_records(Some(Bytes::new()));
                    empty.with_error_code(error.code())
                }
            };
            round.urgent |= data.error_code != 0;
            round.bytes += data.records.as_ref().map_or(0, Bytes::len);
            partitions.push(data.with_partition_index(wanted.partition));
        }
        let response = FetchableTopicResponse::default().with_partitions(partitions);
        round.responses.push(match call.version >= 13 {
            true => response.with_topic_id(asked.topic_id),
            false => response.with_topic(asked.topic.clone()),
        });
    }
    round
}

fn read(call: &Call<'_>, topic: &Topic, wanted: &FetchPartition, committed: bool, room: usize, first: bool) -> Result<PartitionData, E> {
    call.refused()?;
    let partition = topic.partition(wanted.partition).ok_or(E::UnknownTopicOrPartition)?;
    if !partition.led() {
        return Err(E::NotLeaderOrFollower);
    }
    if call.version >= 9 && wanted.current_leader_epoch > 0 {
        return Err(E::UnknownLeaderEpoch);
    }
    let offset = wanted.fetch_offset;
    let max = usize::try_from(wanted.partition_max_bytes).unwrap_or(0).min(room);
    let read = partition.trimmed(&topic.keeping(), call.now_ms(), |log| {
        let until = if committed { log.stable() } else { log.next() };
        let inside = (log.start()..=log.next()).contains(&offset);
        let records = match inside && offset < until && (max > 0 || first) {
            true => log.read(offset, max, until)?,
            false => Bytes::new(),
        };
        let aborted = if committed && !records.is_empty() { log.aborted(offset, until) } else { Vec::new() };
        Ok((inside, log.start(), log.next(), log.stable(), records, aborted))
    });
    let (inside, start, next, stable, records, aborted) = read.map_err(|_| E::KafkaStorageError)?;
    let told = |a: Aborted| AbortedTransaction::default().with_producer_id(ProducerId(a.producer)).with_first_offset(a.first);
    let data = PartitionData::default()
        .with_high_watermark(next)
        .with_last_stable_offset(stable)
        .with_aborted_transactions(committed.then(|| aborted.into_iter().map(told).collect()))
        .with_records(Some(records));
    let data = if call.version >= 5 { data.with_log_start_offset(start) } else { data };
    Ok(if inside { data } else { data.with_error_code(E::OffsetOutOfRange.code()) })
}
