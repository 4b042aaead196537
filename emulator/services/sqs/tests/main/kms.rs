//! Queues under keys of KMS: who sends and who receives must be allowed to use the key, and the key must be usable.

use crate::desk::Desk;
use kit::{
    BoxFuture, Bytes, Context, Fault, Grant,
    ports::{DataKey, EncryptionContext, Keys},
};
use serde_json::json;
use std::sync::{Arc, Mutex};

const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/k";

/// A key that remembers what it was used for.
#[derive(Default)]
struct Ring {
    used: Mutex<Vec<&'static str>>,
    disabled: Mutex<bool>,
}

impl Ring {
    fn used(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.used.lock().unwrap())
    }
    fn note(&self, use_: &'static str, context: &EncryptionContext) -> Result<(), Fault> {
        assert_eq!(context["aws:sqs:arn"], "arn:aws:sqs:us-east-1:000000000000:q");
        if *self.disabled.lock().unwrap() {
            return Err(Fault::new("DisabledException", 400, format!("{KEY} is disabled.")));
        }
        self.used.lock().unwrap().push(use_);
        Ok(())
    }
}

impl Keys for Ring {
    fn resolve<'a>(&'a self, _: &'a Context, key: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            match key {
                "alias/mine" => Ok(KEY.to_owned()),
                _ => Err(Fault::new("NotFoundException", 400, format!("Key '{key}' does not exist"))),
            }
        })
    }
    fn data_key<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        arn: &'a str,
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<DataKey, Fault>> {
        Box::pin(async move {
            grant.covers("kms:GenerateDataKey", arn)?;
            assert_eq!(cx.called_via(), Some("sqs.amazonaws.com"));
            self.note("made", context)?;
            Ok(DataKey { plain: [7; 32], encrypted: Bytes::from_static(b"sealed") })
        })
    }
    fn decrypt<'a>(
        &'a self,
        _: &'a Context,
        grant: Grant,
        arn: &'a str,
        encrypted: &'a [u8],
        context: &'a EncryptionContext,
    ) -> BoxFuture<'a, Result<[u8; 32], Fault>> {
        Box::pin(async move {
            grant.covers("kms:Decrypt", arn)?;
            assert_eq!(encrypted, b"sealed");
            self.note("opened", context)?;
            Ok([7; 32])
        })
    }
}

#[tokio::test]
async fn data_keys_are_made_opened_and_reused_for_their_time() {
    let desk = Desk::new().await;
    let ring = Arc::new(Ring::default());
    desk.cloud.ports().offer_keys(ring.clone());
    let url = desk.queue("q", json!({ "KmsMasterKeyId": "alias/mine", "VisibilityTimeout": "0" })).await;
    desk.send(&url, "one").await;
    desk.send(&url, "two").await;
    assert_eq!(ring.used(), ["made"], "the second message uses the first one's data key");
    assert_eq!(desk.bodies(&url, 1).await.len(), 1);
    assert_eq!(desk.bodies(&url, 1).await.len(), 1);
    assert_eq!(ring.used(), ["opened"]);
    desk.advance(300).await;
    desk.send(&url, "three").await;
    desk.bodies(&url, 1).await;
    assert_eq!(ring.used(), ["made", "opened"]);
}

#[tokio::test]
async fn a_key_that_can_not_be_used_is_told_under_sqss_names() {
    let desk = Desk::new().await;
    let url = desk.queue("q", json!({ "KmsMasterKeyId": "alias/mine" })).await;
    let ring = Arc::new(Ring::default());
    desk.cloud.ports().offer_keys(ring.clone());
    desk.send(&url, "one").await;
    desk.advance(300).await;
    *ring.disabled.lock().unwrap() = true;
    let fault = desk.call("ReceiveMessage", json!({ "QueueUrl": url })).await.unwrap_err();
    assert_eq!((&*fault.code, fault.query_code.as_deref()), ("KmsDisabled", Some("KMS.DisabledException")));
    assert_eq!(desk.refused("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await.0, "KmsDisabled");
    *ring.disabled.lock().unwrap() = false;
    assert_eq!(desk.bodies(&url, 1).await, ["one"], "what could not be opened was not received");
    desk.ok("SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": { "KmsMasterKeyId": "alias/gone" } })).await;
    assert_eq!(desk.refused("SendMessage", json!({ "QueueUrl": url, "MessageBody": "x" })).await.0, "KmsNotFound");
}

#[tokio::test]
async fn bodies_lie_encrypted_and_are_read_from_a_dead_letter_queue_too() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::on_disk(folder.path()).await;
    let ring = Arc::new(Ring::default());
    desk.cloud.ports().offer_keys(ring.clone());
    let dead = desk.queue("dead", json!({})).await;
    let redrive = json!({ "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1 }).to_string();
    let url = desk.queue("q", json!({ "KmsMasterKeyId": "alias/mine", "VisibilityTimeout": "0", "RedrivePolicy": redrive })).await;
    desk.send(&url, "nobody may read this on a disk").await;
    let plain = desk.queue("plain", json!({})).await;
    desk.send(&plain, "but anybody this").await;
    assert_eq!(desk.bodies(&url, 1).await, ["nobody may read this on a disk"]);
    assert!(desk.bodies(&url, 1).await.is_empty());
    // The data key is bound to the queue that the message was sent to; the ring asserts that.
    desk.advance(300).await;
    assert_eq!(desk.bodies(&dead, 1).await, ["nobody may read this on a disk"]);
    assert_eq!(ring.used(), ["made", "opened", "opened"]);
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
