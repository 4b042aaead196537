//! Metric alarms on the clock: states, actions, history.

use crate::desk::{Desk, FUNCTION, TOPIC};
use serde_json::{Value, json};

fn alarm(name: &str, more: Value) -> Value {
    let mut input = json!({
        "AlarmName": name, "Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [TOPIC], "OKActions": [TOPIC],
    });
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    input
}

#[tokio::test]
async fn goes_into_alarm_and_comes_back() {
    let desk = Desk::new().await;
    desk.ok("PutMetricAlarm", alarm("hot", json!({ "TreatMissingData": "notBreaching" }))).await;
    assert_eq!(desk.state("hot").await, "INSUFFICIENT_DATA");
    desk.advance(60).await;
    assert_eq!(desk.state("hot").await, "OK");
    assert_eq!(desk.told.only(TOPIC).json()["NewStateValue"], "OK");
    desk.put("m", 11.0).await;
    desk.advance(60).await;
    let sent = desk.told.only(TOPIC);
    assert_eq!(sent.by, "cloudwatch.amazonaws.com");
    assert_eq!(sent.subject.as_deref(), Some("ALARM: \"hot\" in US East (N. Virginia)"));
    let message = sent.json();
    assert_eq!((&message["OldStateValue"], &message["NewStateValue"]), (&json!("OK"), &json!("ALARM")));
    assert_eq!(
        message["NewStateReason"],
        "Threshold Crossed: 1 datapoint [11.0 (14/11/23 22:16:00)] was greater than the threshold (10.0)."
    );
    // Nothing more comes: after the evaluation range the alarm is well again, once.
    desk.advance(3600).await;
    assert_eq!(desk.state("hot").await, "OK");
    assert_eq!(desk.told.only(TOPIC).json()["NewStateValue"], "OK");
    let history = desk.ok("DescribeAlarmHistory", json!({ "AlarmName": "hot", "HistoryItemType": "StateUpdate" })).await;
    let summaries: Vec<&str> =
        history["AlarmHistoryItems"].as_array().unwrap().iter().map(|item| item["HistorySummary"].as_str().unwrap()).collect();
    assert_eq!(
        summaries,
        ["Alarm updated from ALARM to OK", "Alarm updated from OK to ALARM", "Alarm updated from INSUFFICIENT_DATA to OK"]
    );
}

#[tokio::test]
async fn a_sleeping_alarm_costs_no_time() {
    let desk = Desk::new().await;
    desk.ok("PutMetricAlarm", alarm("quiet", json!({}))).await;
    desk.advance(300).await;
    let fired = desk.cloud.advance(kit::AdvanceOptions {
        by: std::time::Duration::from_secs(7 * 86_400),
        settle: kit::Settle::Each,
        budget: std::time::Duration::from_secs(60),
    });
    assert_eq!(fired.await.fired, 0);
    // New data wake it.
    desk.put("m", 50.0).await;
    desk.advance(60).await;
    assert_eq!(desk.state("quiet").await, "ALARM");
}

#[tokio::test]
async fn needs_m_of_n() {
    let desk = Desk::new().await;
    let input = alarm("two", json!({ "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching" }));
    desk.ok("PutMetricAlarm", input).await;
    for (value, expected) in [(20.0, "OK"), (1.0, "OK"), (20.0, "ALARM"), (1.0, "OK")] {
        desk.put("m", value).await;
        desk.advance(60).await;
        assert_eq!(desk.state("two").await, expected, "after {value}");
    }
}

#[tokio::test]
async fn watches_metric_math() {
    let desk = Desk::new().await;
    let metric = |id: &str, name: &str| {
        let metric = json!({ "Metric": { "Namespace": "n", "MetricName": name }, "Period": 60, "Stat": "Sum" });
        json!({ "Id": id, "MetricStat": metric, "ReturnData": false })
    };
    let metrics = json!([metric("e", "errors"), metric("a", "all"), { "Id": "rate", "Expression": "100 * e / a", "ReturnData": true }]);
    let input = json!({ "AlarmName": "rate", "Metrics": metrics, "EvaluationPeriods": 1, "Threshold": 5.0, "AlarmActions": [FUNCTION],
        "ComparisonOperator": "GreaterThanOrEqualToThreshold" });
    desk.ok("PutMetricAlarm", input).await;
    desk.put("errors", 1.0).await;
    desk.put("all", 10.0).await;
    desk.advance(60).await;
    assert_eq!(desk.state("rate").await, "ALARM");
    let sent = desk.told.only(FUNCTION);
    assert_eq!(sent.by, "lambda.alarms.cloudwatch.amazonaws.com");
    assert_eq!(sent.json()["alarmData"]["configuration"]["metrics"][2]["expression"], "100 * e / a");
}

#[tokio::test]
async fn a_set_state_lasts_until_the_next_look() {
    let desk = Desk::new().await;
    desk.ok("PutMetricAlarm", alarm("set", json!({}))).await;
    desk.ok("SetAlarmState", json!({ "AlarmName": "set", "StateValue": "ALARM", "StateReason": "a test" })).await;
    desk.settle().await;
    assert_eq!(desk.told.only(TOPIC).json()["NewStateReason"], "a test");
    desk.ok("DisableAlarmActions", json!({ "AlarmNames": ["set"] })).await;
    desk.advance(60).await;
    assert_eq!(desk.state("set").await, "INSUFFICIENT_DATA");
    desk.ok("SetAlarmState", json!({ "AlarmName": "set", "StateValue": "OK", "StateReason": "a test" })).await;
    desk.settle().await;
    assert!(desk.told.take(TOPIC).is_empty(), "a disabled alarm acts no more");
}

#[tokio::test]
async fn an_action_that_fails_is_told_in_the_history() {
    let desk = Desk::new().await;
    desk.told.fail(TOPIC, kit::Fault::new("NotFound", 404, "Topic does not exist"));
    desk.ok("PutMetricAlarm", alarm("lost", json!({}))).await;
    desk.ok("SetAlarmState", json!({ "AlarmName": "lost", "StateValue": "ALARM", "StateReason": "r" })).await;
    desk.settle().await;
    let history = desk.ok("DescribeAlarmHistory", json!({ "AlarmName": "lost", "HistoryItemType": "Action" })).await;
    let summary = history["AlarmHistoryItems"][0]["HistorySummary"].as_str().unwrap();
    assert!(summary.starts_with(&format!("Failed to execute action {TOPIC}.")), "{summary}");
}

#[tokio::test]
async fn refuses_bad_alarms() {
    let desk = Desk::new().await;
    for (more, code) in [
        (json!({ "Period": 45 }), "ValidationException"),
        (json!({ "EvaluationPeriods": 0 }), "ValidationException"),
        (json!({ "DatapointsToAlarm": 2 }), "ValidationException"),
        (json!({ "TreatMissingData": "well" }), "ValidationException"),
        (json!({ "ExtendedStatistic": "p99" }), "ValidationException"),
        (json!({ "AlarmActions": ["arn:aws:ssm:us-east-1:000000000000:opsitem:1"] }), "NotImplemented"),
        (json!({ "ComparisonOperator": "GreaterThanUpperThreshold", "ThresholdMetricId": "ad" }), "NotImplemented"),
    ] {
        assert_eq!(desk.refused("PutMetricAlarm", alarm("bad", more.clone())).await.code, code, "{more}");
    }
}
