//! Messages in flight up to the quota, and not one more.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn short_polls_of_a_full_standard_queue_are_refused_and_fifo_queues_find_nothing() {
    let desk = Desk::with(sqs::Sqs::with_in_flight_quota(12)).await;
    let url = desk.queue("q", json!({})).await;
    for n in 0..15 {
        desk.send(&url, &n.to_string()).await;
    }
    assert_eq!(desk.receive(&url).await.len(), 10);
    let rest = desk.receive(&url).await;
    assert_eq!(rest.len(), 2, "the quota cuts a receive short");
    assert_eq!(desk.refused("ReceiveMessage", json!({ "QueueUrl": url })).await.0, "OverLimit");
    desk.delete(&url, &rest[0]).await;
    assert_eq!(desk.receive(&url).await.len(), 1);
    desk.advance(30).await;
    assert_eq!(desk.receive(&url).await.len(), 10, "what is visible again is not in flight");

    let url = desk.fifo("q", json!({})).await;
    for n in 0..13 {
        desk.post(&url, &format!("g{n}"), &n.to_string()).await;
    }
    assert_eq!(desk.receive(&url).await.len() + desk.receive(&url).await.len(), 12);
    assert!(desk.receive(&url).await.is_empty());
}
