//! The groups of a FIFO queue: each is open as long as its first message is visible, and closed while that one is in flight or delayed.

use crate::state::*;
use kit::{Fault, Index, Read, Scope, Table, TableScope, Timestamp, Tx, store::key_bytes};
use serde::{Deserialize, Serialize};

/// Groups that have messages, by queue id and name.
pub(crate) const GROUPS: Table<(String, String), Group> = Table::new("sqs.groups", TableScope::Region)
    .indexes(&[Index { name: "open", keys: |g| vec![key_bytes(&(g.queue_id.as_str(), g.open_at, g.first))] }]);

/// What is known of a group without looking at its messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    pub queue_id: String,
    /// When the first message is visible.
    pub open_at: Timestamp,
    /// The first message.
    pub first: u64,
}

/// Looks at a group's first message anew.
pub(crate) fn refresh(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, group: &str) -> Result<(), Fault> {
    let key = (queue.id.clone(), group.to_owned());
    let first = tx.by_index(&MESSAGES, scope, "group", &(queue.id.as_str(), group)).first()?;
    let now = first.map(|(_, m)| Group { queue_id: m.queue_id, open_at: m.visible_at, first: m.seq });
    match now {
        Some(now) if tx.get(&GROUPS, scope, &key)?.as_ref() == Some(&now) => Ok(()),
        Some(now) => tx.put(&GROUPS, scope, &key, &now),
        None => tx.delete(&GROUPS, scope, &key).map(drop),
    }
}

/// The first group that is open and not among these.
pub(crate) fn open(read: &impl Read, scope: &Scope, queue: &Queue, now: Timestamp, not: &[String]) -> Result<Option<String>, Fault> {
    let open = read.by_index(&GROUPS, scope, "open", &(queue.id.as_str(),)).until(&(queue.id.as_str(), now.plus_ns(1)));
    for row in open.keys() {
        let (_, group) = row?;
        if !not.contains(&group) {
            return Ok(Some(group));
        }
    }
    Ok(None)
}

/// When the next group opens.
pub(crate) fn next(read: &impl Read, scope: &Scope, queue: &Queue) -> Result<Option<Timestamp>, Fault> {
    Ok(read.by_index(&GROUPS, scope, "open", &(queue.id.as_str(),)).first()?.map(|(_, group)| group.open_at))
}

/// How many groups wait for their first message.
pub(crate) fn closed(read: &impl Read, scope: &Scope, queue: &Queue, now: Timestamp) -> Result<usize, Fault> {
    let closed = read.by_index(&GROUPS, scope, "open", &(queue.id.as_str(),)).from(&(queue.id.as_str(), now.plus_ns(1)));
    closed.keys().try_fold(0, |n, key| key.map(|_| n + 1))
}

/// Forgets a queue's groups.
pub(crate) fn clear(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue) -> Result<(), Fault> {
    let keys: Vec<(String, String)> = tx.scan(&GROUPS, scope).prefix(&(queue.id.as_str(),)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(&GROUPS, scope, key).map(drop))
}
