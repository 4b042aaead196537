//! Provisioned concurrency that follows its use: Lambda tells CloudWatch, whose alarms tell Application Auto Scaling, which tells Lambda.

use crate::square::Square;
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Barrier;

const NAMED: [&str; 3] = ["lambda", "function:f:live", "lambda:function:ProvisionedConcurrency"];

fn of_target(more: Value) -> Value {
    let mut input = json!({ "ServiceNamespace": NAMED[0], "ResourceId": NAMED[1], "ScalableDimension": NAMED[2] });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

/// A function that waits for another event where the event says so: then two run at once.
async fn square() -> Square {
    let lambda = lambda::Lambda::new();
    let pair = Arc::new(Barrier::new(2));
    let handler = move |event: Value, _: Invocation| {
        let pair = pair.clone();
        async move {
            if event["pair"] == true {
                pair.wait().await;
            }
            Ok::<_, HandlerError>(json!({}))
        }
    };
    lambda.register("busy", handler).unwrap();
    let square = Square::with(lambda).await;
    square.function("f", "busy", json!({})).await;
    square.ok("lambda", "PublishVersion", json!({ "FunctionName": "f" })).await;
    square.ok("lambda", "CreateAlias", json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" })).await;
    let scaling = "application-autoscaling";
    square.ok(scaling, "RegisterScalableTarget", of_target(json!({ "MinCapacity": 1, "MaxCapacity": 10 }))).await;
    let tracking = json!({
        "TargetValue": 0.5, "ScaleOutCooldown": 120, "PredefinedMetricSpecification": { "PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization" },
    });
    let policy = json!({
        "PolicyName": "half", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking,
    });
    square.ok(scaling, "PutScalingPolicy", of_target(policy)).await;
    square.settle().await;
    square
}

async fn provisioned(square: &Square) -> (Value, Value) {
    let of = json!({ "FunctionName": "f", "Qualifier": "live" });
    let shown = square.ok("lambda", "GetProvisionedConcurrencyConfig", of).await;
    (shown["RequestedProvisionedConcurrentExecutions"].clone(), shown["Status"].clone())
}

async fn minutes(square: &Square, minutes: u32, pairs: bool) {
    for _ in 0..minutes {
        match pairs {
            true => {
                let (one, other) = tokio::join!(square.invoke("f:live", r#"{"pair":true}"#), square.invoke("f:live", r#"{"pair":true}"#));
                one.and(other).unwrap();
            }
            false => drop(square.invoke("f:live", "{}").await.unwrap()),
        }
        square.advance(60).await;
    }
}

#[tokio::test]
async fn capacity_follows_use_up_and_down() {
    let square = square().await;
    square.advance(60).await;
    assert_eq!(provisioned(&square).await, (json!(1), json!("READY")), "the least that was registered");
    minutes(&square, 4, true).await;
    assert_eq!(provisioned(&square).await.0, 2, "all in use for three minutes");
    // One of two, then both: three quarters in the mean.
    minutes(&square, 8, true).await;
    assert_eq!(provisioned(&square).await, (json!(3), json!("READY")));
    minutes(&square, 10, true).await;
    assert_eq!(provisioned(&square).await.0, 3, "half of three, as wanted");
    minutes(&square, 12, false).await;
    assert_eq!(provisioned(&square).await.0, 3, "less is believed after a quarter of an hour");
    minutes(&square, 8, false).await;
    assert_eq!(provisioned(&square).await.0, 2);
    let told = square.ok("application-autoscaling", "DescribeScalingActivities", json!({ "ServiceNamespace": "lambda" })).await;
    let told: Vec<String> = told["ScalingActivities"].as_array().unwrap().iter().map(|a| a["Description"].to_string()).collect();
    for wanted in ["to 2.", "to 3.", "to 2."] {
        assert!(told.iter().any(|text| text.contains(wanted)), "{told:?}");
    }
    let alarms = square.ok("cloudwatch", "DescribeAlarms", json!({ "AlarmNamePrefix": "TargetTracking-function:f:live" })).await;
    assert_eq!(alarms["MetricAlarms"].as_array().unwrap().len(), 2);
}
