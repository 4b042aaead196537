//! Reading and moving the clock, and waiting for quiet.

use super::Refusal;
use crate::durations;
use kit::{AdvanceOptions, ClockMode, Cloud, Settle, time};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

pub(super) fn read(cloud: &Cloud) -> Value {
    let reading = cloud.clock().reading();
    json!({ "now": time::iso_millis(reading.now), "mode": reading.mode, "offset_ms": reading.offset_ms, "endpoint": cloud.endpoint() })
}

/// `{"advance": "8d", "settle": "each|end|none", "within": "60s"}` or `{"mode": "frozen|running"}`.
pub(super) async fn change(cloud: &Arc<Cloud>, input: &Value) -> Result<Value, Refusal> {
    known(input, &["advance", "settle", "within", "mode"])?;
    if let Some(mode) = input.get("mode") {
        let mode: ClockMode = serde_json::from_value(mode.clone()).map_err(|_| Refusal::bad("mode is \"frozen\" or \"running\""))?;
        cloud.clock().set_mode(mode);
    }
    let Some(by) = input.get("advance") else { return Ok(read(cloud)) };
    let options = AdvanceOptions {
        by: duration(by)?,
        settle: match input.get("settle") {
            None => Settle::Each,
            Some(settle) => serde_json::from_value(settle.clone()).map_err(|_| Refusal::bad("settle is \"each\", \"end\" or \"none\""))?,
        },
        budget: input.get("within").map_or(Ok(Duration::from_secs(600)), duration)?,
    };
    let done = cloud.advance(options).await;
    next_real_second(cloud).await;
    Ok(json!({
        "from": time::iso_millis(done.from),
        "now": time::iso_millis(done.to),
        "fired": done.fired,
        "stopped_early": done.stopped_early,
    }))
}

/// `{"within": "30s"}`: waits for quiet; names what it waited for when that does not come.
pub(super) async fn settle(cloud: &Arc<Cloud>, input: &Value) -> Result<Value, Refusal> {
    known(input, &["within"])?;
    let within = input.get("within").map_or(Ok(Duration::from_secs(30)), duration)?;
    match cloud.settle(within).await {
        Ok(()) => Ok(json!({ "quiet": true })),
        Err(not) => Ok(json!({ "quiet": false, "waited_ms": not.waited_ms, "waiting_for": not.held })),
    }
}

/// Signatures carry whole seconds. Within the second of a move a client that lives in real time would sign with a moment that still
/// counts as before it, so the answer waits for the next one.
async fn next_real_second(cloud: &Cloud) {
    let into_second = cloud.clock().real_now().millis().rem_euclid(1000) as u64;
    cloud.clock().real_sleep(Duration::from_millis(1001 - into_second)).await;
}

fn duration(value: &Value) -> Result<Duration, Refusal> {
    durations::parse(value.as_str().unwrap_or("")).map_err(Refusal::bad)
}

fn known(input: &Value, keys: &[&str]) -> Result<(), Refusal> {
    let object = input.as_object().ok_or_else(|| Refusal::bad("the body is not a JSON object"))?;
    match object.keys().find(|k| !keys.contains(&k.as_str())) {
        Some(unknown) => Err(Refusal::bad(format!("unknown member {unknown}; known are {}", keys.join(", ")))),
        None => Ok(()),
    }
}
