//! What happens to every upload: renditions, a manifest and a metadata row, or quarantine with a reason.
//!
//! S3 delivers events at least once, late and out of order, and Lambda tries failed ones again, so everything here can be run
//! twice. Keys and bytes follow from the upload alone; the manifest is written last and remembers the upload's entity tag, and
//! an upload that has one with its tag is done. The object as it is now is what counts, not what the event says of it: if it
//! is replaced while we work, we start over, so that whoever finishes last leaves the newest picture.
//!
//! What is wrong with the picture ends in quarantine and the event succeeds; what is wrong with S3 fails the function, and Lambda
//! tries again and in the end sends the event to the dead-letter queue.

use bytes::Bytes;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::ProcessConfig;
use crate::ingest_event;
use crate::keys::{Upload, failure_key, manifest_key, metadata_key, ownerless_quarantine_key, reason_key, rendition_key};
use crate::metadata::{Manifest, RenditionEntry, Row};
use crate::s3_event::{self, ObjectRef, Work};
use crate::store::{Copied, Facts, Fetched, Store, StoreError};
use pictures::decode::too_many_bytes;
use pictures::refusal::{Code, Refusal};
use pictures::render::{Picture, Rendition, render};

/// How often an upload may be replaced under our hands before we leave it to a retry.
const ATTEMPTS: u32 = 3;
/// A manifest is a few KB; anything near this is not one of ours.
const MANIFEST_BYTES: u64 = 1 << 20;

/// How an upload ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub enum Outcome {
    /// Renditions, row and manifest are there.
    Processed {
        /// The image's id.
        id: String,
        /// How many renditions.
        renditions: usize,
    },
    /// They were there already.
    Unchanged {
        /// The image's id.
        id: String,
    },
    /// It is no picture that we show.
    Quarantined {
        /// Why.
        reason: Refusal,
        /// Where it lies now.
        key: String,
    },
    /// The upload is gone: deleted, expired, or put into quarantine by an earlier run.
    Gone,
}

/// Why the function failed; Lambda tries again.
#[derive(Debug)]
pub enum Failure {
    /// The event is none that we know.
    BadEvent(String),
    /// S3 failed, for at least one record.
    Store(StoreError),
    /// The upload was replaced again and again while it was being worked on.
    KeepsChanging(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadEvent(message) => f.write_str(message),
            Self::Store(error) => error.fmt(f),
            Self::KeepsChanging(key) => write!(f, "{key} was replaced {ATTEMPTS} times while it was being processed"),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::BadEvent(_) => "BadEvent",
            Failure::Store(_) => "StoreFailed",
            Failure::KeepsChanging(_) => "UploadKeepsChanging",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: failure.to_string() }
    }
}

/// Handles one event. All its records are tried even if one fails; then the event fails, and the good ones are `Unchanged` next time.
pub async fn handle(event: Value, config: &ProcessConfig, store: &impl Store) -> Result<Value, Failure> {
    let mut failed = None;
    let objects = match ingest_event::parse(&event) {
        Some(messages) => messages.into_iter().filter_map(|message| named(message, config, &mut failed)).collect(),
        None => match s3_event::parse(event).map_err(Failure::BadEvent)? {
            Work::TestEvent => return Ok(json!({ "results": [] })),
            Work::Objects(objects) => objects,
        },
    };
    let mut results = Vec::new();
    for object in objects {
        if object.bucket != config.images_bucket {
            failed = Some(Failure::BadEvent(format!(
                "the event is for bucket {}, this function works on {}",
                object.bucket, config.images_bucket
            )));
            continue;
        }
        match process(&object.key, config, store).await {
            Ok(outcome) => {
                let mut result = json!(outcome);
                result["source"] = json!(object.key);
                crate::log::info("UploadHandled", result.clone());
                results.push(result);
            }
            Err(failure) => {
                crate::log::error("UploadFailed", json!({ "source": object.key, "error": failure.to_string() }));
                failed = Some(failure);
            }
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(json!({ "results": results })),
    }
}

/// The object that a message names; a message that can't be followed fails the event, once the others are done.
fn named(message: Result<String, String>, config: &ProcessConfig, failed: &mut Option<Failure>) -> Option<ObjectRef> {
    match message {
        Ok(key) => Some(ObjectRef { bucket: config.images_bucket.clone(), key }),
        Err(why) => {
            crate::log::error("BadMessage", json!({ "error": why }));
            *failed = Some(Failure::BadEvent(why));
            None
        }
    }
}

/// Handles one upload.
pub async fn process(key: &str, config: &ProcessConfig, store: &impl Store) -> Result<Outcome, Failure> {
    for _ in 0..ATTEMPTS {
        if let Some(outcome) = attempt(key, config, store).await? {
            return Ok(outcome);
        }
    }
    Err(Failure::KeepsChanging(key.to_owned()))
}

/// One attempt; nothing if the upload was replaced meanwhile.
async fn attempt(key: &str, config: &ProcessConfig, store: &impl Store) -> Result<Option<Outcome>, Failure> {
    let (facts, body) = match store.fetch(&config.images_bucket, key, config.limits.max_bytes).await? {
        Fetched::Missing => return Ok(Some(Outcome::Gone)),
        Fetched::TooBig(facts) => (facts, None),
        Fetched::Object(facts, body) => (facts, Some(body)),
    };
    let Some(upload) = Upload::parse(key) else {
        let refusal = Refusal::new(Code::NoOwner, "The key is not uploads/<user>/<name>.");
        return quarantine(key, &ownerless_quarantine_key(key), &facts, refusal, config, store).await;
    };
    let Some(body) = body else {
        let refusal = too_many_bytes(facts.bytes, &config.limits);
        return quarantine(key, &upload.quarantine_key(), &facts, refusal, config, store).await;
    };
    let earlier = earlier_manifest(&upload, config, store).await?;
    if earlier.as_ref().is_some_and(|earlier| earlier.image.etag == facts.etag && earlier.settings == config.settings.fingerprint()) {
        return Ok(Some(Outcome::Unchanged { id: upload.id.as_str().to_owned() }));
    }
    match render(&body, &config.limits, &config.settings) {
        Ok(picture) => publish(key, &upload, &facts, picture, earlier, config, store).await,
        Err(refusal) => quarantine(key, &upload.quarantine_key(), &facts, refusal, config, store).await,
    }
}

async fn earlier_manifest(upload: &Upload, config: &ProcessConfig, store: &impl Store) -> Result<Option<Manifest>, StoreError> {
    match store.fetch(&config.images_bucket, &manifest_key(&upload.owner, &upload.id), MANIFEST_BYTES).await? {
        Fetched::Object(_, body) => Ok(serde_json::from_slice(&body).ok()),
        Fetched::Missing | Fetched::TooBig(_) => Ok(None),
    }
}

/// Renditions and row together, then a look whether the upload is still the same, then the manifest.
async fn publish(
    key: &str,
    upload: &Upload,
    facts: &Facts,
    mut picture: Picture,
    earlier: Option<Manifest>,
    config: &ProcessConfig,
    store: &impl Store,
) -> Result<Option<Outcome>, Failure> {
    let bucket = &config.images_bucket;
    let uploaded_at = Timestamp::from_second(facts.modified_seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    // A picture keeps the day it was first seen, or a replacement over midnight would give it two rows.
    let metadata_key =
        earlier.map_or_else(|| metadata_key(&uploaded_at.strftime("%Y-%m-%d").to_string(), &upload.id), |earlier| earlier.metadata_key);

    let renditions = std::mem::take(&mut picture.renditions);
    let (entries, files): (Vec<RenditionEntry>, Vec<Bytes>) = renditions.into_iter().map(|rendition| entry(upload, rendition)).unzip();
    let image = row(key, upload, facts, &picture, &entries, uploaded_at);
    let line = Bytes::from(image.line());
    let manifest =
        Manifest { image, name: upload.name.clone(), metadata_key, settings: config.settings.fingerprint(), renditions: entries };

    let entries = manifest.renditions.iter();
    try_join_all(entries.zip(files).map(|(entry, file)| store.put(bucket, &entry.key, file, &entry.content_type))).await?;
    store.put(&config.metadata_bucket, &manifest.metadata_key, line, "application/json").await?;
    if store.facts(bucket, key).await?.is_none_or(|now| now.etag != facts.etag) {
        return Ok(None);
    }
    let manifest_key = manifest_key(&upload.owner, &upload.id);
    store.put(bucket, &manifest_key, Bytes::from(manifest.file()), "application/json").await?;
    Ok(Some(Outcome::Processed { id: upload.id.as_str().to_owned(), renditions: manifest.renditions.len() }))
}

fn entry(upload: &Upload, rendition: Rendition) -> (RenditionEntry, Bytes) {
    let entry = RenditionEntry {
        size: rendition.size,
        width: rendition.width,
        height: rendition.height,
        content_type: rendition.encoding.content_type().to_owned(),
        bytes: rendition.bytes.len() as u64,
        key: rendition_key(&upload.owner, &upload.id, rendition.size, rendition.encoding.extension()),
    };
    (entry, Bytes::from(rendition.bytes))
}

fn row(key: &str, upload: &Upload, facts: &Facts, picture: &Picture, entries: &[RenditionEntry], uploaded_at: Timestamp) -> Row {
    Row {
        id: upload.id.as_str().to_owned(),
        owner: upload.owner.as_str().to_owned(),
        source_key: key.to_owned(),
        etag: facts.etag.clone(),
        bytes: facts.bytes,
        format: picture.format.name().to_owned(),
        width: picture.width,
        height: picture.height,
        orientation: picture.orientation,
        taken_at: picture.taken_at.clone(),
        renditions: entries.len() as u32,
        rendition_bytes: entries.iter().map(|entry| entry.bytes).sum(),
        blurhash: picture.blurhash.clone(),
        phash: picture.phash.clone(),
        colours: picture.colours.clone(),
        uploaded_at: uploaded_at.to_string(),
        processed_at: now(),
    }
}

/// Reason, row, copy, delete, in this order: wherever it stops, the upload is still there or safe, and the next run goes on.
async fn quarantine(
    key: &str,
    quarantine_key: &str,
    facts: &Facts,
    reason: Refusal,
    config: &ProcessConfig,
    store: &impl Store,
) -> Result<Option<Outcome>, Failure> {
    let bucket = &config.images_bucket;
    let note = json!({
        "code": reason.code, "message": reason.message, "source_key": key, "etag": facts.etag, "bytes": facts.bytes,
        "declared_content_type": facts.content_type, "quarantined_at": now(),
    });
    let line = Bytes::from(format!("{note}\n"));
    let note = Bytes::from(serde_json::to_vec_pretty(&note).expect("a note is plain data"));
    store.put(bucket, &reason_key(quarantine_key), note, "application/json").await?;
    let day = Timestamp::from_second(facts.modified_seconds).unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y-%m-%d").to_string();
    store.put(&config.metadata_bucket, &failure_key(&day, quarantine_key), line, "application/json").await?;
    if store.copy(bucket, key, &facts.etag, quarantine_key).await? == Copied::SourceChanged {
        return Ok(None);
    }
    store.delete(bucket, key).await?;
    Ok(Some(Outcome::Quarantined { reason, key: quarantine_key.to_owned() }))
}

fn now() -> String {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}
