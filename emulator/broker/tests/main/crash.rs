//! The broker is killed with signal 9 while it is written to, and finds half a batch at the end of its log: what was acknowledged is there
//! again, once, in order, and so are offsets.
//!
//! Five rounds, twenty in CI; `WINDTUNNEL_TEST_CRASH_ROUNDS=100` for more, which is 100,000 records at least.

use crate::{
    client::{Client, record, s},
    site::Victim,
};
use kafka_protocol::{
    messages::{
        InitProducerIdRequest, OffsetCommitRequest, OffsetFetchRequest, ProduceRequest, TopicName,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        produce_request::{PartitionProduceData, TopicProduceData},
    },
    records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions},
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

/// Records of a request.
const BATCH: usize = 20;

fn rounds() -> usize {
    let usual = if std::env::var("WINDTUNNEL_CI").is_ok() { 20 } else { 5 };
    std::env::var("WINDTUNNEL_TEST_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
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

/// Values from an offset to the end.
async fn from(client: &mut Client, mut at: usize, end: usize) -> Vec<String> {
    let mut values = Vec::new();
    while at < end {
        let (more, _) = client.values("t", at as i64, false).await;
        assert!(!more.is_empty(), "{at} of {end} are there");
        at += more.len();
        values.extend(more);
    }
    values
}

/// Tears the end of the log, as a power cut in the middle of a write would: the first part of a batch that never was whole.
fn tear(folder: &Path, round: usize) {
    let logs = |dir: PathBuf| {
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "log"))
    };
    let topic = std::fs::read_dir(folder.join("topics")).unwrap().next().unwrap().unwrap().path();
    let last = logs(topic.join("0")).max().unwrap();
    let bytes = std::fs::read(&last).unwrap();
    // A whole batch from the file's beginning, cut at another place each time: in its head, in its records, before its last byte.
    let Ok(head) = broker::log::batch::Head::read(&bytes) else { return };
    let cut = [7, 30, 61, head.bytes / 2, head.bytes - 1][round % 5];
    std::fs::OpenOptions::new().append(true).open(&last).unwrap().write_all(&bytes[..cut]).unwrap();
}

/// Writes and commits until the broker is gone; the acknowledged end and the acknowledged offset.
async fn write(bootstrap: String, mut end: usize, mut offset: i64) -> (usize, i64) {
    let mut client = Client::connect(&bootstrap).await;
    let init = client.call(4, InitProducerIdRequest::default().with_transaction_timeout_ms(1000)).await;
    let (mut sequence, mut requests) = (0, 0);
    loop {
        let one = |n: usize| Record {
            producer_id: *init.producer_id,
            producer_epoch: init.producer_epoch,
            sequence: sequence + n as i32,
            ..record(n, 1, &format!("value {}", end + n))
        };
        let records: Vec<Record> = (0..BATCH).map(one).collect();
        let Ok(sent) = try_send(&mut client, &records).await else { return (end, offset) };
        assert_eq!(sent, 0);
        (end, sequence, requests) = (end + BATCH, sequence + BATCH as i32, requests + 1);
        if requests % 7 == 0 {
            let Ok(()) = commit(&mut client, offset + 1).await else { return (end, offset) };
            offset += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut offset, mut checked) = (0_usize, -1, 0_usize);
    let mut wait_ms = 40;
    for round in 0..=rounds() {
        let victim = Victim::start(folder.path());
        let mut client = Client::connect(&victim.bootstrap).await;
        if round == 0 {
            client.create("t", 1, &[("segment.bytes", "200000"), ("retention.ms", "-1")]).await;
        }
        // One more batch may be there than was acknowledged: written, and killed before the answer.
        let end = client.offset("t", -1).await as usize;
        assert!(end == acknowledged || end == acknowledged + BATCH, "{end} after {acknowledged}");
        // What earlier rounds have read is read once more at the end.
        let begin = if round == rounds() { 0 } else { checked };
        let values = from(&mut client, begin, end).await;
        let in_order = values.iter().enumerate().all(|(n, value)| *value == format!("value {}", begin + n));
        assert!(in_order && values.len() == end - begin, "in order, once");
        checked = end;
        let now = committed(&mut client).await;
        assert!(now == offset || now == offset + 1, "committed {now} after {offset}");
        let writer = tokio::spawn(write(victim.bootstrap.clone(), end, now));
        kit::Clock::new(None, kit::ClockMode::Running).real_sleep(Duration::from_millis(wait_ms)).await;
        wait_ms = (wait_ms * 7 + 13) % 250 + 20;
        victim.kill();
        (acknowledged, offset) = writer.await.unwrap();
        tear(folder.path(), round);
    }
    println!("{acknowledged} records in {} rounds, {} torn ends", rounds(), rounds() + 1);
    assert!(acknowledged > rounds() * BATCH * 5, "{acknowledged} records were written at all");
}

async fn try_send(client: &mut Client, records: &[Record]) -> std::io::Result<i16> {
    let mut batch = bytes::BytesMut::new();
    RecordBatchEncoder::encode(&mut batch, records, &RecordEncodeOptions { version: 2, compression: Compression::None }).unwrap();
    let data = PartitionProduceData::default().with_index(0).with_records(Some(batch.freeze()));
    let topic = TopicProduceData::default().with_name(TopicName(s("t"))).with_partition_data(vec![data]);
    let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![topic]);
    Ok(client.try_call(9, request).await?.responses[0].partition_responses[0].error_code)
}
