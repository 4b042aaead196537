//! What an API says when it answers itself: HTTP APIs have fixed words.

use super::call::Call;
use http::{HeaderName, HeaderValue, Response};
use kit::Context;
use serde_json::json;
use wire::ReplyBody;

/// Why an API does not pass a request on, or its answer back.
pub(crate) struct Refusal {
    pub status: u16,
    pub message: String,
    /// `WWW-Authenticate`, for tokens.
    pub challenge: Option<String>,
}

impl Refusal {
    fn of(status: u16, message: &str) -> Refusal {
        Refusal { status, message: message.to_owned(), challenge: None }
    }
    pub fn not_found() -> Refusal {
        Refusal::of(404, "Not Found")
    }
    pub fn unauthorized() -> Refusal {
        Refusal::of(401, "Unauthorized")
    }
    /// A token that is none, or not one of these.
    pub fn invalid_token(why: &str, scopes: &[String]) -> Refusal {
        let challenge = format!("Bearer scope=\"{}\" error=\"invalid_token\" error_description=\"{why}\"", scopes.join(" "));
        Refusal { challenge: Some(challenge), ..Refusal::unauthorized() }
    }
    pub fn forbidden() -> Refusal {
        Refusal::of(403, "Forbidden")
    }
    pub fn throttled() -> Refusal {
        Refusal::of(429, "Too Many Requests")
    }
    pub fn too_large() -> Refusal {
        Refusal::of(413, "Request Entity Too Large")
    }
    /// The function failed or its answer has not the form of one.
    pub fn internal() -> Refusal {
        Refusal::of(500, "Internal Server Error")
    }
    /// The integration did not answer in time, or can't be reached.
    pub fn unavailable() -> Refusal {
        Refusal::of(503, "Service Unavailable")
    }
}

/// An answer where there is no API.
pub(crate) fn bare(cx: &Context, status: u16, message: &str) -> Response<ReplyBody> {
    let mut answer = told(status, message);
    set(&mut answer, "apigw-requestid", cx.request_id());
    answer
}

/// The API's words for a refusal.
pub(crate) fn of_refusal(call: &mut Call, refusal: Refusal) -> Response<ReplyBody> {
    let mut answer = told(refusal.status, &refusal.message);
    if let Some(challenge) = &refusal.challenge {
        set(&mut answer, "www-authenticate", challenge);
    }
    set(&mut answer, "apigw-requestid", &call.id);
    call.error = Some(refusal.message);
    answer
}

fn told(status: u16, message: &str) -> Response<ReplyBody> {
    let body = ReplyBody::Bytes(json!({ "message": message }).to_string().into());
    Response::builder().status(status).header("content-type", "application/json").body(body).unwrap_or_default()
}

/// Sets a header, if its name and value can be one.
pub(crate) fn set(answer: &mut Response<ReplyBody>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        answer.headers_mut().insert(name, value);
    }
}

/// Adds a header, beside what is there of its name.
pub(crate) fn append(answer: &mut Response<ReplyBody>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        answer.headers_mut().append(name, value);
    }
}
