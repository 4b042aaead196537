//! What functions get.

use super::record;
use crate::{
    config::{Config, EnvelopeName},
    envelope::Envelope,
    record::Stamp,
};
use bytes::Bytes;
use serde_json::{Value, json};

fn envelope(name: EnvelopeName, arn: Option<&str>) -> Envelope {
    let text = "[kafka]\nbootstrap_servers = 'a:1,b:2'\ngroup_id = 'g'\n[dead_letter]\ntopic = 'dead'\n[[routes]]\ntopics = ['photo-ingest']\nfunction = 'f'";
    let mut config = Config::read(text, &|_| None).unwrap();
    config.kafka.cluster_arn = arn.map(str::to_owned);
    Envelope::new(name, &config)
}

fn written(envelope: &Envelope, records: &[crate::record::Record]) -> Value {
    let payload = envelope.write(records).unwrap();
    let cost: usize = records.iter().map(|record| envelope.cost(record)).sum();
    assert!(payload.len() <= cost + 200, "{} bytes were estimated as {cost}", payload.len());
    serde_json::from_slice(&payload).unwrap()
}

#[test]
fn msk_events_are_those_of_event_source_mappings() {
    let mut first = record(7, "{\"a\":1}");
    first.key = Some("k".into());
    first.headers = vec![("trace".into(), Some(Bytes::from_static(&[104, 255]))), ("none".into(), None)];
    let mut tombstone = record(9, "");
    (tombstone.value, tombstone.stamp) = (None, Stamp::LogAppend(5));
    let event = written(&envelope(EnvelopeName::MskEvent, Some("arn:aws:kafka:x")), &[first, tombstone]);
    let expected = json!({
        "eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:x", "bootstrapServers": "a:1,b:2",
        "records": { "photo-ingest-0": [
            { "topic": "photo-ingest", "partition": 0, "offset": 7, "timestamp": 1_800_000_000_000i64, "timestampType": "CREATE_TIME",
              "key": "aw==", "value": "eyJhIjoxfQ==", "headers": [{ "trace": [104, -1] }, { "none": null }] },
            { "topic": "photo-ingest", "partition": 0, "offset": 9, "timestamp": 5, "timestampType": "LOG_APPEND_TIME", "headers": [] },
        ] },
    });
    assert_eq!(event, expected);
    let event = written(&envelope(EnvelopeName::MskEvent, None), &[record(0, "x")]);
    assert_eq!((&event["eventSource"], &event["eventSourceArn"]), (&json!("SelfManagedKafka"), &Value::Null));
}

#[test]
fn raw_is_the_value_and_only_json_will_do() {
    let raw = envelope(EnvelopeName::Raw, None);
    assert_eq!(written(&raw, &[record(0, "{\"key\": \"uploads/a/b\"}")]), json!({ "key": "uploads/a/b" }));
    let mut tombstone = record(0, "");
    tombstone.value = None;
    assert_eq!(written(&raw, &[tombstone]), Value::Null);
    assert!(raw.write(&[record(0, "{nonsense")]).unwrap_err().starts_with("the value is no JSON"));
}

#[test]
fn json_shows_texts_as_texts_and_json_as_json() {
    let json = envelope(EnvelopeName::Json, None);
    let mut bytes = record(1, "");
    (bytes.value, bytes.key) = (Some(Bytes::from_static(&[0xff])), Some("k".into()));
    bytes.headers = vec![("h".into(), Some("v".into()))];
    let event = written(&json, &[record(0, "{\"a\":[1]}"), bytes, record(2, "plain")]);
    assert_eq!(event["records"][0]["value"], json!({ "a": [1] }));
    let second = &event["records"][1];
    assert_eq!((&second["valueBase64"], &second["key"], &second["value"]), (&json!("/w=="), &json!("k"), &Value::Null));
    assert_eq!(second["headers"], json!([{ "name": "h", "value": "v" }]));
    assert_eq!(event["records"][2]["value"], "plain");
}
