//! Calls to identity providers of this machine: what a test signs in with must not leave it.

use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use kit::Context;
use std::{net::IpAddr, time::Duration};
use tokio::net::TcpStream;

/// How long a provider may take, real time.
const LONGEST: Duration = Duration::from_secs(10);
/// Documents and keys are short.
const MOST_BYTES: usize = 256 << 10;

/// Gets a document, or posts a form where there is one. The error is for people.
pub(crate) async fn fetch(cx: &Context, url: &str, bearer: Option<&str>, form: Option<String>) -> Result<(u16, Bytes), String> {
    let call = async {
        let uri: Uri = url.parse().map_err(|e| format!("{url} is no URL: {e}"))?;
        let (address, host) = local(&uri)?;
        let path = uri.path_and_query().map_or("/".to_owned(), |p| p.to_string());
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, host).header(header::ACCEPT, "application/json");
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Full::new(Bytes::from(form.unwrap_or_default()))).map_err(|e| e.to_string())?;
        let socket = TcpStream::connect(&address).await.map_err(|e| format!("{address}: {e}"))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|e| e.to_string())?;
        let answered = async {
            let answer = sender.send_request(request).await.map_err(|e| e.to_string())?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await.map_err(|e| e.to_string())?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(answered, connection);
        loop {
            tokio::select! {
                answer = &mut answered => return answer,
                ended = &mut connection => ended.map_err(|e| e.to_string())?,
            }
        }
    };
    // The provider may be this cloud: its work counts by itself, and ours must not keep a frozen clock from settling it.
    cx.parked(async {
        tokio::select! {
            answered = call => answered,
            () = cx.cloud().clock().real_sleep(LONGEST) => Err(format!("{url} did not answer within {} s", LONGEST.as_secs())),
        }
    })
    .await
}

/// Where to connect, and the Host header.
fn local(uri: &Uri) -> Result<(String, String), String> {
    if uri.scheme_str() != Some("http") {
        return Err(format!("{uri}: windtunnel speaks TLS to nobody, so a provider has to have an http URL of this machine"));
    }
    let authority = uri.authority().ok_or_else(|| format!("{uri} names no host"))?;
    let name = authority.host().to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = match bare.parse::<IpAddr>() {
        Ok(IpAddr::V6(ip)) if ip.is_loopback() => format!("[{ip}]"),
        Ok(ip) if ip.is_loopback() => ip.to_string(),
        Err(_) if bare == "localhost" || bare.ends_with(".localhost") => "127.0.0.1".into(),
        _ => return Err(format!("windtunnel calls nobody outside this machine, and {bare} is not a loopback address")),
    };
    let host = authority.port_u16().map_or(name.clone(), |port| format!("{name}:{port}"));
    Ok((format!("{address}:{}", authority.port_u16().unwrap_or(80)), host))
}
