//! Rules on the clock.

use crate::desk::*;
use kit::{ClockMode, Cloud, Store, Timestamp};
use serde_json::json;
use std::sync::Arc;

async fn scheduled(desk: &Desk, expression: &str) {
    desk.ok("PutRule", json!({ "Name": "r", "ScheduleExpression": expression })).await;
    desk.ok("PutTargets", json!({ "Rule": "r", "Targets": [target("q", QUEUE, json!({}))] })).await;
}

fn times(desk: &Desk) -> Vec<String> {
    desk.told.take(QUEUE).iter().map(|sent| sent.json()["time"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_rate_sends_scheduled_events() {
    let desk = Desk::new().await;
    scheduled(&desk, "rate(1 minute)").await;
    desk.advance(59).await;
    assert!(desk.told.take(QUEUE).is_empty());
    desk.advance(1).await;
    let event = desk.told.only(QUEUE).json();
    let members: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]);
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(event["source"], "aws.events");
    assert_eq!(event["resources"], json!(["arn:aws:events:us-east-1:000000000000:rule/r"]));
    assert_eq!(event["detail"], json!({}));
    desk.advance(180).await;
    assert_eq!(times(&desk), ["2023-11-14T22:15:20Z", "2023-11-14T22:16:20Z", "2023-11-14T22:17:20Z"]);
}

#[tokio::test]
async fn cron_follows_the_wall_clock_in_utc() {
    let desk = Desk::new().await;
    scheduled(&desk, "cron(0 9 ? * MON-FRI *)").await;
    desk.advance_to("2023-11-20T10:00:00Z").await;
    assert_eq!(times(&desk), ["2023-11-15T09:00:00Z", "2023-11-16T09:00:00Z", "2023-11-17T09:00:00Z", "2023-11-20T09:00:00Z"]);
}

#[tokio::test]
async fn disabled_changed_and_deleted_rules_stop() {
    let desk = Desk::new().await;
    scheduled(&desk, "rate(1 minute)").await;
    desk.advance(90).await;
    desk.ok("DisableRule", json!({ "Name": "r" })).await;
    desk.advance(600).await;
    assert_eq!(times(&desk).len(), 1);
    desk.ok("EnableRule", json!({ "Name": "r" })).await;
    desk.advance(60).await;
    assert_eq!(times(&desk).len(), 1);
    desk.ok("PutRule", json!({ "Name": "r", "ScheduleExpression": "rate(1 hour)" })).await;
    desk.advance(3599).await;
    assert!(times(&desk).is_empty());
    desk.advance(1).await;
    assert_eq!(times(&desk).len(), 1);
    desk.ok("RemoveTargets", json!({ "Rule": "r", "Ids": ["q"] })).await;
    desk.ok("DeleteRule", json!({ "Name": "r" })).await;
    desk.advance(7200).await;
    assert!(times(&desk).is_empty());
    assert!(desk.cloud.store().read(|s| kit::Read::tasks_of(s, "events", "schedule")).is_empty());
}

#[tokio::test]
async fn moments_missed_while_the_cloud_was_off_are_not_made_up_for() {
    let folder = std::env::temp_dir().join(format!("events-schedules-{}", std::process::id()));
    let open = |at: i64| {
        let store = Store::durable(&folder, kit::store::Durability::Process).unwrap();
        let builder = Cloud::builder().start_at(Timestamp::from_secs(at)).mode(ClockMode::Frozen).store(store);
        builder.service(Arc::new(events::EventBridge::new())).start()
    };
    let cloud = open(START).await.unwrap();
    let input = json!({ "Name": "r", "ScheduleExpression": "rate(5 minutes)" });
    cloud.call_json(&cloud.house_context("test"), "events", "PutRule", &input).await.unwrap();
    cloud.stop().await;
    drop(cloud);
    let cloud = open(START + 3601).await.unwrap();
    let ticks = cloud.store().read(|s| kit::Read::tasks_of(s, "events", "schedule"));
    assert_eq!(ticks.iter().map(|tick| tick.due.secs()).collect::<Vec<_>>(), [START + 3900]);
    cloud.stop().await;
    drop(cloud);
    let _ = std::fs::remove_dir_all(folder);
}
