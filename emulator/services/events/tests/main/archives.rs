//! Archives and replays.

use crate::desk::*;
use serde_json::{Value, json};

const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/default";
const ARCHIVE: &str = "arn:aws:events:us-east-1:000000000000:archive/a";

fn replay(name: &str, from: &str, until: &str, rules: Value) -> Value {
    json!({ "ReplayName": name, "EventSourceArn": ARCHIVE, "EventStartTime": from, "EventEndTime": until,
        "Destination": { "Arn": BUS, "FilterArns": rules } })
}

async fn archived(pattern: Option<&str>, days: i32) -> Desk {
    let desk = Desk::new().await;
    let mut new = json!({ "ArchiveName": "a", "EventSourceArn": BUS, "RetentionDays": days });
    if let Some(pattern) = pattern {
        new["EventPattern"] = pattern.into();
    }
    desk.ok("CreateArchive", new).await;
    desk
}

async fn count(desk: &Desk) -> (i64, i64) {
    let archive = desk.ok("DescribeArchive", json!({ "ArchiveName": "a" })).await;
    (archive["EventCount"].as_i64().unwrap(), archive["SizeBytes"].as_i64().unwrap())
}

#[tokio::test]
async fn what_was_archived_comes_again_to_the_rules_that_are_named() {
    let desk = archived(Some("{\"source\": [\"s\"]}"), 0).await;
    desk.rule("default", "q", json!({ "source": ["s"] }), json!([target("t", QUEUE, json!({}))])).await;
    desk.rule("default", "f", json!({ "source": ["s"] }), json!([target("t", FUNCTION, json!({}))])).await;
    desk.put("default", "s", json!({ "n": 1 })).await;
    desk.put("default", "other", json!({})).await;
    desk.advance(60).await;
    desk.put("default", "s", json!({ "n": 2 })).await;
    desk.advance(60).await;
    desk.put("default", "s", json!({ "n": 3 })).await;
    assert_eq!(count(&desk).await.0, 3);
    desk.told.sent.lock().unwrap().clear();

    // From the second to the third event, which is no longer among them.
    let rules = json!(["arn:aws:events:us-east-1:000000000000:rule/q"]);
    desk.ok("StartReplay", replay("again", "2023-11-14T22:14:20Z", "2023-11-14T22:15:20Z", rules)).await;
    desk.advance(10).await;
    let event = desk.told.only(QUEUE).json();
    let members: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["version", "id", "detail-type", "source", "account", "time", "region", "replay-name", "resources", "detail"];
    assert_eq!(members, expected);
    assert_eq!(
        (&event["detail"], &event["replay-name"], &event["time"]),
        (&json!({ "n": 2 }), &json!("again"), &json!("2023-11-14T22:14:20Z"))
    );
    assert!(desk.told.take(FUNCTION).is_empty());
    // What is replayed is not archived again.
    assert_eq!(count(&desk).await.0, 3);
    let done = desk.ok("DescribeReplay", json!({ "ReplayName": "again" })).await;
    assert_eq!((&done["State"], &done["EventLastReplayedTime"]), (&json!("COMPLETED"), &json!("2023-11-14T22:14:20Z")));
}

#[tokio::test]
async fn many_events_come_in_order_and_once() {
    let desk = archived(None, 0).await;
    for batch in 0..60 {
        let entry = |n: i32| json!({ "Source": "s", "DetailType": "t", "Detail": json!({ "n": n }).to_string() });
        let entries: Vec<Value> = (0..10).map(|n| entry(batch * 10 + n)).collect();
        desk.ok("PutEvents", json!({ "Entries": entries })).await;
    }
    desk.rule("default", "q", json!({ "source": ["s"] }), json!([target("t", QUEUE, json!({ "InputPath": "$.detail.n" }))])).await;
    desk.ok("StartReplay", replay("all", "2023-11-14T22:00:00Z", "2023-11-14T23:00:00Z", json!([]))).await;
    desk.advance(10).await;
    let mut numbers: Vec<i64> = desk.told.take(QUEUE).iter().map(|sent| sent.body.parse().unwrap()).collect();
    numbers.sort();
    assert_eq!(numbers, (0..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn events_leave_an_archive_after_their_days() {
    let desk = archived(None, 2).await;
    desk.put("default", "s", json!({})).await;
    desk.advance(86_400).await;
    desk.put("default", "s", json!({})).await;
    let one = count(&desk).await.1 / 2;
    desk.advance(86_400 + 3600).await;
    assert_eq!(count(&desk).await, (1, one));
    desk.advance(86_400).await;
    assert_eq!(count(&desk).await, (0, 0));
    // A deleted archive's events do not come back with its name.
    desk.put("default", "s", json!({})).await;
    desk.ok("DeleteArchive", json!({ "ArchiveName": "a" })).await;
    desk.ok("CreateArchive", json!({ "ArchiveName": "a", "EventSourceArn": BUS })).await;
    assert_eq!(count(&desk).await, (0, 0));
}

#[tokio::test]
async fn replays_are_cancelled_and_fail() {
    let desk = archived(None, 0).await;
    desk.put("default", "s", json!({})).await;
    let all = |name: &str| replay(name, "2023-11-14T22:00:00Z", "2023-11-14T23:00:00Z", json!([]));
    desk.ok("StartReplay", all("one")).await;
    assert_eq!(desk.ok("CancelReplay", json!({ "ReplayName": "one" })).await["State"], "CANCELLING");
    desk.advance(10).await;
    let one = desk.ok("DescribeReplay", json!({ "ReplayName": "one" })).await;
    assert_eq!((&one["State"], one.get("EventLastReplayedTime")), (&json!("CANCELLED"), None));
    assert_eq!(desk.fault("CancelReplay", json!({ "ReplayName": "one" })).await.code, "IllegalStatusException");
    desk.ok("StartReplay", all("two")).await;
    desk.ok("DeleteArchive", json!({ "ArchiveName": "a" })).await;
    desk.advance(10).await;
    let two = desk.ok("DescribeReplay", json!({ "ReplayName": "two" })).await;
    assert_eq!((&two["State"], &two["StateReason"]), (&json!("FAILED"), &json!("Archive a does not exist.")));
}
