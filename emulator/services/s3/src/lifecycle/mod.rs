//! Lifecycle: the configuration (`config`, judged by `check`), its rules made ready to be asked (`compiled`), when one acts on what
//! (`rules`), the daily round (`sweep`), and finding days anew after a change (`reindex`).
//!
//! Nothing scans a bucket and no object has a timer. A version's row carries the first day on which something is to be done with it and
//! stands in the index of that day; a (bucket, day) has one task at midnight UTC, which looks at the rows of that day alone and asks the
//! rules again, for rules may have changed. A changed configuration has the index made anew, chunk by chunk. Tiering and the end of
//! restored copies ride along on the same index.

mod check;
mod compiled;
mod config;
mod reindex;
mod rules;
mod sweep;

pub(crate) use compiled::Rules;
pub(crate) use reindex::reindex;
pub(crate) use rules::{Subject, abort_rule, due_day, expiration_at, expiration_header, upload_due_day};
pub(crate) use sweep::sweep;

use crate::{
    model::{BucketLifecycleConfiguration, IntelligentTieringConfiguration},
    state::{self, BUCKETS, Bucket, Found},
};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx, store::NewTask};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const DAY_NS: i128 = 86_400_000_000_000;

/// The rules of buckets that have any, as they were put.
const RULES: Table<String, Standing> = Table::new("s3.rules", TableScope::Account);

/// What a bucket was told about the life of its objects.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Standing {
    #[serde(default, with = "wire::kept")]
    pub lifecycle: Option<BucketLifecycleConfiguration>,
    /// `all_storage_classes_128K` or `varies_by_storage_class`.
    #[serde(default)]
    pub transition_minimum: Option<String>,
    /// Intelligent-Tiering configurations by id.
    #[serde(default, with = "wire::kept")]
    pub tiering: BTreeMap<String, IntelligentTieringConfiguration>,
}

/// The rules of a bucket as they were put.
pub(crate) fn standing(read: &impl Read, scope: &Scope, bucket: &str) -> Result<Standing, Fault> {
    Ok(read.get(&RULES, scope, &bucket.to_owned())?.unwrap_or_default())
}

/// The rules of a bucket, ready to be asked; `None` when it has none.
pub(crate) fn rules_of(read: &impl Read, scope: &Scope, name: &str, bucket: &Bucket) -> Result<Option<Arc<Rules>>, Fault> {
    let Some(digest) = &bucket.rules_digest else { return Ok(None) };
    compiled::by_digest(digest, || standing(read, scope, name)).map(Some)
}

/// Changes the rules of a bucket and has the index of days made anew.
pub(crate) async fn change(
    cx: &Context,
    name: &str,
    owner: &Option<String>,
    change: impl FnOnce(&mut Standing) -> Result<(), Fault>,
) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut found = state::find(tx, name)?;
            state::expect_owner(&found, owner)?;
            let mut now = standing(tx, &found.scope, name)?;
            change(&mut now)?;
            Arc::make_mut(&mut found.bucket).rules_digest = match now.lifecycle.is_none() && now.tiering.is_empty() {
                true => {
                    tx.delete(&RULES, &found.scope, &found.name)?;
                    None
                }
                false => {
                    tx.put(&RULES, &found.scope, &found.name, &now)?;
                    Some(digest_of(&now)?)
                }
            };
            tx.put(&BUCKETS, &found.scope, &found.name, &found.bucket)?;
            tx.task(NewTask::new(&found.scope, "s3", "reindex", &found.name).key(found.name.clone()).cause(cx.cause()));
            Ok(())
        })
        .await
}

/// Forgets the rules of a bucket that goes.
pub(crate) fn forget_bucket(tx: &mut Tx<'_>, found: &Found) -> Result<(), Fault> {
    tx.delete(&RULES, &found.scope, &found.name).map(|_| ())
}

/// Content decides: the same rules have the same digest everywhere.
fn digest_of(standing: &Standing) -> Result<String, Fault> {
    let text = serde_json::to_vec(standing).map_err(|e| Fault::internal(format!("rules of a bucket can't be written: {e}")))?;
    Ok(kit::hex(&Sha256::digest(text)))
}

/// The day (since the epoch) that a moment is in.
pub(crate) fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.unix_ns.div_euclid(DAY_NS)).unwrap_or(0)
}
/// The midnight that a day begins with.
pub(crate) fn midnight(day: u32) -> Timestamp {
    Timestamp { unix_ns: i128::from(day) * DAY_NS }
}
/// The midnight at or behind `days` days after a moment.
pub(crate) fn day_after(at: Timestamp, days: i32) -> u32 {
    day_of(kit::time::next_midnight(at.plus_ns(i128::from(days) * DAY_NS)))
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
