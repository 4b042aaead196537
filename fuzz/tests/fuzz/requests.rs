//! Whole requests through the socket of a real cloud: whatever comes is answered, in AWS's shape, and the gateway stays.

use crate::{house::House, target::Target};
use gateway::{
    Gateway,
    sig_v4::{CredentialScope, Dialect, Signable, SigningKey, string_to_sign},
};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::{cell::RefCell, panic::AssertUnwindSafe, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const WORDS: &str = "HTTP/1.0 HTTP/2.0 Content-Length:\u{20}5 Content-Length:\u{20}-1 Transfer-Encoding:\u{20}chunked Expect:\u{20}100-continue Host:\u{20}b.s3.localhost Host:\u{20}q.localhost Authorization:\u{20}Basic \
    X-Amz-Target:\u{20}AmazonSQS.ListQueues Action=ListUsers ?acl ?uploads ?versioning ?policy ?cors %00 %2e%2e/ %ff // \r\n \r\n\r\n \0 \u{e9} /_windtunnel/ OPTIONS DELETE HEAD PUT Range:\u{20}bytes=-1 \
    x-amz-copy-source:\u{20}/b/k If-Match:\u{20}* x-amz-decoded-content-length:\u{20}9 content-encoding:\u{20}aws-chunked x-amz-content-sha256:\u{20}STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// When the clouds stand.
const DATE: &str = "20270115T080000Z";

const SIGNED: &str = "authorization: AWS4-HMAC-SHA256 Credential=test/20270115/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\nx-amz-date: 20270115T080000Z\r\n";

fn samples() -> Vec<Vec<u8>> {
    let asks = [
        ("GET /", "", ""),
        (
            "GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F20270115%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20270115T080000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=ff",
            "",
            "",
        ),
        ("PUT /b/k", SIGNED, "content"),
        ("PUT /b?lifecycle", SIGNED, "<LifecycleConfiguration><Rule><ID>r</ID></Rule></LifecycleConfiguration>"),
        (
            "POST /",
            "x-amz-target: AmazonSQS.SendMessage\r\ncontent-type: application/x-amz-json-1.0\r\n",
            "{\"QueueUrl\":\"q\",\"MessageBody\":\"b\"}",
        ),
        (
            "POST /",
            "content-type: application/x-www-form-urlencoded\r\n",
            "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D",
        ),
        (
            "POST /b",
            "content-type: multipart/form-data; boundary=x\r\n",
            "--x\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\nk\r\n--x--\r\n",
        ),
        ("OPTIONS /b/k", "origin: http://a.example\r\naccess-control-request-method: PUT\r\n", ""),
    ];
    let text = |(line, headers, body): (&str, &str, &str)| {
        format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
            .into_bytes()
    };
    let signed = [
        ("GET", "/", "s3", "", ""),
        ("PUT", "/b", "s3", "", ""),
        ("PUT", "/b/k", "s3", "", "content"),
        ("GET", "/b?list-type=2&prefix=k", "s3", "", ""),
        ("POST", "/", "sqs", "application/x-www-form-urlencoded", "Action=CreateQueue&QueueName=q&Version=2012-11-05"),
        ("POST", "/", "iam", "application/x-www-form-urlencoded", "Action=ListUsers&Version=2010-05-08"),
    ];
    asks.map(text)
        .into_iter()
        .chain(signed.map(|(method, target, service, kind, body)| granted(method, target, service, kind, body)))
        .collect()
}

/// A request that is signed as it should be, at the moment at which the clouds stand.
fn granted(method: &str, target: &str, service: &str, kind: &str, body: &str) -> Vec<u8> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let hash = kit::hex(&Sha256::digest(body));
    let mut headers = HeaderMap::new();
    headers.insert("host", http::HeaderValue::from_static("localhost"));
    headers.insert("x-amz-date", http::HeaderValue::from_static(DATE));
    headers.insert("x-amz-content-sha256", http::HeaderValue::from_str(&hash).expect("a header value"));
    let names = ["host", "x-amz-content-sha256", "x-amz-date"].map(str::to_owned);
    let canonical = Signable { method, path, query, headers: &headers }.canonical(Dialect::of(service), &names, &hash);
    let scope =
        CredentialScope { date: DATE[..8].into(), region: "us-east-1".into(), service: service.into(), terminator: "aws4_request".into() };
    let signature = SigningKey::derive("test", &scope).sign(string_to_sign(DATE, &scope.text(), &canonical).as_bytes());
    let kind = if kind.is_empty() { String::new() } else { format!("content-type: {kind}\r\n") };
    format!(
        "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{kind}x-amz-date: {DATE}\r\nx-amz-content-sha256: {hash}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=test/{}, SignedHeaders={}, Signature={signature}\r\ncontent-length: {}\r\n\r\n{body}",
        scope.text(),
        names.join(";"),
        body.len()
    )
    .into_bytes()
}

/// A cloud is used for this many requests before a fresh one is taken.
const REQUESTS_PER_CLOUD: u32 = 2000;

struct Site {
    server: gateway::Server,
    asked: u32,
}

impl Site {
    fn open(house: &House) -> Site {
        let cloud = house.cloud();
        house.wait(async {
            let gateway = Gateway::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port");
            Site { server: gateway.serve(Arc::clone(&cloud), None), asked: 0 }
        })
    }
}

#[test]
fn http_requests() {
    let house = House::new();
    // What a broken input leaves behind is not looked at.
    let desk = AssertUnwindSafe((RefCell::new(Site::open(&house)), house));
    Target::new("http_requests", samples(), WORDS).run(move |bytes| {
        let desk = &desk;
        let (site, house) = &**desk;
        let mut site = site.borrow_mut();
        if site.asked >= REQUESTS_PER_CLOUD {
            *site = Site::open(house);
        }
        site.asked += 1;
        answered(&house.wait(ask(site.server.address(), bytes)))
    });
}

/// Sends and reads to the end. Sending may fail halfway: an answer may come before all of a request has been read.
async fn ask(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("the gateway is there");
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// The answer: never the emulator's own fault. Whether the request was granted.
fn answered(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some(status) = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|status| status.parse::<u16>().ok()) else {
        assert!(answer.is_empty(), "no HTTP: {text}");
        return false;
    };
    assert!((100..500).contains(&status) || status == 501, "{text}");
    (200..300).contains(&status)
}
