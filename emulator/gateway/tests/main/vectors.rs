//! AWS's own examples, with the signatures that AWS's pages print.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>, `sigv4-query-string-auth.html`,
//! `sigv4-streaming.html`, `sigv4-streaming-trailers.html`.

use gateway::{
    body::{AwsChunked, Framing},
    sig_v4::{ChunkSigner, CredentialScope, Dialect, EMPTY_SHA256, Signable, SigningKey, canonical, string_to_sign},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use wire::Body;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const DATE: &str = "20130524T000000Z";

fn scope(date: &str, service: &str) -> CredentialScope {
    CredentialScope { date: date.into(), region: "us-east-1".into(), service: service.into(), terminator: "aws4_request".into() }
}

fn signature(method: &str, path: &str, query: &str, headers: &[(&str, &str)], payload: &str) -> String {
    let map: HeaderMap = headers.iter().map(|(n, v)| (HeaderName::try_from(*n).unwrap(), HeaderValue::try_from(*v).unwrap())).collect();
    let mut names: Vec<String> = headers.iter().map(|(n, _)| n.to_string()).collect();
    names.sort();
    let canonical = Signable { method, path, query, headers: &map }.canonical(Dialect::S3, &names, payload);
    let scope = scope("20130524", "s3");
    SigningKey::derive(SECRET, &scope).sign(string_to_sign(DATE, &scope.text(), &canonical).as_bytes())
}

const HOST: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
const AT: (&str, &str) = ("x-amz-date", DATE);
const EMPTY: (&str, &str) = ("x-amz-content-sha256", EMPTY_SHA256);

#[test]
fn get_object() {
    let headers = [HOST, ("range", "bytes=0-9"), EMPTY, AT];
    assert_eq!(
        signature("GET", "/test.txt", "", &headers, EMPTY_SHA256),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}

#[test]
fn put_object() {
    let hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    let headers = [
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        HOST,
        ("x-amz-content-sha256", hash),
        AT,
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    assert_eq!(signature("PUT", "/test$file.text", "", &headers, hash), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

#[test]
fn get_bucket_lifecycle() {
    assert_eq!(
        signature("GET", "/", "lifecycle", &[HOST, EMPTY, AT], EMPTY_SHA256),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
}

#[test]
fn list_objects() {
    let found = signature("GET", "/", "max-keys=2&prefix=J", &[HOST, EMPTY, AT], EMPTY_SHA256);
    assert_eq!(found, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

#[test]
fn presigned_get() {
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=ignored";
    assert_eq!(
        signature("GET", "/test.txt", query, &[HOST], "UNSIGNED-PAYLOAD"),
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

#[test]
fn iam_list_users() {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("host", "iam.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
    ];
    let map: HeaderMap = headers.iter().map(|(n, v)| (HeaderName::try_from(*n).unwrap(), HeaderValue::try_from(*v).unwrap())).collect();
    let names: Vec<String> = headers.iter().map(|(n, _)| n.to_string()).collect();
    let signable = Signable { method: "GET", path: "/", query: "Action=ListUsers&Version=2010-05-08", headers: &map };
    let text = signable.canonical(Dialect::Standard, &names, EMPTY_SHA256);
    let scope = scope("20150830", "iam");
    let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope);
    let found = key.sign(string_to_sign("20150830T123600Z", &scope.text(), &text).as_bytes());
    assert_eq!(found, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    assert_eq!(canonical::canonical_path("/documents and settings/", Dialect::Standard), "/documents%20and%20settings/");
}

fn signer(seed: &str) -> ChunkSigner {
    let scope = scope("20130524", "s3");
    ChunkSigner::new(SigningKey::derive(SECRET, &scope), DATE, &scope.text(), seed)
}

fn chunk(size: usize, signature: &str) -> Vec<u8> {
    let mut out = format!("{size:x};chunk-signature={signature}\r\n").into_bytes();
    out.extend(std::iter::repeat_n(b'a', size));
    out.extend_from_slice(b"\r\n");
    out
}

async fn read(bytes: Vec<u8>, seed: &str, trailers: Vec<String>) -> Result<usize, String> {
    let framing = Framing { signer: Some(signer(seed)), signed_trailer: !trailers.is_empty(), trailers, decoded_length: 66560 };
    let mut body = AwsChunked::body(Body::from_bytes(bytes), framing).unwrap();
    body.collect(100_000).await.map(|b| b.len()).map_err(|e| wire::body::fault_of(&e).unwrap().code.to_string())
}

#[tokio::test]
async fn chunked_upload() {
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("content-length", "66824"),
        ("host", "s3.amazonaws.com"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        AT,
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    let seed = signature("PUT", "/examplebucket/chunkObject.txt", "", &headers, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    assert_eq!(seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    let mut bytes = chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
    bytes.extend(chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"));
    bytes.extend(chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));
    assert_eq!(bytes.len(), 66824);
    assert_eq!(read(bytes.clone(), &seed, Vec::new()).await, Ok(66560));
    bytes[70] ^= 1;
    assert_eq!(read(bytes, &seed, Vec::new()).await, Err("SignatureDoesNotMatch".into()));
}

#[tokio::test]
async fn chunked_upload_with_a_signed_trailer() {
    let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
    let mut bytes = chunk(65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
    bytes.extend(chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"));
    bytes.extend_from_slice(b"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n");
    bytes.extend_from_slice(b"x-amz-checksum-crc32c:sOO8/Q==\r\n");
    let trailer = |signature: &str| [bytes.clone(), format!("x-amz-trailer-signature:{signature}\r\n\r\n").into_bytes()].concat();
    let names = vec!["x-amz-checksum-crc32c".to_string()];
    let right = trailer("d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
    assert_eq!(read(right, seed, names.clone()).await, Ok(66560));
    let wrong = trailer("d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e436");
    assert_eq!(read(wrong, seed, names).await, Err("SignatureDoesNotMatch".into()));
}
