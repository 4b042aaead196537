//! Which rules of a bucket want a version, by its key, tags and encryption.

use crate::{
    encryption::Encryption,
    model::{DeleteMarkerReplicationStatus, Destination, ReplicationRule, ReplicationRuleStatus, SseKmsEncryptedObjectsStatus, Tag},
    state::{Found, Object},
};
use std::collections::BTreeMap;

/// The bucket that a destination names.
pub(super) fn bucket_of(destination: &Destination) -> Option<&str> {
    destination.bucket.strip_prefix("arn:aws:s3:::").filter(|name| !name.is_empty() && !name.contains('/'))
}

/// The rules that want a version, one for each bucket: of several the one of the highest priority.
pub(super) fn wanting<'a>(found: &'a Found, key: &str, object: &Object) -> BTreeMap<&'a str, &'a ReplicationRule> {
    let mut wanting: BTreeMap<&str, &ReplicationRule> = BTreeMap::new();
    let Some(configuration) = &found.bucket.replication else { return wanting };
    for rule in configuration.rules.iter().filter(|rule| wants(rule, key, object)) {
        let Some(bucket) = rule.destination.as_ref().and_then(bucket_of) else { continue };
        let there = wanting.entry(bucket).or_insert(rule);
        if there.priority < rule.priority {
            *there = rule;
        }
    }
    wanting
}

fn wants(rule: &ReplicationRule, key: &str, object: &Object) -> bool {
    if rule.status != Some(ReplicationRuleStatus::Enabled) || !passes(rule, key, object) {
        return false;
    }
    if object.delete_marker {
        return takes_markers(rule);
    }
    !matches!(object.encryption, Encryption::Kms(_)) || takes_kms(rule)
}

/// Rules of the first version of the schema, which have no filter, replicate delete markers always.
fn takes_markers(rule: &ReplicationRule) -> bool {
    let status = rule.delete_marker_replication.as_ref().and_then(|markers| markers.status);
    rule.filter.is_none() || status == Some(DeleteMarkerReplicationStatus::Enabled)
}

/// Whether a rule replicates objects under KMS keys.
pub(super) fn takes_kms(rule: &ReplicationRule) -> bool {
    let objects = rule.source_selection_criteria.as_ref().and_then(|criteria| criteria.sse_kms_encrypted_objects.as_ref());
    objects.and_then(|objects| objects.status) == Some(SseKmsEncryptedObjectsStatus::Enabled)
}

fn passes(rule: &ReplicationRule, key: &str, object: &Object) -> bool {
    let (prefix, tags) = filter(rule);
    let tagged = |tag: &&Tag| object.tags.iter().any(|(name, value)| *name == tag.key && *value == tag.value);
    key.starts_with(prefix) && tags.iter().all(tagged)
}

/// The prefix and the tags that a rule asks for.
pub(super) fn filter(rule: &ReplicationRule) -> (&str, Vec<&Tag>) {
    let Some(filter) = &rule.filter else { return (rule.prefix.as_deref().unwrap_or_default(), Vec::new()) };
    let and = filter.and.as_ref();
    let prefix = filter.prefix.as_deref().or(and.and_then(|and| and.prefix.as_deref()));
    let tags = filter.tag.iter().chain(and.and_then(|and| and.tags.as_ref()).into_iter().flatten());
    (prefix.unwrap_or_default(), tags.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeleteMarkerReplication, ReplicationConfiguration, ReplicationRuleAndOperator, ReplicationRuleFilter};
    use crate::state::Bucket;
    use kit::Scope;

    fn rule(id: &str, priority: i32, bucket: &str, filter: ReplicationRuleFilter) -> ReplicationRule {
        ReplicationRule {
            id: Some(id.into()),
            priority: Some(priority),
            filter: Some(filter),
            status: Some(ReplicationRuleStatus::Enabled),
            destination: Some(Destination { bucket: format!("arn:aws:s3:::{bucket}"), ..Destination::default() }),
            ..ReplicationRule::default()
        }
    }

    fn ids(rules: Vec<ReplicationRule>, key: &str, object: &Object) -> Vec<String> {
        let replication = Some(ReplicationConfiguration { role: "r".into(), rules });
        let found = Found { name: "b".into(), scope: Scope::new("1", "r"), bucket: Bucket { replication, ..Bucket::default() }.into() };
        wanting(&found, key, object).values().map(|rule| rule.id.clone().unwrap()).collect()
    }

    #[test]
    fn each_bucket_is_served_by_its_rule_of_the_highest_priority() {
        let all = ReplicationRuleFilter::default;
        let rules = vec![rule("low", 1, "x", all()), rule("high", 2, "x", all()), rule("other", 0, "y", all())];
        assert_eq!(ids(rules, "k", &Object::default()), ["high", "other"]);
    }

    #[test]
    fn prefix_and_tags_must_all_be_there() {
        let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
        let and = ReplicationRuleAndOperator { prefix: Some("in/".into()), tags: Some(vec![tag("a", "1"), tag("b", "2")]) };
        let rules = || vec![rule("r", 1, "x", ReplicationRuleFilter { and: Some(and.clone()), ..Default::default() })];
        let with = |tags: &[(&str, &str)]| Object {
            tags: tags.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect(),
            ..Object::default()
        };
        assert_eq!(ids(rules(), "in/k", &with(&[("b", "2"), ("a", "1"), ("c", "3")])), ["r"]);
        assert!(ids(rules(), "in/k", &with(&[("a", "1")])).is_empty());
        assert!(ids(rules(), "k", &with(&[("a", "1"), ("b", "2")])).is_empty());
    }

    #[test]
    fn delete_markers_go_along_where_the_rule_says_so() {
        let marker = Object { delete_marker: true, ..Object::default() };
        let mut new = rule("new", 1, "x", ReplicationRuleFilter::default());
        assert!(ids(vec![new.clone()], "k", &marker).is_empty());
        new.delete_marker_replication = Some(DeleteMarkerReplication { status: Some(DeleteMarkerReplicationStatus::Enabled) });
        assert_eq!(ids(vec![new.clone()], "k", &marker), ["new"]);
        let old = ReplicationRule { filter: None, prefix: Some(String::new()), delete_marker_replication: None, ..new };
        assert_eq!(ids(vec![old], "k", &marker), ["new"]);
    }
}
