//! When a rule acts on what: days are counted from the object's change and rounded up to the next midnight UTC.

use super::{DAY_NS, day_of, midnight};
use crate::{
    listing::url_encoded,
    model::*,
    state::{Bucket, Found, Object, Tags, Upload},
    versions::Version,
};
use kit::Timestamp;

/// What a rule does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// The current version goes, or is covered by a delete marker.
    Expire,
    /// A noncurrent version goes unless it is among so many newest ones.
    ExpireNoncurrent { keep: usize },
    /// A delete marker with nothing under it goes.
    RemoveMarker,
    /// The storage class changes.
    Move(String),
}

/// An action with the day on which it is due.
#[derive(Clone, Debug, PartialEq)]
struct Due {
    day: u32,
    action: Action,
}

/// The first day on which a rule may act on a version; never a day that has begun.
pub(crate) fn due_day(found: &Found, key: &str, version: &Version, alone: bool, now: Timestamp) -> Option<u32> {
    next(&found.bucket, key, version, alone).map(|due| due.day.max(day_of(now) + 1))
}

/// The next thing that a rule does to a version, past days included.
fn next(bucket: &Bucket, key: &str, version: &Version, alone: bool) -> Option<Due> {
    all(bucket, key, version, alone).min_by_key(|due| due.day)
}

/// What a rule does to a version on a day or has yet to do; what removes it comes before what moves it.
pub(super) fn due_on(day: u32, bucket: &Bucket, key: &str, version: &Version, alone: bool) -> Option<Action> {
    let due = all(bucket, key, version, alone).filter(|due| due.day <= day);
    due.min_by_key(|due| (matches!(due.action, Action::Move(_)), due.day)).map(|due| due.action)
}

fn all(bucket: &Bucket, key: &str, version: &Version, alone: bool) -> impl Iterator<Item = Due> {
    let rules = bucket.lifecycle.iter().flat_map(|configuration| &configuration.rules);
    let rules = rules.filter(|rule| rule.status == Some(ExpirationStatus::Enabled) && applies(rule, key, &version.object));
    rules.flat_map(move |rule| actions(bucket, rule, version, alone))
}

fn actions(bucket: &Bucket, rule: &LifecycleRule, version: &Version, alone: bool) -> Vec<Due> {
    let object = &version.object;
    let mut dues = Vec::new();
    let mut add = |day: u32, action: Action| dues.push(Due { day, action });
    if object.delete_marker && version.current {
        if alone && let Some(expiration) = &rule.expiration {
            match expiration.expired_object_delete_marker {
                Some(true) => add(day_of(object.modified) + 1, Action::RemoveMarker),
                // Expiration by days or date clears markers away, too.
                _ => expiry_day(expiration, object.modified).into_iter().for_each(|day| add(day, Action::RemoveMarker)),
            }
        }
        return dues;
    }
    match object.noncurrent_since {
        None => {
            if let Some(day) = rule.expiration.as_ref().and_then(|expiration| expiry_day(expiration, object.modified)) {
                add(day, Action::Expire);
            }
            for transition in rule.transitions.iter().flatten() {
                let class = transition.storage_class.clone().unwrap_or_default();
                let day = transition.date.map(day_of).or(transition.days.map(|days| day_after(object.modified, days)));
                if let Some(day) = day.filter(|_| moves(bucket, rule, object, &class)) {
                    add(day, Action::Move(class));
                }
            }
        }
        Some(since) => {
            if let Some(expiration) = &rule.noncurrent_version_expiration {
                let keep = expiration.newer_noncurrent_versions.unwrap_or(0).max(0) as usize;
                add(day_after(since, expiration.noncurrent_days.unwrap_or(1)), Action::ExpireNoncurrent { keep });
            }
            for transition in rule.noncurrent_version_transitions.iter().flatten() {
                let class = transition.storage_class.clone().unwrap_or_default();
                if moves(bucket, rule, object, &class) {
                    add(day_after(since, transition.noncurrent_days.unwrap_or(1)), Action::Move(class));
                }
            }
        }
    }
    dues
}

fn expiry_day(expiration: &LifecycleExpiration, modified: Timestamp) -> Option<u32> {
    expiration.date.map(day_of).or(expiration.days.map(|days| day_after(modified, days)))
}

/// The midnight at or behind `days` days after a moment.
fn day_after(at: Timestamp, days: i32) -> u32 {
    day_of(kit::time::next_midnight(at.plus_ns(i128::from(days) * DAY_NS)))
}

/// Storage classes in the order in which objects move through them.
const LADDER: &[&str] = &["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR"];

/// Whether a transition would do anything: down the ladder only, and by default nothing under 128 KiB.
fn moves(bucket: &Bucket, rule: &LifecycleRule, object: &Object, class: &str) -> bool {
    let step = |class: &str| LADDER.iter().position(|one| *one == class);
    let now = object.storage_class.as_deref().unwrap_or("STANDARD");
    let sized = rule.filter.as_ref().is_some_and(|filter| {
        let and = filter.and.as_ref();
        filter.object_size_greater_than.or(and.and_then(|a| a.object_size_greater_than)).is_some()
            || filter.object_size_less_than.or(and.and_then(|a| a.object_size_less_than)).is_some()
    });
    let small = object.size < 128 << 10 && !sized && bucket.transition_minimum.as_deref() != Some("varies_by_storage_class");
    step(class) > step(now) && !small
}

/// Whether a rule's filter takes an object. Delete markers have neither size nor tags.
fn applies(rule: &LifecycleRule, key: &str, object: &Object) -> bool {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let prefix = rule.prefix.as_deref().or(filter.and_then(|f| f.prefix.as_deref())).or(and.and_then(|a| a.prefix.as_deref()));
    let mut tags =
        filter.and_then(|f| f.tag.as_ref()).into_iter().chain(and.and_then(|a| a.tags.as_ref()).into_iter().flatten()).peekable();
    let greater = filter.and_then(|f| f.object_size_greater_than).or(and.and_then(|a| a.object_size_greater_than));
    let less = filter.and_then(|f| f.object_size_less_than).or(and.and_then(|a| a.object_size_less_than));
    if object.delete_marker && (tags.peek().is_some() || greater.is_some() || less.is_some()) {
        return false;
    }
    let size = i64::try_from(object.size).unwrap_or(i64::MAX);
    prefix.is_none_or(|prefix| key.starts_with(prefix))
        && tags.all(|tag| has(&object.tags, tag))
        && greater.is_none_or(|bound| size > bound)
        && less.is_none_or(|bound| size < bound)
}

fn has(tags: &Tags, wanted: &Tag) -> bool {
    tags.iter().any(|(key, value)| *key == wanted.key && *value == wanted.value)
}

/// The value of x-amz-expiration for a current version: the earliest rule by days or date.
pub(crate) fn expiration_header(found: &Found, key: &str, object: &Object) -> Option<String> {
    let configuration = found.bucket.lifecycle.as_ref()?;
    let rules = configuration.rules.iter().filter(|rule| rule.status == Some(ExpirationStatus::Enabled) && applies(rule, key, object));
    let days = rules.filter_map(|rule| Some((expiry_day(rule.expiration.as_ref()?, object.modified)?, rule)));
    let (day, rule) = days.min_by_key(|(day, _)| *day)?;
    let id = url_encoded(rule.id.as_deref().unwrap_or_default());
    Some(format!("expiry-date=\"{}\", rule-id=\"{id}\"", kit::time::http_date(midnight(day))))
}

/// When a rule gives an upload up, and that rule's id.
pub(crate) fn abort_rule(found: &Found, key: &str, initiated: Timestamp) -> Option<(Timestamp, String)> {
    let (day, rule) = abort_day(found, key, initiated)?;
    Some((midnight(day), rule.id.clone().unwrap_or_default()))
}

/// The day on which a rule gives an upload up; never a day that has begun.
pub(crate) fn upload_due_day(found: &Found, key: &str, upload: &Upload, now: Timestamp) -> Option<u32> {
    abort_day(found, key, upload.initiated).map(|(day, _)| day.max(day_of(now) + 1))
}

fn abort_day<'a>(found: &'a Found, key: &str, initiated: Timestamp) -> Option<(u32, &'a LifecycleRule)> {
    let configuration = found.bucket.lifecycle.as_ref()?;
    let plain = Object::default();
    let rules = configuration.rules.iter().filter(|rule| rule.status == Some(ExpirationStatus::Enabled) && applies(rule, key, &plain));
    let days = rules.filter_map(|rule| {
        let days = rule.abort_incomplete_multipart_upload.as_ref()?.days_after_initiation?;
        Some((day_after(initiated, days), rule))
    });
    days.min_by_key(|(day, _)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::time::{date, parse_iso};

    fn rule(days: i32, prefix: &str) -> LifecycleRule {
        LifecycleRule {
            id: Some("a rule".into()),
            status: Some(ExpirationStatus::Enabled),
            filter: Some(LifecycleRuleFilter { prefix: Some(prefix.into()), ..Default::default() }),
            expiration: Some(LifecycleExpiration { days: Some(days), ..Default::default() }),
            ..LifecycleRule::default()
        }
    }
    fn found(rules: Vec<LifecycleRule>) -> Found {
        let bucket = Bucket { lifecycle: Some(BucketLifecycleConfiguration { rules }), ..Bucket::default() };
        Found { name: "b".into(), scope: kit::Scope::new("000000000000", "us-east-1"), bucket }
    }
    fn version(modified: &str) -> Version {
        Version { sequence: 1, object: Object { modified: parse_iso(modified).unwrap(), ..Object::default() }, current: true }
    }

    #[test]
    fn days_are_rounded_up_to_midnight() {
        let found = found(vec![rule(3, "")]);
        let version = version("2024-01-01T10:30:00Z");
        let day = due_day(&found, "k", &version, false, version.object.modified).unwrap();
        assert_eq!(date(midnight(day)), "2024-01-05");
        let header = expiration_header(&found, "k", &version.object).unwrap();
        assert_eq!(header, "expiry-date=\"Fri, 05 Jan 2024 00:00:00 GMT\", rule-id=\"a+rule\"");
    }

    #[test]
    fn the_earliest_matching_rule_counts_and_past_days_wait_for_midnight() {
        let found = found(vec![rule(30, ""), rule(1, "tmp/")]);
        let version = version("2024-01-01T00:00:01Z");
        let late = parse_iso("2024-06-01T08:00:00Z").unwrap();
        let on = |key: &str, now| date(midnight(due_day(&found, key, &version, false, now).unwrap()));
        assert_eq!(on("tmp/k", version.object.modified), "2024-01-03");
        assert_eq!(on("k", version.object.modified), "2024-02-01");
        assert_eq!(on("k", late), "2024-06-02");
    }
}
