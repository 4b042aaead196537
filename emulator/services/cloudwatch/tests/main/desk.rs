//! A cloud with CloudWatch, and what its alarms told.

use fakes::Told;
use kit::{AdvanceOptions, ClockMode, Cloud, Context, Fault, Settle, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// 2023-11-14T22:15:00Z, a full minute.
pub const START: i64 = 1_700_000_100;
pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:alarms";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:act";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub told: Arc<Told>,
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::over(Cloud::builder()).await
    }
    pub async fn over(builder: kit::CloudBuilder) -> Desk {
        let builder = builder.start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(cloudwatch::CloudWatch::new())).start().await.unwrap();
        let told = Told::by("cloudwatch.amazonaws.com");
        told.offer(cloud.ports());
        let cx = cloud.house_context("test");
        Desk { cloud, cx, told }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx.child(), "cloudwatch", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn refused(&self, operation: &str, input: Value) -> Fault {
        self.call(operation, input.clone()).await.expect_err(&format!("{operation} {input}"))
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(20)).await.unwrap();
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(120) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
    pub fn now(&self) -> i64 {
        self.cloud.clock().now().secs()
    }
    /// Puts a value now.
    pub async fn put(&self, name: &str, value: f64) {
        self.ok("PutMetricData", json!({ "Namespace": "n", "MetricData": [{ "MetricName": name, "Value": value }] })).await;
    }
    /// Values of a metric of namespace `n` in the last so many seconds, newest first.
    pub async fn values(&self, name: &str, stat: &str, period: i64, secs: i64) -> Vec<f64> {
        let metric = json!({ "Metric": { "Namespace": "n", "MetricName": name }, "Period": period, "Stat": stat });
        let query = json!([{ "Id": "m", "MetricStat": metric }]);
        let answer = self.data(query, secs).await;
        numbers(&answer["MetricDataResults"][0]["Values"])
    }
    pub async fn data(&self, queries: Value, secs: i64) -> Value {
        let (start, end) = (self.now() - secs, self.now() + 60);
        self.ok("GetMetricData", json!({ "MetricDataQueries": queries, "StartTime": start, "EndTime": end })).await
    }
    pub async fn state(&self, alarm: &str) -> String {
        let input = json!({ "AlarmNames": [alarm], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"] });
        let found = self.ok("DescribeAlarms", input).await;
        let alarm = found["MetricAlarms"].get(0).or(found["CompositeAlarms"].get(0)).expect("the alarm is there");
        alarm["StateValue"].as_str().unwrap().to_owned()
    }
}

pub fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}
