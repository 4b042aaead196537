//! Composite alarms.

use crate::desk::{Desk, TOPIC};
use serde_json::json;

#[tokio::test]
async fn follows_its_children() {
    let desk = Desk::new().await;
    for name in ["one", "two"] {
        let input = json!({ "AlarmName": name, "Namespace": "n", "MetricName": name, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore" });
        desk.ok("PutMetricAlarm", input).await;
    }
    let rule = "ALARM(one) AND NOT OK(\"two\")";
    desk.ok("PutCompositeAlarm", json!({ "AlarmName": "both", "AlarmRule": rule, "AlarmActions": [TOPIC] })).await;
    desk.settle().await;
    assert_eq!(desk.state("both").await, "OK");
    desk.put("one", 5.0).await;
    desk.advance(60).await;
    assert_eq!(desk.state("both").await, "ALARM");
    let message = desk.told.only(TOPIC).json();
    assert_eq!(message["AlarmRule"], rule);
    assert_eq!(message["TriggeringChildren"][0]["Arn"], "arn:aws:cloudwatch:us-east-1:000000000000:alarm:one");
    let reason = message["NewStateReason"].as_str().unwrap();
    assert_eq!(
        reason,
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:one transitioned to ALARM at Tuesday 14 November, 2023 22:16:00 UTC"
    );
    desk.ok("SetAlarmState", json!({ "AlarmName": "two", "StateValue": "OK", "StateReason": "r" })).await;
    desk.settle().await;
    assert_eq!(desk.state("both").await, "OK");
    let fault = desk.refused("DeleteAlarms", json!({ "AlarmNames": ["one"] })).await;
    assert_eq!(fault.message, "Cannot delete one as there are composite alarm(s) depending on it.");
    desk.ok("DeleteAlarms", json!({ "AlarmNames": ["both", "one"] })).await;
    let left = desk.ok("DescribeAlarms", json!({ "AlarmTypes": ["CompositeAlarm", "MetricAlarm"] })).await;
    assert_eq!(left["MetricAlarms"].as_array().unwrap().len(), 1);
    assert_eq!(left["CompositeAlarms"], json!([]));
}

#[tokio::test]
async fn refuses_rules_about_nobody() {
    let desk = Desk::new().await;
    let with = |rule: &str| json!({ "AlarmName": "c", "AlarmRule": rule });
    assert_eq!(desk.refused("PutCompositeAlarm", with("ALARM(nobody)")).await.code, "ValidationException");
    assert_eq!(desk.refused("PutCompositeAlarm", with("ALARM(")).await.code, "ValidationException");
    assert_eq!(desk.refused("PutCompositeAlarm", with("AT_LEAST(1, ALARM, (a))")).await.code, "NotImplemented");
}
