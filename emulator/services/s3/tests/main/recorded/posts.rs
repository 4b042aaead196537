//! Browser forms: `test_s3.py::TestS3PresignedPost`.

use super::{BoxFuture, Recorder, urls::document};
use crate::{
    forms::{
        Form,
        Version::{self, Four, Two},
    },
    http::Answer,
};
use serde_json::{Value, json};

/// Replays by the names of their snapshots.
pub const REPLAYS: &[(&str, for<'a> fn(&'a mut Recorder) -> BoxFuture<'a>)] = &[
    ("test_post_request_expires", |r| Box::pin(expires(r))),
    ("test_post_request_malformed_policy[s3]", |r| Box::pin(malformed_policy(r, Two))),
    ("test_post_request_malformed_policy[s3v4]", |r| Box::pin(malformed_policy(r, Four))),
    ("test_post_request_missing_signature[s3]", |r| Box::pin(missing_signature(r, Two))),
    ("test_post_request_missing_signature[s3v4]", |r| Box::pin(missing_signature(r, Four))),
    ("test_post_request_missing_fields[s3]", |r| Box::pin(missing_fields(r, Two))),
    ("test_post_request_missing_fields[s3v4]", |r| Box::pin(missing_fields(r, Four))),
    ("test_post_object_with_tags[single]", |r| {
        Box::pin(tags(r, "<Tagging><TagSet><Tag><Key>TagName</Key><Value>TagValue</Value></Tag></TagSet></Tagging>"))
    }),
    ("test_post_object_with_tags[list]", |r| {
        Box::pin(tags(
            r,
            "<Tagging><TagSet><Tag><Key>TagName</Key><Value>TagValue</Value></Tag><Tag><Key>TagName2</Key><Value>TagValue2</Value></Tag></TagSet></Tagging>",
        ))
    }),
    ("test_post_object_with_tags[invalid]", |r| Box::pin(tags(r, "<InvalidXmlTagging></InvalidXmlTagging>"))),
    ("test_post_object_with_tags[notxml]", |r| Box::pin(tags(r, "not-xml"))),
    ("test_post_object_with_metadata", |r| Box::pin(metadata(r))),
    ("test_post_object_with_unicode_metadata", |r| Box::pin(unicode_metadata(r))),
    ("test_post_object_with_storage_class", |r| Box::pin(storage_class(r))),
    ("test_post_object_with_wrong_content_type", |r| Box::pin(wrong_type(r))),
    ("test_post_object_default_checksum", |r| Box::pin(default_checksum(r))),
    ("test_post_object_with_file_as_string", |r| Box::pin(file_as_string(r))),
    ("test_post_object_policy_conditions_validation_eq", |r| Box::pin(conditions_eq(r))),
    ("test_post_object_policy_conditions_validation_starts_with", |r| Box::pin(conditions_starts_with(r))),
    ("test_post_object_policy_validation_size", |r| Box::pin(sizes(r))),
    ("test_presigned_post_with_different_user_credentials", |r| Box::pin(plain(r))),
];

const HOUR: i64 = 3600;

fn with_status(answer: &Answer) -> Value {
    let mut out = document(answer);
    out["StatusCode"] = answer.status.into();
    out
}

/// A form whose fields are all named by conditions.
fn named(r: &Recorder, version: Version, key: &str, fields: &[(&str, &str)]) -> Form {
    let conditions = fields.iter().map(|(name, value)| json!(["eq", format!("${name}"), value])).collect();
    Form::signed(&r.desk, version, "box", key, fields, conditions, HOUR)
}

async fn head(r: &mut Recorder, step: &str, key: &str) {
    r.calls(step, "HeadObject", json!({ "Bucket": "box", "Key": key })).await;
}

async fn expires(r: &mut Recorder) {
    let form = Form::signed(&r.desk, Two, "box", "k", &[], vec![], 2);
    r.desk.advance(3).await;
    let answer = form.post(&r.desk).await;
    r.matches("exception", &with_status(&answer));
}

async fn malformed_policy(r: &mut Recorder, version: Version) {
    let mut form = named(r, version, "k", &[]);
    let policy = form.fields.iter().find(|(n, _)| n == "policy").unwrap().1.clone();
    form.set("policy", &policy[..policy.len() - 2]);
    let answer = form.post(&r.desk).await;
    assert_eq!(answer.element("StringToSign").as_deref(), Some(&policy[..policy.len() - 2]));
    r.matches("exception-policy", &with_status(&answer));
}

async fn missing_signature(r: &mut Recorder, version: Version) {
    let mut form = named(r, version, "k", &[]);
    form.drop(&["signature", "x-amz-signature"]);
    let answer = form.post(&r.desk).await;
    r.matches("exception-missing-signature", &with_status(&answer));
}

async fn missing_fields(r: &mut Recorder, version: Version) {
    let mut form = named(r, version, "k", &[]);
    form.drop(&["AWSAccessKeyId", "x-amz-algorithm", "x-amz-credential"]);
    let answer = form.post(&r.desk).await;
    r.matches("exception-missing-fields", &with_status(&answer));
    form.fields.retain(|(n, _)| n == "key" || n == "policy");
    let answer = form.post(&r.desk).await;
    r.matches("exception-no-sig-related-fields", &with_status(&answer));
}

async fn tags(r: &mut Recorder, tagging: &str) {
    let answer = named(r, Four, "k", &[("tagging", tagging)]).post(&r.desk).await;
    match answer.status {
        204 => r.calls("get-tagging", "GetObjectTagging", json!({ "Bucket": "box", "Key": "k" })).await,
        _ => r.matches("tagging-error", &document(&answer)),
    }
}

async fn metadata(r: &mut Recorder) {
    let fields = [
        ("x-amz-meta-test-1", "test-meta-1"),
        ("x-amz-meta-TEST-2", "test-meta-2"),
        ("Content-Type", "text/plain"),
        ("Expires", "Tue, 14 Nov 2023 22:23:20 GMT"),
    ];
    let answer = named(r, Four, "k", &fields).file(Some("file"), "test-body-tagging").post(&r.desk).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    head(r, "head-object", "k").await;
}

async fn unicode_metadata(r: &mut Recorder) {
    let key = "test_unicode—_file.pdf";
    let safe = "! \"#$%&'()*+,-./0123456789:;<>'?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\t";
    let fields = [
        ("Content-Disposition", "filename=\"test_—_file%E2%80%94_é_2-.pdf\""),
        ("Cache-Control", "non-ascii-%E2%80%94_—_é_"),
        ("x-amz-meta-nonascii", "ÄMÄZÕÑ S3"),
        ("x-amz-meta-nonascii-2", "test_—_file%E2%80%94_é_2👑.pdf"),
        ("x-amz-meta-safe-chars", safe),
        ("x-amz-meta-utf-8", "\u{0}\u{1}\u{2}\u{3}\u{4}"),
        ("x-amz-meta-q-encoded", "=?UTF-8?Q?actually-ascii?="),
        ("x-amz-meta-b-encoded", "=?UTF-8?B?YWJj?="),
        ("success_action_status", "201"),
    ];
    let answer = named(r, Four, key, &fields).file(Some("file"), "test-body-tagging").post(&r.desk).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let mut made = document(&answer);
    made["LocationHeader"] = answer.header("location").into();
    r.matches("post-object", &made);
    head(r, "head-object", key).await;
}

async fn storage_class(r: &mut Recorder) {
    let form = named(r, Four, "k", &[("x-amz-storage-class", "STANDARD_IA")]).file(Some("file"), "test-body-storage-class");
    assert_eq!(form.post(&r.desk).await.status, 204);
    head(r, "head-object", "k").await;
    let answer = named(r, Four, "k", &[("x-amz-storage-class", "FakeClass")]).post(&r.desk).await;
    r.matches("invalid-storage-error", &document(&answer));
}

async fn wrong_type(r: &mut Recorder) {
    let answer = named(r, Four, "k", &[]).post_as(&r.desk, "text/html").await;
    assert_eq!(answer.status, 412);
    r.matches("invalid-content-type-error", &document(&answer));
}

async fn default_checksum(r: &mut Recorder) {
    let answer = named(r, Four, "k", &[]).file(Some("file"), "test-body-tagging").post(&r.desk).await;
    assert!(answer.header("x-amz-checksum-crc64nvme").is_some() && answer.header("x-amz-checksum-type") == Some("FULL_OBJECT"));
    r.calls("head-object", "HeadObject", json!({ "Bucket": "box", "Key": "k", "ChecksumMode": "ENABLED" })).await;
}

async fn file_as_string(r: &mut Recorder) {
    let form = named(r, Four, "test-presigned-post-file-as-field", &[]).file(None, "test-body-file-as-field");
    assert_eq!(form.post(&r.desk).await.status, 204);
    head(r, "head-object", "test-presigned-post-file-as-field").await;
    let form = named(r, Four, "file-as-field-${filename}", &[]).file(None, "test-body-file-as-field-filename-replacement");
    assert_eq!(form.post(&r.desk).await.status, 204);
    r.calls("list-objects", "ListObjectsV2", json!({ "Bucket": "box" })).await;
}

async fn conditions_eq(r: &mut Recorder) {
    let (key, page) = ("validate-policy-1", "http://localhost.test/random");
    let fields = [("success_action_redirect", page)];
    let signed =
        |r: &Recorder, conditions: Value| Form::signed(&r.desk, Four, "box", key, &fields, conditions.as_array().unwrap().clone(), HOUR);
    let mut form = signed(r, json!([["eq", "$success_action_redirect", page]]));
    form.set("success_action_redirect", "http://wrong.location/test");
    let answer = form.post(&r.desk).await;
    r.matches("invalid-condition-eq", &document(&answer));
    let answer = signed(r, json!([["eq", "success_action_redirect", page]])).post(&r.desk).await;
    r.matches("invalid-condition-missing-prefix", &document(&answer));
    let answer = signed(r, json!([{ "bucket": "box", "success_action_redirect": page }])).post(&r.desk).await;
    r.matches("invalid-condition-wrong-condition", &document(&answer));
    let answer = signed(r, json!([["eq", "$success_action_redirect", "HTTP://localhost.test/random"]])).post(&r.desk).await;
    r.matches("invalid-condition-wrong-value-casing", &document(&answer));
    let expires = "Tue, 14 Nov 2023 22:23:20 GMT";
    let fields =
        [("x-amz-meta-test-1", "test-meta-1"), ("x-amz-meta-TEST-2", "test-meta-2"), ("Content-Type", "text/plain"), ("Expires", expires)];
    let lower = json!([
        ["eq", "$x-amz-meta-test-1", "test-meta-1"],
        ["eq", "$x-amz-meta-test-2", "test-meta-2"],
        ["eq", "$content-type", "text/plain"],
        ["eq", "$Expires", expires]
    ]);
    let form = Form::signed(&r.desk, Four, "box", key, &fields, lower.as_array().unwrap().clone(), HOUR);
    assert_eq!(form.post(&r.desk).await.status, 204);
    head(r, "head-object-metadata", key).await;
    let answer = signed(r, json!([["eq", "$success_Action_REDIRECT", page]])).post(&r.desk).await;
    assert_eq!(answer.status, 303);
    r.calls("final-object", "GetObject", json!({ "Bucket": "box", "Key": key })).await;
}

async fn conditions_starts_with(r: &mut Recorder) {
    let (key, page) = ("validate-policy-2", "http://localhost.test/random");
    let fields = [("success_action_redirect", page)];
    let starts = |r: &Recorder, with: &str| {
        let conditions = vec![json!(["starts-with", "$success_action_redirect", with])];
        Form::signed(&r.desk, Four, "box", key, &fields, conditions, HOUR)
    };
    let mut form = starts(r, "http://localhost");
    form.set("success_action_redirect", "http://wrong.location/test");
    let answer = form.post(&r.desk).await;
    r.matches("invalid-condition-starts-with", &document(&answer));
    form.set("success_action_redirect", "HTTP://localhost.test/random");
    let answer = form.post(&r.desk).await;
    r.matches("invalid-condition-starts-with-casing", &document(&answer));
    form.set("success_action_redirect", page);
    let answer = form.post(&r.desk).await;
    assert!(answer.status == 303 && answer.header("location").unwrap().starts_with(page));
    r.calls("get-object-1", "GetObject", json!({ "Bucket": "box", "Key": key })).await;
    let mut form = starts(r, "").file(Some("file"), "manual value to change ETag");
    form.set("success_action_redirect", "http://wrong.location/test");
    assert_eq!(form.post(&r.desk).await.status, 303);
    r.calls("get-object-2", "GetObject", json!({ "Bucket": "box", "Key": key })).await;
}

async fn sizes(r: &mut Recorder) {
    let key = "validate-policy-content-length";
    let ranged = |r: &Recorder, least: Value, most: Value, size: usize| {
        let conditions = vec![json!(["content-length-range", least, most])];
        Form::signed(&r.desk, Four, "box", key, &[], conditions, HOUR).file(Some("file"), "a".repeat(size))
    };
    let answer = ranged(r, 5.into(), 10.into(), 12).post(&r.desk).await;
    r.matches("invalid-content-length-too-big", &document(&answer));
    let answer = ranged(r, 5.into(), 10.into(), 1).post(&r.desk).await;
    r.matches("invalid-content-length-too-small", &document(&answer));
    assert_eq!(ranged(r, 5.into(), 10.into(), 5).post(&r.desk).await.status, 204);
    assert_eq!(ranged(r, 5.into(), 10.into(), 10).post(&r.desk).await.status, 204);
    r.calls("final-object", "GetObject", json!({ "Bucket": "box", "Key": key })).await;
    assert_eq!(ranged(r, "5".into(), "10".into(), 10).post(&r.desk).await.status, 204);
    let answer = ranged(r, "test".into(), "10".into(), 10).post(&r.desk).await;
    r.matches("invalid-content-length-wrong-type", &document(&answer));
}

async fn plain(r: &mut Recorder) {
    assert_eq!(named(r, Four, "k", &[]).post(&r.desk).await.status, 204);
    r.calls("get-obj", "GetObject", json!({ "Bucket": "box", "Key": "k" })).await;
}
