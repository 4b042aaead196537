//! A cloud of fakes behind a gateway, a client that speaks raw HTTP, and a signer.

pub mod fakes;

use gateway::{
    Gateway, Options, Server,
    sig_v4::{CredentialScope, Dialect, Signable, SigningKey, string_to_sign},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use kit::{AdvanceOptions, ClockMode, Cloud, Settle, Timestamp};
use sha2::{Digest, Sha256};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A running gateway over fakes.
pub struct Site {
    pub cloud: Arc<Cloud>,
    pub server: Server,
}

impl Site {
    pub async fn start() -> Site {
        Site::with(Options::default()).await
    }
    pub async fn with(options: Options) -> Site {
        let builder = Cloud::builder().mode(ClockMode::Running);
        let cloud =
            builder.service(Arc::new(fakes::Shelf)).service(Arc::new(fakes::Till)).service(Arc::new(fakes::Paths)).start().await.unwrap();
        cloud.ports().offer_access_keys(Arc::new(fakes::Keys));
        let own: gateway::OwnEndpoints = Arc::new(|request| {
            Box::pin(async move {
                let text = format!("own {}", request.uri().path());
                http::Response::new(kit::ReplyBody::Bytes(text.into()))
            })
        });
        let gateway = Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap().options(options);
        let server = gateway.serve(cloud.clone(), Some(own));
        Site { cloud, server }
    }
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }
    pub fn host(&self) -> String {
        self.address().to_string()
    }
    /// Moves the cloud's clock.
    pub async fn advance(&self, secs: u64) {
        let by = std::time::Duration::from_secs(secs);
        self.cloud.advance(AdvanceOptions { by, settle: Settle::None, budget: by }).await;
    }
    pub fn now(&self) -> Timestamp {
        self.cloud.clock().now()
    }
    /// A request that nobody signs yet.
    pub fn request(&self, method: &str, target: &str) -> Ask {
        let mut ask = Ask { method: method.into(), target: target.into(), headers: Vec::new(), body: Vec::new(), address: self.address() };
        ask.set("host", &self.host());
        ask
    }
    /// A signer with test/test for a service.
    pub fn signer(&self, service: &str) -> Signer {
        Signer {
            key: "test".into(),
            secret: "test".into(),
            token: None,
            region: "us-east-1".into(),
            service: service.into(),
            at: self.now(),
        }
    }
}

/// A request to be sent.
#[derive(Clone)]
pub struct Ask {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub address: SocketAddr,
}

impl Ask {
    pub fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.into(), value.into()));
    }
    pub fn header(mut self, name: &str, value: &str) -> Ask {
        self.set(name, value);
        self
    }
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Ask {
        self.body = body.into();
        let length = self.body.len().to_string();
        self.header("content-length", &length)
    }
    pub fn json(self, target: &str, body: &str) -> Ask {
        self.header("x-amz-target", target).header("content-type", "application/x-amz-json-1.1").body(body)
    }
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, q)| q)
    }
    pub fn header_map(&self) -> HeaderMap {
        let pair = |(n, v): &(String, String)| (HeaderName::try_from(n.as_str()).unwrap(), HeaderValue::try_from(v.as_str()).unwrap());
        self.headers.iter().map(pair).collect()
    }
    /// Signs in the header, with the body's hash in x-amz-content-sha256 for S3.
    pub fn signed(self, signer: &Signer) -> Ask {
        let hash = kit::hex(&Sha256::digest(&self.body));
        self.signed_as(signer, &hash)
    }
    /// Signs with whatever stands for the payload.
    pub fn signed_as(mut self, signer: &Signer, payload: &str) -> Ask {
        let (date, scope) = signer.date_and_scope();
        self.set("x-amz-date", &date);
        if let Some(token) = &signer.token {
            self.set("x-amz-security-token", token);
        }
        if signer.service == "s3" {
            self.set("x-amz-content-sha256", payload);
        }
        let mut names: Vec<String> = self.headers.iter().map(|(n, _)| n.clone()).filter(|n| n != "content-length").collect();
        names.sort();
        let signature = signer.sign(&self, &names, payload);
        let value = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={}, Signature={signature}", signer.key, names.join(";"));
        self.header("authorization", &value)
    }
    /// Signs in the query string.
    pub fn presigned(mut self, signer: &Signer, expires: &str) -> Ask {
        let (date, scope) = signer.date_and_scope();
        let gap = if self.target.contains('?') { '&' } else { '?' };
        let credential = format!("{}/{scope}", signer.key).replace('/', "%2F");
        self.target = format!(
            "{}{gap}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={date}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host",
            self.target
        );
        let signature = signer.sign(&self, &["host".into()], "UNSIGNED-PAYLOAD");
        self.target.push_str(&format!("&X-Amz-Signature={signature}"));
        self
    }
    pub async fn send(&self) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(&self.bytes("close")).await.unwrap();
        read_answer(&mut stream).await
    }
    /// As it goes over the wire.
    pub fn bytes(&self, connection: &str) -> Vec<u8> {
        let mut out = format!("{} {} HTTP/1.1\r\nconnection: {connection}\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

/// Who signs.
#[derive(Clone)]
pub struct Signer {
    pub key: String,
    pub secret: String,
    pub token: Option<String>,
    pub region: String,
    pub service: String,
    pub at: Timestamp,
}

impl Signer {
    pub fn scope(&self) -> CredentialScope {
        let date = kit::time::amz_date(self.at)[..8].to_owned();
        CredentialScope { date, region: self.region.clone(), service: self.service.clone(), terminator: "aws4_request".into() }
    }
    pub fn date_and_scope(&self) -> (String, String) {
        (kit::time::amz_date(self.at), self.scope().text())
    }
    pub fn signing_key(&self) -> SigningKey {
        SigningKey::derive(&self.secret, &self.scope())
    }
    fn sign(&self, ask: &Ask, names: &[String], payload: &str) -> String {
        let headers = ask.header_map();
        let signable = Signable { method: &ask.method, path: ask.path(), query: ask.query(), headers: &headers };
        let canonical = signable.canonical(Dialect::of(&self.service), names, payload);
        let (date, scope) = self.date_and_scope();
        self.signing_key().sign(string_to_sign(&date, &scope, &canonical).as_bytes())
    }
    pub fn secret(mut self, secret: &str) -> Signer {
        self.secret = secret.into();
        self
    }
    pub fn key(mut self, key: &str) -> Signer {
        self.key = key.into();
        self
    }
    pub fn token(mut self, token: &str) -> Signer {
        self.token = Some(token.into());
        self
    }
    pub fn region(mut self, region: &str) -> Signer {
        self.region = region.into();
        self
    }
    pub fn at(mut self, at: Timestamp) -> Signer {
        self.at = at;
        self
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    /// The content of the first element of a name.
    pub fn xml(&self, name: &str) -> Option<String> {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
    /// `__type` of a JSON fault.
    pub fn kind(&self) -> String {
        self.json()["__type"].as_str().unwrap_or("").to_owned()
    }
}

/// Reads one answer until the connection closes.
pub async fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    parse_answer(&bytes).unwrap_or(Answer { status: 0, headers: Vec::new(), body: bytes })
}

fn parse_answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> =
        lines.filter_map(|l| l.split_once(':')).map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).collect();
    let body = bytes[end + 4..].to_vec();
    let chunked = headers.iter().any(|(n, v)| n == "transfer-encoding" && v == "chunked");
    Some(Answer { status, headers, body: if chunked { dechunk(&body) } else { body } })
}

fn dechunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        out.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    out
}
