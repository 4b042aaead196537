//! What targets get: parts of events and templates.

use super::*;
use crate::desk::{FUNCTION, QUEUE, target};

#[tokio::test]
async fn recorded_inputs() {
    run("test_events_inputs", INPUTS).await;
}

const INPUTS: Table = &[
    ("test_put_event_input_path_and_input_transformer", done!(both)),
    ("TestInputPath::test_put_events_with_input_path", done!(path)),
    ("TestInputPath::test_put_events_with_input_path_nested", done!(path_nested)),
    ("TestInputPath::test_put_events_with_input_path_max_level_depth", done!(path_deep)),
    ("TestInputPath::test_put_events_with_input_path_multiple_targets", done!(two_targets)),
    ("TestInputTransformer::test_put_events_with_input_transformer_input_template_string", done!(text_template)),
    ("TestInputTransformer::test_put_events_with_input_transformer_input_template_json", done!(json_template)),
    ("TestInputTransformer::test_put_events_with_input_transformer_missing_keys", done!(unknown_key)),
    ("TestInputTransformer::test_input_transformer_predefined_variables", done!(predefined)),
    ("TestInputTransformer::test_input_transformer_nested_keys_replacement", done!(replaced)),
];

/// What the queue gets of one event of a detail.
async fn sent(detail: Value, input: Value) -> Vec<Sent> {
    let desk = Desk::new().await;
    desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
    desk.rule("b", "r", pattern(), json!([target("t", QUEUE, input)])).await;
    desk.ok("PutEvents", json!({ "Entries": [entry("b", detail)] })).await;
    desk.settle().await;
    desk.told.take(QUEUE)
}

fn paths(command: &str) -> Value {
    json!({ "detail-type": "$.detail-type", "timestamp": "$.time", "command": command })
}
fn transformer(paths: Value, template: &str) -> Value {
    json!({ "InputTransformer": { "InputPathsMap": paths, "InputTemplate": template } })
}

async fn refused(shot: Shot, label: &str, input: Value) {
    let desk = Desk::new().await;
    desk.ok("PutRule", json!({ "Name": "r", "EventPattern": pattern().to_string() })).await;
    shot.call(&desk, label, "PutTargets", json!({ "Rule": "r", "Targets": [target("t", QUEUE, input)] })).await;
}

async fn both(shot: Shot) {
    let mut input = transformer(paths("$.detail.command"), r#"{"detailType": <detail-type>}"#);
    input["InputPath"] = "$.detail".into();
    refused(shot, "duplicated-input-operations-error", input).await;
}

async fn unknown_key(shot: Shot) {
    let template = r#""Event of <detail-type> type, with not defined key <notdefinedkey>""#;
    refused(shot, "missing-key-exception-error", transformer(paths("$.detail.command"), template)).await;
}

async fn path(shot: Shot) {
    shot.messages("message", &sent(detail(), json!({ "InputPath": "$.detail" })).await);
}

async fn path_nested(shot: Shot) {
    let doubled = json!({ "command": "update-account",
        "payload": { "acc_id": "0a787ecb-4015", "payload": { "message": "baz", "id": "123" } } });
    let detail = if shot.parameter == "event_detail0" { detail() } else { doubled };
    shot.messages("message", &sent(detail, json!({ "InputPath": "$.detail.payload" })).await);
}

async fn path_deep(shot: Shot) {
    // The body is a text of JSON, which the recording keeps as it is.
    shot.messages("message", &sent(detail(), json!({ "InputPath": "$.detail.payload.sf_id" })).await);
}

async fn two_targets(shot: Shot) {
    let desk = Desk::new().await;
    let targets = json!([target("a", QUEUE, json!({ "InputPath": "$.detail" })), target("b", FUNCTION, json!({}))]);
    desk.rule("default", "r", pattern(), targets).await;
    desk.ok("PutEvents", json!({ "Entries": [entry("default", detail())] })).await;
    desk.settle().await;
    shot.messages("message-queue-1", &desk.told.take(QUEUE));
    shot.messages("message-queue-2", &desk.told.take(FUNCTION));
}

async fn with_and_without(shot: Shot, template: &str) {
    shot.messages("custom-variables-match-all", &sent(detail(), transformer(paths("$.detail.command"), template)).await);
    shot.messages("custom-variables-not-match-all", &sent(detail(), transformer(paths("$.detail.notinmessage"), template)).await);
}

async fn text_template(shot: Shot) {
    let template = match shot.parameter.as_str() {
        "" => r#""Event of <detail-type> type, at time <timestamp>, info extracted from detail <command>""#.to_owned(),
        template => template.to_owned(),
    };
    with_and_without(shot, &template).await;
}

async fn json_template(shot: Shot) {
    with_and_without(shot, r#"{"detailType": <detail-type>,  "time": <timestamp>, "command": <command>}"#).await;
}

async fn predefined(shot: Shot) {
    let input = json!({ "InputTransformer": { "InputTemplate": shot.parameter } });
    shot.messages("messages", &sent(detail(), input).await);
}

async fn replaced(shot: Shot) {
    let detail = json!({
        "command": "update-account",
        "payload": { "acc_id": "0a787ecb-4015", "sf_id": "baz" },
        "listsingle": ["HIGH"],
        "listmulti": ["ACTIVE", "INACTIVE"],
        "valid": true,
    });
    let paths = json!({ "userId": "$.detail.payload.acc_id", "payload": "$.detail.payload", "systemstring": "$.detail.awsAccountId",
        "listsingle": "$.detail.listsingle", "listmulti": "$.detail.listmulti", "valid": "$.detail.valid" });
    // Parameters stand in names as Python writes them: a line's end is two characters there.
    let template = shot.parameter.replace("\\n", "\n");
    shot.messages("input-transformed-messages", &sent(detail, transformer(paths, &template)).await);
}
