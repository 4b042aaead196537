//! The daily round: what is due in a bucket on a day, in chunks, so that others write in between. One journal record a chunk.

use super::{
    Round, day_of, look_on,
    rules::{Action, Subject, due_on, upload_due_day},
};
use crate::{
    multipart,
    notifications::{self, Happening},
    restore,
    state::{self, Found, OBJECTS, Object, UPLOADS, Upload, VersionKey},
    tiering, usage,
    versions::{self, Version},
};
use kit::{
    Context, Fault, Read, RecordKind, Tx,
    store::{Desc, TaskRow},
};
use std::collections::BTreeMap;

/// Rows of one transaction.
const CHUNK: usize = 1000;
/// Keys that a record of the journal names.
const MOST_NAMED: usize = 20;

/// Looks at everything of a bucket that is due on a day.
pub(crate) async fn sweep(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let round: Round = task.payload()?;
    loop {
        let done = cx.store().write(|tx| chunk(tx, cx, &round)).await?;
        if done.looked_at == 0 {
            return Ok(());
        }
        done.tell(cx, &round);
        tokio::task::yield_now().await;
    }
}

/// What a chunk did.
#[derive(Default)]
struct Done {
    looked_at: usize,
    /// How often each thing was done.
    counts: BTreeMap<&'static str, usize>,
    keys: Vec<String>,
}

impl Done {
    fn add(&mut self, what: &'static str, key: &str) {
        *self.counts.entry(what).or_default() += 1;
        if self.keys.len() < MOST_NAMED {
            self.keys.push(key.to_owned());
        }
    }

    fn tell(&self, cx: &Context, round: &Round) {
        if self.counts.is_empty() {
            return;
        }
        let resource = format!("arn:aws:s3:::{}", round.bucket);
        let count: usize = self.counts.values().sum();
        let detail = serde_json::json!({ "bucket": round.bucket, "count": count, "done": self.counts, "keys": self.keys });
        cx.cloud().journal().write(cx, RecordKind::Event, "s3", "Lifecycle", &resource, "ok", detail);
    }
}

fn chunk(tx: &mut Tx<'_>, cx: &Context, round: &Round) -> Result<Done, Fault> {
    let mut done = Done::default();
    let found = match state::find(tx, &round.bucket) {
        Ok(found) => found,
        // The bucket went, and its rows with it.
        Err(fault) if fault.code == "NoSuchBucket" => return Ok(done),
        Err(fault) => return Err(fault),
    };
    let due = (round.day, round.bucket.as_str());
    let objects: Vec<VersionKey> = tx.by_index(&OBJECTS, &found.scope, "due", &due).limit(CHUNK).keys().collect::<Result<_, _>>()?;
    done.looked_at = objects.len();
    for key in objects {
        // What came before it in this chunk may have taken it along.
        let Some(object) = tx.get(&OBJECTS, &found.scope, &key)?.filter(|object| object.due_day == Some(round.day)) else { continue };
        act(tx, cx, &found, &key, object, &mut done)?;
    }
    let uploads: Vec<(String, String, u64)> =
        tx.by_index(&UPLOADS, &found.scope, "due", &due).limit(CHUNK).keys().collect::<Result<_, _>>()?;
    done.looked_at += uploads.len();
    for key in uploads {
        let Some(upload) = tx.get(&UPLOADS, &found.scope, &key)? else { continue };
        give_up(tx, cx, &found, &key, upload, &mut done)?;
    }
    Ok(done)
}

fn give_up(
    tx: &mut Tx<'_>,
    cx: &Context,
    found: &Found,
    key: &(String, String, u64),
    mut upload: Upload,
    done: &mut Done,
) -> Result<(), Fault> {
    if super::abort_rule(found, &key.1, upload.initiated).is_some_and(|(at, _)| at <= cx.now()) {
        multipart::forget(tx, cx, found, key)?;
        done.add("AbortIncompleteMultipartUpload", &key.1);
        return Ok(());
    }
    upload.due_day = upload_due_day(found, &key.1, &upload, cx.now());
    upload.due_day.into_iter().for_each(|day| look_on(tx, cx, found, day));
    tx.put(&UPLOADS, &found.scope, key, &upload)
}

/// Does what is due with a version, or puts its row off to the day when something will be.
fn act(tx: &mut Tx<'_>, cx: &Context, found: &Found, row: &VersionKey, object: Object, done: &mut Done) -> Result<(), Fault> {
    let (_, key, Desc(sequence)) = row;
    let (today, current) = (day_of(cx.now()), object.noncurrent_since.is_none());
    let mut version = Version { sequence: *sequence, object, current };
    let ended = restore::end_copy(tx, cx, found, key, &mut version)?;
    if ended {
        done.add("RestoredCopyEnded", key);
    }
    let (alone, newer) = versions::neighbours(tx, found, key, &version)?;
    match due_on(today, found, &Subject { key, version: &version, alone, newer }) {
        Some(Action::Expire) if found.ever_versioned() => {
            if ended {
                versions::write(tx, cx, found, key, version)?;
            }
            versions::mark_deleted(tx, cx, found, key, "LifecycleExpiration:DeleteMarkerCreated")?;
            done.add("DeleteMarkerCreated", key);
        }
        Some(Action::Expire) => gone(tx, cx, found, key, &version).map(|()| done.add("Expiration", key))?,
        Some(Action::RemoveMarker) => gone(tx, cx, found, key, &version).map(|()| done.add("ExpiredObjectDeleteMarker", key))?,
        Some(Action::ExpireNoncurrent) => gone(tx, cx, found, key, &version).map(|()| done.add("NoncurrentVersionExpiration", key))?,
        Some(Action::Move(class)) => {
            move_to(tx, cx, found, key, &mut version, class)?;
            versions::write(tx, cx, found, key, version)?;
            done.add("Transition", key);
        }
        None => {
            if tiering::step_down(tx, cx, found, key, &mut version)? {
                done.add("IntelligentTiering", key);
            }
            versions::write(tx, cx, found, key, version)?;
        }
    }
    Ok(())
}

fn move_to(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &mut Version, class: String) -> Result<(), Fault> {
    let before = usage::slot_of(&version.object);
    version.object.storage_class = Some(class.clone());
    version.object.tiering = tiering::watched(&version.object, day_of(cx.now()));
    usage::moved(tx, cx, found, before, &version.object)?;
    let id = versions::shown_id(found, &version.object);
    let happening = Happening::to("LifecycleTransition", key, &version.object, id.as_deref());
    let data = serde_json::json!({ "transitionEventData": { "destinationStorageClass": class } });
    notifications::emit_with(tx, cx, found, &happening, &[("lifecycleEventData", data)])
}

fn gone(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &Version) -> Result<(), Fault> {
    versions::remove(tx, cx, found, key, version)?;
    let id = versions::shown_id(found, &version.object);
    let sequencer = Some(tx.next_seq("s3.versions"));
    let happening = Happening { name: "LifecycleExpiration:Delete", key, version_id: id.as_deref(), sequencer, ..Happening::default() };
    notifications::emit(tx, cx, found, &happening)
}
