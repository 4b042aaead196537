//! Faults on purpose.

use super::{ArgKind, Verb, may};
use crate::scenario::outcome::Outcome;
use kit::FaultRule;
use serde_json::{Value, json};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "faults.add",
        about: "Adds a rule: calls that match it fail, wait or lose their connection. $.id.",
        args: &[
            may("service", ArgKind::Text, "service (s3)"),
            may("operation", ArgKind::Text, "operation (PutObject), or Invoke and Deliver on event paths"),
            may("resource", ArgKind::Text, "part of the resource's ARN"),
            may("probability", ArgKind::Number, "chance from 0 to 1"),
            may("nth", ArgKind::Whole, "only the n-th matching call, from 1"),
            may("times", ArgKind::Whole, "only the first so many matching calls"),
            may("error", ArgKind::Text, "error code to answer"),
            may("status", ArgKind::Whole, "HTTP status of the error; 500 unless told"),
            may("message", ArgKind::Text, "message of the error"),
            may("latency_ms", ArgKind::Whole, "real milliseconds to wait before"),
            may("drop", ArgKind::Flag, "drop the connection"),
        ],
        one_of: &[],
        local_only: true,
        run: |world, args| {
            Box::pin(async move {
                let rule: FaultRule = serde_json::from_value(Value::Object(args.map)).map_err(|e| format!("not a fault rule: {e}"))?;
                if rule.error.is_none() && rule.latency_ms.is_none() && !rule.drop {
                    return Err("a rule needs an effect: error, latency_ms or drop".into());
                }
                Ok(Outcome::of(json!({ "id": world.cloud().faults().add(rule) })))
            })
        },
    },
    Verb {
        name: "faults.clear",
        about: "Removes all rules. $.rules: how often each matched.",
        args: &[],
        one_of: &[],
        local_only: true,
        run: |world, _| {
            Box::pin(async move {
                let rules: Vec<Value> =
                    world.cloud().faults().list().into_iter().map(|(id, _, hits)| json!({ "id": id, "matched": hits })).collect();
                world.cloud().faults().clear();
                Ok(Outcome::of(json!({ "rules": rules })))
            })
        },
    },
];
