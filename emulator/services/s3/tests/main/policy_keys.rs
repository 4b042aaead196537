//! What policies may ask about a request: conditions that it is made on, tags that an object has and gets, whose the bucket is.

use crate::{desk::Desk, http::Answer, policy_decider::ByPolicy};
use serde_json::{Value, json};
use std::sync::Arc;

const OTHER: Option<(&str, &str)> = Some(("111111111111", "test"));

/// A bucket of this account with a policy for everybody of another.
async fn desk(statements: Value) -> Desk {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    let all = statements.as_array().unwrap().iter().map(|statement| {
        let mut whole = json!({
            "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:root" }, "Resource": ["arn:aws:s3:::box", "arn:aws:s3:::box/*"],
        });
        whole.as_object_mut().unwrap().extend(statement.as_object().unwrap().clone());
        whole
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": all.collect::<Vec<_>>() });
    desk.ok("PutBucketPolicy", json!({ "Bucket": "box", "Policy": policy.to_string() })).await;
    desk
}

async fn ask(desk: &Desk, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    desk.send_as(OTHER, method, target, headers, body.as_bytes()).await
}

/// The first example of AWS's page on enforcing conditional writes.
#[tokio::test]
async fn writes_can_be_made_to_be_conditional() {
    let desk = desk(json!([
        { "Action": "s3:PutObject", "Condition": { "Null": { "s3:if-none-match": "false" } } },
        { "Action": "s3:PutObject", "Condition": { "Bool": { "s3:ObjectCreationOperation": "false" } } },
    ]))
    .await;
    let condition = [("if-none-match", "*")];
    assert_eq!(ask(&desk, "PUT", "/box/k", &[], "x").await.status, 403);
    assert_eq!(ask(&desk, "PUT", "/box/k", &condition, "x").await.status, 200);
    let begun = ask(&desk, "POST", "/box/m?uploads", &[], "").await.ok();
    let upload = begun.element("UploadId").unwrap();
    let part = ask(&desk, "PUT", &format!("/box/m?partNumber=1&uploadId={upload}"), &[], "part").await.ok();
    let etag = part.header("etag").unwrap().replace('"', "");
    let parts = format!("<CompleteMultipartUpload><Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>");
    let complete = format!("/box/m?uploadId={upload}");
    assert_eq!(ask(&desk, "POST", &complete, &[], &parts).await.status, 403);
    assert_eq!(ask(&desk, "POST", &complete, &condition, &parts).await.status, 200);
}

#[tokio::test]
async fn who_compares_an_entity_tag_must_be_allowed_to_read() {
    let desk = desk(json!([{ "Action": ["s3:PutObject", "s3:DeleteObject"] }])).await;
    let etag = desk.put("/box/k", "x").await.header("etag").unwrap().to_owned();
    let condition = [("if-match", etag.as_str())];
    for (method, target) in [("PUT", "/box/k"), ("DELETE", "/box/k")] {
        let refused = ask(&desk, method, target, &condition, "").await;
        assert_eq!(refused.fault(), (403, "AccessDenied".into()), "{method}");
        assert!(refused.element("Message").unwrap().contains("s3:GetObject on resource: &quot;arn:aws:s3:::box/k&quot; because"));
    }
    let list = format!("<Delete><Object><Key>k</Key><ETag>{}</ETag></Object></Delete>", etag.replace('"', ""));
    assert_eq!(ask(&desk, "POST", "/box?delete", &[], &list).await.ok().element("Code").unwrap(), "AccessDenied");
    // A star compares nothing.
    assert_eq!(ask(&desk, "DELETE", "/box/k", &[("if-match", "*")], "").await.status, 204);
}

#[tokio::test]
async fn deletes_can_be_made_to_be_conditional() {
    let desk = desk(json!([
        { "Action": "s3:DeleteObject", "Condition": { "Null": { "s3:if-match": "false" } } },
        { "Action": "s3:GetObject" },
    ]))
    .await;
    let etag = desk.put("/box/k", "x").await.header("etag").unwrap().to_owned();
    assert_eq!(ask(&desk, "DELETE", "/box/k", &[], "").await.status, 403);
    assert_eq!(ask(&desk, "DELETE", "/box/k", &[("if-match", etag.as_str())], "").await.status, 204);
}

#[tokio::test]
async fn a_tag_that_closes_an_object_closes_every_way_to_it() {
    let secret = json!({ "StringEquals": { "s3:ExistingObjectTag/class": "secret" } });
    let desk = desk(json!([
        { "Action": "s3:*" },
        { "Effect": "Deny", "Action": ["s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectAcl"], "Condition": secret },
    ]))
    .await;
    desk.send("PUT", "/box/closed", &[("x-amz-tagging", "class=secret")], b"x").await.ok();
    desk.put("/box/open", "x").await;
    for (key, status) in [("closed", 403), ("open", 200)] {
        let source = format!("box/{key}");
        assert_eq!(ask(&desk, "GET", &format!("/box/{key}"), &[], "").await.status, status);
        assert_eq!(ask(&desk, "PUT", "/box/copy", &[("x-amz-copy-source", &source)], "").await.status, status, "copy of {key}");
        let attributes = [("x-amz-object-attributes", "ETag")];
        assert_eq!(ask(&desk, "GET", &format!("/box/{key}?attributes"), &attributes, "").await.status, status, "attributes of {key}");
        let renamed = ask(&desk, "PUT", "/box/renamed?renameObject", &[("x-amz-rename-source", &source)], "").await;
        assert_eq!(renamed.status, status, "rename of {key}");
    }
    // What another service wants to read through the port is completed by S3 itself.
    let need = kit::Need::on("s3:GetObject", "arn:aws:s3:::box/closed").owned_by("000000000000");
    let service = desk.cloud.service("s3").unwrap();
    let whole = service.complete(&desk.cx, &need).unwrap();
    let value = |name: &str| whole.keys.iter().find(|(key, _)| key == name).map(|(_, values)| values.join(","));
    assert_eq!(value("s3:ExistingObjectTag/class").as_deref(), Some("secret"));
    assert_eq!(value("s3:ResourceAccount").as_deref(), Some("000000000000"));
    assert!(service.complete(&desk.cx, &whole).is_none(), "it is complete");
}

#[tokio::test]
async fn tags_that_are_put_are_judged() {
    let desk = desk(json!([
        { "Action": "s3:PutObjectTagging", "Condition": { "StringEquals": { "s3:RequestObjectTag/env": "prod" } } },
    ]))
    .await;
    desk.put("/box/k", "x").await;
    let tag = async |value: &str| {
        let document = format!("<Tagging><TagSet><Tag><Key>env</Key><Value>{value}</Value></Tag></TagSet></Tagging>");
        ask(&desk, "PUT", "/box/k?tagging", &[], &document).await.status
    };
    assert_eq!((tag("dev").await, tag("prod").await), (403, 200));
}

#[tokio::test]
async fn whose_the_bucket_is_and_how_a_copy_is_stored_are_told() {
    let desk = desk(json!([
        { "Action": "s3:GetObject", "Condition": { "StringEquals": { "s3:ResourceAccount": "000000000000" } } },
        { "Action": "s3:PutObject", "Condition": { "StringEquals": { "s3:x-amz-storage-class": "STANDARD_IA" } } },
        { "Action": "s3:PutObject", "Condition": { "StringEquals": { "s3:x-amz-website-redirect-location": "/there" } } },
    ]))
    .await;
    desk.put("/box/k", "x").await;
    assert_eq!(ask(&desk, "GET", "/box/k", &[], "").await.status, 200);
    let copy =
        async |name: &str, value: &str| ask(&desk, "PUT", "/box/copy", &[("x-amz-copy-source", "box/k"), (name, value)], "").await.status;
    assert_eq!(copy("x-amz-storage-class", "GLACIER_IR").await, 403);
    assert_eq!(copy("x-amz-storage-class", "STANDARD_IA").await, 200);
    assert_eq!(copy("x-amz-website-redirect-location", "/there").await, 200);
}

#[tokio::test]
async fn strangers_are_told_no_more_than_that_they_were_refused() {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    desk.ok("DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    let statement = json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::box/*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    desk.ok("PutBucketPolicy", json!({ "Bucket": "box", "Policy": policy.to_string() })).await;
    let missing = desk.send_as(None, "GET", "/box/missing", &[], b"").await;
    assert_eq!((missing.fault(), missing.element("Message").unwrap()), ((403, "AccessDenied".into()), "Access Denied".into()));
}
