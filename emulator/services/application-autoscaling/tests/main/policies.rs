//! Target tracking and step scaling.

use crate::desk::Desk;
use serde_json::{Value, json};

fn tracking(more: Value) -> Value {
    let mut of = json!({ "TargetValue": 0.7, "PredefinedMetricSpecification": { "PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization" } });
    more.as_object().unwrap().iter().for_each(|(name, value)| of[name] = value.clone());
    json!({ "PolicyName": "follow", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": of })
}

async fn arn(desk: &Desk, input: Value) -> String {
    desk.ok("PutScalingPolicy", input).await["PolicyARN"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_target_makes_its_two_alarms() {
    let desk = Desk::new().await;
    desk.register(1, 100).await;
    let made = desk.ok("PutScalingPolicy", tracking(json!({}))).await;
    let arn = made["PolicyARN"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:"), "{arn}");
    assert!(arn.ends_with(":resource/lambda/function:work:live:policyName/follow"), "{arn}");
    let alarms: Vec<Value> = desk.alarms.lock().unwrap().values().cloned().collect();
    let [high, low] = &alarms[..] else { panic!("{alarms:?}") };
    assert!(high["AlarmName"].as_str().unwrap().starts_with("TargetTracking-function:work:live-AlarmHigh-"));
    assert_eq!((&high["Threshold"], &high["EvaluationPeriods"]), (&json!(0.7), &json!(3)));
    assert_eq!((&low["ComparisonOperator"], &low["EvaluationPeriods"]), (&json!("LessThanThreshold"), &json!(15)));
    assert!((low["Threshold"].as_f64().unwrap() - 0.63).abs() < 1e-9);
    let dimensions = json!([{ "Name": "FunctionName", "Value": "work" }, { "Name": "Resource", "Value": "work:live" }]);
    assert_eq!((&high["Dimensions"], &high["AlarmActions"]), (&dimensions, &json!([arn])));
    // The same names when it is changed; the lower one goes where scaling in is switched off.
    let again = desk.ok("PutScalingPolicy", tracking(json!({ "DisableScaleIn": true }))).await;
    assert_eq!(again["Alarms"].as_array().unwrap().len(), 1);
    assert_eq!(desk.alarms.lock().unwrap().keys().cloned().collect::<Vec<_>>(), [high["AlarmName"].as_str().unwrap()]);
    desk.ok("DeleteScalingPolicy", json!({ "PolicyName": "follow" })).await;
    assert!(desk.alarms.lock().unwrap().is_empty());
}

#[tokio::test]
async fn capacity_follows_the_target() {
    let desk = Desk::new().await;
    desk.register(10, 40).await;
    let policy = arn(&desk, tracking(json!({}))).await;
    desk.alarm(&policy, "ALARM", 1.0, 0.7).await;
    assert_eq!(desk.capacity(), 15);
    desk.alarm(&policy, "OK", 0.6, 0.7).await;
    assert_eq!(desk.capacity(), 15);
    desk.alarm(&policy, "ALARM", 5.0, 0.7).await;
    assert_eq!(desk.capacity(), 40, "never above the most");
    desk.alarm(&policy, "ALARM", 0.35, 0.63).await;
    assert_eq!(desk.capacity(), 20);
    desk.alarm(&policy, "ALARM", 0.0, 0.63).await;
    assert_eq!(desk.capacity(), 10, "never below the least");
}

#[tokio::test]
async fn cooldowns_hold_back() {
    let desk = Desk::new().await;
    desk.register(10, 100).await;
    let policy = arn(&desk, tracking(json!({ "ScaleOutCooldown": 60, "ScaleInCooldown": 300 }))).await;
    desk.alarm(&policy, "ALARM", 1.4, 0.7).await;
    assert_eq!(desk.capacity(), 20);
    // The metric is still that of 10: what was added counts.
    desk.alarm(&policy, "ALARM", 1.4, 0.7).await;
    assert_eq!(desk.capacity(), 20);
    desk.alarm(&policy, "ALARM", 2.1, 0.7).await;
    assert_eq!(desk.capacity(), 30);
    desk.alarm(&policy, "ALARM", 0.35, 0.63).await;
    assert_eq!(desk.capacity(), 30);
    desk.advance(301).await;
    desk.alarm(&policy, "ALARM", 0.35, 0.63).await;
    assert_eq!(desk.capacity(), 15);
    desk.alarm(&policy, "ALARM", 0.35, 0.63).await;
    assert_eq!(desk.capacity(), 15);
    desk.ok("RegisterScalableTarget", json!({ "SuspendedState": { "DynamicScalingOutSuspended": true } })).await;
    desk.alarm(&policy, "ALARM", 1.4, 0.7).await;
    assert_eq!(desk.capacity(), 15, "suspended");
}

#[tokio::test]
async fn steps_by_the_distance_from_the_threshold() {
    let desk = Desk::new().await;
    desk.register(10, 100).await;
    let steps = json!([{ "MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 0.1, "ScalingAdjustment": 10 },
        { "MetricIntervalLowerBound": 0.1, "ScalingAdjustment": 50 }]);
    let of = json!({ "AdjustmentType": "PercentChangeInCapacity", "Cooldown": 120, "StepAdjustments": steps });
    let policy = arn(&desk, json!({ "PolicyName": "steps", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": of })).await;
    desk.alarm(&policy, "ALARM", 0.85, 0.8).await;
    assert_eq!(desk.capacity(), 11);
    desk.alarm(&policy, "ALARM", 0.95, 0.8).await;
    assert_eq!(desk.capacity(), 11, "cooling down");
    desk.advance(121).await;
    desk.alarm(&policy, "ALARM", 0.95, 0.8).await;
    assert_eq!(desk.capacity(), 16);
}

#[tokio::test]
async fn refuses_bad_policies() {
    let desk = Desk::new().await;
    assert_eq!(desk.refused("PutScalingPolicy", tracking(json!({}))).await.code, "ObjectNotFoundException");
    desk.register(1, 2).await;
    let other = json!({ "PredefinedMetricSpecification": { "PredefinedMetricType": "DynamoDBReadCapacityUtilization" } });
    for (input, code) in [
        (tracking(json!({ "TargetValue": 0.0 })), "ValidationException"),
        (tracking(other), "ValidationException"),
        (json!({ "PolicyName": "p", "PolicyType": "StepScaling" }), "ValidationException"),
        (json!({ "PolicyName": "p", "PolicyType": "PredictiveScaling" }), "NotImplemented"),
    ] {
        assert_eq!(desk.refused("PutScalingPolicy", input.clone()).await.code, code, "{input}");
    }
}
