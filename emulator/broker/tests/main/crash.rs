//! The broker is killed with signal 9 while it is written to: what was acknowledged is there again, once, in order, and so are offsets.
//!
//! Five rounds; `WINDTUNNEL_TEST_CRASH_ROUNDS=100` for more.

use crate::{
    client::{Client, record, s},
    site::Victim,
};
use kafka_protocol::messages::{
    InitProducerIdRequest, OffsetCommitRequest, OffsetFetchRequest, TopicName,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
};
use std::time::Duration;

fn rounds() -> usize {
    std::env::var("WINDTUNNEL_TEST_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(5)
}

async fn commit(client: &mut Client, offset: i64) -> std::io::Result<()> {
    let partition = OffsetCommitRequestPartition::default().with_partition_index(0).with_committed_offset(offset);
    let topic = OffsetCommitRequestTopic::default().with_name(TopicName(s("t"))).with_partitions(vec![partition]);
    let request =
        OffsetCommitRequest::default().with_group_id(s("g").into()).with_generation_id_or_member_epoch(-1).with_topics(vec![topic]);
    let code = client.try_call(7, request).await?.topics[0].partitions[0].error_code;
    assert_eq!(code, 0);
    Ok(())
}

async fn committed(client: &mut Client) -> i64 {
    let answer = client.call(7, OffsetFetchRequest::default().with_group_id(s("g").into()).with_topics(None)).await;
    answer.topics.first().map_or(-1, |topic| topic.partitions[0].committed_offset)
}

async fn all(client: &mut Client, until: usize) -> Vec<String> {
    let mut values = Vec::new();
    while values.len() < until {
        let (more, _) = client.values("t", values.len() as i64, false).await;
        assert!(!more.is_empty(), "{} of {until} are there", values.len());
        values.extend(more);
    }
    values
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0_usize;
    let mut offset = -1;
    let mut wait_ms = 40;
    for round in 0..rounds() {
        let victim = Victim::start(folder.path());
        let mut client = Client::connect(&victim.bootstrap).await;
        if round == 0 {
            client.create("t", 1, &[("segment.bytes", "20000"), ("retention.ms", "-1")]).await;
        }
        // One more may be there than was acknowledged: written, and killed before the answer.
        let end = client.offset("t", -1).await as usize;
        assert!(end == acknowledged || end == acknowledged + 1, "{end} after {acknowledged}");
        let values = all(&mut client, end).await;
        assert!(values.iter().enumerate().all(|(n, value)| *value == format!("value {n}")), "in order, once");
        let now = committed(&mut client).await;
        assert!(now == offset || now == offset + 1, "committed {now} after {offset}");
        let bootstrap = victim.bootstrap.clone();
        let writer = tokio::spawn(async move {
            let mut client = Client::connect(&bootstrap).await;
            let init = client.call(4, InitProducerIdRequest::default().with_transaction_timeout_ms(1000)).await;
            let (mut end, mut offset, mut sequence) = (end, now, 0);
            loop {
                let mut next = record(0, 1, &format!("value {end}"));
                (next.producer_id, next.producer_epoch, next.sequence) = (*init.producer_id, init.producer_epoch, sequence);
                let Ok(sent) = try_send(&mut client, next).await else { return (end, offset) };
                assert_eq!(sent, 0);
                (end, sequence) = (end + 1, sequence + 1);
                if end % 7 == 0 {
                    let Ok(()) = commit(&mut client, offset + 1).await else { return (end, offset) };
                    offset += 1;
                }
            }
        });
        kit::Clock::new(None, kit::ClockMode::Running).real_sleep(Duration::from_millis(wait_ms)).await;
        wait_ms = (wait_ms * 7 + 13) % 250 + 20;
        victim.kill();
        (acknowledged, offset) = writer.await.unwrap();
    }
    assert!(acknowledged > rounds() * 5, "{acknowledged} records were written at all");
}

async fn try_send(client: &mut Client, record: kafka_protocol::records::Record) -> std::io::Result<i16> {
    use kafka_protocol::{
        messages::{
            ProduceRequest,
            produce_request::{PartitionProduceData, TopicProduceData},
        },
        records::{Compression, RecordBatchEncoder, RecordEncodeOptions},
    };
    let mut batch = bytes::BytesMut::new();
    RecordBatchEncoder::encode(&mut batch, [&record], &RecordEncodeOptions { version: 2, compression: Compression::None }).unwrap();
    let data = PartitionProduceData::default().with_index(0).with_records(Some(batch.freeze()));
    let topic = TopicProduceData::default().with_name(TopicName(s("t"))).with_partition_data(vec![data]);
    let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![topic]);
    Ok(client.try_call(9, request).await?.responses[0].partition_responses[0].error_code)
}
