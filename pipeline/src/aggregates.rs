//! The `aggregate` job: once a day, what the day before brought, one row for each uploader and format, kept long after the images are gone.
//!
//! An uploader is told by the tag that image ids begin with, not by name: the rows outlive what the user may have deleted. A day that is
//! aggregated again gives the same object again.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use lambda_runtime::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::AggregateConfig;
use crate::log;
use crate::metadata::Row;
use crate::store::{Fetched, Store, StoreError};

/// An object of metadata is a few hundred bytes; what is bigger than this was not written by `process`.
const LARGEST_OBJECT: u64 = 8 << 20;
/// Reads under way at a time.
const AT_ONCE: usize = 16;
/// Characters of an image id that tell its owner.
const TAG: usize = 8;

/// One row of the table `daily`: its members are the columns, in the order of template.yaml.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyRow {
    /// The tag of the uploader.
    pub uploader: String,
    /// jpeg, png, webp, gif, tiff or bmp.
    pub format: String,
    /// Images.
    pub images: u64,
    /// Bytes of the uploads.
    pub bytes: u64,
    /// Bytes of all renditions.
    pub rendition_bytes: u64,
    /// Pixels of the uploads.
    pub pixels: u64,
}

/// Handles a scheduled event (`time` is the moment it was due) or `{"day": "YYYY-MM-DD"}`.
pub async fn handle(event: Value, config: &AggregateConfig, store: &impl Store) -> Result<Value, AggregateError> {
    let day = day_of(&event)?;
    let rows = rows(&day, config, store).await?;
    let mut body = Vec::new();
    for row in &rows {
        serde_json::to_writer(&mut body, row).expect("a row is plain data");
        body.push(b'\n');
    }
    let (key, bytes) = (daily_key(&day), body.len());
    store.put_tiered(&config.analytics_bucket, &key, body.into(), "application/x-ndjson").await?;
    let images: u64 = rows.iter().map(|row| row.images).sum();
    log::info("aggregated", json!({ "day": day, "rows": rows.len(), "images": images, "key": key, "bytes": bytes }));
    Ok(json!({ "day": day, "rows": rows.len(), "images": images, "key": key }))
}

/// Where a day's rows lie.
pub fn daily_key(day: &str) -> String {
    format!("daily/dt={day}/images.json")
}

/// The rows of a day, by uploader and format.
async fn rows(day: &str, config: &AggregateConfig, store: &impl Store) -> Result<Vec<DailyRow>, AggregateError> {
    let prefix = format!("metadata/dt={day}/");
    let mut sums: BTreeMap<(String, String), DailyRow> = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.keys(&config.metadata_bucket, &prefix, after.as_deref()).await?;
        let reads = page.keys.iter().map(|key| store.fetch(&config.metadata_bucket, key, LARGEST_OBJECT));
        let found: Vec<Fetched> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        for (key, fetched) in page.keys.iter().zip(found) {
            add(&mut sums, key, fetched)?;
        }
        after = page.keys.last().cloned();
        if !page.more || after.is_none() {
            return Ok(sums.into_values().collect());
        }
    }
}

fn add(sums: &mut BTreeMap<(String, String), DailyRow>, key: &str, fetched: Fetched) -> Result<(), AggregateError> {
    let body = match fetched {
        Fetched::Object(_, body) => body,
        Fetched::Missing => return Ok(()), // deleted since it was listed
        Fetched::TooBig(facts) => return Err(AggregateError::Metadata(format!("{key} has {} bytes", facts.bytes))),
    };
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let row: Row = serde_json::from_slice(line).map_err(|error| AggregateError::Metadata(format!("{key}: {error}")))?;
        let uploader = row.id.get(..TAG).unwrap_or(&row.id).to_owned();
        let sum = sums.entry((uploader.clone(), row.format.clone())).or_default();
        (sum.uploader, sum.format) = (uploader, row.format);
        sum.images += 1;
        sum.bytes += row.bytes;
        sum.rendition_bytes += row.rendition_bytes;
        sum.pixels += u64::from(row.width) * u64::from(row.height);
    }
    Ok(())
}

/// The day before the schedule's time, or the day that was asked for.
fn day_of(event: &Value) -> Result<String, AggregateError> {
    let wrong = || AggregateError::Event("the event has neither a time nor a day (YYYY-MM-DD)".to_owned());
    if let Some(day) = event["day"].as_str() {
        return day.parse::<jiff::civil::Date>().map(|day| day.to_string()).map_err(|_| wrong());
    }
    let time: jiff::Timestamp = event["time"].as_str().and_then(|time| time.parse().ok()).ok_or_else(wrong)?;
    let day = time.to_zoned(jiff::tz::TimeZone::UTC).date().yesterday().map_err(|_| wrong())?;
    Ok(day.to_string())
}

/// Why a day could not be aggregated. All of them fail the invocation; Lambda tries again.
#[derive(Debug, PartialEq, Eq)]
pub enum AggregateError {
    /// The event is none that this function knows.
    Event(String),
    /// A row of metadata can't be read.
    Metadata(String),
    /// S3 did not do what it was asked.
    Store(StoreError),
}

impl std::fmt::Display for AggregateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Event(text) | Self::Metadata(text) => f.write_str(text),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AggregateError {}

impl From<AggregateError> for Diagnostic {
    fn from(error: AggregateError) -> Self {
        let error_type = match error {
            AggregateError::Event(_) => "BadEvent",
            AggregateError::Metadata(_) => "BadMetadata",
            AggregateError::Store(_) => "StoreFailed",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl From<StoreError> for AggregateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
