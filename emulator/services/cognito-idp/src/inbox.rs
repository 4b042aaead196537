//! The inbox: what Cognito would send by mail or SMS lies here, for people and tests to read.

use crate::state::*;
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// Messages of all pools in the order they were sent.
pub(crate) const MESSAGES: Table<u64, Message> = Table::new("cognito-idp.messages", TableScope::Global);
/// How many messages are kept.
const INBOX: u64 = 1000;

/// A message that was sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Message {
    pub sent: Timestamp,
    pub account: String,
    pub region: String,
    pub pool_id: String,
    pub username: String,
    pub sub: String,
    /// `SignUp`, `ForgotPassword`, `Attribute` or `Invitation`.
    pub purpose: String,
    /// `EMAIL` or `SMS`.
    pub medium: String,
    /// The address, unmasked.
    pub destination: String,
    pub subject: String,
    pub message: String,
    /// The code, or the temporary password of an invitation.
    pub code: String,
}

/// Puts a message into the inbox; the oldest go.
pub(crate) fn put(cx: &Context, tx: &mut Tx<'_>, pool: &Pool, user: &User, message: Message) -> Result<(), Fault> {
    let message = Message {
        sent: cx.now(),
        account: cx.account().into(),
        region: cx.region().into(),
        pool_id: pool.id.clone(),
        username: user.username.clone(),
        sub: user.sub.clone(),
        ..message
    };
    let seq = tx.next_seq("cognito-idp.messages");
    tx.put(&MESSAGES, cx.scope(), &seq, &message)?;
    match seq.checked_sub(INBOX) {
        Some(old) => tx.delete(&MESSAGES, cx.scope(), &old).map(drop),
        None => Ok(()),
    }
}

/// Messages of a deleted pool go with it.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, pool_id: &str) -> Result<(), Fault> {
    let rows: Vec<(u64, Message)> = tx.scan(&MESSAGES, scope).collect::<Result<_, _>>()?;
    let mine = rows.iter().filter(|(_, m)| m.pool_id == pool_id);
    mine.map(|(seq, _)| *seq).try_for_each(|seq| tx.delete(&MESSAGES, scope, &seq).map(drop))
}
