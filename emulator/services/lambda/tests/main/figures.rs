//! What running costs. The long ones are measured by hand, in release:
//! `cargo test --release -p lambda --test main figures -- --ignored --nocapture --test-threads 1`

use crate::desk::{Desk, base64, decode};
use kit::Fault;
use serde_json::{Value, json};

/// Many invocations at the same moment; their results.
async fn at_once(desk: &Desk, count: usize, event: &Value) -> Vec<Result<Value, Fault>> {
    let input = json!({ "FunctionName": "f", "Payload": base64(event.to_string().as_bytes()) });
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..count {
        let (cloud, cx, input) = (desk.cloud.clone(), desk.cloud.house_context("test"), input.clone());
        calls.spawn(async move { cloud.call_json(&cx, "lambda", "Invoke", &input).await });
    }
    calls.join_all().await
}

/// Memory that this process holds, bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn a_flood_is_throttled_and_nothing_hangs() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 60 })).await;
    desk.ok("PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 5 })).await;
    let before = resident();
    let results = at_once(&desk, 10_000, &json!("pause")).await;
    let (done, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert!(done.len() >= 5, "{}", done.len());
    assert_eq!(done.len() + refused.len(), 10_000);
    for refusal in &refused {
        let fault = refusal.as_ref().unwrap_err();
        assert_eq!((&*fault.code, fault.status), ("TooManyRequestsException", 429));
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 512 << 20, "{} MB more than before", grown >> 20);
    desk.settle().await;
    // The flood has used up the requests of this second.
    desk.advance(1).await;
    assert_eq!(desk.invoke("f", json!({})).await.0["StatusCode"], 200);
}

/// The process that gave an answer.
fn process(result: &Value) -> Option<u64> {
    let payload = decode(result["Payload"].as_str()?);
    serde_json::from_slice::<Value>(&payload).ok()?["pid"].as_u64()
}

fn quantiles(mut times: Vec<i128>) -> (i128, i128) {
    times.sort();
    (times[times.len() / 2] / 1000, times[times.len() * 99 / 100] / 1000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn cold_and_warm() {
    let desk = Desk::new().await;
    let clock = desk.cloud.clock().clone();
    desk.function("f", json!({ "MemorySize": 1769 })).await;
    desk.invoke("f", json!({})).await;
    let mut cold = Vec::new();
    for n in 0..100 {
        desk.ok("UpdateFunctionConfiguration", json!({ "FunctionName": "f", "Description": n.to_string() })).await;
        let before = clock.real_now();
        desk.invoke("f", json!({})).await;
        cold.push(clock.real_now().unix_ns - before.unix_ns);
    }
    let mut warm = Vec::new();
    for _ in 0..5000 {
        let before = clock.real_now();
        desk.ok("Invoke", json!({ "FunctionName": "f", "Payload": base64(b"{}") })).await;
        warm.push(clock.real_now().unix_ns - before.unix_ns);
    }
    let ((cold50, cold99), (warm50, warm99)) = (quantiles(cold), quantiles(warm));
    println!("cold start: p50 {cold50} us, p99 {cold99} us (target: under 10 ms)");
    println!("warm invoke: p50 {warm50} us, p99 {warm99} us (target: p50 under 200 us)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: starts a thousand processes"]
async fn a_thousand_at_once() {
    let desk = Desk::new().await;
    let clock = desk.cloud.clock().clone();
    desk.function("f", json!({ "Timeout": 300 })).await;
    let before = clock.real_now();
    let results = at_once(&desk, 1000, &json!("long")).await;
    let failed = results.iter().filter(|r| r.as_ref().map_or(true, |done| !done["FunctionError"].is_null())).count();
    // By the process that answered: the journal's ring doesn't hold a thousand invocations.
    let processes: std::collections::BTreeSet<u64> = results.iter().flatten().filter_map(process).collect();
    let environments = processes.len();
    let secs = (clock.real_now().unix_ns - before.unix_ns) as f64 / 1e9;
    println!("1000 at once: {environments} environments, {failed} failed, {secs:.1} s; the emulator holds {} MB", resident() >> 20);
    assert_eq!((failed, environments), (0, 1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: starts a thousand processes"]
async fn a_flood_of_ten_thousand() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 300 })).await;
    let results = at_once(&desk, 10_000, &json!("long")).await;
    let done = results.iter().filter(|r| r.is_ok()).count();
    println!("10,000 at once: {done} ran, {} throttled; the emulator holds {} MB", 10_000 - done, resident() >> 20);
    assert!(results.iter().flat_map(|r| r.as_ref().err()).all(|fault| fault.status == 429));
}
