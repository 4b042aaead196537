//! What services tell of themselves.

use crate::desk::{Desk, numbers};
use kit::ports::Measured;
use serde_json::{Value, json};
use std::time::Duration;

fn invoked(desk: &Desk, function: &str, ms: f64) {
    desk.cx.measure(&Measured {
        namespace: "AWS/Lambda",
        under: &[&[], &[("FunctionName", function)]],
        values: &[("Invocations", "Count", 1.0), ("Duration", "Milliseconds", ms)],
    });
}

async fn asked(desk: &Desk, function: Option<&str>, name: &str, stat: &str) -> Vec<f64> {
    let dimensions: Value = function.map(|f| json!([{ "Name": "FunctionName", "Value": f }])).unwrap_or(json!([]));
    let metric =
        json!({ "Metric": { "Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions }, "Period": 60, "Stat": stat });
    let answer = desk.data(json!([{ "Id": "m", "MetricStat": metric }]), 600).await;
    numbers(&answer["MetricDataResults"][0]["Values"])
}

#[tokio::test]
async fn shows_at_once_and_is_written_each_minute() {
    let desk = Desk::new().await;
    for ms in [10.0, 20.0, 90.0] {
        invoked(&desk, "a", ms);
    }
    invoked(&desk, "b", 50.0);
    assert_eq!(asked(&desk, Some("a"), "Invocations", "Sum").await, [3.0]);
    assert_eq!(asked(&desk, None, "Invocations", "Sum").await, [4.0]);
    assert_eq!(asked(&desk, Some("a"), "Duration", "p90").await, [90.0]);
    // Folded after the last read, in the same minute: the point grows.
    invoked(&desk, "a", 30.0);
    desk.advance(60).await;
    invoked(&desk, "a", 1.0);
    assert_eq!(asked(&desk, Some("a"), "Invocations", "Sum").await, [1.0, 4.0]);
}

#[tokio::test]
async fn wakes_alarms_as_the_minute_ends() {
    let desk = Desk::new().await;
    let input = json!({ "AlarmName": "slow", "Namespace": "AWS/Lambda", "MetricName": "Duration", "ExtendedStatistic": "p99", "Period": 60,
        "Dimensions": [{ "Name": "FunctionName", "Value": "a" }], "EvaluationPeriods": 1, "Threshold": 100.0,
        "ComparisonOperator": "GreaterThanThreshold" });
    desk.ok("PutMetricAlarm", input).await;
    desk.advance(600).await;
    invoked(&desk, "a", 500.0);
    desk.settle().await;
    desk.advance(60).await;
    assert_eq!(desk.state("slow").await, "ALARM");
    desk.advance(900).await;
    assert_eq!(desk.state("slow").await, "INSUFFICIENT_DATA");
}

#[tokio::test]
async fn is_void_after_a_reset() {
    let desk = Desk::new().await;
    invoked(&desk, "a", 1.0);
    desk.settle().await;
    desk.cloud.store().reset().await.unwrap();
    assert!(asked(&desk, Some("a"), "Invocations", "Sum").await.is_empty());
    invoked(&desk, "a", 1.0);
    desk.settle().await;
    desk.advance(60).await;
    assert_eq!(asked(&desk, Some("a"), "Invocations", "Sum").await, [1.0]);
}

/// A million requests may not feel it: the figure is printed, the bound is far from it.
#[tokio::test]
async fn is_cheap() {
    let desk = Desk::new().await;
    invoked(&desk, "a", 1.0);
    desk.settle().await;
    #[allow(clippy::disallowed_methods)]
    let began = std::time::Instant::now();
    for n in 0..20_000 {
        invoked(&desk, "a", f64::from(n % 100));
    }
    let each = began.elapsed() / 20_000;
    println!("{each:?} for two metrics under two sets of dimensions");
    assert!(each < Duration::from_micros(200));
    assert_eq!(asked(&desk, Some("a"), "Invocations", "Sum").await, [20_001.0]);
}
