//! A cloud with S3 behind a gateway, and fakes of the functions and queues that it tells of events.

use crate::http::{Answer, Ask, send};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    AdvanceOptions, BoxFuture, ClockMode, Cloud, Context, Decision, Fault, Grant, Need, Principal, Settle, Timestamp,
    ports::{Events, Functions, Invocation, Invoked, QueueMessage, Queues, ServiceEvent, Topics},
};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// 2023-11-14T22:13:20Z
pub const START: i64 = 1_700_000_000;

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub told: Arc<Told>,
    server: gateway::Server,
}

/// What functions and queues were told.
#[derive(Default)]
pub struct Told {
    pub functions: Mutex<Vec<(String, Value)>>,
    pub queues: Mutex<Vec<(String, Value)>>,
    pub topics: Mutex<Vec<(String, Value)>>,
    /// What the default event bus was given, with the account and region of the bus.
    pub bus: Mutex<Vec<(kit::Scope, ServiceEvent)>>,
    /// Traces under which functions and queues were told.
    pub traces: Mutex<Vec<String>>,
    /// Trace headers that queues were given.
    pub trace_headers: Mutex<Vec<String>>,
    /// How many deliveries are to fail first.
    pub failures: Mutex<u32>,
}

impl Desk {
    pub async fn new() -> Desk {
        Self::over(kit::Store::memory(), s3::S3::new()).await
    }
    /// Over a store in a folder.
    pub async fn on_disk(folder: &std::path::Path) -> Desk {
        Self::over(kit::Store::durable(folder, kit::store::Durability::Process).unwrap(), s3::S3::new()).await
    }
    /// Over a store that is there.
    pub async fn on_store(store: kit::Store) -> Desk {
        Self::over(store, s3::S3::new()).await
    }
    /// With a service that is set otherwise than by default.
    pub async fn with_service(s3: s3::S3) -> Desk {
        Self::over(kit::Store::memory(), s3).await
    }
    async fn over(store: kit::Store, s3: s3::S3) -> Desk {
        let builder = Cloud::builder().store(store).start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(s3)).start().await.unwrap();
        let told = Arc::new(Told::default());
        cloud.ports().offer_functions(told.clone());
        cloud.ports().offer_queues(told.clone());
        cloud.ports().offer_topics(told.clone());
        cloud.ports().offer_events(told.clone());
        let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let server = gateway.serve(cloud.clone(), None);
        let cx = cloud.house_context("test");
        Desk { cloud, cx, told, server }
    }
    /// With a bucket.
    pub async fn with_bucket(name: &str) -> Desk {
        let desk = Desk::new().await;
        desk.ask("PUT", &format!("/{name}")).await.ok();
        desk
    }
    /// Stops everything; the store's folder can be opened again.
    pub async fn close(self) {
        self.server.stop().await;
        self.cloud.stop().await;
    }
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }
    pub async fn ask(&self, method: &str, target: &str) -> Answer {
        self.send(method, target, &[], b"").await
    }
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send_as(Some(("test", "test")), method, target, headers, body).await
    }
    pub async fn send_as(&self, key: Option<(&str, &str)>, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut headers: Vec<(&str, String)> = headers.iter().map(|(name, value)| (*name, value.to_string())).collect();
        // What deletes many keys has to be proved whole, so who sends it without a thought sends a digest, as SDKs do.
        let told = headers.iter().any(|(name, _)| *name == "content-md5" || name.starts_with("x-amz-checksum-"));
        if method == "POST" && target.ends_with("?delete") && !told {
            headers.push(("content-md5", BASE64_STANDARD.encode(Md5::digest(body))));
        }
        let now = kit::time::amz_date(self.cloud.clock().now());
        send(self.server.address(), Ask { method, target, headers, body: body.to_vec(), key, region: "us-east-1" }, &now).await
    }
    /// Unsigned, to a host of a name of its own.
    pub async fn send_to_host(&self, host: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().chain(&[("host", host)]).map(|(name, value)| (*name, value.to_string())).collect();
        send(self.server.address(), Ask { method, target, headers, body: Vec::new(), key: None, region: "us-east-1" }, "").await
    }
    pub async fn put(&self, target: &str, body: &str) -> Answer {
        self.send("PUT", target, &[], body.as_bytes()).await.ok()
    }
    pub async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target).await
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(&self.cx, "s3", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(20)).await.unwrap();
    }
    pub async fn advance(&self, secs: u64) {
        let done = self
            .cloud
            .advance(AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(30) })
            .await;
        assert_eq!(done.stopped_early, None);
    }
    /// Keys of a bucket.
    pub async fn keys(&self, bucket: &str) -> Vec<String> {
        self.get(&format!("/{bucket}?list-type=2")).await.ok().elements("Key")
    }
    /// Names of the events that functions and queues were told, with their keys.
    pub async fn events(&self) -> Vec<(String, String)> {
        self.settle().await;
        let all = self.told.functions.lock().unwrap().iter().chain(self.told.queues.lock().unwrap().iter()).cloned().collect::<Vec<_>>();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let records = all.iter().flat_map(|(_, event)| event["Records"].as_array().cloned().unwrap_or_default());
        records.map(|record| (text(&record["eventName"]), text(&record["s3"]["object"]["key"]))).collect()
    }
}

/// Lets everybody do what a list of `(principal, action, resource)` says, roots everything.
pub struct Allows(pub Vec<(&'static str, &'static str, &'static str)>);

impl kit::Decider for Allows {
    fn decide(&self, cx: &Context, need: &Need, _: Option<&str>) -> Decision {
        let arn = cx.principal().arn();
        let listed = self.0.iter().any(|(who, action, resource)| arn.contains(who) && need.action == *action && need.resource == *resource);
        let allowed = listed || matches!(cx.principal(), Principal::Root { .. } | Principal::Service { .. });
        Decision { allowed, message: format!("{arn} may not {} on {}", need.action, need.resource), statement: None }
    }
    fn explain(&self, cx: &Context, need: &Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}

impl Told {
    fn fail(&self) -> Result<(), Fault> {
        let mut left = self.failures.lock().unwrap();
        match *left {
            0 => Ok(()),
            _ => {
                *left -= 1;
                Err(Fault::new("ServiceException", 500, "not now"))
            }
        }
    }
}

impl Functions for Told {
    fn invoke<'a>(&'a self, _: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            self.fail()?;
            assert!(call.asynchronous);
            self.functions.lock().unwrap().push((call.function_arn, serde_json::from_slice(&call.payload).unwrap()));
            Ok(Invoked { status: 202, ..Invoked::default() })
        })
    }
    fn exists(&self, _: &Context, function_arn: &str) -> bool {
        !function_arn.contains("missing") && !function_arn.contains(":my-")
    }
}

impl Queues for Told {
    fn send<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        body: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        self.deliver(cx, grant, queue_arn, QueueMessage::text(body, attributes))
    }
    fn deliver<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        queue_arn: &'a str,
        message: QueueMessage,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:SendMessage", queue_arn)?;
            self.fail()?;
            self.traces.lock().unwrap().push(cx.trace().to_string());
            self.trace_headers.lock().unwrap().extend(message.trace);
            self.queues.lock().unwrap().push((queue_arn.to_owned(), serde_json::from_str(&message.body).unwrap()));
            Ok("id".into())
        })
    }
    fn exists(&self, _: &Context, queue_arn: &str) -> bool {
        !queue_arn.contains("missing") && !queue_arn.contains(":my-")
    }
}

impl Topics for Told {
    fn publish<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        topic_arn: &'a str,
        subject: Option<String>,
        message: String,
        _: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sns:Publish", topic_arn)?;
            self.fail()?;
            assert_eq!(subject.as_deref(), Some("Amazon S3 Notification"));
            self.topics.lock().unwrap().push((topic_arn.to_owned(), serde_json::from_str(&message).unwrap()));
            Ok("id".into())
        })
    }
    fn exists(&self, _: &Context, topic_arn: &str) -> bool {
        !topic_arn.contains("missing")
    }
}

impl Events for Told {
    fn emit(&self, _: &mut kit::Tx<'_>, cx: &Context, event: ServiceEvent) -> Result<(), Fault> {
        self.bus.lock().unwrap().push((cx.scope().clone(), event));
        Ok(())
    }
}

/// A notification to a function for every event of a kind.
pub fn to_function(events: &[&str]) -> Value {
    json!({ "LambdaFunctionConfigurations": [{ "Id": "on-change", "LambdaFunctionArn": FUNCTION, "Events": events }] })
}
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:process";
pub const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:changes";
pub const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:events";
