//! Bucket policies.

use crate::{desk::Desk, policy_decider::ByPolicy};
use serde_json::json;
use std::sync::Arc;

fn policy(principal: serde_json::Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::box/*" }] }).to_string()
}

#[tokio::test]
async fn a_policy_is_kept_as_it_was_put() {
    let desk = Desk::with_bucket("box").await;
    assert_eq!(desk.get("/box?policy").await.fault(), (404, "NoSuchBucketPolicy".into()));
    let text = policy(json!({ "AWS": "arn:aws:iam::111111111111:root" }));
    desk.send("PUT", "/box?policy", &[], text.as_bytes()).await.ok();
    let got = desk.get("/box?policy").await.ok();
    assert_eq!(got.text(), text);
    let service = desk.cloud.service("s3").unwrap();
    assert_eq!(service.resource_policy(&desk.cx, "arn:aws:s3:::box/some/key"), Some(text));
    assert_eq!(desk.ask("DELETE", "/box?policy").await.status, 204);
    assert_eq!(service.resource_policy(&desk.cx, "arn:aws:s3:::box"), None);
}

#[tokio::test]
async fn public_and_broken_policies_are_refused() {
    let desk = Desk::with_bucket("box").await;
    let put = async |text: &str| desk.send("PUT", "/box?policy", &[], text.as_bytes()).await.fault();
    assert_eq!(put(&policy(json!("*"))).await, (403, "AccessDenied".into()));
    assert_eq!(put("nonsense").await, (400, "MalformedPolicy".into()));
    assert_eq!(put("{\"Version\":\"2012-10-17\"}").await, (400, "MalformedPolicy".into()));
    assert_eq!(put(&policy(json!("*")).replace(":::box/", ":::other/")).await, (400, "MalformedPolicy".into()));
    desk.ok("DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    assert_eq!(desk.send("PUT", "/box?policy", &[], policy(json!("*")).as_bytes()).await.status, 204);
    assert_eq!(desk.ok("GetBucketPolicyStatus", json!({ "Bucket": "box" })).await["PolicyStatus"]["IsPublic"], true);
}

#[tokio::test]
async fn a_missing_document_is_told() {
    let desk = Desk::with_bucket("box").await;
    assert_eq!(desk.ask("PUT", "/box?policy").await.fault(), (400, "MalformedPolicy".into()));
    for target in ["/box?versioning", "/box?tagging", "/box?cors", "/box?notification", "/box?publicAccessBlock"] {
        assert_eq!(desk.ask("PUT", target).await.fault(), (400, "MissingRequestBodyError".into()), "{target}");
    }
    let broken = desk.send("PUT", "/box?versioning", &[], b"<VersioningConfiguration><Status>").await;
    assert_eq!(broken.fault(), (400, "MalformedXML".into()));
}

#[tokio::test]
async fn who_may_list_a_prefix_is_told_what_is_missing_under_it() {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    let statement = json!({
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:root" }, "Action": ["s3:ListBucket", "s3:GetObject"],
        "Resource": ["arn:aws:s3:::box", "arn:aws:s3:::box/*"],
    });
    let mut listing = statement.clone();
    listing["Condition"] = json!({ "StringLike": { "s3:prefix": "public/*" } });
    listing["Action"] = json!("s3:ListBucket");
    let mut reading = statement;
    reading["Action"] = json!("s3:GetObject");
    let text = json!({ "Version": "2012-10-17", "Statement": [listing, reading] }).to_string();
    desk.send("PUT", "/box?policy", &[], text.as_bytes()).await.ok();
    let other = Some(("111111111111", "test"));
    assert_eq!(desk.send_as(other, "GET", "/box/public/k", &[], b"").await.fault(), (404, "NoSuchKey".into()));
    assert_eq!(desk.send_as(other, "GET", "/box/private/k", &[], b"").await.fault(), (403, "AccessDenied".into()));
}

#[tokio::test]
async fn who_may_list_a_prefix_learns_what_is_missing_under_it() {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(std::sync::Arc::new(crate::policy_decider::ByPolicy));
    desk.put("/box/public/there", "x").await;
    let condition = json!({ "StringLike": { "s3:prefix": "public/*" } });
    let statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::box", "Condition": condition });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    desk.ok("DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    desk.ok("PutBucketPolicy", json!({ "Bucket": "box", "Policy": policy })).await;
    let stranger = async |method: &str, target: &str| desk.send_as(None, method, target, &[], b"").await.status;
    assert_eq!((stranger("HEAD", "/box/public/k").await, stranger("GET", "/box/public/k").await), (404, 404));
    assert_eq!((stranger("HEAD", "/box/private/k").await, stranger("HEAD", "/box/public/there").await), (403, 403));
}

#[tokio::test]
async fn policies_that_aws_would_not_take_are_refused() {
    let desk = Desk::with_bucket("box").await;
    let put = async |text: &str| {
        let refused = desk.send("PUT", "/box?policy", &[], text.as_bytes()).await;
        (refused.fault(), refused.element("Message").unwrap())
    };
    let good = policy(json!({ "AWS": "arn:aws:iam::111111111111:root" }));
    let malformed = |message: &str| ((400, "MalformedPolicy".to_owned()), message.to_owned());
    assert_eq!(put(&good.replace("s3:GetObject", "s3:FetchObject")).await, malformed("Policy has invalid action"));
    assert_eq!(
        put(&good.replace("s3:GetObject", "s3:ListBucket")).await,
        malformed("Action does not apply to any resource(s) in statement")
    );
    assert_eq!(put(&good.replace(":::box/*", ":::other/*")).await, malformed("Policy has invalid resource"));
    assert_eq!(desk.get("/box?policy").await.fault(), (404, "NoSuchBucketPolicy".into()));
    desk.send("PUT", "/box?policy", &[], good.as_bytes()).await.ok();
}
