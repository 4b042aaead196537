//! What a browser is told when its form was taken: nothing, a page to go to, or a document that names the object.

use super::field;
use crate::{answer, body::Outgoing, visit::Visit};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use kit::AnyReply;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use wire::Fault;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const UNRESERVED_AND_SLASH: &AsciiSet = &UNRESERVED.remove(b'/');

/// The answer to a form, by its fields `success_action_redirect` (or `redirect`) and `success_action_status`.
pub(super) fn answer(visit: &Visit, reply: AnyReply, fields: &[(String, String)], key: &str) -> Result<Response<Outgoing>, Fault> {
    let mut response = answer::of_reply(visit, reply)?;
    let bucket = super::bucket(visit);
    let etag = response.headers().get(header::ETAG).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let redirect = field(fields, "success_action_redirect").or_else(|| field(fields, "redirect"));
    if let Some(target) = redirect.and_then(|url| redirection(url, &bucket, key, &etag)) {
        *response.status_mut() = StatusCode::SEE_OTHER;
        set(response.headers_mut(), "location", &target);
        *response.body_mut() = Outgoing::empty();
        return Ok(response);
    }
    let location = location(visit, key);
    set(response.headers_mut(), "location", &location);
    // Every other status counts as none.
    let (status, body) = match field(fields, "success_action_status") {
        Some("200") => (StatusCode::OK, Outgoing::empty()),
        Some("201") => (StatusCode::CREATED, Outgoing::bytes(document(&location, &bucket, key, &etag))),
        _ => (StatusCode::NO_CONTENT, Outgoing::empty()),
    };
    if status == StatusCode::CREATED {
        set(response.headers_mut(), "content-type", "application/xml");
    }
    *response.status_mut() = status;
    *response.body_mut() = body;
    Ok(response)
}

/// The page with bucket, key and ETag added to its query; `None` for what is no URL, which counts as absent.
fn redirection(url: &str, bucket: &str, key: &str, etag: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return None;
    }
    let gap = if uri.query().is_some() { '&' } else { '?' };
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    Some(format!("{url}{gap}bucket={}&key={}&etag={}", encode(bucket), encode(key), encode(etag)))
}

/// The object's URL, in the form that the request had: the bucket in the host or in the path.
fn location(visit: &Visit, key: &str) -> String {
    let host = visit.header("host").unwrap_or("localhost");
    let key = utf8_percent_encode(key, UNRESERVED_AND_SLASH).to_string();
    match &visit.host_bucket {
        Some(_) => format!("http://{host}/{key}"),
        None => format!("http://{host}/{}/{key}", super::bucket(visit)),
    }
}

fn document(location: &str, bucket: &str, key: &str, etag: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>");
    for (name, value) in [("Location", location), ("Bucket", bucket), ("Key", key), ("ETag", etag)] {
        let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        out.push_str(&format!("<{name}>{value}</{name}>"));
    }
    out.push_str("</PostResponse>");
    out
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_get_what_was_made() {
        assert_eq!(
            redirection("http://a.test/x?y=1", "b", "k 1", "\"e\"").as_deref(),
            Some("http://a.test/x?y=1&bucket=b&key=k%201&etag=%22e%22")
        );
        assert_eq!(redirection("/relative", "b", "k", "e"), None);
        assert_eq!(redirection("javascript:alert(1)", "b", "k", "e"), None);
    }
}
