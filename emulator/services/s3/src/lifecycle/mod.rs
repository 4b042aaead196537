//! Lifecycle: rules that let objects go (`rules`), the configuration (`config`), and the daily round (`sweep`).
//!
//! Nothing scans a bucket and no object has a timer. A version's row carries the first day on which a rule may act on it and stands in the
//! index of that day; a (bucket, day) has one task at midnight UTC, which looks at the rows of that day alone and asks the rules again,
//! for rules may have changed. A changed configuration has the index made anew, chunk by chunk.

mod config;
mod rules;
mod sweep;

pub(crate) use rules::{abort_rule, due_day, expiration_header, upload_due_day};
pub(crate) use sweep::{reindex, sweep};

use crate::state::Found;
use kit::{Context, Read, Timestamp, Tx, store::NewTask};
use serde::{Deserialize, Serialize};

const DAY_NS: i128 = 86_400_000_000_000;

/// The day (since the epoch) that a moment is in.
fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.unix_ns.div_euclid(DAY_NS)).unwrap_or(0)
}
/// The midnight that a day begins with.
fn midnight(day: u32) -> Timestamp {
    Timestamp { unix_ns: i128::from(day) * DAY_NS }
}

/// The round of one bucket on one day.
#[derive(Serialize, Deserialize)]
pub(crate) struct Round {
    pub bucket: String,
    pub day: u32,
}

/// Sees to it that the bucket is looked at on that day; once, however many objects ask for it.
pub(crate) fn look_on(tx: &mut Tx<'_>, cx: &Context, found: &Found, day: u32) {
    let key = format!("{}/{day}", found.name);
    if tx.tasks_keyed("s3", "expire", &key).is_empty() {
        let round = Round { bucket: found.name.clone(), day };
        tx.task(NewTask::new(&found.scope, "s3", "expire", &round).at(midnight(day)).key(key).cause(cx.cause()));
    }
}
