//! Nonsense of many kinds, the same every time: nothing panics, and whatever comes over the socket is answered.

use crate::support::{Site, read_answer};
use gateway::{
    body::{AwsChunked, Framing},
    sig_v4::{Authorization, Credential, Dialect, Presigned, Signable, canonical, moment},
};
use http::HeaderMap;
use kit::Ids;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use wire::Body;

const SEEDS: [&str; 5] = [
    "AWS4-HMAC-SHA256 Credential=test/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123456789abcdef",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=ff",
    "9;chunk-signature=00\r\n123456789\r\n0;chunk-signature=00\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
    "/a/./b/../c%2F%zz//%e2%82%ac?x=%&y&=z",
    "Fri, 24 May 2013 00:00:00 GMT",
];

/// A seed with a few characters changed, removed or doubled.
fn mangled(ids: &Ids, seed: &str) -> String {
    let mut bytes = seed.as_bytes().to_vec();
    let random = ids.bytes();
    for pair in random[..1 + random[31] as usize % 8 * 2].chunks(2) {
        if bytes.is_empty() {
            break;
        }
        let at = pair[0] as usize * bytes.len() / 256;
        match pair[pair.len() - 1] % 4 {
            0 => drop(bytes.remove(at)),
            1 => bytes[at] = pair[0].wrapping_mul(31) & 0x7f,
            2 => bytes.insert(at, bytes[at]),
            _ => bytes.truncate(at + 1),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn readers_do_not_panic() {
    let ids = Ids::new(1, 1);
    for _ in 0..4000 {
        for seed in SEEDS {
            let text = mangled(&ids, seed);
            let _ = Authorization::parse(&text);
            let _ = Presigned::is_meant(&text) && Presigned::parse(&text).is_ok();
            let _ = Credential::parse(&text).map(|c| c.scope.region_is_well_formed());
            let _ = (moment::parse_amz_date(&text), moment::parse_http_date(&text));
            for dialect in [Dialect::S3, Dialect::Standard] {
                let path = canonical::canonical_path(&text, dialect);
                assert!(path.is_ascii());
                let headers = HeaderMap::new();
                Signable { method: "GET", path: &text, query: &text, headers: &headers }.canonical(
                    dialect,
                    std::slice::from_ref(&text),
                    "",
                );
            }
            let trailers = vec!["x-amz-checksum-crc32".to_owned()];
            let framing = Framing { signer: None, trailers, signed_trailer: false, decoded_length: 9 };
            let mut body = AwsChunked::body(Body::from_bytes(text.into_bytes()), framing).unwrap();
            if let Ok(bytes) = body.collect(100).await {
                assert_eq!(bytes.len(), 9);
            }
        }
    }
}

#[tokio::test]
async fn whatever_comes_is_answered() {
    let site = Site::start().await;
    let ids = Ids::new(2, 2);
    let asks = [
        site.request("PUT", "/photos/a").body("abc").signed(&site.signer("s3")),
        site.request("GET", "/photos/a").presigned(&site.signer("s3"), "60"),
        site.request("POST", "/").json("TillV1.Count", r#"{"Name":"a"}"#).signed(&site.signer("till")),
        site.request("PUT", "/photos?tags").body("<Tags><Tag>a</Tag></Tags>"),
        site.request("POST", "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("Action=Count&Version=2020-02-02&Name=b"),
    ];
    for round in 0..150 {
        let text = String::from_utf8(asks[round % asks.len()].bytes("close")).unwrap();
        let mut stream = TcpStream::connect(site.address()).await.unwrap();
        stream.write_all(mangled(&ids, &text).as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
        let answer = read_answer(&mut stream).await;
        assert_ne!(answer.status, 500, "{}", answer.text());
    }
    assert_eq!(site.request("GET", "/photos/a").send().await.status, 200, "the gateway is still there");
}
