//! Records that no function takes go to a topic of the same cluster, as they were, with headers that say where they come from and why.

use crate::{config::Config, context::Context, invoke::Failure, kafka, record::Record};
use rdkafka::{
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, Producer},
};
use std::time::Duration;

/// Headers that are added all begin with this.
pub const PREFIX: &str = "dead-letter.";
/// How long a record may take to be acknowledged before its batch is tried again.
const PATIENCE: Duration = Duration::from_secs(60);

/// The dead-letter topic.
pub struct DeadLetters {
    producer: FutureProducer<Context>,
    topic: String,
}

impl DeadLetters {
    /// A producer that waits for all replicas and writes nothing twice.
    pub fn new(config: &Config, topic: &str, context: Context) -> Result<DeadLetters, KafkaError> {
        let producer = kafka::producer(config).create_with_context(context)?;
        Ok(DeadLetters { producer, topic: topic.to_owned() })
    }

    /// Writes records; well is when all of them are acknowledged.
    pub async fn write(&self, records: &[Record], failure: &Failure, tries: u32) -> Result<(), String> {
        let mut sent = Vec::with_capacity(records.len());
        for record in records {
            let mut message = FutureRecord::<[u8], [u8]>::to(&self.topic).headers(headers(record, failure, tries));
            message.key = record.key.as_deref();
            message.payload = record.value.as_deref();
            sent.push(self.producer.send_result(message).map_err(|(error, _)| error.to_string())?);
        }
        for acknowledged in sent {
            match acknowledged.await {
                Ok(Ok(_)) => {}
                Ok(Err((error, _))) => return Err(error.to_string()),
                Err(_) => return Err("the producer has stopped".into()),
            }
        }
        Ok(())
    }

    /// Waits for what is under way.
    pub fn flush(&self) -> Result<(), KafkaError> {
        self.producer.flush(PATIENCE)
    }
}

/// Its own headers, then ours.
fn headers(record: &Record, failure: &Failure, tries: u32) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new_with_capacity(record.headers.len() + 8);
    for (name, value) in &record.headers {
        headers = headers.insert(Header { key: name, value: value.as_deref() });
    }
    let ours = [
        ("topic", record.place.topic.to_string()),
        ("partition", record.place.partition.to_string()),
        ("offset", record.offset.to_string()),
        ("class", failure.class.name().to_owned()),
        ("code", failure.code.clone()),
        ("message", failure.message.clone()),
        ("attempts", (tries + 1).to_string()),
        ("time", jiff::Timestamp::now().to_string()),
    ];
    for (name, value) in &ours {
        headers = headers.insert(Header { key: &format!("{PREFIX}{name}"), value: Some(value) });
    }
    headers
}
