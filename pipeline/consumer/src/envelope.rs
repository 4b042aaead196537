//! What a function gets: one of three forms of a batch's payload.

use crate::{
    config::{Config, EnvelopeName},
    record::{Record, Stamp},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

/// A form, with what of the cluster it tells.
#[derive(Clone, Debug)]
pub struct Envelope {
    name: EnvelopeName,
    bootstrap_servers: String,
    cluster_arn: Option<String>,
}

impl Envelope {
    /// Of a route.
    pub fn new(name: EnvelopeName, config: &Config) -> Envelope {
        let (bootstrap_servers, cluster_arn) = (config.kafka.bootstrap_servers.clone(), config.kafka.cluster_arn.clone());
        Envelope { name, bootstrap_servers, cluster_arn }
    }

    /// The payload of a batch. Errors: a sentence, if a record has no such form.
    pub fn write(&self, records: &[Record]) -> Result<Vec<u8>, String> {
        match self.name {
            EnvelopeName::MskEvent => Ok(self.msk_event(records).to_string().into_bytes()),
            EnvelopeName::Raw => raw(records),
            EnvelopeName::Json => Ok(json!({ "records": records.iter().map(readable).collect::<Vec<_>>() }).to_string().into_bytes()),
        }
    }

    /// What a record adds to a payload, bytes: never much less than it does.
    pub fn cost(&self, record: &Record) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(4, Bytes::len);
        let headers: usize = record.headers.iter().map(|(name, value)| 8 + name.len() + 5 * length(value)).sum();
        let body = length(&record.key) + length(&record.value);
        match self.name {
            EnvelopeName::MskEvent => 200 + 2 * record.place.topic.len() + body.div_ceil(3) * 4 + headers,
            EnvelopeName::Raw => length(&record.value),
            EnvelopeName::Json => 160 + record.place.topic.len() + body.div_ceil(3) * 4 + headers,
        }
    }

    /// As Lambda's event source mappings hand it over (Lambda developer guide, "Using Lambda with Amazon MSK" and "self-managed Apache Kafka").
    fn msk_event(&self, records: &[Record]) -> Value {
        let mut by_place = Map::new();
        for record in records {
            let list = by_place.entry(record.place.to_string()).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list was put there").push(msk_record(record));
        }
        let mut event = Map::new();
        match &self.cluster_arn {
            Some(arn) => {
                event.insert("eventSource".into(), "aws:kafka".into());
                event.insert("eventSourceArn".into(), arn.clone().into());
            }
            None => {
                event.insert("eventSource".into(), "SelfManagedKafka".into());
            }
        }
        event.insert("bootstrapServers".into(), self.bootstrap_servers.clone().into());
        event.insert("records".into(), by_place.into());
        event.into()
    }
}

fn msk_record(record: &Record) -> Value {
    let mut entry = Map::new();
    entry.insert("topic".into(), json!(&*record.place.topic));
    entry.insert("partition".into(), record.place.partition.into());
    entry.insert("offset".into(), record.offset.into());
    let (stamp, kind) = match record.stamp {
        Stamp::Create(ms) => (ms, "CREATE_TIME"),
        Stamp::LogAppend(ms) => (ms, "LOG_APPEND_TIME"),
        Stamp::None => (-1, "NO_TIMESTAMP_TYPE"),
    };
    entry.insert("timestamp".into(), stamp.into());
    entry.insert("timestampType".into(), kind.into());
    for (name, bytes) in [("key", &record.key), ("value", &record.value)] {
        if let Some(bytes) = bytes {
            entry.insert(name.into(), BASE64_STANDARD.encode(bytes).into());
        }
    }
    // Java's bytes have signs.
    let signed = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| bytes.iter().map(|b| *b as i8).collect::<Vec<i8>>());
    let headers: Vec<Value> = record.headers.iter().map(|(name, value)| json!({ name: signed(value) })).collect();
    entry.insert("headers".into(), headers.into());
    entry.into()
}

/// The value itself: Lambda takes JSON and nothing else. A tombstone is `null`.
fn raw(records: &[Record]) -> Result<Vec<u8>, String> {
    let [record] = records else { return Err("the envelope raw takes one record".into()) };
    let Some(value) = &record.value else { return Ok(b"null".to_vec()) };
    match serde_json::from_slice::<IgnoredAny>(value) {
        Ok(_) => Ok(value.to_vec()),
        Err(error) => Err(format!("the value is no JSON: {error}")),
    }
}

fn readable(record: &Record) -> Value {
    let mut entry = json!({ "topic": &*record.place.topic, "partition": record.place.partition, "offset": record.offset });
    let map = entry.as_object_mut().expect("an object was made");
    if let Stamp::Create(ms) | Stamp::LogAppend(ms) = record.stamp {
        map.insert("timestamp".into(), ms.into());
    }
    text(map, "key", record.key.as_ref());
    match record.value.as_deref().map(serde_json::from_slice::<Value>) {
        Some(Ok(value)) => {
            map.insert("value".into(), value);
        }
        _ => text(map, "value", record.value.as_ref()),
    }
    let header = |(name, value): &(String, Option<Bytes>)| {
        let mut entry = json!({ "name": name });
        text(entry.as_object_mut().expect("an object was made"), "value", value.as_ref());
        entry
    };
    if !record.headers.is_empty() {
        map.insert("headers".into(), record.headers.iter().map(header).collect());
    }
    entry
}

/// Text as text; bytes that are none as `<name>Base64`; nothing as null.
fn text(map: &mut Map<String, Value>, name: &str, bytes: Option<&Bytes>) {
    match bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| BASE64_STANDARD.encode(bytes))) {
        None => map.insert(name.into(), Value::Null),
        Some(Ok(text)) => map.insert(name.into(), text.into()),
        Some(Err(encoded)) => map.insert(format!("{name}Base64"), encoded.into()),
    };
}
