//! The pure parts: what may be committed, what goes out when, what a configuration may say, what functions get.

mod config;
mod engine;
mod envelope;
mod partition;
mod policy;
mod token;
mod tracker;

use crate::record::{Place, Record, Stamp};
use bytes::Bytes;

/// A record of `photo-ingest`, partition 0.
fn record(offset: i64, value: &str) -> Record {
    let place = Place { topic: "photo-ingest".into(), partition: 0 };
    Record {
        place,
        offset,
        stamp: Stamp::Create(1_800_000_000_000),
        key: None,
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Vec::new(),
    }
}
