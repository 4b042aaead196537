//! The daily round, and making the index of days anew. Both work in chunks, so that others write in between.

use super::{
    Round, day_of, look_on,
    rules::{Action, due_day, due_on, upload_due_day},
};
use crate::{
    multipart,
    notifications::{self, Happening},
    state::{self, Found, OBJECTS, Object, UPLOADS, VersionKey},
    versions::{self, Version},
};
use kit::{
    Context, Fault, Read, RecordKind, Tx,
    store::{Desc, TaskRow},
};

/// Rows of one transaction.
const CHUNK: usize = 256;

/// Looks at everything of a bucket that is due on a day.
pub(crate) async fn sweep(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let round: Round = task.payload()?;
    loop {
        let done = cx.store().write(|tx| chunk(tx, cx, &round)).await?;
        if done.looked_at == 0 {
            return Ok(());
        }
        if !done.acted_on.is_empty() {
            let detail = serde_json::json!({ "bucket": round.bucket, "count": done.acted_on.len(), "keys": done.acted_on.iter().take(20).collect::<Vec<_>>() });
            let resource = format!("arn:aws:s3:::{}", round.bucket);
            cx.cloud().journal().write(cx, RecordKind::Event, "s3", "LifecycleExpiration", &resource, "ok", detail);
        }
    }
}

#[derive(Default)]
struct Done {
    looked_at: usize,
    acted_on: Vec<String>,
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
    let objects: Vec<VersionKey> =
        tx.by_index(&OBJECTS, &found.scope, "due", &due).limit(CHUNK).map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    let uploads: Vec<(String, String, u64)> =
        tx.by_index(&UPLOADS, &found.scope, "due", &due).limit(CHUNK).map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    done.looked_at = objects.len() + uploads.len();
    for key in objects {
        // What came before it in this chunk may have taken it along.
        let Some(object) = tx.get(&OBJECTS, &found.scope, &key)?.filter(|object| object.due_day == Some(round.day)) else { continue };
        if act(tx, cx, &found, &key, object)? {
            done.acted_on.push(key.1);
        }
    }
    for key in uploads {
        let Some(mut upload) = tx.get(&UPLOADS, &found.scope, &key)? else { continue };
        if is_abort_due(&found, &key.1, &upload, cx) {
            multipart::forget(tx, &found, &key)?;
            done.acted_on.push(key.1);
            continue;
        }
        upload.due_day = upload_due_day(&found, &key.1, &upload, cx.now());
        upload.due_day.into_iter().for_each(|day| look_on(tx, cx, &found, day));
        tx.put(&UPLOADS, &found.scope, &key, &upload)?;
    }
    Ok(done)
}

fn is_abort_due(found: &Found, key: &str, upload: &state::Upload, cx: &Context) -> bool {
    super::abort_rule(found, key, upload.initiated).is_some_and(|(at, _)| at <= cx.now())
}

/// Does what a rule says now, or puts the row off to the day when one may; whether anything was done.
fn act(tx: &mut Tx<'_>, cx: &Context, found: &Found, row: &VersionKey, object: Object) -> Result<bool, Fault> {
    let (_, key, Desc(sequence)) = row;
    let current = object.noncurrent_since.is_none();
    let mut version = Version { sequence: *sequence, object, current };
    let alone = current && version.object.delete_marker && !versions::has_below(tx, found, key, *sequence)?;
    match due_on(day_of(cx.now()), &found.bucket, key, &version, alone) {
        Some(Action::Expire) if found.ever_versioned() => {
            versions::mark_deleted(tx, cx, found, key, "LifecycleExpiration:DeleteMarkerCreated")?;
        }
        Some(Action::Expire | Action::RemoveMarker) => gone(tx, cx, found, key, &version)?,
        Some(Action::ExpireNoncurrent { keep }) => {
            if newer_noncurrent(tx, found, key, *sequence)? < keep {
                return versions::write(tx, cx, found, key, version).map(|_| false);
            }
            gone(tx, cx, found, key, &version)?;
        }
        Some(Action::Move(class)) => {
            version.object.storage_class = Some(class);
            tell(tx, cx, found, key, &version, "LifecycleTransition")?;
            versions::write(tx, cx, found, key, version)?;
        }
        None => return versions::write(tx, cx, found, key, version).map(|_| false),
    }
    Ok(true)
}

fn gone(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &Version) -> Result<(), Fault> {
    versions::remove(tx, cx, found, key, version)?;
    tell(tx, cx, found, key, version, "LifecycleExpiration:Delete")
}

fn tell(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &Version, event: &str) -> Result<(), Fault> {
    let id = versions::shown_id(found, &version.object);
    let sequencer = Some(tx.next_seq("s3.versions"));
    let happening = Happening { name: event, key, size: None, etag: None, version_id: id.as_deref(), sequencer };
    notifications::emit(tx, cx, found, &happening)
}

/// How many noncurrent versions of a key are newer than one.
fn newer_noncurrent(read: &impl Read, found: &Found, key: &str, sequence: u64) -> Result<usize, Fault> {
    let mut newer = 0;
    for row in read.scan(&OBJECTS, &found.scope).prefix(&(found.name.as_str(), key)) {
        let ((_, _, Desc(other)), object) = row?;
        if other <= sequence {
            break;
        }
        newer += usize::from(object.noncurrent_since.is_some());
    }
    Ok(newer)
}

/// Finds the day of every version and upload of a bucket anew, after its rules changed.
pub(crate) async fn reindex(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let bucket: String = task.payload()?;
    let mut after: Option<VersionKey> = None;
    loop {
        let last = cx.store().write(|tx| reindex_chunk(tx, cx, &bucket, after.as_ref())).await?;
        if last.is_none() {
            break;
        }
        after = last;
    }
    cx.store().write(|tx| reindex_uploads(tx, cx, &bucket)).await
}

fn reindex_chunk(tx: &mut Tx<'_>, cx: &Context, bucket: &str, after: Option<&VersionKey>) -> Result<Option<VersionKey>, Fault> {
    let Ok(found) = state::find(tx, bucket) else { return Ok(None) };
    let scan = tx.scan(&OBJECTS, &found.scope).prefix(&(bucket,)).limit(CHUNK);
    let scan = if let Some(after) = after { scan.after(after) } else { scan };
    let rows: Vec<(VersionKey, Object)> = scan.collect::<Result<_, _>>()?;
    let last = rows.last().map(|(key, _)| (key.0.clone(), key.1.clone(), Desc(key.2.0)));
    for ((_, key, Desc(sequence)), object) in rows {
        let (current, was) = (object.noncurrent_since.is_none(), object.due_day);
        let version = Version { sequence, object, current };
        let alone = current && version.object.delete_marker && !versions::has_below(tx, &found, &key, sequence)?;
        if due_day(&found, &key, &version, alone, cx.now()) != was {
            versions::write(tx, cx, &found, &key, version)?;
        }
    }
    Ok(last)
}

fn reindex_uploads(tx: &mut Tx<'_>, cx: &Context, bucket: &str) -> Result<(), Fault> {
    let Ok(found) = state::find(tx, bucket) else { return Ok(()) };
    let uploads: Vec<((String, String, u64), state::Upload)> =
        tx.scan(&UPLOADS, &found.scope).prefix(&(bucket,)).collect::<Result<_, _>>()?;
    for (key, mut upload) in uploads {
        upload.due_day = upload_due_day(&found, &key.1, &upload, cx.now());
        upload.due_day.into_iter().for_each(|day| look_on(tx, cx, &found, day));
        tx.put(&UPLOADS, &found.scope, &key, &upload)?;
    }
    Ok(())
}
