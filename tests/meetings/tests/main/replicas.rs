//! S3 replicates as a role of IAM that STS hands out, under keys of KMS: what AWS's page of the role's policy lists is enough, less is not.

use crate::square::{ACCOUNT, Square};
use serde_json::{Value, json};

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A square with two buckets that keep versions, a role with these statements, and a rule that replicates what lies under a KMS key.
async fn replicating(statements: Value, trusted: &str) -> Square {
    let square = Square::new().await;
    for bucket in ["from", "goal"] {
        square.ok("s3", "CreateBucket", json!({ "Bucket": bucket })).await;
        let on = json!({ "Bucket": bucket, "VersioningConfiguration": { "Status": "Enabled" } });
        square.ok("s3", "PutBucketVersioning", on).await;
    }
    let key = text(&square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"]);
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": trusted }, "Action": "sts:AssumeRole" },
    ] });
    let role = json!({ "RoleName": "replicator", "AssumeRolePolicyDocument": trust.to_string() });
    let role = text(&square.ok("iam", "CreateRole", role).await["Role"]["Arn"]);
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    square.ok("iam", "PutRolePolicy", json!({ "RoleName": "replicator", "PolicyName": "replicates", "PolicyDocument": policy })).await;
    let rule = json!({
        "ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {}, "DeleteMarkerReplication": { "Status": "Disabled" },
        "SourceSelectionCriteria": { "SseKmsEncryptedObjects": { "Status": "Enabled" } },
        "Destination": { "Bucket": "arn:aws:s3:::goal", "EncryptionConfiguration": { "ReplicaKmsKeyID": key } },
    });
    let configuration = json!({ "Role": role, "Rules": [rule] });
    square.ok("s3", "PutBucketReplication", json!({ "Bucket": "from", "ReplicationConfiguration": configuration })).await;
    let default = json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key } }] });
    square.ok("s3", "PutBucketEncryption", json!({ "Bucket": "from", "ServerSideEncryptionConfiguration": default })).await;
    square.put("from", "k", "secret").await;
    square.settle().await;
    square
}

/// The role's policy as AWS's page on replication has it, with or without the use of keys.
fn documented(keys: &[&str]) -> Value {
    let mut statements = json!([
        { "Effect": "Allow", "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"], "Resource": "arn:aws:s3:::from" },
        { "Effect": "Allow", "Action": ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
          "Resource": "arn:aws:s3:::from/*" },
        { "Effect": "Allow", "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"], "Resource": "arn:aws:s3:::goal/*" },
    ]);
    if !keys.is_empty() {
        statements
            .as_array_mut()
            .unwrap()
            .push(json!({ "Effect": "Allow", "Action": keys, "Resource": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/*") }));
    }
    statements
}

async fn status(square: &Square) -> String {
    text(&square.ok("s3", "HeadObject", json!({ "Bucket": "from", "Key": "k" })).await["ReplicationStatus"])
}

#[tokio::test]
async fn the_documented_policy_is_enough_and_less_is_not() {
    let square = replicating(documented(&["kms:Decrypt", "kms:Encrypt"]), "s3.amazonaws.com").await;
    assert_eq!(status(&square).await, "COMPLETED");
    let replica = square.ok("s3", "HeadObject", json!({ "Bucket": "goal", "Key": "k" })).await;
    assert_eq!((&replica["ReplicationStatus"], &replica["ServerSideEncryption"]), (&json!("REPLICA"), &json!("aws:kms")));
    for keys in [&[][..], &["kms:Decrypt"], &["kms:Encrypt"]] {
        assert_eq!(status(&replicating(documented(keys), "s3.amazonaws.com").await).await, "FAILED", "{keys:?}");
    }
    let mut without = documented(&["kms:Decrypt", "kms:Encrypt"]);
    without.as_array_mut().unwrap().remove(2);
    assert_eq!(status(&replicating(without, "s3.amazonaws.com").await).await, "FAILED");
    // A role that trusts somebody else.
    let all = documented(&["kms:Decrypt", "kms:Encrypt"]);
    assert_eq!(status(&replicating(all, "lambda.amazonaws.com").await).await, "FAILED");
}
