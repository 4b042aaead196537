//! FIFO topics: order within a group, duplicates on the clock.

use crate::desk::{Desk, queue_arn};
use serde_json::json;

async fn publish(desk: &Desk, topic: &str, group: &str, message: &str) -> serde_json::Value {
    desk.ok("Publish", json!({ "TopicArn": topic, "Message": message, "MessageGroupId": group })).await
}

#[tokio::test]
async fn a_group_keeps_its_order_through_retries() {
    let desk = Desk::new().await;
    let topic = desk.topic("news.fifo", json!({ "FifoTopic": "true", "ContentBasedDeduplication": "true" })).await;
    desk.subscribe(&topic, "sqs", &queue_arn("q.fifo"), json!({ "RawMessageDelivery": "true" })).await;
    // Four attempts fail: the first and those at once. The fifth comes a second later.
    *desk.world.failures.lock().unwrap() = 4;
    for n in 0..5 {
        publish(&desk, &topic, "g", &format!("m{n}")).await;
    }
    assert!(desk.messages("q.fifo").await.is_empty(), "the first holds up the others");
    desk.advance(1).await;
    let got = desk.messages("q.fifo").await;
    assert_eq!(got.iter().map(|m| m.body.as_str()).collect::<Vec<_>>(), ["m0", "m1", "m2", "m3", "m4"]);
    assert_eq!(got[0].group.as_deref(), Some("g"));
    assert_eq!(got[0].deduplication.as_ref().map(String::len), Some(64), "the hash of the message");
    publish(&desk, &topic, "g", "later").await;
    assert_eq!(desk.messages("q.fifo").await.len(), 6, "a row that was empty is worked off again");
}

#[tokio::test]
async fn a_message_is_known_again_for_five_minutes() {
    let desk = Desk::new().await;
    let topic = desk.topic("news.fifo", json!({ "FifoTopic": "true" })).await;
    desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    let input = json!({ "TopicArn": topic, "Message": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d" });
    let first = desk.ok("Publish", input.clone()).await;
    assert_eq!(first["SequenceNumber"].as_str().unwrap().len(), 20);
    desk.advance(299).await;
    assert_eq!(desk.ok("Publish", input.clone()).await, first);
    desk.advance(1).await;
    assert_ne!(desk.ok("Publish", input).await["MessageId"], first["MessageId"]);
    let got = desk.messages("q").await;
    assert_eq!(got.len(), 2);
    assert_eq!((&got[0].group, &got[0].deduplication), (&None, &None), "a standard queue knows neither");
    let envelope = &desk.envelopes("q").await[0];
    assert_eq!(envelope["SequenceNumber"], first["SequenceNumber"]);
    assert!(envelope.get("Signature").is_none());
}
