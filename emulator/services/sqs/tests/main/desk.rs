//! A cloud with SQS in it, on a frozen clock, called below HTTP.

use kit::{AdvanceOptions, ClockMode, Cloud, Context, Fault, Settle, Timestamp};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

pub const START: i64 = 1_700_000_000;

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with(sqs::Sqs::new()).await
    }
    pub async fn with(service: sqs::Sqs) -> Desk {
        Desk::over(kit::Store::memory(), service).await
    }
    /// Over a store in a folder.
    pub async fn on_disk(folder: &std::path::Path) -> Desk {
        let store = kit::Store::durable(folder, kit::store::Durability::Process).unwrap();
        Desk::over(store, sqs::Sqs::new()).await
    }
    async fn over(store: kit::Store, service: sqs::Sqs) -> Desk {
        let builder = Cloud::builder().store(store).start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(service)).start().await.unwrap();
        cloud.set_endpoint("http://127.0.0.1:4566");
        let cx = cloud.house_context("test");
        Desk { cloud, cx }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx.child(), "sqs", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    /// Code and sentence of a refusal.
    pub async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let fault = self.call(operation, input.clone()).await.expect_err(&format!("{operation} {input}"));
        (fault.code.into_owned(), fault.message)
    }
    pub async fn queue(&self, name: &str, attributes: Value) -> String {
        let made = self.ok("CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
        made["QueueUrl"].as_str().unwrap().to_owned()
    }
    /// A FIFO queue that deduplicates by content unless the attributes say otherwise.
    pub async fn fifo(&self, name: &str, mut attributes: Value) -> String {
        attributes["FifoQueue"] = "true".into();
        if attributes.get("ContentBasedDeduplication").is_none() {
            attributes["ContentBasedDeduplication"] = "true".into();
        }
        self.queue(&format!("{name}.fifo"), attributes).await
    }
    pub async fn send(&self, url: &str, body: &str) -> Value {
        self.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": body })).await
    }
    /// Sends to a group of a FIFO queue.
    pub async fn post(&self, url: &str, group: &str, body: &str) -> Value {
        self.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": body, "MessageGroupId": group })).await
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(240) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(180)).await.unwrap();
    }
    /// What is there now, at most ten.
    pub async fn receive(&self, url: &str) -> Vec<Value> {
        self.take(url, 10).await
    }
    pub async fn take(&self, url: &str, most: usize) -> Vec<Value> {
        let input = json!({
            "QueueUrl": url, "MaxNumberOfMessages": most, "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"],
        });
        self.ok("ReceiveMessage", input).await["Messages"].as_array().cloned().unwrap_or_default()
    }
    /// The bodies of what is there now.
    pub async fn bodies(&self, url: &str, most: usize) -> Vec<String> {
        self.take(url, most).await.iter().map(|m| m["Body"].as_str().unwrap().to_owned()).collect()
    }
    pub async fn delete(&self, url: &str, message: &Value) {
        self.ok("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] })).await;
    }
    /// Visible, in flight, delayed.
    pub async fn counts(&self, url: &str) -> [String; 3] {
        let found = self.ok("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["All"] })).await;
        ["", "NotVisible", "Delayed"]
            .map(|kind| found["Attributes"][format!("ApproximateNumberOfMessages{kind}")].as_str().unwrap().to_owned())
    }
}

pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}
