//! A bucket's rules made ready to be asked: thousands of rules, and the few that take an object found by its prefix and its tags.
//!
//! What a bucket stores is a digest of its rules; the rules themselves stand in a row of their own (`super::Standing`), so that a read of
//! the bucket doesn't carry a megabyte of them. Compiled rules are kept by digest for the whole process: the same text means the same
//! rules in every cloud, and a digest is never out of date.

use super::{Standing, day_of};
use crate::{model::*, state::Object};
use kit::Timestamp;
use parking_lot::RwLock;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock},
};

/// When a rule acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum When {
    /// Days after the object's change (or after it became noncurrent), rounded up to midnight.
    After(i32),
    /// A day.
    On(u32),
}

/// An enabled rule.
#[derive(Debug, Default)]
pub(crate) struct Rule {
    pub id: String,
    prefix: String,
    tags: Vec<(String, String)>,
    greater: Option<i64>,
    less: Option<i64>,
    pub expire: Option<When>,
    /// `ExpiredObjectDeleteMarker`
    pub removes_markers: bool,
    pub moves: Vec<(When, String)>,
    /// Days, and how many newer noncurrent versions are kept.
    pub expire_noncurrent: Option<(i32, usize)>,
    pub move_noncurrent: Vec<(i32, usize, String)>,
    /// Days until an upload is given up.
    pub abort_after: Option<i32>,
}

/// An enabled Intelligent-Tiering configuration: who it is for, and after how many days of rest.
#[derive(Debug)]
pub(crate) struct Archiving {
    prefix: String,
    tags: Vec<(String, String)>,
    pub archive: Option<i32>,
    pub deep: Option<i32>,
}

/// Rules of one prefix.
#[derive(Debug, Default)]
struct Shelf {
    /// Without tags.
    plain: Vec<u32>,
    /// By the first tag that they want.
    tagged: HashMap<(String, String), Vec<u32>>,
}

/// The rules of a bucket.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    shelves: HashMap<String, Shelf>,
    /// Lengths of the prefixes there are.
    lengths: Vec<usize>,
    /// `varies_by_storage_class`: small objects may go to the archives.
    pub small_to_archives: bool,
    /// The numbers of newer noncurrent versions that rules keep.
    pub keeps: BTreeSet<usize>,
    archiving: Vec<Archiving>,
}

impl Rules {
    pub(crate) fn compile(standing: &Standing) -> Rules {
        let mut all = Rules {
            small_to_archives: standing.transition_minimum.as_deref() == Some("varies_by_storage_class"),
            archiving: standing.tiering.values().filter_map(archiving).collect(),
            ..Rules::default()
        };
        let listed = standing.lifecycle.iter().flat_map(|configuration| &configuration.rules);
        for rule in listed.filter(|rule| rule.status == Some(ExpirationStatus::Enabled)) {
            all.add(compiled(rule));
        }
        let mut lengths: Vec<usize> = all.shelves.keys().map(String::len).collect();
        lengths.sort_unstable();
        lengths.dedup();
        all.lengths = lengths;
        all
    }

    fn add(&mut self, rule: Rule) {
        let place = self.rules.len() as u32;
        let keeps = rule.expire_noncurrent.iter().map(|(_, keep)| *keep).chain(rule.move_noncurrent.iter().map(|(_, keep, _)| *keep));
        self.keeps.extend(keeps.filter(|keep| *keep > 0));
        let shelf = self.shelves.entry(rule.prefix.clone()).or_default();
        match rule.tags.first() {
            None => shelf.plain.push(place),
            Some(tag) => shelf.tagged.entry(tag.clone()).or_default().push(place),
        }
        self.rules.push(rule);
    }

    /// The rules that take a version of a key. Delete markers have neither size nor tags.
    pub(crate) fn of<'a>(&'a self, key: &'a str, object: &'a Object) -> impl Iterator<Item = &'a Rule> {
        let shelves = self.lengths.iter().take_while(|length| **length <= key.len());
        let shelves = shelves.filter_map(|length| self.shelves.get(key.get(..*length)?));
        let places = shelves.flat_map(|shelf| {
            let tagged = object.tags.iter().filter(|_| !shelf.tagged.is_empty()).filter_map(|tag| shelf.tagged.get(tag)).flatten();
            shelf.plain.iter().chain(tagged)
        });
        places.map(|place| &self.rules[*place as usize]).filter(|rule| rule.takes(object))
    }

    /// The rules that give up uploads of a key.
    pub(crate) fn of_upload(&self, key: &str) -> impl Iterator<Item = &Rule> {
        let shelves = self.lengths.iter().take_while(|length| **length <= key.len());
        let shelves = shelves.filter_map(|length| self.shelves.get(key.get(..*length)?));
        shelves.flat_map(|shelf| &shelf.plain).map(|place| &self.rules[*place as usize]).filter(|rule| rule.abort_after.is_some())
    }

    /// Days of rest after which an object is archived: `(Archive Access, Deep Archive Access)`.
    pub(crate) fn archiving(&self, key: &str, object: &Object) -> (Option<i32>, Option<i32>) {
        let mine = || self.archiving.iter().filter(|one| key.starts_with(&one.prefix) && has_all(object, &one.tags));
        (mine().filter_map(|one| one.archive).min(), mine().filter_map(|one| one.deep).min())
    }
}

impl Rule {
    /// Whether tags and size fit; the prefix was looked up.
    fn takes(&self, object: &Object) -> bool {
        if object.delete_marker {
            return self.tags.is_empty() && !self.is_sized();
        }
        let size = i64::try_from(object.size).unwrap_or(i64::MAX);
        has_all(object, &self.tags) && self.greater.is_none_or(|bound| size > bound) && self.less.is_none_or(|bound| size < bound)
    }
    /// Whether the filter says a size, which lifts the minimum for transitions.
    pub(crate) fn is_sized(&self) -> bool {
        self.greater.is_some() || self.less.is_some()
    }
}

fn has_all(object: &Object, tags: &[(String, String)]) -> bool {
    tags.iter().all(|tag| object.tags.contains(tag))
}

fn pairs<'a>(tags: impl IntoIterator<Item = &'a Tag>) -> Vec<(String, String)> {
    tags.into_iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

fn when(days: Option<i32>, date: Option<Timestamp>) -> Option<When> {
    date.map(|date| When::On(day_of(date))).or(days.map(When::After))
}

fn compiled(rule: &LifecycleRule) -> Rule {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let prefix = rule.prefix.as_deref().or(filter.and_then(|f| f.prefix.as_deref())).or(and.and_then(|a| a.prefix.as_deref()));
    let tags = filter.and_then(|f| f.tag.as_ref()).into_iter().chain(and.and_then(|a| a.tags.as_ref()).into_iter().flatten());
    let keep = |newer: Option<i32>| newer.unwrap_or(0).max(0) as usize;
    Rule {
        id: rule.id.clone().unwrap_or_default(),
        prefix: prefix.unwrap_or_default().to_owned(),
        tags: pairs(tags),
        greater: filter.and_then(|f| f.object_size_greater_than).or(and.and_then(|a| a.object_size_greater_than)),
        less: filter.and_then(|f| f.object_size_less_than).or(and.and_then(|a| a.object_size_less_than)),
        expire: rule.expiration.as_ref().and_then(|expiration| when(expiration.days, expiration.date)),
        removes_markers: rule.expiration.as_ref().and_then(|expiration| expiration.expired_object_delete_marker) == Some(true),
        moves: rule.transitions.iter().flatten().filter_map(|one| Some((when(one.days, one.date)?, one.storage_class.clone()?))).collect(),
        expire_noncurrent: rule
            .noncurrent_version_expiration
            .as_ref()
            .and_then(|one| Some((one.noncurrent_days?, keep(one.newer_noncurrent_versions)))),
        move_noncurrent: rule
            .noncurrent_version_transitions
            .iter()
            .flatten()
            .filter_map(|one| Some((one.noncurrent_days?, keep(one.newer_noncurrent_versions), one.storage_class.clone()?)))
            .collect(),
        abort_after: rule.abort_incomplete_multipart_upload.as_ref().and_then(|abort| abort.days_after_initiation),
    }
}

fn archiving(configuration: &IntelligentTieringConfiguration) -> Option<Archiving> {
    if configuration.status != Some(IntelligentTieringStatus::Enabled) {
        return None;
    }
    let filter = configuration.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let tags = filter.and_then(|f| f.tag.as_ref()).into_iter().chain(and.and_then(|a| a.tags.as_ref()).into_iter().flatten());
    let days = |tier| configuration.tierings.iter().find(|one| one.access_tier == Some(tier)).map(|one| one.days);
    Some(Archiving {
        prefix: filter.and_then(|f| f.prefix.clone()).or(and.and_then(|a| a.prefix.clone())).unwrap_or_default(),
        tags: pairs(tags),
        archive: days(IntelligentTieringAccessTier::ArchiveAccess),
        deep: days(IntelligentTieringAccessTier::DeepArchiveAccess),
    })
}

/// Rules that this process keeps compiled, over all digests.
const MOST_KEPT: usize = 200_000;

/// Rules by digest.
#[derive(Default)]
struct Kept {
    by_digest: HashMap<String, Arc<Rules>>,
    rules: usize,
}

static KEPT: LazyLock<RwLock<Kept>> = LazyLock::new(RwLock::default);

/// The rules behind a digest, compiled from what `load` reads where this process hasn't met them.
pub(crate) fn by_digest<E>(digest: &str, load: impl FnOnce() -> Result<Standing, E>) -> Result<Arc<Rules>, E> {
    if let Some(rules) = KEPT.read().by_digest.get(digest) {
        return Ok(rules.clone());
    }
    let rules = Arc::new(Rules::compile(&load()?));
    let mut kept = KEPT.write();
    if kept.rules > MOST_KEPT {
        // Whoever is still asked for comes back at the next look.
        *kept = Kept::default();
    }
    // One beside the rules themselves, so that empty sets count, too.
    kept.rules += rules.rules.len() + 1;
    kept.by_digest.insert(digest.to_owned(), rules.clone());
    Ok(rules)
}
