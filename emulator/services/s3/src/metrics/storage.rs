//! Storage metrics: once a day, at midnight, bytes by storage type and the number of objects of each bucket that holds something.
//!
//! The task of the day is planned by the first change of a bucket's amounts, and by itself while any bucket holds something.

use crate::{
    state::NAMES,
    usage::{self, Slot, Usage},
};
use kit::ports::Measured;
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use std::collections::BTreeMap;

/// The task of the day.
pub(crate) const KIND: &str = "storage-metrics";

/// Plans the next midnight, unless it is planned or nobody listens.
pub(crate) fn plan(tx: &mut Tx<'_>, cx: &Context, after: Timestamp) {
    if cx.cloud().ports().metrics().is_ok() && tx.tasks_keyed("s3", KIND, KIND).is_empty() {
        let due = kit::time::next_midnight(after.plus_ns(1));
        tx.task(NewTask::new(&Scope::new(kit::DEFAULT_ACCOUNT, kit::DEFAULT_REGION), "s3", KIND, &()).at(due).key(KIND));
    }
}

/// Tells what every bucket holds.
pub(crate) async fn tell(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let held: Vec<(Scope, String, Usage)> = cx.store().read(|s| {
        let all = usage::all(s)?.into_iter().filter(|(_, _, usage)| !usage.slots.is_empty());
        let placed = all.map(|(_, bucket, usage)| Ok(s.get(&NAMES, &Scope::new("", ""), &bucket)?.map(|scope| (scope, bucket, usage))));
        placed.filter_map(Result::transpose).collect::<Result<_, Fault>>()
    })?;
    for (scope, bucket, usage) in &held {
        bucket_metrics(cx, scope, bucket, usage, task.due);
    }
    cx.store()
        .write(|tx| {
            tx.cancel(&task.id);
            if !held.is_empty() {
                plan(tx, cx, task.due);
            }
            Ok(())
        })
        .await
}

fn bucket_metrics(cx: &Context, scope: &Scope, bucket: &str, usage: &Usage, at: Timestamp) {
    let mut bytes: BTreeMap<&str, u64> = BTreeMap::new();
    for (slot, amount) in &usage.slots {
        *bytes.entry(storage_type(*slot)).or_default() += amount.bytes;
    }
    let measure = |name, unit, kind: &str, value: u64| {
        let under = [("BucketName", bucket), ("StorageType", kind)];
        let measured = Measured { namespace: "AWS/S3", under: &[&under], values: &[(name, unit, value as f64)] };
        cx.cloud().ports().measure(scope, at, &measured);
    };
    bytes.iter().for_each(|(kind, bytes)| measure("BucketSizeBytes", "Bytes", kind, *bytes));
    let objects = usage.slots.iter().filter(|(slot, _)| **slot != Slot::RestoredCopies).map(|(_, amount)| amount.objects);
    measure("NumberOfObjects", "Count", "AllStorageTypes", objects.sum());
}

/// AWS's name for what it counts apart.
fn storage_type(slot: Slot) -> &'static str {
    match slot {
        // As AWS documents it, parts of unfinished uploads count among the rest.
        Slot::Standard | Slot::UnfinishedUploads | Slot::RestoredCopies => "StandardStorage",
        Slot::ReducedRedundancy => "ReducedRedundancyStorage",
        Slot::StandardIa => "StandardIAStorage",
        Slot::OnezoneIa => "OneZoneIAStorage",
        Slot::GlacierIr => "GlacierInstantRetrievalStorage",
        Slot::Glacier => "GlacierStorage",
        Slot::DeepArchive => "DeepArchiveStorage",
        // Objects that are too small to be watched are charged as frequently used ones.
        Slot::IntelligentTieringFrequent | Slot::IntelligentTieringUnwatched => "IntelligentTieringFAStorage",
        Slot::IntelligentTieringInfrequent => "IntelligentTieringIAStorage",
        Slot::IntelligentTieringArchiveInstant => "IntelligentTieringAIAStorage",
        Slot::IntelligentTieringArchive => "IntelligentTieringAAStorage",
        Slot::IntelligentTieringDeepArchive => "IntelligentTieringDAAStorage",
    }
}
