//! Schedules of rules.

use super::*;
use crate::desk::{QUEUE, target};

#[tokio::test]
async fn recorded_schedules() {
    run("test_events_schedule", SCHEDULES).await;
}

const SCHEDULES: Table = &[
    ("TestScheduleRate::test_put_rule_with_schedule_rate", done!(rate)),
    ("TestScheduleRate::tests_schedule_sqs_target", done!(nothing)),
    ("TestScheduleRate::tests_put_rule_with_schedule_custom_event_bus", done!(custom_bus)),
    ("TestScheduleRate::tests_schedule_rate_target_sqs", done!(twice)),
    ("TestScheduleRate::tests_schedule_rate_custom_input_target_sqs", done!(with_input)),
    ("TestScheduleCron::tests_put_rule_with_schedule_cron", done!(cron)),
    ("TestScheduleCron::tests_put_rule_with_invalid_schedule_cron", done!(invalid)),
    ("TestScheduleCron::test_schedule_cron_target_sqs", done!(cron_runs)),
];

async fn put(shot: &Shot, expression: &str) {
    let desk = Desk::new().await;
    shot.call(&desk, "put-rule", "PutRule", json!({ "Name": "r", "ScheduleExpression": expression })).await;
    shot.call(&desk, "list-rules", "ListRules", json!({})).await;
}

async fn rate(shot: Shot) {
    put(&shot, "rate(1 minute)").await;
}

async fn nothing(_: Shot) {}

async fn cron(shot: Shot) {
    let expression = match shot.parameter.as_str() {
        "" => shot.recorded("list-rules")["Rules"][0]["ScheduleExpression"].as_str().unwrap().to_owned(),
        expression => expression.to_owned(),
    };
    put(&shot, &expression).await;
}

async fn invalid(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "invalid-put-rule", "PutRule", json!({ "Name": "r", "ScheduleExpression": shot.parameter })).await;
}

async fn custom_bus(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("CreateEventBus", json!({ "Name": "b" })).await;
    let input = json!({ "Name": "r", "EventBusName": "b", "ScheduleExpression": "rate(1 minute)" });
    shot.call(&desk, "put-rule-with-custom-event-bus-error", "PutRule", input).await;
}

async fn scheduled(expression: &str, more: Value) -> Desk {
    let desk = Desk::new().await;
    desk.ok("PutRule", json!({ "Name": "r", "ScheduleExpression": expression })).await;
    desk.ok("PutTargets", json!({ "Rule": "r", "Targets": [target("t", QUEUE, more)] })).await;
    desk
}

async fn twice(shot: Shot) {
    let desk = scheduled("rate(1 minute)", json!({})).await;
    shot.call(&desk, "list-targets", "ListTargetsByRule", json!({ "Rule": "r" })).await;
    for label in ["messages-first", "messages-second"] {
        desk.advance(60).await;
        shot.messages(label, &desk.told.take(QUEUE));
    }
}

async fn with_input(shot: Shot) {
    let desk = scheduled("rate(1 minute)", json!({ "Input": "{\"custom-value\": \"somecustominput\"}" })).await;
    shot.call(&desk, "list-targets", "ListTargetsByRule", json!({ "Rule": "r" })).await;
    desk.advance(60).await;
    shot.messages("messages", &desk.told.take(QUEUE));
}

async fn cron_runs(shot: Shot) {
    // The desk's clock stands at 22:13:20.
    let desk = scheduled("cron(15 22 * * ? *)", json!({})).await;
    desk.advance(120).await;
    shot.messages("message", &desk.told.take(QUEUE));
}
