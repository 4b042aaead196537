//! CORS by the API itself: preflights are answered without asking anybody, and the headers of integrations give way to the API's.

use super::{answer::set, call::Call};
use crate::model::Cors;
use http::{Method, Response};
use wire::ReplyBody;

/// Whether a request is a browser's question before its request, which no route of OPTIONS of the API's own is there for.
pub(crate) fn is_preflight(call: &Call, route_key: Option<&str>) -> bool {
    call.api.settings.cors_configuration.is_some()
        && call.head.method == Method::OPTIONS
        && call.header("origin").is_some()
        && call.header("access-control-request-method").is_some()
        && !route_key.is_some_and(|key| key.starts_with("OPTIONS "))
}

/// The answer to it: 204, with headers only where the origin is one that may.
pub(crate) fn preflight(call: &Call) -> Response<ReplyBody> {
    let mut answer = Response::new(ReplyBody::None);
    *answer.status_mut() = http::StatusCode::NO_CONTENT;
    let Some((cors, _)) = allowed(call) else { return answer };
    let list = |values: &Option<Vec<String>>| values.as_ref().filter(|v| !v.is_empty()).map(|v| v.join(","));
    if let Some(methods) = list(&cors.allow_methods) {
        set(&mut answer, "access-control-allow-methods", &methods);
    }
    if let Some(headers) = list(&cors.allow_headers) {
        set(&mut answer, "access-control-allow-headers", &headers.to_ascii_lowercase());
    }
    if let Some(secs) = cors.max_age {
        set(&mut answer, "access-control-max-age", &secs.to_string());
    }
    answer
}

/// The answer with the API's CORS headers; refusals have them, too.
pub(crate) fn decorated(call: &Call, mut answer: Response<ReplyBody>) -> Response<ReplyBody> {
    set(&mut answer, "apigw-requestid", &call.id);
    if call.api.settings.cors_configuration.is_none() {
        return answer;
    }
    for name in ["access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"] {
        answer.headers_mut().remove(name);
    }
    let Some((cors, origin)) = allowed(call) else { return answer };
    set(&mut answer, "access-control-allow-origin", &origin);
    if cors.allow_credentials == Some(true) {
        set(&mut answer, "access-control-allow-credentials", "true");
    }
    if let Some(names) = cors.expose_headers.as_ref().filter(|names| !names.is_empty()) {
        set(&mut answer, "access-control-expose-headers", &names.join(","));
    }
    answer
}

/// The configuration and what it says of the request's origin; `None` where that may not.
fn allowed(call: &Call) -> Option<(&Cors, String)> {
    let cors = call.api.settings.cors_configuration.as_ref()?;
    let origin = call.header("origin")?;
    let fits = |allowed: &&String| {
        let scheme_only = allowed.strip_suffix("://*").is_some_and(|scheme| origin.starts_with(&format!("{scheme}://")));
        **allowed == origin || scheme_only
    };
    let origins = cors.allow_origins.as_deref().unwrap_or_default();
    if origins.iter().any(|o| o == "*") {
        return Some((cors, "*".into()));
    }
    origins.iter().find(fits).map(|_| (cors, origin.clone()))
}
