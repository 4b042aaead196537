//! Managed policies and their versions.

use crate::desk::{ACCOUNT, Desk};
use serde_json::{Value, json};

fn document(action: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] }).to_string()
}

async fn made(desk: &Desk) -> String {
    let made: Value = desk.ok("CreatePolicy", json!({ "PolicyName": "read", "PolicyDocument": document("s3:GetObject") })).await;
    made["Policy"]["Arn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_default_version_is_the_one_that_counts() {
    let desk = Desk::new().await;
    let arn = made(&desk).await;
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/read"));
    let ada = desk.user("ada").await;
    desk.ok("AttachUserPolicy", json!({ "UserName": "ada", "PolicyArn": arn })).await;
    let may = |action| crate::desk::may(&ada, action, "arn:aws:s3:::b/k").allowed;
    assert!(may("s3:GetObject") && !may("s3:PutObject"));

    desk.ok("CreatePolicyVersion", json!({ "PolicyArn": arn, "PolicyDocument": document("s3:PutObject") })).await;
    assert!(may("s3:GetObject") && !may("s3:PutObject"), "a version that is not the default changes nothing");
    desk.ok("SetDefaultPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v2" })).await;
    assert!(!may("s3:GetObject") && may("s3:PutObject"));
    assert_eq!(desk.refused("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v2" })).await, "DeleteConflict");
    let listed = desk.ok("ListEntitiesForPolicy", json!({ "PolicyArn": arn })).await;
    assert_eq!(listed["PolicyUsers"][0]["UserName"], "ada");
}

#[tokio::test]
async fn a_policy_in_use_stays_and_a_sixth_version_is_refused() {
    let desk = Desk::new().await;
    let arn = made(&desk).await;
    desk.ok("CreateUser", json!({ "UserName": "ada" })).await;
    desk.ok("AttachUserPolicy", json!({ "UserName": "ada", "PolicyArn": arn })).await;
    assert_eq!(desk.refused("DeletePolicy", json!({ "PolicyArn": arn })).await, "DeleteConflict");
    desk.ok("DetachUserPolicy", json!({ "UserName": "ada", "PolicyArn": arn })).await;
    for _ in 0..4 {
        desk.ok("CreatePolicyVersion", json!({ "PolicyArn": arn, "PolicyDocument": document("s3:PutObject") })).await;
    }
    let sixth = json!({ "PolicyArn": arn, "PolicyDocument": document("s3:PutObject") });
    assert_eq!(desk.refused("CreatePolicyVersion", sixth).await, "LimitExceeded");
    for version in ["v2", "v3", "v4", "v5"] {
        desk.ok("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": version })).await;
    }
    desk.ok("DeletePolicy", json!({ "PolicyArn": arn })).await;
    assert_eq!(desk.refused("GetPolicy", json!({ "PolicyArn": arn })).await, "NoSuchEntity");
}

#[tokio::test]
async fn broken_documents_are_told_what_is_wrong() {
    let desk = Desk::new().await;
    let with = |document: &str| json!({ "PolicyName": "x", "PolicyDocument": document });
    for broken in [
        "{",
        "[]",
        r#"{"Version":"2012-10-17"}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Maybe","Action":"*","Resource":"*"}]}"#,
    ] {
        assert_eq!(desk.refused("CreatePolicy", with(broken)).await, "MalformedPolicyDocument", "{broken}");
    }
    let many = format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        vec![r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#; 200].join(",")
    );
    assert_eq!(desk.refused("CreatePolicy", with(&many)).await, "LimitExceeded");
}
