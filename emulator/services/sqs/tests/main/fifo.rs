//! FIFO queues: order within groups, deduplication on the clock, attempts to receive, ports.

use crate::desk::{Desk, arn};
use kit::{Need, ports::QueueMessage};
use serde_json::json;

#[tokio::test]
async fn a_group_keeps_its_order_and_waits_for_its_first_message() {
    let desk = Desk::new().await;
    let url = desk.fifo("q", json!({})).await;
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3"), ("b", "b2")] {
        desk.post(&url, group, body).await;
    }
    let first = desk.take(&url, 2).await;
    assert_eq!([&first[0]["Body"], &first[1]["Body"]], ["a1", "a2"], "as many of one group as possible");
    assert!(first[0]["Attributes"]["SequenceNumber"].as_str() < first[1]["Attributes"]["SequenceNumber"].as_str());
    assert_eq!(desk.bodies(&url, 10).await, ["b1", "b2"], "the first group is closed");
    desk.delete(&url, &first[1]).await;
    assert!(desk.bodies(&url, 10).await.is_empty(), "the first message of the group is still in flight");
    desk.delete(&url, &first[0]).await;
    assert_eq!(desk.bodies(&url, 10).await, ["a3"]);
    assert_eq!(desk.counts(&url).await, ["0", "3", "0"]);
    desk.advance(30).await;
    assert_eq!(desk.bodies(&url, 10).await.len(), 3, "all are visible again, in order within their groups");
}

#[tokio::test]
async fn a_message_is_known_again_for_five_minutes() {
    let desk = Desk::new().await;
    let url = desk.fifo("q", json!({})).await;
    let first = desk.post(&url, "g", "x").await;
    desk.advance(299).await;
    assert_eq!(desk.post(&url, "other", "x").await, first, "the same id and number, and nothing is stored");
    let got = desk.take(&url, 10).await;
    assert_eq!(got.len(), 1);
    assert_eq!(got[0]["Attributes"]["MessageDeduplicationId"].as_str().unwrap().len(), 64);
    desk.delete(&url, &got[0]).await;
    desk.advance(1).await;
    assert_ne!(desk.post(&url, "g", "x").await["MessageId"], first["MessageId"]);
    assert_eq!(desk.bodies(&url, 10).await, ["x"]);
}

#[tokio::test]
async fn high_throughput_deduplicates_by_group_a_minute_after_it_is_asked_for() {
    let desk = Desk::new().await;
    let url = desk.fifo("q", json!({})).await;
    let refused =
        desk.refused("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": { "FifoThroughputLimit": "perMessageGroupId" } })).await;
    assert_eq!(refused.0, "InvalidAttributeValue");
    let high = json!({ "FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup" });
    desk.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": high })).await;
    let first = desk.post(&url, "a", "x").await;
    assert_eq!(desk.post(&url, "b", "x").await["MessageId"], first["MessageId"]);
    desk.advance(60).await;
    desk.post(&url, "a", "y").await;
    desk.post(&url, "b", "y").await;
    let mut bodies = desk.bodies(&url, 10).await;
    bodies.sort();
    assert_eq!(bodies, ["x", "y", "y"]);
}

#[tokio::test]
async fn an_attempt_that_is_repeated_finds_the_same_messages() {
    let desk = Desk::new().await;
    let url = desk.fifo("q", json!({})).await;
    desk.post(&url, "g", "a").await;
    desk.post(&url, "g", "b").await;
    let attempt = json!({ "QueueUrl": url, "ReceiveRequestAttemptId": "try-1", "VisibilityTimeout": 10, "MaxNumberOfMessages": 10 });
    let first = desk.ok("ReceiveMessage", attempt.clone()).await;
    desk.advance(9).await;
    assert_eq!(desk.ok("ReceiveMessage", attempt.clone()).await, first, "the same handles, hidden anew");
    desk.advance(9).await;
    assert!(desk.bodies(&url, 10).await.is_empty());
    desk.delete(&url, &first["Messages"][0]).await;
    assert_eq!(desk.ok("ReceiveMessage", attempt).await, json!({}), "what was deleted does not come again, what is hidden neither");
    let standard = desk.queue("s", json!({})).await;
    let refused = desk.refused("ReceiveMessage", json!({ "QueueUrl": standard, "ReceiveRequestAttemptId": "x" })).await;
    assert_eq!(refused.0, "InvalidParameterValueException");
}

#[tokio::test]
async fn what_was_received_too_often_makes_room_for_the_next_of_its_group() {
    let desk = Desk::new().await;
    let dead = desk.fifo("dead", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead.fifo"), "maxReceiveCount": 1 }).to_string();
    let url = desk.fifo("q", json!({ "VisibilityTimeout": "5", "RedrivePolicy": policy })).await;
    desk.post(&url, "g", "bad").await;
    desk.post(&url, "g", "good").await;
    assert_eq!(desk.bodies(&url, 1).await, ["bad"]);
    desk.advance(5).await;
    assert_eq!(desk.bodies(&url, 1).await, ["good"]);
    let buried = desk.take(&dead, 1).await;
    assert_eq!((&buried[0]["Body"], &buried[0]["Attributes"]["MessageGroupId"]), (&"bad".into(), &"g".into()));
    let standard = json!({ "deadLetterTargetArn": arn("q.fifo"), "maxReceiveCount": 1 }).to_string();
    let refused = desk.refused("CreateQueue", json!({ "QueueName": "s", "Attributes": { "RedrivePolicy": standard } })).await;
    assert!(refused.1.ends_with("Dead-letter queue must be same type of queue as the source."), "{refused:?}");
}

#[tokio::test]
async fn a_long_poll_ends_when_a_group_opens() {
    let desk = Desk::new().await;
    let url = desk.fifo("q", json!({})).await;
    desk.post(&url, "g", "a").await;
    desk.post(&url, "g", "b").await;
    let first = desk.take(&url, 1).await;
    let (cloud, cx) = (desk.cloud.clone(), desk.cx.child());
    let input = json!({ "QueueUrl": url, "WaitTimeSeconds": 20 });
    let poll = tokio::spawn(async move { cloud.call_json(&cx, "sqs", "ReceiveMessage", &input).await });
    desk.settle().await;
    desk.delete(&url, &first[0]).await;
    assert_eq!(poll.await.unwrap().unwrap()["Messages"][0]["Body"], "b");
}

#[tokio::test]
async fn names_say_which_queues_are_fifo() {
    let desk = Desk::new().await;
    for (name, attributes) in [("q", json!({ "FifoQueue": "true" })), ("q.fifo", json!({})), (".fifo", json!({ "FifoQueue": "true" }))] {
        let refused = desk.refused("CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
        assert_eq!(refused.0, "InvalidParameterValueException", "{name}");
    }
    let url = desk.fifo("q", json!({})).await;
    assert_eq!(desk.fifo("q", json!({ "DeduplicationScope": "queue" })).await, url, "defaults count as said");
    desk.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
    desk.ok("DeleteQueue", json!({ "QueueUrl": url })).await;
}

#[tokio::test]
async fn services_deliver_with_group_and_deduplication_id() {
    let desk = Desk::new().await;
    let url = desk.fifo("q", json!({ "ContentBasedDeduplication": "false" })).await;
    let queues = desk.cloud.ports().queues().unwrap();
    let target = arn("q.fifo");
    let message = |id: &str| QueueMessage {
        body: "hello".into(),
        group: Some("g".into()),
        deduplication: Some(id.into()),
        trace: Some("Root=1-0-0".into()),
        ..QueueMessage::default()
    };
    for id in ["one", "one", "two"] {
        let grant = desk.cx.grant(&Need::on("sqs:SendMessage", &target)).unwrap();
        queues.deliver(&desk.cx.child(), grant, &target, message(id)).await.unwrap();
    }
    let got = desk.take(&url, 10).await;
    assert_eq!(got.len(), 2);
    assert_eq!(got[0]["Attributes"]["AWSTraceHeader"], "Root=1-0-0");
    let grant = desk.cx.grant(&Need::on("sqs:SendMessage", &target)).unwrap();
    let fault = queues.deliver(&desk.cx, grant, &target, QueueMessage { body: "x".into(), ..QueueMessage::default() }).await.unwrap_err();
    assert_eq!(fault.message, "The request must contain the parameter MessageGroupId.");
}
