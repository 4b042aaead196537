//! Inventory reports, written at midnight.

use crate::{desk::Desk, policy_decider::ByPolicy, replication::Everything};
use fakes::keys::{FakeKeys, KEY};
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

#[tokio::test]
async fn a_report_is_encrypted_as_its_configuration_says() {
    let desk = desk().await;
    desk.cloud.ports().offer_keys(FakeKeys::of("s3.amazonaws.com"));
    desk.cloud.set_decider(Arc::new(Everything));
    let mut input = inventory("Daily", "Current");
    let both = json!({ "SSES3": {}, "SSEKMS": { "KeyId": KEY } });
    input["InventoryConfiguration"]["Destination"]["S3BucketDestination"]["Encryption"] = both;
    assert_eq!(desk.call("PutBucketInventoryConfiguration", input.clone()).await.unwrap_err().code, "MalformedXML");
    input["InventoryConfiguration"]["Destination"]["S3BucketDestination"]["Encryption"] = json!({ "SSEKMS": { "KeyId": KEY } });
    desk.ok("PutBucketInventoryConfiguration", input).await;
    desk.put("/box/in/a", "bytes").await;
    desk.advance(2 * 3600).await;
    let keys = desk.keys("reports").await;
    assert_eq!(keys.len(), 4, "{keys:?}");
    for key in keys {
        let head = desk.ok("HeadObject", json!({ "Bucket": "reports", "Key": key })).await;
        assert_eq!(head["SSEKMSKeyId"], KEY, "{key}");
    }
    assert!(report(&desk).await.1.contains("in/a"));
}

/// Texts of an ORC file's column; NULL as nothing.
fn orc_texts(bytes: &[u8], name: &str) -> Vec<Option<String>> {
    let length = orc::tail_length(bytes).unwrap();
    let tail = orc::Tail::read(&bytes[bytes.len() - length..]).unwrap();
    let id = tail.columns().find(|(column, _)| *column == name).unwrap().1;
    let at = |range: &std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
    let open = tail.stripes[0].open(&tail, at(&tail.stripes[0].footer()), &[id]).unwrap();
    let fetched: Vec<&[u8]> = open.ranges().iter().map(at).collect();
    let (rows, columns) = open.reader(&tail, &fetched, 1 << 20).unwrap().batch(1000).unwrap().unwrap();
    let text = |row: usize| match &columns[0].data {
        orc::Data::Bytes { ends, bytes } => String::from_utf8(bytes[ends[row] as usize..ends[row + 1] as usize].to_vec()).unwrap(),
        orc::Data::Integers(all) | orc::Data::Times(all) => all[row].to_string(),
        orc::Data::Booleans(all) => all[row].to_string(),
        other => panic!("{other:?}"),
    };
    let there = |row: usize| columns[0].valid.as_ref().is_none_or(|valid| valid[row]);
    (0..rows).map(|row| there(row).then(|| text(row))).collect()
}

#[tokio::test]
async fn a_report_in_orc_has_columns_of_their_own_types() {
    let desk = desk().await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    let mut input = inventory("Daily", "All");
    input["InventoryConfiguration"]["Destination"]["S3BucketDestination"]["Format"] = json!("ORC");
    input["InventoryConfiguration"]["OptionalFields"] = json!(["ETag", "Size", "LastModifiedDate"]);
    desk.ok("PutBucketInventoryConfiguration", input).await;
    desk.put("/box/in/a%20b", "bytes").await;
    desk.ask("DELETE", "/box/in/a%20b").await.ok();
    desk.advance(2 * 3600).await;
    let keys = desk.keys("reports").await;
    let manifest = keys.iter().find(|key| key.ends_with("/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&desk.get(&format!("/reports/{manifest}")).await.ok().body).unwrap();
    assert_eq!(
        (&manifest["fileFormat"], &manifest["fileSchema"]),
        (
            &json!("ORC"),
            &json!(
                "struct<bucket:string,key:string,version_id:string,is_latest:boolean,is_delete_marker:boolean,size:bigint,last_modified_date:timestamp,e_tag:string>"
            )
        )
    );
    let file = manifest["files"][0]["key"].as_str().unwrap();
    assert!(file.ends_with(".orc"), "{file}");
    let bytes = desk.get(&format!("/reports/{file}")).await.ok().body;
    let some = |texts: &[&str]| texts.iter().map(|text| Some((*text).to_owned())).collect::<Vec<_>>();
    assert_eq!(orc_texts(&bytes, "key"), some(&["in/a b", "in/a b"]));
    assert_eq!(orc_texts(&bytes, "is_delete_marker"), some(&["true", "false"]));
    assert_eq!(orc_texts(&bytes, "size"), [None, Some("5".into())]);
    assert_eq!(orc_texts(&bytes, "e_tag"), [None, Some("4b3a6218bb3e3a7303e8a171a60fcf92".into())]);
    assert_eq!(orc_texts(&bytes, "last_modified_date"), some(&["1700000000000000", "1700000000000000"]));
}
