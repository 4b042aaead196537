//! The storage report: what lies where, day by day, and what it would cost.

use crate::desk::Desk;
use serde_json::{Value, json};

const DAY: u64 = 86_400;

async fn report(desk: &Desk, query: &str) -> Value {
    serde_json::from_slice(&desk.get(&format!("/_windtunnel/s3/report{query}")).await.ok().body).unwrap()
}

#[tokio::test]
async fn bytes_are_counted_by_class_from_day_to_day() {
    let desk = Desk::with_bucket("box").await;
    let rule = json!({ "ID": "r", "Status": "Enabled", "Filter": { "Prefix": "" },
        "Transitions": [{ "Days": 0, "StorageClass": "GLACIER" }], "Expiration": { "Days": 3 } });
    desk.ok("PutBucketLifecycleConfiguration", json!({ "Bucket": "box", "LifecycleConfiguration": { "Rules": [rule] } })).await;
    desk.put("/box/large", &"x".repeat(200_000)).await;
    desk.put("/box/small", "four").await;
    desk.put("/box/small", "five!").await;
    desk.advance(5 * DAY).await;
    desk.put("/box/new", "eight by").await;
    let all = report(&desk, "?bucket=box").await;
    let bucket = &all["buckets"][0];
    assert_eq!((bucket["objects"].as_u64(), bucket["bytes"].as_u64()), (Some(1), Some(8)));
    let day = |n: usize| (bucket["days"][n]["date"].as_str().unwrap().to_owned(), bucket["days"][n]["bytes"].clone());
    assert_eq!(day(0), ("2023-11-14".into(), json!({ "STANDARD": 200_005 })));
    // The small one is under what transitions take.
    assert_eq!(day(1), ("2023-11-15".into(), json!({ "GLACIER": 200_000, "STANDARD": 5 })));
    assert_eq!(day(3), ("2023-11-17".into(), json!({ "GLACIER": 200_000, "STANDARD": 5 })));
    assert_eq!(day(4), ("2023-11-18".into(), json!({})));
    assert_eq!(day(5), ("2023-11-19".into(), json!({ "STANDARD": 8 })));
    assert_eq!(bucket["days"].as_array().unwrap().len(), 6);
    assert_eq!(report(&desk, "?bucket=box&days=2").await["buckets"][0]["days"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn costs_follow_the_price_list_of_the_region() {
    let desk = Desk::with_bucket("box").await;
    desk.ok("CreateMultipartUpload", json!({ "Bucket": "box", "Key": "unfinished" })).await;
    desk.send("PUT", "/box/tiny", &[("x-amz-storage-class", "STANDARD_IA")], b"x").await.ok();
    let all = report(&desk, "").await;
    let amount = &all["buckets"][0]["classes"]["STANDARD_IA"];
    // Infrequent access is charged for 128 KiB at least.
    assert_eq!((amount["bytes"].as_u64(), amount["billed_bytes"].as_u64()), (Some(1), Some(131_072)));
    assert_eq!(amount["monthly_cost"].as_f64().unwrap(), 0.000002);
    assert_eq!(all["prices"]["currency"], "USD");
    assert!(all["prices"]["source"].as_str().unwrap().contains("aws.amazon.com/s3/pricing"));
}

#[tokio::test]
async fn versions_count_and_what_is_deleted_does_not() {
    let desk = Desk::with_bucket("box").await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    desk.put("/box/k", "one").await;
    let second = desk.put("/box/k", "three").await;
    desk.ok("DeleteObject", json!({ "Bucket": "box", "Key": "k" })).await;
    let bytes = async || report(&desk, "?bucket=box").await["buckets"][0]["bytes"].as_u64();
    assert_eq!(bytes().await, Some(8));
    desk.ok("DeleteObject", json!({ "Bucket": "box", "Key": "k", "VersionId": second.header("x-amz-version-id").unwrap() })).await;
    assert_eq!(bytes().await, Some(3));
}

#[tokio::test]
async fn parts_of_unfinished_uploads_are_told_until_they_are_gone() {
    let desk = Desk::with_bucket("box").await;
    let held = async || report(&desk, "?bucket=box").await["buckets"][0].clone();
    let begin = async |key: &str| desk.ask("POST", &format!("/box/{key}?uploads")).await.ok().element("UploadId").unwrap();
    let part = async |key: &str, upload: &str, body: &str| {
        let put = desk.put(&format!("/box/{key}?partNumber=1&uploadId={upload}"), body).await;
        put.header("etag").unwrap().replace('"', "")
    };
    let (kept, lost) = (begin("kept").await, begin("lost").await);
    part("kept", &kept, "replaced").await;
    let etag = part("kept", &kept, "bytes").await;
    part("lost", &lost, "never").await;
    let bucket = held().await;
    let parts = &bucket["classes"]["UNFINISHED_UPLOADS"];
    assert_eq!((parts["objects"].as_u64(), parts["bytes"].as_u64(), bucket["objects"].as_u64()), (Some(2), Some(10), Some(0)));
    let list = format!("<CompleteMultipartUpload><Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>");
    desk.send("POST", &format!("/box/kept?uploadId={kept}"), &[], list.as_bytes()).await.ok();
    let bucket = held().await;
    assert_eq!((&bucket["classes"]["UNFINISHED_UPLOADS"]["bytes"], &bucket["classes"]["STANDARD"]["bytes"]), (&json!(5), &json!(5)));
    assert_eq!(desk.ask("DELETE", &format!("/box/lost?uploadId={lost}")).await.status, 204);
    assert!(held().await["classes"]["UNFINISHED_UPLOADS"].is_null());
}

#[tokio::test]
async fn restored_copies_are_told_for_as_long_as_they_last() {
    let desk = Desk::with_bucket("box").await;
    for key in ["waits", "goes"] {
        desk.send("PUT", &format!("/box/{key}"), &[("x-amz-storage-class", "GLACIER")], b"frozen").await.ok();
        let request = json!({ "Days": 1, "GlacierJobParameters": { "Tier": "Expedited" } });
        desk.ok("RestoreObject", json!({ "Bucket": "box", "Key": key, "RestoreRequest": request })).await;
    }
    let copies = async || report(&desk, "?bucket=box").await["buckets"][0]["classes"]["RESTORED_COPIES"]["bytes"].clone();
    assert!(copies().await.is_null());
    desk.advance(600).await;
    assert_eq!(copies().await, 12);
    assert_eq!(report(&desk, "?bucket=box").await["buckets"][0]["objects"], 2);
    desk.ask("DELETE", "/box/goes").await.ok();
    assert_eq!(copies().await, 6);
    desk.advance(3 * DAY).await;
    assert!(copies().await.is_null());
}

#[tokio::test]
async fn wrong_questions_are_told_what_is_wrong() {
    let desk = Desk::with_bucket("box").await;
    assert_eq!(report(&desk, "?bucket=box").await["buckets"][0]["objects"], 0);
    assert_eq!(desk.get("/_windtunnel/s3/report?bucket=none").await.status, 404);
    assert_eq!(desk.get("/_windtunnel/s3/report?days=0").await.status, 400);
    assert_eq!(desk.get("/_windtunnel/s3/report?what=1").await.status, 400);
    assert_eq!(desk.ask("DELETE", "/_windtunnel/s3/report").await.status, 405);
}
