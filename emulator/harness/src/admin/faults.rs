//! Fault rules over HTTP.

use super::Refusal;
use kit::{Cloud, FaultRule};
use serde_json::{Value, json};

pub(super) fn list(cloud: &Cloud) -> Value {
    let rules = cloud.faults().list();
    let rules: Vec<Value> = rules.into_iter().map(|(id, rule, hits)| json!({ "id": id, "rule": rule, "matched": hits })).collect();
    json!({ "rules": rules })
}

pub(super) fn add(cloud: &Cloud, input: Value) -> Result<Value, Refusal> {
    let rule: FaultRule = serde_json::from_value(input).map_err(|e| Refusal::bad(format!("not a fault rule: {e}")))?;
    if rule.error.is_none() && rule.latency_ms.is_none() && !rule.drop {
        return Err(Refusal::bad("a rule needs an effect: error, latency_ms or drop"));
    }
    Ok(json!({ "id": cloud.faults().add(rule) }))
}

pub(super) fn remove(cloud: &Cloud, id: &str) -> Result<Value, Refusal> {
    let id = id.parse().map_err(|_| Refusal::bad("a rule's id is a number"))?;
    Ok(json!({ "removed": cloud.faults().remove(id) }))
}

pub(super) fn clear(cloud: &Cloud) -> Value {
    cloud.faults().clear();
    json!({ "rules": [] })
}
