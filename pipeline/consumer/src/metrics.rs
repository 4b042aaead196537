//! Counters and gauges, in Prometheus' text form. Names and what they count stand in one table.

use parking_lot::Mutex;
use std::{collections::BTreeMap, fmt::Write};

/// Name, type and help of all of them.
const TABLE: [(&str, &str, &str); 15] = [
    ("consumer_records_received_total", "counter", "Records that came from Kafka."),
    ("consumer_records_accepted_total", "counter", "Records that Lambda accepted."),
    ("consumer_records_dead_lettered_total", "counter", "Records that went to the dead-letter topic."),
    ("consumer_records_dropped_total", "counter", "Records that were dropped, as configured."),
    ("consumer_invocations_total", "counter", "Invocations by function and outcome."),
    ("consumer_invocation_seconds_total", "counter", "Time that invocations took."),
    ("consumer_retries_total", "counter", "Batches that have to be tried again, by class of error."),
    ("consumer_rebalances_total", "counter", "Partitions given and taken away."),
    ("consumer_commits_total", "counter", "Commits by outcome."),
    ("consumer_kafka_errors_total", "counter", "Errors that librdkafka told."),
    ("consumer_in_flight", "gauge", "Invocations under way."),
    ("consumer_buffered_bytes", "gauge", "Bytes of records that wait or are under way."),
    ("consumer_lag", "gauge", "Records between what is settled and the end of the partition."),
    ("consumer_next_offset", "gauge", "The offset that a commit may name."),
    ("consumer_paused", "gauge", "1 while a partition is paused."),
];

/// All metrics of a consumer.
#[derive(Default)]
pub struct Metrics {
    values: Mutex<BTreeMap<(&'static str, String), f64>>,
}

impl Metrics {
    /// Counts; `labels` are names and values.
    pub fn add(&self, name: &'static str, labels: &[(&str, &str)], by: f64) {
        *self.values.lock().entry((name, line(labels))).or_insert(0.0) += by;
    }
    /// Sets a gauge.
    pub fn set(&self, name: &'static str, labels: &[(&str, &str)], to: f64) {
        self.values.lock().insert((name, line(labels)), to);
    }
    /// Forgets a gauge of something that isn't ours any more.
    pub fn forget(&self, name: &'static str, labels: &[(&str, &str)]) {
        self.values.lock().remove(&(name, line(labels)));
    }
    /// The sum over all labels.
    pub fn sum(&self, name: &str) -> f64 {
        self.values.lock().iter().filter(|((of, _), _)| *of == name).map(|(_, value)| value).sum()
    }

    /// The text form.
    pub fn text(&self) -> String {
        let values = self.values.lock();
        let mut text = String::new();
        for (name, kind, help) in TABLE {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for ((_, labels), value) in values.iter().filter(|((of, _), _)| *of == name) {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        }
        text
    }
}

fn line(labels: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let all: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}
