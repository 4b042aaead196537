//! Talking to a running cloud's own endpoints under `/_windtunnel/`.

use super::Failure;
use bytes::Bytes;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

/// Where a cloud listens unless told.
pub(crate) const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:4566";

/// How commands reach a running cloud, and how they answer.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Reach {
    /// The running cloud
    #[arg(long, env = "WINDTUNNEL_ENDPOINT", default_value = DEFAULT_ENDPOINT, global = true, value_name = "URL")]
    pub endpoint: String,
    /// Answers with one JSON object
    #[arg(long, global = true)]
    pub json: bool,
}

impl Reach {
    /// Asks an own endpoint (`clock`, `faults/3`).
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        call(&self.endpoint, Method::GET, path, None).await
    }
    /// Tells one.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        call(&self.endpoint, Method::POST, path, Some(body)).await
    }
    /// Removes something.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        call(&self.endpoint, Method::DELETE, path, None).await
    }
}

/// `host:port` of a local endpoint. Errors: no http URL.
pub(crate) fn authority(endpoint: &str) -> Result<String, Failure> {
    let uri: Uri = endpoint.parse().map_err(|e| Failure::usage(format!("--endpoint {endpoint} is no URL: {e}")))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) => Ok(format!("{host}:{}", uri.port_u16().unwrap_or(80))),
        _ => Err(Failure::usage(format!("--endpoint {endpoint} is no http:// URL, as in {DEFAULT_ENDPOINT}"))),
    }
}

async fn call(endpoint: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    let authority = authority(endpoint)?;
    let nobody = |e: std::io::Error| {
        Failure::environment(format!(
            "no cloud answers at {endpoint} ({e}). Start one with `windtunnel up`, or name another with --endpoint."
        ))
    };
    let socket = tokio::net::TcpStream::connect(&authority).await.map_err(nobody)?;
    let broken = |e: &dyn std::fmt::Display| Failure::environment(format!("{endpoint} does not speak as a windtunnel cloud: {e}"));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|e| broken(&e))?;
    let connection = tokio::spawn(connection);
    let request = Request::builder().method(method).uri(format!("/_windtunnel/{path}")).header("host", &authority);
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(Full::new(Bytes::from(body.to_string()))),
        None => request.body(Full::default()),
    };
    let answer = sender.send_request(request.map_err(|e| Failure::usage(e.to_string()))?).await.map_err(|e| broken(&e))?;
    let status = answer.status();
    let bytes = answer.into_body().collect().await.map_err(|e| broken(&e))?.to_bytes();
    connection.abort();
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| broken(&format!("HTTP {status} without JSON")))?;
    match status.is_success() {
        true => Ok(value),
        false => Err(Failure::failed(value["error"].as_str().map_or_else(|| format!("HTTP {status}: {value}"), str::to_owned))),
    }
}
