//! A cloud with Glue, objects to crawl, and roles that may be denied something.

use fakes::{Told, objects::Shelf};
use kit::{AdvanceOptions, ClockMode, Cloud, Context, Decision, Fault, Need, Settle, Timestamp};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub told: Arc<Told>,
    pub shelf: Arc<Shelf>,
    denied: Arc<Denied>,
}

/// Lets everybody do everything but these actions.
#[derive(Default)]
struct Denied(Mutex<Vec<String>>);

impl kit::Decider for Denied {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        let allowed = !self.0.lock().unwrap().contains(&need.action.to_string());
        let message = if allowed { String::new() } else { format!("not authorized to perform: {}", need.action) };
        Decision { allowed, message, statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        "a list of the test".into()
    }
}

impl Desk {
    /// With a database `lake`.
    pub async fn lake() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(1_700_000_000)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(glue::Glue::new())).start().await.unwrap();
        let (told, shelf, denied) = (Told::by("glue.amazonaws.com"), Shelf::new(), Arc::new(Denied::default()));
        cloud.set_decider(denied.clone());
        told.offer(cloud.ports());
        cloud.ports().offer_objects(shelf.clone());
        let cx = cloud.house_context("test");
        let desk = Desk { cloud, cx, told, shelf, denied };
        desk.ok("CreateDatabase", json!({ "DatabaseInput": { "Name": "lake" } })).await;
        desk
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx, "glue", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        self.call(operation, input).await.map_or_else(|f| f.code.to_string(), |answer| panic!("{operation} answered {answer}"))
    }
    pub fn deny(&self, action: &str) {
        self.denied.0.lock().unwrap().push(action.to_owned());
    }
    /// What makes a crawler.
    pub fn input(&self, name: &str, targets: Value) -> Value {
        json!({ "Name": name, "Role": "crawls", "DatabaseName": "lake", "Targets": targets })
    }
    pub async fn crawler(&self, name: &str, targets: Value, more: Value) {
        let mut input = self.input(name, targets);
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("CreateCrawler", input).await;
    }
    /// Runs a crawler to its end; how it ended.
    pub async fn run(&self, name: &str) -> Value {
        self.ok("StartCrawler", json!({ "Name": name })).await;
        self.settle().await;
        self.ok("GetCrawler", json!({ "Name": name })).await["Crawler"]["LastCrawl"].clone()
    }
    /// Runs a crawler, which succeeds.
    pub async fn crawl(&self, name: &str) {
        let last = self.run(name).await;
        assert_eq!(last["Status"], "SUCCEEDED", "{last}");
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(60)).await.unwrap();
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(60) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
    pub async fn table(&self, name: &str) -> Value {
        self.ok("GetTable", json!({ "DatabaseName": "lake", "Name": name })).await["Table"].clone()
    }
    pub async fn partitions(&self, table: &str) -> Vec<Value> {
        let all = self.ok("GetPartitions", json!({ "DatabaseName": "lake", "TableName": table })).await;
        all["Partitions"].as_array().unwrap().clone()
    }
}

/// Columns as `name type`.
pub fn sentences(columns: &Value) -> Vec<String> {
    let one = |c: &Value| format!("{} {}", c["Name"].as_str().unwrap(), c["Type"].as_str().unwrap());
    columns.as_array().unwrap().iter().map(one).collect()
}
