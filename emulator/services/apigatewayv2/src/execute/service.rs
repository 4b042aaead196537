//! Named actions of services (`SQS-SendMessage`), called by the Directory under the integration's role.

use super::{
    answer::{self, Refusal},
    call::Call,
    integrate, mapping,
};
use crate::model::*;
use http::Response;
use serde_json::{Map, Value, json};
use wire::ReplyBody;

/// Runs the action with its parameters out of the request.
pub(crate) async fn answer(call: &mut Call, integration: &Integration, subtype: &str) -> Result<Response<ReplyBody>, Refusal> {
    let (service, operation) = match subtype {
        "EventBridge-PutEvents" => ("events", "PutEvents"),
        other => ("sqs", other.split_once('-').map_or("", |(_, operation)| operation)),
    };
    let mut parameters = Map::new();
    for (name, expression) in integration.request_parameters.iter().flatten() {
        if let Some(value) = mapping::value(call, expression) {
            parameters.insert(name.clone(), value.into());
        }
    }
    let region = parameters.remove("Region").and_then(|region| region.as_str().map(str::to_owned));
    let input = if service == "events" { put_events(parameters) } else { of_queue(parameters) };
    let cx = integrate::caller(call, integration.credentials_arn.as_deref(), &call.route_arn()).await.map_err(|_| Refusal::internal())?;
    let cx = match region {
        Some(region) => cx.in_scope(kit::Scope::new(call.cx.account(), &region)),
        None => cx,
    };
    let clock = call.cx.cloud().clock().clone();
    let due = integrate::due(call, integration);
    let answered = tokio::select! {
        biased;
        answered = call.cx.cloud().call_json(&cx, service, operation, &input) => answered,
        () = clock.sleep_until(due) => return Err(Refusal::unavailable()),
    };
    let (status, body) = match answered {
        Ok(output) => (200, output),
        Err(fault) if fault.status >= 500 => return Err(Refusal::internal()),
        Err(fault) => (fault.status, json!({ "__type": fault.code, "message": fault.message })),
    };
    call.integration_status = Some(status);
    let mut response = Response::new(ReplyBody::Bytes(body.to_string().into()));
    *response.status_mut() = http::StatusCode::from_u16(status).map_err(|_| Refusal::internal())?;
    answer::set(&mut response, "content-type", "application/json");
    Ok(response)
}

/// One entry of the members of PutEvents; Resources and Time are read from texts.
fn put_events(mut parameters: Map<String, Value>) -> Value {
    if let Some(list) = parameters.get("Resources").and_then(Value::as_str).and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        parameters.insert("Resources".into(), list);
    }
    json!({ "Entries": [parameters] })
}

/// Numbers and attributes of queue operations, which mappings make as texts.
fn of_queue(parameters: Map<String, Value>) -> Value {
    const NUMBERS: [&str; 4] = ["DelaySeconds", "MaxNumberOfMessages", "VisibilityTimeout", "WaitTimeSeconds"];
    const JSON: [&str; 4] = ["MessageAttributes", "MessageSystemAttributes", "AttributeNames", "MessageAttributeNames"];
    let read = |(name, value): (String, Value)| {
        let text = value.as_str().unwrap_or_default();
        let better = match name.as_str() {
            name if NUMBERS.contains(&name) => text.parse::<i64>().ok().map(Value::from),
            name if JSON.contains(&name) => serde_json::from_str(text).ok(),
            _ => None,
        };
        (name, better.unwrap_or(value))
    };
    Value::Object(parameters.into_iter().map(read).collect())
}
