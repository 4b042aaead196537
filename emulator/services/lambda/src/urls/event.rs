//! The event of a request to a function URL: payload format 2.0 as AWS has it.

use super::{Url, address::Address};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::request::Parts;
use kit::{Bytes, Context, Principal};
use serde_json::{Map, Value, json};

/// Headers that belong to the connection, not to the request.
const OF_THE_CONNECTION: [&str; 5] = ["connection", "transfer-encoding", "te", "keep-alive", "upgrade"];

/// The event.
pub(super) fn of(cx: &Context, url: &Url, address: &Address, head: &Parts, body: &Bytes) -> Value {
    let now = cx.now();
    let text = |name: &str| head.headers.get(name).and_then(|v| v.to_str().ok());
    let query = head.uri.query().unwrap_or_default();
    let ip = cx.source().ip.map(|ip| ip.to_string()).unwrap_or_default();
    let signed = url.is_signed().then(|| cx.principal()).filter(|p| **p != Principal::Anonymous);
    let mut context = json!({
        "accountId": signed.and_then(|p| p.account()).unwrap_or("anonymous"),
        "apiId": url.id,
        "domainName": address.domain,
        "domainPrefix": url.id,
        "http": {
            "method": head.method.as_str(), "path": address.path, "protocol": "HTTP/1.1", "sourceIp": ip,
            "userAgent": text("user-agent").unwrap_or_default(),
        },
        "requestId": cx.request_id(),
        "routeKey": "$default",
        "stage": "$default",
        "time": clf(now),
        "timeEpoch": now.millis(),
    });
    if let Some(principal) = signed {
        context["authorizer"] = json!({ "iam": {
            "accessKey": cx.source().access_key, "accountId": principal.account(), "callerId": principal.user_id(), "cognitoIdentity": null,
            "principalOrgId": null, "userArn": principal.arn(), "userId": principal.user_id(),
        } });
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": address.path,
        "rawQueryString": query,
        "headers": headers(cx, head, &ip),
        "requestContext": context,
        "isBase64Encoded": false,
    });
    let cookies: Vec<&str> = head
        .headers
        .get_all("cookie")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .map(str::trim)
        .filter(|c| !c.is_empty())
        .collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = parameters(query);
    }
    if !body.is_empty() {
        match std::str::from_utf8(body).ok().filter(|_| is_text(text("content-type"))) {
            Some(body) => event["body"] = json!(body),
            None => {
                event["body"] = json!(BASE64_STANDARD.encode(body));
                event["isBase64Encoded"] = json!(true);
            }
        }
    }
    event
}

/// Texts are told as they are, everything else in base 64; recorded: forms are not text.
fn is_text(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/javascript" | "application/xml")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
}

/// Values of a name are joined by commas. Names come in lower case.
fn headers(cx: &Context, head: &Parts, ip: &str) -> Value {
    let mut map = Map::new();
    for (name, value) in head.headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(&name.as_str()) && name.as_str() != "cookie") {
        join(&mut map, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    let forwarded = map.get("x-forwarded-for").and_then(Value::as_str).map_or(ip.to_owned(), |before| format!("{before}, {ip}"));
    for (name, value) in [
        ("x-amzn-trace-id", format!("Root={}", cx.trace())),
        ("x-forwarded-for", forwarded),
        ("x-forwarded-port", "443".to_owned()),
        ("x-forwarded-proto", "https".to_owned()),
    ] {
        map.insert(name.into(), value.into());
    }
    Value::Object(map)
}

fn parameters(query: &str) -> Value {
    let mut map = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        join(&mut map, &decoded(name), &decoded(value));
    }
    Value::Object(map)
}

fn join(map: &mut Map<String, Value>, name: &str, value: &str) {
    let joined = match map.get(name).and_then(Value::as_str) {
        Some(before) => format!("{before},{value}"),
        None => value.to_owned(),
    };
    map.insert(name.to_owned(), joined.into());
}

/// A part of a query: plus is a space, and what is no escape stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `12/Mar/2020:19:03:58 +0000`
fn clf(at: kit::Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    // 2020-03-12T19:03:58Z
    let iso = kit::time::iso_secs(at);
    let part = |from: usize, to: usize| iso.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|n| MONTHS.get(n.wrapping_sub(1))).copied().unwrap_or_default();
    format!("{}/{month}/{}:{} +0000", part(8, 10), part(0, 4), part(11, 19))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_request() {
        assert_eq!(parameters("q=query&multi=foo&multi=%2Fbar+x&empty"), json!({ "q": "query", "multi": "foo,/bar x", "empty": "" }));
        assert_eq!(decoded("a%2"), "a%2");
        assert_eq!(clf(kit::Timestamp::from_secs(1_584_039_838)), "12/Mar/2020:19:03:58 +0000");
        assert!(is_text(Some("application/json; charset=utf-8")) && is_text(Some("application/vnd.api+json")));
        assert!(!is_text(Some("multipart/form-data; boundary=x")) && !is_text(None));
    }
}
