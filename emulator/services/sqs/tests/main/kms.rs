//! Queues under keys of KMS: who sends and who receives must be allowed to use the key, and the key must be usable.

use crate::desk::Desk;
use fakes::keys::FakeKeys;
use serde_json::json;
use std::sync::Arc;

/// The keys, which SQS uses for its callers.
fn keys() -> Arc<FakeKeys> {
    FakeKeys::of("sqs.amazonaws.com")
}

/// What keys were used for since the last time; all of it was for the queue.
fn used(keys: &FakeKeys) -> Vec<String> {
    let asked = std::mem::take(&mut *keys.asked.lock().unwrap());
    asked
        .into_iter()
        .map(|(action, _, context)| {
            assert_eq!(context["aws:sqs:arn"], "arn:aws:sqs:us-east-1:000000000000:q");
            action
        })
        .collect()
}

const MADE: &str = "kms:GenerateDataKey";
const OPENED: &str = "kms:Decrypt";

#[tokio::test]
async fn data_keysare_made_opened_and_reused_for_their_time() {
    let desk = Desk::new().await;
    let keys = keys();
    desk.cloud.ports().offer_keys(keys.clone());
    let url = desk.queue("q", json!({ "KmsMasterKeyId": "alias/mine", "VisibilityTimeout": "0" })).await;
    desk.send(&url, "one").await;
    desk.send(&url, "two").await;
    assert_eq!(used(&keys), [MADE], "the second message uses the first one's data key");
    assert_eq!(desk.bodies(&url, 1).await.len(), 1);
    assert_eq!(desk.bodies(&url, 1).await.len(), 1);
    assert_eq!(used(&keys), [OPENED]);
    desk.advance(300).await;
    desk.send(&url, "three").await;
    desk.bodies(&url, 1).await;
    assert_eq!(used(&keys), [MADE, OPENED]);
}

#[tokio::test]
async fn a_key_that_can_not_be_used_is_told_under_sqss_names() {
    let desk = Desk::new().await;
    let url = desk.queue("q", json!({ "KmsMasterKeyId": "alias/mine" })).await;
    let keys = keys();
    desk.cloud.ports().offer_keys(keys.clone());
    desk.send(&url, "one").await;
    desk.advance(300).await;
    *keys.disabled.lock().unwrap() = true;
    let fault = desk.call("ReceiveMessage", json!({ "QueueUrl": url })).await.unwrap_err();
    assert_eq!((&*fault.code, fault.query_code.as_deref()), ("KmsDisabled", Some("KMS.DisabledException")));
    assert_eq!(desk.refused("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await.0, "KmsDisabled");
    *keys.disabled.lock().unwrap() = false;
    assert_eq!(desk.bodies(&url, 1).await, ["one"], "what could not be opened was not received");
    desk.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": { "KmsMasterKeyId": "alias/gone" } })).await;
    assert_eq!(desk.refused("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await.0, "KmsNotFound");
}

#[tokio::test]
async fn bodies_lie_encrypted_and_are_read_from_a_dead_letter_queue_too() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::on_disk(folder.path()).await;
    let keys = keys();
    desk.cloud.ports().offer_keys(keys.clone());
    let dead = desk.queue("dead", json!({})).await;
    let redrive = json!({ "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1 }).to_string();
    let url = desk.queue("q", json!({ "KmsMasterKeyId": "alias/mine", "VisibilityTimeout": "0", "RedrivePolicy": redrive })).await;
    desk.send(&url, "nobody may read this on a disk").await;
    let plain = desk.queue("plain", json!({})).await;
    desk.send(&plain, "but anybody this").await;
    assert_eq!(desk.bodies(&url, 1).await, ["nobody may read this on a disk"]);
    assert!(desk.bodies(&url, 1).await.is_empty());
    // The data key is bound to the queue that the message was sent to; no other opens it.
    desk.advance(300).await;
    assert_eq!(desk.bodies(&dead, 1).await, ["nobody may read this on a disk"]);
    assert_eq!(used(&keys), [MADE, OPENED, OPENED]);
    drop(desk);
    assert!(stands_in(folder.path(), b"but anybody this"));
    assert!(!stands_in(folder.path(), b"nobody may read this"));
}

/// Whether a text stands anywhere in the files of a cloud.
fn stands_in(folder: &std::path::Path, text: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|entry| match entry.path() {
        path if path.is_dir() => stands_in(&path, text),
        path => std::fs::read(&path).unwrap_or_default().windows(text.len()).any(|window| window == text),
    })
}
