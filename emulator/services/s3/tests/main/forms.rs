//! Browser forms posted to a bucket: policy, conditions, answers, end.

use crate::{
    desk::Desk,
    http::{Answer, Ask, send},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

/// A form to be posted: fields in their order, then the file.
#[derive(Clone)]
pub struct Form {
    pub bucket: String,
    pub fields: Vec<(String, String)>,
    pub file: Vec<u8>,
    /// Without a name the file is a field like the others.
    pub filename: Option<String>,
}

/// Which signature a form carries.
#[derive(Clone, Copy, PartialEq)]
pub enum Version {
    Two,
    Four,
}

impl Form {
    /// A form as SDKs make them: conditions for bucket, key and signature are added to those given.
    pub fn signed(
        desk: &Desk,
        version: Version,
        bucket: &str,
        key: &str,
        fields: &[(&str, &str)],
        conditions: Vec<Value>,
        life_secs: i64,
    ) -> Form {
        let now = kit::time::amz_date(desk.cloud.clock().now());
        let mut all = conditions;
        all.push(json!({ "bucket": bucket }));
        all.push(match key.strip_suffix("${filename}") {
            Some(prefix) => json!(["starts-with", "$key", prefix]),
            None => json!({ "key": key }),
        });
        let mut out: Vec<(String, String)> = fields.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        out.push(("key".into(), key.into()));
        let credential = format!("test/{}/us-east-1/s3/aws4_request", &now[..8]);
        if version == Version::Four {
            for (name, value) in [("x-amz-algorithm", "AWS4-HMAC-SHA256"), ("x-amz-credential", &credential), ("x-amz-date", &now)] {
                all.push(json!({ name: value }));
                out.push((name.into(), value.into()));
            }
        } else {
            out.push(("AWSAccessKeyId".into(), "test".into()));
        }
        let end = desk.cloud.clock().now().plus_ns(life_secs as i128 * 1_000_000_000).format(wire::TimestampFormat::DateTime);
        let policy = BASE64_STANDARD.encode(json!({ "expiration": end, "conditions": all }).to_string());
        let signature = match version {
            Version::Four => signature_4(&now[..8], &policy),
            Version::Two => signature_2(&policy),
        };
        out.push(("policy".into(), policy));
        out.push((if version == Version::Four { "x-amz-signature" } else { "signature" }.into(), signature));
        Form { bucket: bucket.into(), fields: out, file: b"abcdef".to_vec(), filename: Some("file".into()) }
    }

    pub fn file(mut self, name: Option<&str>, bytes: impl Into<Vec<u8>>) -> Form {
        (self.filename, self.file) = (name.map(str::to_owned), bytes.into());
        self
    }
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.iter_mut().filter(|(n, _)| n == name).for_each(|(_, v)| *v = value.into());
    }
    pub fn drop(&mut self, names: &[&str]) {
        self.fields.retain(|(n, _)| !names.contains(&n.as_str()));
    }
    pub fn body(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, value) in &self.fields {
            out.extend(format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        let filename = self.filename.as_ref().map_or(String::new(), |name| format!("; filename=\"{name}\""));
        out.extend(format!("--frontier\r\nContent-Disposition: form-data; name=\"file\"{filename}\r\n\r\n").bytes());
        out.extend(&self.file);
        out.extend(b"\r\n--frontier--\r\n");
        out
    }
    pub async fn post(&self, desk: &Desk) -> Answer {
        self.post_as(desk, "multipart/form-data; boundary=frontier").await
    }
    pub async fn post_as(&self, desk: &Desk, content_type: &str) -> Answer {
        let headers = vec![("content-type", content_type.to_owned())];
        let target = format!("/{}", self.bucket);
        send(desk.address(), Ask { method: "POST", target: &target, headers, body: self.body(), key: None, region: "us-east-1" }, "").await
    }
}

pub fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
pub fn signing_key(day: &str, region: &str) -> Vec<u8> {
    [region, "s3", "aws4_request"].iter().fold(hmac(b"AWS4test", day), |key, part| hmac(&key, part))
}
fn signature_4(day: &str, policy: &str) -> String {
    kit::hex(&hmac(&signing_key(day, "us-east-1"), policy))
}
pub fn signature_2(text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"test").unwrap();
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn a_form_makes_an_object_and_is_answered_as_it_asks() {
    let desk = Desk::with_bucket("box").await;
    desk.ok(
        "PutBucketNotificationConfiguration",
        json!({ "Bucket": "box", "NotificationConfiguration": crate::desk::to_function(&["s3:ObjectCreated:Post"]) }),
    )
    .await;
    for version in [Version::Two, Version::Four] {
        let fields = [
            ("success_action_status", "201"),
            ("x-amz-meta-Who", "me"),
            ("Content-Type", "text/plain"),
            ("acl", "bucket-owner-full-control"),
        ];
        let conditions = fields.iter().map(|(name, value)| json!(["eq", format!("${name}"), value])).collect();
        let form =
            Form::signed(&desk, version, "box", "in/${filename}", &fields, conditions, 60).file(Some("C:\\a b.txt"), "0".repeat(70_000));
        let answer = form.post(&desk).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.element("Key").as_deref(), Some("in/a b.txt"));
        assert_eq!(answer.header("location"), answer.element("Location").as_deref());
        assert!(answer.header("location").unwrap().ends_with("/box/in/a%20b.txt"));
        let got = desk.get("/box/in/a%20b.txt").await;
        assert_eq!((got.body.len(), got.header("content-type"), got.header("x-amz-meta-who")), (70_000, Some("text/plain"), Some("me")));
    }
    assert_eq!(desk.events().await.iter().filter(|(name, _)| name == "ObjectCreated:Post").count(), 2);
    let page = "http://localhost.test/done?x=1";
    let form = Form::signed(
        &desk,
        Version::Four,
        "box",
        "k",
        &[("success_action_redirect", page)],
        vec![json!({ "success_action_redirect": page })],
        60,
    );
    let answer = form.post(&desk).await;
    assert_eq!((answer.status, answer.body.len()), (303, 0));
    assert!(answer.header("location").unwrap().starts_with("http://localhost.test/done?x=1&bucket=box&key=k&etag=%22"));
}

#[tokio::test]
async fn a_form_ends_with_its_policy() {
    let desk = Desk::with_bucket("box").await;
    for version in [Version::Two, Version::Four] {
        let form = Form::signed(&desk, version, "box", "k", &[], vec![], 600);
        assert_eq!(form.post(&desk).await.status, 204);
        desk.advance(599).await;
        assert_eq!(form.post(&desk).await.status, 204);
        desk.advance(2).await;
        let answer = form.post(&desk).await;
        assert_eq!(answer.fault(), (403, "AccessDenied".into()));
        assert_eq!(answer.element("Message").unwrap(), "Invalid according to Policy: Policy expired.");
    }
}

#[tokio::test]
async fn forms_that_break_their_policy_leave_nothing() {
    let desk = Desk::with_bucket("box").await;
    let form = Form::signed(&desk, Version::Four, "box", "k", &[], vec![json!(["content-length-range", 2, 4])], 60);
    let large = form.clone().file(None, "x".repeat(100_000)).post(&desk).await;
    assert_eq!((large.fault(), large.element("ProposedSize").as_deref()), ((400, "EntityTooLarge".into()), Some("100000")));
    assert_eq!(form.clone().file(None, "x").post(&desk).await.fault(), (400, "EntityTooSmall".into()));
    let mut extra = form.clone().file(None, "xxx");
    extra.fields.insert(0, ("x-amz-storage-class".into(), "STANDARD_IA".into()));
    let answer = extra.post(&desk).await;
    assert_eq!(answer.element("Message").unwrap(), "Invalid according to Policy: Extra input fields: x-amz-storage-class");
    let mut unsigned = form.clone().file(None, "xxx");
    unsigned.drop(&["policy", "x-amz-signature", "x-amz-algorithm", "x-amz-credential", "x-amz-date"]);
    assert_eq!(unsigned.post(&desk).await.fault(), (403, "AccessDenied".into()));
    let mut keyless = form.clone();
    keyless.drop(&["key"]);
    let answer = keyless.post(&desk).await;
    assert_eq!((answer.fault(), answer.element("ArgumentName").as_deref()), ((400, "InvalidArgument".into()), Some("key")));
    let mut long = form.clone();
    long.fields.insert(0, ("x-ignore-me".into(), "y".repeat(20_001)));
    assert_eq!(long.post(&desk).await.fault(), (400, "MaxPostPreDataLengthExceeded".into()));
    let answer = form.post_as(&desk, "multipart/form-data; boundary=other").await;
    assert_eq!(answer.fault(), (400, "MalformedPOSTRequest".into()));
    assert!(desk.keys("box").await.is_empty());
    assert_eq!(form.file(None, "xxx").post(&desk).await.status, 204);
}
