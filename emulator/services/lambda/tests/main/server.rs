//! A gateway before the desk's cloud, and plain HTTP to it: signed as the account's root, or not.

use crate::desk::Desk;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

/// A gateway that listens.
pub struct Server {
    address: SocketAddr,
    cloud: Arc<kit::Cloud>,
    _server: gateway::Server,
}

/// A request.
#[derive(Clone, Default)]
pub struct Ask<'a> {
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The gateway's own address where empty.
    pub host: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a str,
    /// As the root of the account 000000000000.
    pub signed: bool,
}

impl Server {
    pub async fn new(desk: &Desk) -> Server {
        let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = gateway.address();
        desk.cloud.set_endpoint(format!("http://{address}"));
        Server { address, cloud: desk.cloud.clone(), _server: gateway.serve(desk.cloud.clone(), None) }
    }

    /// Head (names in lower case) and body of the answer.
    pub async fn send(&self, ask: Ask<'_>) -> (String, Vec<u8>) {
        let address = self.address;
        let host = if ask.host.is_empty() { address.to_string() } else { ask.host.to_owned() };
        let mut request = format!(
            "{} {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n",
            ask.method,
            ask.target,
            ask.body.len()
        );
        for (name, value) in ask.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if ask.signed {
            request.push_str(&self.signature(&ask, &host));
        }
        request.push_str("\r\n");
        request.push_str(ask.body);
        tokio::task::spawn_blocking(move || exchange(address, request.as_bytes())).await.unwrap()
    }

    /// The headers of a signature over host, date and body.
    fn signature(&self, ask: &Ask<'_>, host: &str) -> String {
        let date = kit::time::amz_date(self.cloud.clock().now());
        let scope = format!("{}/us-east-1/lambda/aws4_request", &date[..8]);
        let (path, query) = ask.target.split_once('?').unwrap_or((ask.target, ""));
        let hash = kit::hex(&Sha256::digest(ask.body));
        let canonical = format!(
            "{}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{hash}\nx-amz-date:{date}\n\nhost;x-amz-content-sha256;x-amz-date\n{hash}",
            ask.method
        );
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", kit::hex(&Sha256::digest(canonical)));
        let mut key = b"AWS4test".to_vec();
        for part in scope.split('/') {
            key = hmac(&key, part);
        }
        format!(
            "x-amz-date: {date}\r\nx-amz-content-sha256: {hash}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={}\r\n",
            kit::hex(&hmac(&key, &text))
        )
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn exchange(address: SocketAddr, request: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request).unwrap();
    let mut bytes = Vec::new();
    // An answer that is cut off ends with an error; what came of it counts.
    let _ = stream.read_to_end(&mut bytes);
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a whole head") + 4;
    let head = String::from_utf8_lossy(&bytes[..at]).to_ascii_lowercase();
    let body = bytes.split_off(at);
    let body = if head.contains("transfer-encoding: chunked") { unchunked(&body) } else { body };
    (head, body)
}

/// The bytes of a chunked body, as far as they came.
fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|w| w == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
        let Some(chunk) = rest.get(at + 2..at + 2 + length).filter(|_| length > 0) else { break };
        body.extend_from_slice(chunk);
        rest = rest.get(at + 4 + length..).unwrap_or_default();
    }
    body
}
