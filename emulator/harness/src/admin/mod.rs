//! Own endpoints under `/_windtunnel/`: clock, settle, journal, faults, services, snapshots. What the command line and other
//! languages use to steer a running cloud.

mod clock;
mod faults;
mod journal;
mod snapshots;
mod web;

use futures_util::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use kit::{Body, Cloud, ReplyBody};
use serde_json::{Value, json};
use std::sync::Arc;

/// Most bytes of a request to these endpoints.
const LIMIT: usize = 1 << 20;

/// What the gateway calls for paths under `/_windtunnel/`.
pub type OwnEndpoints = Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, Response<ReplyBody>> + Send + Sync>;

/// The endpoints of a cloud.
pub fn endpoints(cloud: Arc<Cloud>, #[cfg(feature = "kafka")] kafka: Arc<kafka::Kafka>) -> OwnEndpoints {
    let site = Arc::new(Site {
        cloud,
        #[cfg(feature = "kafka")]
        kafka,
    });
    Arc::new(move |request| {
        let site = site.clone();
        Box::pin(async move { answer(&site, request).await.unwrap_or_else(Refusal::response) })
    })
}

/// What the endpoints steer: the cloud, and what keeps state beside its store.
pub(crate) struct Site {
    cloud: Arc<Cloud>,
    #[cfg(feature = "kafka")]
    kafka: Arc<kafka::Kafka>,
}

/// A refusal of one of these endpoints.
pub(crate) struct Refusal(StatusCode, String);

impl Refusal {
    pub(crate) fn bad(message: impl Into<String>) -> Refusal {
        Refusal(StatusCode::BAD_REQUEST, message.into())
    }
    fn response(self) -> Response<ReplyBody> {
        reply(self.0, &json!({ "error": self.1 }))
    }
}

async fn answer(site: &Site, request: Request<Body>) -> Result<Response<ReplyBody>, Refusal> {
    let cloud = &site.cloud;
    let (head, mut body) = request.into_parts();
    refuse_foreign_pages(&head.headers)?;
    if let Some(file) = head.uri.path().strip_prefix("/_windtunnel/app") {
        return web::answer(cloud, &head.method, file).await;
    }
    let bytes = body.collect(LIMIT).await.map_err(|e| Refusal(StatusCode::PAYLOAD_TOO_LARGE, e.to_string()))?;
    let input: Value = match bytes.is_empty() {
        true => json!({}),
        false => serde_json::from_slice(&bytes).map_err(|e| Refusal::bad(format!("the body is not JSON: {e}")))?,
    };
    let path = head.uri.path().trim_start_matches("/_windtunnel").trim_matches('/').to_owned();
    #[cfg(feature = "kafka")]
    if let (&Method::GET, Some(what)) = (&head.method, path.strip_prefix("kafka/")) {
        return kafka_text(site, what);
    }
    let value = match (&head.method, path.as_str()) {
        (&Method::GET, "" | "health") => {
            json!({ "status": "running", "version": env!("CARGO_PKG_VERSION"), "iam": "enforced", "seed": cloud.seed() })
        }
        (&Method::GET, "clock") => clock::read(cloud),
        (&Method::POST, "clock") => clock::change(cloud, &input).await?,
        (&Method::POST, "settle") => clock::settle(cloud, &input).await?,
        (&Method::GET, "journal") => journal::read(cloud, head.uri.query().unwrap_or(""))?,
        (&Method::GET, "faults") => faults::list(cloud),
        (&Method::POST, "faults") => faults::add(cloud, input)?,
        (&Method::DELETE, "faults") => faults::clear(cloud),
        (&Method::DELETE, path) if path.starts_with("faults/") => faults::remove(cloud, &path["faults/".len()..])?,
        (&Method::GET, "services") => json!({ "operations": crate::services::truth() }),
        (&Method::GET, "env") => {
            json!({ "set": crate::env::exports(&cloud.endpoint()).into_iter().collect::<std::collections::BTreeMap<_, _>>(), "unset": crate::env::UNSET })
        }
        (&Method::POST, "snapshot/save") => snapshots::save(site, &input).await?,
        (&Method::POST, "snapshot/load") => snapshots::load(site, &input).await?,
        (&Method::POST, "reset") => snapshots::reset(site).await?,
        (method, path) => return Err(Refusal(StatusCode::NOT_FOUND, format!("there is no {method} /_windtunnel/{path}"))),
    };
    Ok(reply(StatusCode::OK, &value))
}

/// What the Kafka broker tells as text: its metrics, and the certificate that clients of its TLS listeners have to trust.
#[cfg(feature = "kafka")]
fn kafka_text(site: &Site, what: &str) -> Result<Response<ReplyBody>, Refusal> {
    let broker = site.kafka.broker().map_err(|e| Refusal::bad(e.to_string()))?;
    let text = match what {
        "metrics" => broker.metrics(),
        "ca.pem" => broker.ca_pem().map_err(|e| Refusal::bad(e.to_string()))?,
        other => return Err(Refusal(StatusCode::NOT_FOUND, format!("there is no GET /_windtunnel/kafka/{other}"))),
    };
    let body = ReplyBody::Bytes(text.into());
    Ok(Response::builder().header("content-type", "text/plain; charset=utf-8").body(body).expect("a valid response"))
}

/// A page of another site, open in a browser on this machine, must not steer the clock.
fn refuse_foreign_pages(headers: &http::HeaderMap) -> Result<(), Refusal> {
    let Some(origin) = headers.get(http::header::ORIGIN).and_then(|o| o.to_str().ok()) else { return Ok(()) };
    let host = origin.split_once("://").map_or(origin, |(_, rest)| rest).rsplit_once(':').map_or(origin, |(host, _)| host);
    match host {
        "127.0.0.1" | "localhost" | "[::1]" => Ok(()),
        _ => Err(Refusal(StatusCode::FORBIDDEN, format!("pages of {origin} may not use these endpoints"))),
    }
}

fn reply(status: StatusCode, value: &Value) -> Response<ReplyBody> {
    let body = ReplyBody::Bytes(value.to_string().into());
    Response::builder().status(status).header("content-type", "application/json").body(body).expect("a valid response")
}
