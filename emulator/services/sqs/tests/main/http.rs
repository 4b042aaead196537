//! A client of a few lines: one signed request a connection, in either of SQS's protocols.

use hmac::{Hmac, Mac};
use kit::Timestamp;
use serde_json::Value;
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
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
    /// The text of the first element of a name.
    pub fn element(&self, name: &str) -> Option<&str> {
        let rest = self.body.split_once(&format!("<{name}>"))?.1;
        Some(rest.split_once(&format!("</{name}>"))?.0)
    }
}

/// A call in JSON; `None` where the server died meanwhile.
pub async fn json(to: SocketAddr, path: &str, operation: &str, input: &Value) -> Option<Answer> {
    let headers = [("content-type", "application/x-amz-json-1.0".to_owned()), ("x-amz-target", format!("AmazonSQS.{operation}"))];
    post(to, path, &headers, input.to_string()).await
}

/// A call as a form, as clients of old send it.
pub async fn form(to: SocketAddr, path: &str, form: &str) -> Option<Answer> {
    post(to, path, &[("content-type", "application/x-www-form-urlencoded".to_owned())], form.to_owned()).await
}

async fn post(to: SocketAddr, path: &str, headers: &[(&str, String)], body: String) -> Option<Answer> {
    let now = kit::time::amz_date(Timestamp::from_secs(crate::desk::START));
    let mut headers: Vec<(String, String)> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    headers.extend([("host".to_owned(), to.to_string()), ("x-amz-date".to_owned(), now.clone())]);
    headers.sort();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let canonical = format!("POST\n{path}\n\n{lines}\n{names}\n{}", kit::hex(&Sha256::digest(body.as_bytes())));
    let scope = format!("{}/us-east-1/sqs/aws4_request", &now[..8]);
    let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", kit::hex(&Sha256::digest(canonical.as_bytes())));
    let key = ["us-east-1", "sqs", "aws4_request"].iter().fold(hmac(b"AWS4test", &now[..8]), |key, part| hmac(&key, part));
    let signature = kit::hex(&hmac(&key, &to_sign));
    let mut request = format!("POST {path} HTTP/1.1\r\n");
    headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
    request += &format!("authorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={signature}\r\n");
    request += &format!("content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(to).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    if length.is_some_and(|length| length != body.len().to_string()) {
        return None;
    }
    Some(Answer { status: head.split(' ').nth(1)?.parse().ok()?, head: head.to_ascii_lowercase(), body: body.to_owned() })
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
