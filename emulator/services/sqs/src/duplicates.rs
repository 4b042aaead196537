//! What FIFO queues remember for five minutes: messages that were sent, so that a second sending is none, and attempts to receive, so that
//! a second attempt finds the same messages.

use crate::state::*;
use kit::{Fault, Index, Read, Scope, Table, TableScope, Timestamp, Tx, store::key_bytes};
use serde::{Deserialize, Serialize};

/// What is remembered, by queue id, kind (`sent` or `attempt`), group (empty where it doesn't count) and id.
const KNOWN: Table<(String, String, String, String), Known> =
    Table::new("sqs.known", TableScope::Region).indexes(&[Index { name: "age", keys: |k| vec![key_bytes(&(k.queue_id.as_str(), k.at))] }]);

/// Five minutes.
const LASTS_SECS: i64 = 300;
/// Attributes take up to a minute to act; recorded for DeduplicationScope (test_fifo_change_to_high_throughput_after_creation).
const ACTS_AFTER_SECS: i64 = 60;

/// A message that was sent, or the messages of an attempt to receive.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    queue_id: String,
    at: Timestamp,
    message_id: String,
    number: String,
    /// Messages with the count of their receives.
    received: Vec<(u64, u32)>,
}

/// Id and sequence number of a message sent before under the same deduplication id.
pub(crate) fn sent(
    read: &impl Read,
    scope: &Scope,
    queue: &Queue,
    now: Timestamp,
    group: &str,
    id: &str,
) -> Result<Option<(String, String)>, Fault> {
    let found = read.get(&KNOWN, scope, &key(queue, "sent", group_of(queue, now, group), id))?;
    Ok(found.filter(|known| lasts(known, now)).map(|known| (known.message_id, known.number)))
}

/// Remembers a message that was sent.
pub(crate) fn remember_sent(
    tx: &mut Tx<'_>,
    scope: &Scope,
    queue: &Queue,
    now: Timestamp,
    group: &str,
    id: &str,
    message: (&str, &str),
) -> Result<(), Fault> {
    let key = key(queue, "sent", group_of(queue, now, group), id);
    remember(tx, scope, queue, now, key, Known { message_id: message.0.into(), number: message.1.into(), ..Known::default() })
}

/// The messages of an attempt to receive.
pub(crate) fn attempt(read: &impl Read, scope: &Scope, queue: &Queue, now: Timestamp, id: &str) -> Result<Option<Vec<(u64, u32)>>, Fault> {
    let found = read.get(&KNOWN, scope, &key(queue, "attempt", "", id))?;
    Ok(found.filter(|known| lasts(known, now)).map(|known| known.received))
}

/// Remembers an attempt to receive.
pub(crate) fn remember_attempt(
    tx: &mut Tx<'_>,
    scope: &Scope,
    queue: &Queue,
    now: Timestamp,
    id: &str,
    received: Vec<(u64, u32)>,
) -> Result<(), Fault> {
    let key = key(queue, "attempt", "", id);
    remember(tx, scope, queue, now, key, Known { received, ..Known::default() })
}

/// Forgets all that is known of a queue.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue) -> Result<(), Fault> {
    let keys: Vec<_> = tx.scan(&KNOWN, scope).prefix(&(queue.id.as_str(),)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(&KNOWN, scope, key).map(drop))
}

fn remember(
    tx: &mut Tx<'_>,
    scope: &Scope,
    queue: &Queue,
    now: Timestamp,
    key: (String, String, String, String),
    known: Known,
) -> Result<(), Fault> {
    // Two old ones go for each new one, so that the table doesn't grow and no sending has to wait for a sweep.
    let over = (queue.id.as_str(), now.plus_ns(-seconds(LASTS_SECS)).plus_ns(1));
    let old: Vec<_> = tx.by_index(&KNOWN, scope, "age", &(queue.id.as_str(),)).until(&over).limit(2).keys().collect::<Result<_, _>>()?;
    old.iter().try_for_each(|key| tx.delete(&KNOWN, scope, key).map(drop))?;
    tx.put(&KNOWN, scope, &key, &Known { queue_id: queue.id.clone(), at: now, ..known })
}

fn lasts(known: &Known, now: Timestamp) -> bool {
    known.at.plus_ns(seconds(LASTS_SECS)) > now
}

/// The group, where deduplication is by group.
fn group_of<'a>(queue: &Queue, now: Timestamp, group: &'a str) -> &'a str {
    let before = queue.scope_before.as_ref().filter(|(_, at)| at.plus_ns(seconds(ACTS_AFTER_SECS)) > now);
    let acting = before.map(|(scope, _)| scope.clone()).or_else(|| queue.text("DeduplicationScope"));
    if acting.as_deref() == Some("messageGroup") { group } else { "" }
}

fn key(queue: &Queue, kind: &str, group: &str, id: &str) -> (String, String, String, String) {
    (queue.id.clone(), kind.to_owned(), group.to_owned(), id.to_owned())
}
