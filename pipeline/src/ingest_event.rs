//! Messages of the topic `photo-ingest`, `{"key": ..., "owner": ...}` each: images that partners have put into the images bucket. They come one by
//! one, as the consumer's envelope `raw` sends them, or in the event of a Kafka event source (the consumer's envelope `msk-event`, or Lambda's own
//! event source mapping).

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::keys::{UPLOADS, Upload};

/// A message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    key: String,
    owner: String,
}

/// An event of a Kafka event source, as far as it matters here.
#[derive(Deserialize)]
struct KafkaEvent {
    #[serde(rename = "eventSource")]
    source: String,
    records: BTreeMap<String, Vec<Record>>,
}

#[derive(Deserialize)]
struct Record {
    offset: i64,
    value: Option<String>,
}

/// The keys that the messages of an event name, each with where it was said; nothing if the event is no such thing. Errors, for a single message: a
/// sentence saying what is wrong with it.
pub fn parse(event: &Value) -> Option<Vec<Result<String, String>>> {
    if let Ok(event) = KafkaEvent::deserialize(event) {
        if !matches!(event.source.as_str(), "aws:kafka" | "SelfManagedKafka") {
            return None;
        }
        let records = event.records.iter().flat_map(|(place, records)| records.iter().map(move |record| (place, record)));
        return Some(records.filter_map(|(place, record)| key_of(place, record)).collect());
    }
    let message = Message::deserialize(event).ok()?;
    Some(vec![checked(message)])
}

/// A tombstone says that there is nothing any more: nothing to do.
fn key_of(place: &str, record: &Record) -> Option<Result<String, String>> {
    let bytes = BASE64_STANDARD.decode(record.value.as_ref()?).map_err(|_| "its value is no base64".to_owned());
    let message = bytes.and_then(|bytes| {
        serde_json::from_slice::<Message>(&bytes).map_err(|error| format!("its value is not {{\"key\": ..., \"owner\": ...}}: {error}"))
    });
    Some(message.and_then(checked).map_err(|why| format!("the message {place} at offset {}: {why}", record.offset)))
}

/// The owner stands in the key as well; a message that says otherwise would put somebody's picture among somebody else's.
fn checked(message: Message) -> Result<String, String> {
    match Upload::parse(&message.key).filter(|_| message.key.starts_with(UPLOADS)) {
        Some(upload) if upload.owner.as_str() == message.owner => Ok(message.key),
        Some(upload) => {
            Err(format!("the key is of owner {}, the message of owner {}", upload.owner.as_str(), message.owner.escape_debug()))
        }
        None => Err("the key is not uploads/<owner>/<name>".to_owned()),
    }
}
