//! When something is to be done with what: days are counted from the object's change and rounded up to the next midnight UTC.

use super::{
    compiled::{Rule, When},
    day_after, day_of, midnight,
};
use crate::{
    classes,
    listing::url_encoded,
    replication,
    state::{Found, Object, Upload},
    tiering,
    versions::Version,
};
use kit::Timestamp;

/// What a rule does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// The current version goes, or is covered by a delete marker.
    Expire,
    /// A noncurrent version goes.
    ExpireNoncurrent,
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

/// A version as rules see it.
pub(crate) struct Subject<'a> {
    pub key: &'a str,
    pub version: &'a Version,
    /// A delete marker with nothing under it.
    pub alone: bool,
    /// Noncurrent versions of the key that are newer, counted as far as some rule wants to know.
    pub newer: usize,
}

/// The first day on which something is to be done with a version; never a day that has begun.
pub(crate) fn due_day(found: &Found, subject: &Subject<'_>, now: Timestamp) -> Option<u32> {
    let object = &subject.version.object;
    let by_rule = all(found, subject).map(|due| due.day).min();
    let by_tiering = tiering::next_day(found.bucket.rules.as_deref(), subject.key, object);
    let copy_ends = object.restore.as_ref().and_then(|restore| restore.expires).map(day_of);
    let day = [by_rule, by_tiering, copy_ends].into_iter().flatten().min()?;
    Some(day.max(day_of(now) + 1))
}

/// What rules do to a version on a day or have yet to do. What deletes for good comes before what moves, what moves before a delete
/// marker, and of several moves the preferred one.
pub(super) fn due_on(day: u32, found: &Found, subject: &Subject<'_>) -> Option<Action> {
    let versioned = found.ever_versioned();
    let due = all(found, subject).filter(|due| due.day <= day);
    due.map(|due| due.action).min_by_key(|action| match action {
        Action::ExpireNoncurrent | Action::RemoveMarker => (0, 0),
        Action::Expire if !versioned => (0, 0),
        Action::Move(class) => (1, classes::preference(class)),
        Action::Expire => (2, 0),
    })
}

fn all<'a>(found: &'a Found, subject: &'a Subject<'a>) -> impl Iterator<Item = Due> + 'a {
    let rules = found.bucket.rules.iter().filter(|_| !replication::is_wanting(&subject.version.object));
    let rules = rules.flat_map(|rules| rules.of(subject.key, &subject.version.object));
    rules.flat_map(move |rule| actions(found, rule, subject))
}

fn actions(found: &Found, rule: &Rule, subject: &Subject<'_>) -> Vec<Due> {
    let object = &subject.version.object;
    let mut dues = Vec::new();
    if object.delete_marker && subject.version.current {
        if subject.alone {
            if rule.removes_markers {
                dues.push(Due { day: day_of(object.modified) + 1, action: Action::RemoveMarker });
            }
            // Expiration by days or date clears markers away, too.
            dues.extend(rule.expire.map(|when| Due { day: day(when, object.modified), action: Action::RemoveMarker }));
        }
        return dues;
    }
    match object.noncurrent_since {
        None => {
            dues.extend(rule.expire.map(|when| Due { day: day(when, object.modified), action: Action::Expire }));
            let moves = rule.moves.iter().filter(|(_, class)| moves(found, rule, object, class));
            dues.extend(moves.map(|(when, class)| Due { day: day(*when, object.modified), action: Action::Move(class.clone()) }));
        }
        Some(since) => {
            let expiry = rule.expire_noncurrent.filter(|(_, keep)| subject.newer >= *keep);
            let expiry = expiry.and_then(|(days, _)| unlocked(object, day_after(since, days)));
            dues.extend(expiry.map(|day| Due { day, action: Action::ExpireNoncurrent }));
            let moves = rule.move_noncurrent.iter().filter(|(_, keep, class)| subject.newer >= *keep && moves(found, rule, object, class));
            dues.extend(moves.map(|(days, _, class)| Due { day: day_after(since, *days), action: Action::Move(class.clone()) }));
        }
    }
    dues
}

/// The day on which a version may be deleted for good: not before its retention ends, and not at all while it is held. Whatever changes
/// the lock writes the row, which finds the day anew.
fn unlocked(object: &Object, day: u32) -> Option<u32> {
    if object.lock.legal_hold == Some(true) {
        return None;
    }
    Some(object.lock.retention.as_ref().map_or(day, |retention| day.max(day_after(retention.until, 0))))
}

fn day(when: When, modified: Timestamp) -> u32 {
    match when {
        When::After(days) => day_after(modified, days),
        When::On(day) => day,
    }
}

/// Whether a transition would do anything: down the ladder only, and by default nothing under 128 KiB unless the rule's filter speaks of
/// sizes itself. `varies_by_storage_class` lets small objects into the two archives.
fn moves(found: &Found, rule: &Rule, object: &Object, class: &str) -> bool {
    if object.delete_marker || !classes::may_move(object.storage_class.as_deref().unwrap_or(classes::STANDARD), class) {
        return false;
    }
    let any_size = classes::is_archive(class) && found.bucket.rules.as_ref().is_some_and(|rules| rules.small_to_archives);
    object.size >= classes::SMALL_BYTES || rule.is_sized() || any_size
}

/// The value of x-amz-expiration for a current version: the earliest rule by days or date.
pub(crate) fn expiration_header(found: &Found, key: &str, object: &Object) -> Option<String> {
    let rules = found.bucket.rules.as_ref()?;
    let days = rules.of(key, object).filter_map(|rule| Some((day(rule.expire?, object.modified), rule)));
    let (day, rule) = days.min_by_key(|(day, _)| *day)?;
    Some(format!("expiry-date=\"{}\", rule-id=\"{}\"", kit::time::http_date(midnight(day)), url_encoded(&rule.id)))
}

/// When a rule lets a current version go.
pub(crate) fn expiration_at(found: &Found, key: &str, object: &Object) -> Option<Timestamp> {
    let rules = found.bucket.rules.as_ref()?;
    rules.of(key, object).filter_map(|rule| Some(day(rule.expire?, object.modified))).min().map(midnight)
}

/// When a rule gives an upload up, and that rule's id.
pub(crate) fn abort_rule(found: &Found, key: &str, initiated: Timestamp) -> Option<(Timestamp, String)> {
    let (day, rule) = abort_day(found, key, initiated)?;
    Some((midnight(day), rule.id.clone()))
}

/// The day on which a rule gives an upload up; never a day that has begun.
pub(crate) fn upload_due_day(found: &Found, key: &str, upload: &Upload, now: Timestamp) -> Option<u32> {
    abort_day(found, key, upload.initiated).map(|(day, _)| day.max(day_of(now) + 1))
}

fn abort_day<'a>(found: &'a Found, key: &str, initiated: Timestamp) -> Option<(u32, &'a Rule)> {
    let rules = found.bucket.rules.as_deref()?;
    // An upload has neither tags nor a size, and rules that give uploads up may ask for neither.
    let days = rules.of_upload(key).filter_map(|rule| Some((day_after(initiated, rule.abort_after?), rule)));
    days.min_by_key(|(day, _)| *day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lifecycle::{Rules, Standing},
        model::*,
        state::{Bucket, Object},
    };
    use kit::time::{date, parse_iso};
    use std::sync::Arc;

    fn rule(days: i32, prefix: &str) -> LifecycleRule {
        LifecycleRule {
            id: Some(format!("a rule {days}")),
            status: Some(ExpirationStatus::Enabled),
            filter: Some(LifecycleRuleFilter { prefix: Some(prefix.into()), ..Default::default() }),
            expiration: Some(LifecycleExpiration { days: Some(days), ..Default::default() }),
            ..LifecycleRule::default()
        }
    }
    fn found(rules: Vec<LifecycleRule>) -> Found {
        let standing = Standing { lifecycle: Some(BucketLifecycleConfiguration { rules }), ..Standing::default() };
        let bucket = Bucket { rules: Some(Arc::new(Rules::compile(&standing))), ..Bucket::default() };
        Found { name: "b".into(), scope: kit::Scope::new("000000000000", "us-east-1"), bucket: bucket.into() }
    }
    fn version(modified: &str) -> Version {
        let object = Object { modified: parse_iso(modified).unwrap(), size: 1 << 20, ..Object::default() };
        Version { sequence: 1, object, current: true }
    }
    fn subject<'a>(key: &'a str, version: &'a Version) -> Subject<'a> {
        Subject { key, version, alone: false, newer: 0 }
    }

    #[test]
    fn days_are_rounded_up_to_midnight() {
        let found = found(vec![rule(3, "")]);
        let version = version("2024-01-01T10:30:00Z");
        let day = due_day(&found, &subject("k", &version), version.object.modified).unwrap();
        assert_eq!(date(midnight(day)), "2024-01-05");
        let header = expiration_header(&found, "k", &version.object).unwrap();
        assert_eq!(header, "expiry-date=\"Fri, 05 Jan 2024 00:00:00 GMT\", rule-id=\"a+rule+3\"");
    }

    #[test]
    fn the_earliest_matching_rule_counts_and_past_days_wait_for_midnight() {
        let found = found(vec![rule(30, ""), rule(1, "tmp/")]);
        let version = version("2024-01-01T00:00:01Z");
        let late = parse_iso("2024-06-01T08:00:00Z").unwrap();
        let on = |key: &str, now| date(midnight(due_day(&found, &subject(key, &version), now).unwrap()));
        assert_eq!(on("tmp/k", version.object.modified), "2024-01-03");
        assert_eq!(on("k", version.object.modified), "2024-02-01");
        assert_eq!(on("k", late), "2024-06-02");
    }

    #[test]
    fn the_preferred_action_of_a_day_wins() {
        let to = |days: i32, class: &str| Transition { days: Some(days), storage_class: Some(class.into()), date: None };
        let mut moving = rule(400, "");
        moving.transitions = Some(vec![to(90, "GLACIER"), to(30, "STANDARD_IA")]);
        let mut tiering = rule(500, "");
        tiering.transitions = Some(vec![to(30, "INTELLIGENT_TIERING")]);
        let mut found = found(vec![moving, tiering, rule(90, "short/")]);
        let version = version("2024-01-01T00:00:00Z");
        let first = day_of(version.object.modified);
        let on = |found: &Found, key: &str, days: u32| due_on(first + days, found, &subject(key, &version));
        assert_eq!(on(&found, "k", 29), None);
        assert_eq!(on(&found, "k", 30), Some(Action::Move("INTELLIGENT_TIERING".into())));
        assert_eq!(on(&found, "k", 90), Some(Action::Move("GLACIER".into())));
        assert_eq!(on(&found, "short/k", 90), Some(Action::Expire));
        std::sync::Arc::make_mut(&mut found.bucket).versioning = crate::state::Versioning::Enabled;
        assert_eq!(on(&found, "short/k", 90), Some(Action::Move("GLACIER".into())), "a move comes before a delete marker");
    }

    #[test]
    fn a_thousand_rules_are_found_by_prefix_and_tag() {
        let mut rules: Vec<LifecycleRule> = (0..500).map(|n| rule(n + 1, &format!("p{n:03}/"))).collect();
        rules.extend((0..500).map(|n| LifecycleRule {
            filter: Some(LifecycleRuleFilter {
                tag: Some(Tag { key: "t".into(), value: n.to_string() }),
                ..LifecycleRuleFilter::default()
            }),
            ..rule(n + 1001, "")
        }));
        let found = found(rules);
        let compiled = found.bucket.rules.as_ref().unwrap();
        let tagged = Object { tags: vec![("t".into(), "7".into()), ("u".into(), "7".into())], ..Object::default() };
        let ids = |key: &str, object: &Object| compiled.of(key, object).map(|rule| rule.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids("p042/k", &Object::default()), ["a rule 43"]);
        assert_eq!(ids("p042/k", &tagged), ["a rule 1008", "a rule 43"]);
        assert!(ids("q", &Object::default()).is_empty());
    }
}
