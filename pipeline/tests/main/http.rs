//! HTTP written by hand, so that a test decides every byte; and signatures of version 4.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body, decoded.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {} {}", self.status, self.text()))
    }
}

/// Sends one request over a connection of its own. `url` is `http://HOST:PORT/...`; the Host header is added.
pub async fn send(method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    let (host, target) = split(url);
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers.iter().filter(|(name, _)| !matches!(name.to_ascii_lowercase().as_str(), "host" | "content-length")) {
        write!(text, "{name}: {value}\r\n").expect("writing to a String");
    }
    text.push_str("\r\n");
    let mut stream = TcpStream::connect(host).await.expect("the emulator listens");
    stream.write_all(text.as_bytes()).await.expect("the head is sent");
    // A refusal may come, and the connection close, before a body is read.
    let _ = stream.write_all(body).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    read(&bytes)
}

fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").expect("an http:// URL");
    let slash = rest.find('/').unwrap_or(rest.len());
    (&rest[..slash], if slash == rest.len() { "/" } else { &rest[slash..] })
}

fn read(bytes: &[u8]) -> Answer {
    let end =
        bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status line");
    let body = &bytes[end + 4..];
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Answer { status, body: if chunked { unchunked(body) } else { body.to_vec() }, head }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).ok().and_then(|s| usize::from_str_radix(s, 16).ok()).expect("a chunk's size");
        if size == 0 {
            break;
        }
        body.extend_from_slice(&rest[line + 2..line + 2 + size]);
        rest = &rest[line + 4 + size..];
    }
    body
}

/// Who signs.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// Access key id.
    pub id: &'a str,
    /// Secret.
    pub secret: &'a str,
}

/// Root of the default account.
pub const ROOT: Keys<'static> = Keys { id: "test", secret: "test" };

/// Headers that sign a request whose path and query need no encoding beyond what they have.
pub fn signed(keys: Keys<'_>, service: &str, method: &str, url: &str, body: &[u8]) -> Vec<(String, String)> {
    let (host, target) = split(url);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let scope = format!("{}/us-east-1/{service}/aws4_request", &stamp[..8]);
    let payload = hex(&Sha256::digest(body));
    let mut pairs: Vec<String> =
        query.split('&').filter(|p| !p.is_empty()).map(|p| if p.contains('=') { p.into() } else { format!("{p}=") }).collect();
    pairs.sort();
    let names = "host;x-amz-content-sha256;x-amz-date";
    let request = format!(
        "{method}\n{path}\n{}\nhost:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{stamp}\n\n{names}\n{payload}",
        pairs.join("&")
    );
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let start = format!("AWS4{}", keys.secret).into_bytes();
    let key = scope.split('/').fold(start, |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&key, to_sign.as_bytes()));
    let authorization = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", keys.id);
    [("x-amz-content-sha256", payload), ("x-amz-date", stamp), ("authorization", authorization)].map(|(k, v)| (k.to_owned(), v)).to_vec()
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key");
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
