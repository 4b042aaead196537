//! Records of Kafka as functions and filters see them (AWS's guide: event of MSK and of self-managed Kafka).

use super::{super::Mapping, Topic, poll::MOST_BYTES};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::ports::KafkaRecord;
use serde_json::{Map, Value, json};

/// A record on its way to a function.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// As it was read.
    pub raw: KafkaRecord,
    /// As the function sees it.
    pub value: Value,
    /// Of the value as JSON.
    pub bytes: usize,
}

impl Record {
    /// A record of a topic.
    pub fn new(topic: &str, raw: KafkaRecord) -> Record {
        let mut value = json!({
            "topic": topic,
            "partition": raw.partition,
            "offset": raw.offset,
            "timestamp": raw.time_ms,
            "timestampType": if raw.log_time { "LOG_APPEND_TIME" } else { "CREATE_TIME" },
        });
        let bytes = at_least(&raw);
        if bytes > MOST_BYTES {
            // It fits into no event: nobody sees more of it than where it was.
            return Record { bytes, raw, value };
        }
        // A record without a key or a value lacks the member.
        for (name, bytes) in [("key", &raw.key), ("value", &raw.value)] {
            if let Some(bytes) = bytes {
                value[name] = BASE64_STANDARD.encode(bytes).into();
            }
        }
        // Bytes of headers are Java's: signed.
        let header = |(name, bytes): &(String, kit::Bytes)| json!({ name: bytes.iter().map(|b| *b as i8).collect::<Vec<_>>() });
        value["headers"] = raw.headers.iter().map(header).collect();
        Record { bytes: value.to_string().len(), raw, value }
    }
    /// What filters look at: the value alone.
    pub fn text(&self) -> Option<&str> {
        self.raw.value.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}

/// Bytes of a record as JSON, and not more: key and value in base64, each byte of a header as a number and a comma.
fn at_least(raw: &KafkaRecord) -> usize {
    let text = |bytes: &Option<kit::Bytes>| bytes.as_ref().map_or(0, |bytes| bytes.len() / 3 * 4);
    text(&raw.key) + text(&raw.value) + raw.headers.iter().map(|(name, bytes)| name.len() + 2 * bytes.len()).sum::<usize>()
}

/// The event of a batch: records by topic and partition.
pub(super) fn event(mapping: &Mapping, topic: &Topic, bootstrap: &str, records: &[Record]) -> Value {
    let mut by_partition: Map<String, Value> = Map::new();
    for record in records {
        let key = format!("{}-{}", topic.topic, record.raw.partition);
        let list = by_partition.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        list.as_array_mut().expect("only lists are put in").push(record.value.clone());
    }
    let mut event = json!({ "eventSource": "SelfManagedKafka", "bootstrapServers": bootstrap, "records": by_partition });
    if topic.servers.is_empty() {
        event["eventSource"] = "aws:kafka".into();
        event["eventSourceArn"] = mapping.queue_arn.clone().into();
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_as_aws_writes_them() {
        let raw = KafkaRecord {
            partition: 2,
            offset: 7,
            time_ms: 1_545_084_650_987,
            key: Some("k".into()),
            value: None,
            headers: vec![("h".into(), vec![104, 200].into())],
            ..KafkaRecord::default()
        };
        let record = Record::new("t", raw);
        let wanted = json!({ "topic": "t", "partition": 2, "offset": 7, "timestamp": 1_545_084_650_987_i64, "timestampType": "CREATE_TIME",
            "key": "aw==", "headers": [{ "h": [104, -56] }] });
        assert_eq!(record.value, wanted);
        let mapping = Mapping { queue_arn: "arn:c".into(), ..Mapping::default() };
        let topic = Topic { topic: "t".into(), ..Topic::default() };
        let event = event(&mapping, &topic, "b:1", &[record]);
        assert_eq!((&event["eventSource"], &event["eventSourceArn"]), (&json!("aws:kafka"), &json!("arn:c")));
        assert_eq!(event["records"]["t-2"][0]["offset"], 7);
    }

    #[test]
    fn a_record_that_fits_into_no_event_is_not_made_one() {
        let large = KafkaRecord { headers: vec![("h".into(), vec![7; MOST_BYTES / 2].into())], ..KafkaRecord::default() };
        let record = Record::new("t", large);
        assert!(record.bytes > MOST_BYTES && record.value.to_string().len() < 200);
        let small = KafkaRecord { value: Some(vec![7; 300_000].into()), ..KafkaRecord::default() };
        assert_eq!(at_least(&small), 400_000);
        assert!(Record::new("t", small).bytes > 400_000);
    }
}
