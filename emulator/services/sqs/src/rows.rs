//! The only writer of messages: what follows from them (groups of FIFO queues, the task that ends them) is kept in step here.

use crate::{groups, retention, state::*};
use kit::{Fault, Read, Scope, Tx};

/// A message that is new to its queue.
pub(crate) fn add(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, message: &StoredMessage) -> Result<(), Fault> {
    change(tx, scope, queue, message)?;
    retention::plan(tx, scope, queue, message.kept_since);
    Ok(())
}

/// A message that changed.
pub(crate) fn change(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, message: &StoredMessage) -> Result<(), Fault> {
    tx.put(&MESSAGES, scope, &(queue.id.clone(), message.seq), message)?;
    in_step(tx, scope, queue, message)
}

/// A message that goes.
pub(crate) fn remove(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, message: &StoredMessage) -> Result<(), Fault> {
    tx.delete(&MESSAGES, scope, &(queue.id.clone(), message.seq))?;
    in_step(tx, scope, queue, message)
}

/// All messages go.
pub(crate) fn clear(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue) -> Result<(), Fault> {
    let keys: Vec<(String, u64)> = tx.scan(&MESSAGES, scope).prefix(&(queue.id.as_str(),)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(&MESSAGES, scope, key).map(drop))?;
    groups::clear(tx, scope, queue)
}

fn in_step(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, message: &StoredMessage) -> Result<(), Fault> {
    match &message.group {
        Some(group) => groups::refresh(tx, scope, queue, group),
        None => Ok(()),
    }
}
