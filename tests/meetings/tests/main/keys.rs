//! S3 encrypts under keys of KMS.

use crate::{
    recorded::Played,
    square::{ACCOUNT, Square},
};
use kit::Fault;
use serde_json::{Value, json};

/// A key; what CreateKey says of it.
async fn key(square: &Square, more: Value) -> Value {
    let made = square.ok("kms", "CreateKey", more).await;
    made["KeyMetadata"].clone()
}

/// An answer as it was recorded. Bodies are not in it: what `call_json` gives has none, and S3's own tests compare them.
fn answered(answer: Result<Value, Fault>) -> Value {
    match answer {
        Ok(mut value) => {
            value["ResponseMetadata"] = json!({ "HTTPStatusCode": 200 });
            value
        }
        Err(fault) => {
            let error = json!({ "Code": fault.code, "Message": fault.message });
            json!({ "Error": error, "ResponseMetadata": { "HTTPStatusCode": fault.status } })
        }
    }
}

fn under(key: &str, name: &str) -> Value {
    json!({ "Bucket": "box", "Key": name, "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key })
}

/// PutObject with a checksum, as SDKs send it.
async fn put(square: &Square, mut input: Value, body: &str) -> Value {
    input["ChecksumAlgorithm"] = "CRC32".into();
    let cx = square.cx.child().with_body(kit::Body::from_bytes(body.to_owned()));
    answered(square.cloud.call_json(&cx, "s3", "PutObject", &input).await)
}

async fn get(square: &Square, name: &str) -> Value {
    read(square, "GetObject", json!({ "Bucket": "box", "Key": name, "ChecksumMode": "ENABLED" })).await
}

/// GetObject or HeadObject. SDKs have a map of metadata even where no header is one.
async fn read(square: &Square, operation: &str, input: Value) -> Value {
    let mut answer = square.call("s3", operation, input).await;
    if let Ok(value) = &mut answer {
        value.as_object_mut().unwrap().entry("Metadata").or_insert_with(|| json!({}));
    }
    answered(answer)
}

#[tokio::test]
async fn keys_that_are_none_are_told_by_kms() {
    let square = Square::new().await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let elsewhere = key(&square.within("us-west-2"), json!({ "Description": "elsewhere" })).await;
    let Some(mut played) = Played::of("test_s3", "TestS3::test_s3_sse_validate_kms_key") else { return };
    played.step("create-kms-key", elsewhere.clone());
    let (id, arn) = (elsewhere["KeyId"].as_str().unwrap(), elsewhere["Arn"].as_str().unwrap());
    let uuid = "134f2428-cec1-4b25-a1ae-9048164dba47";
    let home = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{uuid}");
    for (step, key) in [
        ("put-obj-wrong-kms-key", "fake-key-id"),
        ("put-obj-wrong-kms-key-real-uuid", uuid),
        ("put-obj-wrong-kms-key-real-uuid-arn", &home),
        ("put-obj-different-region-kms-key", arn),
        ("put-obj-different-region-kms-key-no-arn", id),
    ] {
        let told = put(&square, under(key, "k"), "test-sse").await;
        played.step(step, told);
    }
    let told = square.call("s3", "CreateMultipartUpload", under("fake-key-id", "k")).await;
    played.step("create-multipart-wrong-kms-key", answered(told));
    square.put("box", "source", "x").await;
    let mut copy = under("fake-key-id", "k");
    copy["CopySource"] = "box/source".into();
    played.step("copy-obj-wrong-kms-key", answered(square.call("s3", "CopyObject", copy).await));
    played.end();
}

#[tokio::test]
async fn a_key_that_is_off_or_going_opens_nothing() {
    let square = Square::new().await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let made = key(&square, json!({ "Description": "to be switched off" })).await;
    let id = made["KeyId"].as_str().unwrap();
    let Some(mut played) = Played::of("test_s3", "TestS3::test_s3_sse_validate_kms_key_state") else { return };
    played.forget("success-get-object-sse", "Body");
    played.step("create-kms-key", made.clone());
    played.step("success-put-object-sse", put(&square, under(id, "k"), "test-sse").await);
    played.step("success-get-object-sse", get(&square, "k").await);
    square.ok("kms", "DisableKey", json!({ "KeyId": id })).await;
    played.step("get-obj-disabled-key", get(&square, "k").await);
    played.step("put-obj-disabled-key", put(&square, under(id, "other"), "test-sse").await);
    square.ok("kms", "ScheduleKeyDeletion", json!({ "KeyId": id, "PendingWindowInDays": 7 })).await;
    played.step("get-obj-pending-deletion-key", get(&square, "k").await);
    played.end();
}

#[tokio::test]
async fn the_managed_key_of_s3_is_one_of_kms() {
    let square = Square::new().await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let Some(mut played) = Played::of("test_s3_api", "TestS3BucketEncryption::test_s3_bucket_encryption_sse_kms_aws_managed_key") else {
        return;
    };
    let rule = json!({ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms" }, "BucketKeyEnabled": true });
    let input = json!({ "Bucket": "box", "ServerSideEncryptionConfiguration": { "Rules": [rule] } });
    played.step("put-bucket-enc", answered(square.call("s3", "PutBucketEncryption", input).await));
    played.step("get-bucket-enc", answered(square.call("s3", "GetBucketEncryption", json!({ "Bucket": "box" })).await));
    let made = put(&square, json!({ "Bucket": "box", "Key": "key-encrypted" }), "test-encrypted").await;
    played.step("put-object-encrypted", made.clone());
    let described = square.call("kms", "DescribeKey", json!({ "KeyId": made["SSEKMSKeyId"] })).await;
    played.step("managed-kms-key", answered(described));
    let head = read(&square, "HeadObject", json!({ "Bucket": "box", "Key": "key-encrypted" })).await;
    played.step("head-object-encrypted", head);
    played.forget("get-object-encrypted", "Body");
    played.step("get-object-encrypted", get(&square, "key-encrypted").await);
    played.end();
}

#[tokio::test]
async fn the_policy_of_a_key_decides_over_objects() {
    let square = Square::new().await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    // Who wrote this policy may look after the key and write, and read nothing.
    let actions = json!(["kms:Put*", "kms:Create*", "kms:Describe*", "kms:GenerateDataKey"]);
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": actions, "Resource": "*" });
    let policy = |statement: &Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let made = key(&square, json!({ "Policy": policy(&statement) })).await;
    let id = made["KeyId"].as_str().unwrap();
    let put_one = put(&square, under(id, "k"), "secret").await;
    assert_eq!(put_one["SSEKMSKeyId"], made["Arn"], "{put_one}");
    assert_eq!(get(&square, "k").await["Error"]["Code"], "AccessDenied");
    // With the object in the encryption context, as S3 sends it.
    let mut opened = statement.clone();
    opened["Action"] = "kms:*".into();
    opened["Condition"] = json!({ "StringNotEquals": { "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::box/closed" } });
    square.ok("kms", "PutKeyPolicy", json!({ "KeyId": id, "Policy": policy(&opened) })).await;
    assert_eq!(get(&square, "k").await["ContentLength"], 6);
    assert_eq!(put(&square, under(id, "closed"), "secret").await["Error"]["Code"], "AccessDenied");
    // A new name: the data key stays bound to the old one.
    let rename = json!({ "Bucket": "box", "Key": "closed", "RenameSource": "box/k" });
    square.ok("s3", "RenameObject", rename).await;
    assert_eq!(get(&square, "closed").await["ContentLength"], 6);
}
