//! The `batch` function: opens a batch, parts it and sends the parts.

use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::archive::{self, Archive, Contents};
use super::parts::{self, Limits};
use super::progress::Progress;
use super::{BatchRef, Budget, Failure, ImageResult, PartEvent, Plan, TURNS, failed};
use crate::config::BatchConfig;
use crate::keys::Batch;
use crate::log;
use crate::s3_event::{self, Work};
use crate::store::{Fetched, Invoke, Store};

/// Calls under way at a time.
const AT_ONCE: usize = 16;

/// Another run goes on where this one has to stop.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
struct GoOn {
    /// The batch's key.
    batch: String,
    /// The archive's entry to go on with.
    from: usize,
    /// Entries refused so far.
    refused: Vec<ImageResult>,
    /// How many runs came before.
    turn: u32,
}

/// Handles one event: S3's, a part that Lambda gave up on, or what an earlier run left.
pub async fn handle<T: Budget>(
    event: Value,
    config: &BatchConfig,
    store: &impl Store,
    functions: &impl Invoke,
    time: &T,
) -> Result<Value, Failure> {
    if event.get("requestPayload").is_some() {
        return failed::handle(event, config, store, functions).await;
    }
    let run = Run { config, store, functions, time };
    if event.get("turn").is_some() {
        let rest: GoOn = serde_json::from_value(event).map_err(|error| Failure::BadEvent(error.to_string()))?;
        return run.go_on(rest).await;
    }
    let objects = match s3_event::parse(event).map_err(Failure::BadEvent)? {
        Work::TestEvent => return Ok(json!({ "batches": [] })),
        Work::Objects(objects) => objects,
    };
    let mut batches = Vec::new();
    for object in objects {
        if object.bucket != config.images_bucket {
            let sentence = format!("the event is for bucket {}, this function works on {}", object.bucket, config.images_bucket);
            return Err(Failure::BadEvent(sentence));
        }
        batches.push(run.go_on(GoOn { batch: object.key, from: 0, refused: Vec::new(), turn: 0 }).await?);
    }
    Ok(json!({ "batches": batches }))
}

struct Run<'a, S, F, T> {
    config: &'a BatchConfig,
    store: &'a S,
    functions: &'a F,
    time: &'a T,
}

impl<S: Store, F: Invoke, T: Budget> Run<'_, S, F, T> {
    async fn go_on(&self, rest: GoOn) -> Result<Value, Failure> {
        let (bucket, key) = (&self.config.images_bucket, &rest.batch);
        let Some(batch) = Batch::parse(key) else {
            return Err(Failure::BadEvent(format!("the key {key} is not batches/<user>/<name>")));
        };
        if rest.turn > TURNS {
            return Err(Failure::TooManyTurns(rest.batch));
        }
        let (facts, body) = match self.store.fetch(bucket, key, self.config.max_batch_bytes).await? {
            Fetched::Missing => return Ok(json!({ "batch": key, "outcome": "gone" })),
            Fetched::TooBig(facts) => (facts, None),
            Fetched::Object(facts, body) => (facts, Some(body)),
        };
        let reference = BatchRef { key: key.clone(), etag: facts.etag };
        let progress = Progress::new(self.store, bucket, reference, &batch);
        if progress.sent().await? {
            return Ok(json!({ "batch": key, "outcome": "unchanged" }));
        }
        let plan = match progress.plan().await? {
            Some(plan) => plan,
            None => {
                let opened = match body {
                    Some(body) => archive::open(&batch, body, self.config.max_image_bytes),
                    None => Err(format!("The batch has {} bytes; {} is the most.", facts.bytes, self.config.max_batch_bytes)),
                };
                let staged = match opened {
                    Ok(Contents::Keys(keys, refused)) => Some(self.measured(keys, refused).await?),
                    Ok(Contents::Archive(archive)) => self.stage(&batch, archive, &rest).await?,
                    Err(error) => {
                        progress.refuse(error.clone()).await?;
                        return Ok(json!({ "batch": key, "outcome": "refused", "reason": error }));
                    }
                };
                let Some((images, refused)) = staged else { return Ok(json!({ "batch": key, "outcome": "handedOver" })) };
                let limits = Limits { images: self.config.part_images, bytes: self.config.part_bytes };
                progress.settle_plan(Plan { parts: parts::split(images, limits), refused }).await?
            }
        };
        self.send(&progress, plan, rest.turn).await
    }

    /// Sends every part that has no report yet. One that was sent before is sent again by a run that was ended here: it does no harm.
    async fn send(&self, progress: &Progress<'_, S>, plan: Plan, turn: u32) -> Result<Value, Failure> {
        let key = &progress.batch.key;
        let reported: Vec<String> =
            progress.reports().await?.iter().map(|name| name.split('+').next().unwrap_or(name).to_owned()).collect();
        let count = plan.parts.len();
        let left: Vec<PartEvent> = (plan.parts.into_iter().enumerate())
            .map(|(part, keys)| PartEvent { batch: progress.batch.clone(), part: part.to_string(), keys, done: Vec::new(), turn: 0 })
            .filter(|event| !reported.contains(&event.part))
            .collect();
        for some in left.chunks(AT_ONCE) {
            if self.short() {
                return self.hand_over(GoOn { batch: key.clone(), from: 0, refused: Vec::new(), turn: turn + 1 }).await;
            }
            let events: Vec<Value> = some.iter().map(|event| json!(event)).collect();
            try_join_all(events.iter().map(|event| self.functions.send(&self.config.part_function, event))).await?;
        }
        progress.mark_sent(count).await?;
        // There may have been nothing to send, or nothing but what was done before.
        progress.close().await?;
        log::info("BatchSent", json!({ "batch": key, "parts": count, "turn": turn }));
        Ok(json!({ "batch": key, "outcome": "sent", "parts": count }))
    }

    /// The sizes of images that lie in S3; one that doesn't counts as empty, and its part will say that it is missing.
    async fn measured(&self, keys: Vec<String>, refused: Vec<ImageResult>) -> Result<Staged, Failure> {
        let size = |key: String| async move {
            let facts = self.store.facts(&self.config.images_bucket, &key).await?;
            Ok::<_, Failure>((key, facts.map_or(0, |facts| facts.bytes)))
        };
        let images = stream::iter(keys).map(size).buffered(AT_ONCE).try_collect().await?;
        Ok((images, refused))
    }

    /// Puts an archive's files where parts find them; nothing if another run has to go on with it.
    async fn stage(&self, batch: &Batch, mut archive: Archive, rest: &GoOn) -> Result<Option<Staged>, Failure> {
        let (count, mut images, mut refused) = (archive.len(), Vec::new(), rest.refused.clone());
        let mut index = 0;
        while index < count {
            // What an earlier run put there is read again for its name and size, which costs little beside the writing.
            let written = index < rest.from;
            if !written && self.short() {
                self.hand_over(GoOn { batch: rest.batch.clone(), from: index, refused, turn: rest.turn + 1 }).await?;
                return Ok(None);
            }
            let until = (index + AT_ONCE).min(if written { rest.from } else { count });
            let mut files = Vec::new();
            for entry in index..until {
                match archive.file(entry) {
                    Ok(file) => files.extend(file),
                    Err(_) if written => {}
                    Err(result) => refused.push(result),
                }
            }
            index = until;
            let files: Vec<_> = files.into_iter().map(|(name, content)| (batch.staged_key(&name), content)).collect();
            images.extend(files.iter().map(|(key, content)| (key.clone(), content.len() as u64)));
            if !written {
                let put = files
                    .iter()
                    .map(|(key, content)| self.store.put(&self.config.images_bucket, key, content.clone(), "application/octet-stream"));
                try_join_all(put).await?;
            }
        }
        Ok(Some((images, refused)))
    }

    async fn hand_over(&self, rest: GoOn) -> Result<Value, Failure> {
        log::info("HandedOver", json!({ "batch": rest.batch, "from": rest.from, "turn": rest.turn }));
        self.functions.send(&self.config.own_name, &json!(rest)).await?;
        Ok(json!({ "batch": rest.batch, "outcome": "handedOver" }))
    }

    fn short(&self) -> bool {
        self.time.left() < self.config.hand_over
    }
}

/// Images with their sizes, and what was refused.
type Staged = (Vec<(String, u64)>, Vec<ImageResult>);
