//! A cloud with SNS in it, stand-ins for queues and functions that remember, and an HTTP endpoint that does too.

use kit::{
    AdvanceOptions, BoxFuture, ClockMode, Cloud, Context, Fault, Grant, Settle, Timestamp,
    ports::{Functions, Invocation, Invoked, QueueMessage, Queues},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

pub const ACCOUNT: &str = "000000000000";

pub struct Desk {
    pub cloud: Arc<Cloud>,
    pub cx: Context,
    pub world: Arc<World>,
}

/// What the stand-ins saw.
#[derive(Default)]
pub struct World {
    pub sent: Mutex<Vec<(String, QueueMessage)>>,
    pub invoked: Mutex<Vec<(String, Value)>>,
    /// Queues and functions that are gone.
    pub gone: Mutex<Vec<String>>,
    /// How many deliveries are to fail first.
    pub failures: Mutex<u32>,
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with(Cloud::builder()).await
    }
    pub async fn with(builder: kit::CloudBuilder) -> Desk {
        let builder = builder.start_at(Timestamp::from_secs(1_700_000_000)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(sns::Sns::new())).start().await.unwrap();
        let world = Arc::new(World::default());
        cloud.ports().offer_queues(world.clone());
        cloud.ports().offer_functions(world.clone());
        cloud.set_endpoint("http://127.0.0.1:4566");
        let cx = cloud.house_context("test");
        Desk { cloud, cx, world }
    }
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        let cx = self.cx.child();
        self.cloud.call_json(&cx, "sns", operation, &input).await
    }
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }
    pub async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let fault = self.call(operation, input.clone()).await.expect_err(&format!("{operation} {input}"));
        (fault.code.into_owned(), fault.message)
    }
    /// A topic's ARN.
    pub async fn topic(&self, name: &str, attributes: Value) -> String {
        let made = self.ok("CreateTopic", json!({ "Name": name, "Attributes": attributes })).await;
        made["TopicArn"].as_str().unwrap().to_owned()
    }
    /// A subscription's ARN.
    pub async fn subscribe(&self, topic: &str, protocol: &str, endpoint: &str, attributes: Value) -> String {
        let input = json!({
            "TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes, "ReturnSubscriptionArn": true,
        });
        self.ok("Subscribe", input).await["SubscriptionArn"].as_str().unwrap().to_owned()
    }
    pub async fn publish(&self, topic: &str, message: &str) -> Value {
        self.ok("Publish", json!({ "TopicArn": topic, "Message": message })).await
    }
    pub async fn settle(&self) {
        self.cloud.settle(Duration::from_secs(180)).await.unwrap();
    }
    pub async fn advance(&self, secs: u64) {
        let options = AdvanceOptions { by: Duration::from_secs(secs), settle: Settle::Each, budget: Duration::from_secs(240) };
        assert_eq!(self.cloud.advance(options).await.stopped_early, None);
    }
    /// What a queue has got, once all is quiet.
    pub async fn messages(&self, queue: &str) -> Vec<QueueMessage> {
        self.settle().await;
        let arn = queue_arn(queue);
        self.world.sent.lock().unwrap().iter().filter(|(to, _)| *to == arn).map(|(_, m)| m.clone()).collect()
    }
    /// The envelopes that a queue has got.
    pub async fn envelopes(&self, queue: &str) -> Vec<Value> {
        self.messages(queue).await.iter().map(|m| serde_json::from_str(&m.body).unwrap()).collect()
    }
    /// The `Message` of each envelope that a queue has got.
    pub async fn texts(&self, queue: &str) -> Vec<String> {
        self.envelopes(queue).await.iter().map(|e| e["Message"].as_str().unwrap().to_owned()).collect()
    }
    /// Outcomes of the journal's records of one operation.
    pub fn outcomes(&self, operation: &str) -> Vec<String> {
        self.cloud.journal().held().iter().filter(|r| &*r.operation == operation).map(|r| r.outcome.to_string()).collect()
    }
}

pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}")
}

impl World {
    fn fail(&self, arn: &str) -> Result<(), Fault> {
        if self.gone.lock().unwrap().iter().any(|gone| gone == arn) {
            return Err(Fault::new("NotThere", 400, "it is gone"));
        }
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

impl Queues for World {
    fn send<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        arn: &'a str,
        body: String,
        attributes: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<String, Fault>> {
        self.deliver(cx, grant, arn, QueueMessage::text(body, attributes))
    }
    fn deliver<'a>(&'a self, cx: &'a Context, grant: Grant, arn: &'a str, message: QueueMessage) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("sqs:SendMessage", arn)?;
            assert_eq!(cx.principal().arn(), "sns.amazonaws.com");
            self.fail(arn)?;
            self.sent.lock().unwrap().push((arn.to_owned(), message));
            Ok("id".into())
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

impl Functions for World {
    fn invoke<'a>(&'a self, _: &'a Context, grant: Grant, call: Invocation) -> BoxFuture<'a, Result<Invoked, Fault>> {
        Box::pin(async move {
            grant.covers("lambda:InvokeFunction", &call.function_arn)?;
            self.fail(&call.function_arn)?;
            assert!(call.asynchronous);
            self.invoked.lock().unwrap().push((call.function_arn, serde_json::from_slice(&call.payload).unwrap()));
            Ok(Invoked { status: 202, ..Invoked::default() })
        })
    }
    fn exists(&self, _: &Context, _: &str) -> bool {
        true
    }
}

/// A request that an endpoint has got.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An HTTP endpoint that answers what it is told to.
pub struct Endpoint {
    pub url: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    /// Statuses to answer first; then 200.
    pub statuses: Arc<Mutex<Vec<u16>>>,
}

impl Endpoint {
    pub async fn new() -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sns-endpoint", listener.local_addr().unwrap());
        let endpoint = Endpoint { url, seen: Arc::default(), statuses: Arc::default() };
        let (seen, statuses) = (endpoint.seen.clone(), endpoint.statuses.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let request = read(&mut socket).await;
                seen.lock().unwrap().push(request);
                let status = {
                    let mut statuses = statuses.lock().unwrap();
                    if statuses.is_empty() { 200 } else { statuses.remove(0) }
                };
                let _ = socket.write_all(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
            }
        });
        endpoint
    }
    pub fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn read(socket: &mut tokio::net::TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            assert!(lines.next().unwrap().starts_with("POST /sns-endpoint "));
            let headers: Vec<(String, String)> =
                lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
            let length: usize = headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
            if body.len() >= length {
                return Seen { headers, body: body.to_owned() };
            }
        }
        let n = socket.read(&mut chunk).await.unwrap();
        assert!(n > 0, "the request ended early");
        bytes.extend_from_slice(&chunk[..n]);
    }
}
