//! Archives: what can't be read, how it is restored, and when it is gone again. The clock starts on 2023-11-14 at 22:13:20.

use crate::{
    desk::{Desk, to_function},
    http::Answer,
};
use serde_json::json;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

async fn archived(class: &str) -> Desk {
    let desk = Desk::with_bucket("box").await;
    let events = to_function(&["s3:ObjectRestore:*"]);
    desk.ok("PutBucketNotificationConfiguration", json!({ "Bucket": "box", "NotificationConfiguration": events })).await;
    desk.send("PUT", "/box/k", &[("x-amz-storage-class", class)], b"cold bytes").await.ok();
    desk
}

async fn restore(desk: &Desk, days: u32, tier: &str) -> Answer {
    let body =
        format!("<RestoreRequest><Days>{days}</Days><GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters></RestoreRequest>");
    desk.send("POST", "/box/k?restore=", &[], body.as_bytes()).await
}

#[tokio::test]
async fn an_archived_object_is_described_but_not_read_nor_copied() {
    for class in ["GLACIER", "DEEP_ARCHIVE"] {
        let desk = archived(class).await;
        let get = desk.get("/box/k").await;
        assert_eq!(get.fault(), (403, "InvalidObjectState".into()));
        assert_eq!(get.element("Message").as_deref(), Some("The operation is not valid for the object's storage class"));
        assert_eq!(get.element("StorageClass").as_deref(), Some(class));
        let head = desk.ask("HEAD", "/box/k").await.ok();
        assert_eq!((head.header("x-amz-storage-class"), head.header("x-amz-restore")), (Some(class), None));
        assert_eq!(desk.get("/box?list-type=2").await.ok().elements("StorageClass"), [class]);
        let copy = desk.send("PUT", "/box/copy", &[("x-amz-copy-source", "/box/k")], b"").await;
        assert_eq!(copy.fault(), (403, "ObjectNotInActiveTierError".into()));
    }
}

#[tokio::test]
async fn a_restore_takes_its_time_and_its_copy_ends_at_a_midnight() {
    let desk = archived("GLACIER").await;
    assert_eq!(restore(&desk, 2, "Standard").await.status, 202);
    let head = || async { desk.ask("HEAD", "/box/k").await.ok().header("x-amz-restore").map(str::to_owned) };
    assert_eq!(head().await.as_deref(), Some("ongoing-request=\"true\""));
    desk.advance(5 * HOUR - 1).await;
    assert_eq!(desk.get("/box/k").await.status, 403);
    desk.advance(1).await;
    let get = desk.get("/box/k").await.ok();
    assert_eq!((get.text().as_str(), get.header("x-amz-storage-class")), ("cold bytes", Some("GLACIER")));
    // Restored on the 15th at 03:13, for two days, rounded up.
    let until = "ongoing-request=\"false\", expiry-date=\"Sat, 18 Nov 2023 00:00:00 GMT\"";
    assert_eq!(get.header("x-amz-restore"), Some(until));
    desk.send("PUT", "/box/copy", &[("x-amz-copy-source", "/box/k")], b"").await.ok();
    let listed = desk.send("GET", "/box?list-type=2", &[("x-amz-optional-object-attributes", "RestoreStatus")], b"").await.ok();
    assert_eq!(listed.elements("IsRestoreInProgress"), ["false"]);
    assert_eq!(listed.elements("RestoreExpiryDate"), ["2023-11-18T00:00:00.000Z"]);
    desk.advance(2 * DAY + 20 * HOUR).await;
    assert_eq!(desk.get("/box/k").await.ok().text(), "cold bytes");
    desk.advance(HOUR).await;
    assert_eq!(desk.get("/box/k").await.status, 403);
    assert_eq!(head().await, None);
    assert_eq!(desk.get("/box/copy").await.ok().text(), "cold bytes");
    let names: Vec<String> = desk.events().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete"]);
}

#[tokio::test]
async fn a_completed_restore_is_told_as_recorded() {
    let desk = archived("GLACIER").await;
    restore(&desk, 1, "Expedited").await;
    desk.advance(5 * MINUTE).await;
    desk.settle().await;
    let told = desk.told.functions.lock().unwrap().clone();
    let record = &told[1].1["Records"][0];
    assert_eq!(record["eventName"], "ObjectRestore:Completed");
    assert_eq!(record["eventVersion"], "2.1");
    let data = json!({ "restoreEventData": { "lifecycleRestorationExpiryTime": "2023-11-16T00:00:00.000Z", "lifecycleRestoreStorageClass": "GLACIER" } });
    assert_eq!(record["glacierEventData"], data);
    assert_eq!(record["s3"]["object"]["size"], 10);
    assert!(record["userIdentity"]["principalId"].as_str().unwrap().starts_with("AmazonCustomer:A"));
    assert!(told[0].1["Records"][0]["glacierEventData"].is_null());
}

#[tokio::test]
async fn a_second_request_hastens_or_prolongs() {
    let desk = archived("GLACIER").await;
    assert_eq!(restore(&desk, 1, "Bulk").await.status, 202);
    let again = restore(&desk, 1, "Bulk").await;
    assert_eq!(again.fault(), (409, "RestoreAlreadyInProgress".into()));
    assert_eq!(again.element("Message").as_deref(), Some("Object restore is already in progress"));
    assert_eq!(restore(&desk, 1, "Expedited").await.status, 202);
    desk.advance(5 * MINUTE).await;
    let get = desk.get("/box/k").await.ok();
    assert!(get.header("x-amz-restore").unwrap().ends_with("expiry-date=\"Thu, 16 Nov 2023 00:00:00 GMT\""));
    // There is a copy: asking again is answered at once and counts from now.
    assert_eq!(restore(&desk, 10, "Standard").await.status, 200);
    desk.advance(12 * HOUR).await;
    let head = desk.ask("HEAD", "/box/k").await.ok();
    assert!(head.header("x-amz-restore").unwrap().ends_with("expiry-date=\"Sat, 25 Nov 2023 00:00:00 GMT\""));
    let names: Vec<String> = desk.events().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ObjectRestore:Post", "ObjectRestore:Completed"]);
}

#[tokio::test]
async fn what_cannot_be_restored_is_refused() {
    let desk = archived("DEEP_ARCHIVE").await;
    assert_eq!(restore(&desk, 1, "Expedited").await.fault(), (400, "InvalidArgument".into()));
    assert_eq!(restore(&desk, 0, "Standard").await.element("Message").as_deref(), Some("restoration days should be at least 1"));
    assert_eq!(desk.send("POST", "/box/k?restore=", &[], b"<RestoreRequest/>").await.fault(), (400, "MalformedXML".into()));
    desk.put("/box/warm", "x").await;
    let body = b"<RestoreRequest><Days>1</Days></RestoreRequest>";
    let warm = desk.send("POST", "/box/warm?restore=", &[], body).await;
    assert_eq!(warm.fault(), (403, "InvalidObjectState".into()));
    assert_eq!(warm.element("Message").as_deref(), Some("Restore is not allowed for the object's current storage class"));
    assert_eq!(desk.send("POST", "/box/none?restore=", &[], body).await.fault(), (404, "NoSuchKey".into()));
    // Deep: twelve hours.
    assert_eq!(restore(&desk, 1, "Standard").await.status, 202);
    desk.advance(12 * HOUR - 1).await;
    assert_eq!(desk.get("/box/k").await.status, 403);
    desk.advance(1).await;
    assert_eq!(desk.get("/box/k").await.status, 200);
}

#[tokio::test]
async fn classes_are_checked_and_changed_by_copying() {
    let desk = Desk::with_bucket("box").await;
    for class in ["REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"] {
        let key = format!("/box/{class}");
        desk.send("PUT", &key, &[("x-amz-storage-class", class)], b"x").await.ok();
        assert_eq!(desk.ask("HEAD", &key).await.ok().header("x-amz-storage-class"), Some(class));
    }
    for class in ["OUTPOSTS", "SNOW", "FakeClass"] {
        let put = desk.send("PUT", "/box/k", &[("x-amz-storage-class", class)], b"x").await;
        assert_eq!(put.fault(), (400, "InvalidStorageClass".into()));
        assert_eq!(put.element("StorageClassRequested").as_deref(), Some(class));
    }
    let source = ("x-amz-copy-source", "/box/GLACIER_IR");
    desk.send("PUT", "/box/GLACIER_IR", &[source, ("x-amz-storage-class", "STANDARD")], b"").await.ok();
    assert_eq!(desk.ask("HEAD", "/box/GLACIER_IR").await.ok().header("x-amz-storage-class"), None);
    desk.send("PUT", "/box/GLACIER_IR", &[source, ("x-amz-storage-class", "GLACIER")], b"").await.ok();
    assert_eq!(desk.get("/box/GLACIER_IR").await.fault(), (403, "InvalidObjectState".into()));
}
