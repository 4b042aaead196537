//! Lifecycle on the clock. It starts on 2023-11-14 at 22:13:20.

use crate::desk::{Desk, to_function};
use serde_json::{Value, json};

const DAY: u64 = 86_400;
const TO_MIDNIGHT: u64 = 6_400;

async fn rules(desk: &Desk, rules: Value) {
    desk.ok("PutBucketLifecycleConfiguration", json!({ "Bucket": "box", "LifecycleConfiguration": { "Rules": rules } })).await;
    desk.settle().await;
}

fn after_days(days: u32, prefix: &str) -> Value {
    json!({ "ID": format!("r{days}"), "Status": "Enabled", "Filter": { "Prefix": prefix }, "Expiration": { "Days": days } })
}

#[tokio::test]
async fn objects_go_at_the_rounded_midnight_and_not_before() {
    let desk = Desk::with_bucket("box").await;
    desk.ok(
        "PutBucketNotificationConfiguration",
        json!({ "Bucket": "box", "NotificationConfiguration": to_function(&["s3:LifecycleExpiration:*"]) }),
    )
    .await;
    rules(&desk, json!([after_days(7, "in/")])).await;
    let put = desk.put("/box/in/k", "x").await;
    assert_eq!(put.header("x-amz-expiration"), Some("expiry-date=\"Wed, 22 Nov 2023 00:00:00 GMT\", rule-id=\"r7\""));
    assert_eq!(desk.put("/box/out/k", "x").await.header("x-amz-expiration"), None);
    desk.advance(TO_MIDNIGHT + 7 * DAY - 1).await;
    assert_eq!(desk.keys("box").await, ["in/k", "out/k"]);
    assert_eq!(desk.events().await, []);
    desk.advance(1).await;
    assert_eq!(desk.keys("box").await, ["out/k"]);
    assert_eq!(desk.events().await, [("LifecycleExpiration:Delete".into(), "in/k".into())]);
    desk.advance(30 * DAY).await;
    assert_eq!(desk.keys("box").await, ["out/k"]);
}

#[tokio::test]
async fn changed_rules_count_for_what_is_there() {
    let desk = Desk::with_bucket("box").await;
    for n in 0..600 {
        let input = json!({ "Bucket": "box", "Key": format!("k{n:03}") });
        desk.cloud.call_json(&desk.cx.clone().with_body(kit::Body::from_bytes("x")), "s3", "PutObject", &input).await.unwrap();
    }
    rules(&desk, json!([after_days(30, "")])).await;
    desk.advance(10 * DAY).await;
    rules(&desk, json!([after_days(5, "k0")])).await;
    // Those are late already: they go at the next midnight.
    desk.advance(TO_MIDNIGHT - 1).await;
    assert_eq!(desk.keys("box").await.len(), 600);
    desk.advance(1).await;
    assert_eq!(desk.keys("box").await.len(), 500);
    desk.ok("DeleteBucketLifecycle", json!({ "Bucket": "box" })).await;
    desk.advance(100 * DAY).await;
    assert_eq!(desk.keys("box").await.len(), 500);
}

#[tokio::test]
async fn tags_sizes_and_dates_select() {
    let desk = Desk::with_bucket("box").await;
    rules(
        &desk,
        json!([
            { "ID": "tagged", "Status": "Enabled", "Filter": { "Tag": { "Key": "keep", "Value": "no" } }, "Expiration": { "Days": 1 } },
            { "ID": "large", "Status": "Enabled", "Filter": { "ObjectSizeGreaterThan": 5 }, "Expiration": { "Date": "2023-11-20T00:00:00Z" } },
            { "ID": "off", "Status": "Disabled", "Filter": {}, "Expiration": { "Days": 1 } },
        ]),
    )
    .await;
    desk.send("PUT", "/box/tagged", &[("x-amz-tagging", "keep=no")], b"x").await.ok();
    desk.put("/box/large", "longer than five").await;
    desk.put("/box/small", "x").await;
    desk.put("/box/tagged-later", "x").await;
    desk.ok(
        "PutObjectTagging",
        json!({ "Bucket": "box", "Key": "tagged-later", "Tagging": { "TagSet": [{ "Key": "keep", "Value": "no" }] } }),
    )
    .await;
    desk.advance(TO_MIDNIGHT + DAY).await;
    assert_eq!(desk.keys("box").await, ["large", "small"]);
    desk.advance(4 * DAY).await;
    assert_eq!(desk.keys("box").await, ["small"]);
}

#[tokio::test]
async fn versions_and_uploads_expire_by_rules_of_their_own() {
    let desk = Desk::with_bucket("box").await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    rules(
        &desk,
        json!([
            { "ID": "all", "Status": "Enabled", "Filter": {}, "Expiration": { "Days": 2 }, "NoncurrentVersionExpiration": { "NoncurrentDays": 3 }, "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 } },
            { "ID": "markers", "Status": "Enabled", "Filter": {}, "Expiration": { "ExpiredObjectDeleteMarker": true } },
        ]),
    )
    .await;
    desk.put("/box/k", "x").await;
    let upload = desk.ask("POST", "/box/big?uploads").await.ok();
    assert_eq!(upload.header("x-amz-abort-rule-id"), Some("all"));
    desk.advance(TO_MIDNIGHT + DAY).await;
    assert!(desk.get("/box?uploads").await.ok().elements("UploadId").is_empty());
    desk.advance(DAY).await;
    assert!(desk.keys("box").await.is_empty());
    let versions = desk.get("/box?versions").await.ok();
    assert_eq!((versions.elements("Version").len(), versions.elements("DeleteMarker").len()), (1, 1));
    desk.advance(3 * DAY).await;
    assert_eq!(desk.get("/box?versions").await.ok().elements("Version").len(), 0);
    desk.advance(2 * DAY).await;
    assert_eq!(desk.get("/box?versions").await.ok().elements("DeleteMarker").len(), 0);
}

#[tokio::test]
async fn impossible_rules_are_refused() {
    let desk = Desk::with_bucket("box").await;
    let put = async |rule: Value| {
        let input = json!({ "Bucket": "box", "LifecycleConfiguration": { "Rules": [rule] } });
        desk.call("PutBucketLifecycleConfiguration", input).await.unwrap_err()
    };
    let date = put(json!({ "Status": "Enabled", "Filter": {}, "Expiration": { "Date": "2023-11-20T10:00:00Z" } })).await;
    assert_eq!(date.message, "'Date' must be at midnight GMT");
    let days = put(json!({ "Status": "Enabled", "Filter": {}, "Expiration": { "Days": 0 } })).await;
    assert_eq!(days.message, "'Days' for Expiration action must be a positive integer");
    assert_eq!(put(json!({ "Status": "Enabled", "Filter": {} })).await.code, "InvalidRequest");
    assert_eq!(put(json!({ "Status": "Enabled", "Expiration": { "Days": 1 } })).await.code, "MalformedXML");
    let none = desk.call("GetBucketLifecycleConfiguration", json!({ "Bucket": "box" })).await.unwrap_err();
    assert_eq!(none.code, "NoSuchLifecycleConfiguration");
}
