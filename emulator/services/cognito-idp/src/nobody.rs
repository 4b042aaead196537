//! Names that are nobody's, where a client hides that: wrong tries at them are counted and locked like those at users, so that a lock tells
//! nothing.

use crate::{Error, codes, names::Desk, password};
use kit::{Fault, Index, Read, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};

/// Wrong tries by pool and name.
pub(crate) const NOBODIES: Table<(String, String), Nobody> = Table::new("cognito-idp.nobodies", TableScope::Region)
    .indexes(&[Index { name: "at", keys: |n| vec![key_bytes(&(n.pool_id.as_str(), n.failed_at))] }]);

/// A name that is nobody's.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Nobody {
    pool_id: String,
    failures: u32,
    failed_at: Timestamp,
}

/// Refuses while the name is locked, as a user's would be.
pub(crate) fn check_lock(desk: &Desk, login: &str) -> Result<(), Fault> {
    let key = (desk.pool.id.clone(), desk.pool.user_key(login));
    let there = desk.cx.store().read(|s| s.get(&NOBODIES, desk.cx.scope(), &key))?.unwrap_or_default();
    password::check_failures(&desk.cx, there.failures, there.failed_at)
}

/// Counts a wrong try. Old counts go with later ones, a few at a time.
pub(crate) async fn count(desk: &Desk, login: &str) -> Result<(), Fault> {
    let (cx, pool) = (&desk.cx, &desk.pool);
    let key = (pool.id.clone(), pool.user_key(login));
    cx.store()
        .write(|tx| {
            let mut old = Vec::new();
            for row in tx.by_index(&NOBODIES, cx.scope(), "at", &(pool.id.as_str(),)).limit(8) {
                let (other, nobody) = row?;
                if other != key && password::is_forgotten(cx, nobody.failed_at) {
                    old.push(other);
                }
            }
            old.iter().try_for_each(|other| tx.delete(&NOBODIES, cx.scope(), other).map(drop))?;
            let there = tx.get(&NOBODIES, cx.scope(), &key)?.filter(|n| !password::is_forgotten(cx, n.failed_at));
            let failures = there.map_or(0, |n| n.failures) + 1;
            tx.put(&NOBODIES, cx.scope(), &key, &Nobody { pool_id: pool.id.clone(), failures, failed_at: cx.now() })
        })
        .await
}

/// What a code for a purpose is answered where nobody has asked for one: wrong, and too often after as many tries as a real one has.
pub(crate) async fn wrong_code(desk: &Desk, purpose: &str, login: &str) -> Result<Fault, Fault> {
    let name = format!("{purpose}/{login}");
    let key = (desk.pool.id.clone(), desk.pool.user_key(&name));
    let there = desk.cx.store().read(|s| s.get(&NOBODIES, desk.cx.scope(), &key))?.unwrap_or_default();
    if there.failures >= codes::MOST_WRONG {
        return Ok(Error::LimitExceeded.says("Attempt limit exceeded, please try after some time."));
    }
    count(desk, &name).await?;
    Ok(codes::mismatch())
}

/// What a code is for: a new password, or a sign-up.
pub(crate) const PASSWORD: &str = "code";
pub(crate) const SIGN_UP: &str = "sign-up";

/// A code was asked for, so tries count anew.
pub(crate) async fn fresh_code(desk: &Desk, purpose: &str, login: &str) -> Result<(), Fault> {
    let key = (desk.pool.id.clone(), desk.pool.user_key(&format!("{purpose}/{login}")));
    desk.cx.store().write(|tx| tx.delete(&NOBODIES, desk.cx.scope(), &key).map(drop)).await
}
