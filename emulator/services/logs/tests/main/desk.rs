//! A cloud with Logs in it, called below HTTP, on a frozen clock.

use fakes::Told;
use kit::{
    ClockMode, Cloud, Context, Fault, Scope, Timestamp,
    ports::{Measured, Metrics},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

pub const NOW: i64 = 1_700_000_000;

/// A cloud with Logs in it, and stand-ins for functions and metrics.
pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub told: Arc<Told>,
    pub book: Arc<Book>,
}

impl Desk {
    pub async fn new() -> Desk {
        let start = Timestamp::from_secs(NOW);
        let cloud = Cloud::builder().start_at(start).mode(ClockMode::Frozen).service(Arc::new(logs::Logs::new())).start().await.unwrap();
        let (told, book) = (Told::by("logs.amazonaws.com"), Arc::new(Book::default()));
        cloud.ports().offer_functions(told.clone());
        cloud.ports().offer_metrics(book.clone());
        let cx = cloud.house_context("test");
        Desk { cloud, cx, told, book }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx.child(), "logs", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn group(&self) {
        self.ok("CreateLogGroup", json!({ "logGroupName": "g", "tags": { "a": "1" } })).await;
        self.ok("CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s" })).await;
    }
    pub async fn put(&self, lines: &[(i64, &str)]) -> Value {
        let events: Vec<Value> = lines.iter().map(|(ms, text)| json!({ "timestamp": NOW * 1000 + ms, "message": text })).collect();
        self.ok("PutLogEvents", json!({ "logGroupName": "g", "logStreamName": "s", "logEvents": events })).await
    }
    pub async fn get(&self, more: Value) -> Value {
        let mut input = json!({ "logGroupName": "g", "logStreamName": "s" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("GetLogEvents", input).await
    }
}

pub fn messages(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|e| e["message"].as_str().unwrap()).collect()
}

impl Desk {
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(60)).await.unwrap();
    }
    /// Code and sentence of a refusal.
    pub async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let fault = self.call(operation, input.clone()).await.expect_err(&format!("{operation} {input}"));
        (fault.code.into_owned(), fault.message)
    }
}

/// Remembers what was measured: namespace, metric, dimensions, unit, value.
#[derive(Default)]
#[allow(clippy::type_complexity)]
pub struct Book(Mutex<Vec<(String, String, String, String, f64)>>);

impl Metrics for Book {
    fn record(&self, _: &Scope, _: Timestamp, measured: &Measured<'_>) {
        for set in measured.under {
            let set: Vec<String> = set.iter().map(|(name, value)| format!("{name}={value}")).collect();
            for (name, unit, value) in measured.values {
                let row = (measured.namespace.to_owned(), (*name).to_owned(), set.join(","), (*unit).to_owned(), *value);
                self.0.lock().unwrap().push(row);
            }
        }
    }
}

impl Book {
    /// Dimensions, unit and value of what was recorded under a name.
    pub fn of(&self, namespace: &str, metric: &str) -> Vec<(String, String, f64)> {
        let all = self.0.lock().unwrap();
        let mine = all.iter().filter(|row| row.0 == namespace && row.1 == metric);
        mine.map(|(_, _, set, unit, value)| (set.clone(), unit.clone(), *value)).collect()
    }
}
