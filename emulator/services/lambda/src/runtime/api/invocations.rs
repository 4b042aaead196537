//! The Runtime API: `next`, `response`, `error`, `init/error`.

use super::{Api, MOST_ANSWER_BYTES, accepted, header, stream, told};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};

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
    /// Where an answer that streams goes as it comes; without it the answer is gathered.
    pub sink: Option<mpsc::Sender<Part>>,
}

/// A part of an answer that streams.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// The content type that the runtime gave, before all bytes.
    Began(Option<String>),
    /// Bytes.
    Bytes(Bytes),
}

/// What the runtime answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The function's answer; empty where it was streamed into the sink.
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

/// The runtime's side of an environment.
#[derive(Default)]
pub(crate) struct State {
    /// A runtime that waits for an event.
    waiting: Option<oneshot::Sender<Delivery>>,
    /// An event that waits for the runtime.
    queued: Option<Delivery>,
    current: Option<Current>,
    answered: Option<String>,
    /// Told at the first `next`, or of the error instead.
    ready: Option<oneshot::Sender<Result<(), Reported>>>,
}

/// The event that the runtime works on.
struct Current {
    id: String,
    answer: oneshot::Sender<Answer>,
    sink: Option<mpsc::Sender<Part>>,
}

impl State {
    /// Before the runtime has asked for anything.
    pub fn new() -> (State, oneshot::Receiver<Result<(), Reported>>) {
        let (ready, heard) = oneshot::channel();
        (State { ready: Some(ready), ..State::default() }, heard)
    }
}

impl Api {
    /// Hands an event to the runtime as soon as it asks for one.
    pub fn deliver(&self, delivery: Delivery) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        state.current = Some(Current { id: delivery.request_id.clone(), answer, sink: delivery.sink.clone() });
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

    pub(super) async fn next(&self) -> Response<Full<Bytes>> {
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

    pub(super) async fn response(&self, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let sink = match self.expects(id) {
            Ok(sink) => sink,
            Err(refusal) => return refusal,
        };
        if header(&request, "lambda-runtime-function-response-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("streaming")) {
            return match stream::receive(request, sink).await {
                Ok(answer) => self.finish(id, answer),
                Err(refusal) => refusal,
            };
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

    pub(super) async fn error(&self, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if let Err(refusal) = self.expects(id) {
            return refusal;
        }
        match reported(request).await {
            Ok(reported) => self.finish(id, Answer::Error(reported)),
            Err(refusal) => refusal,
        }
    }

    pub(super) async fn init_error(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
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

    /// Whether an answer to this request is awaited, and where it goes if it streams.
    fn expects(&self, id: &str) -> Result<Option<mpsc::Sender<Part>>, Response<Full<Bytes>>> {
        let state = self.state.lock();
        match &state.current {
            Some(current) if current.id == id => Ok(current.sink.clone()),
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
            Some(current) if current.id == id => {
                state.answered = Some(current.id);
                let _ = current.answer.send(answer);
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
    let header = header(&request, "lambda-runtime-function-error-type").map(str::to_owned);
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
