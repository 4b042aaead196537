//! Inventory reports, written at midnight.

use crate::{desk::Desk, policy_decider::ByPolicy};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::{io::Read, sync::Arc};

fn inventory(frequency: &str, versions: &str) -> Value {
    let destination = json!({ "S3BucketDestination": { "Bucket": "arn:aws:s3:::reports", "Format": "CSV", "Prefix": "inv" } });
    let configuration = json!({ "Id": "list", "IsEnabled": true, "IncludedObjectVersions": versions, "Schedule": { "Frequency": frequency }, "OptionalFields": ["ETag", "Size", "StorageClass"], "Filter": { "Prefix": "in/" }, "Destination": destination });
    json!({ "Bucket": "box", "Id": "list", "InventoryConfiguration": configuration })
}

async fn desk() -> Desk {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    desk.ok("CreateBucket", json!({ "Bucket": "reports" })).await;
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::reports/*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    desk.ok("PutBucketPolicy", json!({ "Bucket": "reports", "Policy": policy.to_string() })).await;
    desk
}

async fn report(desk: &Desk) -> (Value, String) {
    let keys = desk.keys("reports").await;
    let manifest = keys.iter().rfind(|key| key.ends_with("/manifest.json")).unwrap_or_else(|| panic!("no manifest in {keys:?}"));
    let manifest: Value = serde_json::from_slice(&desk.get(&format!("/reports/{manifest}")).await.ok().body).unwrap();
    let bytes = desk.get(&format!("/reports/{}", manifest["files"][0]["key"].as_str().unwrap())).await.ok().body;
    assert_eq!(manifest["files"][0]["size"], bytes.len());
    let mut text = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    (manifest, text)
}

#[tokio::test]
async fn a_daily_report_names_what_is_there() {
    let desk = desk().await;
    desk.ok("PutBucketInventoryConfiguration", inventory("Daily", "Current")).await;
    desk.put("/box/in/a%20b", "bytes").await;
    desk.put("/box/out/c", "x").await;
    // 22:13:20 + 2 hours is past midnight.
    desk.advance(2 * 3600).await;
    let (manifest, text) = report(&desk).await;
    assert_eq!(text, "\"box\",\"in/a+b\",\"5\",\"4b3a6218bb3e3a7303e8a171a60fcf92\",\"STANDARD\"\n");
    assert_eq!((&manifest["sourceBucket"], &manifest["destinationBucket"]), (&json!("box"), &json!("arn:aws:s3:::reports")));
    assert_eq!(
        (&manifest["fileSchema"], &manifest["creationTimestamp"]),
        (&json!("Bucket, Key, Size, ETag, StorageClass"), &json!("1700006400000"))
    );
    let keys = desk.keys("reports").await;
    assert!(keys.contains(&"inv/box/list/2023-11-15T00-00Z/manifest.checksum".to_owned()), "{keys:?}");
    assert!(keys.contains(&"inv/box/list/hive/dt=2023-11-15-00-00/symlink.txt".to_owned()), "{keys:?}");
    // One a day, until it is taken away.
    desk.advance(24 * 3600).await;
    let reports = desk.keys("reports").await.into_iter().filter(|key| key.ends_with("manifest.json")).count();
    assert_eq!(reports, 2);
    assert_eq!(desk.ask("DELETE", "/box?id=list&inventory").await.status, 204);
    desk.advance(24 * 3600).await;
    assert_eq!(desk.keys("reports").await.into_iter().filter(|key| key.ends_with("manifest.json")).count(), 2);
}

#[tokio::test]
async fn a_weekly_report_of_all_versions_comes_on_sunday() {
    let desk = desk().await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    desk.ok("PutBucketInventoryConfiguration", inventory("Weekly", "All")).await;
    desk.put("/box/in/a", "one").await;
    desk.put("/box/in/a", "three").await;
    desk.ask("DELETE", "/box/in/a").await.ok();
    desk.advance(2 * 24 * 3600).await;
    assert!(desk.keys("reports").await.is_empty());
    desk.advance(3 * 24 * 3600).await;
    let (manifest, text) = report(&desk).await;
    assert_eq!(manifest["fileSchema"], "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag, StorageClass");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').map(|field| field.trim_matches('"')).collect()).collect();
    let told: Vec<(&str, &str, &str)> = lines.iter().map(|line| (line[3], line[4], line[5])).collect();
    assert_eq!(told, [("true", "true", ""), ("false", "false", "5"), ("false", "false", "3")]);
}

#[tokio::test]
async fn a_destination_that_lets_nobody_in_gets_nothing() {
    let desk = desk().await;
    desk.ok("DeleteBucketPolicy", json!({ "Bucket": "reports" })).await;
    desk.ok("PutBucketInventoryConfiguration", inventory("Daily", "Current")).await;
    desk.advance(2 * 3600).await;
    assert!(desk.keys("reports").await.is_empty());
    let told = desk.cloud.journal().held().into_iter().find(|record| &*record.operation == "DeliverInventory").unwrap();
    assert_eq!(&*told.outcome, "AccessDenied");
}
