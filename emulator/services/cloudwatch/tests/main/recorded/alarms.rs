//! Metric alarms.

use super::{How, Shot, plain};
use crate::desk::{Desk, FUNCTION, TOPIC};
use serde_json::{Value, json};

pub fn table() -> Vec<(&'static str, How)> {
    use How::*;
    vec![
        ("test_alarm_lambda_target", Done(|s| Box::pin(function(s)))),
        ("test_exception_serializing_with_no_shape_in_spec", Listed("three protocols on the wire: tests/python/test_metrics.py")),
        ("test_describe_alarms_converts_date_format_correctly", Done(|s| Box::pin(minimal(s, "describe-alarms", 60)))),
        ("test_describe_minimal_metric_alarm", Done(|s| Box::pin(minimal(s, "describe_minimal_metric_alarm", 10)))),
        ("test_store_tags", Done(|s| Box::pin(store_tags(s)))),
        ("test_put_metric_alarm_escape_character", Done(|s| Box::pin(escaped(s)))),
        ("test_breaching_alarm_actions", Done(|s| Box::pin(breaching(s)))),
        ("test_enable_disable_alarm_actions", Done(|s| Box::pin(switched(s)))),
        ("test_delete_alarm", Done(|s| Box::pin(deleted(s)))),
        ("test_set_alarm", Done(|s| Box::pin(set(s)))),
        ("test_set_alarm_invalid_input", Done(|s| Box::pin(set_wrong(s)))),
        ("test_put_metric_alarm", Done(|s| Box::pin(put(s)))),
        ("test_tagging_metric_alarm", Done(|s| Box::pin(tagged(s)))),
    ]
}

const ARN: &str = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a";

fn alarm(more: Value) -> Value {
    let mut input = json!({
        "AlarmName": "a", "Namespace": "test/ns", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 30.0, "ComparisonOperator": "GreaterThanThreshold",
    });
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    input
}
fn watched(more: Value) -> Value {
    let mut input = alarm(json!({
        "AlarmDescription": "testing cloudwatch alarms", "Statistic": "Average", "Period": 10, "Unit": "Seconds",
        "Dimensions": [{ "Name": "InstanceId", "Value": "abc" }], "TreatMissingData": "ignore", "AlarmActions": [TOPIC], "OKActions": [TOPIC],
    }));
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    input
}
async fn describe(shot: &Shot, desk: &Desk, label: &str) {
    shot.call(desk, label, "DescribeAlarms", json!({ "AlarmNames": ["a"] })).await;
}
/// The message that a topic got. A field that AWS sends since the newest recording is left out where an older one lacks it.
async fn message(shot: &Shot, desk: &Desk, label: &str) {
    desk.settle().await;
    let mut ours = desk.told.only(TOPIC).json();
    if shot.content[label].get("ActionExecutedAfterMuteWindow").is_none() {
        ours.as_object_mut().unwrap().remove("ActionExecutedAfterMuteWindow");
    }
    shot.same(label, &ours);
}
async fn state(desk: &Desk, state: &str, reason: &str) {
    desk.ok("SetAlarmState", json!({ "AlarmName": "a", "StateValue": state, "StateReason": reason })).await;
    desk.settle().await;
}

async fn function(shot: Shot) {
    let desk = Desk::new().await;
    let more = json!({ "AlarmDescription": "testing lambda alarm action", "Namespace": "namespace", "MetricName": "metric1", "Period": 10,
        "Statistic": "Average", "AlarmActions": [FUNCTION] });
    desk.ok("PutMetricAlarm", alarm(more)).await;
    state(&desk, "ALARM", "testing alarm").await;
    shot.same("lambda-alarm-invocations", &desk.told.only(FUNCTION).json());
}

async fn minimal(shot: Shot, label: &str, period: i64) {
    let desk = Desk::new().await;
    desk.ok("PutMetricAlarm", alarm(json!({ "Period": period }))).await;
    describe(&shot, &desk, label).await;
}

async fn store_tags(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "put_metric_alarm", "PutMetricAlarm", alarm(json!({ "MetricName": "store_tags" }))).await;
    describe(&shot, &desk, "describe_alarms").await;
    tags(&shot, &desk, "list_tags_for_resource_empty ").await;
    let two = json!([{ "Key": "tag1", "Value": "foo" }, { "Key": "tag2", "Value": "bar" }]);
    desk.ok("TagResource", json!({ "ResourceARN": ARN, "Tags": two })).await;
    tags(&shot, &desk, "list_tags_for_resource").await;
    desk.ok("UntagResource", json!({ "ResourceARN": ARN, "TagKeys": ["tag1"] })).await;
    tags(&shot, &desk, "list_tags_for_resource_post_untag").await;
}
async fn tags(shot: &Shot, desk: &Desk, label: &str) {
    shot.call(desk, label, "ListTagsForResource", json!({ "ResourceARN": ARN })).await;
}

async fn escaped(shot: Shot) {
    let desk = Desk::new().await;
    let more = json!({ "AlarmDescription": "<", "Period": 600, "Threshold": 1.0,
        "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:MyTopic"] });
    desk.ok("PutMetricAlarm", alarm(more)).await;
    describe(&shot, &desk, "describe-alarms-escaped-character").await;
}

async fn breaching(shot: Shot) {
    let desk = Desk::new().await;
    let more = json!({ "MetricName": "my-metric101", "EvaluationPeriods": 2, "Threshold": 2.0, "TreatMissingData": "breaching" });
    desk.ok("PutMetricAlarm", watched(more)).await;
    desk.advance(10).await;
    message(&shot, &desk, "alarm-1-sqs-msg").await;
    describe(&shot, &desk, "alarm-1-describe").await;
}

async fn switched(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("PutMetricAlarm", watched(json!({ "MetricName": "my-metric101", "EvaluationPeriods": 2, "Threshold": 2.0 }))).await;
    describe(&shot, &desk, "describe_alarm").await;
    state(&desk, "ALARM", "testing alarm").await;
    message(&shot, &desk, "alarm-state-sqs-msg").await;
    describe(&shot, &desk, "alarm-state-describe").await;
    desk.ok("DisableAlarmActions", json!({ "AlarmNames": ["a"] })).await;
    state(&desk, "OK", "testing OK state").await;
    describe(&shot, &desk, "describe_alarm_disabled").await;
    describe(&shot, &desk, "ok-state-action-disabled-describe").await;
    assert!(desk.told.take(TOPIC).is_empty());
    desk.ok("EnableAlarmActions", json!({ "AlarmNames": ["a"] })).await;
    describe(&shot, &desk, "describe_alarm_enabled").await;
}

async fn deleted(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("PutMetricAlarm", alarm(json!({ "MetricName": "metric1" }))).await;
    describe(&shot, &desk, "describe-alarm").await;
    shot.call(&desk, "delete-alarm", "DeleteAlarms", json!({ "AlarmNames": ["a"] })).await;
    describe(&shot, &desk, "describe-after-delete").await;
}

async fn set(shot: Shot) {
    let desk = Desk::new().await;
    let more = json!({ "AlarmDescription": "Test Alarm when CPU exceeds 50 percent", "MetricName": "CPUUtilization-3", "Unit": "Percent",
        "Statistic": "Average", "Period": 300, "EvaluationPeriods": 2, "Threshold": 50.0, "TreatMissingData": "ignore",
        "Dimensions": [{ "Name": "InstanceId", "Value": "i-0317828c84edbe100" }], "AlarmActions": [TOPIC],
        "OKActions": ["arn:aws:sns:us-east-1:000000000000:ok"] });
    desk.ok("PutMetricAlarm", alarm(more)).await;
    state(&desk, "ALARM", "testing alarm").await;
    describe(&shot, &desk, "triggered-alarm").await;
    state(&desk, "OK", "resetting alarm").await;
    describe(&shot, &desk, "reset-alarm").await;
}

async fn set_wrong(shot: Shot) {
    let desk = Desk::new().await;
    let with = |state: &str| json!({ "AlarmName": "a", "StateValue": state, "StateReason": "test" });
    shot.call(&desk, "error-invalid-state", "SetAlarmState", with("INVALID")).await;
    shot.call(&desk, "error-resource-not-found", "SetAlarmState", with("OK")).await;
}

async fn put(shot: Shot) {
    let desk = Desk::new().await;
    desk.ok("PutMetricAlarm", watched(json!({ "MetricName": "my-metric1", "Threshold": 21.0 }))).await;
    describe(&shot, &desk, "describe-alarm").await;
    let dimensions = json!([{ "Name": "InstanceId", "Value": "abc" }]);
    let datum = |value: f64| json!({ "MetricName": "my-metric1", "Dimensions": dimensions, "Unit": "Seconds", "Value": value });
    desk.ok("PutMetricData", json!({ "Namespace": "test/ns", "MetricData": [datum(21.0), datum(22.0)] })).await;
    desk.advance(10).await;
    message(&shot, &desk, "alarm-triggered-sqs-msg").await;
    shot.call(&desk, "describe-alarm-history", "DescribeAlarmHistory", json!({ "AlarmName": "a", "HistoryItemType": "StateUpdate" })).await;
    let of = json!({ "Namespace": "test/ns", "MetricName": "my-metric1", "Dimensions": dimensions, "Unit": "Seconds", "Statistic": "Average",
        "Period": 10 });
    let ours = desk.ok("DescribeAlarmsForMetric", of).await;
    shot.same("describe-alarms-for-metric", &plain(&ours));
}

async fn tagged(shot: Shot) {
    let desk = Desk::new().await;
    let with = alarm(json!({ "Tags": [{ "Key": "Environment", "Value": "Production" }] }));
    shot.call(&desk, "put_metric_alarm", "PutMetricAlarm", with).await;
    tags(&shot, &desk, "list_tags_for_resource_after_creation").await;
    let two = json!([{ "Key": "tag1", "Value": "foo" }, { "Key": "tag2", "Value": "bar" }]);
    desk.ok("TagResource", json!({ "ResourceARN": ARN, "Tags": two })).await;
    tags(&shot, &desk, "list_tags_for_resource_updated").await;
    desk.ok("UntagResource", json!({ "ResourceARN": ARN, "TagKeys": ["tag1"] })).await;
    tags(&shot, &desk, "list_tags_for_resource_post_untag").await;
    desk.ok("DeleteAlarms", json!({ "AlarmNames": ["a"] })).await;
    tags(&shot, &desk, "list_tags_for_deleted_resource").await;
}
