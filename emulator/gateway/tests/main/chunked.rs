//! aws-chunked bodies through the socket, signed and not.

use crate::support::{Ask, Site};
use gateway::sig_v4::{ChunkSigner, EMPTY_SHA256};
use sha2::{Digest, Sha256};

const CRC_OF_123456789: &str = "y/Q5Jg==";

fn put(site: &Site) -> Ask {
    site.request("PUT", "/photos/a").header("content-encoding", "aws-chunked,gzip").header("x-amz-decoded-content-length", "9")
}

#[tokio::test]
async fn unsigned_chunks_with_a_trailer() {
    let site = Site::start().await;
    let ask =
        put(&site).header("x-amz-trailer", "x-amz-checksum-crc32").signed_as(&site.signer("s3"), "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    let answer = ask.clone().body(format!("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:{CRC_OF_123456789}\r\n\r\n")).send().await;
    assert_eq!((answer.status, answer.header("x-read-length")), (200, Some("9")), "{}", answer.text());
    assert_eq!(answer.header("x-read-trailers"), Some("x-amz-checksum-crc32:y/Q5Jg=="));
    assert_eq!(answer.header("x-read-encoding"), Some("gzip"));
    let answer = ask.clone().body("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n").send().await;
    assert_eq!((answer.status, answer.xml("Code").as_deref()), (400, Some("BadDigest")));
    assert_eq!(answer.xml("Message").as_deref(), Some("The CRC32 you specified did not match the calculated checksum."));
    let mut without_length = ask.body("9\r\n123456789\r\n0\r\n\r\n");
    without_length.headers.retain(|(n, _)| n != "x-amz-decoded-content-length" && n != "authorization");
    assert_eq!(without_length.send().await.status, 411);
}

#[tokio::test]
async fn encodings_of_the_object_stay_as_they_were_written() {
    let site = Site::start().await;
    for (sent, kept) in [
        ("deflate, gzip,aws-chunked", "deflate, gzip"),
        ("aws-chunked, gzip", "gzip"),
        ("gzip, aws-chunked", "gzip"),
        ("aws-chunked, aws-chunked", "none"),
    ] {
        let ask = site.request("PUT", "/photos/a").header("content-encoding", sent).header("x-amz-decoded-content-length", "9");
        let ask = ask.header("x-amz-trailer", "x-amz-checksum-crc32").signed_as(&site.signer("s3"), "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
        let answer = ask.body(format!("9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:{CRC_OF_123456789}\r\n\r\n")).send().await;
        assert_eq!((answer.status, answer.header("x-read-encoding")), (200, Some(kept)), "{}", answer.text());
    }
}

#[tokio::test]
async fn signed_chunks_with_and_without_a_trailer() {
    let site = Site::start().await;
    for trailer in [false, true] {
        let signer = site.signer("s3");
        let payload = if trailer { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" } else { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" };
        let mut ask = put(&site);
        if trailer {
            ask.set("x-amz-trailer", "x-amz-checksum-crc32");
        }
        let ask = ask.signed_as(&signer, payload);
        let body = chunks(&ask, &signer, trailer);
        let answer = ask.clone().body(body.clone()).send().await;
        assert_eq!((answer.status, answer.header("x-read-length")), (200, Some("9")), "{}", answer.text());
        let answer = ask.clone().body(body.replace("123456789", "123456780")).send().await;
        assert_eq!((answer.status, answer.xml("Code").as_deref()), (403, Some("SignatureDoesNotMatch")), "{}", answer.text());
        let answer = ask.body(&body[..body.len() / 2]).send().await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}

/// The chunks of `123456789`, signed in turn as a client does: by asking for the signature that the server will ask for.
fn chunks(ask: &Ask, signer: &crate::support::Signer, trailer: bool) -> String {
    let (date, scope) = signer.date_and_scope();
    let mut previous = ask.headers.iter().find(|h| h.0 == "authorization").unwrap().1.rsplit('=').next().unwrap().to_owned();
    let key = signer.signing_key();
    let mut sign = |kind: &str, rest: &str| {
        previous = key.sign(format!("AWS4-HMAC-SHA256-{kind}\n{date}\n{scope}\n{previous}\n{rest}").as_bytes());
        previous.clone()
    };
    let hash = |text: &str| kit::hex(&Sha256::digest(text));
    let first = sign("PAYLOAD", &format!("{EMPTY_SHA256}\n{}", hash("123456789")));
    let last = sign("PAYLOAD", &format!("{EMPTY_SHA256}\n{EMPTY_SHA256}"));
    let mut out = format!("9;chunk-signature={first}\r\n123456789\r\n0;chunk-signature={last}\r\n");
    if trailer {
        let line = format!("x-amz-checksum-crc32:{CRC_OF_123456789}");
        let signature = sign("TRAILER", &hash(&format!("{line}\n")));
        out.push_str(&format!("{line}\r\nx-amz-trailer-signature:{signature}\r\n"));
    }
    out + "\r\n"
}

#[tokio::test]
async fn chunks_of_a_stranger_are_not_believed() {
    let site = Site::start().await;
    let ask = put(&site).header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    let answer = ask.body("9;chunk-signature=00\r\n123456789\r\n0;chunk-signature=00\r\n\r\n").send().await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    let scope = gateway::sig_v4::CredentialScope {
        date: "20260101".into(),
        region: "r".into(),
        service: "s3".into(),
        terminator: "aws4_request".into(),
    };
    let mut signer = ChunkSigner::new(gateway::sig_v4::SigningKey::derive("s", &scope), "20260101T000000Z", &scope.text(), "seed");
    assert!(!signer.chunk(EMPTY_SHA256, ""));
}
