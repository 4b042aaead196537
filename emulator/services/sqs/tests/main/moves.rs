//! Message move tasks: pace, origin, permissions of handles.

use crate::desk::{Desk, arn};
use serde_json::{Value, json};

/// A queue and its dead-letter queue with so many dead messages.
async fn dead(desk: &Desk, messages: usize) -> (String, String) {
    let dead = desk.queue("dead", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    let url = desk.queue("jobs", json!({ "VisibilityTimeout": "0", "RedrivePolicy": policy })).await;
    for n in 0..messages {
        desk.send(&url, &n.to_string()).await;
    }
    while !desk.receive(&url).await.is_empty() {}
    assert_eq!(desk.counts(&dead).await[0], messages.to_string());
    (url, dead)
}

async fn last(desk: &Desk) -> Value {
    desk.ok("ListMessageMoveTasks", json!({ "SourceArn": arn("dead") })).await["Results"][0].clone()
}

#[tokio::test]
async fn messages_go_back_at_the_pace_asked_for_and_count_as_new() {
    let desk = Desk::new().await;
    let (url, dead) = dead(&desk, 4).await;
    desk.ok("StartMessageMoveTask", json!({ "SourceArn": arn("dead"), "MaxNumberOfMessagesPerSecond": 1 })).await;
    desk.settle().await;
    assert_eq!(desk.counts(&url).await[0], "1");
    desk.advance(2).await;
    let task = last(&desk).await;
    assert_eq!((&task["Status"], &task["ApproximateNumberOfMessagesMoved"]), (&"RUNNING".into(), &3.into()));
    desk.advance(5).await;
    let task = last(&desk).await;
    assert_eq!((&task["Status"], &task["ApproximateNumberOfMessagesMoved"]), (&"COMPLETED".into(), &4.into()));
    assert!(task.get("TaskHandle").is_none());
    assert_eq!(desk.counts(&dead).await, ["0", "0", "0"]);
    let message = desk.take(&url, 1).await.remove(0);
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    assert!(message["Attributes"].get("DeadLetterQueueSourceArn").is_none());
}

#[tokio::test]
async fn a_cancelled_task_leaves_the_rest_and_another_may_start() {
    let desk = Desk::new().await;
    let (url, dead) = dead(&desk, 3).await;
    let start = json!({ "SourceArn": arn("dead"), "MaxNumberOfMessagesPerSecond": 1 });
    let handle = desk.ok("StartMessageMoveTask", start.clone()).await["TaskHandle"].clone();
    desk.settle().await;
    assert_eq!(desk.ok("CancelMessageMoveTask", json!({ "TaskHandle": handle })).await["ApproximateNumberOfMessagesMoved"], 1);
    desk.advance(10).await;
    assert_eq!(desk.counts(&dead).await[0], "2");
    assert_eq!(desk.refused("CancelMessageMoveTask", json!({ "TaskHandle": handle })).await.0, "UnsupportedOperation");
    desk.ok("StartMessageMoveTask", json!({ "SourceArn": arn("dead") })).await;
    desk.settle().await;
    assert_eq!(desk.counts(&url).await[0], "3");
}

#[tokio::test]
async fn a_message_without_an_origin_ends_a_task_that_needs_it() {
    let desk = Desk::new().await;
    let (_, dead) = dead(&desk, 0).await;
    desk.send(&dead, "sent here").await;
    desk.ok("StartMessageMoveTask", json!({ "SourceArn": arn("dead") })).await;
    desk.settle().await;
    let task = last(&desk).await;
    assert_eq!((&task["Status"], &task["FailureReason"]), (&"FAILED".into(), &"CouldNotDetermineMessageSource".into()));
    desk.fifo("other", json!({})).await;
    for destination in [arn("dead"), arn("other.fifo")] {
        let refused = desk.refused("StartMessageMoveTask", json!({ "SourceArn": arn("dead"), "DestinationArn": destination })).await;
        assert_eq!(refused.0, "InvalidParameterValueException");
    }
}
