//! Composite alarms.

use super::{How, Shot, plain};
use crate::desk::{Desk, TOPIC};
use serde_json::{Value, json};

pub fn table() -> Vec<(&'static str, How)> {
    use How::*;
    vec![
        ("test_trigger_composite_alarm", Done(|s| Box::pin(triggered(s)))),
        ("test_tagging_composite_alarm", Done(|s| Box::pin(tagged(s)))),
    ]
}

fn arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}")
}

async fn simple(desk: &Desk, name: &str) {
    let input = json!({ "AlarmName": name, "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold" });
    desk.ok("PutMetricAlarm", input).await;
    desk.ok("SetAlarmState", json!({ "AlarmName": name, "StateValue": "OK", "StateReason": "first" })).await;
}

async fn described(shot: &Shot, desk: &Desk, label: &str) {
    desk.settle().await;
    let found = desk.ok("DescribeAlarms", json!({ "AlarmNames": ["both"], "AlarmTypes": ["CompositeAlarm"] })).await;
    shot.same(label, &plain(&found["CompositeAlarms"][0]));
}

async fn triggered(shot: Shot) {
    let desk = Desk::new().await;
    simple(&desk, "one").await;
    simple(&desk, "two").await;
    let rule = format!("ALARM(\"{}\") OR ALARM(\"{}\")", arn("one"), arn("two"));
    let input = json!({ "AlarmName": "both", "AlarmDescription": "composite alarm description", "AlarmRule": rule, "AlarmActions": [TOPIC],
        "OKActions": ["arn:aws:sns:us-east-1:000000000000:ok"] });
    shot.call(&desk, "put-composite-alarm", "PutCompositeAlarm", input).await;
    desk.settle().await;
    for (label, alarm, state) in [
        ("composite-alarm-in-alarm-when-alarm-1-is-in-alarm", "one", "ALARM"),
        ("composite-alarm-in-ok-when-alarm-1-is-back-to-ok", "one", "OK"),
        ("composite-alarm-in-alarm-when-alarm-2-is-in-alarm", "two", "ALARM"),
        ("composite-alarm-in-ok-when-alarm-2-is-back-to-ok", "two", "OK"),
    ] {
        set(&desk, alarm, state).await;
        described(&shot, &desk, label).await;
    }
    set(&desk, "one", "ALARM").await;
    desk.settle().await;
    set(&desk, "two", "ALARM").await;
    described(&shot, &desk, "composite-alarm-is-triggered-by-alarm-1-and-then-unchanged-by-alarm-2").await;
}

async fn set(desk: &Desk, alarm: &str, state: &str) -> Value {
    desk.ok("SetAlarmState", json!({ "AlarmName": alarm, "StateValue": state, "StateReason": "testing" })).await
}

async fn tagged(shot: Shot) {
    let desk = Desk::new().await;
    let tags = json!([{ "Key": "Environment", "Value": "Production" }]);
    desk.ok("PutCompositeAlarm", json!({ "AlarmName": "c", "AlarmRule": "TRUE", "Tags": tags })).await;
    let list = |label: &'static str| shot.call(&desk, label, "ListTagsForResource", json!({ "ResourceARN": arn("c") }));
    list("list_tags_for_resource_after_creation ").await;
    let two = json!([{ "Key": "tag1", "Value": "foo" }, { "Key": "tag2", "Value": "bar" }]);
    desk.ok("TagResource", json!({ "ResourceARN": arn("c"), "Tags": two })).await;
    list("list_tags_for_resource_updated").await;
    desk.ok("UntagResource", json!({ "ResourceARN": arn("c"), "TagKeys": ["tag1"] })).await;
    list("list_tags_for_resource_post_untag").await;
    desk.ok("DeleteAlarms", json!({ "AlarmNames": ["c"] })).await;
    list("list_tags_for_deleted_resource").await;
}
