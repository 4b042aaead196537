//! The HTTP answer in what a function returned, or streams. What has no `statusCode` is the body itself; recorded from AWS.

use crate::runtime::api::MOST_ANSWER_BYTES;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use kit::{Bytes, Context, ReplyBody};
use serde_json::{Map, Value, json};

/// The content type under which a streaming answer begins with status and headers.
pub(super) const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";
/// What stands between these and the body.
pub(super) const PRELUDE_END: [u8; 8] = [0; 8];
/// Largest prelude, bytes.
pub(super) const MOST_PRELUDE_BYTES: usize = 64 << 10;
/// Headers of the function that the connection decides.
const DROPPED: [&str; 5] = ["connection", "content-length", "transfer-encoding", "te", "upgrade"];
/// AWS's sentence for all that is not allowed.
const FORBIDDEN: &str =
    "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";

/// Whoever may not call, and whatever is not there.
pub(super) fn forbidden(cx: &Context) -> Response<ReplyBody> {
    told(cx, 403, "AccessDeniedException", FORBIDDEN)
}

/// An answer of Lambda's own.
pub(super) fn told(cx: &Context, status: u16, kind: &str, message: &str) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Bytes(json!({ "Message": message }).to_string().into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(response.headers_mut(), "content-type", "application/json");
    set(response.headers_mut(), "x-amzn-errortype", kind);
    stamp(cx, response.headers_mut());
    response
}

/// The function failed, or its answer has no form that could be sent.
pub(super) fn bad_gateway(cx: &Context) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Bytes(Bytes::from_static(b"Internal Server Error")));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    set(response.headers_mut(), "content-type", "application/json");
    stamp(cx, response.headers_mut());
    response
}

/// What a function returned at once.
pub(super) fn buffered(cx: &Context, payload: &Bytes) -> Response<ReplyBody> {
    let answer: Value = match serde_json::from_slice(payload) {
        Ok(answer) => answer,
        // Custom runtimes may answer anything.
        Err(_) => return plain(cx, payload.clone()),
    };
    let made = match &answer {
        Value::Object(parts) if parts.contains_key("statusCode") => of_parts(parts),
        Value::String(text) => return plain(cx, text.clone().into()),
        Value::Null => return plain(cx, Bytes::from_static(b"null")),
        other => return plain(cx, other.to_string().into()),
    };
    match made {
        Some(mut response) => {
            stamp(cx, response.headers_mut());
            response
        }
        None => bad_gateway(cx),
    }
}

fn plain(cx: &Context, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Bytes(body));
    set(response.headers_mut(), "content-type", "application/json");
    stamp(cx, response.headers_mut());
    response
}

/// A body of this type.
pub(super) fn with_body(cx: &Context, content_type: &str, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    set(response.headers_mut(), "content-type", content_type);
    stamp(cx, response.headers_mut());
    response
}

fn of_parts(parts: &Map<String, Value>) -> Option<Response<ReplyBody>> {
    let text = match parts.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let body = match parts.get("isBase64Encoded").and_then(Value::as_bool) {
        Some(true) => Bytes::from(BASE64_STANDARD.decode(text).ok()?),
        _ => Bytes::from(text),
    };
    (body.len() <= MOST_ANSWER_BYTES).then_some(())?;
    let (status, headers) = head(parts)?;
    let mut response = Response::new(ReplyBody::Bytes(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}

/// Status and headers out of an object, or out of a streaming answer's prelude.
pub(super) fn head(parts: &Map<String, Value>) -> Option<(StatusCode, HeaderMap)> {
    let status = match parts.get("statusCode") {
        None | Some(Value::Null) => 200,
        Some(Value::String(text)) => text.parse().ok()?,
        Some(value) => u16::try_from(value.as_u64()?).ok()?,
    };
    let status = StatusCode::from_u16(status).ok().filter(|s| s.as_u16() >= 200)?;
    let mut headers = HeaderMap::new();
    for (name, value) in parts.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::try_from(name.to_ascii_lowercase()).ok()?;
        if DROPPED.contains(&name.as_str()) {
            continue;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        headers.insert(name, HeaderValue::from_bytes(text.as_bytes()).ok()?);
    }
    for cookie in parts.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append("set-cookie", HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    headers.entry("content-type").or_insert(HeaderValue::from_static("application/json"));
    Some((status, headers))
}

/// What every answer carries.
pub(super) fn stamp(cx: &Context, headers: &mut HeaderMap) {
    set(headers, "x-amzn-requestid", cx.request_id());
    set(headers, "x-amzn-trace-id", &format!("Root={};Sampled=0", cx.trace()));
}

pub(super) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answer: Value) -> Option<Response<ReplyBody>> {
        of_parts(answer.as_object().unwrap())
    }

    #[test]
    fn an_answer_with_a_status_is_http() {
        let answer = of(json!({ "statusCode": 201, "headers": { "X-A": 1, "Content-Length": "9" }, "cookies": ["a=b", "c=d"], "body": "aGk=", "isBase64Encoded": true })).unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["x-a"]), (201, &HeaderValue::from_static("1")));
        assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert!(!answer.headers().contains_key("content-length"));
        assert!(matches!(answer.body(), ReplyBody::Bytes(body) if body == "hi"));
        assert!(of(json!({ "statusCode": "no" })).is_none() && of(json!({ "statusCode": 99 })).is_none());
        assert!(of(json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true })).is_none());
    }
}
