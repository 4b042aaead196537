//! What a client may not do: send too much, too slowly, from too many places, or from elsewhere.

use crate::support::{Site, read_answer};
use gateway::{Gateway, Options};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[tokio::test]
async fn nothing_listens_beyond_loopback_unless_asked() {
    assert!(gateway::DEFAULT_ADDRESS.ip().is_loopback());
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = Gateway::bind(address.parse().unwrap()).await.err().expect("it is not a loopback address");
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{address}");
    }
    let site = Site::start().await;
    assert!(site.address().ip().is_loopback());
}

#[tokio::test]
async fn heads_have_limits() {
    let site = Site::start().await;
    let long = "x".repeat(100_000);
    assert_eq!(site.request("GET", "/photos/a").header("x-long", &long).send().await.status, 431);
    let mut many = site.request("GET", "/photos/a");
    (0..200).for_each(|n| many.set(&format!("x-{n}"), "1"));
    assert_eq!(many.send().await.status, 431);
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 400);
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() {
    let site = Site::with(Options { head_timeout: Duration::from_millis(50), ..Options::default() }).await;
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-slow").await.unwrap();
    let mut rest = Vec::new();
    // Ends when the gateway closes the connection.
    let _ = stream.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_not_waited_for() {
    let site = Site::with(Options { body_idle_timeout: Duration::from_millis(50), ..Options::default() }).await;
    let mut ask = site.request("PUT", "/photos/a");
    ask.set("content-length", "100");
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(&ask.bytes("close")).await.unwrap();
    stream.write_all(b"only this").await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("RequestTimeout")));
}

#[tokio::test]
async fn bodies_have_limits() {
    let site = Site::with(Options { max_held_bytes: 1000, max_streamed_bytes: 2000, ..Options::default() }).await;
    let answer = site.request("POST", "/").json("TillV1.SignIn", &" ".repeat(1001)).send().await;
    assert_eq!((answer.status, answer.kind().as_str()), (413, "RequestEntityTooLargeException"));
    let answer = site.request("PUT", "/photos?tags").body("x".repeat(1001)).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("MaxMessageLengthExceeded")));
    let answer = site.request("PUT", "/photos/a").body("x".repeat(2001)).send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("EntityTooLarge")));
    assert_eq!((answer.xml("ProposedSize").as_deref(), answer.xml("MaxSizeAllowed").as_deref()), (Some("2001"), Some("2000")));
    assert_eq!(site.request("PUT", "/photos/a").body("x".repeat(2000)).send().await.status, 200);
    let answer = site.request("PUT", "/photos/a").send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (411, Some("MissingContentLength")));
    let form = site.request("POST", "/").header("content-type", "application/x-www-form-urlencoded").body("a".repeat(1001));
    assert_eq!(form.send().await.status, 413);
}

#[tokio::test]
async fn continue_is_said_only_to_those_who_may() {
    let site = Site::start().await;
    let expecting = |ask: crate::support::Ask| ask.header("content-length", "5").header("expect", "100-continue");
    let stranger = expecting(site.request("PUT", "/photos/a").signed_as(&site.signer("s3").secret("wrong"), "UNSIGNED-PAYLOAD"));
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(&stranger.bytes("keep-alive")).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 403, "no 100 comes first, and the connection ends");

    let friend = expecting(site.request("PUT", "/photos/a").signed_as(&site.signer("s3"), "UNSIGNED-PAYLOAD"));
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(&friend.bytes("close")).await.unwrap();
    let mut first = [0; 25];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!((answer.status, answer.header("x-read-length")), (200, Some("5")));
}

#[tokio::test]
async fn more_connections_than_allowed_wait() {
    let site = Site::with(Options { max_connections: 1, ..Options::default() }).await;
    let holding = TcpStream::connect(site.address()).await.unwrap();
    let ask = site.request("GET", "/photos/a");
    let waiting = tokio::spawn(async move { ask.send().await.status });
    site.cloud.clock().real_sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    drop(holding);
    assert_eq!(waiting.await.unwrap(), 200);
}

#[tokio::test]
async fn connections_are_kept_and_shut_down_gracefully() {
    let site = Site::start().await;
    let address = site.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(&site.request("GET", "/photos/abc").bytes("keep-alive")).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"abc") {
            let mut block = [0; 1024];
            let n = stream.read(&mut block).await.unwrap();
            assert!(n > 0);
            bytes.extend_from_slice(&block[..n]);
        }
    }
    let mut ask = site.request("PUT", "/photos/a");
    ask.set("content-length", "5");
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(&ask.bytes("keep-alive")).await.unwrap();
    site.cloud.clock().real_sleep(Duration::from_millis(50)).await;
    let ending = tokio::spawn(site.server.shutdown(Duration::from_secs(10)));
    site.cloud.clock().real_sleep(Duration::from_millis(50)).await;
    slow.write_all(b"hello").await.unwrap();
    assert_eq!(read_answer(&mut slow).await.status, 200, "a request under way is finished");
    ending.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn refused_uploads_see_their_fault() {
    let site = Site::start().await;
    let ask = site.request("PUT", "/photos/a").signed_as(&site.signer("s3").secret("wrong"), "UNSIGNED-PAYLOAD").body(vec![b'x'; 3 << 20]);
    assert_eq!(ask.send().await.status, 403);
}
