//! The HTTP endpoint of one environment: the Runtime API, the Extensions API and the Telemetry API. It knows the state of the environment's
//! runtime and extensions, and nothing of processes; AWS's shapes for what is out of order.

pub(crate) mod extensions;
pub(crate) mod invocations;
mod stream;
pub(crate) mod telemetry;

pub(crate) use extensions::{Extensions, Notice};
pub(crate) use invocations::{Answer, Delivery, Part, Reported};
pub(crate) use telemetry::Telemetry;

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
/// Largest request of an extension, bytes.
const MOST_REQUEST_BYTES: usize = 256 << 10;

const RUNTIME: &str = "/2018-06-01/runtime/";
const EXTENSION: &str = "/2020-01-01/extension/";
const TELEMETRY: &str = "/2022-07-01/telemetry";

/// The state that the environment and its connections share.
pub(crate) struct Api {
    state: Mutex<invocations::State>,
    pub extensions: Extensions,
    pub telemetry: Arc<Telemetry>,
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

/// Hears of the end of the runtime's initialisation.
pub(crate) type Initialised = oneshot::Receiver<Result<(), Reported>>;

impl Api {
    /// Begins to listen.
    pub async fn listen(extensions: Extensions, telemetry: Arc<Telemetry>) -> std::io::Result<(Arc<Api>, Listener, Initialised)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (state, heard) = invocations::State::new();
        let api = Arc::new(Api { state: Mutex::new(state), extensions, telemetry });
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

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let method = request.method().clone();
        if let Some(rest) = path.strip_prefix(RUNTIME) {
            return match (method, rest.split('/').collect::<Vec<_>>().as_slice()) {
                (Method::GET, ["invocation", "next"]) => self.next().await,
                (Method::POST, ["invocation", id, "response"]) => self.response(id, request).await,
                (Method::POST, ["invocation", id, "error"]) => self.error(id, request).await,
                (Method::POST, ["init", "error"]) => self.init_error(request).await,
                _ => missing(),
            };
        }
        if let Some(rest) = path.strip_prefix(EXTENSION) {
            return match (method, rest) {
                (Method::POST, "register") => self.register(request).await,
                (Method::GET, "event/next") => self.extension_next(&request).await,
                (Method::POST, "init/error") => self.extension_error(request, Notice::Init).await,
                (Method::POST, "exit/error") => self.extension_error(request, Notice::Exit).await,
                _ => missing(),
            };
        }
        match (method, path.trim_end_matches('/')) {
            (Method::PUT, TELEMETRY) => self.subscribe(request).await,
            _ => missing(),
        }
    }
}

/// A request's body, as far as extensions may go.
async fn body(request: Request<Incoming>) -> Result<Bytes, Response<Full<Bytes>>> {
    let read = Limited::new(request.into_body(), MOST_REQUEST_BYTES).collect().await;
    read.map(|body| body.to_bytes()).map_err(|e| told(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &e.to_string()))
}

fn header<'a, B>(request: &'a Request<B>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn missing() -> Response<Full<Bytes>> {
    told(StatusCode::NOT_FOUND, "InvalidPath", "404 page not found")
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
