//! What the SDK really signs: needs credentials, no network.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

use crate::s3::S3;
use crate::store::Sign;

fn signer() -> S3 {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("LKIAEXAMPLE", "secret", Some("session/token".to_owned()), None, "test"))
        .endpoint_url("http://127.0.0.1:4566")
        .force_path_style(true)
        .build();
    S3::new(Client::from_conf(config))
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
    Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
}

#[tokio::test]
async fn an_upload_url_pins_type_and_length() {
    let signed = signer().upload_url("images", "uploads/u/i-a.jpg", "image/jpeg", 1234, 300).await.unwrap();
    assert!(signed.url.starts_with("http://127.0.0.1:4566/images/uploads/u/i-a.jpg?"), "{}", signed.url);
    assert_eq!(parameter(&signed.url, "X-Amz-SignedHeaders").as_deref(), Some("content-length;content-type;host"));
    assert_eq!(parameter(&signed.url, "X-Amz-Expires").as_deref(), Some("300"));
    assert_eq!(parameter(&signed.url, "X-Amz-Security-Token").as_deref(), Some("session/token"));
    assert!(!signed.url.contains("checksum"), "no checksum of an empty body is pinned: {}", signed.url);
    let mut headers = signed.headers;
    headers.sort();
    let expected = [("content-length", "1234"), ("content-type", "image/jpeg")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(headers, expected);
}

#[tokio::test]
async fn a_download_url_works_without_headers() {
    let url = signer().download_url("images", "renditions/u/i/160.jpg", 60).await.unwrap();
    assert_eq!(parameter(&url, "X-Amz-SignedHeaders").as_deref(), Some("host"));
    assert_eq!(parameter(&url, "X-Amz-Expires").as_deref(), Some("60"));
}
