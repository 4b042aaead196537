//! Messages in flight up to the quota, and not one more; what a queue measures of itself.

use crate::desk::Desk;
use kit::{
    Scope, Timestamp,
    ports::{Measured, Metrics},
};
use serde_json::json;
use std::sync::{Arc, Mutex};

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

/// Remembers what was measured: queue, metric, value.
#[derive(Default)]
struct Book(Mutex<Vec<(String, String, f64)>>);

impl Metrics for Book {
    fn record(&self, scope: &Scope, _: Timestamp, measured: &Measured<'_>) {
        assert_eq!((&*scope.account, measured.namespace), ("000000000000", "AWS/SQS"));
        let queue = measured.under[0][0].1;
        let values = measured.values.iter().map(|(name, _, value)| (queue.to_owned(), (*name).to_owned(), *value));
        self.0.lock().unwrap().extend(values);
    }
}

impl Book {
    fn of(&self, metric: &str) -> Vec<f64> {
        self.0.lock().unwrap().iter().filter(|(_, name, _)| name == metric).map(|(.., value)| *value).collect()
    }
}

#[tokio::test]
async fn requests_are_measured_as_they_come_and_queues_once_a_minute() {
    let desk = Desk::new().await;
    let book = Arc::new(Book::default());
    desk.cloud.ports().offer_metrics(book.clone());
    let url = desk.queue("q", json!({ "VisibilityTimeout": "3600" })).await;
    for body in ["a", "bb", "ccc"] {
        desk.send(&url, body).await;
    }
    let got = desk.take(&url, 2).await;
    desk.delete(&url, &got[0]).await;
    assert_eq!(book.of("SentMessageSize"), [1.0, 2.0, 3.0]);
    assert_eq!((book.of("NumberOfMessagesReceived"), book.of("NumberOfMessagesDeleted")), (vec![2.0], vec![1.0]));
    desk.advance(120).await;
    assert_eq!(book.of("ApproximateNumberOfMessagesVisible"), [1.0, 1.0]);
    assert_eq!(book.of("ApproximateNumberOfMessagesNotVisible"), [1.0, 1.0]);
    assert!(book.of("ApproximateAgeOfOldestMessage")[1] > 60.0);
    desk.ok("PurgeQueue", json!({ "QueueUrl": url })).await;
    desk.advance(7 * 3600).await;
    let looks = book.of("ApproximateNumberOfMessagesVisible").len();
    assert!((360..=363).contains(&looks), "{looks}: six hours of an empty queue and no more");
    desk.receive(&url).await;
    assert_eq!(book.of("NumberOfEmptyReceives"), [1.0]);
}

#[tokio::test]
async fn a_fifo_queue_takes_three_hundred_requests_in_a_second_while_the_clock_runs() {
    let desk = Desk::new().await;
    let url = desk.fifo("q", json!({ "ContentBasedDeduplication": "true" })).await;
    let send = async |n: usize| {
        let input = json!({ "QueueUrl": url, "MessageBody": n.to_string(), "MessageGroupId": "g" });
        desk.call("SendMessage", input).await
    };
    for n in 0..310 {
        send(n).await.expect("a clock that stands limits nothing");
    }
    desk.cloud.clock().set_mode(kit::ClockMode::Running);
    let mut told = None;
    for n in 310..5000 {
        if let Err(fault) = send(n).await {
            told = Some((n, fault));
            break;
        }
    }
    let (sent, fault) = told.expect("it was told to slow down");
    assert!(sent >= 610 && fault.code == "RequestThrottled", "{sent} {fault}");
    // Other actions count for themselves, standard queues not at all.
    assert_eq!(desk.receive(&url).await.len(), 10);
    let plain = desk.queue("plain", json!({})).await;
    for n in 0..400 {
        desk.send(&plain, &n.to_string()).await;
    }
}
