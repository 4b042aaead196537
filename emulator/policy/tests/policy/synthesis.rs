//! Least-privilege policies: exactly what was seen, in any order the same text, and accepted by the parser.

use policy::synth::{Options, document, text};
use policy::{Document, DocumentKind, Keys};

use crate::support::allows;

const SEEN: [(&str, &str); 9] = [
    ("s3:PutObject", "arn:aws:s3:::images/u/1"),
    ("s3:GetObject", "arn:aws:s3:::images/u/1"),
    ("s3:GetObject", "arn:aws:s3:::images/u/1"),
    ("s3:PutObject", "arn:aws:s3:::meta/m"),
    ("s3:ListAllMyBuckets", "*"),
    ("cognito-idp:AdminGetUser", "arn:aws:cognito-idp:us-east-1:123456789012:userpool/p"),
    ("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:a"),
    ("logs:CreateLogStream", "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:a"),
    ("s3:GetObject", "arn:aws:s3:::images/odd*name?${x}"),
];

#[test]
fn covers_what_was_seen_and_no_more() {
    let policy = Document::parse(&text(SEEN, Options::default()).unwrap(), DocumentKind::Identity).unwrap();
    for (action, resource) in SEEN {
        assert!(allows(&policy, action, resource, &Keys::new()), "{action} on {resource}");
    }
    for (action, resource) in [
        ("s3:GetObject", "arn:aws:s3:::meta/m"),
        ("s3:PutObject", "arn:aws:s3:::images/u/2"),
        ("s3:DeleteObject", "arn:aws:s3:::images/u/1"),
        ("s3:GetObject", "arn:aws:s3:::images/odd-name!${x}"),
        ("logs:PutLogEvents", "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:b"),
    ] {
        assert!(!allows(&policy, action, resource, &Keys::new()), "{action} on {resource}");
    }
}

#[test]
fn the_order_of_observations_does_not_show() {
    let mut backwards = SEEN;
    backwards.reverse();
    assert_eq!(text(SEEN, Options::default()), text(backwards, Options::default()));
}

#[test]
fn groups_by_what_needs_fewer_statements() {
    let seen = [
        ("s3:GetObject", "arn:aws:s3:::b/1"),
        ("s3:PutObject", "arn:aws:s3:::b/1"),
        ("s3:GetObject", "arn:aws:s3:::b/2"),
        ("s3:PutObject", "arn:aws:s3:::b/2"),
    ];
    let policy = document(seen, Options::default()).unwrap();
    assert_eq!(
        policy.to_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"S31","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::b/1","arn:aws:s3:::b/2"]}]}"#
    );
}

#[test]
fn many_names_become_a_pattern() {
    let seen: Vec<(String, String)> = (0..9).map(|n| ("s3:GetObject".to_owned(), format!("arn:aws:s3:::b/up/x{n}.jpg"))).collect();
    let policy = document(seen.clone(), Options::default()).unwrap();
    assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:s3:::b/up/*");
    let exact = document(seen, Options { collapse_after: None }).unwrap();
    assert_eq!(exact["Statement"][0]["Resource"].as_array().unwrap().len(), 9);
}

#[test]
fn a_star_makes_narrower_resources_superfluous() {
    let policy = document([("s3:ListBucket", "*"), ("s3:ListBucket", "arn:aws:s3:::b")], Options::default()).unwrap();
    assert_eq!(policy["Statement"][0]["Resource"], "*");
    assert_eq!(document(Vec::<(&str, &str)>::new(), Options::default()), None);
}
