//! Intelligent-Tiering on the clock, which starts on 2023-11-14 at 22:13:20.

use crate::{
    desk::{Desk, to_function},
    http::Answer,
};
use serde_json::{Value, json};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const TIERED: (&str, &str) = ("x-amz-storage-class", "INTELLIGENT_TIERING");

async fn desk() -> Desk {
    let desk = Desk::with_bucket("box").await;
    let events = to_function(&["s3:IntelligentTiering", "s3:ObjectRestore:*"]);
    desk.ok("PutBucketNotificationConfiguration", json!({ "Bucket": "box", "NotificationConfiguration": events })).await;
    desk.send("PUT", "/box/large", &[TIERED], &vec![7; 200_000]).await.ok();
    desk.send("PUT", "/box/small", &[TIERED], b"x").await.ok();
    desk
}

async fn archive(desk: &Desk, id: &str, prefix: &str, tiers: &[(&str, u32)]) -> Result<Value, kit::Fault> {
    let tierings: Vec<Value> = tiers.iter().map(|(tier, days)| json!({ "AccessTier": tier, "Days": days })).collect();
    let configuration = json!({ "Id": id, "Filter": { "Prefix": prefix }, "Status": "Enabled", "Tierings": tierings });
    let input = json!({ "Bucket": "box", "Id": id, "IntelligentTieringConfiguration": configuration });
    desk.call("PutBucketIntelligentTieringConfiguration", input).await
}

/// Bytes by slot as the report counts them.
async fn slots(desk: &Desk) -> Vec<(String, u64)> {
    let report: Value = serde_json::from_slice(&desk.get("/_windtunnel/s3/report?bucket=box").await.ok().body).unwrap();
    let classes = report["buckets"][0]["classes"].as_object().unwrap();
    classes
        .iter()
        .map(|(name, amount)| (name.trim_start_matches("INTELLIGENT_TIERING_").to_owned(), amount["bytes"].as_u64().unwrap()))
        .collect()
}

fn at(tier: &str) -> Vec<(String, u64)> {
    let mut all = vec![(tier.to_owned(), 200_000), ("UNWATCHED".to_owned(), 1)];
    all.sort();
    all
}

#[tokio::test]
async fn objects_step_down_while_nobody_reads_them() {
    let desk = desk().await;
    assert_eq!(slots(&desk).await, at("FREQUENT"));
    desk.advance(30 * DAY).await;
    assert_eq!(slots(&desk).await, at("FREQUENT"));
    desk.advance(DAY).await;
    assert_eq!(slots(&desk).await, at("INFREQUENT"));
    desk.advance(60 * DAY).await;
    assert_eq!(slots(&desk).await, at("ARCHIVE_INSTANT"));
    desk.advance(300 * DAY).await;
    assert_eq!(slots(&desk).await, at("ARCHIVE_INSTANT"), "no configuration asks for more");
    assert_eq!(desk.ask("HEAD", "/box/large").await.ok().header("x-amz-archive-status"), None);
    assert_eq!(desk.events().await, []);
}

#[tokio::test]
async fn a_read_brings_an_object_back_and_a_look_does_not() {
    let desk = desk().await;
    desk.advance(31 * DAY).await;
    desk.ask("HEAD", "/box/large").await.ok();
    desk.get("/box?list-type=2").await.ok();
    desk.get("/box/large?tagging=").await.ok();
    desk.advance(2).await;
    assert_eq!(slots(&desk).await, at("INFREQUENT"));
    assert_eq!(desk.get("/box/large").await.ok().body.len(), 200_000);
    desk.advance(2).await;
    assert_eq!(slots(&desk).await, at("FREQUENT"));
    // The month begins anew.
    desk.advance(30 * DAY).await;
    assert_eq!(slots(&desk).await, at("FREQUENT"));
    // A copy reads, too.
    desk.send("PUT", "/box/copy", &[("x-amz-copy-source", "/box/large"), ("x-amz-storage-class", "GLACIER_IR")], b"").await.ok();
    desk.ok("DeleteObject", json!({ "Bucket": "box", "Key": "copy" })).await;
    desk.advance(20 * DAY).await;
    assert_eq!(slots(&desk).await, at("FREQUENT"));
    desk.advance(20 * DAY).await;
    assert_eq!(slots(&desk).await, at("INFREQUENT"));
}

#[tokio::test]
async fn many_reads_of_a_day_write_once() {
    let desk = desk().await;
    let writes = |desk: &Desk| desk.cloud.journal().held().iter().filter(|record| &*record.operation == "accesses").count();
    desk.advance(2 * DAY).await;
    for _ in 0..20 {
        desk.get("/box/large").await.ok();
    }
    desk.advance(2).await;
    for _ in 0..20 {
        desk.get("/box/large").await.ok();
    }
    desk.advance(HOUR / 2).await;
    assert_eq!(writes(&desk), 1);
    desk.advance(DAY).await;
    desk.get("/box/large").await.ok();
    desk.advance(2).await;
    assert_eq!(writes(&desk), 2);
}

#[tokio::test]
async fn archive_tiers_are_opted_into_told_of_and_restored_from() {
    let desk = desk().await;
    archive(&desk, "cold", "la", &[("ARCHIVE_ACCESS", 90), ("DEEP_ARCHIVE_ACCESS", 180)]).await.unwrap();
    desk.settle().await;
    desk.advance(91 * DAY).await;
    assert_eq!(slots(&desk).await, at("ARCHIVE"));
    let status = |answer: Answer| answer.header("x-amz-archive-status").map(str::to_owned);
    let head = desk.ask("HEAD", "/box/large").await.ok();
    assert_eq!(head.header("x-amz-storage-class"), Some("INTELLIGENT_TIERING"));
    assert_eq!(status(head).as_deref(), Some("ARCHIVE_ACCESS"));
    let get = desk.get("/box/large").await;
    assert_eq!(get.fault(), (403, "InvalidObjectState".into()));
    assert_eq!(
        (get.element("StorageClass").as_deref(), get.element("AccessTier").as_deref()),
        (Some("INTELLIGENT_TIERING"), Some("ARCHIVE_ACCESS"))
    );
    desk.advance(90 * DAY).await;
    assert_eq!(status(desk.ask("HEAD", "/box/large").await.ok()).as_deref(), Some("DEEP_ARCHIVE_ACCESS"));
    let told = desk.told.functions.lock().unwrap().clone();
    let tiers: Vec<&Value> =
        told.iter().map(|(_, event)| &event["Records"][0]["intelligentTieringEventData"]["destinationAccessTier"]).collect();
    assert_eq!(tiers, ["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"]);

    let days = desk.send("POST", "/box/large?restore=", &[], b"<RestoreRequest><Days>1</Days></RestoreRequest>").await;
    assert_eq!(days.fault(), (400, "InvalidRequest".into()));
    let restored = desk.send("POST", "/box/large?restore=", &[], b"<RestoreRequest></RestoreRequest>").await;
    assert_eq!(restored.status, 202);
    let head = desk.ask("HEAD", "/box/large").await.ok();
    assert_eq!(head.header("x-amz-restore"), Some("ongoing-request=\"true\""));
    desk.advance(12 * HOUR).await;
    let get = desk.get("/box/large").await.ok();
    assert_eq!((get.body.len(), get.header("x-amz-restore")), (200_000, None));
    assert_eq!(slots(&desk).await, at("FREQUENT"));
    let names: Vec<String> = desk.events().await.into_iter().map(|(name, _)| name).skip(2).collect();
    assert_eq!(names, ["ObjectRestore:Post", "ObjectRestore:Completed"]);
}

#[tokio::test]
async fn configurations_come_and_go_as_recorded() {
    let desk = Desk::with_bucket("box").await;
    let body = |id: &str, prefix: &str| {
        format!(
            "<IntelligentTieringConfiguration><Id>{id}</Id><Filter><Prefix>{prefix}</Prefix></Filter><Status>Enabled</Status><Tiering><Days>90</Days><AccessTier>ARCHIVE_ACCESS</AccessTier></Tiering></IntelligentTieringConfiguration>"
        )
    };
    let put = async |id: &str, body: String| desk.send("PUT", &format!("/box?id={id}&intelligent-tiering="), &[], body.as_bytes()).await;
    assert_eq!(put("test1", body("other", "test1")).await.fault(), (400, "MalformedXML".into()));
    assert_eq!(put("test1", body("test1", "test1")).await.status, 204);
    assert_eq!(put("test2", body("test2", "test2")).await.status, 204);
    assert_eq!(put("test1", body("test1", "testupdate")).await.status, 204);
    let one = desk.get("/box?id=test1&intelligent-tiering=").await.ok();
    assert_eq!((one.element("Prefix").as_deref(), one.element("Days").as_deref()), (Some("testupdate"), Some("90")));
    let all = desk.get("/box?intelligent-tiering=").await.ok();
    assert_eq!((all.elements("Id"), all.element("IsTruncated").as_deref()), (vec!["test1".into(), "test2".into()], Some("false")));
    let gone = desk.ask("DELETE", "/box?id=none&intelligent-tiering=").await;
    assert_eq!(gone.fault(), (404, "NoSuchConfiguration".into()));
    assert_eq!(desk.ask("DELETE", "/box?id=test1&intelligent-tiering=").await.status, 204);
    assert_eq!(desk.get("/box?intelligent-tiering=").await.ok().elements("Id"), ["test2"]);
    assert_eq!(desk.ask("DELETE", "/nowhere-at-all?id=x&intelligent-tiering=").await.fault(), (404, "NoSuchBucket".into()));
}

#[tokio::test]
async fn impossible_configurations_are_refused() {
    let desk = Desk::with_bucket("box").await;
    let refused = async |tiers: &[(&str, u32)]| archive(&desk, "x", "p", tiers).await.unwrap_err().message;
    assert_eq!(refused(&[("ARCHIVE_ACCESS", 89)]).await, "Days specified in ARCHIVE_ACCESS tier should not be less than 90.");
    assert_eq!(refused(&[("DEEP_ARCHIVE_ACCESS", 179)]).await, "Days specified in DEEP_ARCHIVE_ACCESS tier should not be less than 180.");
    assert_eq!(refused(&[("ARCHIVE_ACCESS", 731)]).await, "Days specified in ARCHIVE_ACCESS tier should not be more than 730.");
    let order = "Days specified in DEEP_ARCHIVE_ACCESS should be greater than days specified in ARCHIVE_ACCESS";
    assert_eq!(refused(&[("ARCHIVE_ACCESS", 200), ("DEEP_ARCHIVE_ACCESS", 180)]).await, order);
    let twice = "All Access Tiers in a configuration must be unique. Found duplicate entry for ARCHIVE_ACCESS.";
    assert_eq!(refused(&[("ARCHIVE_ACCESS", 90), ("ARCHIVE_ACCESS", 91)]).await, twice);
    assert_eq!(archive(&desk, "x", "", &[("ARCHIVE_ACCESS", 90)]).await.unwrap_err().code, "InvalidPrefix");
}
