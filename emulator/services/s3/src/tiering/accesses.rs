//! Reads of watched objects. A read writes nothing itself: the first one of an object on a day is noted in memory, and a task a second
//! later writes all that were noted in a few transactions. So an object's row is written at most once a day, however often it is read.
//! What a killed process had noted in its last second is lost; the object is then tiered as if that read hadn't been.

use super::{Tier, rise};
use crate::{
    lifecycle::day_of,
    state::{self, Found, OBJECTS, Object, VersionKey},
    versions::{self, Version},
};
use kit::{
    Context, Fault, Read, Timestamp,
    store::{Desc, NewTask},
};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Reads that are held before somebody has to wait for their being written.
const MOST_NOTED: usize = 20_000;
/// Rows of one transaction.
const CHUNK: usize = 500;
const PATIENCE_NS: i128 = 1_000_000_000;

/// Reads that were noted: the version's row, and the day.
#[derive(Default)]
pub(crate) struct Ledger {
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    reads: HashMap<VersionKey, u32>,
    /// When the task that writes them is due.
    due: Option<Timestamp>,
}

impl Ledger {
    /// Notes that an object was copied from.
    pub(crate) async fn note_source(&self, cx: &Context, found: &Found, key: &str, object: &Object) -> Result<(), Fault> {
        if !is_news(object, day_of(cx.now())) {
            return Ok(());
        }
        let version = cx.store().read(|s| versions::lookup(s, found, key, object.version_id.as_deref()))?;
        match version.filter(|version| version.object.etag == object.etag) {
            Some(version) => self.note(cx, found, key, &version).await,
            None => Ok(()),
        }
    }

    /// Notes a read of a version.
    pub(crate) async fn note(&self, cx: &Context, found: &Found, key: &str, version: &Version) -> Result<(), Fault> {
        let today = day_of(cx.now());
        if !is_news(&version.object, today) {
            return Ok(());
        }
        let (asks, full) = {
            let mut noted = self.noted.lock();
            noted.reads.insert(versions::row_key(found, key, version.sequence), today);
            // A task that should have come and didn't went with a state that was replaced.
            let missing = noted.due.is_none_or(|due| due.plus_ns(PATIENCE_NS) < cx.now());
            let due = cx.now().plus_ns(PATIENCE_NS);
            if missing {
                noted.due = Some(due);
            }
            (missing.then_some(due), noted.reads.len() >= MOST_NOTED)
        };
        if let Some(due) = asks {
            let task = NewTask::new(&found.scope, "s3", "accesses", &()).at(due).key("all").cause(cx.cause());
            cx.store().write(|tx| Ok(tx.task(task))).await?;
        }
        if full { self.write_down(cx).await } else { Ok(()) }
    }

    /// Writes what was noted.
    pub(crate) async fn write_down(&self, cx: &Context) -> Result<(), Fault> {
        let mut reads: Vec<(VersionKey, u32)> = {
            let mut noted = self.noted.lock();
            noted.due = None;
            std::mem::take(&mut noted.reads).into_iter().collect()
        };
        // In key order neighbours are found together, and ids don't depend on the order of a hash.
        reads.sort_by(|(a, _), (b, _)| (&a.0, &a.1, a.2.0).cmp(&(&b.0, &b.1, b.2.0)));
        for chunk in reads.chunks(CHUNK) {
            cx.store().write(|tx| chunk.iter().try_for_each(|(row, day)| write_one(tx, cx, row, *day))).await?;
        }
        Ok(())
    }
}

/// Whether a read today changes anything.
fn is_news(object: &Object, today: u32) -> bool {
    let watched = object.tiering.filter(|watched| watched.tier.archive_name().is_none());
    watched.is_some_and(|watched| watched.accessed_day < today || watched.tier != Tier::Frequent)
}

fn write_one(tx: &mut kit::Tx<'_>, cx: &Context, row: &VersionKey, day: u32) -> Result<(), Fault> {
    // Bucket or version may be gone by now.
    let Ok(found) = state::find(tx, &row.0) else { return Ok(()) };
    let Some(mut object) = tx.get(&OBJECTS, &found.scope, row)? else { return Ok(()) };
    if super::archive_tier(&object).is_some() {
        return Ok(());
    }
    rise(tx, cx, &found, &mut object, day)?;
    let (Desc(sequence), current) = (row.2, object.noncurrent_since.is_none());
    versions::write(tx, cx, &found, &row.1, Version { sequence, object, current }).map(|_| ())
}
