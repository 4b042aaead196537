//! AWS_PROXY: the function behind a method, and the HTTP answer in what it returns.

use super::{
    MOST_BYTES,
    answers::{self, Refusal},
    call::{Call, formatted},
    event, request,
};
use crate::{integrations::function_of, model::*};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use kit::{
    Arn, Bytes, Context, Fault, Need,
    ports::{Invocation, Invoked},
};
use serde_json::{Map, Value};
use std::sync::Arc;
use wire::ReplyBody;

/// Members that an answer may have; any other makes it malformed.
const MEMBERS: [&str; 5] = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
/// Headers of the function that AWS passes on under another name, for they belong to its own connection.
pub(super) const REMAPPED: [&str; 10] = [
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "host",
    "max-forwards",
    "server",
    "user-agent",
    "www-authenticate",
];
/// Headers of the function that are dropped.
pub(super) const DROPPED: [&str; 4] = ["transfer-encoding", "te", "trailer", "upgrade"];

/// Invokes the function and reads its answer.
pub(crate) async fn answer(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let uri = call.filled(integration.uri.as_deref().unwrap_or_default());
    let function_arn = function_of(&uri).ok_or_else(Refusal::configuration)?.to_owned();
    // Lambda is invoked by POST and nothing else.
    if integration.http_method.as_deref() != Some("POST") {
        return Err(Refusal::configuration());
    }
    // Mappings change nothing of an event, but one that may not be refuses the request.
    request::check_reserved(call, integration)?;
    let payload = Bytes::from(serde_json::to_vec(&event::of(call)).map_err(|_| Refusal::configuration())?);
    let cx = caller(call, integration).await.map_err(|_| Refusal::configuration())?;
    note_request(call, &function_arn, &payload);
    let invoked = invoke(cx, function_arn, payload, super::due(call, integration), false).await?;
    call.integration_status = Some(invoked.status);
    note_answer(call, &invoked);
    if invoked.function_error.is_some() || invoked.payload.len() > MOST_BYTES {
        return Err(Refusal::malformed_answer());
    }
    let answer: Value = serde_json::from_slice(&invoked.payload).map_err(|_| Refusal::malformed_answer())?;
    read(call, &answer).ok_or_else(Refusal::malformed_answer)
}

/// What execution logs say of a request to a function; AWS masks what signs it.
pub(super) fn note_request(call: &Call, function_arn: &str, body: &Bytes) {
    if call.log.is_none() {
        return;
    }
    let url = format!("https://lambda.{}.amazonaws.com/2015-03-31/functions/{function_arn}/invocations", call.cx.region());
    let (api, moment) = (&call.address.api_id, formatted(call.cx.now(), "%Y%m%dT%H%M%SZ"));
    let (tag, masked) = (call.cx.request_id(), "*".repeat(64));
    let headers = format!(
        "{{x-amzn-lambda-integration-tag={tag}, Authorization={masked}, X-Amz-Date={moment}, x-amzn-apigateway-api-id={api}, Accept=application/json, User-Agent=AmazonAPIGateway_{api}, X-Amz-Security-Token={masked} [TRUNCATED]"
    );
    note_sent(call, &url, &headers, body);
}

/// What execution logs say of a request to another service, signed as API Gateway signs: the same as of functions, with the integration's own headers.
pub(super) fn note_service(call: &Call, url: &str, headers: &[(String, String)], body: &[u8]) {
    if call.log.is_none() {
        return;
    }
    let (api, moment) = (&call.address.api_id, formatted(call.cx.now(), "%Y%m%dT%H%M%SZ"));
    let masked = "*".repeat(64);
    let own: String = headers.iter().map(|(name, value)| format!("{name}={value}, ")).collect();
    let headers = format!(
        "{{Authorization={masked}, X-Amz-Date={moment}, x-amzn-apigateway-api-id={api}, {own}X-Amz-Security-Token={masked} [TRUNCATED]"
    );
    note_sent(call, url, &headers, body);
}

/// The lines of a request to any endpoint, as they are recorded of functions.
pub(super) fn note_sent(call: &Call, url: &str, headers: &str, body: &[u8]) {
    call.trace(|| format!("Endpoint request URI: {url}"));
    call.trace(|| format!("Endpoint request headers: {headers}"));
    call.trace(|| format!("Endpoint request body after transformations: {}", String::from_utf8_lossy(body)));
    call.note(|| format!("Sending request to {url}"));
}

/// What execution logs say of a function's answer.
pub(super) fn note_answer(call: &Call, invoked: &Invoked) {
    let headers = || {
        let date = formatted(call.cx.now(), "%a, %d %b %Y %H:%M:%S GMT");
        format!(
            "{{Date={date}, Content-Type=application/json, Content-Length={}, Connection=keep-alive, x-amzn-RequestId={}, x-amzn-Remapped-Content-Length=0, X-Amz-Executed-Version=$LATEST, X-Amzn-Trace-Id=Root={}}}",
            invoked.payload.len(),
            call.cx.request_id(),
            call.cx.trace()
        )
    };
    note_received(call, invoked.status, headers, &invoked.payload);
}

/// The lines of any endpoint's answer.
pub(super) fn note_received(call: &Call, status: u16, headers: impl FnOnce() -> String, body: &[u8]) {
    call.note(|| {
        let ms = (call.cx.now().unix_ns - call.integration_began.unwrap_or(call.received).unix_ns) / 1_000_000;
        format!("Received response. Status: {status}, Integration latency: {ms} ms")
    });
    call.trace(|| format!("Endpoint response headers: {}", headers()));
    call.trace(|| format!("Endpoint response body before transformations: {}", String::from_utf8_lossy(body)));
}

/// Who invokes: the integration's role, or API Gateway itself because of the method, which the function's resource policy must allow.
pub(super) async fn caller(call: &Call, integration: &Integration) -> Result<Context, Fault> {
    let credentials = integration.credentials.as_deref().map(|role| call.filled(role));
    as_role_or_service(call, credentials.as_deref()).await
}

/// A context that acts as a role, or as API Gateway because of the method that is called.
pub(super) async fn as_role_or_service(call: &Call, role: Option<&str>) -> Result<Context, Fault> {
    let service = "apigateway.amazonaws.com";
    match role {
        Some("arn:aws:iam::*:user/*") => Ok(call.cx.child()),
        Some(role) => {
            let sessions = call.cx.cloud().ports().sessions()?;
            let key = sessions.for_service(&call.cx, role, service, "BackplaneAssumeRoleSession", 900).await?;
            Ok(call.cx.as_role(Arc::new(key.session)))
        }
        None => Ok(call.cx.as_service(service, &call.arn(), call.cx.account())),
    }
}

/// The function runs on when the API no longer waits, as on AWS; so it runs as work of its own.
pub(super) async fn invoke(
    cx: Context,
    function_arn: String,
    payload: Bytes,
    due: kit::Timestamp,
    asynchronous: bool,
) -> Result<Invoked, Refusal> {
    let clock = cx.cloud().clock().clone();
    let work = cx.cloud().work().begin("execute-api:AWS_PROXY");
    let running = tokio::spawn(async move {
        let _work = work;
        let owner = Arn::parse(&function_arn).map(|arn| arn.account.to_owned()).unwrap_or_default();
        let grant = cx.grant(&Need::on("lambda:InvokeFunction", &*function_arn).owned_by(owner))?;
        let functions = cx.cloud().ports().functions()?;
        functions.invoke(&cx, grant, Invocation { function_arn, payload, asynchronous }).await
    });
    tokio::select! {
        biased;
        done = running => match done {
            Ok(Ok(invoked)) => Ok(invoked),
            _ => Err(Refusal::configuration()),
        },
        () = clock.sleep_until(due) => Err(Refusal::timed_out()),
    }
}

/// The HTTP answer in what a function returned; `None` when it has not the form of one.
fn read(call: &Call, answer: &Value) -> Option<Response<ReplyBody>> {
    let answer = answer.as_object().filter(|a| !a.is_empty() && a.keys().all(|key| MEMBERS.contains(&key.as_str())))?;
    let status = match answer.get("statusCode") {
        None | Some(Value::Null) => 200,
        Some(Value::Number(n)) => u16::try_from(n.as_u64()?).ok()?,
        Some(Value::String(text)) => text.parse().ok()?,
        Some(_) => return None,
    };
    let text = match answer.get("body") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return None,
    };
    let encoded = match answer.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(value) => value.as_bool()?,
    };
    // Bytes are made of the text only for callers whose Accept the API takes as binary; others get the text.
    let accept = call.header("accept").unwrap_or_default().split(',').next().unwrap_or_default();
    let body = match encoded && call.is_binary(accept) {
        true => Bytes::from(STANDARD.decode(text).ok()?),
        false => Bytes::from(text.to_owned()),
    };
    let mut response = Response::new(ReplyBody::Bytes(body));
    *response.status_mut() = StatusCode::from_u16(status).ok().filter(|s| s.as_u16() >= 200)?;
    for (name, value) in headers(answer)? {
        let lower = name.to_ascii_lowercase();
        if DROPPED.contains(&lower.as_str()) {
            continue;
        }
        let name = if REMAPPED.contains(&lower.as_str()) { format!("x-amzn-remapped-{lower}") } else { lower };
        response.headers_mut().append(HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    if !response.headers().contains_key("content-type") {
        answers::set(&mut response, "content-type", "application/json");
    }
    answers::stamp(call, &mut response);
    answers::set(&mut response, "x-amzn-trace-id", &format!("Root={}", call.cx.trace()));
    Some(response)
}

/// Names and values: those of multiValueHeaders first, then those of headers unless the same value was there already.
fn headers(answer: &Map<String, Value>) -> Option<Vec<(String, String)>> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, values) in object(answer.get("multiValueHeaders"))? {
        for value in values.as_array()? {
            headers.push((name.clone(), scalar(value)?));
        }
    }
    for (name, value) in object(answer.get("headers"))? {
        let value = scalar(value)?;
        if !headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && *v == value) {
            headers.push((name.clone(), value));
        }
    }
    Some(headers)
}

fn object(value: Option<&Value>) -> Option<impl Iterator<Item = (&String, &Value)>> {
    match value {
        None | Some(Value::Null) => Some(None.into_iter().flatten()),
        Some(Value::Object(map)) => Some(Some(map).into_iter().flatten()),
        Some(_) => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}
