//! Recordings of what becomes of asynchronous events: records at destinations, dead letters, retries and ages.

use super::{
    RULES, Shot, Table, done, helped,
    invoked::{code, desk, f, function, invoke},
};
use crate::desk::{Desk, base64, decode};
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaDestinationSqs::test_assess_lambda_destination_invocation", done!(record)),
    ("TestLambdaDestinationSqs::test_lambda_destination_default_retries", done!(record)),
    ("TestLambdaDestinationSqs::test_retries", done!(retries)),
    ("TestLambdaDestinationSqs::test_maxeventage", done!(age)),
    ("TestLambdaDLQ::test_dead_letter_queue", done!(dead_letter)),
];

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";
const PUT: &str = "PutFunctionEventInvokeConfig";

async fn send(desk: &Desk, event: Value) {
    desk.ok("Invoke", f(json!({ "InvocationType": "Event", "Payload": base64(event.to_string().as_bytes()) }))).await;
}

/// What has come to the queue, taken from it.
fn received(desk: &Desk) -> Vec<(Value, Vec<(String, String)>)> {
    let sent = std::mem::take(&mut *desk.world.sent.lock());
    sent.into_iter().map(|(_, body, attributes)| (serde_json::from_str(&body).unwrap(), attributes)).collect()
}

/// A record, but for what Python's runtime adds to an error, and what a Python function made of its context.
fn same(recorded: &Value, ours: &Value) {
    let bare = |record: &Value| {
        let mut record = record.clone();
        record.as_object_mut().unwrap().remove("responsePayload").expect("a payload");
        record
    };
    RULES.like(&bare(recorded), &bare(ours)).unwrap_or_else(|why| panic!("{why}\nrecorded: {recorded}\nours: {ours}"));
    let (recorded, ours) = (&recorded["responsePayload"], &ours["responsePayload"]);
    for name in ["errorMessage", "errorType"] {
        assert_eq!(recorded.get(name), ours.get(name));
    }
}

async fn record(shot: Shot) {
    let desk = desk().await;
    let recorded = shot.recorded("put_function_event_invoke_config");
    let message = &shot.recorded("receive_message_result")["Messages"][0]["Body"];
    let event = &message["requestPayload"];
    let fails = event["raise_error"] == 1;
    function(&desk, if fails { "fail" } else { "echo" }).await;
    let mut input = json!({ "DestinationConfig": { "OnSuccess": { "Destination": QUEUE }, "OnFailure": { "Destination": QUEUE } } });
    if let Some(retries) = recorded.get("MaximumRetryAttempts") {
        input["MaximumRetryAttempts"] = retries.clone();
    }
    shot.call(&desk, "put_function_event_invoke_config", PUT, f(input)).await;
    // The function's own words, which its event can't tell it: the recordings' function raises them for the number 1.
    let said = message["responsePayload"]["errorMessage"].as_str().unwrap_or_default();
    let mut sent = event.clone();
    if fails {
        sent["raise"] = said.into();
    }
    send(&desk, sent).await;
    desk.advance(400).await;
    let got = received(&desk);
    assert_eq!(got.len(), 1);
    let mut ours = got[0].0.clone();
    ours["requestPayload"].as_object_mut().unwrap().remove("raise");
    same(message, &ours);
    shot.by_hand("receive_message_result");
}

async fn retries(shot: Shot) {
    let desk = desk().await;
    function(&desk, "fail").await;
    desk.ok(PUT, f(json!({ "MaximumRetryAttempts": 2, "DestinationConfig": { "OnFailure": { "Destination": QUEUE } } }))).await;
    send(&desk, json!({ "message": "m" })).await;
    for (secs, runs) in [(30, 1), (60, 2), (120, 3)] {
        desk.advance(secs).await;
        assert_eq!(desk.invocations().len(), runs);
    }
    same(&shot.recorded("queue_destination_payload")["Messages"][0]["Body"], &received(&desk)[0].0);
    shot.by_hand("queue_destination_payload");
}

async fn age(shot: Shot) {
    let desk = desk().await;
    function(&desk, "fail").await;
    let input = json!({
        "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60, "DestinationConfig": { "OnFailure": { "Destination": QUEUE } },
    });
    desk.ok(PUT, f(input)).await;
    send(&desk, json!({ "message": "m" })).await;
    // It isn't even waited for: a retry would come too late.
    desk.settle().await;
    same(&shot.recorded("no_retry_failure_message")["Body"], &received(&desk)[0].0);
    shot.by_hand("no_retry_failure_message");
    desk.ok("UpdateFunctionEventInvokeConfig", f(json!({ "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 90 }))).await;
    send(&desk, json!({ "message": "m" })).await;
    desk.advance(60).await;
    same(&shot.recorded("single_retry_failure_message")["Body"], &received(&desk)[0].0);
    shot.by_hand("single_retry_failure_message");
}

async fn dead_letter(shot: Shot) {
    let desk = desk().await;
    let mut input = helped();
    let more = json!({ "DeadLetterConfig": { "TargetArn": QUEUE }, "Code": code("fail") });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shot.make(&desk, "create_lambda_with_dlq", input).await;
    let event = json!({ "raise": "Test exception (this is intentional)" });
    send(&desk, event.clone()).await;
    desk.advance(400).await;
    let (body, attributes) = received(&desk).remove(0);
    assert_eq!(body, event);
    let recorded = &shot.recorded("receive_result")["Messages"][0]["MessageAttributes"];
    assert_eq!(attributes.len(), recorded.as_object().unwrap().len());
    for (name, value) in attributes {
        let (name, kind) = name.split_once(':').unwrap_or((&name, "String"));
        RULES.like(&recorded[name], &json!({ "DataType": kind, "StringValue": value })).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    shot.by_hand("receive_result");
    shot.call(&desk, "delete_dlq", "UpdateFunctionConfiguration", f(json!({ "DeadLetterConfig": {} }))).await;
    let told = invoke(&desk, f(json!({ "LogType": "Tail", "Payload": base64(event.to_string().as_bytes()) }))).await;
    let recorded = shot.recorded("invoke_result");
    for name in ["ExecutedVersion", "FunctionError", "StatusCode"] {
        assert_eq!(told[name], recorded[name]);
    }
    for name in ["errorMessage", "errorType"] {
        assert_eq!(told["Payload"][name], recorded["Payload"][name]);
    }
    shot.by_hand("invoke_result");
    // Between the first line and the last stands what Python prints.
    let log = String::from_utf8(decode(told["LogResult"].as_str().unwrap())).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("START") || line.starts_with("END")).collect();
    let mut recorded = shot.recorded("log_result")["result"].clone();
    recorded.as_array_mut().unwrap().retain(|line| ["START", "END"].iter().any(|word| line.as_str().unwrap().starts_with(word)));
    RULES.like(&recorded, &json!(lines)).unwrap();
    shot.by_hand("log_result");
}
