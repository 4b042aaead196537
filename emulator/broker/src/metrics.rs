//! What the broker counts of itself, and how it is told in Prometheus' form.

use crate::shared::Shared;
use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

/// Counters since the start.
#[derive(Default)]
pub struct Metrics {
    /// Requests read.
    pub requests: AtomicU64,
    /// Bytes of requests.
    pub bytes_in: AtomicU64,
    /// Bytes of answers.
    pub bytes_out: AtomicU64,
    /// Produce: record batches appended.
    pub appends: AtomicU64,
    /// Produce: bytes of records appended.
    pub append_bytes: AtomicU64,
    /// Fetch: bytes of records handed out.
    pub fetch_bytes: AtomicU64,
    /// Connections closed because there were too many.
    pub connections_refused: AtomicU64,
    /// Generations of groups.
    pub rebalances: AtomicU64,
    /// Transactions ended by their timeout.
    pub transactions_timed_out: AtomicU64,
}

impl Metrics {
    /// Adds to a counter.
    pub fn count(&self, which: impl Fn(&Metrics) -> &AtomicU64, by: u64) {
        which(self).fetch_add(by, Ordering::Relaxed);
    }
}

/// All metrics in Prometheus' text form: counters, and for each partition its ends, for each group its lag.
pub fn text(broker: &Shared) -> String {
    let mut out = String::new();
    let m = &broker.metrics;
    let counters: [(&str, &AtomicU64); 9] = [
        ("requests", &m.requests),
        ("bytes_in", &m.bytes_in),
        ("bytes_out", &m.bytes_out),
        ("appends", &m.appends),
        ("append_bytes", &m.append_bytes),
        ("fetch_bytes", &m.fetch_bytes),
        ("connections_refused", &m.connections_refused),
        ("rebalances", &m.rebalances),
        ("transactions_timed_out", &m.transactions_timed_out),
    ];
    for (name, counter) in counters {
        let _ = writeln!(out, "# TYPE kafka_{name}_total counter\nkafka_{name}_total {}", counter.load(Ordering::Relaxed));
    }
    let connections = broker.options.limits.connections_max - broker.connections.available_permits();
    let _ = writeln!(out, "# TYPE kafka_connections gauge\nkafka_connections {connections}");
    let _ = writeln!(out, "# TYPE kafka_log_end_offset gauge\n# TYPE kafka_log_start_offset gauge\n# TYPE kafka_log_bytes gauge");
    for topic in broker.topics.all() {
        for (n, partition) in topic.partitions().iter().enumerate() {
            let (start, end, bytes) = partition.with(|log| (log.start(), log.next(), log.bytes()));
            let labels = format!("{{topic=\"{}\",partition=\"{n}\"}}", topic.name);
            let _ = writeln!(
                out,
                "kafka_log_end_offset{labels} {end}\nkafka_log_start_offset{labels} {start}\nkafka_log_bytes{labels} {bytes}"
            );
        }
    }
    let _ = writeln!(out, "# TYPE kafka_group_lag gauge");
    for (group, offsets) in broker.ledger.read(|s| s.offsets.clone()) {
        for ((topic, n), row) in offsets {
            let Some((_, partition)) = broker.topics.partition(&topic, n) else { continue };
            let lag = (partition.with(|log| log.next()) - row.offset).max(0);
            let group = group.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(out, "kafka_group_lag{{group=\"{group}\",topic=\"{topic}\",partition=\"{n}\"}} {lag}");
        }
    }
    out
}
