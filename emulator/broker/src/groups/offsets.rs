//! Offsets that groups commit: into the ledger, out of it, and away when nobody has been there for long.

use crate::{
    groups::Kind,
    ledger::{Change, OffsetRow, State},
    shared::Shared,
};
use kafka_protocol::ResponseError;
use std::{collections::BTreeMap, io};

/// Longest text that a client may keep with an offset; Kafka's `offset.metadata.max.bytes`.
pub const METADATA_MAX: usize = 4096;

/// Who commits.
pub struct Committer<'a> {
    /// Group.
    pub group: &'a str,
    /// Member; empty for those in no group.
    pub member: &'a str,
    /// Static member.
    pub instance: Option<&'a str>,
    /// Generation, or epoch under KIP-848; negative for those in no group.
    pub generation: i32,
}

/// Whether this member may commit in its group.
pub fn check(broker: &Shared, who: &Committer<'_>) -> Result<(), ResponseError> {
    if who.group.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    let Some(group) = broker.groups.get(who.group) else {
        return if who.generation < 0 { room(broker, who.group) } else { Err(ResponseError::IllegalGeneration) };
    };
    let now = broker.real_ms();
    match &mut *group.kind.lock() {
        Kind::Classic(classic) => classic.may_commit(who.member, who.instance, who.generation, now),
        Kind::Consumer(consumer) => consumer.may_commit(who.member, who.generation),
    }
}

/// Whether a group may be, which is no more than its offsets: there is an end to how many are.
pub fn room(broker: &Shared, group: &str) -> Result<(), ResponseError> {
    let most = broker.options.limits.groups_max;
    match broker.ledger.read(|state| state.offsets.len() < most || state.offsets.contains_key(group)) {
        true => Ok(()),
        false => Err(ResponseError::GroupMaxSizeReached),
    }
}

/// An offset as it is written down.
pub fn row(broker: &Shared, offset: i64, leader_epoch: i32, metadata: Option<&str>) -> Result<OffsetRow, ResponseError> {
    let metadata = metadata.unwrap_or_default().to_owned();
    match metadata.len() > METADATA_MAX {
        true => Err(ResponseError::OffsetMetadataTooLarge),
        false => Ok(OffsetRow { offset, leader_epoch, metadata, at: broker.now_ms() }),
    }
}

/// Writes offsets of a group down.
pub fn commit(broker: &Shared, group: &str, changes: Vec<Change>) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let first = !broker.ledger.read(|state| state.offsets.contains_key(group));
    broker.ledger.write(changes)?;
    // A later commit only makes for a later end, which the housekeeper learns of at the earlier one.
    if first {
        broker.housekeeping.notify_one();
    }
    Ok(())
}

/// Since when a group's offsets are kept for nobody: its last commit, or since when it has no members. `None` while it has some.
fn silent_since(state: &State, name: &str, offsets: &BTreeMap<(String, i32), OffsetRow>) -> Option<i64> {
    let committed = offsets.values().map(|row| row.at).max()?;
    match state.groups.get(name) {
        Some(None) => None,
        Some(Some(emptied)) => Some(committed.max(*emptied)),
        None => Some(committed),
    }
}

/// Forgets offsets of groups that had no members and committed nothing for the time that offsets are kept.
pub fn expire(broker: &Shared) -> io::Result<()> {
    let oldest = broker.now_ms().saturating_sub(broker.options.defaults.offsets_retention_ms);
    let silent = broker.ledger.read(|state| {
        let old = |(name, offsets): &(&String, &BTreeMap<_, OffsetRow>)| silent_since(state, name, offsets).is_some_and(|at| at < oldest);
        state.offsets.iter().filter(old).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    });
    let gone: Vec<Change> = silent.into_iter().filter(|name| broker.groups.forget(name)).map(Change::GroupGone).collect();
    if gone.is_empty() { Ok(()) } else { broker.ledger.write(gone) }
}

/// When offsets will next be too old, milliseconds.
pub fn next_expiry(broker: &Shared) -> Option<i64> {
    let first = broker.ledger.read(|state| state.offsets.iter().filter_map(|(name, offsets)| silent_since(state, name, offsets)).min())?;
    Some(first.saturating_add(broker.options.defaults.offsets_retention_ms).saturating_add(1))
}
