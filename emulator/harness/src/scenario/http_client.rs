//! A browser's side of HTTP, for scenarios: one request to this scenario's cloud and to nowhere else. AWS's own host names lead there
//! too, so that the same URLs work on both sides.

use crate::Emulator;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use std::{str::FromStr, time::Duration};

/// Most bytes of an answer.
const MOST_BYTES: usize = 256 << 20;
/// Longest wait for an answer, real time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request before it is sent.
pub(crate) struct Outgoing {
    pub method: Method,
    /// `127.0.0.1:4566` or `bucket.s3.amazonaws.com`
    pub host: String,
    /// Path and query, encoded.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// An answer.
pub(crate) struct Incoming {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Outgoing {
    /// A request to a URL. Errors: a URL that is none, or that leads out of the cloud.
    pub fn new(emulator: &Emulator, method: &str, url: &str) -> Result<Outgoing, String> {
        let method = Method::from_str(method).map_err(|_| format!("{method} is no HTTP method"))?;
        let (host, target) = local(emulator, url)?;
        Ok(Outgoing { method, host, target, headers: Vec::new(), body: Bytes::new() })
    }

    /// Sends it.
    pub async fn send(self, emulator: &Emulator) -> Result<Incoming, String> {
        let mut request = Request::builder().method(self.method).uri(&self.target);
        let headers = request.headers_mut().ok_or_else(|| format!("`{}` can't stand in a request line", self.target))?;
        headers.insert("host", HeaderValue::from_str(&self.host).map_err(|_| format!("{} is no host", self.host))?);
        for (name, value) in &self.headers {
            let name = HeaderName::from_str(name).map_err(|_| format!("{name} is no header name"))?;
            // The length is what the body has; a request that lies about it can't be sent.
            if name != "content-length" && name != "host" {
                headers.append(name, HeaderValue::from_str(value).map_err(|_| format!("{value:?} can't be a header's value"))?);
            }
        }
        let request = request.body(Full::new(self.body)).map_err(|e| e.to_string())?;
        tokio::select! {
            answer = exchange(emulator, request) => answer,
            _ = emulator.cloud().clock().real_sleep(PATIENCE) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }
}

/// The body that one of the cloud's own endpoints answers.
pub(crate) async fn get(emulator: &Emulator, target: &str) -> Result<Bytes, String> {
    let request = Outgoing::new(emulator, "GET", &format!("{}{target}", emulator.endpoint()))?;
    request.send(emulator).await.map(|answer| answer.body)
}

async fn exchange(emulator: &Emulator, request: Request<Full<Bytes>>) -> Result<Incoming, String> {
    let socket = tokio::net::TcpStream::connect(emulator.address()).await.map_err(|e| format!("can't connect to the cloud: {e}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|e| e.to_string())?;
    let connection = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|e| format!("the connection broke: {e}"))?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|e| format!("the answer broke off: {e}"))?.to_bytes();
    connection.abort();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Ok(Incoming { status: head.status.as_u16(), headers: headers.collect(), body })
}

/// Host and target under which this cloud answers for a URL.
fn local(emulator: &Emulator, url: &str) -> Result<(String, String), String> {
    let uri: Uri = url.parse().map_err(|e| format!("`{url}` is no URL: {e}"))?;
    let authority = uri.authority().ok_or_else(|| format!("`{url}` is no URL: it has no host"))?;
    let target = uri.path_and_query().map_or("/", |p| p.as_str());
    let own = emulator.address();
    if let Some((api, path)) = execute_api(authority.host(), target) {
        return Ok((own.to_string(), format!("/restapis/{api}/{path}")));
    }
    let is_aws = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|end| authority.host().ends_with(end));
    let is_here = authority.port_u16() == Some(own.port())
        && (authority.host() == own.ip().to_string() || authority.host() == "localhost" || authority.host().ends_with(".localhost"));
    match is_aws || is_here {
        true => Ok((authority.to_string(), if target.starts_with('/') { target.to_owned() } else { format!("/{target}") })),
        false => Err(format!("{url} leads out of this scenario's cloud ({}); scenarios talk to their own cloud only", emulator.endpoint())),
    }
}

/// `https://ID.execute-api.REGION.amazonaws.com/STAGE/path` to `ID` and `STAGE/_user_request_/path`.
fn execute_api<'a>(host: &'a str, target: &str) -> Option<(&'a str, String)> {
    let (api, rest) = host.split_once(".execute-api.")?;
    rest.contains("amazonaws.com").then_some(())?;
    let target = target.trim_start_matches('/');
    let end = target.find(['/', '?']).unwrap_or(target.len());
    let (stage, path) = target.split_at(end);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Some((api, format!("{stage}/_user_request_{path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_s_aws_url_becomes_the_local_one() {
        let host = "abc.execute-api.us-east-1.amazonaws.com";
        assert_eq!(execute_api(host, "/live/images?limit=1"), Some(("abc", "live/_user_request_/images?limit=1".into())));
        assert_eq!(execute_api(host, "/live"), Some(("abc", "live/_user_request_/".into())));
        assert_eq!(execute_api("s3.amazonaws.com", "/live"), None);
    }
}
