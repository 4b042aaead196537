//! What is kept of archives and replays.

use crate::{Error, check, model::ReplayState};
use kit::{Arn, Fault, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};

/// Archives by name.
pub(super) const ARCHIVES: Table<String, StoredArchive> = Table::new("events.archives", TableScope::Region);
/// Archived events by archive id, time and arrival.
pub(super) const EVENTS: Table<(String, Timestamp, u64), Archived> = Table::new("events.archived", TableScope::Region);
/// Replays by name.
pub(super) const REPLAYS: Table<String, StoredReplay> = Table::new("events.replays", TableScope::Region);

/// Rows read or deleted in one transaction.
pub(super) const PAGE: usize = 256;

/// An archive.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StoredArchive {
    /// Differs from that of an earlier archive of the same name, whose events must not come back.
    pub id: String,
    pub name: String,
    pub bus: String,
    pub description: Option<String>,
    pub pattern: Option<String>,
    /// 0: for ever.
    pub retention_days: i32,
    pub events: i64,
    pub bytes: i64,
    pub created: Timestamp,
}

/// An event in an archive.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Archived {
    /// JSON.
    pub event: String,
    /// As AWS counts it.
    pub bytes: i64,
}

/// A replay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StoredReplay {
    pub name: String,
    pub description: Option<String>,
    pub archive: String,
    pub bus: String,
    /// ARNs of the rules that take part; all of the bus when empty.
    pub rules: Vec<String>,
    pub from: Timestamp,
    pub until: Timestamp,
    /// AWS's word.
    pub state: String,
    pub reason: Option<String>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    /// Time and arrival of the last event replayed.
    pub last: Option<(Timestamp, u64)>,
}

impl StoredReplay {
    pub fn state(&self) -> Option<ReplayState> {
        ReplayState::parse(&self.state)
    }
    /// Whether it may still replay events.
    pub fn is_active(&self) -> bool {
        matches!(self.state(), Some(ReplayState::Starting | ReplayState::Running | ReplayState::Cancelling))
    }
}

pub(crate) fn archive_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:events:{}:{}:archive/{name}", scope.region, scope.account)
}
pub(crate) fn replay_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:events:{}:{}:replay/{name}", scope.region, scope.account)
}

/// An archive, or AWS's fault.
pub(super) fn archive(read: &impl Read, scope: &Scope, name: &str) -> Result<StoredArchive, Fault> {
    let missing = || Error::ResourceNotFound.says(format!("Archive {name} does not exist."));
    read.get(&ARCHIVES, scope, &name.to_owned())?.ok_or_else(missing)
}

/// A replay, or AWS's fault.
pub(super) fn replay(read: &impl Read, scope: &Scope, name: &str) -> Result<StoredReplay, Fault> {
    let missing = || Error::ResourceNotFound.says(format!("Replay {name} does not exist."));
    read.get(&REPLAYS, scope, &name.to_owned())?.ok_or_else(missing)
}

/// The name in an archive's ARN.
pub(super) fn archive_of(arn: &str) -> Result<&str, Fault> {
    let found = Arn::parse(arn).filter(|arn| arn.service == "events").and_then(|arn| arn.after("archive/"));
    found.ok_or_else(|| check::invalid(format!("Parameter EventSourceArn is not valid. Reason: {arn} is no archive.")))
}
