//! What AWS takes for a lifecycle configuration, and what it says of the rest.
//!
//! Codes and sentences are recorded ones where there is a recording (MalformedXML, midnight, duplicate tags); the others are what clients
//! quote of AWS's answers ("must be 90 days more than 'filter '(prefix=)'' in ..."). A limit whose sentence nobody quotes is marked.

use super::{day_of, midnight};
use crate::{classes, errors, model::*};
use kit::{Fault, Timestamp};

const MOST_RULES: usize = 1000;
const MOST_BYTES: i64 = 1_099_511_627_776_000;
const MOST_VERSIONS_KEPT: i32 = 100;
const LONGEST_ID: usize = 255;

/// Judges a whole configuration; rules without an id have been given one.
pub(super) fn configuration(configuration: &BucketLifecycleConfiguration) -> Result<(), Fault> {
    let rules = &configuration.rules;
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err(errors::malformed_xml());
    }
    for rule in rules {
        if rule.status.is_none() || rule.filter.is_some() == rule.prefix.is_some() {
            return Err(errors::malformed_xml());
        }
    }
    if rules.iter().any(|rule| rule.filter.is_some()) && rules.iter().any(|rule| rule.prefix.is_some()) {
        return Err(errors::invalid_request("Filter element can only be used in Lifecycle V2."));
    }
    check_ids(rules)?;
    rules.iter().try_for_each(check_rule)
}

fn check_ids(rules: &[LifecycleRule]) -> Result<(), Fault> {
    let mut seen = std::collections::HashSet::new();
    for rule in rules {
        let id = rule.id.as_deref().unwrap_or_default();
        if id.chars().count() > LONGEST_ID {
            return Err(errors::invalid_argument("ID length should not exceed allowed limit of 255", "ID", id));
        }
        if !seen.insert(id) {
            return Err(errors::invalid_argument("Rule ID must be unique. Found same ID for more than one rule", "ID", id));
        }
    }
    Ok(())
}

fn check_rule(rule: &LifecycleRule) -> Result<(), Fault> {
    rule.filter.as_ref().map_or(Ok(()), check_filter)?;
    let transitions = rule.transitions.as_deref().unwrap_or_default();
    let noncurrent = rule.noncurrent_version_transitions.as_deref().unwrap_or_default();
    let nothing = rule.expiration.is_none()
        && transitions.is_empty()
        && noncurrent.is_empty()
        && rule.noncurrent_version_expiration.is_none()
        && rule.abort_incomplete_multipart_upload.is_none();
    if nothing {
        return Err(errors::invalid_request("At least one action needs to be specified in a rule"));
    }
    if let Some(expiration) = &rule.expiration {
        check_expiration(rule, expiration)?;
    }
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        whole_objects(rule, "AbortIncompleteMultipartUpload")?;
        positive(abort.days_after_initiation, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")?;
    }
    if let Some(expiration) = &rule.noncurrent_version_expiration {
        positive(expiration.noncurrent_days, "NoncurrentDays", "NoncurrentVersionExpiration")?;
        check_kept(rule, expiration.newer_noncurrent_versions, "NoncurrentVersionExpiration")?;
    }
    let moves = transitions.iter().map(of_current).collect::<Result<Vec<_>, _>>()?;
    let moves_noncurrent = noncurrent.iter().map(|one| of_noncurrent(rule, one)).collect::<Result<Vec<_>, _>>()?;
    check_order(rule, &moves, "Transition")?;
    check_order(rule, &moves_noncurrent, "NoncurrentVersionTransition")?;
    check_end(rule, &moves)?;
    check_end_of_noncurrent(rule, &moves_noncurrent)
}

fn check_filter(filter: &LifecycleRuleFilter) -> Result<(), Fault> {
    let said = [
        filter.prefix.is_some(),
        filter.tag.is_some(),
        filter.object_size_greater_than.is_some(),
        filter.object_size_less_than.is_some(),
        filter.and.is_some(),
    ];
    if said.iter().filter(|one| **one).count() > 1 {
        return Err(errors::malformed_xml());
    }
    let (mut greater, mut less) = (filter.object_size_greater_than, filter.object_size_less_than);
    let mut tags: Vec<&Tag> = filter.tag.iter().collect();
    if let Some(and) = &filter.and {
        (greater, less) = (and.object_size_greater_than, and.object_size_less_than);
        tags = and.tags.iter().flatten().collect();
        for (index, tag) in tags.iter().enumerate() {
            if tags[..index].iter().any(|other| other.key == tag.key) {
                return Err(errors::invalid_request("Duplicate Tag Keys are not allowed."));
            }
        }
        if usize::from(and.prefix.is_some()) + tags.len() + usize::from(greater.is_some()) + usize::from(less.is_some()) < 2 {
            return Err(errors::malformed_xml());
        }
    }
    for tag in tags {
        if tag.key.is_empty() || tag.key.chars().count() > 128 {
            return Err(errors::invalid_request("A Tag's Key must be a length between 1 and 128."));
        }
        if tag.value.chars().count() > 256 {
            return Err(errors::invalid_request("A Tag's Value must be a length between 0 and 256."));
        }
    }
    if greater.is_some_and(|bound| !(0..=MOST_BYTES).contains(&bound)) {
        return Err(errors::invalid_request(format!("'ObjectSizeGreaterThan' should be between 0 and {MOST_BYTES}.")));
    }
    if less.is_some_and(|bound| !(1..=MOST_BYTES).contains(&bound)) {
        return Err(errors::invalid_request(format!("'ObjectSizeLessThan' should be between 1 and {MOST_BYTES}.")));
    }
    match (greater, less) {
        (Some(greater), Some(less)) if less <= greater => {
            Err(errors::invalid_request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."))
        }
        _ => Ok(()),
    }
}

fn check_expiration(rule: &LifecycleRule, expiration: &LifecycleExpiration) -> Result<(), Fault> {
    let said = [expiration.days.is_some(), expiration.date.is_some(), expiration.expired_object_delete_marker.is_some()];
    if said.iter().filter(|one| **one).count() != 1 {
        return Err(errors::malformed_xml());
    }
    if expiration.expired_object_delete_marker.is_some() {
        return whole_objects(rule, "ExpiredObjectDeleteMarker");
    }
    match expiration.date {
        Some(date) => at_midnight(date),
        None => positive(expiration.days, "Days", "Expiration"),
    }
}

/// Some actions are about things that have neither tags nor a size.
fn whole_objects(rule: &LifecycleRule, action: &str) -> Result<(), Fault> {
    let Some(filter) = &rule.filter else { return Ok(()) };
    let and = filter.and.as_ref();
    if filter.tag.is_some() || and.is_some_and(|and| and.tags.is_some()) {
        return Err(errors::invalid_request(format!("{action} cannot be specified with Tags.")));
    }
    let sized = filter.object_size_greater_than.is_some()
        || filter.object_size_less_than.is_some()
        || and.is_some_and(|and| and.object_size_greater_than.is_some() || and.object_size_less_than.is_some());
    match sized {
        true => Err(errors::invalid_request(format!("{action} cannot be specified with Object Size."))),
        false => Ok(()),
    }
}

fn positive(days: Option<i32>, field: &str, action: &str) -> Result<(), Fault> {
    match days {
        Some(days) if days > 0 => Ok(()),
        Some(days) => {
            let sentence = format!("'{field}' for {action} action must be a positive integer");
            Err(errors::invalid_argument(sentence, field, &days.to_string()))
        }
        None => Err(errors::malformed_xml()),
    }
}

fn check_kept(rule: &LifecycleRule, newer: Option<i32>, action: &str) -> Result<(), Fault> {
    let Some(newer) = newer else { return Ok(()) };
    if rule.filter.is_none() {
        return Err(errors::invalid_request("NewerNoncurrentVersions element can only be used in Lifecycle V2."));
    }
    positive(Some(newer), "NewerNoncurrentVersions", action)?;
    match newer > MOST_VERSIONS_KEPT {
        // AWS documents the limit; the sentence is ours.
        true => {
            let sentence = format!("'NewerNoncurrentVersions' for {action} action must not be more than {MOST_VERSIONS_KEPT}");
            Err(errors::invalid_argument(sentence, "NewerNoncurrentVersions", &newer.to_string()))
        }
        false => Ok(()),
    }
}

fn at_midnight(date: Timestamp) -> Result<(), Fault> {
    match midnight(day_of(date)) == date {
        true => Ok(()),
        false => Err(errors::invalid_argument("'Date' must be at midnight GMT", "Date", &kit::time::iso_millis(date))),
    }
}

/// A transition: field that says when, the day or number of days, class.
struct Move<'a> {
    field: &'static str,
    when: i64,
    class: &'a str,
}

impl Move<'_> {
    fn is_dated(&self) -> bool {
        self.field == "Date"
    }
    fn refuse(&self, sentence: String) -> Fault {
        let value = if self.is_dated() { kit::time::iso_millis(midnight(self.when as u32)) } else { self.when.to_string() };
        errors::invalid_argument(sentence, self.field, &value)
    }
}

fn of_current(transition: &Transition) -> Result<Move<'_>, Fault> {
    let class = target(transition.storage_class.as_deref())?;
    match (transition.days, transition.date) {
        (Some(days), None) => Ok(Move { field: "Days", when: days_of(days, class, "Days", "Transition")?, class }),
        (None, Some(date)) => at_midnight(date).map(|()| Move { field: "Date", when: i64::from(day_of(date)), class }),
        _ => Err(errors::malformed_xml()),
    }
}

fn of_noncurrent<'a>(rule: &LifecycleRule, transition: &'a NoncurrentVersionTransition) -> Result<Move<'a>, Fault> {
    const ACTION: &str = "NoncurrentVersionTransition";
    let class = target(transition.storage_class.as_deref())?;
    let days = transition.noncurrent_days.ok_or_else(errors::malformed_xml)?;
    check_kept(rule, transition.newer_noncurrent_versions, ACTION)?;
    Ok(Move { field: "NoncurrentDays", when: days_of(days, class, "NoncurrentDays", ACTION)?, class })
}

fn target(class: Option<&str>) -> Result<&str, Fault> {
    match class {
        Some(class) if classes::is_target(class) => Ok(class),
        Some(class @ ("STANDARD" | "REDUCED_REDUNDANCY")) => {
            Err(errors::invalid_argument("Invalid target Storage class for Transition action", "StorageClass", class))
        }
        _ => Err(errors::malformed_xml()),
    }
}

fn days_of(days: i32, class: &str, field: &str, action: &str) -> Result<i64, Fault> {
    let refuse = |sentence: String| Err(errors::invalid_argument(sentence, field, &days.to_string()));
    match days {
        ..0 => refuse(format!("'{field}' in {action} action must be nonnegative")),
        0..30 if matches!(class, "STANDARD_IA" | "ONEZONE_IA") => {
            refuse(format!("'{field}' in {action} action must be greater than or equal to 30 for storageClass '{class}'"))
        }
        _ => Ok(i64::from(days)),
    }
}

/// Transitions of one rule go to different classes, colder ones later, and leave an object in each class for as long as AWS wants.
fn check_order(rule: &LifecycleRule, moves: &[Move<'_>], action: &str) -> Result<(), Fault> {
    let of = described(rule);
    for (index, later) in moves.iter().enumerate() {
        for earlier in &moves[..index] {
            if earlier.class == later.class {
                let sentence = format!("'StorageClass' must be different for '{action}' actions in same 'Rule' with {of}");
                return Err(errors::invalid_request(sentence));
            }
            if earlier.is_dated() != later.is_dated() {
                let sentence = format!("Found mixed 'Date' and 'Days' based {action} actions in lifecycle rule for {of}");
                return Err(errors::invalid_request(sentence));
            }
            let (warm, cold) = if classes::may_move(later.class, earlier.class) { (later, earlier) } else { (earlier, later) };
            let field = warm.field;
            let gap = cold.when - warm.when;
            if gap <= 0 || !classes::may_move(warm.class, cold.class) {
                return Err(later.refuse(format!(
                    "'{field}' in the '{action}' action for StorageClass '{}' for {of} must be greater than '{field}' in the '{action}' action for StorageClass '{}' for {of}",
                    cold.class, warm.class
                )));
            }
            let least = least_stay(warm.class);
            if gap < least {
                return Err(later.refuse(format!(
                    "'{field}' in the '{action}' action for StorageClass '{}' for {of} must be {least} days more than '{of}' in the '{action}' action for StorageClass '{}'",
                    cold.class, warm.class
                )));
            }
        }
    }
    Ok(())
}

/// Days that an object stays in a class before a rule may take it further.
fn least_stay(class: &str) -> i64 {
    match class {
        "STANDARD_IA" | "ONEZONE_IA" => 30,
        "GLACIER_IR" | "GLACIER" => 90,
        _ => 0,
    }
}

/// Objects have to be gone later than they were moved.
fn check_end(rule: &LifecycleRule, moves: &[Move<'_>]) -> Result<(), Fault> {
    let Some(expiration) = &rule.expiration else { return Ok(()) };
    let end = expiration.date.map(|date| ("Date", i64::from(day_of(date)))).or(expiration.days.map(|days| ("Days", i64::from(days))));
    let Some((field, end)) = end else { return Ok(()) };
    let of = described(rule);
    for one in moves {
        if one.field != field {
            let sentence = format!("Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {of}");
            return Err(errors::invalid_request(sentence));
        }
        if end <= one.when {
            let end = Move { field: one.field, when: end, class: one.class };
            let sentence = format!("'{field}' in the Expiration action for {of} must be greater than '{field}' in the Transition action");
            return Err(end.refuse(sentence));
        }
    }
    Ok(())
}

fn check_end_of_noncurrent(rule: &LifecycleRule, moves: &[Move<'_>]) -> Result<(), Fault> {
    let end = rule.noncurrent_version_expiration.as_ref().and_then(|expiration| expiration.noncurrent_days).map(i64::from);
    let Some(end) = end.filter(|end| moves.iter().any(|one| *end <= one.when)) else { return Ok(()) };
    let sentence = format!(
        "'NoncurrentDays' in the NoncurrentVersionExpiration action for {} must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action",
        described(rule)
    );
    Err(errors::invalid_argument(sentence, "NoncurrentDays", &end.to_string()))
}

/// The rule's filter as AWS's sentences quote it.
fn described(rule: &LifecycleRule) -> String {
    let Some(filter) = &rule.filter else { return format!("prefix '{}'", rule.prefix.as_deref().unwrap_or_default()) };
    let and = filter.and.as_ref();
    let mut parts = Vec::new();
    let prefix = filter.prefix.as_ref().or(and.and_then(|and| and.prefix.as_ref()));
    parts.extend(prefix.map(|prefix| format!("prefix={prefix}")));
    let tags = filter.tag.iter().chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten());
    parts.extend(tags.map(|tag| format!("tag={{key={}, value={}}}", tag.key, tag.value)));
    let greater = filter.object_size_greater_than.or(and.and_then(|and| and.object_size_greater_than));
    parts.extend(greater.map(|bound| format!("objectsizegreaterthan={bound}")));
    let less = filter.object_size_less_than.or(and.and_then(|and| and.object_size_less_than));
    parts.extend(less.map(|bound| format!("objectsizelessthan={bound}")));
    format!("filter '({})'", parts.join(" and "))
}
