//! Functions: calling them, and what the journal says of their calls.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use kit::RecordKind;
use serde_json::{Value, json};

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "lambda.invoke",
        about: "Invokes a function. $.status, $.payload (the answer), $.function_error where it failed, $.log for `log: true`.",
        args: &[
            need("function", ArgKind::Text, "name or ARN"),
            may("payload", ArgKind::Any, "the event"),
            may("type", ArgKind::OneOf(&["RequestResponse", "Event", "DryRun"]), "how to invoke"),
            may("log", ArgKind::Flag, "ask for the last 4 KB of the log"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(invoke(world, args)),
    },
    Verb {
        name: "lambda.calls",
        about: "Runs of a function since the scenario began, from the journal. $.count, and $.calls with outcome, cold, duration_ms and what else the record says.",
        args: &[need("function", ArgKind::Text, "name, or part of the ARN"), may("outcome", ArgKind::Text, "only these (ok)")],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(async move { calls(world, &args) }),
    },
];

async fn invoke(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = json!({ "FunctionName": args.text("function")? });
    if let Some(kind) = args.text_if("type")? {
        input["InvocationType"] = kind.into();
    }
    if args.flag("log")? {
        input["LogType"] = "Tail".into();
    }
    let payload = args.value("payload").map(|p| p.to_string());
    if let Some(payload) = &payload {
        use base64::{Engine, engine::general_purpose::STANDARD};
        input["Payload"] = STANDARD.encode(payload).into();
    }
    let mut outcome = world.call("lambda", "Invoke", &input, None).await;
    if outcome.error.is_some() {
        return Ok(outcome);
    }
    let answer = outcome.bytes.clone().or_else(|| blob(&outcome.value["Payload"]).map(Into::into)).unwrap_or_default();
    let payload: Value = serde_json::from_slice(&answer).unwrap_or_else(|_| String::from_utf8_lossy(&answer).into_owned().into());
    let mut value = json!({ "status": outcome.value["StatusCode"], "payload": payload });
    if let Some(error) = outcome.value.get("FunctionError") {
        value["function_error"] = error.clone();
    }
    if let Some(log) = blob(&outcome.value["LogResult"]) {
        value["log"] = String::from_utf8_lossy(&log).into_owned().into();
    }
    outcome.value = value;
    Ok(outcome)
}

fn blob(value: &Value) -> Option<Vec<u8>> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.decode(value.as_str()?).ok()
}

fn calls(world: &World, args: &Args) -> Result<Outcome, String> {
    let function = args.text("function")?;
    let outcome = args.text_if("outcome")?;
    let is = |resource: &str| resource == function || resource.split(':').any(|part| part == function) || resource.ends_with(&function);
    let calls: Vec<Value> = world
        .cloud()
        .journal()
        .held()
        .iter()
        .filter(|r| r.kind == RecordKind::Invocation && is(&r.resource))
        .map(|r| {
            let mut call = match &r.detail {
                Value::Object(detail) => Value::Object(detail.clone()),
                _ => json!({}),
            };
            call["outcome"] = r.outcome.to_string().into();
            call["operation"] = r.operation.to_string().into();
            call["function"] = r.resource.to_string().into();
            call["at"] = kit::time::iso_millis(r.at).into();
            call
        })
        .filter(|call| outcome.as_ref().is_none_or(|o| call["outcome"] == **o))
        .collect();
    Ok(Outcome::of(json!({ "count": calls.len(), "calls": calls })))
}
