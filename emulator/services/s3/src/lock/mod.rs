//! Object lock: what keeps a version from being deleted, who may lift it, and what new versions are locked with.
//!
//! A version is kept by a legal hold as long as that is on, and by its retention until its date on the cloud's clock. This file has the rules;
//! `config` is the bucket's side, `retention` and `hold` are the operations on one version.

mod config;
mod hold;
mod retention;

pub(crate) use config::{new_configuration, refuse_suspension};

use crate::{
    access::{self, Maybe},
    errors,
    model::ObjectLockRetentionMode,
    state::{Bucket, Found, Object},
    versions::{self, Version},
};
use kit::{Context, Fault, Need, Read, Timestamp};
use serde::{Deserialize, Serialize};

/// What keeps a version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lock {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Absent where it never was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_hold: Option<bool>,
}

/// Keeps a version until a date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retention {
    pub mode: Mode,
    pub until: Timestamp,
}

/// Who may lift a retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// Those who may bypass it.
    Governance,
    /// Nobody.
    Compliance,
}

impl Mode {
    /// As AWS writes it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Governance => "GOVERNANCE",
            Mode::Compliance => "COMPLIANCE",
        }
    }
    fn of(mode: &ObjectLockRetentionMode) -> Mode {
        match mode {
            ObjectLockRetentionMode::Governance => Mode::Governance,
            ObjectLockRetentionMode::Compliance => Mode::Compliance,
        }
    }
    fn to_model(self) -> ObjectLockRetentionMode {
        match self {
            Mode::Governance => ObjectLockRetentionMode::Governance,
            Mode::Compliance => ObjectLockRetentionMode::Compliance,
        }
    }
}

impl Lock {
    /// Nothing was ever set.
    pub fn is_empty(&self) -> bool {
        *self == Lock::default()
    }
    /// Whether something keeps the version from one who may or may not bypass governance.
    fn keeps(&self, now: Timestamp, bypass: bool) -> bool {
        let retained = self.retention.as_ref().is_some_and(|r| r.until > now && !(bypass && r.mode == Mode::Governance));
        retained || self.legal_hold == Some(true)
    }
}

/// Refuses to delete a version for good while it is locked.
pub(crate) fn check_delete(object: &Object, now: Timestamp, bypass: bool) -> Result<(), Fault> {
    match object.lock.keeps(now, bypass) {
        true => Err(protected()),
        false => Ok(()),
    }
}

/// AWS's refusal; the same for holds and both modes.
fn protected() -> Fault {
    Fault::new("AccessDenied", 403, "Access Denied because object protected by object lock.")
}

/// Whether the caller asked to bypass governance and may.
pub(crate) fn bypasses(cx: &Context, asked: Option<bool>, bucket: &str, key: &str) -> bool {
    asked == Some(true) && access::decide(cx, access::object_need(cx, "s3:BypassGovernanceRetention", bucket, key)).allowed
}

/// The bypass header means nothing in a bucket that can't lock, and AWS says so even of `false`.
pub(crate) fn refuse_idle_bypass(bucket: &Bucket, asked: Option<bool>) -> Result<(), Fault> {
    match asked.is_some() && bucket.object_lock.is_none() {
        true => {
            Err(Fault::new("InvalidArgument", 400, "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.")
                .with("ArgumentName", "x-amz-bypass-governance-retention"))
        }
        false => Ok(()),
    }
}

fn needs_configuration(found: &Found) -> Result<(), Fault> {
    match found.bucket.object_lock {
        Some(_) => Ok(()),
        None => Err(errors::invalid_request("Bucket is missing Object Lock Configuration")),
    }
}

/// The lock members of a request that writes an object, judged. What they leave open, the bucket's default fills in when the version is
/// made ([`fill_in`]).
pub(crate) fn judge(cx: &Context, found: &Found, mode: Option<&str>, until: Option<Timestamp>, hold: Option<&str>) -> Result<Lock, Fault> {
    if mode.is_none() && until.is_none() && hold.is_none() {
        return Ok(Lock::default());
    }
    needs_configuration(found)?;
    let both = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
    let missing = |name: &str| Fault::new("InvalidArgument", 400, both).with("ArgumentName", name.to_owned());
    let retention = match (mode, until) {
        (None, None) => None,
        (Some(_), None) => return Err(missing("x-amz-object-lock-retain-until-date")),
        (None, Some(_)) => return Err(missing("x-amz-object-lock-mode")),
        (Some(mode), Some(until)) => {
            let mode = match mode {
                "GOVERNANCE" => Mode::Governance,
                "COMPLIANCE" => Mode::Compliance,
                other => return Err(errors::invalid_argument("Unknown wormMode directive.", "x-amz-object-lock-mode", other)),
            };
            refuse_past(cx, until, "x-amz-object-lock-retain-until-date")?;
            Some(Retention { mode, until })
        }
    };
    let legal_hold = match hold {
        None => None,
        Some("ON") => Some(true),
        Some("OFF") => Some(false),
        Some(other) => {
            // From AWS's documentation of the header; no recording has it.
            let sentence = "Legal Hold must be either of 'ON' or 'OFF'";
            return Err(errors::invalid_argument(sentence, "x-amz-object-lock-legal-hold", other));
        }
    };
    Ok(Lock { retention, legal_hold })
}

fn refuse_past(cx: &Context, until: Timestamp, name: &str) -> Result<(), Fault> {
    match until <= cx.now() {
        true => Err(errors::invalid_argument("The retain until date must be in the future!", name, &pacific(until))),
        false => Ok(()),
    }
}

/// A body that will be locked has to be proved whole: AWS asks for its digest.
pub(crate) fn needs_digest(cx: &Context, found: &Found, lock: &Lock) -> Result<(), Fault> {
    let locked = !lock.is_empty() || default_retention(&found.bucket, cx.now()).is_some();
    match locked && errors::lacks_digest(cx) {
        true => Err(errors::invalid_request(
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
        )),
        false => Ok(()),
    }
}

/// The retention that a version made now has where the request named none.
fn default_retention(bucket: &Bucket, now: Timestamp) -> Option<Retention> {
    let default = bucket.object_lock.as_ref()?.rule.as_ref()?.default_retention.as_ref()?;
    let days = match (default.days, default.years) {
        (Some(days), _) => i64::from(days),
        // AWS counts a year as 365 days.
        (None, years) => i64::from(years?) * 365,
    };
    Some(Retention { mode: Mode::of(default.mode.as_ref()?), until: Timestamp::from_secs(now.secs() + days * 86_400) })
}

/// Gives a version that is about to be made the bucket's default retention, unless it has one.
pub(crate) fn fill_in(cx: &Context, found: &Found, object: &mut Object) {
    if object.lock.retention.is_none() && !object.delete_marker {
        object.lock.retention = default_retention(&found.bucket, cx.now());
    }
}

/// What writing an object with a lock needs beside writing it.
pub(crate) fn permissions(
    cx: &Context,
    (bucket, key): (&str, &str),
    mode: Option<&str>,
    until: Option<Timestamp>,
    hold: Option<&str>,
) -> [Option<Need>; 2] {
    let retain = (mode.is_some() || until.is_some()).then(|| {
        let need = access::object_need(cx, "s3:PutObjectRetention", bucket, key);
        retention::with_retention(cx, need, mode.map(str::to_owned), until)
    });
    let hold = hold.map(|status| {
        access::object_need(cx, "s3:PutObjectLegalHold", bucket, key).maybe("s3:object-lock-legal-hold", Some(status.to_owned()))
    });
    [retain.flatten(), hold.flatten()]
}

/// Judges the lock members of an input that writes an object.
macro_rules! asked {
    ($cx:expr, $found:expr, $input:expr) => {
        $crate::lock::judge(
            $cx,
            $found,
            $input.object_lock_mode.as_deref(),
            $input.object_lock_retain_until_date,
            $input.object_lock_legal_hold_status.as_deref(),
        )
    };
}
/// What the lock members of an input need.
macro_rules! needs {
    ($cx:expr, $input:expr) => {
        $crate::lock::permissions(
            $cx,
            (&$input.bucket, &$input.key),
            $input.object_lock_mode.as_deref(),
            $input.object_lock_retain_until_date,
            $input.object_lock_legal_hold_status.as_deref(),
        )
    };
}
pub(crate) use {asked, needs};

/// The version that an operation on locks is about: there, no delete marker, in a bucket that can lock.
fn present(read: &impl Read, found: &Found, key: &str, version_id: Option<&str>, method: &str) -> Result<Version, Fault> {
    let version = versions::lookup(read, found, key, version_id)?;
    let missing = || match version_id {
        Some(id) => errors::no_such_version(key, id),
        None => errors::no_such_key(key),
    };
    let version = version.ok_or_else(missing)?;
    if version.object.delete_marker {
        return Err(errors::method_not_allowed(method, "DeleteMarker"));
    }
    needs_configuration(found)?;
    Ok(version)
}

fn never_set() -> Fault {
    Fault::new("NoSuchObjectLockConfiguration", 404, "The specified object does not have a ObjectLock configuration")
}

/// A date as S3's refusals quote it: in the time of Seattle, `Tue Dec 31 16:00:00 PST 2019`.
fn pacific(at: Timestamp) -> String {
    let winter = civil(at.secs() - 8 * 3600);
    let (year, month, day) = (winter.year(), winter.month(), winter.day());
    // The 8th of March and the 1st of November are the earliest days on which the Sundays of the change can be.
    let sunday_from = |month: i8, first: i8| {
        let from = jiff::civil::date(year, month, first);
        first + (7 - from.weekday().to_sunday_zero_offset()) % 7
    };
    let (begins, ends) = (sunday_from(3, 8), sunday_from(11, 1));
    let summer = match month {
        3 => day > begins || (day == begins && winter.hour() >= 2),
        // The change back is at 2 o'clock in summer time: 1 o'clock in winter time.
        11 => day < ends || (day == ends && winter.hour() < 1),
        month => (4..11).contains(&month),
    };
    let (shown, zone) = if summer { (civil(at.secs() - 7 * 3600), "PDT") } else { (winter, "PST") };
    shown.strftime(&format!("%a %b %d %H:%M:%S {zone} %Y")).to_string()
}

fn civil(secs: i64) -> jiff::civil::DateTime {
    let at = jiff::Timestamp::from_second(secs).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_quoted_in_the_time_of_seattle() {
        let at = |text| pacific(kit::time::parse_iso(text).unwrap());
        assert_eq!(at("2020-01-01T00:00:00Z"), "Tue Dec 31 16:00:00 PST 2019");
        assert_eq!(at("2020-07-01T00:00:00Z"), "Tue Jun 30 17:00:00 PDT 2020");
        // The changes of 2024: the 10th of March and the 3rd of November.
        assert_eq!(at("2024-03-10T09:59:59Z"), "Sun Mar 10 01:59:59 PST 2024");
        assert_eq!(at("2024-03-10T10:00:00Z"), "Sun Mar 10 03:00:00 PDT 2024");
        assert_eq!(at("2024-11-03T08:59:59Z"), "Sun Nov 03 01:59:59 PDT 2024");
        assert_eq!(at("2024-11-03T09:00:00Z"), "Sun Nov 03 01:00:00 PST 2024");
    }

    #[test]
    fn a_hold_outlasts_a_bypass_and_a_retention_its_date_only() {
        let now = Timestamp::from_secs(1000);
        let until = |secs, mode| Some(Retention { mode, until: Timestamp::from_secs(secs) });
        let keeps = |retention, legal_hold, bypass| Lock { retention, legal_hold }.keeps(now, bypass);
        assert!(keeps(None, Some(true), true));
        assert!(!keeps(None, Some(false), false));
        assert!(keeps(until(1001, Mode::Governance), None, false));
        assert!(!keeps(until(1001, Mode::Governance), None, true));
        assert!(keeps(until(1001, Mode::Compliance), None, true));
        assert!(!keeps(until(1000, Mode::Compliance), None, false));
    }
}
