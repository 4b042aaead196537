//! URLs with a signature in them, made as boto3 makes them: version 4 signs the headers that go along, version 2 takes them into the query.

use crate::{
    desk::Desk,
    forms::{Version, hmac, signature_2, signing_key},
    http::{Answer, Ask, send},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// A presigned URL.
#[derive(Clone)]
pub struct Url {
    /// The Host header that was signed.
    pub host: String,
    pub path: String,
    /// Parameters, encoded.
    pub query: Vec<(String, String)>,
}

/// What is to be signed.
pub struct Wish<'a> {
    pub method: &'a str,
    pub bucket: &'a str,
    pub key: &'a str,
    /// Headers that have to be sent with it.
    pub headers: &'a [(&'a str, &'a str)],
    pub query: &'a [(&'a str, &'a str)],
    pub life_secs: i64,
    /// Of the bucket; version 2 names none.
    pub region: &'a str,
    /// The bucket stands in the host.
    pub virtual_host: bool,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Wish { method: "GET", bucket: "", key: "", headers: &[], query: &[], life_secs: 3600, region: "us-east-1", virtual_host: false }
    }
}

impl Url {
    pub fn presigned(desk: &Desk, version: Version, wish: &Wish) -> Url {
        let port = desk.address().port();
        let (host, path) = match wish.virtual_host {
            true => (format!("{}.s3.localhost:{port}", wish.bucket), format!("/{}", wish.key)),
            false => (desk.address().to_string(), format!("/{}/{}", wish.bucket, wish.key)),
        };
        let query = wish.query.iter().map(|(n, v)| (n.to_string(), encode(v))).collect();
        let mut url = Url { host, path, query };
        match version {
            Version::Four => url.sign_4(desk, wish),
            Version::Two => url.sign_2(desk, wish),
        }
        url
    }

    fn sign_4(&mut self, desk: &Desk, wish: &Wish) {
        let now = kit::time::amz_date(desk.cloud.clock().now());
        let scope = format!("{}/{}/s3/aws4_request", &now[..8], wish.region);
        let mut headers: Vec<(String, String)> = wish.headers.iter().map(|(n, v)| (n.to_lowercase(), v.to_string())).collect();
        headers.push(("host".into(), self.host.clone()));
        headers.sort();
        let names: Vec<&str> = headers.iter().map(|(n, _)| n.as_str()).collect();
        let names = names.join(";");
        let own = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", format!("test/{scope}")),
            ("X-Amz-Date", now.clone()),
            ("X-Amz-Expires", wish.life_secs.to_string()),
            ("X-Amz-SignedHeaders", names.clone()),
        ];
        self.query.extend(own.map(|(n, v)| (n.to_owned(), encode(&v))));
        self.query.sort();
        let lines: String = headers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
        let canonical = format!("{}\n{}\n{}\n{lines}\n{names}\nUNSIGNED-PAYLOAD", wish.method, self.path, self.query_text());
        let to_sign = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{}", kit::hex(&Sha256::digest(canonical.as_bytes())));
        let signature = kit::hex(&hmac(&signing_key(&now[..8], wish.region), &to_sign));
        self.query.push(("X-Amz-Signature".into(), signature));
    }

    fn sign_2(&mut self, desk: &Desk, wish: &Wish) {
        let expires = (desk.cloud.clock().now().secs() + wish.life_secs).to_string();
        let header = |name: &str| wish.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map_or("", |(_, v)| v);
        let mut amz: Vec<String> = wish
            .headers
            .iter()
            .filter(|(n, _)| n.to_lowercase().starts_with("x-amz-"))
            .map(|(n, v)| format!("{}:{v}\n", n.to_lowercase()))
            .collect();
        amz.sort();
        let mut resources: Vec<String> =
            wish.query.iter().map(|(n, v)| if v.is_empty() { n.to_string() } else { format!("{n}={v}") }).collect();
        resources.sort();
        let resources = if resources.is_empty() { String::new() } else { format!("?{}", resources.join("&")) };
        let text = format!(
            "{}\n{}\n{}\n{expires}\n{}/{}/{}{resources}",
            wish.method,
            header("content-md5"),
            header("content-type"),
            amz.concat(),
            wish.bucket,
            wish.key
        );
        let in_query = wish.headers.iter().filter(|(n, _)| {
            let name = n.to_lowercase();
            name.starts_with("x-amz-") || name == "content-md5" || name == "content-type"
        });
        self.query.extend(in_query.map(|(n, v)| (n.to_lowercase(), encode(v))));
        let own = [("AWSAccessKeyId", "test".to_owned()), ("Signature", signature_2(&text)), ("Expires", expires)];
        self.query.extend(own.map(|(n, v)| (n.to_owned(), encode(&v))));
    }

    fn query_text(&self) -> String {
        let pairs: Vec<String> = self.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("&")
    }

    /// Only the parameters of the signature, and only the host signed.
    pub fn stripped(&self) -> Url {
        let mut url = self.clone();
        url.query.retain(|(n, _)| n.starts_with("X-Amz-") || ["AWSAccessKeyId", "Signature", "Expires"].contains(&n.as_str()));
        url.query.iter_mut().filter(|(n, _)| n == "X-Amz-SignedHeaders").for_each(|(_, v)| *v = "host".into());
        url
    }

    pub async fn send(&self, desk: &Desk, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let target = format!("{}?{}", self.path, self.query_text());
        let mut all: Vec<(&str, String)> = headers.iter().map(|(n, v)| (*n, v.to_string())).collect();
        all.push(("host", self.host.clone()));
        send(desk.address(), Ask { method, target: &target, headers: all, body: body.to_vec(), key: None, region: "us-east-1" }, "").await
    }
}

#[tokio::test]
async fn every_verb_can_be_presigned_and_headers_may_ride_in_the_query() {
    let desk = Desk::with_bucket("box").await;
    for version in [Version::Two, Version::Four] {
        for virtual_host in [false, true] {
            let wish = Wish { bucket: "box", key: "k", virtual_host, ..Wish::default() };
            let url = |method, query: &'static [(&str, &str)]| Url::presigned(&desk, version, &Wish { method, query, ..wish });
            let put = url("PUT", &[]).send(&desk, "PUT", &[], b"hello").await;
            assert_eq!(put.status, 200, "{}", put.text());
            assert_eq!(url("GET", &[]).send(&desk, "GET", &[], b"").await.text(), "hello");
            let typed = url("GET", &[("response-content-type", "text/x")]).send(&desk, "GET", &[], b"").await;
            assert_eq!(typed.header("content-type"), Some("text/x"), "{}", typed.text());
            assert_eq!(url("HEAD", &[]).send(&desk, "HEAD", &[], b"").await.header("content-length"), Some("5"));
            let upload = desk.ok("CreateMultipartUpload", serde_json::json!({ "Bucket": "box", "Key": "k" })).await["UploadId"]
                .as_str()
                .unwrap()
                .to_owned();
            let part = [("partNumber", "1"), ("uploadId", &*upload)];
            let of_upload = [("uploadId", &*upload)];
            let signed = |method, query| Url::presigned(&desk, version, &Wish { method, query, ..wish });
            let part = signed("PUT", &part).send(&desk, "PUT", &[], b"part").await;
            assert_eq!(part.status, 200, "{}", part.text());
            assert_eq!(signed("DELETE", &of_upload).send(&desk, "DELETE", &[], b"").await.status, 204);
            assert_eq!(url("DELETE", &[]).send(&desk, "DELETE", &[], b"").await.status, 204);
        }
    }
    // Version 4 in the way of the JavaScript SDK: x-amz-* parameters that are signed and take effect.
    let query = [("x-amz-meta-who", "me"), ("x-amz-storage-class", "STANDARD_IA")];
    let url = Url::presigned(&desk, Version::Four, &Wish { method: "PUT", bucket: "box", key: "q", query: &query, ..Wish::default() });
    assert_eq!(url.send(&desk, "PUT", &[], b"x").await.status, 200);
    let head = desk.ask("HEAD", "/box/q").await;
    assert_eq!((head.header("x-amz-meta-who"), head.header("x-amz-storage-class")), (Some("me"), Some("STANDARD_IA")));
}

#[tokio::test]
async fn a_checksum_in_the_query_is_held_against_the_body() {
    let desk = Desk::with_bucket("box").await;
    let query = [("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-sdk-checksum-algorithm", "CRC32")];
    let wish = Wish { method: "PUT", bucket: "box", key: "k", query: &query, ..Wish::default() };
    let url = Url::presigned(&desk, Version::Four, &wish);
    assert_eq!(url.send(&desk, "PUT", &[], b"").await.status, 200, "the checksum is that of an empty body");
}
