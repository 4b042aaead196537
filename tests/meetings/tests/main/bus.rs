//! S3 tells the default event bus, whose rules tell queues.

use crate::{
    recorded::Played,
    square::{ACCOUNT, Square},
};
use serde_json::{Value, json};

/// A bucket that tells its region's bus, with a rule for all that it says and the queue `inbox` behind that.
async fn told(square: &Square, bucket: &str) {
    let region = square.cx.region().to_owned();
    let location = json!({ "LocationConstraint": region });
    let mut input = json!({ "Bucket": bucket });
    if region != "us-east-1" {
        input["CreateBucketConfiguration"] = location;
    }
    square.ok("s3", "CreateBucket", input).await;
    let input = json!({ "Bucket": bucket, "NotificationConfiguration": { "EventBridgeConfiguration": {} } });
    square.ok("s3", "PutBucketNotificationConfiguration", input).await;
    let queue = square.queue("inbox", "events.amazonaws.com").await;
    let pattern = json!({ "source": ["aws.s3"], "detail": { "bucket": { "name": [bucket] } } });
    square.ok("events", "PutRule", json!({ "Name": "changes", "EventPattern": pattern.to_string() })).await;
    square.ok("events", "PutTargets", json!({ "Rule": "changes", "Targets": [{ "Id": "q", "Arn": queue }] })).await;
}

/// What the rule's queue has got, by kind and then by time.
async fn events(square: &Square) -> Vec<Value> {
    let mut all = square.bodies("inbox").await;
    all.sort_by_key(|event| (event["detail-type"].to_string(), event["time"].to_string()));
    all
}

fn played(test: &str) -> Option<Played> {
    Played::of("test_s3_notifications_eventbridge", &format!("TestS3NotificationsToEventBridge::{test}"))
}

#[tokio::test]
async fn objects_that_come_and_go() {
    let square = Square::new().await;
    told(&square, "box").await;
    square.put("box", "k", "data").await;
    square.ok("s3", "DeleteObject", json!({ "Bucket": "box", "Key": "k" })).await;
    let events = events(&square).await;
    assert_eq!(events.len(), 2);
    let Some(mut played) = played("test_object_created_put") else { return };
    played.step("object_created", events[0].clone());
    played.step("object_deleted", events[1].clone());
    played.end();
}

#[tokio::test]
async fn lists_that_change() {
    let square = Square::new().await;
    told(&square, "box").await;
    square.ok("s3", "DeleteBucketOwnershipControls", json!({ "Bucket": "box" })).await;
    square.ok("s3", "DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    square.put("box", "my_key_acl", "something").await;
    let of = |more: Value| {
        let mut input = json!({ "Bucket": "box", "Key": "my_key_acl" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let log = "http://acs.amazonaws.com/groups/s3/LogDelivery";
    let owner = square.ok("s3", "GetBucketAcl", json!({ "Bucket": "box" })).await["Owner"].clone();
    let grants = json!([
        { "Grantee": { "ID": owner["ID"], "Type": "CanonicalUser" }, "Permission": "FULL_CONTROL" },
        { "Grantee": { "URI": log, "Type": "Group" }, "Permission": "WRITE" },
    ]);
    for more in [
        // Says what is so already, and is told to nobody.
        json!({ "ACL": "private" }),
        json!({ "ACL": "public-read" }),
        json!({ "GrantRead": format!("uri=\"{log}\"") }),
        json!({ "AccessControlPolicy": { "Owner": owner, "Grants": grants } }),
    ] {
        square.ok("s3", "PutObjectAcl", of(more)).await;
    }
    let events = events(&square).await;
    let Some(mut played) = played("test_object_put_acl") else { return };
    played.step("messages", json!({ "messages": events }));
    played.end();
}

#[tokio::test]
async fn objects_that_come_back_from_an_archive() {
    let square = Square::new().await;
    told(&square, "box").await;
    let cx = square.cx.child().with_body(kit::Body::from_bytes("something"));
    let input = json!({ "Bucket": "box", "Key": "my_key_restore", "StorageClass": "GLACIER" });
    square.cloud.call_json(&cx, "s3", "PutObject", &input).await.unwrap();
    let request = json!({ "Days": 1, "GlacierJobParameters": { "Tier": "Expedited" } });
    square.ok("s3", "RestoreObject", json!({ "Bucket": "box", "Key": "my_key_restore", "RestoreRequest": request })).await;
    square.advance(600).await;
    let mut events = events(&square).await;
    // The test listened for these two only.
    events.retain(|event| event["detail-type"] != "Object Created");
    events.sort_by_key(|event| event["time"].to_string());
    let Some(mut played) = played("test_restore_object") else { return };
    played.step("messages", json!({ "messages": events }));
    played.end();
}

#[tokio::test]
async fn each_region_has_a_bus_of_its_own_and_rules_may_lead_to_another() {
    let home = Square::new().await;
    let away = home.within("us-west-2");
    told(&home, "box").await;
    told(&away, "box-west").await;
    home.put("box", "k", "data").await;
    away.put("box-west", "k", "data").await;
    for (square, bucket) in [(&home, "box"), (&away, "box-west")] {
        let events = events(square).await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!((&events[0]["region"], &events[0]["account"]), (&json!(square.cx.region()), &json!(ACCOUNT)));
        assert_eq!(events[0]["resources"], json!([format!("arn:aws:s3:::{bucket}")]));
    }
}

#[tokio::test]
async fn a_deletion_under_versions_is_told_with_its_marker() {
    let square = Square::new().await;
    told(&square, "box").await;
    square.ok("s3", "PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    let put = square.put("box", "k", "data").await;
    let marker = square.ok("s3", "DeleteObject", json!({ "Bucket": "box", "Key": "k" })).await;
    let events = events(&square).await;
    assert_eq!(events[0]["detail"]["object"]["version-id"], put["VersionId"]);
    assert_eq!(events[1]["detail"]["object"]["version-id"], marker["VersionId"]);
    assert_eq!(events[1]["detail"]["deletion-type"], "Delete Marker Created");
}
