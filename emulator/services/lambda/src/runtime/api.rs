//! The Runtime API of one environment: `next`, `response`, `error`, `init/error`. AWS's shapes for what is out of order.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::{convert::Infallible, sync::Arc};
use tokio::{net::TcpListener, sync::oneshot, task::AbortHandle};

/// Largest answer of a function, bytes.
pub(crate) const MOST_ANSWER_BYTES: usize = 6_291_556;
const PREFIX: &str = "/2018-06-01/runtime/";

/// An event on its way to the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub request_id: String,
    /// Milliseconds since the epoch by the clock that the function sees.
    pub deadline_ms: i64,
    pub function_arn: String,
    /// `Root=...;Parent=...;Sampled=0`
    pub trace: String,
    pub client_context: Option<String>,
    pub payload: Bytes,
}

/// What the runtime answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The function's answer.
    Response(Bytes),
    /// The function's error object.
    Error(Reported),
    /// An answer larger than AWS takes.
    TooLarge,
}

/// An error that a runtime reported.
#[derive(Clone, Debug)]
pub(crate) struct Reported {
    pub payload: Bytes,
    /// errorType of the object, or `Lambda-Runtime-Function-Error-Type`.
    pub kind: String,
}

/// The state that the environment and its connections share.
#[derive(Default)]
pub(crate) struct Api {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// A runtime that waits for an event.
    waiting: Option<oneshot::Sender<Delivery>>,
    /// An event that waits for the runtime.
    queued: Option<Delivery>,
    current: Option<(String, oneshot::Sender<Answer>)>,
    answered: Option<String>,
    /// Told at the first `next`, or of the error instead.
    ready: Option<oneshot::Sender<Result<(), Reported>>>,
}

/// The listener of an environment; closed when dropped.
pub(crate) struct Listener {
    accepting: AbortHandle,
    /// `127.0.0.1:port`
    pub address: String,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Api {
    /// Begins to listen; the receiver hears of the end of the initialisation.
    pub async fn listen() -> std::io::Result<(Arc<Api>, Listener, oneshot::Receiver<Result<(), Reported>>)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (ready, heard) = oneshot::channel();
        let api = Arc::new(Api { state: Mutex::new(State { ready: Some(ready), ..State::default() }) });
        let shared = api.clone();
        let accepting = tokio::spawn(async move {
            // Connections end with the accept loop: the set aborts them when it is dropped.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let api = shared.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| {
                        let api = api.clone();
                        async move { Ok::<_, Infallible>(api.answer(request).await) }
                    });
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok((api, Listener { accepting: accepting.abort_handle(), address }, heard))
    }

    /// Hands an event to the runtime as soon as it asks for one.
    pub fn deliver(&self, delivery: Delivery) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        state.current = Some((delivery.request_id.clone(), sender));
        let left = match state.waiting.take() {
            Some(waiting) => waiting.send(delivery).err(),
            None => Some(delivery),
        };
        state.queued = left;
        receiver
    }

    /// Whether the event that was delivered last is still with us; takes it back if so.
    pub fn take_back(&self) -> bool {
        let mut state = self.state.lock();
        let there = state.queued.take().is_some();
        if there {
            state.current = None;
        }
        there
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().strip_prefix(PREFIX).map(str::to_owned);
        let parts: Vec<&str> = path.as_deref().unwrap_or("").split('/').collect();
        match (request.method().clone(), parts.as_slice()) {
            (Method::GET, ["invocation", "next"]) => self.next().await,
            (Method::POST, ["invocation", id, "response"]) => self.response(id, request).await,
            (Method::POST, ["invocation", id, "error"]) => self.error(id, request).await,
            (Method::POST, ["init", "error"]) => self.init_error(request).await,
            _ => told(StatusCode::NOT_FOUND, "InvalidPath", "404 page not found"),
        }
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        let receiver = {
            let mut state = self.state.lock();
            if let Some(ready) = state.ready.take() {
                let _ = ready.send(Ok(()));
            }
            if let Some(queued) = state.queued.take() {
                return event(queued);
            }
            if state.current.is_some() {
                return told(
                    StatusCode::FORBIDDEN,
                    "InvalidStateTransition",
                    "Transition from InvocationRequested to Ready is not allowed for runtime. State: Running",
                );
            }
            let (sender, receiver) = oneshot::channel();
            // A runtime that asks twice is answered on its newer connection.
            state.waiting = Some(sender);
            receiver
        };
        match receiver.await {
            Ok(delivery) => event(delivery),
            Err(_) => told(StatusCode::GONE, "Gone", "another connection waits for the next event"),
        }
    }

    async fn response(&self, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if let Err(refusal) = self.expects(id) {
            return refusal;
        }
        match Limited::new(request.into_body(), MOST_ANSWER_BYTES).collect().await {
            Ok(body) => self.finish(id, Answer::Response(body.to_bytes())),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                self.finish(id, Answer::TooLarge);
                let text = format!("Exceeded maximum allowed payload size ({MOST_ANSWER_BYTES} bytes).");
                told(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &text)
            }
            Err(error) => told(StatusCode::BAD_REQUEST, "InvalidRequest", &error.to_string()),
        }
    }

    async fn error(&self, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if let Err(refusal) = self.expects(id) {
            return refusal;
        }
        match reported(request).await {
            Ok(reported) => self.finish(id, Answer::Error(reported)),
            Err(refusal) => refusal,
        }
    }

    async fn init_error(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let reported = match reported(request).await {
            Ok(reported) => reported,
            Err(refusal) => return refusal,
        };
        match self.state.lock().ready.take() {
            Some(ready) => {
                let _ = ready.send(Err(reported));
                accepted()
            }
            None => told(StatusCode::FORBIDDEN, "InvalidStateTransition", "Transition from Ready to InitError is not allowed for runtime."),
        }
    }

    /// Whether an answer to this request is awaited.
    fn expects(&self, id: &str) -> Result<(), Response<Full<Bytes>>> {
        let state = self.state.lock();
        match &state.current {
            Some((current, _)) if current == id => Ok(()),
            _ if state.answered.as_deref() == Some(id) => Err(told(
                StatusCode::FORBIDDEN,
                "InvalidStateTransition",
                "Transition from Ready to InvocationResponse is not allowed for runtime.",
            )),
            _ => Err(told(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")),
        }
    }

    fn finish(&self, id: &str, answer: Answer) -> Response<Full<Bytes>> {
        let mut state = self.state.lock();
        match state.current.take() {
            Some((current, sender)) if current == id => {
                state.answered = Some(current);
                let _ = sender.send(answer);
                accepted()
            }
            other => {
                state.current = other;
                told(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
            }
        }
    }
}

async fn reported(request: Request<Incoming>) -> Result<Reported, Response<Full<Bytes>>> {
    let header = request.headers().get("lambda-runtime-function-error-type").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let body = Limited::new(request.into_body(), MOST_ANSWER_BYTES).collect().await;
    let payload = body.map_err(|e| told(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &e.to_string()))?.to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&payload).unwrap_or_default();
    // Some runtimes put one word for everything into the header; what the object says tells more.
    let kind = json["errorType"].as_str().map(str::to_owned).or(header).unwrap_or_else(|| "Runtime.Unknown".into());
    Ok(Reported { payload, kind })
}

fn event(delivery: Delivery) -> Response<Full<Bytes>> {
    let mut response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", delivery.request_id)
        .header("Lambda-Runtime-Deadline-Ms", delivery.deadline_ms)
        .header("Lambda-Runtime-Invoked-Function-Arn", delivery.function_arn)
        .header("Lambda-Runtime-Trace-Id", delivery.trace);
    if let Some(context) = delivery.client_context {
        response = response.header("Lambda-Runtime-Client-Context", context);
    }
    match response.body(Full::new(delivery.payload)) {
        Ok(response) => response,
        Err(error) => told(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", &error.to_string()),
    }
}

fn accepted() -> Response<Full<Bytes>> {
    json(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}\n"))
}

fn told(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "errorMessage": message, "errorType": kind }).to_string();
    json(status, body.into())
}

fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}
