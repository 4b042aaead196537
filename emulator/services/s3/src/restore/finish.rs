//! The end of a restore: the copy is there, or the object is back in the frequent tier.

use super::{Restore, archive_of, tell};
use crate::{
    classes,
    lifecycle::{day_after, day_of, midnight},
    state::{self, OBJECTS},
    tiering, usage,
    versions::{self, Version},
};
use kit::{
    Context, Fault, Read, Timestamp, Tx,
    store::{Desc, NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

/// A restore to be finished.
#[derive(Serialize, Deserialize)]
pub(super) struct Finish {
    bucket: String,
    key: String,
    sequence: u64,
    /// Tells it from one that was overtaken by a faster request.
    ready: Timestamp,
}

/// Has a restore finished when its time has come.
pub(super) fn later(tx: &mut Tx<'_>, cx: &Context, found: &state::Found, key: &str, sequence: u64, ready: Timestamp) {
    let finish = Finish { bucket: found.name.clone(), key: key.to_owned(), sequence, ready };
    tx.task(NewTask::new(&found.scope, "s3", "restore", &finish).at(ready).cause(cx.cause()));
}

/// Finishes one.
pub(crate) async fn finish(cx: &Context, task: TaskRow) -> Result<(), Fault> {
    let finish: Finish = task.payload()?;
    cx.store().write(|tx| done(tx, cx, &finish)).await
}

fn done(tx: &mut Tx<'_>, cx: &Context, finish: &Finish) -> Result<(), Fault> {
    // Bucket or version may be gone by now, or restored by a faster request.
    let Ok(found) = state::find(tx, &finish.bucket) else { return Ok(()) };
    let row = (finish.bucket.clone(), finish.key.clone(), Desc(finish.sequence));
    let Some(mut object) = tx.get(&OBJECTS, &found.scope, &row)? else { return Ok(()) };
    let Some(restore) = object.restore.take().filter(|restore| restore.expires.is_none() && restore.ready == finish.ready) else {
        return Ok(());
    };
    let class = object.storage_class.clone().unwrap_or_default();
    let current = object.noncurrent_since.is_none();
    let expires = expiry(cx.now(), &restore);
    if classes::is_archive(&class) {
        object.restore = Some(Restore { expires, ..restore });
        usage::copied(tx, cx, &found, &object, true)?;
    } else if archive_of(&object).is_some() {
        tiering::rise(tx, cx, &found, &mut object, day_of(cx.now()))?;
    }
    let version = Version { sequence: finish.sequence, object, current };
    let mut data = serde_json::json!({ "lifecycleRestoreStorageClass": class });
    if let Some(at) = expires {
        data["lifecycleRestorationExpiryTime"] = kit::time::iso_millis(at).into();
    }
    let data = serde_json::json!({ "restoreEventData": data });
    tell(tx, cx, &found, &finish.key, &version, "ObjectRestore:Completed", &[("glacierEventData", data)])?;
    versions::write(tx, cx, &found, &finish.key, version).map(|_| ())
}

/// When a copy made now goes: days are rounded up to midnight UTC.
pub(super) fn expiry(now: Timestamp, restore: &Restore) -> Option<Timestamp> {
    restore.days.map(|days| midnight(day_after(now, days)))
}
