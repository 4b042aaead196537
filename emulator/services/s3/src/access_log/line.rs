//! A line of an access log, field for field as AWS documents them. What doesn't exist here (ciphers, access points) is a dash, as there.

use crate::{
    listing::url_encoded,
    state::{self, Found},
};
use http::{Uri, request::Parts};
use kit::{Context, Principal, Timestamp};
use wire::fault_response::host_id;

/// A request and what became of it.
pub(crate) struct Seen<'a> {
    /// `REST.GET.OBJECT`
    pub operation: &'a str,
    pub bucket: &'a str,
    pub key: Option<&'a str>,
    pub head: &'a Parts,
    /// As received.
    pub uri: &'a Uri,
    pub status: u16,
    pub error: Option<&'a str>,
    /// Of the body that was sent.
    pub bytes: Option<u64>,
    /// Of the object.
    pub size: Option<u64>,
    pub version_id: Option<&'a str>,
    pub took_ms: u64,
}

/// The line.
pub(super) fn text(cx: &Context, found: &Found, seen: &Seen<'_>) -> String {
    let source = cx.source();
    let dash = || "-".to_owned();
    let number = |value: Option<u64>| value.filter(|n| *n > 0).map_or_else(dash, |n| n.to_string());
    let header = |name: &str| seen.head.headers.get(name).and_then(|value| value.to_str().ok());
    let quoted = |text: Option<&str>| format!("\"{}\"", text.map_or_else(dash, |text| text.replace('"', "%22")));
    let target = seen.uri.path_and_query().map_or("/", |both| both.as_str());
    [
        state::canonical_id(&found.scope.account),
        found.name.clone(),
        time(cx.now()),
        source.ip.map_or_else(dash, |ip| ip.to_string()),
        requester(cx),
        cx.request_id().to_owned(),
        seen.operation.to_owned(),
        // Encoded twice, as AWS does, so that no key can break a line.
        seen.key.filter(|key| !key.is_empty()).map_or_else(dash, |key| url_encoded(&url_encoded(key))),
        quoted(Some(&format!("{} {target} HTTP/1.1", seen.head.method))),
        seen.status.to_string(),
        seen.error.map_or_else(dash, str::to_owned),
        number(seen.bytes),
        number(seen.size),
        seen.took_ms.to_string(),
        number(Some(seen.took_ms)),
        quoted(header("referer")),
        quoted(header("user-agent")),
        seen.version_id.filter(|id| *id != "null").map_or_else(dash, str::to_owned),
        host_id(cx.request_id()),
        signature(source.signature_version),
        dash(),
        authentication(source.auth_type),
        header("host").map_or_else(dash, str::to_owned),
        dash(),
        dash(),
        dash(),
    ]
    .join(" ")
}

/// `[06/Feb/2019:00:00:38 +0000]`
fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_nanosecond(at.unix_ns).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("[%d/%b/%Y:%H:%M:%S +0000]").to_string()
}

/// The canonical id of a root, the ARN of everybody else; nobody is a dash.
fn requester(cx: &Context) -> String {
    match cx.principal() {
        Principal::Anonymous => "-".into(),
        Principal::Root { account } => state::canonical_id(account),
        Principal::Service { name, .. } => format!("svc:{name}"),
        principal => principal.arn(),
    }
}

fn signature(version: Option<&str>) -> String {
    match version {
        Some("AWS4-HMAC-SHA256") => "SigV4".into(),
        Some(_) => "SigV2".into(),
        None => "-".into(),
    }
}

fn authentication(kind: Option<&str>) -> String {
    match kind {
        Some("REST-QUERY-STRING") => "QueryString".into(),
        Some("POST") => "POST".into(),
        Some(_) => "AuthHeader".into(),
        None => "-".into(),
    }
}
