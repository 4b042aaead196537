//! Event patterns: what is refused, word for word. What passes and what doesn't is recorded without the patterns; `kit::filters` has those.

use super::*;
use crate::desk::{QUEUE, target};

#[tokio::test]
async fn recorded_patterns() {
    run("test_events_patterns", PATTERNS).await;
}

const PATTERNS: Table = &[
    ("TestEventPattern::test_event_pattern", done!(refused)),
    ("TestEventPattern::test_event_pattern_source", done!(source)),
    ("TestRuleWithPattern::test_put_events_with_rule_pattern_anything_but", done!(anything_but)),
    ("TestRuleWithPattern::test_put_events_with_rule_pattern_exists_true", done!(exists)),
    ("TestRuleWithPattern::test_put_events_with_rule_pattern_exists_false", done!(absent)),
    ("TestRuleWithPattern::test_put_event_with_content_base_rule_in_pattern", How::Listed("the pattern is not recorded")),
    ("TestEventPattern::test_invalid_json_event_pattern", done!(no_json)),
    ("TestEventPattern::test_plain_string_payload", done!(no_event)),
    ("TestEventPattern::test_invalid_event_payload", done!(no_event)),
    ("TestEventPattern::test_array_event_payload", done!(no_event)),
    ("TestEventPattern::test_event_with_large_and_complex_payload", How::Listed("neither event nor patterns are recorded")),
];

fn event() -> Value {
    json!({ "id": "1", "account": "000000000000", "source": "s", "time": "2022-07-13T13:48:01Z", "region": "us-east-1", "resources": [],
        "detail-type": "t", "detail": {} })
}

async fn refused(shot: Shot) {
    let label = shot.parameter.clone();
    let recorded = shot.recorded(&label)["exception_message"]["Error"].clone();
    let raw = recorded["MessageRaw"].as_str().unwrap();
    // AWS quotes the pattern where it tells the place; where it doesn't, the pattern is not recorded.
    let quoted = raw.split_once("(String)\"").and_then(|(_, rest)| rest.split_once("\"; line: ")).map(|(pattern, _)| pattern);
    shot.by_hand(&label);
    let Some(pattern) = quoted else {
        println!("{label}: the pattern is not recorded");
        return;
    };
    let desk = Desk::new().await;
    let fault = desk.fault("TestEventPattern", json!({ "EventPattern": pattern, "Event": event().to_string() })).await;
    assert_eq!((&*fault.code, fault.status), (recorded["Code"].as_str().unwrap(), 400));
    // Regions and partitions have placeholders, which are longer or shorter than what they stand for: columns are of the real pattern.
    let (said, told) = (places(&fault.message), places(raw));
    match pattern.contains('<') {
        true => assert_eq!(said.0.split(" at pos ").next(), told.0.split(" at pos ").next()),
        false => assert_eq!(fault.message, raw),
    }
}

/// A sentence, and what it says of the place.
fn places(message: &str) -> (&str, &str) {
    message.split_once("\n at [Source").unwrap_or((message, ""))
}

async fn source(shot: Shot) {
    let desk = Desk::new().await;
    let test = |source: &str| json!({ "Event": event().to_string(), "EventPattern": json!({ "source": [source] }).to_string() });
    shot.call(&desk, "eventbridge-test-event-pattern-response", "TestEventPattern", test("s")).await;
    shot.call(&desk, "eventbridge-test-event-pattern-response-no-match", "TestEventPattern", test("other")).await;
}

async fn rule(shot: Shot, label: &str, about: Value, details: &[Value]) {
    let desk = Desk::new().await;
    let mut pattern = pattern();
    pattern["detail"] = about;
    desk.rule("default", "r", pattern, json!([target("t", QUEUE, json!({}))])).await;
    for detail in details {
        desk.ok("PutEvents", json!({ "Entries": [entry("default", detail.clone())] })).await;
        desk.settle().await;
    }
    shot.messages(label, &desk.told.take(QUEUE));
}

async fn anything_but(shot: Shot) {
    let details = ["display-message", "no-message"].map(|command| json!({ "command": command, "payload": "baz" }));
    let null = json!({ "command": null, "payload": "baz" });
    let [shown, silent] = details;
    rule(shot, "rule-anything-but", json!({ "command": [{ "anything-but": ["no-message"] }] }), &[shown, null, silent]).await;
}

async fn exists(shot: Shot) {
    let details = [json!({ "key": "value", "payload": "baz" }), json!({ "no-key": "no-value", "payload": "baz" })];
    rule(shot, "rule-exists-true", json!({ "key": [{ "exists": true }] }), &details).await;
}

async fn absent(shot: Shot) {
    let details = [json!({ "key": "value", "payload": "baz" }), json!({ "no-key": "no-value", "payload": "baz" })];
    rule(shot, "rule-exists-false", json!({ "key": [{ "exists": false }] }), &details).await;
}

async fn no_json(shot: Shot) {
    let desk = Desk::new().await;
    let input = json!({ "EventPattern": shot.parameter, "Event": event().to_string() });
    shot.call(&desk, "invalid-pattern", "TestEventPattern", input).await;
}

async fn no_event(shot: Shot) {
    let desk = Desk::new().await;
    let label = shot.content.as_object().unwrap().keys().next().unwrap().clone();
    let event = if label.starts_with("array") { "[{\"id\": 1}]" } else { "plain string" };
    shot.call(&desk, &label, "TestEventPattern", json!({ "EventPattern": pattern().to_string(), "Event": event })).await;
}
