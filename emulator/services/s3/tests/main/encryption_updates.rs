//! UpdateObjectEncryption: what changes of a version, what stays, and what is refused.

use crate::{
    desk::{Allows, Desk},
    http::Answer,
};
use fakes::keys::{FakeKeys, KEY, MANAGED};
use serde_json::json;
use std::sync::Arc;

async fn with_kms() -> (Desk, Arc<FakeKeys>) {
    let desk = Desk::with_bucket("box").await;
    let keys = FakeKeys::of("s3.amazonaws.com");
    desk.cloud.ports().offer_keys(keys.clone());
    (desk, keys)
}

fn wanted(arn: &str, bucket_key: bool) -> String {
    format!(
        "<ObjectEncryption xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><SSE-KMS><KMSKeyArn>{arn}</KMSKeyArn><BucketKeyEnabled>{bucket_key}</BucketKeyEnabled></SSE-KMS></ObjectEncryption>"
    )
}

async fn update(desk: &Desk, target: &str, arn: &str, bucket_key: bool) -> Answer {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let target = format!("{path}?encryption&{query}");
    desk.send("PUT", target.trim_end_matches('&'), &[], wanted(arn, bucket_key).as_bytes()).await
}

const METHOD: &str = "x-amz-server-side-encryption";
const BY_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const BUCKET_KEY: &str = "x-amz-server-side-encryption-bucket-key-enabled";

async fn described(desk: &Desk, target: &str) -> Answer {
    desk.send("HEAD", target, &[("x-amz-checksum-mode", "ENABLED")], b"").await.ok()
}

#[tokio::test]
async fn an_object_gets_a_key_and_stays_what_it_is() {
    let (desk, keys) = with_kms().await;
    desk.send("PUT", "/box/k", &[("x-amz-meta-a", "1"), ("x-amz-storage-class", "GLACIER_IR")], b"text").await.ok();
    let before = described(&desk, "/box/k").await;
    desk.advance(3600).await;
    for (arn, bucket_key) in [(KEY, false), (MANAGED, false), (MANAGED, true)] {
        update(&desk, "/box/k", arn, bucket_key).await.ok();
        let after = described(&desk, "/box/k").await;
        for header in ["etag", "last-modified", "x-amz-checksum-crc64nvme", "content-length", "x-amz-meta-a", "x-amz-storage-class"] {
            assert_eq!(after.header(header), before.header(header), "{header}");
        }
        assert_eq!((after.header(METHOD), after.header(BY_KEY)), (Some("aws:kms"), Some(arn)));
        assert_eq!(after.header(BUCKET_KEY), bucket_key.then_some("true"));
        assert_eq!(desk.get("/box/k").await.ok().text(), "text");
    }
    *keys.disabled.lock().unwrap() = true;
    assert_eq!(desk.get("/box/k").await.fault(), (400, "KMS.DisabledException".into()), "it is under the key");
    assert_eq!(update(&desk, "/box/k", KEY, false).await.fault(), (400, "KMS.DisabledException".into()));
    *keys.disabled.lock().unwrap() = false;
    assert_eq!(described(&desk, "/box/k").await.header(BY_KEY), Some(MANAGED), "what failed changed nothing");
    assert_eq!(desk.get("/box/k").await.ok().text(), "text");
}

#[tokio::test]
async fn parts_keep_their_bounds_and_other_versions_their_keys() {
    let (desk, _) = with_kms().await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    let upload = desk.send("POST", "/box/k?uploads", &[], b"").await.ok().element("UploadId").unwrap();
    let big = vec![b'a'; 5 << 20];
    let mut list = String::new();
    for (number, body) in [(1, &big[..]), (2, b"the end")] {
        let part = desk.send("PUT", &format!("/box/k?partNumber={number}&uploadId={upload}"), &[], body).await.ok();
        list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>", part.header("etag").unwrap().replace('"', ""));
    }
    let list = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    let first = desk.send("POST", &format!("/box/k?uploadId={upload}"), &[], list.as_bytes()).await.ok();
    let first = first.header("x-amz-version-id").unwrap().to_owned();
    desk.put("/box/k", "second").await;
    let of_first = format!("/box/k?versionId={first}");
    let etag = described(&desk, &of_first).await.header("etag").unwrap().to_owned();
    update(&desk, &of_first, KEY, false).await.ok();
    let after = described(&desk, &of_first).await;
    assert_eq!((after.header(METHOD), after.header("etag")), (Some("aws:kms"), Some(&*etag)));
    assert!(etag.ends_with("-2\""));
    let part = desk.get(&format!("/box/k?partNumber=2&versionId={first}")).await;
    assert_eq!((part.status, part.text().as_str(), part.header("x-amz-mp-parts-count")), (206, "the end", Some("2")));
    let range = format!("bytes={}-{}", big.len() - 2, big.len() + 2);
    assert_eq!(desk.send("GET", &of_first, &[("range", &range)], b"").await.text(), "aathe");
    assert_eq!(described(&desk, "/box/k").await.header(METHOD), Some("AES256"));
    assert_eq!(desk.get("/box/k").await.ok().text(), "second");
    let versions = desk.ok("ListObjectVersions", json!({ "Bucket": "box" })).await;
    assert_eq!(versions["Versions"].as_array().unwrap().len(), 2, "no version was made");
}

#[tokio::test]
async fn what_cannot_be_updated_is_refused() {
    let (desk, _) = with_kms().await;
    desk.put("/box/k", "text").await;
    let says = async |answer: Answer, code: &str, start: &str| {
        assert_eq!(answer.fault().1, code, "{}", answer.text());
        let sentence = answer.element("Message").unwrap();
        assert!(sentence.starts_with(start), "{sentence}");
    };
    says(
        update(&desk, "/box/k", "", false).await,
        "InvalidRequest",
        "Requests that modify an object's encryption type to SSE-KMS require an",
    )
    .await;
    for bad in ["alias/mine", "1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:us-east-1:000000000000:alias/mine"] {
        let start = "Requests that modify an object's encryption type to SSE-KMS require a valid";
        says(update(&desk, "/box/k", bad, false).await, "InvalidRequest", start).await;
    }
    let foreign = KEY.replace("000000000000", "111122223333");
    says(update(&desk, "/box/k", &foreign, false).await, "AccessDenied", "The Amazon Web Services KMS key in the request must be owned")
        .await;
    for none in ["<ObjectEncryption/>", "<ObjectEncryption><SSE-S3/></ObjectEncryption>"] {
        let none = desk.send("PUT", "/box/k?encryption", &[], none.as_bytes()).await;
        says(none, "InvalidRequest", "Requests that modify an object encryption configuration require a valid new").await;
    }
    assert_eq!(update(&desk, "/box/missing", KEY, false).await.fault(), (404, "NoSuchKey".into()));
    let dual = [(METHOD, "aws:kms:dsse"), (BY_KEY, KEY)];
    desk.send("PUT", "/box/dual", &dual, b"text").await.ok();
    let start = "The UpdateObjectEncryption operation doesn't support source objects";
    says(update(&desk, "/box/dual", KEY, false).await, "InvalidRequest", start).await;
    assert_eq!(described(&desk, "/box/k").await.header(METHOD), Some("AES256"));
}

#[tokio::test]
async fn a_locked_version_keeps_its_encryption() {
    let (desk, _) = with_kms().await;
    desk.ok("CreateBucket", json!({ "Bucket": "locked", "ObjectLockEnabledForBucket": true })).await;
    desk.put("/locked/k", "text").await.ok();
    desk.ok("PutObjectLegalHold", json!({ "Bucket": "locked", "Key": "k", "LegalHold": { "Status": "ON" } })).await;
    let refused = update(&desk, "/locked/k", KEY, false).await;
    assert_eq!(refused.fault(), (403, "AccessDenied".into()));
    assert!(refused.element("Message").unwrap().contains("protected by S3 Object Lock"));
    desk.ok("PutObjectLegalHold", json!({ "Bucket": "locked", "Key": "k", "LegalHold": { "Status": "OFF" } })).await;
    update(&desk, "/locked/k", KEY, false).await.ok();
}

#[tokio::test]
async fn both_actions_of_s3_are_needed() {
    const ALL: [&str; 2] = ["s3:PutObject", "s3:UpdateObjectEncryption"];
    for missing in 0..=ALL.len() {
        let (desk, _) = with_kms().await;
        desk.put("/box/k", "text").await;
        let kms = ["kms:Encrypt", "kms:ReEncryptTo", "kms:GenerateDataKey"].map(|action| ("111122223333", action, KEY));
        let s3 = ALL
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != missing)
            .map(|(_, action)| ("111122223333", *action, "arn:aws:s3:::box/k"));
        desk.cloud.set_decider(Arc::new(crate::renames::OnlyListed(Allows(s3.chain(kms).collect()))));
        let body = wanted(KEY, false);
        let answer = desk.send_as(Some(("111122223333", "test")), "PUT", "/box/k?encryption", &[], body.as_bytes()).await;
        assert_eq!(answer.status, if missing == ALL.len() { 200 } else { 403 }, "without {:?}: {}", ALL.get(missing), answer.text());
    }
}
