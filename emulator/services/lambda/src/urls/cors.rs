//! CORS of a function URL: preflights are answered without the function, and the function's own CORS headers give way to the settings.

use crate::Cors;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, request::Parts};
use kit::ReplyBody;

const OURS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    "access-control-max-age",
];

fn text<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

/// The answer to a preflight; `None` where the request is none. An origin that isn't allowed gets an answer without permissions.
pub(super) fn preflight(cors: &Cors, head: &Parts) -> Option<Response<ReplyBody>> {
    let method = text(head, "access-control-request-method").filter(|_| head.method == Method::OPTIONS)?;
    text(head, "origin")?;
    let mut response = Response::new(ReplyBody::None);
    let headers = response.headers_mut();
    let listed = |list: &Option<Vec<String>>, wanted: &str| list.iter().flatten().any(|v| v == "*" || v.eq_ignore_ascii_case(wanted));
    if !allow(cors, head, headers) || !listed(&cors.allow_methods, method) {
        headers.clear();
        return Some(response);
    }
    set(headers, "access-control-allow-methods", &joined(&cors.allow_methods));
    let wanted = text(head, "access-control-request-headers").unwrap_or_default();
    let allowed: Vec<&str> =
        wanted.split(',').map(str::trim).filter(|name| !name.is_empty() && listed(&cors.allow_headers, name)).collect();
    if !allowed.is_empty() {
        set(headers, "access-control-allow-headers", &allowed.join(","));
    }
    if let Some(age) = cors.max_age {
        set(headers, "access-control-max-age", &age.to_string());
    }
    Some(response)
}

/// Puts the settings' headers into the place of the function's.
pub(super) fn decorate(cors: &Cors, head: &Parts, headers: &mut HeaderMap) {
    OURS.iter().for_each(|name| drop(headers.remove(*name)));
    if text(head, "origin").is_some() && allow(cors, head, headers) && cors.expose_headers.as_ref().is_some_and(|list| !list.is_empty()) {
        set(headers, "access-control-expose-headers", &joined(&cors.expose_headers));
    }
}

/// Allows the request's origin, if the settings do.
fn allow(cors: &Cors, head: &Parts, headers: &mut HeaderMap) -> bool {
    let Some(origin) = text(head, "origin") else { return false };
    let origins = cors.allow_origins.as_deref().unwrap_or_default();
    let credentials = cors.allow_credentials == Some(true);
    let any = origins.iter().any(|o| o == "*");
    if !any && !origins.iter().any(|o| o == origin) {
        return false;
    }
    set(headers, "access-control-allow-origin", if any && !credentials { "*" } else { origin });
    set(headers, "vary", "Origin");
    if credentials {
        set(headers, "access-control-allow-credentials", "true");
    }
    true
}

fn joined(list: &Option<Vec<String>>) -> String {
    list.as_deref().unwrap_or_default().join(",")
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            allow_origins: Some(vec!["https://a.example".into()]),
            allow_methods: Some(vec!["GET".into()]),
            allow_headers: Some(vec!["x-mine".into()]),
            expose_headers: Some(vec!["x-told".into()]),
            allow_credentials: Some(true),
            max_age: Some(60),
        }
    }
    fn head(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn preflights_are_answered() {
        let asked = [
            ("origin", "https://a.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "X-Mine, x-other"),
        ];
        let answer = preflight(&cors(), &head("OPTIONS", &asked)).unwrap();
        let value = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(value("access-control-allow-origin").as_deref(), Some("https://a.example"));
        assert_eq!(value("access-control-allow-headers").as_deref(), Some("X-Mine"));
        assert_eq!(
            (value("access-control-max-age").as_deref(), value("access-control-allow-credentials").as_deref()),
            (Some("60"), Some("true"))
        );
        let stranger = [("origin", "https://b.example"), ("access-control-request-method", "GET")];
        assert!(preflight(&cors(), &head("OPTIONS", &stranger)).unwrap().headers().is_empty());
        assert!(preflight(&cors(), &head("OPTIONS", &[("origin", "https://a.example")])).is_none(), "no preflight: the function's");
    }

    #[test]
    fn the_functions_own_headers_give_way() {
        let mut headers = HeaderMap::new();
        headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
        decorate(&cors(), &head("GET", &[("origin", "https://a.example")]), &mut headers);
        assert_eq!(headers["access-control-allow-origin"], "https://a.example");
        assert_eq!(headers["access-control-expose-headers"], "x-told");
        decorate(&cors(), &head("GET", &[("origin", "https://b.example")]), &mut headers);
        assert!(!headers.contains_key("access-control-allow-origin"));
    }
}
