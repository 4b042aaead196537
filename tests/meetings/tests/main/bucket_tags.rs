//! S3 judges by a bucket's tags as IAM's policies name them, once the bucket wants that.

use crate::square::Square;
use kit::Principal;
use serde_json::json;

/// Somebody who may read objects and settings where the bucket's tag is theirs; conditions by either name of the tag.
async fn ada(square: &Square) -> Square {
    square.ok("iam", "CreateUser", json!({ "UserName": "ada" })).await;
    let when = |name: &str| json!({ "StringEquals": { name: "pearl" } });
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": when("s3:BucketTag/team") },
        { "Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketABAC"], "Resource": "*", "Condition": when("aws:ResourceTag/team") },
    ] });
    let policy = json!({ "UserName": "ada", "PolicyName": "p", "PolicyDocument": document.to_string() });
    square.ok("iam", "PutUserPolicy", policy).await;
    let keys = square.ok("iam", "CreateAccessKey", json!({ "UserName": "ada" })).await;
    let key = square.cloud.ports().find_access_key(&square.cloud, keys["AccessKey"]["AccessKeyId"].as_str().unwrap());
    let principal: Principal = key.expect("the key is known").principal;
    square.seen_by(square.cx.with_principal(principal))
}

#[tokio::test]
async fn tags_of_a_bucket_decide_once_it_wants_that() {
    let square = Square::new().await;
    for (bucket, team) in [("pearls", "pearl"), ("shells", "shell")] {
        square.ok("s3", "CreateBucket", json!({ "Bucket": bucket })).await;
        let tags = json!({ "TagSet": [{ "Key": "team", "Value": team }] });
        square.ok("s3", "PutBucketTagging", json!({ "Bucket": bucket, "Tagging": tags })).await;
        square.put(bucket, "k", "text").await;
    }
    let ada = ada(&square).await;
    let reads = async |bucket: &str| {
        let object = ada.call("s3", "GetObject", json!({ "Bucket": bucket, "Key": "k" })).await.is_ok();
        let list = ada.call("s3", "ListObjectsV2", json!({ "Bucket": bucket })).await.is_ok();
        (object, list)
    };
    assert_eq!(reads("pearls").await, (false, false), "it is off in the beginning");
    for bucket in ["pearls", "shells"] {
        let off = square.ok("s3", "GetBucketAbac", json!({ "Bucket": bucket })).await;
        assert_eq!(off["AbacStatus"]["Status"], "Disabled");
        square.ok("s3", "PutBucketAbac", json!({ "Bucket": bucket, "AbacStatus": { "Status": "Enabled" } })).await;
    }
    assert_eq!((reads("pearls").await, reads("shells").await), ((true, true), (false, false)));
    assert_eq!(ada.ok("s3", "GetBucketAbac", json!({ "Bucket": "pearls" })).await["AbacStatus"]["Status"], "Enabled");
    // What is judged by isn't changed on the way.
    let tags = json!({ "TagSet": [{ "Key": "team", "Value": "pearl" }] });
    let change = json!({ "Bucket": "shells", "Tagging": tags });
    for (operation, input) in [("PutBucketTagging", change.clone()), ("DeleteBucketTagging", json!({ "Bucket": "shells" }))] {
        assert_eq!(square.call("s3", operation, input).await.unwrap_err().code, "InvalidRequest");
    }
    square.ok("s3", "PutBucketAbac", json!({ "Bucket": "shells", "AbacStatus": { "Status": "Disabled" } })).await;
    square.ok("s3", "PutBucketTagging", change).await;
    assert_eq!(reads("shells").await, (false, false));
    square.ok("s3", "PutBucketAbac", json!({ "Bucket": "shells", "AbacStatus": { "Status": "Enabled" } })).await;
    assert_eq!(reads("shells").await, (true, true));
    // A bucket that comes after it under the same name has nothing of it.
    square.ok("s3", "DeleteObject", json!({ "Bucket": "shells", "Key": "k" })).await;
    square.ok("s3", "DeleteBucket", json!({ "Bucket": "shells" })).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "shells" })).await;
    assert_eq!(reads("shells").await, (false, false));
}

/// A stack with one bucket that is judged by its tag, and takes no customers' keys.
fn stack(team: &str, judged: &str) -> serde_json::Value {
    let blocked = json!({ "EncryptionType": ["SSE-C"] });
    let encryption = json!([{ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" }, "BlockedEncryptionTypes": blocked }]);
    let properties = json!({
        "BucketName": "pearls", "Tags": [{ "Key": "team", "Value": team }], "AbacStatus": judged,
        "BucketEncryption": { "ServerSideEncryptionConfiguration": encryption },
    });
    let template = json!({ "Resources": { "Pearls": { "Type": "AWS::S3::Bucket", "Properties": properties } } });
    json!({ "StackName": "s", "TemplateBody": template.to_string() })
}

#[tokio::test]
async fn a_stack_says_whether_a_bucket_is_judged_by_its_tags_and_changes_them_all_the_same() {
    let square = Square::new().await;
    let bring = async |operation: &str, template: serde_json::Value| {
        square.ok("cloudformation", operation, template).await;
        square.settle().await;
        let stack = square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "s" })).await["Stacks"][0].clone();
        let status = square.ok("s3", "GetBucketAbac", json!({ "Bucket": "pearls" })).await["AbacStatus"]["Status"].clone();
        (stack["StackStatus"].as_str().unwrap().to_owned(), status.as_str().unwrap().to_owned())
    };
    assert_eq!(bring("CreateStack", stack("shell", "Enabled")).await, ("CREATE_COMPLETE".into(), "Enabled".into()));
    let encryption = square.ok("s3", "GetBucketEncryption", json!({ "Bucket": "pearls" })).await;
    let rule = &encryption["ServerSideEncryptionConfiguration"]["Rules"][0];
    assert_eq!(rule["BlockedEncryptionTypes"], json!({ "EncryptionType": ["SSE-C"] }));
    assert_eq!(bring("UpdateStack", stack("pearl", "Enabled")).await, ("UPDATE_COMPLETE".into(), "Enabled".into()));
    square.put("pearls", "k", "text").await;
    let ada = ada(&square).await;
    assert!(ada.call("s3", "GetObject", json!({ "Bucket": "pearls", "Key": "k" })).await.is_ok(), "the new tag counts");
    assert_eq!(bring("UpdateStack", stack("pearl", "Disabled")).await, ("UPDATE_COMPLETE".into(), "Disabled".into()));
    assert!(ada.call("s3", "GetObject", json!({ "Bucket": "pearls", "Key": "k" })).await.is_err());
}
