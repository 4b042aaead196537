//! What the cloud's clock decides: retention, transactions that take too long, offsets of groups that are gone.

use crate::{
    client::{Client, record, s},
    site::Site,
};
use kafka_protocol::{
    ResponseError,
    messages::{
        AddPartitionsToTxnRequest, ConsumerGroupHeartbeatRequest, EndTxnRequest, InitProducerIdRequest, OffsetCommitRequest,
        OffsetFetchRequest, ProducerId, TopicName, TransactionalId,
        add_partitions_to_txn_request::AddPartitionsToTxnTopic,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    },
};
use std::time::Duration;

#[tokio::test]
async fn records_are_gone_after_their_time() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("week", 1, &[]).await;
    assert_eq!(client.produce("week", site.now_ms(), &["old"]).await, (0, 0));
    site.advance(6 * 86_400).await;
    assert_eq!(client.produce("week", site.now_ms(), &["new"]).await, (0, 1));
    assert_eq!(client.values("week", 0, false).await.0, ["old", "new"]);
    site.advance(7 * 86_400 + 1).await;
    assert_eq!(client.offset("week", -2).await, 2, "both were in one segment, whose youngest record counts");
    let late = client.fetch("week", 0, false, 0).await;
    assert_eq!(late.responses[0].partitions[0].error_code, ResponseError::OffsetOutOfRange.code());
}

#[tokio::test]
async fn records_of_clients_in_real_time_are_as_old_as_the_clock_says() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("week", 1, &[]).await;
    site.advance(30 * 86_400).await;
    // The client's clock was not moved.
    let real = site.now_ms() - 30 * 86_400_000;
    assert_eq!(client.produce("week", real, &["a", "b"]).await, (0, 0));
    assert_eq!(client.values("week", 0, false).await.0, ["a", "b"]);
    site.advance(6 * 86_400).await;
    assert_eq!((client.values("week", 0, false).await.0.len(), client.offset("week", real).await), (2, 0));
    let inside = site.broker.read("week", 0, 0, 1 << 20).unwrap().records;
    assert_eq!((inside[0].time, inside[0].appended), (real, real + 30 * 86_400_000));
    site.advance(86_400 + 1).await;
    assert_eq!(client.offset("week", -2).await, 2);
}

#[tokio::test]
async fn tombstones_and_old_values_go_without_another_record() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    let lag =
        [("cleanup.policy", "compact"), ("min.compaction.lag.ms", "30000"), ("delete.retention.ms", "60000"), ("segment.bytes", "1024")];
    client.create("t", 1, &lag).await;
    let tombstone = kafka_protocol::records::Record { key: Some("gone".into()), value: None, ..record(0, 1, "") };
    assert_eq!(client.send("t", None, &[tombstone]).await.responses[0].partition_responses[0].error_code, 0);
    client.produce("t", 1, &["old", "new"]).await;
    // The segment is closed by one that doesn't fit into it.
    client.produce("t", 1, &[&"x".repeat(1_000)]).await;
    let mut left = async |site: &Site| {
        // Whoever asks from outside comes after what was due.
        client.offset("t", -2).await;
        let (mut offsets, mut at) = (Vec::new(), 0);
        while at < 4 {
            let chunk = site.broker.read("t", 0, at, 1 << 20).unwrap();
            offsets.extend(chunk.records.iter().map(|r| r.offset));
            at = chunk.next;
        }
        offsets
    };
    assert_eq!(left(&site).await, [0, 1, 2, 3]);
    site.advance(31).await;
    assert_eq!(left(&site).await, [0, 2, 3], "the closed segment is past its lag");
    site.advance(30).await;
    assert_eq!(left(&site).await, [2, 3], "and now the tombstone is past its time");
}

#[tokio::test]
async fn offsets_are_found_by_the_time_of_the_clock() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[("message.timestamp.type", "LogAppendTime")]).await;
    let start = site.now_ms();
    for n in 0..5 {
        // The producer's clock is wrong; the topic doesn't ask it.
        client.produce("t", 7, &[&n.to_string()]).await;
        site.advance(60).await;
    }
    assert_eq!(client.offset("t", start + 60_001).await, 2);
    assert_eq!(client.offset("t", start + 60_000).await, 1);
    assert_eq!(client.offset("t", start + 999_000).await, -1);
    assert_eq!((client.offset("t", -1).await, client.offset("t", -3).await), (5, 4));
}

pub struct Transaction {
    id: i64,
    epoch: i16,
}

pub async fn begin(client: &mut Client, topic: &str, timeout_ms: i32) -> Transaction {
    let init =
        InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(s("tx")))).with_transaction_timeout_ms(timeout_ms);
    let init = client.call(4, init).await;
    assert_eq!(init.error_code, 0);
    let transaction = Transaction { id: *init.producer_id, epoch: init.producer_epoch };
    let topic = AddPartitionsToTxnTopic::default().with_name(TopicName(s(topic))).with_partitions(vec![0]);
    let add = AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(TransactionalId(s("tx")))
        .with_v3_and_below_producer_id(ProducerId(transaction.id))
        .with_v3_and_below_producer_epoch(transaction.epoch)
        .with_v3_and_below_topics(vec![topic]);
    let added = client.call(3, add).await;
    assert_eq!(added.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code, 0);
    transaction
}

pub async fn write(client: &mut Client, topic: &str, transaction: &Transaction, sequence: i32, value: &str) -> i16 {
    let mut record = record(0, 1, value);
    (record.transactional, record.producer_id, record.producer_epoch) = (true, transaction.id, transaction.epoch);
    record.sequence = sequence;
    client.send(topic, Some("tx"), &[record]).await.responses[0].partition_responses[0].error_code
}

pub async fn end(client: &mut Client, transaction: &Transaction, commit: bool) -> i16 {
    let request = EndTxnRequest::default()
        .with_transactional_id(TransactionalId(s("tx")))
        .with_producer_id(ProducerId(transaction.id))
        .with_producer_epoch(transaction.epoch);
    client.call(3, request.with_committed(commit)).await.error_code
}

#[tokio::test]
async fn a_transaction_that_takes_too_long_is_aborted_and_its_producer_fenced() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let transaction = begin(&mut client, "t", 60_000).await;
    assert_eq!(write(&mut client, "t", &transaction, 0, "never").await, 0);
    client.produce("t", site.now_ms(), &["plain"]).await;
    assert_eq!(client.values("t", 0, true).await.0, [""; 0], "what follows an open transaction is not stable");
    assert_eq!(client.values("t", 0, false).await.0, ["never", "plain"]);
    site.advance(61).await;
    let (values, aborted) = client.values("t", 0, true).await;
    assert_eq!((values.len(), aborted), (2, 1), "the client leaves out what is listed");
    assert_eq!(end(&mut client, &transaction, true).await, ResponseError::ProducerFenced.code());
    assert_eq!(write(&mut client, "t", &transaction, 1, "late").await, ResponseError::InvalidProducerEpoch.code());
    assert!(site.broker.metrics().contains("kafka_transactions_timed_out_total 1"));
}

#[tokio::test]
async fn a_new_instance_fences_the_old_one_and_aborts_what_it_left_open() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let old = begin(&mut client, "t", 60_000).await;
    assert_eq!(write(&mut client, "t", &old, 0, "left open").await, 0);
    let new = begin(&mut client, "t", 60_000).await;
    assert_eq!((new.id, new.epoch), (old.id, old.epoch + 1));
    assert_eq!(write(&mut client, "t", &old, 1, "zombie").await, ResponseError::InvalidProducerEpoch.code());
    assert_eq!(end(&mut client, &old, true).await, ResponseError::ProducerFenced.code());
    assert_eq!(write(&mut client, "t", &new, 0, "mine").await, 0);
    assert_eq!(end(&mut client, &new, true).await, 0);
    assert_eq!(end(&mut client, &new, true).await, 0, "said twice, done once");
    assert_eq!(client.values("t", 0, true).await, (vec!["left open".into(), "mine".into()], 1));
}

#[tokio::test]
async fn offsets_of_a_group_that_is_gone_are_kept_for_a_week() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let partition = OffsetCommitRequestPartition::default().with_partition_index(0).with_committed_offset(5);
    let topic = OffsetCommitRequestTopic::default().with_name(TopicName(s("t"))).with_partitions(vec![partition]);
    let commit =
        OffsetCommitRequest::default().with_group_id(s("g").into()).with_generation_id_or_member_epoch(-1).with_topics(vec![topic]);
    assert_eq!(client.call(7, commit).await.topics[0].partitions[0].error_code, 0);
    let fetch = || OffsetFetchRequest::default().with_group_id(s("g").into()).with_topics(None);
    site.advance(6 * 86_400).await;
    assert_eq!(client.call(7, fetch()).await.topics[0].partitions[0].committed_offset, 5);
    site.advance(2 * 86_400).await;
    assert!(client.call(7, fetch()).await.topics.is_empty());
}

/// A heartbeat of the only member of a group; its epoch.
async fn beat(client: &mut Client, group: &str, epoch: i32) -> Result<i32, i16> {
    let beat = ConsumerGroupHeartbeatRequest::default().with_group_id(s(group).into()).with_member_id(s("m")).with_member_epoch(epoch);
    let topics = (epoch == 0).then(|| vec![TopicName(s("t"))]);
    let answer = client.call(1, beat.with_rebalance_timeout_ms(60_000).with_subscribed_topic_names(topics)).await;
    if answer.error_code == 0 { Ok(answer.member_epoch) } else { Err(answer.error_code) }
}

async fn commit(client: &mut Client, group: &str, member: &str, epoch: i32) -> i16 {
    let partition = OffsetCommitRequestPartition::default().with_partition_index(0).with_committed_offset(5);
    let topic = OffsetCommitRequestTopic::default().with_name(TopicName(s("t"))).with_partitions(vec![partition]);
    let commit = OffsetCommitRequest::default().with_group_id(s(group).into()).with_member_id(s(member));
    let commit = commit.with_generation_id_or_member_epoch(epoch).with_topics(vec![topic]);
    client.call(9, commit).await.topics[0].partitions[0].error_code
}

async fn committed(client: &mut Client, group: &str) -> i64 {
    let fetch = OffsetFetchRequest::default().with_group_id(s(group).into()).with_topics(None);
    client.call(7, fetch).await.topics.first().map_or(-1, |topic| topic.partitions[0].committed_offset)
}

#[tokio::test]
async fn offsets_are_kept_from_when_the_last_member_has_gone() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[("retention.ms", "-1")]).await;
    for way in ["left", "restarted"] {
        let epoch = beat(&mut client, way, 0).await.unwrap();
        assert_eq!(commit(&mut client, way, "m", epoch).await, 0);
        // Idle, but there: sessions are in real time.
        site.advance(8 * 86_400).await;
        match way {
            "left" => assert_eq!(beat(&mut client, way, -1).await, Ok(-1)),
            _ => {
                site.broker.restart().await.unwrap();
                client = Client::connect(&site.bootstrap()).await;
            }
        }
        site.advance(6 * 86_400).await;
        assert_eq!(committed(&mut client, way).await, 5, "{way}");
        site.advance(2 * 86_400).await;
        assert_eq!(committed(&mut client, way).await, -1, "{way}");
    }
    // Event source mappings are no members, and yet they are there.
    site.broker.commit("mapping", "t", &[(0, 5)]).unwrap();
    site.broker.hold("mapping").unwrap();
    site.advance(30 * 86_400).await;
    assert_eq!(committed(&mut client, "mapping").await, 5);
}

#[tokio::test]
async fn groups_that_nothing_is_left_of_are_forgotten() {
    let site = Site::with(kit::ClockMode::Frozen, |options| options.limits.groups_max = 3).await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let full = ResponseError::GroupMaxSizeReached.code();
    for round in 0..3 {
        for n in 0..3 {
            assert_eq!(beat(&mut client, &format!("{round}-{n}"), 0).await, Ok(1));
        }
        assert_eq!(beat(&mut client, "one more", 0).await, Err(full));
        for n in 0..3 {
            assert_eq!(beat(&mut client, &format!("{round}-{n}"), -1).await, Ok(-1));
        }
    }
    // Groups that are no more than their offsets have an end, too.
    for n in 0..3 {
        assert_eq!(commit(&mut client, &format!("only-{n}"), "", -1).await, 0);
    }
    assert_eq!(commit(&mut client, "only-3", "", -1).await, full);
    assert_eq!(commit(&mut client, "only-2", "", -1).await, 0, "those that are there go on");
    site.advance(8 * 86_400).await;
    assert_eq!(committed(&mut client, "only-0").await, -1);
    assert_eq!(commit(&mut client, "only-3", "", -1).await, 0);
}

#[tokio::test]
async fn transactional_ids_that_nobody_uses_are_forgotten() {
    let site = Site::with(kit::ClockMode::Frozen, |options| options.limits.transactional_ids_max = 1).await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let used = begin(&mut client, "t", 60_000).await;
    assert_eq!(end(&mut client, &used, true).await, 0);
    let other = || InitProducerIdRequest::default().with_transactional_id(Some(TransactionalId(s("other")))).with_transaction_timeout_ms(1);
    assert_eq!(client.call(4, other()).await.error_code, ResponseError::PolicyViolation.code());
    site.advance(6 * 86_400).await;
    let again = begin(&mut client, "t", 60_000).await;
    assert_eq!((again.id, again.epoch), (used.id, used.epoch + 1), "it is the same producer");
    assert_eq!(end(&mut client, &again, true).await, 0);
    site.advance(8 * 86_400).await;
    assert_eq!(end(&mut client, &again, true).await, ResponseError::InvalidProducerIdMapping.code());
    assert_eq!(client.call(4, other()).await.error_code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_is_no_work_and_ends_with_the_first_record() {
    let site = Site::frozen().await;
    let (mut reader, mut writer) = (Client::connect(&site.bootstrap()).await, Client::connect(&site.bootstrap()).await);
    writer.create("t", 1, &[]).await;
    let poll = tokio::spawn(async move { reader.fetch("t", 0, false, 30_000).await });
    site.cloud.settle(Duration::from_secs(5)).await.expect("a reader that waits is not under way");
    writer.produce("t", 1, &["now"]).await;
    let answer = poll.await.unwrap();
    assert_eq!(answer.responses[0].partitions[0].high_watermark, 1);
}

#[tokio::test]
async fn a_snapshot_brings_back_records_and_offsets() {
    let site = Site::frozen().await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 2, &[("retention.ms", "-1")]).await;
    client.produce("t", 1, &["before"]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kafka");
    site.broker.save(&file).unwrap();
    client.produce("t", 2, &["after"]).await;
    client.create("other", 1, &[]).await;
    site.broker.load(&file).unwrap();
    assert_eq!(client.values("t", 0, false).await.0, ["before"]);
    assert_eq!(client.produce("t", 3, &["again"]).await, (0, 1));
    assert_eq!(client.produce("other", 3, &["gone"]).await.0, ResponseError::UnknownTopicOrPartition.code());
    site.broker.reset().unwrap();
    assert_eq!(client.produce("t", 3, &["gone"]).await.0, ResponseError::UnknownTopicOrPartition.code());
}
