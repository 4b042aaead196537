//! Figures, by hand: `cargo test --release -p broker --test main figures -- --ignored --nocapture`. Processor seconds count, for the machine
//! is shared; the client's are part of them, as it runs in the same process.

use crate::{
    client::{Client, record},
    site::{Site, Victim},
};
use kafka_protocol::records::Record;

const BATCH: usize = 1_000;
const BATCHES: usize = 300;

/// Processor seconds of this process so far.
fn cpu_secs() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks as f64 / 100.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure"]
async fn produce_and_read_100_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::with(kit::ClockMode::Running, |o| o.dir = Some((folder.path().to_owned(), broker::Durability::Process))).await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let value = "x".repeat(100);
    let records: Vec<Record> = (0..BATCH).map(|n| record(n, site.now_ms(), &value)).collect();
    let (before, clock) = (cpu_secs(), site.cloud.clock().real_now());
    for _ in 0..BATCHES {
        assert_eq!(client.send("t", None, &records).await.responses[0].partition_responses[0].error_code, 0);
    }
    let (cpu, took) = (cpu_secs() - before, site.cloud.clock().real_now().millis() - clock.millis());
    let messages = (BATCH * BATCHES) as f64;
    println!("acks=all, 100 B: {:.0} messages/s by the clock, {:.0} a processor second", messages / took as f64 * 1e3, messages / cpu);
    let (mut offset, before) = (0, cpu_secs());
    while (offset as f64) < messages {
        let response = client.fetch("t", offset, true, 0).await;
        let partition = &response.responses[0].partitions[0];
        let mut bytes = partition.records.clone().unwrap();
        assert!(!bytes.is_empty());
        while let Ok(head) = broker::log::batch::Head::read(&bytes) {
            offset = head.last() + 1;
            let _ = bytes.split_to(head.bytes);
        }
    }
    println!("read: {:.0} a processor second", messages / (cpu_secs() - before).max(0.001));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure"]
async fn start() {
    let clock = kit::Clock::new(None, kit::ClockMode::Running);
    let before = clock.real_now();
    let site = Site::new().await;
    let took = clock.real_now().unix_ns - before.unix_ns;
    println!("an empty cloud and its broker stand after {:.2} ms", took as f64 / 1e6);
    drop(site);
    let folder = tempfile::tempdir().unwrap();
    drop(Victim::start(folder.path()));
}
