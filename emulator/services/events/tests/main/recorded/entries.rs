//! PutEvents.

use super::*;
use crate::desk::{FUNCTION, QUEUE, TOPIC, target};

#[tokio::test]
async fn recorded_events() {
    let mut table: Vec<(&'static str, How)> = Vec::new();
    table.extend(ENTRIES.iter().map(|(name, how)| (*name, copy(how))));
    table.extend(super::buses::BUSES.iter().map(|(name, how)| (*name, copy(how))));
    table.extend(super::rules::RULES.iter().map(|(name, how)| (*name, copy(how))));
    run("test_events", Box::leak(table.into_boxed_slice())).await;
}

fn copy(how: &How) -> How {
    match how {
        How::Done(run) => How::Done(*run),
        How::Listed(reason) => How::Listed(reason),
    }
}

const ENTRIES: Table = &[
    ("TestEvents::test_put_events_without_source", done!(incomplete)),
    ("TestEvents::test_put_event_without_detail", done!(incomplete)),
    ("TestEvents::test_put_event_without_detail_type", done!(incomplete)),
    ("TestEvents::test_put_event_with_too_big_detail", done!(too_big)),
    ("TestEvents::test_put_event_malformed_detail", done!(malformed)),
    ("TestEvents::test_put_events_time", done!(times)),
    ("TestEvents::test_put_events_exceed_limit_ten_entries", done!(too_many)),
    ("TestEvents::test_create_connection_validations", How::Listed("connections are refused by name")),
    ("TestEvents::test_put_events_response_entries_order", done!(two_queues)),
    ("TestEvents::test_put_events_with_target_delivery_failure", done!(failing)),
    ("TestEvents::test_put_events_with_time_field", done!(time)),
];

async fn incomplete(shot: Shot) {
    let desk = Desk::new().await;
    // The sentence names the member that the test left out.
    let message = shot.recorded("put-events")["Entries"][0]["ErrorMessage"].as_str().unwrap();
    let member = message.split(' ').nth(1).unwrap();
    let mut entry = entry("default", detail());
    entry.as_object_mut().unwrap().remove(member);
    shot.call(&desk, "put-events", "PutEvents", json!({ "Entries": [entry] })).await;
}

async fn too_big(shot: Shot) {
    let desk = Desk::new().await;
    let big = json!({ "payload": ["p".repeat(256 * 1024 - 17)] });
    shot.call(&desk, "put-events-too-big-detail-error", "PutEvents", json!({ "Entries": [entry("default", big)] })).await;
}

async fn malformed(shot: Shot) {
    let desk = Desk::new().await;
    let text = match shot.parameter.as_str() {
        "STRING" => "this is a string",
        "ARRAY" => "[1, 2]",
        "MALFORMED_JSON" => "{\"a\": [}",
        _ => "\"{}\"",
    };
    let mut entry = entry("default", detail());
    entry["Detail"] = text.into();
    let label = shot.content.as_object().unwrap().keys().next().unwrap().clone();
    shot.call(&desk, &label, "PutEvents", json!({ "Entries": [entry] })).await;
}

async fn times(shot: Shot) {
    let desk = Desk::new().await;
    desk.rule("default", "r", json!({ "source": ["core.update-account-command"] }), json!([target("q", QUEUE, json!({}))])).await;
    for message in ["short time", "new time", "long time"] {
        desk.ok("PutEvents", json!({ "Entries": [entry("default", json!({ "message": message }))] })).await;
        desk.settle().await;
    }
    shot.messages("messages", &desk.told.take(QUEUE));
}

async fn too_many(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
    let mut entry = entry("b", detail());
    // Spaces as Python writes them, because AWS's sentence repeats the text.
    entry["Detail"] = r#"{"command": "update-account", "payload": {"acc_id": "0a787ecb-4015", "sf_id": "baz"}}"#.into();
    let recorded = shot.recorded("put-events-exceed-limit-error")["Error"]["Message"].as_str().unwrap();
    let entries = vec![entry; recorded.matches("PutEventsRequestEntry(").count()];
    shot.call(&desk, "put-events-exceed-limit-error", "PutEvents", json!({ "Entries": entries })).await;
}

async fn two_queues(shot: Shot) {
    let desk = Desk::new().await;
    desk.rule("default", "a", pattern(), json!([target("q", QUEUE, json!({}))])).await;
    desk.rule("default", "b", pattern(), json!([target("q", FUNCTION, json!({}))])).await;
    shot.call(&desk, "put-events-response", "PutEvents", json!({ "Entries": [entry("default", detail())] })).await;
    desk.settle().await;
    let message = |sent: Sent| json!({ "Body": sent.body, "MD5OfBody": "s", "MessageId": "m", "ReceiptHandle": "r" });
    let both = json!({ "queue1_messages": [message(desk.told.only(QUEUE))], "queue2_messages": [message(desk.told.only(FUNCTION))] });
    shot.same("sqs-messages", &both);
}

async fn failing(shot: Shot) {
    let desk = Desk::new().await;
    desk.rule("default", "r", pattern(), json!([target("t", TOPIC, json!({}))])).await;
    desk.told.fail(TOPIC, kit::Fault::new("NotFound", 404, "Topic does not exist"));
    shot.call(&desk, "put-events-response", "PutEvents", json!({ "Entries": [entry("default", detail())] })).await;
    desk.settle().await;
    assert!(desk.told.take(TOPIC).is_empty());
}

async fn time(shot: Shot) {
    let desk = Desk::new().await;
    desk.rule("default", "r", json!({ "source": ["test-source"] }), json!([target("q", QUEUE, json!({}))])).await;
    let entry = json!({ "Source": "test-source", "DetailType": "test-detail-type", "Time": "2022-03-22T18:59:43Z",
        "Detail": "{\"message\": \"test message\"}" });
    shot.call(&desk, "put-events", "PutEvents", json!({ "Entries": [entry] })).await;
    desk.settle().await;
    let sent = desk.told.take(QUEUE);
    assert_eq!(sent[0].json()["time"], "2022-03-22T18:59:43Z");
    shot.messages("sqs-messages", &sent);
}
