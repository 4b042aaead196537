//! Server-side encryption: S3's keys, KMS keys, customers' keys.

use crate::{desk::Desk, http::Answer};
use base64::{Engine, prelude::BASE64_STANDARD};
use fakes::keys::{FakeKeys, KEY, MANAGED};
use md5::{Digest, Md5};
use serde_json::json;
use std::sync::Arc;

/// Base64 of a customer's key of 32 equal bytes, and of its MD5.
fn customer(byte: u8) -> (String, String) {
    (BASE64_STANDARD.encode([byte; 32]), BASE64_STANDARD.encode(Md5::digest([byte; 32])))
}

const ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";
const CUSTOMER_KEY: &str = "x-amz-server-side-encryption-customer-key";
const CUSTOMER_MD5: &str = "x-amz-server-side-encryption-customer-key-md5";

fn with_key((key, md5): &(String, String)) -> [(&str, &str); 3] {
    [(ALGORITHM, "AES256"), (CUSTOMER_KEY, key), (CUSTOMER_MD5, md5)]
}

async fn with_kms() -> (Desk, Arc<FakeKeys>) {
    let desk = Desk::with_bucket("box").await;
    let keys = FakeKeys::of("s3.amazonaws.com");
    desk.cloud.ports().offer_keys(keys.clone());
    (desk, keys)
}

/// Whether a text stands anywhere in the files of a cloud.
fn stands_on_disk(folder: &std::path::Path, text: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        match path.is_dir() {
            true => stands_on_disk(&path, text),
            false => std::fs::read(&path).unwrap_or_default().windows(text.len()).any(|window| window == text),
        }
    })
}

#[tokio::test]
async fn a_customers_key_is_needed_to_read_what_it_wrote() {
    let desk = Desk::with_bucket("box").await;
    let (right, wrong) = (customer(1), customer(2));
    let body = "something secret ".repeat(10_000);
    let put = desk.send("PUT", "/box/k", &with_key(&right), body.as_bytes()).await.ok();
    assert_eq!((put.header(CUSTOMER_MD5), put.header("x-amz-server-side-encryption")), (Some(&*right.1), None));
    assert_ne!(put.header("etag").unwrap().trim_matches('"'), kit::hex(&Md5::digest(&body)));
    let get = async |method: &str, headers: &[(&str, &str)]| desk.send(method, "/box/k", headers, b"").await;
    let read = get("GET", &with_key(&right)).await.ok();
    assert_eq!((read.text(), read.header(ALGORITHM)), (body.clone(), Some("AES256")));
    let range = [&with_key(&right)[..], &[("range", "bytes=65530-65545")]].concat();
    assert_eq!(get("GET", &range).await.text(), body[65_530..65_546]);
    assert_eq!(get("GET", &[]).await.fault(), (400, "InvalidRequest".into()));
    assert_eq!(get("HEAD", &[]).await.status, 400);
    assert_eq!(get("GET", &with_key(&wrong)).await.fault(), (403, "AccessDenied".into()));
    assert_eq!(get("HEAD", &with_key(&wrong)).await.status, 403);
    assert_eq!(get("GET", &with_key(&right)[..2]).await.fault(), (400, "InvalidArgument".into()));
    // No key at all is told of as a wrong one.
    let short = (BASE64_STANDARD.encode("short"), BASE64_STANDARD.encode(Md5::digest("short")));
    assert_eq!(get("GET", &with_key(&short)).await.fault(), (403, "AccessDenied".into()));
    // Copies name the key of the source, and the target's where it is to have one.
    let source = [
        ("x-amz-copy-source", "/box/k"),
        ("x-amz-copy-source-server-side-encryption-customer-algorithm", "AES256"),
        ("x-amz-copy-source-server-side-encryption-customer-key", &*right.0),
        ("x-amz-copy-source-server-side-encryption-customer-key-md5", &*right.1),
    ];
    assert_eq!(desk.send("PUT", "/box/plain", &source[..1], b"").await.fault(), (400, "InvalidRequest".into()));
    desk.send("PUT", "/box/plain", &source, b"").await.ok();
    assert_eq!(desk.get("/box/plain").await.ok().text(), body);
    desk.send("PUT", "/box/other", &[&source[..], &with_key(&wrong)].concat(), b"").await.ok();
    assert_eq!(desk.send("GET", "/box/other", &with_key(&wrong), b"").await.ok().text(), body);
    let needless = desk.send("GET", "/box/plain", &with_key(&right), b"").await;
    assert_eq!(needless.element("Message").unwrap(), "The encryption parameters are not applicable to this object.");
}

#[tokio::test]
async fn customers_headers_are_judged_as_recorded() {
    let desk = Desk::with_bucket("box").await;
    let (key, md5) = customer(1);
    let short = (BASE64_STANDARD.encode("short"), BASE64_STANDARD.encode(Md5::digest("short")));
    let other = customer(2).1;
    for (headers, code, sentence) in [
        (
            vec![(ALGORITHM, "KMS"), (CUSTOMER_KEY, &*key), (CUSTOMER_MD5, &*md5)],
            "InvalidEncryptionAlgorithmError",
            "Supported value: AES256.",
        ),
        (vec![(CUSTOMER_KEY, &*key), (CUSTOMER_MD5, &*md5)], "InvalidArgument", "a valid encryption algorithm."),
        (vec![(ALGORITHM, "AES256"), (CUSTOMER_MD5, &*md5)], "InvalidArgument", "an appropriate secret key."),
        (
            vec![(ALGORITHM, "AES256"), (CUSTOMER_KEY, &*key)],
            "InvalidArgument",
            "must provide the client calculated MD5 of the secret key.",
        ),
        (with_key(&short).to_vec(), "InvalidArgument", "The secret key was invalid for the specified algorithm."),
        (
            vec![(ALGORITHM, "AES256"), (CUSTOMER_KEY, &*key), (CUSTOMER_MD5, &*other)],
            "InvalidArgument",
            "did not match the hash that was provided.",
        ),
        (
            vec![(ALGORITHM, "AES256"), (CUSTOMER_KEY, &*key), (CUSTOMER_MD5, &*md5), ("x-amz-server-side-encryption", "AES256")],
            "InvalidArgument",
            "is incompatible with the encryption method specified",
        ),
    ] {
        let answer = desk.send("PUT", "/box/k", &headers, b"x").await;
        assert_eq!(answer.fault(), (400, code.into()));
        assert!(answer.element("Message").unwrap().ends_with(sentence), "{}", answer.text());
        assert_eq!(answer.element("ArgumentName").unwrap(), "x-amz-server-side-encryption");
    }
}

#[tokio::test]
async fn parts_bring_the_customers_key() {
    let desk = Desk::with_bucket("box").await;
    let (key, other) = (customer(1), customer(2));
    let begin = async |headers: &[(&str, &str)]| desk.send("POST", "/box/k?uploads", headers, b"").await.ok().element("UploadId").unwrap();
    let upload = begin(&with_key(&key)).await;
    let part = async |upload: &str, number: u32, headers: &[(&str, &str)], body: &[u8]| -> Answer {
        desk.send("PUT", &format!("/box/k?partNumber={number}&uploadId={upload}"), headers, body).await
    };
    let sentence = |answer: Answer| answer.element("Message").unwrap();
    assert!(sentence(part(&upload, 1, &[], b"x").await).ends_with("must include the appropriate encryption parameters."));
    assert!(sentence(part(&upload, 1, &with_key(&other), b"x").await).ends_with("did not match the ones used originally."));
    let plain = begin(&[]).await;
    assert!(sentence(part(&plain, 1, &with_key(&key), b"x").await).ends_with("must include the appropriate encryption parameters."));
    let big = vec![b'a'; 5 << 20];
    let first = part(&upload, 1, &with_key(&key), &big).await.ok().header("etag").unwrap().to_owned();
    let second = part(&upload, 2, &with_key(&key), b"the end").await.ok().header("etag").unwrap().to_owned();
    let list: String = [(1, first), (2, second)]
        .iter()
        .map(|(n, etag)| format!("<Part><PartNumber>{n}</PartNumber><ETag>{}</ETag></Part>", etag.replace('"', "")))
        .collect();
    let list = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
    desk.send("POST", &format!("/box/k?uploadId={upload}"), &[], list.as_bytes()).await.ok();
    assert_eq!(desk.get("/box/k").await.fault(), (400, "InvalidRequest".into()));
    let read = desk.send("GET", "/box/k", &with_key(&key), b"").await.ok();
    assert!(read.body.len() == big.len() + 7 && read.body.ends_with(b"aathe end"));
    let range = format!("bytes={}-{}", big.len() - 2, big.len() + 2);
    let across = [&with_key(&key)[..], &[("range", &range)]].concat();
    assert_eq!(desk.send("GET", "/box/k", &across, b"").await.text(), "aathe");
}

#[tokio::test]
async fn kms_keys_are_used_as_the_caller() {
    let (desk, keys) = with_kms().await;
    let kms = ("x-amz-server-side-encryption", "aws:kms");
    let put = desk.send("PUT", "/box/a", &[kms], b"text").await.ok();
    assert_eq!((put.header(kms.0), put.header("x-amz-server-side-encryption-aws-kms-key-id")), (Some("aws:kms"), Some(MANAGED)));
    assert_eq!(put.header("x-amz-server-side-encryption-bucket-key-enabled"), None);
    let named = ("x-amz-server-side-encryption-aws-kms-key-id", "1234abcd-12ab-34cd-56ef-1234567890ab");
    let context = BASE64_STANDARD.encode(r#"{"team":"blue"}"#);
    let headers =
        [kms, named, ("x-amz-server-side-encryption-context", &context), ("x-amz-server-side-encryption-bucket-key-enabled", "true")];
    let put = desk.send("PUT", "/box/b", &headers, b"other text").await.ok();
    assert_eq!(put.header("x-amz-server-side-encryption-aws-kms-key-id"), Some(KEY));
    assert_eq!(put.header("x-amz-server-side-encryption-bucket-key-enabled"), Some("true"));
    assert_eq!(put.header("x-amz-server-side-encryption-context"), Some(&*context));
    assert_eq!(desk.get("/box/a").await.ok().text(), "text");
    let read = desk.get("/box/b").await.ok();
    assert_eq!((read.text().as_str(), read.header(kms.0)), ("other text", Some("aws:kms")));
    let asked = keys.asked.lock().unwrap().clone();
    let arns: Vec<_> = asked.iter().map(|(operation, _, context)| (operation.as_str(), context["aws:s3:arn"].as_str())).collect();
    // With a bucket key the bucket stands in the context.
    assert_eq!(
        arns,
        [
            ("kms:GenerateDataKey", "arn:aws:s3:::box/a"),
            ("kms:GenerateDataKey", "arn:aws:s3:::box"),
            ("kms:Decrypt", "arn:aws:s3:::box/a"),
            ("kms:Decrypt", "arn:aws:s3:::box")
        ]
    );
    assert_eq!(asked[3].2["team"], "blue");
    // A description needs no key, its checksum does.
    let count = || keys.asked.lock().unwrap().len();
    desk.ask("HEAD", "/box/a").await.ok();
    assert_eq!(count(), 4);
    desk.send("HEAD", "/box/a", &[("x-amz-checksum-mode", "ENABLED")], b"").await.ok();
    assert_eq!(count(), 5);
    *keys.disabled.lock().unwrap() = true;
    assert_eq!(desk.get("/box/a").await.fault(), (400, "KMS.DisabledException".into()));
    assert_eq!(desk.send("PUT", "/box/a", &[kms], b"x").await.fault(), (400, "KMS.DisabledException".into()));
    let unknown = desk.send("PUT", "/box/a", &[kms, (named.0, "fake-key-id")], b"x").await;
    assert_eq!(
        (unknown.fault().1.as_str(), unknown.element("Message").unwrap().as_str()),
        ("KMS.NotFoundException", "Invalid keyId 'fake-key-id'")
    );
    let without = desk.send("PUT", "/box/a", &[named], b"x").await;
    assert_eq!(without.fault(), (400, "InvalidArgument".into()));
    // Without a signature of version 4 there is no way to a KMS key.
    desk.cloud.set_decider(Arc::new(crate::desk::Allows(vec![("anonymous", "s3:GetObject", "arn:aws:s3:::box/a")])));
    assert_eq!(desk.send_as(None, "GET", "/box/a", &[], b"").await.fault(), (400, "InvalidArgument".into()));
}

#[tokio::test]
async fn the_buckets_default_encrypts_what_names_nothing() {
    let (desk, keys) = with_kms().await;
    desk.put("/box/before", "plain").await;
    let rule =
        json!({ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY }, "BucketKeyEnabled": true });
    let configuration = json!({ "Bucket": "box", "ServerSideEncryptionConfiguration": { "Rules": [rule] } });
    desk.ok("PutBucketEncryption", configuration).await;
    assert_eq!(desk.get("/box/before").await.header("x-amz-server-side-encryption"), Some("AES256"));
    let put = desk.put("/box/k", "text").await;
    assert_eq!(put.header("x-amz-server-side-encryption-bucket-key-enabled"), Some("true"));
    assert_eq!(desk.get("/box/k").await.ok().text(), "text");
    // A copy is encrypted anew; back to S3's own keys its ETag is the MD5 again.
    let copied = desk.send("PUT", "/box/copy", &[("x-amz-copy-source", "/box/before")], b"").await.ok();
    assert_eq!(copied.header("x-amz-server-side-encryption-aws-kms-key-id"), Some(KEY));
    assert_eq!(desk.get("/box/copy").await.ok().text(), "plain");
    let plain = [("x-amz-copy-source", "/box/copy"), ("x-amz-server-side-encryption", "AES256")];
    let back = desk.send("PUT", "/box/copy", &plain, b"").await.ok();
    assert!(back.element("ETag").unwrap().contains(&kit::hex(&Md5::digest("plain"))), "{}", back.text());
    // Parts share the upload's data key.
    let upload = desk.ask("POST", "/box/big?uploads").await.ok().element("UploadId").unwrap();
    let part = desk.send("PUT", &format!("/box/big?partNumber=1&uploadId={upload}"), &[], b"in parts").await.ok();
    assert_eq!(part.header("x-amz-server-side-encryption"), Some("aws:kms"));
    let etag = part.header("etag").unwrap().replace('"', "");
    let list = format!("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>");
    let done = desk.send("POST", &format!("/box/big?uploadId={upload}"), &[], list.as_bytes()).await.ok();
    assert_eq!(done.header("x-amz-server-side-encryption-aws-kms-key-id"), Some(KEY));
    assert_eq!(desk.get("/box/big").await.ok().text(), "in parts");
    // Whoever reads through the port is decided on, too.
    let objects = desk.cloud.ports().objects().unwrap();
    let grant = desk.cx.grant(&kit::Need::on("s3:GetObject", "arn:aws:s3:::box/big")).unwrap();
    let read = objects.get(&desk.cx, grant, "box", "big", Some(3..8)).await.unwrap();
    assert_eq!(&read.bytes[..], b"parts");
    assert_eq!(keys.asked.lock().unwrap().last().unwrap().0, "kms:Decrypt");
}

#[tokio::test]
async fn two_layers_and_blocked_customers_keys() {
    let (desk, _) = with_kms().await;
    let dual = ("x-amz-server-side-encryption", "aws:kms:dsse");
    let body = "0123456789".repeat(20_000);
    let put = desk.send("PUT", "/box/k", &[dual], body.as_bytes()).await.ok();
    assert_eq!(put.header(dual.0), Some("aws:kms:dsse"));
    assert_eq!(desk.send("GET", "/box/k", &[("range", "bytes=131070-131075")], b"").await.text(), "012345");
    assert_eq!(desk.get("/box/k").await.ok().text(), body);
    let refused = desk.send("PUT", "/box/k", &[dual, ("x-amz-server-side-encryption-bucket-key-enabled", "true")], b"x").await;
    assert_eq!(refused.fault(), (400, "InvalidArgument".into()));
    let rule = json!({ "BlockedEncryptionTypes": { "EncryptionType": ["SSE-C"] } });
    desk.ok("PutBucketEncryption", json!({ "Bucket": "box", "ServerSideEncryptionConfiguration": { "Rules": [rule] } })).await;
    let blocked = desk.send("PUT", "/box/c", &with_key(&customer(1)), b"x").await;
    assert_eq!(blocked.fault(), (403, "AccessDenied".into()));
}

#[tokio::test]
async fn nothing_of_an_encrypted_body_lies_open_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::on_disk(folder.path()).await;
    desk.ask("PUT", "/box").await.ok();
    for (key, body) in [("small", "quite unmistakable"), ("big", &*"quite unmistakable, too, ".repeat(1000))] {
        desk.send("PUT", &format!("/box/{key}"), &with_key(&customer(1)), body.as_bytes()).await.ok();
    }
    assert!(!stands_on_disk(folder.path(), b"quite unmistakable"));
    desk.put("/box/plain", &"easily found, that is, ".repeat(1000)).await;
    assert!(stands_on_disk(folder.path(), b"easily found"), "the search finds what lies open");
}

#[tokio::test]
async fn a_source_that_is_overwritten_while_its_key_is_fetched_is_looked_at_again() {
    let (desk, keys) = with_kms().await;
    let under_kms = [("x-amz-server-side-encryption", "aws:kms")];
    let copied = [("x-amz-copy-source", "/box/source")];
    let overwritten = json!({ "Bucket": "box", "Key": "source", "ServerSideEncryption": "aws:kms" });
    let upload = desk.send("POST", "/box/parts?uploads", &[], b"").await.ok().element("UploadId").unwrap();
    for target in ["/box/copy".to_owned(), format!("/box/parts?partNumber=1&uploadId={upload}")] {
        desk.send("PUT", "/box/source", &under_kms, b"the first body").await.ok();
        *keys.meanwhile.lock().unwrap() = Some(("PutObject", overwritten.clone()));
        let answer = desk.send("PUT", &target, &copied, b"").await.ok();
        // Written from inside the house, without a body.
        assert_eq!(answer.element("ETag").unwrap(), "&quot;d41d8cd98f00b204e9800998ecf8427e&quot;", "{target}");
    }
}
