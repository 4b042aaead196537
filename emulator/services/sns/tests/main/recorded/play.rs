//! A recorded test, played here: calls, and answers under the names they were recorded with.

use crate::desk::{Desk, queue_arn};
use kit::{Cloud, Decision, Fault, Need, Principal, Scope, UserIdentity, ports::QueueMessage};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub struct Play {
    pub desk: Desk,
    pub answers: Map<String, Value>,
}

/// Lets everybody do everything: the recordings are not about permissions.
pub struct Everybody;

impl kit::Decider for Everybody {
    fn decide(&self, _: &kit::Context, _: &Need, _: Option<&str>) -> Decision {
        Decision { allowed: true, message: String::new(), statement: None }
    }
    fn explain(&self, _: &kit::Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

impl Play {
    pub async fn new() -> Play {
        Play::over(Desk::with(Cloud::builder()).await)
    }
    pub fn over(mut desk: Desk) -> Play {
        desk.cloud.set_decider(Arc::new(Everybody));
        let user = UserIdentity { account: "000000000000".into(), name: "somebody".into(), path: "/".into(), user_id: "AIDA".into() };
        desk.cx = desk.cx.with_principal(Principal::User(Arc::new(user)));
        Play { desk, answers: Map::new() }
    }
    /// The same play in another region.
    pub async fn elsewhere(&self, operation: &str, input: Value) -> Value {
        let cx = self.desk.cx.in_scope(Scope::new("000000000000", "us-west-2"));
        seen(self.desk.cloud.call_json(&cx.child(), "sns", operation, &input).await)
    }
    /// A call and what its caller sees of it.
    pub async fn see(&self, operation: &str, input: Value) -> Value {
        seen(self.desk.call(operation, input).await)
    }
    pub fn keep(&mut self, name: &str, answer: Value) {
        assert!(self.answers.insert(name.to_owned(), answer).is_none(), "{name} twice");
    }
    /// A call whose answer was recorded.
    pub async fn shot(&mut self, name: &str, operation: &str, input: Value) -> Value {
        let answer = self.see(operation, input).await;
        self.keep(name, answer.clone());
        answer
    }
    pub async fn topic(&self, attributes: Value) -> String {
        let fifo = attributes["FifoTopic"] == "true";
        let name = format!("topic-{}{}", self.desk.cx.ids().lower(8), if fifo { ".fifo" } else { "" });
        self.desk.topic(&name, attributes).await
    }
    pub async fn queue(&self, topic: &str, queue: &str) -> String {
        self.desk.subscribe(topic, "sqs", &queue_arn(queue), json!({})).await
    }
    pub async fn set(&self, subscription: &str, name: &str, value: &str) -> Value {
        self.see("SetSubscriptionAttributes", json!({ "SubscriptionArn": subscription, "AttributeName": name, "AttributeValue": value }))
            .await
    }
    /// Sets an attribute and sees to it that it was set.
    pub async fn put(&self, subscription: &str, name: &str, value: &str) {
        assert_eq!(self.set(subscription, name, value).await, json!({}), "{name}={value}");
    }
    pub async fn attributes(&mut self, name: &str, subscription: &str) {
        self.shot(name, "GetSubscriptionAttributes", json!({ "SubscriptionArn": subscription })).await;
    }
    /// A subscription of a raw queue with a filter, as most recordings about filters have it.
    pub async fn filtered(&self, topic: &str, queue: &str, scope: &str, filter: Value) -> String {
        let subscription = self.queue(topic, queue).await;
        self.put(&subscription, "FilterPolicyScope", scope).await;
        self.put(&subscription, "FilterPolicy", &filter.to_string()).await;
        self.put(&subscription, "RawMessageDelivery", "true").await;
        subscription
    }
    pub async fn publish(&self, topic: &str, message: impl Into<String>, attributes: Value) -> Value {
        let mut input = json!({ "TopicArn": topic, "Message": message.into() });
        if !attributes.is_null() {
            input["MessageAttributes"] = attributes;
        }
        self.desk.ok("Publish", input).await
    }
    /// Takes a queue's messages, as ReceiveMessage shows them without what is SQS's own.
    pub async fn take(&self, queue: &str) -> Value {
        let messages = self.messages(queue).await;
        if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) }
    }
    pub async fn messages(&self, queue: &str) -> Vec<Value> {
        self.desk.settle().await;
        let arn = queue_arn(queue);
        let mut sent = self.desk.world.sent.lock().unwrap();
        let (mine, others): (Vec<_>, Vec<_>) = sent.drain(..).partition(|(to, _)| *to == arn);
        *sent = others;
        mine.iter().map(|(_, message)| received(message)).collect()
    }
    /// Takes a queue's messages under a recorded name.
    pub async fn taken(&mut self, name: &str, queue: &str) {
        let messages = self.take(queue).await;
        self.keep(name, messages);
    }
    /// As [`taken`](Self::taken), in the order of their bodies.
    pub async fn taken_sorted(&mut self, name: &str, queue: &str) {
        let mut messages = self.messages(queue).await;
        messages.sort_by_key(|m| m["Body"].as_str().unwrap().to_owned());
        self.keep(name, json!({ "Messages": messages }));
    }
    pub fn gone(&self, queue: &str) {
        self.desk.world.gone.lock().unwrap().push(queue_arn(queue));
    }
}

fn seen(result: Result<Value, Fault>) -> Value {
    result.unwrap_or_else(|fault| json!({ "Error": { "Code": fault.code, "Message": fault.message, "Type": "Sender" } }))
}

/// A message as a receiver sees it.
fn received(message: &QueueMessage) -> Value {
    let mut shown = json!({ "Body": message.body });
    if !message.attributes.is_empty() {
        let attributes = message.attributes.iter().map(|a| {
            let value = match a.kind.starts_with("Binary") {
                true => json!({ "DataType": a.kind, "BinaryValue": python(&a.value) }),
                false => json!({ "DataType": a.kind, "StringValue": String::from_utf8_lossy(&a.value) }),
            };
            (a.name.clone(), value)
        });
        shown["MessageAttributes"] = Value::Object(attributes.collect());
    }
    let ids = [("MessageGroupId", &message.group), ("MessageDeduplicationId", &message.deduplication), ("AWSTraceHeader", &message.trace)];
    let system: Map<String, Value> = ids.into_iter().filter_map(|(name, id)| Some((name.to_owned(), id.as_deref()?.into()))).collect();
    if !system.is_empty() {
        shown["Attributes"] = Value::Object(system);
    }
    shown
}

/// Bytes as the recordings write them.
fn python(bytes: &[u8]) -> String {
    format!("b'{}'", bytes.iter().map(|b| format!("\\x{b:02x}")).collect::<String>())
}
