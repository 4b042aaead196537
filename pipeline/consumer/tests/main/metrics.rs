//! What whoever runs the consumer sees: metrics, health, readiness.

use crate::{
    runner::{Runner, Setup},
    stand::{Stand, call, numbered},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

/// Status and body.
fn get(address: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

/// Asks until the metrics are as expected: gauges are set once a second.
fn metrics(address: &str, expected: impl Fn(&BTreeMap<String, f64>) -> bool) -> BTreeMap<String, f64> {
    let end = Instant::now() + crate::stand::LONGEST;
    loop {
        let (status, text) = get(address, "/metrics");
        assert_eq!(status, 200);
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').expect("a name and a value"));
        let values = lines.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect();
        if expected(&values) {
            return values;
        }
        assert!(Instant::now() < end, "{values:#?}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn lag_rests_and_acceptance_can_be_seen() {
    let stand = Stand::new(1).await;
    call(&stand.cloud, "PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 0 })).await;
    let setup = Setup { route: "invocation = \"request-response\"\n", tables: "[http]\nlisten = \"127.0.0.1:0\"\n", ..Setup::of(&stand) };
    let mut consumer = Runner::start(&stand, &setup);
    let address = consumer.hear("Listens")["address"].as_str().unwrap().to_owned();
    assert_eq!(get(&address, "/health"), (200, "ok\n".into()));
    consumer.hear("Partitions");
    assert_eq!(get(&address, "/ready"), (200, "ok\n".into()));
    assert_eq!(get(&address, "/else").0, 404);
    let place = "{topic=\"photo-ingest\",partition=\"0\"}";
    let (paused, lag) = (format!("consumer_paused{place}"), format!("consumer_lag{place}"));
    metrics(&address, |values| values.get(&lag) == Some(&0.0));
    stand.produce(Some(0), &numbered(0..5)).await;
    let values = metrics(&address, |values| values.get(&paused) == Some(&1.0) && values.get(&lag) == Some(&5.0));
    // Nothing is accepted, and what comes now isn't even fetched: just then the lag is to be seen.
    stand.produce(Some(0), &numbered(5..10)).await;
    metrics(&address, |values| values.get(&lag) == Some(&10.0));
    assert!(values["consumer_retries_total{class=\"throttled\"}"] >= 1.0 && values["consumer_buffered_bytes"] > 0.0, "{values:?}");
    call(&stand.cloud, "DeleteFunctionConcurrency", json!({ "FunctionName": "f" })).await;
    stand.seen.count(10).await;
    let committed = "consumer_commits_total{outcome=\"ok\"}";
    // Each gauge is set in its own second.
    let next = format!("consumer_next_offset{place}");
    let all_well =
        |values: &BTreeMap<String, f64>| [&lag, &paused, &next].map(|name| values.get(name).copied()) == [Some(0.0), Some(0.0), Some(10.0)];
    let values = metrics(&address, |values| all_well(values) && values.contains_key(committed));
    assert_eq!(values["consumer_records_accepted_total{topic=\"photo-ingest\"}"], 10.0);
    assert_eq!(values["consumer_invocations_total{function=\"f\",outcome=\"accepted\"}"], 10.0);
    assert_eq!((values["consumer_in_flight"], values["consumer_buffered_bytes"]), (0.0, 0.0));
    consumer.stop();
}
