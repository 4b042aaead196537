//! Presigned URLs: `test_s3.py::TestS3PresignedUrl`.

use super::{BoxFuture, Recorder, xml::Element};
use crate::{
    forms::Version::{self, Four, Two},
    http::Answer,
    presign::{Url, Wish},
};
use serde_json::{Value, json};

/// Replays by the names of their snapshots.
pub const REPLAYS: &[(&str, for<'a> fn(&'a mut Recorder) -> BoxFuture<'a>)] = &[
    ("test_put_object", |r| Box::pin(put_object(r))),
    ("test_put_url_metadata_with_sig_s3v4[True]", |r| Box::pin(metadata_4(r))),
    ("test_put_url_metadata_with_sig_s3v4[False]", |r| Box::pin(metadata_4(r))),
    ("test_put_url_metadata_with_sig_s3[True]", |r| Box::pin(metadata_2(r))),
    ("test_put_url_metadata_with_sig_s3[False]", |r| Box::pin(metadata_2(r))),
    ("test_get_response_overrides_unicode_metadata_with_sig_s3", |r| Box::pin(unicode_overrides(r))),
    ("test_put_unicode_metadata_with_sig_s3", |r| Box::pin(unicode_metadata(r))),
    ("test_presigned_double_encoded_credentials", |r| Box::pin(double_encoded(r))),
    ("test_put_object_with_md5_and_chunk_signature_bad_headers[s3-True]", |r| Box::pin(bad_headers(r, Two))),
    ("test_put_object_with_md5_and_chunk_signature_bad_headers[s3v4-True]", |r| Box::pin(bad_headers(r, Four))),
    ("test_s3_presigned_url_expired[s3]", |r| Box::pin(expired(r, Two, 2, "expired-exception", false))),
    ("test_s3_presigned_url_expired[s3v4]", |r| Box::pin(expired(r, Four, 2, "expired-exception", false))),
    ("test_presigned_url_signature_authentication_expired[s3-False]", |r| Box::pin(expired(r, Two, 1, "expired", false))),
    ("test_presigned_url_signature_authentication_expired[s3-True]", |r| Box::pin(expired(r, Two, 1, "expired", true))),
    ("test_presigned_url_signature_authentication_expired[s3v4-False]", |r| Box::pin(expired(r, Four, 1, "expired", false))),
    ("test_presigned_url_signature_authentication_expired[s3v4-True]", |r| Box::pin(expired(r, Four, 1, "expired", true))),
    ("test_s3_put_presigned_url_with_different_headers[s3]", |r| Box::pin(different_headers(r, Two))),
    ("test_s3_put_presigned_url_with_different_headers[s3v4]", |r| Box::pin(different_headers(r, Four))),
    ("test_s3_put_presigned_url_same_header_and_qs_parameter", |r| Box::pin(header_and_parameter(r))),
    ("test_s3_put_presigned_url_missing_sig_param[s3]", |r| Box::pin(missing_parameter(r, Two))),
    ("test_s3_put_presigned_url_missing_sig_param[s3v4]", |r| Box::pin(missing_parameter(r, Four))),
    ("test_presigned_url_signature_authentication[s3-False]", |r| Box::pin(authentication(r, Two, false))),
    ("test_presigned_url_signature_authentication[s3-True]", |r| Box::pin(authentication(r, Two, true))),
    ("test_presigned_url_signature_authentication[s3v4-False]", |r| Box::pin(authentication(r, Four, false))),
    ("test_presigned_url_signature_authentication[s3v4-True]", |r| Box::pin(authentication(r, Four, true))),
    ("test_presigned_url_v4_x_amz_in_qs", |r| Box::pin(headers_in_the_query(r))),
];
/// Those of `test_s3.py::TestS3`.
pub const OTHERS: &[(&str, for<'a> fn(&'a mut Recorder) -> BoxFuture<'a>)] = &[
    ("test_get_object_content_length_with_virtual_host[True]", |r| Box::pin(content_length(r, true))),
    ("test_get_object_content_length_with_virtual_host[False]", |r| Box::pin(content_length(r, false))),
];

/// A document as xmltodict has it.
pub fn document(answer: &Answer) -> Value {
    Element::read(&answer.text()).map_or(json!({}), |root| json!({ root.name.clone(): root.to_value(false) }))
}
fn with_status(answer: &Answer) -> Value {
    let mut out = document(answer);
    out["StatusCode"] = answer.status.into();
    out
}

fn put<'a>(key: &'a str, headers: &'a [(&'a str, &'a str)]) -> Wish<'a> {
    Wish { method: "PUT", bucket: "box", key, headers, ..Wish::default() }
}
fn get(key: &str) -> Wish<'_> {
    Wish { bucket: "box", key, ..Wish::default() }
}

async fn put_object(r: &mut Recorder) {
    let url = Url::presigned(&r.desk, Four, &put("my-key", &[]));
    assert_eq!(url.send(&r.desk, "PUT", &[], b"something").await.status, 200);
    r.calls("get_object", "GetObject", json!({ "Bucket": "box", "Key": "my-key" })).await;
}

async fn metadata_4(r: &mut Recorder) {
    let url = Url::presigned(&r.desk, Four, &put("key-by-hostname", &[("x-amz-meta-foo", "bar")]));
    let answer = url.send(&r.desk, "PUT", &[], b"content 123").await;
    r.matches("no-meta-headers", &document(&answer));
    assert_eq!(url.send(&r.desk, "PUT", &[("x-amz-meta-foo", "bar")], b"content 123").await.status, 200);
    r.calls("head_object", "HeadObject", json!({ "Bucket": "box", "Key": "key-by-hostname" })).await;
    let answer = url.send(&r.desk, "PUT", &[("x-amz-meta-wrong", "wrong")], b"content 123").await;
    r.matches("wrong-meta-headers", &document(&answer));
}

async fn metadata_2(r: &mut Recorder) {
    let url = Url::presigned(&r.desk, Two, &put("key-by-hostname", &[("x-amz-meta-foo", "bar")]));
    assert_eq!(url.send(&r.desk, "PUT", &[], b"content 123").await.status, 200);
    r.calls("head_object", "HeadObject", json!({ "Bucket": "box", "Key": "key-by-hostname" })).await;
    let answer = url.send(&r.desk, "PUT", &[("x-amz-meta-wrong", "wrong")], b"content 123").await;
    r.matches("wrong-meta-headers", &document(&answer));
}

async fn unicode_overrides(r: &mut Recorder) {
    r.desk.put("/box/key-non-ascii", "").await;
    let query = [
        ("response-cache-control", "non-ascii-%E2%80%94_—_é_"),
        ("response-content-disposition", "filename=\"test_—_file%E2%80%94_é_2.pdf\""),
    ];
    let url = Url::presigned(&r.desk, Two, &Wish { query: &query, ..get("key-non-ascii") });
    let answer = url.send(&r.desk, "GET", &[], b"").await;
    r.matches("unicode-error", &document(&answer));
}

async fn unicode_metadata(r: &mut Recorder) {
    let url = Url::presigned(&r.desk, Two, &put("key-non-ascii", &[("x-amz-meta-foo", "non-ascii-%E2%80%94_—_é_")]));
    let answer = url.send(&r.desk, "PUT", &[], b"").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    r.calls("head_object", "HeadObject", json!({ "Bucket": "box", "Key": "key-non-ascii" })).await;
}

async fn double_encoded(r: &mut Recorder) {
    let mut url = Url::presigned(&r.desk, Four, &get("foo-key"));
    url.query.iter_mut().for_each(|(_, v)| *v = v.replace("%2F", "%252F"));
    let answer = url.send(&r.desk, "GET", &[], b"").await;
    r.matches("error-malformed", &document(&answer));
}

async fn bad_headers(r: &mut Recorder, version: Version) {
    let signed = [("content-type", "application/octet-stream"), ("content-md5", "pX8KKuGXS1f2VTcuJpqjkw==")];
    let url = Url::presigned(&r.desk, version, &put("test-runtime.properties", &signed));
    let more = [
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-date", "20211122T191045Z"),
        ("expect", "100-continue"),
        ("x-amz-decoded-content-length", "test"),
    ];
    let with: Vec<_> = signed.iter().chain(&more).copied().collect();
    let answer = url.send(&r.desk, "PUT", &with, b"test").await;
    r.matches("with-decoded-content-length", &document(&answer));
    let answer = url.send(&r.desk, "PUT", &with[..with.len() - 1], b"test").await;
    r.matches("without-decoded-content-length", &document(&answer));
}

async fn expired(r: &mut Recorder, version: Version, life_secs: i64, step: &str, virtual_host: bool) {
    r.desk.put("/box/temp.txt", "123").await;
    let url = Url::presigned(&r.desk, version, &Wish { life_secs, virtual_host, ..get("temp.txt") });
    assert_eq!(url.send(&r.desk, "GET", &[], b"").await.status, 200);
    r.desk.advance(life_secs as u64 + 1).await;
    let answer = url.send(&r.desk, "GET", &[], b"").await;
    assert_eq!(answer.status, 403);
    r.matches(step, &document(&answer));
}

async fn different_headers(r: &mut Recorder, version: Version) {
    let key = "key-double-header-param";
    let url = Url::presigned(&r.desk, version, &put(key, &[("content-type", "text/plain")]));
    assert_eq!(url.send(&r.desk, "PUT", &[("content-type", "text/plain")], b"test_data").await.status, 200);
    let answer = url.send(&r.desk, "PUT", &[("content-type", "text/xml")], b"test_data").await;
    r.matches("content-type-exception", &with_status(&answer));
    r.desk.advance(2).await;
    let url = Url::presigned(&r.desk, version, &put(key, &[("content-encoding", "identity")]));
    assert_eq!(url.send(&r.desk, "PUT", &[("content-encoding", "identity")], b"test_data").await.status, 200);
    let answer = url.send(&r.desk, "PUT", &[("content-encoding", "identity"), ("content-type", "text/xml")], b"test_data").await;
    r.matches("content-type-response", &with_status(&answer));
    let answer = url.send(&r.desk, "PUT", &[("content-encoding", "gzip")], b"test_data").await;
    r.matches("wrong-content-encoding-response", &with_status(&answer));
}

async fn header_and_parameter(r: &mut Recorder) {
    let url = Url::presigned(&r.desk, Four, &put("key-double-header-param", &[("x-amz-request-payer", "requester")]));
    let mut twice = url.clone();
    twice.query.insert(0, ("x-amz-request-payer".into(), "non-valid".into()));
    let answer = twice.send(&r.desk, "PUT", &[("x-amz-request-payer", "requester")], b"test_data").await;
    r.matches("double-header-query-string", &with_status(&answer));
    let answer = url.send(&r.desk, "PUT", &[("x-amz-expires", "5")], b"test_data").await;
    r.matches("override-signed-qs", &with_status(&answer));
}

async fn missing_parameter(r: &mut Recorder, version: Version) {
    let mut url = Url::presigned(&r.desk, version, &get("key-missing-param"));
    url.query.retain(|(n, _)| n != "Expires" && n != "X-Amz-Date");
    let answer = url.send(&r.desk, "GET", &[], b"").await;
    r.matches("missing-param-exception", &with_status(&answer));
}

async fn authentication(r: &mut Recorder, version: Version, virtual_host: bool) {
    r.desk.put("/box/temp.txt", "123").await;
    let query = [("response-content-type", "text/plain"), ("response-content-disposition", "attachment;  filename=test.txt")];
    let wish = Wish { virtual_host, life_secs: 20, ..get("temp.txt") };
    let url = Url::presigned(&r.desk, version, &Wish { query: &query, ..wish });
    let answer = url.send(&r.desk, "GET", &[], b"").await;
    assert_eq!((answer.status, answer.header("content-disposition")), (200, Some("attachment;  filename=test.txt")), "{}", answer.text());
    let answer = url.stripped().send(&r.desk, "GET", &[("content-type", "my-fake-content/type")], b"data").await;
    r.matches("invalid-get-1", &document(&answer));
    let url = Url::presigned(&r.desk, version, &Wish { method: "PUT", headers: &[("content-type", "text/plain")], ..wish });
    assert_eq!(url.send(&r.desk, "PUT", &[("content-type", "text/plain")], b"data").await.status, 200);
    let answer = url.stripped().send(&r.desk, "PUT", &[("content-type", "my-fake-content/type")], b"data").await;
    r.matches("invalid-put-1", &document(&answer));
    let url = Url::presigned(&r.desk, version, &Wish { method: "DELETE", ..wish });
    assert_eq!(url.send(&r.desk, "DELETE", &[], b"").await.status, 204);
}

async fn headers_in_the_query(r: &mut Recorder) {
    // The URL of an SDK for JavaScript without checksums in it: those that it puts there are of an empty body.
    let query = [("x-amz-meta-foo", "bar-complicated-no-random"), ("x-amz-storage-class", "STANDARD")];
    let url = Url::presigned(&r.desk, Four, &Wish { query: &query, ..put("temp.txt", &[]) });
    assert_eq!(url.send(&r.desk, "PUT", &[("content-md5", "4QrcOUm6Wau+VuBX8g+IPg==")], b"123456").await.status, 200);
    r.calls("head-object", "HeadObject", json!({ "Bucket": "box", "Key": "temp.txt", "ChecksumMode": "ENABLED" })).await;
}

async fn content_length(r: &mut Recorder, virtual_host: bool) {
    r.desk.put("/box/temp.txt", "123").await;
    let url = Url::presigned(&r.desk, Two, &Wish { virtual_host, life_secs: 10, ..get("temp.txt") });
    let answer = url.send(&r.desk, "GET", &[], b"").await;
    let headers = answer.headers.iter().filter(|(n, _)| n != "connection").map(|(n, v)| (n.clone(), Value::from(v.clone())));
    let headers = headers.collect::<serde_json::Map<_, _>>();
    r.matches("get-obj-content-len-headers", &headers.into());
}
