//! Producing: messages to partitions, acknowledged by all, alone or in a transaction.

use super::{ANY, Client, ClientError, check};
use crate::{
    call::text,
    log::{batch::Draft, encode::Plain},
};
use bytes::Bytes;
use kafka_protocol::messages::{
    AddPartitionsToTxnRequest, EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest, ProducerId, TopicName,
    TransactionalId,
    add_partitions_to_txn_request::AddPartitionsToTxnTopic,
    produce_request::{PartitionProduceData, TopicProduceData},
};
use std::{collections::BTreeMap, time::Duration};

/// How long a broker may take over it, milliseconds.
const TIMEOUT_MS: i32 = 30_000;
/// Longest transaction, milliseconds of the broker's clock.
const TRANSACTION_MS: i32 = 60_000;

/// Attribute of a batch that belongs to a transaction.
const TRANSACTIONAL: i16 = 0x10;

/// A message to be produced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Key, which chooses the partition unless it is told.
    pub key: Option<Bytes>,
    /// Value; without one it is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Milliseconds; now if not told.
    pub time_ms: Option<i64>,
    /// Partition, if it is not the key's.
    pub partition: Option<i32>,
}

/// Where a message came to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Readers see it.
    Commit,
    /// Readers of what is committed don't.
    Abort,
    /// Left open: readers of what is committed wait behind it.
    Open,
}

/// A producer of a transaction.
struct Producer<'a> {
    id: i64,
    epoch: i16,
    transaction: &'a str,
    coordinator: i32,
}

impl Client {
    /// Produces messages; where each came to lie, in the order given. `now_ms` is the time of those that have none.
    pub async fn produce(&mut self, topic: &str, messages: &[Message], now_ms: i64) -> Result<Vec<Placed>, ClientError> {
        self.send(topic, messages, now_ms, None).await
    }

    /// The same in a transaction of this transactional id.
    pub async fn transact(
        &mut self,
        id: &str,
        topic: &str,
        messages: &[Message],
        now_ms: i64,
        ending: Ending,
    ) -> Result<Vec<Placed>, ClientError> {
        let producer = self.begin(id).await?;
        let placed = self.send(topic, messages, now_ms, Some(&producer)).await?;
        if ending != Ending::Open {
            let request = EndTxnRequest::default()
                .with_transactional_id(TransactionalId(text(id)))
                .with_producer_id(ProducerId(producer.id))
                .with_producer_epoch(producer.epoch)
                .with_committed(ending == Ending::Commit);
            let answer = self.ask(producer.coordinator, 3, request, Duration::ZERO).await?;
            check(answer.error_code, || format!("transaction {id}"), None)?;
        }
        Ok(placed)
    }

    async fn begin<'a>(&mut self, id: &'a str) -> Result<Producer<'a>, ClientError> {
        self.metadata(Some(&[])).await?;
        let request = FindCoordinatorRequest::default().with_key(text(id)).with_key_type(1);
        let found = self.ask(ANY, 3, request, Duration::ZERO).await?;
        check(found.error_code, || format!("transaction {id}"), None)?;
        let coordinator = *found.node_id;
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(text(id))))
            .with_transaction_timeout_ms(TRANSACTION_MS);
        let answer = self.ask(coordinator, 3, request, Duration::ZERO).await?;
        check(answer.error_code, || format!("transaction {id}"), None)?;
        Ok(Producer { id: *answer.producer_id, epoch: answer.producer_epoch, transaction: id, coordinator })
    }

    async fn send(
        &mut self,
        topic: &str,
        messages: &[Message],
        now_ms: i64,
        producer: Option<&Producer<'_>>,
    ) -> Result<Vec<Placed>, ClientError> {
        let leaders = self.leaders(topic).await?;
        let mut by_partition: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (n, message) in messages.iter().enumerate() {
            by_partition.entry(partition_of(message, n, leaders.len())).or_default().push(n);
        }
        if let Some(producer) = producer {
            self.enlist(producer, topic, by_partition.keys().copied().collect()).await?;
        }
        let mut placed = vec![Placed { partition: -1, offset: -1 }; messages.len()];
        for (partition, numbers) in by_partition {
            let about = || format!("{topic}-{partition}");
            let leader = usize::try_from(partition).ok().and_then(|n| leaders.get(n)).copied();
            // UNKNOWN_TOPIC_OR_PARTITION, as a broker would say.
            let Some(leader) = leader else { return Err(check(3, about, None).expect_err("an error")) };
            let batch = encode(numbers.iter().map(|n| &messages[*n]), now_ms, producer);
            let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch.into()));
            let data = TopicProduceData::default().with_name(TopicName(text(topic))).with_partition_data(vec![data]);
            let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(TIMEOUT_MS).with_topic_data(vec![data]);
            let request = request.with_transactional_id(producer.map(|p| TransactionalId(text(p.transaction))));
            let answer = self.ask(leader, 8, request, Duration::ZERO).await?;
            let told = answer.responses.into_iter().next().and_then(|t| t.partition_responses.into_iter().next()).unwrap_or_default();
            check(told.error_code, about, told.error_message.as_ref().map(|m| m.as_str()))?;
            for (at, n) in numbers.into_iter().enumerate() {
                placed[n] = Placed { partition, offset: told.base_offset + at as i64 };
            }
        }
        Ok(placed)
    }

    async fn enlist(&mut self, producer: &Producer<'_>, topic: &str, partitions: Vec<i32>) -> Result<(), ClientError> {
        let added = AddPartitionsToTxnTopic::default().with_name(TopicName(text(topic))).with_partitions(partitions);
        let request = AddPartitionsToTxnRequest::default()
            .with_v3_and_below_transactional_id(TransactionalId(text(producer.transaction)))
            .with_v3_and_below_producer_id(ProducerId(producer.id))
            .with_v3_and_below_producer_epoch(producer.epoch)
            .with_v3_and_below_topics(vec![added]);
        let answer = self.ask(producer.coordinator, 3, request, Duration::ZERO).await?;
        let mut outcomes = answer.results_by_topic_v3_and_below.iter().flat_map(|t| &t.results_by_partition);
        outcomes.try_for_each(|p| check(p.partition_error_code, || format!("{topic}-{}", p.partition_index), None))
    }
}

fn encode<'m>(messages: impl Iterator<Item = &'m Message>, now_ms: i64, producer: Option<&Producer<'_>>) -> Vec<u8> {
    let draft = producer.map_or_else(Draft::default, |p| Draft {
        attributes: TRANSACTIONAL,
        producer: p.id,
        epoch: p.epoch,
        sequence: 0,
        ..Draft::default()
    });
    draft.of(messages.map(|message| Plain {
        key: message.key.as_deref(),
        value: message.value.as_deref(),
        headers: message.headers.iter().map(|(name, value)| (&**name, value.as_deref())).collect(),
        time_ms: message.time_ms.unwrap_or(now_ms),
    }))
}

/// The partition that was told, the one that Java's producer gives a key, or one after the other.
fn partition_of(message: &Message, n: usize, partitions: usize) -> i32 {
    let partitions = partitions.max(1);
    match (message.partition, &message.key) {
        (Some(partition), _) => partition,
        (None, Some(key)) => ((murmur2(key) & 0x7fff_ffff) as usize % partitions) as i32,
        (None, None) => (n % partitions) as i32,
    }
}

/// MurmurHash2 as Kafka's Java client has it (Apache Kafka's documentation of its default partitioner), so that keys go where they go there.
fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ bytes.len() as u32;
    let mut chunks = bytes.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().expect("four bytes")).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_where_java_clients_send_them() {
        // Values of Apache Kafka's own test of its hash.
        let known: [(&[u8], i32); 5] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"abc", 479_470_107),
        ];
        for (key, hash) in known {
            assert_eq!(murmur2(key) as i32, hash, "{}", String::from_utf8_lossy(key));
        }
    }
}
