//! POST to HTTP endpoints, with AWS's headers. Only this machine is called: what a test publishes must not leave it.

use super::Outcome;
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use kit::{Context, Fault};
use std::{net::IpAddr, time::Duration};
use tokio::net::TcpStream;

/// How long an endpoint may take, real time; AWS's documentation says 15 seconds.
const LONGEST: Duration = Duration::from_secs(15);

/// A request to an endpoint.
pub(crate) struct Post<'a> {
    pub url: &'a str,
    pub body: String,
    pub content_type: String,
    /// `Notification`, `SubscriptionConfirmation`, `UnsubscribeConfirmation`.
    pub kind: &'a str,
    pub message_id: &'a str,
    pub topic_arn: &'a str,
    pub subscription_arn: Option<&'a str>,
    pub raw: bool,
}

/// Whether an endpoint may be called, or why not.
pub(crate) fn is_local(url: &str) -> Result<(), String> {
    parse(url).map(drop)
}

/// Posts once. An answer of 2xx is a delivery; 429 and 5xx and silence may pass; everything else won't.
pub(crate) async fn post(cx: &Context, post: Post<'_>) -> Outcome {
    let target = match parse(post.url) {
        Ok(target) => target,
        Err(why) => return Outcome::Never(Fault::new("EndpointRefused", 403, why)),
    };
    let request = match request(&target, post) {
        Ok(request) => request,
        Err(why) => return Outcome::Never(Fault::new("EndpointRefused", 400, why)),
    };
    // The endpoint may be this cloud: its work counts by itself, ours must not keep a frozen clock from settling it.
    let answered = tokio::select! {
        answered = send(&target, request) => answered,
        () = cx.cloud().clock().real_sleep(LONGEST) => Err(format!("no answer within {} s", LONGEST.as_secs())),
    };
    match answered {
        Err(why) => Outcome::Later(Fault::new("EndpointUnreachable", 503, why)),
        Ok(200..=299) => Outcome::Delivered,
        Ok(status) if status == 429 || status >= 500 => Outcome::Later(said(status)),
        Ok(status) => Outcome::Never(said(status)),
    }
}

fn said(status: u16) -> Fault {
    Fault::new("EndpointAnswered", status, format!("the endpoint answered {status}"))
}

struct Target {
    /// Where to connect.
    address: String,
    port: u16,
    /// As the URL has it.
    host: String,
    path: String,
    /// `user:password` of the URL.
    login: Option<String>,
}

fn parse(url: &str) -> Result<Target, String> {
    let uri: Uri = url.parse().map_err(|e| format!("{url} is no URL: {e}"))?;
    if uri.scheme_str() != Some("http") {
        return Err("windtunnel delivers to http endpoints only: it speaks TLS to nobody".into());
    }
    let authority = uri.authority().ok_or_else(|| format!("{url} names no host"))?;
    let login = authority.as_str().rsplit_once('@').map(|(login, _)| login.to_owned());
    let name = authority.host().to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = match bare.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => ip.to_string(),
        Err(_) if bare == "localhost" || bare.ends_with(".localhost") => "127.0.0.1".into(),
        _ => return Err(format!("windtunnel calls nobody outside this machine, and {bare} is not a loopback address")),
    };
    let port = authority.port_u16().unwrap_or(80);
    let host = authority.port_u16().map_or(name.clone(), |port| format!("{name}:{port}"));
    let path = uri.path_and_query().map_or("/".to_owned(), |p| p.to_string());
    Ok(Target { address, port, host, path, login })
}

fn request(target: &Target, post: Post<'_>) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::post(&target.path)
        .header(header::HOST, &target.host)
        .header(header::CONTENT_TYPE, &post.content_type)
        .header(header::USER_AGENT, "Amazon Simple Notification Service Agent")
        .header(header::ACCEPT_ENCODING, "gzip,deflate")
        .header(header::CONNECTION, "Keep-Alive")
        .header("x-amz-sns-message-type", post.kind)
        .header("x-amz-sns-message-id", post.message_id)
        .header("x-amz-sns-topic-arn", post.topic_arn);
    if let Some(arn) = post.subscription_arn {
        request = request.header("x-amz-sns-subscription-arn", arn);
    }
    if post.raw {
        request = request.header("x-amz-sns-rawdelivery", "true");
    }
    if let Some(login) = &target.login {
        let login = percent_encoding::percent_decode_str(login).decode_utf8_lossy().into_owned();
        request = request.header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(login)));
    }
    request.body(Full::new(Bytes::from(post.body))).map_err(|e| format!("the request can't be made: {e}"))
}

async fn send(target: &Target, request: Request<Full<Bytes>>) -> Result<u16, String> {
    let socket = TcpStream::connect((target.address.as_str(), target.port)).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|e| e.to_string())?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|e| e.to_string());
    let status = answer.map(|answer| answer.status().as_u16());
    connection.abort();
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        for url in ["http://127.0.0.1:8080/x", "http://localhost/x", "http://fn.lambda-url.us-east-1.localhost:4566/", "http://[::1]:9/"] {
            assert!(is_local(url).is_ok(), "{url}");
        }
        for url in
            ["http://example.com/", "http://10.0.0.1/", "https://127.0.0.1/", "http://127.0.0.1.example.com/", "ftp://localhost/", "x"]
        {
            assert!(is_local(url).is_err(), "{url}");
        }
    }
}
