//! The queue of a crawler in event mode: S3's events, plain or wrapped by a topic, tell which folders to look at.

use super::objects::Include;
use crate::model::S3Target;
use kit::{Context, Fault, Need};
use serde_json::Value;
use std::collections::BTreeSet;

/// Messages that one crawl takes.
const MOST: usize = 100_000;

/// What was taken from a queue; the messages go when the crawl is done.
pub(crate) struct Taken {
    pub folders: BTreeSet<Vec<String>>,
    queue: Option<String>,
    receipts: Vec<String>,
}

impl Taken {
    /// Deletes the messages.
    pub async fn done(self, cx: &Context) -> Result<(), Fault> {
        let Some(queue) = self.queue else { return Ok(()) };
        let queues = cx.cloud().ports().queues()?;
        for batch in self.receipts.chunks(10) {
            let grant = cx.grant(&Need::on("sqs:DeleteMessage", &queue))?;
            queues.delete(cx, grant, &queue, batch.to_vec()).await?;
        }
        Ok(())
    }
}

/// Takes what is in the target's queue.
pub(crate) async fn take(cx: &Context, target: &S3Target, include: &Include) -> Result<Taken, Fault> {
    let mut taken = Taken { folders: BTreeSet::new(), queue: target.event_queue_arn.clone(), receipts: Vec::new() };
    let Some(queue) = &target.event_queue_arn else { return Ok(taken) };
    let queues = cx.cloud().ports().queues()?;
    while taken.receipts.len() < MOST {
        let grant = cx.grant(&Need::on("sqs:ReceiveMessage", queue))?;
        let messages = queues.receive(cx, grant, queue, 10).await?;
        if messages.is_empty() {
            break;
        }
        for message in messages {
            taken.folders.extend(folders(&message.body, include));
            taken.receipts.push(message.receipt);
        }
    }
    Ok(taken)
}

/// Empties the queue before a first crawl, which looks at everything.
pub(crate) async fn drain(cx: &Context, target: &S3Target) -> Result<(), Fault> {
    let nowhere = Include { bucket: String::new(), path: String::new() };
    take(cx, target, &nowhere).await?.done(cx).await
}

/// The folders below the include path that a message's records name.
fn folders(body: &str, include: &Include) -> Vec<Vec<String>> {
    let Ok(mut message) = serde_json::from_str::<Value>(body) else { return Vec::new() };
    // A topic puts the event into `Message`.
    if let Some(inner) = message["Message"].as_str().and_then(|inner| serde_json::from_str(inner).ok()) {
        message = inner;
    }
    let base = include.folders();
    let folder = |record: &Value| {
        let key = decoded(record["s3"]["object"]["key"].as_str()?);
        let mut all: Vec<String> = key.split('/').map(str::to_owned).collect();
        all.pop();
        let below = record["s3"]["bucket"]["name"] == include.bucket.as_str() && all.starts_with(&base);
        below.then(|| all[base.len()..].to_vec())
    };
    message["Records"].as_array().into_iter().flatten().filter_map(folder).collect()
}

/// Keys in events are form-encoded.
fn decoded(key: &str) -> String {
    percent_encoding::percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_folders() {
        let include = Include::parse("s3://b/data/").unwrap();
        let event = r#"{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"data/day%3D1/a+b.json"}}},{"s3":{"bucket":{"name":"b"},"object":{"key":"other/x"}}}]}"#;
        assert_eq!(folders(event, &include), [["day=1"]]);
        let wrapped = serde_json::json!({ "Message": event }).to_string();
        assert_eq!(folders(&wrapped, &include), [["day=1"]]);
        assert!(folders("{\"Event\":\"s3:TestEvent\"}", &include).is_empty());
    }
}
