//! Finding the day of every version and upload of a bucket anew, after its rules changed; in chunks, so that others write in between.

use super::{look_on, rules::upload_due_day};
use crate::{
    state::{self, OBJECTS, Object, UPLOADS, Upload, VersionKey},
    versions::{self, Version},
};
use kit::{
    Context, Fault, Read, Tx,
    store::{Desc, TaskRow},
};

/// Rows of one transaction.
const CHUNK: usize = 1000;

/// Runs one finding anew.
pub(crate) async fn reindex(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let bucket: String = task.payload()?;
    let mut after: Option<VersionKey> = None;
    loop {
        after = cx.store().write(|tx| versions_behind(tx, cx, &bucket, after.as_ref())).await?;
        if after.is_none() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut after: Option<(String, String, u64)> = None;
    loop {
        after = cx.store().write(|tx| uploads_behind(tx, cx, &bucket, after.as_ref())).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// One chunk of versions; the last key of it, or `None` at the end.
fn versions_behind(tx: &mut Tx<'_>, cx: &Context, bucket: &str, after: Option<&VersionKey>) -> Result<Option<VersionKey>, Fault> {
    let Ok(found) = state::find(tx, bucket) else { return Ok(None) };
    let scan = tx.scan(&OBJECTS, &found.scope).prefix(&(bucket,)).limit(CHUNK);
    let scan = if let Some(after) = after { scan.after(after) } else { scan };
    let rows: Vec<(VersionKey, Object)> = scan.collect::<Result<_, _>>()?;
    let last = rows.last().map(|(key, _)| key.clone());
    for ((_, key, Desc(sequence)), object) in rows {
        let (current, was) = (object.noncurrent_since.is_none(), object.due_day);
        let version = Version { sequence, object, current };
        if versions::due_day(tx, cx, &found, &key, &version)? != was {
            versions::write(tx, cx, &found, &key, version)?;
        }
    }
    Ok(last)
}

type UploadKey = (String, String, u64);

/// One chunk of uploads, as [`versions_behind`].
fn uploads_behind(tx: &mut Tx<'_>, cx: &Context, bucket: &str, after: Option<&UploadKey>) -> Result<Option<UploadKey>, Fault> {
    let Ok(found) = state::find(tx, bucket) else { return Ok(None) };
    let scan = tx.scan(&UPLOADS, &found.scope).prefix(&(bucket,)).limit(CHUNK);
    let scan = if let Some(after) = after { scan.after(after) } else { scan };
    let rows: Vec<(UploadKey, Upload)> = scan.collect::<Result<_, _>>()?;
    let last = rows.last().map(|(key, _)| key.clone());
    for (key, mut upload) in rows {
        let day = upload_due_day(&found, &key.1, &upload, cx.now());
        if day != upload.due_day {
            upload.due_day = day;
            day.into_iter().for_each(|day| look_on(tx, cx, &found, day));
            tx.put(&UPLOADS, &found.scope, &key, &upload)?;
        }
    }
    Ok(last)
}
