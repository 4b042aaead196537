//! When schedules run.

use crate::desk::*;
use serde_json::json;

#[tokio::test]
async fn a_rate_begins_at_once_or_at_its_start_and_ends_at_its_end() {
    let desk = Desk::new().await;
    desk.schedule("rate(10 minutes)", json!({})).await;
    desk.advance(1200).await;
    assert_eq!(desk.times(), ["2023-11-14T22:13:20Z", "2023-11-14T22:23:20Z", "2023-11-14T22:33:20Z"]);
    desk.ok("DeleteSchedule", json!({ "Name": "s" })).await;
    let dates = json!({ "StartDate": "2023-11-14T23:00:00Z", "EndDate": "2023-11-14T23:25:00Z" });
    desk.schedule("rate(10 minutes)", dates).await;
    desk.advance(7200).await;
    assert_eq!(desk.times(), ["2023-11-14T23:00:00Z", "2023-11-14T23:10:00Z", "2023-11-14T23:20:00Z"]);
}

#[tokio::test]
async fn cron_follows_the_wall_clock_of_its_zone() {
    let desk = Desk::new().await;
    desk.schedule("cron(30 2 * * ? *)", json!({ "ScheduleExpressionTimezone": "Europe/Zurich" })).await;
    desk.advance_to("2023-11-16T00:00:00Z").await;
    assert_eq!(desk.times(), ["2023-11-15T01:30:00Z"]);
    desk.advance_to("2024-03-29T12:00:00Z").await;
    desk.told.take(QUEUE);
    // On 31 March 2024 there is no 2:30 in Zurich; from then on it is an hour earlier in UTC.
    desk.advance_to("2024-04-02T00:00:00Z").await;
    assert_eq!(desk.times(), ["2024-03-30T01:30:00Z", "2024-04-01T00:30:00Z"]);
}

#[tokio::test]
async fn a_single_moment_happens_once_and_may_end_its_schedule() {
    let desk = Desk::new().await;
    let more = json!({ "ScheduleExpressionTimezone": "America/New_York", "ActionAfterCompletion": "DELETE" });
    desk.schedule("at(2023-11-15T09:00:00)", more).await;
    desk.advance_to("2023-11-15T13:59:59Z").await;
    desk.ok("GetSchedule", json!({ "Name": "s" })).await;
    desk.advance_to("2023-11-20T00:00:00Z").await;
    assert_eq!(desk.times(), ["2023-11-15T14:00:00Z"]);
    assert_eq!(desk.fault("GetSchedule", json!({ "Name": "s" })).await.code, "ResourceNotFoundException");
    // Without that the schedule stays.
    desk.schedule("at(2023-11-20T01:00:00)", json!({})).await;
    desk.advance(7200).await;
    assert_eq!(desk.times(), ["2023-11-20T01:00:00Z"]);
    desk.ok("GetSchedule", json!({ "Name": "s" })).await;
}

#[tokio::test]
async fn an_end_completes_a_recurring_schedule() {
    let desk = Desk::new().await;
    desk.schedule("rate(1 hour)", json!({ "EndDate": "2023-11-15T00:00:00Z", "ActionAfterCompletion": "DELETE" })).await;
    desk.advance(86_400).await;
    assert_eq!(desk.times(), ["2023-11-14T22:13:20Z", "2023-11-14T23:13:20Z"]);
    assert_eq!(desk.fault("GetSchedule", json!({ "Name": "s" })).await.status, 404);
}

#[tokio::test]
async fn a_flexible_window_moves_the_call_and_not_the_beat() {
    let desk = Desk::new().await;
    let window = json!({ "FlexibleTimeWindow": { "Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30 },
        "Target": { "Input": "<aws.scheduler.scheduled-time>" } });
    desk.schedule("rate(1 hour)", window).await;
    desk.advance(3 * 3600 - 1).await;
    let sent = desk.told.take(QUEUE);
    let scheduled: Vec<&str> = sent.iter().map(|sent| sent.body.as_str()).collect();
    assert_eq!(scheduled, ["2023-11-14T22:13:20Z", "2023-11-14T23:13:20Z", "2023-11-15T00:13:20Z"]);
    let delays: Vec<i64> = sent.iter().zip([0, 3600, 7200]).map(|(sent, beat)| sent.at.secs() - START - beat).collect();
    assert!(delays.iter().all(|delay| (0..1800).contains(delay)), "{delays:?}");
    assert!(delays.windows(2).any(|pair| pair[0] != pair[1]), "{delays:?}");
}

#[tokio::test]
async fn changes_take_effect_and_leave_the_beat_of_a_rate() {
    let desk = Desk::new().await;
    desk.schedule("rate(1 hour)", json!({})).await;
    desk.advance(1800).await;
    desk.told.take(QUEUE);
    desk.ok("UpdateSchedule", input("rate(1 hour)", json!({ "Description": "new" }))).await;
    desk.advance(1800).await;
    assert_eq!(desk.times(), ["2023-11-14T23:13:20Z"]);
    desk.ok("UpdateSchedule", input("rate(1 hour)", json!({ "State": "DISABLED" }))).await;
    desk.advance(86_400).await;
    assert!(desk.times().is_empty());
}
