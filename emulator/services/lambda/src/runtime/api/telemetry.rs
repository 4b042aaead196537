//! The Telemetry API of one environment: extensions subscribe to events of the platform, the function and the extensions, and are sent them
//! in batches over HTTP. What happened before a subscription is kept for it until the initialisation is over.

use super::{Api, body, extensions::identified, told};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use kit::{Clock, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// Events kept for subscriptions to come.
const MOST_BACKLOG: usize = 1000;
/// Events on their way to a subscriber; more are dropped, and it is told how many.
const MOST_WAITING: usize = 10_000;
/// How long a subscriber may take for a batch, real.
const DELIVERY_SECS: u64 = 5;

/// Whose events these are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Category {
    Platform,
    Function,
    Extension,
}

impl Category {
    fn of(text: &str) -> Option<Category> {
        match text {
            "platform" => Some(Category::Platform),
            "function" => Some(Category::Function),
            "extension" => Some(Category::Extension),
            _ => None,
        }
    }
}

/// The telemetry of an environment.
pub(crate) struct Telemetry {
    clock: Clock,
    state: Mutex<State>,
    /// Whether anybody may ever hear of it: a function without extensions pays nothing.
    on: AtomicBool,
}

#[derive(Default)]
struct State {
    backlog: Vec<(Category, Value)>,
    subscribers: Vec<Subscriber>,
    /// The initialisation is over: no more subscriptions.
    closed: bool,
}

struct Subscriber {
    types: Vec<Category>,
    events: mpsc::Sender<Value>,
    dropped: Arc<AtomicU64>,
}

/// How a subscriber wants its batches.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Buffering {
    items: usize,
    bytes: usize,
    timeout_ms: u64,
}

impl Telemetry {
    /// Nobody subscribed yet; `on` says whether somebody may.
    pub fn new(clock: Clock, on: bool) -> Arc<Telemetry> {
        Arc::new(Telemetry { clock, state: Mutex::default(), on: AtomicBool::new(on) })
    }

    /// Tells of something.
    pub fn tell(&self, category: Category, kind: &str, at: Timestamp, record: impl FnOnce() -> Value) {
        if !self.on.load(Ordering::Relaxed) {
            return;
        }
        let event = json!({ "time": kit::time::iso_millis(at), "type": kind, "record": record() });
        let mut state = self.state.lock();
        for subscriber in state.subscribers.iter().filter(|s| s.types.contains(&category)) {
            subscriber.send(event.clone());
        }
        if !state.closed && state.backlog.len() < MOST_BACKLOG {
            state.backlog.push((category, event));
        }
    }

    /// The initialisation is over: who has not subscribed won't.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.backlog = Vec::new();
        if state.subscribers.is_empty() {
            self.on.store(false, Ordering::Relaxed);
        }
    }

    /// The end: what waits is sent at once, nothing more is taken.
    pub fn finish(&self) {
        self.on.store(false, Ordering::Relaxed);
        self.state.lock().subscribers.clear();
    }

    fn subscribe(&self, name: &str, types: Vec<Category>, buffering: Buffering, port: u16) -> Result<(), &'static str> {
        let mut state = self.state.lock();
        if state.closed {
            return Err("Telemetry API subscription is closed already");
        }
        let (events, receiver) = mpsc::channel(MOST_WAITING);
        let subscriber = Subscriber { types, events, dropped: Arc::default() };
        for (category, event) in state.backlog.iter().filter(|(c, _)| subscriber.types.contains(c)) {
            let _ = category;
            subscriber.send(event.clone());
        }
        tokio::spawn(deliver(self.clock.clone(), receiver, subscriber.dropped.clone(), buffering, port));
        let types: Vec<&str> = subscriber.types.iter().map(|c| name_of(*c)).collect();
        state.subscribers.push(subscriber);
        drop(state);
        self.tell(
            Category::Platform,
            "platform.telemetrySubscription",
            self.clock.now(),
            || json!({ "name": name, "state": "Subscribed", "types": types }),
        );
        Ok(())
    }
}

fn name_of(category: Category) -> &'static str {
    match category {
        Category::Platform => "platform",
        Category::Function => "function",
        Category::Extension => "extension",
    }
}

impl Subscriber {
    fn send(&self, event: Value) {
        if self.events.try_send(event).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sends batches until the subscription ends. A batch goes when it is full by count or bytes, or old enough, in real time.
async fn deliver(clock: Clock, mut events: mpsc::Receiver<Value>, dropped: Arc<AtomicU64>, buffering: Buffering, port: u16) {
    let mut open = true;
    while open {
        let Some(first) = events.recv().await else { return };
        let mut bytes = 2 + first.to_string().len();
        let mut batch = vec![first];
        let old = clock.real_sleep(Duration::from_millis(buffering.timeout_ms));
        tokio::pin!(old);
        while batch.len() < buffering.items && bytes < buffering.bytes {
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => {
                        bytes += 1 + event.to_string().len();
                        batch.push(event);
                    }
                    None => {
                        open = false;
                        break;
                    }
                },
                () = &mut old => break,
            }
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let record = json!({ "reason": "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.", "droppedRecords": lost });
            batch.push(json!({ "time": kit::time::iso_millis(clock.now()), "type": "platform.logsDropped", "record": record }));
        }
        let body = Bytes::from(Value::Array(batch).to_string());
        // One that is not there or answers badly has lost its batch; AWS tries again for a while, which only moves the loss.
        tokio::select! {
            _ = post(port, body) => {}
            () = clock.real_sleep(Duration::from_secs(DELIVERY_SECS)) => {}
        }
    }
}

async fn post(port: u16, body: Bytes) -> Option<StatusCode> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::post("/")
        .header("host", format!("sandbox.localdomain:{port}"))
        .header("content-type", "application/json")
        .body(Full::new(body))
        .ok()?;
    let exchange = async {
        let response = sender.send_request(request).await.ok()?;
        let status = response.status();
        let _ = response.into_body().collect().await;
        Some(status)
    };
    tokio::select! {
        status = exchange => status,
        _ = connection => None,
    }
}

impl Api {
    pub(super) async fn subscribe(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let id = match identified(&self.extensions, &request) {
            Ok(id) => id.to_owned(),
            Err(refusal) => return refusal,
        };
        let wanted: Value = match body(request).await {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(refusal) => return refusal,
        };
        let (types, buffering, port) = match read(&wanted) {
            Ok(wanted) => wanted,
            Err(message) => return told(StatusCode::BAD_REQUEST, "ValidationError", &message),
        };
        let name = self.extensions.name_of(&id).unwrap_or_default();
        match self.telemetry.subscribe(&name, types, buffering, port) {
            Ok(()) => Response::new(Full::new(Bytes::from_static(b"OK"))),
            Err(message) => told(StatusCode::FORBIDDEN, "Telemetry.SubscriptionClosed", message),
        }
    }
}

/// A subscription as AWS checks it.
fn read(wanted: &Value) -> Result<(Vec<Category>, Buffering, u16), String> {
    if !wanted["schemaVersion"].is_null() && !matches!(wanted["schemaVersion"].as_str(), Some("2022-07-01" | "2022-12-13" | "2025-01-29")) {
        return Err(format!("schemaVersion {} is not known", wanted["schemaVersion"]));
    }
    let types = wanted["types"].as_array().filter(|types| !types.is_empty()).ok_or("types: at least one is expected")?;
    let types = types
        .iter()
        .map(|t| t.as_str().and_then(Category::of).ok_or_else(|| format!("types: {t} is not one of platform, function, extension")))
        .collect::<Result<Vec<_>, _>>()?;
    let number = |name: &str, default: u64, least: u64, most: u64| match &wanted["buffering"][name] {
        Value::Null => Ok(default),
        value => value
            .as_u64()
            .filter(|n| (least..=most).contains(n))
            .ok_or_else(|| format!("buffering.{name} must be between {least} and {most}")),
    };
    let buffering = Buffering {
        items: number("maxItems", 10_000, 1000, 10_000)? as usize,
        bytes: number("maxBytes", 262_144, 262_144, 1_048_576)? as usize,
        timeout_ms: number("timeoutMs", 1000, 25, 30_000)?,
    };
    if wanted["destination"]["protocol"] != "HTTP" {
        return Err("destination.protocol: HTTP is the only one that is served here".into());
    }
    let uri = wanted["destination"]["URI"].as_str().unwrap_or_default();
    let uri: http::Uri = uri.parse().map_err(|_| format!("destination.URI {uri} can't be read"))?;
    match (uri.host(), uri.port_u16()) {
        (Some("sandbox" | "sandbox.localdomain" | "localhost" | "127.0.0.1"), Some(port)) => Ok((types, buffering, port)),
        _ => Err(format!("destination.URI {uri} must be http://sandbox.localdomain:PORT")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_checked() {
        let good = json!({ "schemaVersion": "2022-12-13", "types": ["platform", "function"], "buffering": { "timeoutMs": 25 }, "destination": { "protocol": "HTTP", "URI": "http://sandbox.localdomain:8080" } });
        let (types, buffering, port) = read(&good).unwrap();
        assert_eq!((types.len(), buffering.timeout_ms, buffering.items, port), (2, 25, 10_000, 8080));
        for (member, value) in [
            ("types", json!([])),
            ("types", json!(["other"])),
            ("buffering", json!({ "timeoutMs": 1 })),
            ("destination", json!({ "protocol": "TCP", "port": 1 })),
            ("destination", json!({ "protocol": "HTTP", "URI": "http://example.com:80" })),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
