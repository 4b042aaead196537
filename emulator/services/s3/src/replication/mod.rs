//! Replication: what is written into a bucket is written into others, in the account and region of each, by a role that the bucket's owner
//! names. `config` says what a configuration may be, `rules` which rule an object falls under, `run` brings one version to one bucket.
//!
//! A version that is to be replicated is marked as such in the transaction that makes it, with a task for every destination; what happens
//! there is decided by the role's permissions at that time. A replica keeps the version id, so that it lies at the same place of its key.

mod config;
mod rules;
mod run;

pub(crate) use config::refuse_suspension;
pub(crate) use run::run;

use crate::{
    model::ReplicationStatus,
    state::{Found, Object},
};
use kit::{Context, Tx, store::NewTask};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Kind of the tasks.
pub(crate) const KIND: &str = "replicate";

/// What a version has to do with replication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Replicating {
    /// It was replicated from elsewhere; it goes no further.
    Replica,
    /// It is to be in other buckets, by their names.
    Source(BTreeMap<String, Progress>),
}

/// How far a version is on its way to one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Progress {
    Pending,
    Completed,
    Failed,
}

impl Replicating {
    /// As `x-amz-replication-status` tells it: pending until all are done, failed where one failed.
    pub fn status(&self) -> ReplicationStatus {
        let Replicating::Source(targets) = self else { return ReplicationStatus::Replica };
        let any = |wanted| targets.values().any(|progress| *progress == wanted);
        match (any(Progress::Pending), any(Progress::Failed)) {
            (true, _) => ReplicationStatus::Pending,
            (_, true) => ReplicationStatus::Failed,
            _ => ReplicationStatus::Completed,
        }
    }
}

/// The status of a version, where it has one.
pub(crate) fn status(object: &Object) -> Option<ReplicationStatus> {
    object.replication.as_ref().map(Replicating::status)
}

/// Whether a version is not yet everywhere where it is to be, or could not be brought there: lifecycle leaves it alone (user guide,
/// "Getting replication status information").
pub(crate) fn is_wanting(object: &Object) -> bool {
    matches!(status(object), Some(ReplicationStatus::Pending | ReplicationStatus::Failed))
}

/// A version to be brought to a bucket.
#[derive(Serialize, Deserialize)]
struct Order {
    bucket: String,
    key: String,
    sequence: u64,
    destination: String,
}

/// Marks a new version, or delete marker, with the buckets that it is to be in.
pub(crate) fn mark(found: &Found, key: &str, object: &mut Object) {
    let rules = rules::wanting(found, key, object);
    let targets: BTreeMap<String, Progress> = rules.into_keys().map(|bucket| (bucket.to_owned(), Progress::Pending)).collect();
    object.replication = (!targets.is_empty()).then_some(Replicating::Source(targets));
}

/// Sees to it that a version that was marked gets there.
pub(crate) fn order(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, sequence: u64, object: &Object) {
    let Some(Replicating::Source(targets)) = &object.replication else { return };
    for destination in targets.keys() {
        let order = Order { bucket: found.name.clone(), key: key.to_owned(), sequence, destination: destination.clone() };
        // Versions of a key arrive in the order in which they were made.
        let lane = format!("{}/{destination}/{key}", found.name);
        tx.task(NewTask::new(&found.scope, "s3", KIND, &order).key(lane).cause(cx.cause()));
    }
}

/// Tags, list or lock of a version changed: its replicas are to follow. Replicas that are changed stay as they are.
pub(crate) fn changed(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, sequence: u64, object: &mut Object) {
    let Some(Replicating::Source(targets)) = &mut object.replication else { return };
    targets.values_mut().for_each(|progress| *progress = Progress::Pending);
    order(tx, cx, found, key, sequence, object);
}
