//! Targets, and events that cross accounts and regions.

use super::*;
use crate::desk::{FUNCTION, QUEUE, TOPIC, target};

#[tokio::test]
async fn recorded_targets() {
    run("test_events_targets", TARGETS).await;
}

#[tokio::test]
async fn recorded_crossings() {
    run("test_events_cross_account_region", CROSSINGS).await;
}

const TARGETS: Table = &[
    ("test_put_events_with_target_lambda_list_entry", done!(list)),
    ("test_put_events_with_target_lambda_list_entries_partial_match", done!(list)),
    ("test_put_events_with_target_sqs", done!(queue)),
    ("test_put_events_with_target_sqs_event_detail_match", done!(detail_match)),
    ("TestEventsTargetEvents::test_put_events_with_target_events", done!(bus)),
    ("TestEventsTargetFirehose::test_put_events_with_target_firehose", How::Listed("targets of firehose are refused by name")),
    ("TestEventsTargetKinesis::test_put_events_with_target_kinesis", How::Listed("targets of kinesis are refused by name")),
    ("TestEventsTargetLambda::test_put_events_with_target_lambda", done!(function)),
    ("TestEventsTargetLambda::test_put_events_with_target_lambda_list_entry", done!(list)),
    ("TestEventsTargetLambda::test_put_events_with_target_lambda_list_entries_partial_match", done!(list)),
    ("TestEventsTargetSns::test_put_events_with_target_sns", done!(topic)),
    ("TestEventsTargetSqs::test_put_events_with_target_sqs", done!(queue)),
    ("TestEventsTargetSqs::test_put_events_with_target_sqs_event_detail_match", done!(detail_match)),
    ("TestEventsTargetApiGateway::test_put_events_with_target_api_gateway", How::Listed("targets of execute-api are refused by name")),
    ("TestEventsTargetCloudWatchLogs::test_put_events_with_target_cloudwatch_logs", done!(logs)),
];

const CROSSINGS: Table = &[
    ("test_event_bus_to_event_bus_cross_account_region", done!(crossing)),
    ("TestEventsCrossAccountRegion::test_put_events", done!(other_account)),
];

async fn told(pattern: Value, to: &str, more: Value, details: &[Value]) -> Vec<Sent> {
    let desk = Desk::new().await;
    desk.rule("default", "r", pattern, json!([target("t", to, more)])).await;
    for detail in details {
        desk.ok("PutEvents", json!({ "Entries": [entry("default", detail.clone())] })).await;
        desk.settle().await;
    }
    desk.told.take(to)
}

async fn function(shot: Shot) {
    let events = told(pattern(), FUNCTION, json!({}), &[detail()]).await;
    shot.same("events", &events.iter().map(Sent::json).collect());
}

/// The recorded detail passes a pattern about a member of a list's items.
async fn list(shot: Shot) {
    let pattern = json!({ "detail": { "payload": { "automations": { "id": [{ "exists": true }] } } } });
    let recorded = shot.recorded("events")[0]["detail"].clone();
    let events = told(pattern, FUNCTION, json!({}), &[recorded]).await;
    shot.same("events", &events.iter().map(Sent::json).collect());
}

async fn queue(shot: Shot) {
    shot.messages("message", &told(pattern(), QUEUE, json!({}), &[detail()]).await);
}

async fn detail_match(shot: Shot) {
    let details = ["1", "2"].map(|kind| json!({ "EventType": kind }));
    let pattern = json!({ "detail": { "EventType": ["0", "1"] } });
    shot.messages("messages", &told(pattern, QUEUE, json!({ "InputPath": "$.detail" }), &details).await);
}

/// The topic's message is within what SNS sends on.
async fn topic(shot: Shot) {
    let sent = told(pattern(), TOPIC, json!({}), &[detail()]).await;
    let recorded = shot.recorded("messages")[0]["Body"]["Message"].as_str().unwrap();
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    super::RULES.like(&recorded, &sent[0].json()).unwrap();
    shot.by_hand("messages");
}

async fn bus(shot: Shot) {
    let desk = Desk::new().await;
    let (from, to) = match shot.parameter.as_str() {
        "bus_combination0" => ("default", "custom"),
        "bus_combination1" => ("custom", "custom-two"),
        _ => ("custom", "default"),
    };
    for name in [from, to] {
        if name != "default" {
            desk.ok("CreateEventBus", json!({ "Name": name })).await;
        }
    }
    let arn = format!("arn:aws:events:us-east-1:000000000000:event-bus/{to}");
    desk.rule(from, "on", pattern(), json!([target("b", &arn, json!({ "RoleArn": "arn:aws:iam::000000000000:role/sender" }))])).await;
    desk.rule(to, "in", pattern(), json!([target("q", QUEUE, json!({}))])).await;
    desk.ok("PutEvents", json!({ "Entries": [entry(from, detail())] })).await;
    desk.settle().await;
    shot.messages("messages", &desk.told.take(QUEUE));
}

async fn logs(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "event_bus_response", "CreateEventBus", json!({ "Name": "b" })).await;
    let rule = json!({ "Name": "r", "EventBusName": "b", "EventPattern": pattern().to_string() });
    shot.call(&desk, "rule_response", "PutRule", rule).await;
    let group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/g";
    let targets = json!({ "Rule": "r", "EventBusName": "b", "Targets": [target("t", group, json!({}))] });
    shot.call(&desk, "put_targets_response", "PutTargets", targets).await;
    shot.call(&desk, "put_events_response", "PutEvents", json!({ "Entries": [entry("b", detail())] })).await;
    desk.settle().await;
    let line = desk.told.only("/aws/events/g");
    shot.same("log_events", &json!([{ "timestamp": 0, "message": line.body, "ingestionTime": 0 }]));
}

/// A bus sends to one of another region, account or both, and to a queue; the other bus has events of its own.
async fn crossing(shot: Shot) {
    let desk = Desk::new().await;
    let custom = shot.parameter.starts_with("custom");
    let region = if shot.parameter.contains("region") { "eu-central-1" } else { "us-east-1" };
    let account = if shot.parameter.contains("account") { "111111111111" } else { "000000000000" };
    let bus = if custom { "b" } else { "default" };
    let there = |operation: &'static str, input: Value| {
        let desk = &desk;
        async move { desk.elsewhere(account, region, operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}")) }
    };
    if custom {
        desk.ok("CreateEventBus", json!({ "Name": bus })).await;
        there("CreateEventBus", json!({ "Name": bus })).await;
    }
    let allow = json!({ "EventBusName": bus, "Action": "events:PutEvents", "Principal": "000000000000", "StatementId": "in" });
    there("PutPermission", allow).await;
    let other_bus = format!("arn:aws:events:{region}:{account}:event-bus/{bus}");
    let other_queue = format!("arn:aws:sqs:{region}:{account}:there");
    let both = json!({ "source": ["source-primary", "source-secondary"] });
    let rule = |name: &str| json!({ "Name": name, "EventBusName": bus, "EventPattern": both.to_string() });
    let targets = json!([target("b", &other_bus, json!({})), target("q", QUEUE, json!({}))]);
    desk.rule(bus, "r", json!({ "source": ["source-primary"] }), targets).await;
    there("PutRule", rule("there")).await;
    let last = json!({ "Rule": "there", "EventBusName": bus, "Targets": [target("q", &other_queue, json!({}))] });
    there("PutTargets", last).await;

    let mut entry = entry(bus, detail());
    entry["Source"] = "source-primary".into();
    desk.ok("PutEvents", json!({ "Entries": [entry] })).await;
    desk.settle().await;
    let (here, arrived) = (desk.told.take(QUEUE), desk.told.take(&other_queue));
    // Recorded: the id is the same in another account and another in another region.
    let ids = |label: &str| shot.recorded(label)[0]["Body"]["id"].clone();
    let same = ids("messages_primary_queue_from_primary_event_bus") == ids("messages_secondary_queue_from_primary_event_bus");
    assert_eq!(here[0].json()["id"] == arrived[0].json()["id"], same);
    shot.messages("messages_primary_queue_from_primary_event_bus", &here);
    shot.messages("messages_secondary_queue_from_primary_event_bus", &arrived);

    entry["Source"] = "source-secondary".into();
    there("PutEvents", json!({ "Entries": [entry] })).await;
    desk.settle().await;
    shot.messages("messages_secondary_queue_from_secondary_event_bus", &desk.told.take(&other_queue));
}

async fn other_account(shot: Shot) {
    let desk = Desk::new().await;
    let other = "111111111111";
    let there = |operation: &'static str, input: Value| {
        let desk = &desk;
        async move { desk.elsewhere(other, "us-east-1", operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}")) }
    };
    let bus = there("CreateEventBus", json!({ "Name": "b" })).await["EventBusArn"].as_str().unwrap().to_owned();
    let allow = json!({ "EventBusName": "b", "Action": "events:PutEvents", "Principal": "000000000000", "StatementId": "in" });
    there("PutPermission", allow).await;
    let rule = json!({ "Name": "r", "EventBusName": "b", "EventPattern": "{\"source\": [\"source-primary\"]}" });
    there("PutRule", rule).await;
    let queue = "arn:aws:sqs:us-east-1:111111111111:there";
    there("PutTargets", json!({ "Rule": "r", "EventBusName": "b", "Targets": [target("q", queue, json!({}))] })).await;
    let mut entry = entry(&bus, detail());
    entry["Source"] = "source-primary".into();
    desk.ok("PutEvents", json!({ "Entries": [entry] })).await;
    desk.settle().await;
    shot.messages("messages", &desk.told.take(queue));
}
