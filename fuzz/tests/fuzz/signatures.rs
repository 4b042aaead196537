//! SigV4: its texts, and the framing of aws-chunked bodies. What is signed can't be changed without being noticed.

use crate::{house::House, target::Target};
use base64::{Engine, prelude::BASE64_STANDARD};
use gateway::{
    body::{AwsChunked, Framing},
    sig_v4::{
        Authorization, ChunkSigner, Credential, CredentialScope, Dialect, EMPTY_SHA256, Payload, Presigned, Signable, SigningKey,
        canonical, moment, string_to_sign,
    },
};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::panic::AssertUnwindSafe;
use wire::Body;

const WORDS: &str = "AWS4-HMAC-SHA256 AWS4-ECDSA-P256-SHA256 Credential= SignedHeaders= Signature= aws4_request X-Amz-Signature= X-Amz-Expires=-1 X-Amz-Expires=99999999999999999999 UNSIGNED-PAYLOAD host; \
    ;chunk-signature= x-amz-trailer-signature: x-amz-checksum-crc32: 0\r\n\r\n \r\n ffffffffffffffff 8000000000000000 -1 +1 %2F %252F %00 %ff ../ ./ // ?? && == \u{e9} 99991231T235959Z 00000000T000000Z";

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024";
const QUERY: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Security-Token=t%2B&X-Amz-Signature=ff";

#[test]
fn signature_texts() {
    let samples = [
        AUTHORIZATION,
        QUERY,
        "/a/./b/../c%2F%zz//%e2%82%ac?x=%&y&=z&a=b+c",
        "Fri, 24 May 2013 00:00:00 GMT",
        "20130524T000000Z",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "b;a;a;host",
    ];
    Target::new("signature_texts", samples.map(|text| text.as_bytes().to_vec()), WORDS).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let authorization = Authorization::parse(&text);
        let presigned = Presigned::parse(&text);
        authorization.iter().for_each(|read| credential(&read.credential));
        presigned.iter().for_each(|read| credential(&read.credential));
        assert!(presigned.is_err() || Presigned::is_meant(&text));
        Credential::parse(&text).iter().for_each(credential);
        if let Ok(payload) = Payload::parse(&text) {
            assert_eq!(payload.text(), text);
        }
        let _ = (moment::parse_amz_date(&text), moment::parse_http_date(&text));
        canonical_forms(&text);
        authorization.is_ok() || presigned.is_ok()
    });
}

fn credential(read: &Credential) {
    let scope = &read.scope;
    assert_eq!(Credential::parse(&format!("{}/{}", read.access_key, scope.text())).as_ref(), Some(read));
    let _ = (scope.date_is_well_formed(), scope.region_is_well_formed());
}

fn canonical_forms(text: &str) {
    let (path, query) = text.split_once('?').unwrap_or((text, text));
    let mut headers = HeaderMap::new();
    if let Ok(value) = http::HeaderValue::from_str(text) {
        headers.append("x-a", value.clone());
        headers.append("x-a", value);
    }
    let names = ["host".to_owned(), "x-a".to_owned(), text.to_owned()];
    for dialect in [Dialect::S3, Dialect::Standard] {
        assert!(canonical::canonical_path(path, dialect).is_ascii());
        let whole = Signable { method: "GET", path, query, headers: &headers }.canonical(dialect, &names, EMPTY_SHA256);
        assert!(string_to_sign("20130524T000000Z", "scope", &whole).lines().count() >= 4);
    }
    // Parameters in another order are the same request.
    let turned: Vec<&str> = query.split('&').rev().collect();
    assert_eq!(canonical::canonical_query(query), canonical::canonical_query(&turned.join("&")));
}

const CONTENT: &[u8] = b"the quick brown fox jumps over the lazy dog";
const DATE: &str = "20130524T000000Z";
const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

fn scope() -> CredentialScope {
    CredentialScope { date: "20130524".into(), region: "us-east-1".into(), service: "s3".into(), terminator: "aws4_request".into() }
}

fn crc(bytes: &[u8]) -> String {
    let crc = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes) as u32;
    BASE64_STANDARD.encode(crc.to_be_bytes())
}

/// The content as a client signs it: one chunk, the last one, and a trailer.
fn signed_chunks(trailer: bool) -> Vec<u8> {
    let key = SigningKey::derive("test", &scope());
    let mut previous = SEED.to_owned();
    let mut sign = |kind: &str, rest: String| {
        previous = key.sign(format!("AWS4-HMAC-SHA256-{kind}\n{DATE}\n{}\n{previous}\n{rest}", scope().text()).as_bytes());
        previous.clone()
    };
    let first = sign("PAYLOAD", format!("{EMPTY_SHA256}\n{}", kit::hex(&Sha256::digest(CONTENT))));
    let last = sign("PAYLOAD", format!("{EMPTY_SHA256}\n{EMPTY_SHA256}"));
    let mut out = format!("{:x};chunk-signature={first}\r\n", CONTENT.len()).into_bytes();
    out.extend_from_slice(CONTENT);
    out.extend_from_slice(format!("\r\n0;chunk-signature={last}\r\n").as_bytes());
    if trailer {
        let line = format!("x-amz-checksum-crc32:{}", crc(CONTENT));
        let signature = sign("TRAILER", kit::hex(&Sha256::digest(format!("{line}\n"))));
        out.extend_from_slice(format!("{line}\r\nx-amz-trailer-signature:{signature}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out
}

fn unsigned_chunks() -> Vec<u8> {
    let (a, b) = CONTENT.split_at(7);
    let head = |bytes: &[u8]| format!("{:x}\r\n", bytes.len()).into_bytes();
    let end = format!("\r\n0\r\nx-amz-checksum-crc32:{}\r\n\r\n", crc(CONTENT)).into_bytes();
    [head(a), a.to_vec(), b"\r\n".to_vec(), head(b), b.to_vec(), end].concat()
}

#[test]
fn chunked_bodies() {
    let samples = [signed_chunks(false), signed_chunks(true), unsigned_chunks()];
    let house = AssertUnwindSafe(House::new());
    for (sample, (signed, trailer)) in samples.iter().zip([(true, false), (true, true), (false, true)]) {
        assert_eq!(take_off(&house, sample, signed, trailer).as_deref(), Some(CONTENT), "{}", String::from_utf8_lossy(sample));
    }
    Target::new("chunked_bodies", samples, WORDS).run(move |bytes| {
        let house = &house;
        let mut taken = false;
        for (signed, trailer) in [(true, false), (true, true), (false, true), (false, false)] {
            if let Some(content) = take_off(house, bytes, signed, trailer) {
                assert_eq!(content.len(), CONTENT.len(), "the announced length");
                assert!(!signed || content == CONTENT, "signed content was changed unnoticed");
                assert!(!trailer || String::from_utf8_lossy(bytes).contains(&crc(&content)), "a checksum did not hold");
                taken = true;
            }
        }
        taken
    });
}

/// The content, if everything about it holds.
fn take_off(house: &House, bytes: &[u8], signed: bool, trailer: bool) -> Option<Vec<u8>> {
    let signer = || ChunkSigner::new(SigningKey::derive("test", &scope()), DATE, &scope().text(), SEED);
    let framing = Framing {
        signer: signed.then(signer),
        trailers: trailer.then(|| "x-amz-checksum-crc32".to_owned()).into_iter().collect(),
        signed_trailer: signed && trailer,
        decoded_length: CONTENT.len() as u64,
    };
    let mut body = AwsChunked::body(Body::from_bytes(bytes.to_vec()), framing).ok()?;
    match house.wait(body.collect(1 << 20)) {
        Ok(content) => Some(content.to_vec()),
        Err(error) => {
            let fault = wire::body::fault_of(&error).expect("an error of a body carries its fault");
            assert!((400..500).contains(&fault.status) && !fault.message.is_empty(), "{}", fault.code);
            None
        }
    }
}
