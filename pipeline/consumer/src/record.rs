//! A record as it came from Kafka, owned, so that librdkafka's memory can go.

use bytes::Bytes;
use rdkafka::{
    Timestamp,
    message::{Headers, Message},
};
use std::sync::Arc;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: i32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// When a record was made, milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// Its producer said so.
    Create(i64),
    /// The broker appended it then.
    LogAppend(i64),
    /// Records of old formats have none.
    None,
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Where it lies.
    pub place: Place,
    /// Its offset there.
    pub offset: i64,
    /// When it was made.
    pub stamp: Stamp,
    /// Its key; many records have none.
    pub key: Option<Bytes>,
    /// Its value; tombstones have none.
    pub value: Option<Bytes>,
    /// Its headers in their order; a name may come twice.
    pub headers: Vec<(String, Option<Bytes>)>,
}

impl Record {
    /// Copies a message out of librdkafka.
    pub fn of(message: &impl Message, topic: Arc<str>) -> Record {
        let headers = message.headers().map(|headers| {
            let own = |header: rdkafka::message::Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(Bytes::copy_from_slice));
            headers.iter().map(own).collect()
        });
        Record {
            place: Place { topic, partition: message.partition() },
            offset: message.offset(),
            stamp: match message.timestamp() {
                Timestamp::CreateTime(ms) => Stamp::Create(ms),
                Timestamp::LogAppendTime(ms) => Stamp::LogAppend(ms),
                Timestamp::NotAvailable => Stamp::None,
            },
            key: message.key().map(Bytes::copy_from_slice),
            value: message.payload().map(Bytes::copy_from_slice),
            headers: headers.unwrap_or_default(),
        }
    }

    /// What it takes of memory, about: bytes of key, value and headers, and what surrounds them.
    pub fn bytes(&self) -> usize {
        let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let headers: usize = self.headers.iter().map(|(name, value)| 64 + name.len() + length(value)).sum();
        160 + length(&self.key) + length(&self.value) + headers
    }
}
