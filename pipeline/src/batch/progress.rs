//! What is noted of a batch: a plan, reports, a mark, a summary, each written once, by whoever comes first.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{BatchRef, Ending, ImageResult};
use crate::keys::Batch;
use crate::store::{Fetched, Store, StoreError};

/// A plan of 10,000 keys of full length fits.
const NOTE_BYTES: u64 = 32 << 20;
/// Reads under way at a time.
const AT_ONCE: usize = 16;

/// How a batch was parted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Keys by part; the part's name is its place.
    pub parts: Vec<Vec<String>>,
    /// What was not even tried.
    #[serde(default)]
    pub refused: Vec<ImageResult>,
}

/// How a batch ended: `progress/<sub>/<batch>/summary.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The batch as it was uploaded.
    pub source_key: String,
    /// Why there was nothing to part: the batch is neither an archive nor a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// All that the batch named.
    pub images: usize,
    /// Parts, those of single images included.
    pub parts: usize,
    /// With renditions, row and manifest.
    pub processed: usize,
    /// No pictures that we show.
    pub quarantined: usize,
    /// Named and not there.
    pub missing: usize,
    /// Not tried.
    pub refused: usize,
    /// Tried in vain.
    pub failed: usize,
    /// All that were not processed, each with its reason.
    pub problems: Vec<ImageResult>,
    /// When, RFC 3339 UTC.
    pub closed_at: String,
}

/// The notes of one batch.
pub(super) struct Progress<'a, S> {
    pub store: &'a S,
    pub bucket: &'a str,
    pub batch: BatchRef,
    prefix: String,
}

impl<'a, S: Store> Progress<'a, S> {
    pub(super) fn new(store: &'a S, bucket: &'a str, batch: BatchRef, named: &Batch) -> Self {
        let prefix = named.progress(&batch.etag);
        Self { store, bucket, batch, prefix }
    }

    /// Whether there is nothing left to send: all parts were, or the batch is closed.
    pub(super) async fn sent(&self) -> Result<bool, StoreError> {
        let (sent, closed) = (self.key("dispatched.json"), self.key("summary.json"));
        Ok(self.store.facts(self.bucket, &sent).await?.is_some() || self.store.facts(self.bucket, &closed).await?.is_some())
    }

    /// All parts were sent.
    pub(super) async fn mark_sent(&self, parts: usize) -> Result<(), StoreError> {
        self.write("dispatched.json", &json!({ "parts": parts, "at": now() })).await.map(drop)
    }

    pub(super) async fn plan(&self) -> Result<Option<Plan>, StoreError> {
        self.read(&self.key("plan.json")).await
    }

    /// The plan to go by: this one, or the one that another run wrote before.
    pub(super) async fn settle_plan(&self, plan: Plan) -> Result<Plan, StoreError> {
        if self.write("plan.json", &plan).await? {
            return Ok(plan);
        }
        Ok(self.plan().await?.unwrap_or(plan))
    }

    /// Reports: the part's name, with `+n` behind it where n of its images are tried again on their own, as parts `<name>.0` and so on.
    pub(super) async fn reports(&self) -> Result<Vec<String>, StoreError> {
        let prefix = self.key("parts/");
        let mut names = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.store.keys(self.bucket, &prefix, after.as_deref()).await?;
            names.extend(page.keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.strip_suffix(".json")).map(str::to_owned));
            after = page.keys.last().cloned();
            if !page.more || after.is_none() {
                return Ok(names);
            }
        }
    }

    /// Notes how a part ended; `again` of its images are parts of their own now.
    pub(super) async fn report(&self, part: &str, results: &[ImageResult], again: usize) -> Result<(), StoreError> {
        let name = match again {
            0 => format!("parts/{part}.json"),
            _ => format!("parts/{part}+{again}.json"),
        };
        self.write(&name, &results).await.map(drop)
    }

    /// Closes the batch if every part has its report. Says so to whoever it was that did.
    pub(super) async fn close(&self) -> Result<Option<Summary>, StoreError> {
        let Some(plan) = self.plan().await? else { return Ok(None) };
        let reports = self.reports().await?;
        if !complete(plan.parts.len(), &reports) {
            return Ok(None);
        }
        let keys = reports.iter().map(|name| self.key(&format!("parts/{name}.json")));
        let read = stream::iter(keys).map(|key| async move { self.read::<Vec<ImageResult>>(&key).await }).buffered(AT_ONCE);
        let results: Vec<Option<Vec<ImageResult>>> = read.try_collect().await?;
        let results = results.into_iter().flatten().flatten().chain(plan.refused).collect();
        self.finish(reports.len(), None, results).await
    }

    /// Closes a batch that could not be parted.
    pub(super) async fn refuse(&self, error: String) -> Result<Option<Summary>, StoreError> {
        self.finish(0, Some(error), Vec::new()).await
    }

    async fn finish(&self, parts: usize, error: Option<String>, mut results: Vec<ImageResult>) -> Result<Option<Summary>, StoreError> {
        let count = |ending: Ending| results.iter().filter(|result| result.ending == ending).count();
        let mut summary = Summary {
            source_key: self.batch.key.clone(),
            error,
            images: results.len(),
            parts,
            processed: count(Ending::Processed),
            quarantined: count(Ending::Quarantined),
            missing: count(Ending::Missing),
            refused: count(Ending::Refused),
            failed: count(Ending::Failed),
            problems: Vec::new(),
            closed_at: now(),
        };
        results.retain(|result| result.ending != Ending::Processed);
        summary.problems = results;
        if !self.write("summary.json", &summary).await? {
            return Ok(None);
        }
        let facts = json!({
            "batch": summary.source_key, "error": summary.error, "images": summary.images, "parts": summary.parts,
            "processed": summary.processed, "quarantined": summary.quarantined, "failed": summary.failed,
        });
        crate::log::info("BatchClosed", facts);
        Ok(Some(summary))
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    async fn write(&self, name: &str, note: &impl Serialize) -> Result<bool, StoreError> {
        let body = Bytes::from(serde_json::to_vec_pretty(note).expect("a note is plain data"));
        self.store.put_new(self.bucket, &self.key(name), body, "application/json").await
    }

    async fn read<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let Fetched::Object(_, body) = self.store.fetch(self.bucket, key, NOTE_BYTES).await? else { return Ok(None) };
        serde_json::from_slice(&body).map(Some).map_err(|error| StoreError {
            operation: "GetObject",
            place: key.to_owned(),
            code: "NotOurs".to_owned(),
            message: error.to_string(),
        })
    }
}

/// Whether every part has reported, and every image that was tried again on its own.
fn complete(parts: usize, reports: &[String]) -> bool {
    let mut there = BTreeSet::new();
    let mut wanted: BTreeSet<String> = (0..parts).map(|part| part.to_string()).collect();
    for report in reports {
        let (part, again) = report.split_once('+').unwrap_or((report, "0"));
        there.insert(part.to_owned());
        wanted.extend((0..again.parse().unwrap_or(0)).map(|n: usize| format!("{part}.{n}")));
    }
    wanted.is_subset(&there)
}

fn now() -> String {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::complete;

    #[test]
    fn complete_with_all_that_was_tried_again() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(complete(0, &[]));
        assert!(!complete(2, &names(&["1"])));
        assert!(complete(2, &names(&["0", "1"])));
        assert!(!complete(2, &names(&["0", "1+2", "1.0"])));
        assert!(complete(2, &names(&["0", "1+2", "1.0", "1.1"])));
    }
}
