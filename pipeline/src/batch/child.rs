//! The `part` function: does to each image of a part what `process` does to an upload, and reports.

use serde_json::{Value, json};

use super::failed::found;
use super::progress::Progress;
use super::{Budget, Ending, Failure, ImageResult, PartEvent, TURNS};
use crate::config::PartConfig;
use crate::keys::Batch;
use crate::log;
use crate::process::{Outcome, process};
use crate::store::{Invoke, Store};

/// Handles one part. All its images are tried even if some fail; then the run fails, and those that are done cost the next one little.
pub async fn handle(
    event: PartEvent,
    config: &PartConfig,
    store: &impl Store,
    functions: &impl Invoke,
    time: &impl Budget,
) -> Result<Value, Failure> {
    let Some(batch) = Batch::parse(&event.batch.key) else {
        return Err(Failure::BadEvent(format!("the key {} is not batches/<user>/<name>", event.batch.key)));
    };
    if event.turn > TURNS {
        return Err(Failure::TooManyTurns(event.batch.key));
    }
    let bucket = &config.process.images_bucket;
    let mut done = event.done.clone();
    let mut failed = Vec::new();
    for (at, key) in event.keys.iter().enumerate() {
        // At least one image a run, or a limit that is set too high would let nobody begin.
        if at > 0 && time.left() < config.hand_over {
            let keys: Vec<String> = failed.iter().map(|(key, _): &(String, String)| key).chain(&event.keys[at..]).cloned().collect();
            let rest = PartEvent { keys, done, turn: event.turn + 1, ..event };
            log::info("HandedOver", json!({ "batch": rest.batch.key, "part": rest.part, "left": rest.keys.len(), "turn": rest.turn }));
            functions.send(&config.own_name, &json!(rest)).await?;
            return Ok(json!({ "part": rest.part, "outcome": "handedOver", "left": rest.keys.len() }));
        }
        match image(key, config, store).await {
            Ok(result) => done.push(result),
            Err(reason) => {
                log::error("ImageFailed", json!({ "source": key, "part": event.part, "error": reason }));
                failed.push((key.clone(), reason));
            }
        }
    }
    if let Some((key, reason)) = failed.first() {
        return Err(Failure::Images(failed.len(), format!("{key}: {reason}")));
    }
    let progress = Progress::new(store, bucket, event.batch, &batch);
    progress.report(&event.part, &done, 0).await?;
    let closed = progress.close().await?.is_some();
    log::info("PartDone", json!({ "batch": progress.batch.key, "part": event.part, "images": done.len(), "closed": closed }));
    Ok(json!({ "part": event.part, "outcome": "done", "images": done.len(), "closed": closed }))
}

/// One image. Errors: what failed, in a sentence.
async fn image(key: &str, config: &PartConfig, store: &impl Store) -> Result<ImageResult, String> {
    match process(key, &config.process, store).await.map_err(|failure| failure.to_string())? {
        Outcome::Processed { .. } | Outcome::Unchanged { .. } => Ok(ImageResult::processed(key)),
        Outcome::Quarantined { reason, .. } => Ok(ImageResult::new(key, Ending::Quarantined, reason.message)),
        // An earlier run of this part may have put it into quarantine.
        Outcome::Gone => {
            let earlier = found(key, &config.process.images_bucket, store).await.map_err(|error| error.to_string())?;
            Ok(earlier.unwrap_or_else(|| ImageResult::new(key, Ending::Missing, "There is no such object.")))
        }
    }
}
