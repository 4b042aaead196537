//! A client of a few lines: one signed request a connection.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The headers were no UTF-8 and have been read as Latin-1.
    pub latin_1: bool,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    /// The text of the first element of a name.
    pub fn element(&self, name: &str) -> Option<String> {
        elements(&self.text(), name).into_iter().next()
    }
    /// The texts of all elements of a name.
    pub fn elements(&self, name: &str) -> Vec<String> {
        elements(&self.text(), name)
    }
    /// `(status, code)` of a fault.
    pub fn fault(&self) -> (u16, String) {
        (self.status, self.element("Code").unwrap_or_default())
    }
    pub fn ok(self) -> Answer {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self
    }
}

fn elements(text: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    text.split(&*open).skip(1).filter_map(|rest| rest.split(&*close).next()).map(str::to_owned).collect()
}

/// A request to be.
pub struct Ask<'a> {
    pub method: &'a str,
    /// Path and query, encoded as they are signed: parameters sorted.
    pub target: &'a str,
    pub headers: Vec<(&'a str, String)>,
    pub body: Vec<u8>,
    /// Access key id and secret; nobody when absent.
    pub key: Option<(&'a str, &'a str)>,
    /// Region of the signature.
    pub region: &'a str,
}

/// Sends a request signed at `now` (`20231114T221320Z`).
pub async fn send(to: SocketAddr, ask: Ask<'_>, now: &str) -> Answer {
    let bytes = exchange(to, ask, now).await.unwrap();
    read(&bytes)
}

/// As [`send`], where the server may die meanwhile: `None` unless a whole answer came.
pub async fn try_send(to: SocketAddr, ask: Ask<'_>, now: &str) -> Option<Answer> {
    let bytes = exchange(to, ask, now).await.ok()?;
    bytes.windows(4).any(|w| w == b"\r\n\r\n").then_some(())?;
    let answer = read(&bytes);
    let whole = answer.header("content-length").is_none_or(|length| length == answer.body.len().to_string());
    whole.then_some(answer)
}

/// What comes back until the connection ends.
async fn exchange(to: SocketAddr, ask: Ask<'_>, now: &str) -> std::io::Result<Vec<u8>> {
    let mut headers: Vec<(String, String)> = vec![("host".into(), to.to_string())];
    headers.retain(|_| !ask.headers.iter().any(|(name, _)| *name == "host"));
    headers.extend(ask.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())));
    if let Some(key) = ask.key {
        sign(&ask, key, &mut headers, now);
    }
    let mut head = format!("{} {} HTTP/1.1\r\n", ask.method, ask.target);
    for (name, value) in &headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\nconnection: close\r\n\r\n", ask.body.len());
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&ask.body).await?;
    let mut bytes = Vec::new();
    // A server that refuses before the body is read may reset what was still under way.
    let _ = stream.read_to_end(&mut bytes).await;
    Ok(bytes)
}

fn read(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(bytes)));
    let utf8 = String::from_utf8(bytes[..end].to_vec());
    let latin_1 = utf8.is_err();
    let head = utf8.unwrap_or_else(|_| bytes[..end].iter().map(|byte| char::from(*byte)).collect());
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { unchunk(&bytes[end + 4..]) } else { bytes[end + 4..].to_vec() };
    Answer { status, headers, latin_1, body }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    body
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn sign(ask: &Ask<'_>, (id, secret): (&str, &str), headers: &mut Vec<(String, String)>, now: &str) {
    headers.push(("x-amz-date".into(), now.into()));
    let payload = headers.iter().find(|(name, _)| name == "x-amz-content-sha256").map_or("UNSIGNED-PAYLOAD", |(_, value)| value).to_owned();
    if payload == "UNSIGNED-PAYLOAD" {
        headers.push(("x-amz-content-sha256".into(), payload.clone()));
    }
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let (path, query) = ask.target.split_once('?').unwrap_or((ask.target, ""));
    let query: Vec<String> =
        query.split('&').filter(|p| !p.is_empty()).map(|p| if p.contains('=') { p.into() } else { format!("{p}=") }).collect();
    let canonical = format!("{}\n{path}\n{}\n{lines}\n{names}\n{payload}", ask.method, query.join("&"));
    let day = &now[..8];
    let scope = format!("{day}/{}/s3/aws4_request", ask.region);
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", kit::hex(&Sha256::digest(canonical.as_bytes())));
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), day);
    for part in [ask.region, "s3", "aws4_request"] {
        key = hmac(&key, part);
    }
    let signature = kit::hex(&hmac(&key, &to_sign));
    let value = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    headers.push(("authorization".into(), value));
}
