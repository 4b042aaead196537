//! What a target gets: the event, a part of it, a constant, or a template filled from it.

use super::{Delivery, failure::Failure, path::Path};
use crate::targets::template;
use serde_json::{Value, json};

/// The text for the target.
pub(super) fn payload(delivery: &Delivery) -> Result<String, Failure> {
    let target = &delivery.target;
    if let Some(constant) = &target.input {
        return Ok(constant.clone());
    }
    if target.input_path.is_none() && target.input_transformer.is_none() {
        return Ok(delivery.event.clone());
    }
    let event: Value = serde_json::from_str(&delivery.event).map_err(|e| Failure::lasting("INTERNAL_ERROR", e.to_string()))?;
    if let Some(path) = &target.input_path {
        // Where the path leads nowhere AWS's answer isn't known; nothing is what it leads to.
        return Ok(find(path, &event).unwrap_or(Value::Null).to_string());
    }
    let Some(transformer) = &target.input_transformer else { return Ok(delivery.event.clone()) };
    let paths = transformer.input_paths_map.clone().unwrap_or_default();
    let value_of = |name: &str| match paths.get(name) {
        Some(path) => find(path, &event),
        None => predefined(name, delivery, &event),
    };
    template::fill(&transformer.input_template, value_of)
        .ok_or_else(|| Failure::lasting("INVALID_JSON", "The input template with the event's values in it is not valid JSON."))
}

fn find(path: &str, event: &Value) -> Option<Value> {
    Path::parse(path)?.find(event)
}

fn predefined(name: &str, delivery: &Delivery, event: &Value) -> Option<Value> {
    let taken = || kit::time::iso_secs(delivery.taken);
    match name {
        "aws.events.rule-arn" => Some(json!(delivery.rule_arn)),
        "aws.events.rule-name" => Some(json!(delivery.rule)),
        "aws.events.event.ingestion-time" => Some(json!(taken())),
        "aws.events.event.json" => Some(event.clone()),
        // Without the detail, as recorded: names in camel case, and the time at which it came.
        "aws.events.event" => Some(json!({
            "id": event["id"],
            "account": event["account"],
            "detailType": event["detail-type"],
            "time": taken(),
            "source": event["source"],
            "region": event["region"],
            "resources": event["resources"],
            "version": event["version"],
        })),
        _ => None,
    }
}
