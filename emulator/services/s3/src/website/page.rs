//! The HTML pages by which a website's endpoint tells what went wrong, as recorded from AWS.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use kit::{Context, Fault, ReplyBody};
use wire::fault_response::host_id;

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn items(fault: &Fault) -> Vec<(String, String)> {
    let head = [("Code".to_owned(), fault.code.to_string()), ("Message".to_owned(), fault.message.clone())];
    let fields = fault.fields.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.to_string(), text)
    });
    head.into_iter().chain(fields).collect()
}

fn list(items: &[(String, String)]) -> String {
    let lines: String = items.iter().map(|(name, value)| format!("<li>{}: {}</li>\n", escaped(name), escaped(value))).collect();
    format!("<ul>\n{lines}</ul>\n")
}

/// The page of a fault; `second` is why the website's own error document couldn't be shown.
pub(super) fn of_fault(cx: &Context, fault: &Fault, second: Option<&Fault>) -> Response<ReplyBody> {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let mut told = items(fault);
    told.push(("RequestId".into(), cx.request_id().into()));
    told.push(("HostId".into(), host_id(cx.request_id())));
    let second = second.map_or(String::new(), |second| {
        format!("<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n{}", list(&items(second)))
    });
    let text =
        format!("<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n{}{second}<hr/>\n</body>\n</html>\n", list(&told));
    let mut response = Response::new(ReplyBody::Bytes(text.into()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    mark(cx, headers);
    put(headers, "x-amz-error-code", &fault.code);
    put(headers, "x-amz-error-message", &fault.message);
    for (name, value) in items(fault).iter().skip(2) {
        put(headers, &format!("x-amz-error-detail-{}", name.to_lowercase()), value);
    }
    for (name, value) in &fault.headers {
        put(headers, &name.to_lowercase(), value);
    }
    response
}

/// A redirect without a page.
pub(super) fn redirect(cx: &Context, status: u16, location: &str) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Bytes(Default::default()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::MOVED_PERMANENTLY);
    mark(cx, response.headers_mut());
    put(response.headers_mut(), "location", location);
    response
}

/// What every answer of S3 bears.
pub(super) fn mark(cx: &Context, headers: &mut HeaderMap) {
    put(headers, "x-amz-request-id", cx.request_id());
    put(headers, "x-amz-id-2", &host_id(cx.request_id()));
    put(headers, "server", "AmazonS3");
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    // A key may hold what a header can't; the page tells it.
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}
