//! MSK's tokens, as its signers make them.

use crate::iam_token::token;
use aws_credential_types::Credentials;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::time::{Duration, SystemTime};

#[test]
fn a_token_is_a_presigned_connect() {
    let credentials = Credentials::new("AKID", "secret", Some("session/+".into()), None, "test");
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let token = token(&credentials, "eu-west-1", now).unwrap();
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
    let url = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap();
    let query = url.strip_prefix("https://kafka.eu-west-1.amazonaws.com/?").unwrap();
    let mut names: Vec<&str> = query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
    names.sort_unstable();
    let expected = [
        "Action",
        "User-Agent",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    ];
    assert_eq!(names, expected);
    for part in [
        "Action=kafka-cluster%3AConnect",
        "X-Amz-Credential=AKID%2F20270115%2Feu-west-1%2Fkafka-cluster%2Faws4_request",
        "X-Amz-Expires=900",
        "X-Amz-SignedHeaders=host",
        "X-Amz-Security-Token=session%2F%2B",
    ] {
        assert!(query.split('&').any(|pair| pair == part), "{part} in {query}");
    }
}
