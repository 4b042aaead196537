//! Parts that Lambda gave up on: it sends us the event and the last error.

use serde::Deserialize;
use serde_json::{Value, json};

use super::progress::Progress;
use super::{Ending, Failure, ImageResult, PartEvent};
use crate::config::BatchConfig;
use crate::keys::{Batch, Upload, manifest_key, reason_key};
use crate::log;
use crate::metadata::Manifest;
use crate::store::{Fetched, Invoke, Store, StoreError};

/// Manifests and reasons are a few KB.
const NOTE_BYTES: u64 = 1 << 20;

/// The record that Lambda sends to the destination of failures.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    request_payload: PartEvent,
    #[serde(default)]
    response_payload: Value,
    #[serde(default)]
    request_context: Context,
}

#[derive(Default, Deserialize)]
struct Context {
    #[serde(default)]
    condition: String,
}

#[derive(Deserialize)]
struct Reason {
    message: String,
}

/// Notes what the part did before it failed. An image that alone is left is given up; of several, each is tried once more on its own.
pub(super) async fn handle(event: Value, config: &BatchConfig, store: &impl Store, functions: &impl Invoke) -> Result<Value, Failure> {
    let record: Record = serde_json::from_value(event).map_err(|error| Failure::BadEvent(error.to_string()))?;
    let part = record.request_payload;
    let Some(batch) = Batch::parse(&part.batch.key) else {
        return Err(Failure::BadEvent(format!("the key {} is not batches/<user>/<name>", part.batch.key)));
    };
    let mut results = part.done.clone();
    let mut left = Vec::new();
    for key in &part.keys {
        match found(key, &config.images_bucket, store).await? {
            Some(result) => results.push(result),
            None => left.push(key.clone()),
        }
    }
    let error = record.response_payload["errorMessage"].as_str().unwrap_or("the function ended without a word");
    let reason = format!("{}: {error}", record.request_context.condition);
    log::error("PartFailed", json!({ "batch": part.batch.key, "part": part.part, "left": left, "error": reason }));
    let progress = Progress::new(store, &config.images_bucket, part.batch.clone(), &batch);
    if left.len() > 1 {
        let again: Vec<PartEvent> = left
            .into_iter()
            .enumerate()
            .map(|(at, key)| PartEvent {
                batch: part.batch.clone(),
                part: format!("{}.{at}", part.part),
                keys: vec![key],
                done: Vec::new(),
                turn: 0,
            })
            .collect();
        progress.report(&part.part, &results, again.len()).await?;
        for event in &again {
            functions.send(&config.part_function, &json!(event)).await?;
        }
        return Ok(json!({ "part": part.part, "outcome": "triedAlone", "images": again.len() }));
    }
    results.extend(left.into_iter().map(|key| ImageResult::new(key, Ending::Failed, reason.clone())));
    progress.report(&part.part, &results, 0).await?;
    let closed = progress.close().await?.is_some();
    Ok(json!({ "part": part.part, "outcome": "recorded", "closed": closed }))
}

/// How an image ended, if it did: what lies in S3 says so.
pub(super) async fn found(key: &str, bucket: &str, store: &impl Store) -> Result<Option<ImageResult>, StoreError> {
    let Some(upload) = Upload::parse(key) else { return Ok(None) };
    if let Some(facts) = store.facts(bucket, key).await? {
        let manifest = store.fetch(bucket, &manifest_key(&upload.owner, &upload.id), NOTE_BYTES).await?;
        let Fetched::Object(_, body) = manifest else { return Ok(None) };
        let same = serde_json::from_slice::<Manifest>(&body).is_ok_and(|manifest| manifest.image.etag == facts.etag);
        return Ok(same.then(|| ImageResult::processed(key)));
    }
    let reason = store.fetch(bucket, &reason_key(&upload.quarantine_key()), NOTE_BYTES).await?;
    let Fetched::Object(_, body) = reason else { return Ok(None) };
    let reason = serde_json::from_slice::<Reason>(&body).map_or_else(|error| error.to_string(), |reason| reason.message);
    Ok(Some(ImageResult::new(key, Ending::Quarantined, reason)))
}
