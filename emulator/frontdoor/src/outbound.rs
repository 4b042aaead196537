//! HTTP endpoints behind APIs. Only this machine is called: what a test sends must not leave it. AWS's own names (function URLs, other APIs)
//! lead back to this cloud.

use crate::{HttpAnswer, NoAnswer};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use kit::Context;
use std::{net::IpAddr, time::Duration};
use tokio::net::TcpStream;

/// Real time that connecting and answering may take; the APIs' own limits are on the clock and shorter.
const LONGEST: Duration = Duration::from_secs(60);

/// A request to an endpoint.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    /// Verb.
    pub method: String,
    /// Absolute URL, with its query string.
    pub url: String,
    /// Headers; `host` is the URL's unless it stands here.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

/// Calls an endpoint and reads its answer, of at most so many bytes.
pub async fn call(cx: &Context, request: Outbound, most_bytes: usize) -> Result<HttpAnswer, NoAnswer> {
    let target = Target::of(&request.url, &cx.cloud().endpoint())?;
    let request = built(&target, request)?;
    tokio::select! {
        answered = send(&target, request, most_bytes) => answered.map_err(NoAnswer::Failed),
        () = cx.cloud().clock().real_sleep(LONGEST) => Err(NoAnswer::Failed(format!("no answer within {} s", LONGEST.as_secs()))),
    }
}

#[derive(Debug, PartialEq)]
struct Target {
    /// Where to connect.
    address: String,
    port: u16,
    /// As the URL has it.
    host: String,
    path: String,
}

impl Target {
    fn of(url: &str, endpoint: &str) -> Result<Target, NoAnswer> {
        let uri: Uri = url.parse().map_err(|e| NoAnswer::NoAddress(format!("{url} is no URL: {e}")))?;
        let authority = uri.authority().ok_or_else(|| NoAnswer::NoAddress(format!("{url} names no host")))?;
        let invalid = |why: &str| NoAnswer::Invalid(why.to_owned());
        let name = authority.host().to_ascii_lowercase();
        let host = authority.port_u16().map_or(name.clone(), |port| format!("{name}:{port}"));
        let path = uri.path_and_query().map_or("/".to_owned(), ToString::to_string);
        if name.ends_with(".amazonaws.com") || name.ends_with(".on.aws") {
            let own: Uri =
                endpoint.parse().map_err(|_| invalid(&format!("{name} is one of AWS's names, and this cloud listens nowhere")))?;
            let address = own.host().unwrap_or("127.0.0.1").trim_matches(['[', ']']).to_owned();
            return Ok(Target { address, port: own.port_u16().unwrap_or(80), host, path });
        }
        if uri.scheme_str() != Some("http") {
            return Err(invalid("windtunnel calls http endpoints only: it speaks TLS to nobody"));
        }
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let address = match bare.parse::<IpAddr>() {
            Ok(ip) if ip.is_loopback() => ip.to_string(),
            Err(_) if bare == "localhost" || bare.ends_with(".localhost") => "127.0.0.1".into(),
            _ => return Err(invalid(&format!("windtunnel calls nobody outside this machine, and {bare} is not a loopback address"))),
        };
        Ok(Target { address, port: authority.port_u16().unwrap_or(80), host, path })
    }
}

fn built(target: &Target, request: Outbound) -> Result<Request<Full<Bytes>>, NoAnswer> {
    let invalid = |e: &dyn std::fmt::Display| NoAnswer::Invalid(format!("the request can't be made: {e}"));
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let lower = name.to_ascii_lowercase();
        // The connection's own; the length follows from the body.
        if matches!(lower.as_str(), "connection" | "content-length" | "transfer-encoding" | "keep-alive") {
            continue;
        }
        let name = HeaderName::try_from(lower).map_err(|e| invalid(&e))?;
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).map_err(|e| invalid(&e))?);
    }
    if !headers.contains_key(header::HOST) {
        headers.insert(header::HOST, HeaderValue::try_from(&target.host).map_err(|e| invalid(&e))?);
    }
    let mut built =
        Request::builder().method(request.method.as_str()).uri(&target.path).body(Full::new(request.body)).map_err(|e| invalid(&e))?;
    *built.headers_mut() = headers;
    Ok(built)
}

async fn send(target: &Target, request: Request<Full<Bytes>>, most_bytes: usize) -> Result<HttpAnswer, String> {
    let socket = TcpStream::connect((target.address.as_str(), target.port)).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|e| e.to_string())?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|e| e.to_string())?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, most_bytes).collect().await.map_err(|e| e.to_string())?.to_bytes();
    connection.abort();
    let headers =
        head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(HttpAnswer { status: head.status.as_u16(), headers: headers.collect(), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        let of = |url: &str| Target::of(url, "http://127.0.0.1:4566");
        for url in ["http://127.0.0.1:8080/x?y=1", "http://localhost", "http://a.localhost:4566/", "http://[::1]:9/"] {
            assert!(of(url).is_ok(), "{url}");
        }
        for url in
            ["http://example.com/", "http://10.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1.example.com/", "ftp://localhost/", "x", ""]
        {
            assert!(of(url).is_err(), "{url}");
        }
        // What is no address at all is told apart from one that is not called.
        for (url, address) in [("x", true), ("", false), ("/path", false), ("http://example.com/", true), ("https://127.0.0.1/", true)] {
            assert_eq!(matches!(of(url), Err(NoAnswer::Invalid(_))), address, "{url}");
        }
        let back = of("https://abc.lambda-url.us-east-1.on.aws/x").unwrap();
        assert_eq!(
            (back.address.as_str(), back.port, back.host.as_str(), back.path.as_str()),
            ("127.0.0.1", 4566, "abc.lambda-url.us-east-1.on.aws", "/x")
        );
        assert!(Target::of("https://abc.execute-api.us-east-1.amazonaws.com/x", "").is_err());
    }
}
