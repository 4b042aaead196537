//! The Extensions API of one environment: who registered for what, which events wait for them, whether all are ready. External extensions
//! are known by name before they register, for their processes were started; all others are internal.

use super::{Api, accepted, body, header, json, told};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use kit::Ids;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::VecDeque;
use tokio::sync::{oneshot, watch};

/// Extensions of an environment; AWS's limit.
const MOST: usize = 10;
/// Bytes of a name.
const MOST_NAME_BYTES: usize = 128;

/// What `register` tells of the function.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    pub function: String,
    pub version: String,
    pub handler: String,
    pub account: String,
}

/// When an extension gave up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Notice {
    /// While it initialised itself.
    Init,
    /// Later.
    Exit,
}

/// Why the environment can't go on because of an extension.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Broken {
    /// `Extension.InitError`, `Extension.ExitError`, `Extension.Crash` or `Extension.LaunchError`.
    pub kind: &'static str,
    /// The words behind `Error: `.
    pub words: String,
}

/// The extensions of an environment.
pub(crate) struct Extensions {
    about: About,
    ids: Ids,
    /// Names of external extensions.
    external: Vec<String>,
    state: Mutex<State>,
    /// Told of every change.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    all: Vec<Extension>,
    /// Registration is over.
    closed: bool,
    broken: Option<Broken>,
}

struct Extension {
    id: String,
    name: String,
    invoke: bool,
    shutdown: bool,
    /// It asked for its next event and has it not.
    idle: bool,
    /// It asked at least once.
    began: bool,
    waiting: Option<oneshot::Sender<Value>>,
    queued: VecDeque<Value>,
}

impl Extensions {
    /// None registered yet; `external` are the names of the processes that are being started.
    pub fn new(about: About, ids: Ids, external: Vec<String>) -> Extensions {
        Extensions { about, ids, external, state: Mutex::default(), changes: watch::Sender::new(0) }
    }

    /// Whether there is any, registered or on its way.
    pub fn any(&self) -> bool {
        !self.external.is_empty() || !self.state.lock().all.is_empty()
    }

    /// Whether this is an extension's id.
    pub fn knows(&self, id: &str) -> bool {
        self.state.lock().all.iter().any(|e| e.id == id)
    }

    /// The name behind an id.
    pub fn name_of(&self, id: &str) -> Option<String> {
        self.state.lock().all.iter().find(|e| e.id == id).map(|e| e.name.clone())
    }

    /// Names and events of those that registered, for the log.
    pub fn registered(&self) -> Vec<(String, Vec<&'static str>)> {
        let events =
            |e: &Extension| [(e.invoke, "INVOKE"), (e.shutdown, "SHUTDOWN")].iter().filter(|(on, _)| *on).map(|(_, n)| *n).collect();
        self.state.lock().all.iter().map(|e| (e.name.clone(), events(e))).collect()
    }

    /// Waits until every external extension has registered.
    pub async fn all_registered(&self) {
        self.until(|state| self.external.iter().all(|name| state.all.iter().any(|e| e.name == *name))).await;
    }

    /// Waits until every registered extension has asked for its first event; registration ends with that.
    pub async fn all_ready(&self) {
        self.state.lock().closed = true;
        self.until(|state| state.all.iter().all(|e| e.began)).await;
    }

    /// Waits until every extension has dealt with its event.
    pub async fn all_idle(&self) {
        self.until(|state| state.all.iter().all(|e| e.idle || !e.began)).await;
    }

    /// Waits until one gives up.
    pub async fn broken(&self) -> Broken {
        self.until(|state| state.broken.is_some()).await;
        self.state.lock().broken.clone().expect("just looked")
    }

    /// Notes that one gave up, or that its process ended; the first counts.
    pub fn breaks(&self, broken: Broken) {
        self.state.lock().broken.get_or_insert(broken);
        self.changed();
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            if holds(&self.state.lock()) {
                return;
            }
            // The sender lives as long as we do.
            let _ = changes.changed().await;
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Tells those who asked for it of an invocation.
    pub fn tell_invoke(&self, request_id: &str, deadline_ms: i64, function_arn: &str, trace: &str) {
        let event = json!({
            "eventType": "INVOKE", "deadlineMs": deadline_ms, "requestId": request_id, "invokedFunctionArn": function_arn,
            "tracing": { "type": "X-Amzn-Trace-Id", "value": trace },
        });
        self.tell(&event, |e| e.invoke);
    }

    /// Tells those who asked for it of the end; whether anybody did.
    pub fn tell_shutdown(&self, reason: &str, deadline_ms: i64) -> bool {
        self.tell(&json!({ "eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": deadline_ms }), |e| e.shutdown)
    }

    fn tell(&self, event: &Value, wants: impl Fn(&Extension) -> bool) -> bool {
        let mut told = false;
        for extension in self.state.lock().all.iter_mut().filter(|e| wants(e)) {
            told = true;
            extension.idle = false;
            let left = match extension.waiting.take() {
                Some(waiting) => waiting.send(event.clone()).err(),
                None => Some(event.clone()),
            };
            extension.queued.extend(left);
        }
        told
    }

    fn add(&self, name: &str, invoke: bool, shutdown: bool) -> Result<String, (&'static str, String)> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(("Extension.RegistrationClosed", "Extension registration closed already".into()));
        }
        if state.all.iter().any(|e| e.name == name) {
            return Err((
                "Extension.InvalidExtensionState",
                format!(
                    "State transition from Registered to Registered failed for extension {name}. Error: extension is registered already"
                ),
            ));
        }
        if state.all.len() >= MOST {
            return Err(("Extension.TooManyExtensions", format!("Extension limit ({MOST}) reached")));
        }
        if shutdown && !self.external.iter().any(|e| e == name) {
            return Err(("Extension.InvalidEventType", "SHUTDOWN: Shutdown event is not supported for internal extensions".into()));
        }
        let id = self.ids.uuid();
        let extension = Extension {
            id: id.clone(),
            name: name.to_owned(),
            invoke,
            shutdown,
            idle: false,
            began: false,
            waiting: None,
            queued: VecDeque::new(),
        };
        state.all.push(extension);
        drop(state);
        self.changed();
        Ok(id)
    }

    /// The next event, or a place to wait for it.
    fn take_next(&self, id: &str) -> Option<Result<Value, oneshot::Receiver<Value>>> {
        let mut state = self.state.lock();
        let extension = state.all.iter_mut().find(|e| e.id == id)?;
        extension.began = true;
        let next = match extension.queued.pop_front() {
            Some(event) => Ok(event),
            None => {
                let (sender, receiver) = oneshot::channel();
                // One that asks twice is answered on its newer connection.
                extension.waiting = Some(sender);
                extension.idle = true;
                Err(receiver)
            }
        };
        drop(state);
        self.changed();
        Some(next)
    }
}

fn refused(kind: &str, message: &str) -> Response<Full<Bytes>> {
    told(StatusCode::FORBIDDEN, kind, message)
}

/// The id that a request of an extension carries.
pub(super) fn identified<'a>(extensions: &Extensions, request: &'a Request<Incoming>) -> Result<&'a str, Response<Full<Bytes>>> {
    let id = header(request, "lambda-extension-identifier")
        .ok_or_else(|| refused("Extension.MissingHeader", "Missing Lambda-Extension-Identifier header"))?;
    match extensions.knows(id) {
        true => Ok(id),
        false if id.len() == 36 => Err(refused("Extension.UnknownExtensionIdentifier", &format!("Unknown extension {id}"))),
        false => Err(refused("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier")),
    }
}

impl Api {
    pub(super) async fn register(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let name = header(&request, "lambda-extension-name").unwrap_or_default().to_owned();
        let features = header(&request, "lambda-extension-accept-feature").unwrap_or_default().to_owned();
        if name.is_empty() || name.len() > MOST_NAME_BYTES {
            return refused("Extension.InvalidExtensionName", "Empty extension name");
        }
        let wanted: Value = match body(request).await {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(refusal) => return refusal,
        };
        let Some(events) = wanted["events"].as_array() else {
            return told(StatusCode::BAD_REQUEST, "InvalidRequestFormat", "events: a list is expected");
        };
        let (mut invoke, mut shutdown) = (false, false);
        for event in events {
            match event.as_str() {
                Some("INVOKE") => invoke = true,
                Some("SHUTDOWN") => shutdown = true,
                _ => return told(StatusCode::BAD_REQUEST, "Extension.InvalidEventType", &format!("{event}: Invalid event type")),
            }
        }
        let id = match self.extensions.add(&name, invoke, shutdown) {
            Ok(id) => id,
            Err((kind, message)) => return refused(kind, &message),
        };
        let about = &self.extensions.about;
        let mut answer = json!({ "functionName": about.function, "functionVersion": about.version, "handler": about.handler });
        if features.split(',').any(|feature| feature.trim() == "accountId") {
            answer["accountId"] = json!(about.account);
        }
        with_header(json(StatusCode::OK, answer.to_string().into()), "lambda-extension-identifier", &id)
    }

    pub(super) async fn extension_next(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let id = match identified(&self.extensions, request) {
            Ok(id) => id,
            Err(refusal) => return refusal,
        };
        let event = match self.extensions.take_next(id) {
            Some(Ok(event)) => event,
            Some(Err(waiting)) => match waiting.await {
                Ok(event) => event,
                Err(_) => return told(StatusCode::GONE, "Gone", "another connection waits for the next event"),
            },
            None => return refused("Extension.UnknownExtensionIdentifier", "Unknown extension"),
        };
        let identifier = self.extensions.ids.uuid();
        with_header(json(StatusCode::OK, event.to_string().into()), "lambda-extension-event-identifier", &identifier)
    }

    pub(super) async fn extension_error(&self, request: Request<Incoming>, when: Notice) -> Response<Full<Bytes>> {
        let id = match identified(&self.extensions, &request) {
            Ok(id) => id.to_owned(),
            Err(refusal) => return refusal,
        };
        let Some(kind) = header(&request, "lambda-extension-function-error-type").map(str::to_owned) else {
            return refused("Extension.MissingHeader", "Missing Lambda-Extension-Function-Error-Type header");
        };
        let said: Value = match body(request).await {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(refusal) => return refusal,
        };
        let name = self.extensions.name_of(&id).unwrap_or_default();
        let message = said["errorMessage"].as_str().unwrap_or_default();
        let words = format!("extension {name}: {kind} {message}").trim_end().to_owned();
        let kind = match when {
            Notice::Init => "Extension.InitError",
            Notice::Exit => "Extension.ExitError",
        };
        self.extensions.breaks(Broken { kind, words });
        accepted()
    }
}

fn with_header(mut response: Response<Full<Bytes>>, name: &'static str, value: &str) -> Response<Full<Bytes>> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions(external: &[&str]) -> Extensions {
        Extensions::new(About::default(), Ids::new(0, 1), external.iter().map(|n| (*n).to_owned()).collect())
    }

    #[test]
    fn registration_is_by_name_and_ends() {
        let all = extensions(&["watch"]);
        assert!(all.add("watch", true, true).is_ok());
        assert_eq!(all.add("watch", true, true).unwrap_err().0, "Extension.InvalidExtensionState");
        assert_eq!(all.add("inner", true, true).unwrap_err().0, "Extension.InvalidEventType");
        assert!(all.add("inner", true, false).is_ok());
        for n in 2..MOST {
            assert!(all.add(&format!("e{n}"), true, false).is_ok());
        }
        assert_eq!(all.add("more", true, false).unwrap_err().0, "Extension.TooManyExtensions");
        all.state.lock().closed = true;
        assert_eq!(all.add("late", true, false).unwrap_err().0, "Extension.RegistrationClosed");
    }

    #[tokio::test]
    async fn events_wait_and_idleness_is_told() {
        let all = extensions(&[]);
        let id = all.add("inner", true, false).unwrap();
        let waiting = all.take_next(&id).unwrap().unwrap_err();
        all.all_ready().await;
        all.all_idle().await;
        all.tell_invoke("r", 5, "arn", "Root=1");
        assert_eq!(waiting.await.unwrap()["requestId"], "r");
        assert!(!all.tell_shutdown("spindown", 7), "it did not ask for that");
        assert!(!all.state.lock().all[0].idle);
        all.tell_invoke("s", 6, "arn", "Root=1");
        assert_eq!(all.take_next(&id).unwrap().unwrap()["requestId"], "s");
        assert!(all.take_next(&id).unwrap().is_err());
        all.all_idle().await;
    }
}
