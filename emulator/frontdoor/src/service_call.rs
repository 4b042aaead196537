//! Calls of this cloud's services in the form of HTTP requests, as integrations of APIs make them: decoded by the service's own protocol,
//! authorised and run as every request is, and encoded again. No socket is between.

use crate::{HttpAnswer, NoAnswer};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, request::Parts};
use kit::{Call, Context, Fault, Service};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
    sync::{Arc, OnceLock},
};
use wire::{Body, OperationSchema, Protocol, ReplyBody, Route, Router, request, response, route::which_protocol};

/// A request to a service.
#[derive(Clone, Debug, Default)]
pub struct ServiceRequest {
    /// The service as its endpoint or AWS's tools name it (`sqs`, `s3`, `events`).
    pub service: String,
    /// Verb.
    pub method: String,
    /// Path, encoded, with a slash before it.
    pub path: String,
    /// Query string, encoded, without the question mark.
    pub query: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

/// The service of a name among those of this cloud.
pub fn service(cx: &Context, name: &str) -> Option<Arc<dyn Service>> {
    let all = cx.cloud().services();
    let by = |is: &dyn Fn(&'static wire::ServiceSchema) -> bool| all.iter().find(|s| is(s.schema())).cloned();
    by(&|s| s.name == name).or_else(|| by(&|s| s.endpoint_prefix == name)).or_else(|| by(&|s| s.signing_name == name))
}

/// Calls a service as the principal of `cx`. A fault is an answer like any other.
pub async fn call(cx: &Context, request: ServiceRequest, most_bytes: usize) -> Result<HttpAnswer, NoAnswer> {
    let Some(service) = service(cx, &request.service) else {
        return Err(NoAnswer::Invalid(format!("this cloud has no service {}", request.service)));
    };
    let (head, body) = head(&service, request)?;
    let protocol = which_protocol(&head, service.schema());
    match run(cx, &service, protocol, &head, body).await {
        Ok((op, reply)) => {
            let encoded = response::encode(protocol, service.schema(), op, reply.value.structure(), reply.status, cx.request_id());
            let mut answer = of_response(encoded);
            for (name, value) in reply.headers {
                answer.headers.retain(|(there, _)| !there.eq_ignore_ascii_case(&name));
                answer.headers.push((name.to_ascii_lowercase(), value));
            }
            if let Some(body) = collected(reply.body, most_bytes).await? {
                answer.body = body;
            }
            Ok(answer)
        }
        Err((op, fault)) => Ok(of_response(response::encode_fault(protocol, service.schema(), op, &fault, cx.request_id()))),
    }
}

type Failure = (Option<&'static OperationSchema>, Fault);

async fn run(
    cx: &Context,
    service: &Arc<dyn Service>,
    protocol: Protocol,
    head: &Parts,
    body: Bytes,
) -> Result<(&'static OperationSchema, kit::AnyReply), Failure> {
    let schema = service.schema();
    let (op, labels) = match router(schema).route(protocol, head, &body) {
        Route::Operation(op, labels) => (op, labels),
        Route::Refused(name) => return Err((None, Fault::not_implemented(schema.name, name))),
        Route::Unknown => return Err((None, Fault::new("UnknownOperationException", 404, "The operation is unknown"))),
    };
    let index = schema.operations.iter().position(|o| std::ptr::eq(*o, op)).unwrap_or_default();
    let mut input = service.input(index);
    let streams = streams_in(op);
    let held = if streams { Bytes::new() } else { body.clone() };
    let decoded = request::decode(protocol, op, head, &labels, &held, input.structure_mut())
        .map_err(|error| (Some(op), service.undecodable_input(op, error)))?;
    let cx = if streams { cx.clone().with_body(Body::from_bytes(body)) } else { cx.clone() };
    let call = Call { service: service.clone(), op: index, input, unknown: decoded.unknown };
    let reply = cx.cloud().dispatch(&cx, call).await.map_err(|fault| (Some(op), fault))?;
    Ok((op, reply))
}

/// Routers are made once for each service of the process.
fn router(schema: &'static wire::ServiceSchema) -> Arc<Router> {
    static ROUTERS: OnceLock<Mutex<HashMap<&'static str, Arc<Router>>>> = OnceLock::new();
    let mut routers = ROUTERS.get_or_init(Mutex::default).lock();
    routers.entry(schema.name).or_insert_with(|| Arc::new(Router::new(schema))).clone()
}

/// Whether an operation takes its body as a stream.
fn streams_in(op: &OperationSchema) -> bool {
    let Some(payload) = op.input.traits.payload else { return false };
    let is_payload = |m: &wire::Member| m.wire_name() == payload || m.name == payload;
    op.input.members().iter().any(|m| is_payload(m) && (m.schema.traits.streaming || m.schema.traits.event_stream))
}

fn head(service: &Arc<dyn Service>, request: ServiceRequest) -> Result<(Parts, Bytes), NoAnswer> {
    let invalid = |e: &dyn std::fmt::Display| NoAnswer::Invalid(format!("the request can't be made: {e}"));
    let schema = service.schema();
    let mut body = request.body;
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    let mut head = Request::builder().method(request.method.as_str()).uri(format!("{}{query}", request.path));
    // Query clients of old name the resource by the path they post to (a queue's URL): the form gets it as the member it stands for.
    let is_form =
        |name: &str, value: &str| name.eq_ignore_ascii_case("content-type") && value.starts_with("application/x-www-form-urlencoded");
    let form = request.headers.iter().any(|(name, value)| is_form(name, value));
    if let (true, Some(member)) = (form && request.path.len() > 1, service.path_member())
        && !body.split(|b| *b == b'&').any(|part| part.strip_prefix(member.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
    {
        let url = format!("http://{}.localhost{}", schema.endpoint_prefix, request.path);
        let encoded = percent_encoding::utf8_percent_encode(&url, percent_encoding::NON_ALPHANUMERIC);
        body = [&body[..], format!("&{member}={encoded}").as_bytes()].concat().into();
    }
    for (name, value) in &request.headers {
        let lower = name.to_ascii_lowercase();
        if matches!(lower.as_str(), "content-length" | "transfer-encoding" | "connection" | "authorization") {
            continue;
        }
        let name = HeaderName::try_from(lower).map_err(|e| invalid(&e))?;
        head = head.header(name, HeaderValue::from_bytes(value.as_bytes()).map_err(|e| invalid(&e))?);
    }
    head = head.header("content-length", body.len());
    let (parts, ()) = head.body(()).map_err(|e| invalid(&e))?.into_parts();
    Ok((parts, body))
}

fn of_response(response: http::Response<Bytes>) -> HttpAnswer {
    let (head, body) = response.into_parts();
    let headers =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    HttpAnswer { status: head.status.as_u16(), headers: headers.collect(), body }
}

/// The streamed body of a reply, whole.
async fn collected(body: ReplyBody, most_bytes: usize) -> Result<Option<Bytes>, NoAnswer> {
    let too_large = || NoAnswer::Failed("the answer is too large".into());
    Ok(match body {
        ReplyBody::None => None,
        ReplyBody::Bytes(bytes) if bytes.len() > most_bytes => return Err(too_large()),
        ReplyBody::Bytes(bytes) => Some(bytes),
        ReplyBody::File { length, .. } if length > most_bytes as u64 => return Err(too_large()),
        ReplyBody::File { mut file, offset, length, .. } => {
            let read = move || {
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(offset))?;
                file.take(length).read_to_end(&mut bytes)?;
                Ok::<_, std::io::Error>(bytes)
            };
            let bytes = tokio::task::spawn_blocking(read).await.map_err(|e| NoAnswer::Failed(e.to_string()))?;
            Some(bytes.map_err(|e| NoAnswer::Failed(e.to_string()))?.into())
        }
        ReplyBody::Stream(mut body) => Some(body.collect(most_bytes).await.map_err(|e| NoAnswer::Failed(e.to_string()))?),
    })
}
