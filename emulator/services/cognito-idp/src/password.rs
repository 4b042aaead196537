//! Passwords: the pool's policy, what is kept of one, and the lock after wrong ones.

use crate::{Error, model::*, srp::Verifier, state::*};
use kit::{Context, Fault, Timestamp};

/// Wrong passwords before the lock begins, and the longest lock.
const FREE_FAILURES: u32 = 5;
const LONGEST_LOCK_SECS: i64 = 900;

/// Checks a password against the pool's policy.
pub(crate) fn check_policy(pool: &Pool, password: &str) -> Result<(), Fault> {
    let policy = policy(pool);
    let wants = |on: Option<bool>| on == Some(true);
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let problem = if (password.chars().count() as i32) < policy.minimum_length.unwrap_or(8) {
        "Password not long enough"
    } else if wants(policy.require_numbers) && !has(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if wants(policy.require_uppercase) && !has(char::is_uppercase) {
        "Password must have uppercase characters"
    } else if wants(policy.require_lowercase) && !has(char::is_lowercase) {
        "Password must have lowercase characters"
    } else if wants(policy.require_symbols) && !has(is_symbol) {
        "Password must have symbol characters"
    } else if password.starts_with(' ') || password.ends_with(' ') {
        "Password must not start or end with a space"
    } else {
        return Ok(());
    };
    Err(Error::InvalidPassword.says(format!("Password did not conform with policy: {problem}")))
}

/// AWS's set of special characters; a space counts inside a password.
fn is_symbol(c: char) -> bool {
    r##"^$*.[]{}()?-"!@#%&/\,><':;|_~`+= "##.contains(c)
}

/// The pool's password policy.
pub(crate) fn policy(pool: &Pool) -> PasswordPolicyType {
    pool.settings.policies.as_ref().and_then(|p| p.password_policy.clone()).unwrap_or_default()
}

/// Gives a user a password. The one before joins the history, where the policy keeps one.
pub(crate) fn set(cx: &Context, pool: &Pool, user: &mut User, password: &str) -> Result<(), Fault> {
    check_policy(pool, password)?;
    let keep = policy(pool).password_history_size.unwrap_or(0).max(0) as usize;
    let used = |v: &Verifier| v.matches(pool.srp_name(), &user.username, password);
    if keep > 0 && user.password.iter().chain(&user.history).take(keep).any(used) {
        return Err(Error::PasswordHistoryPolicyViolation.says("Password has previously been used. Please choose a different password."));
    }
    let salt = cx.ids().bytes()[..16].try_into().expect("sixteen of 32 bytes");
    let made = Verifier::of(pool.srp_name(), &user.username, password, salt);
    user.history.splice(0..0, user.password.replace(made));
    user.history.truncate(keep.saturating_sub(1));
    user.temporary_until = None;
    user.failures = 0;
    user.modified = cx.now();
    Ok(())
}

/// Refuses to have another password chosen by a code where the one that is there is temporary, or where another provider knows the user.
pub(crate) fn check_resettable(user: &User) -> Result<(), Fault> {
    match user.status() {
        UserStatus::ForceChangePassword | UserStatus::ExternalProvider => {
            Err(not_authorized("User password cannot be reset in the current state."))
        }
        _ => Ok(()),
    }
}

/// Whether this is the user's password.
pub(crate) fn matches(pool: &Pool, user: &User, password: &str) -> bool {
    user.password.as_ref().is_some_and(|v| v.matches(pool.srp_name(), &user.username, password))
}

/// Refuses attempts while the user is locked: one second after the fifth wrong password, doubling with each more.
pub(crate) fn check_lock(cx: &Context, user: &User) -> Result<(), Fault> {
    check_failures(cx, user.failures, user.failed_at)
}

/// As [`check_lock`], for a count of wrong passwords and the time of the last one.
pub(crate) fn check_failures(cx: &Context, failures: u32, failed_at: Timestamp) -> Result<(), Fault> {
    let Some(over) = failures.checked_sub(FREE_FAILURES) else { return Ok(()) };
    let lock_secs = LONGEST_LOCK_SECS.min(1 << over.min(20));
    match cx.now() < failed_at.plus_ns(seconds(lock_secs)) {
        true => Err(not_authorized("Password attempts exceeded")),
        false => Ok(()),
    }
}

/// Whether a count of wrong passwords begins anew.
pub(crate) fn is_forgotten(cx: &Context, failed_at: Timestamp) -> bool {
    cx.now() >= failed_at.plus_ns(seconds(LONGEST_LOCK_SECS))
}

/// Counts a wrong password. The count begins anew after a quarter of an hour without one.
pub(crate) async fn count_failure(cx: &Context, pool: &Pool, user: &User) -> Result<(), Fault> {
    change(cx, pool, user, |user, now| {
        if is_forgotten(cx, user.failed_at) {
            user.failures = 0;
        }
        user.failures += 1;
        user.failed_at = now;
    })
    .await
}

/// Forgets wrong passwords after a right one.
pub(crate) async fn forget_failures(cx: &Context, pool: &Pool, user: &User) -> Result<(), Fault> {
    match user.failures {
        0 => Ok(()),
        _ => change(cx, pool, user, |user, _| user.failures = 0).await,
    }
}

async fn change(cx: &Context, pool: &Pool, user: &User, f: impl FnOnce(&mut User, kit::Timestamp)) -> Result<(), Fault> {
    let key = (pool.id.clone(), user.key(pool));
    cx.store()
        .write(|tx| {
            use kit::Read;
            let Some(mut there) = tx.get(&USERS, cx.scope(), &key)? else { return Ok(()) };
            f(&mut there, cx.now());
            tx.put(&USERS, cx.scope(), &key, &there)
        })
        .await
}

/// A password that any policy takes, for users that an administrator makes without one.
pub(crate) fn temporary(cx: &Context, pool: &Pool) -> String {
    let ids = cx.ids();
    let length = policy(pool).minimum_length.unwrap_or(8).max(8) as usize;
    let rest = ids.text(length, "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789");
    let one = |alphabet: &str| ids.text(1, alphabet);
    format!("{}{}{}{}{}", one("ABCDEFGHJKLMNPQRSTUVWXYZ"), one("abcdefghijkmnpqrstuvwxyz"), one("23456789"), one("!#$%&*"), &rest[4..])
}
