//! Intelligent-Tiering: objects of that class step down tier by tier while nobody reads them, and come back when somebody does.
//! `config` is the bucket's word on the two optional archive tiers, `accesses` remembers reads.
//!
//! The steps ride on lifecycle's index of days. Objects under 128 KiB are not watched and stay where they are, as on AWS.

mod accesses;
mod config;

pub(crate) use accesses::Ledger;

use crate::{
    classes,
    lifecycle::{Rules, day_of},
    notifications::{self, Happening},
    state::{Found, Object},
    usage,
    versions::{self, Version},
};
use kit::{Context, Fault, Tx};
use serde::{Deserialize, Serialize};

/// The class.
pub(crate) const CLASS: &str = "INTELLIGENT_TIERING";
/// Days without a read until the two automatic steps.
const INFREQUENT_DAYS: i32 = 30;
const ARCHIVE_INSTANT_DAYS: i32 = 90;

/// Access tiers, from warm to cold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Tier {
    #[default]
    Frequent,
    Infrequent,
    ArchiveInstant,
    Archive,
    DeepArchive,
}

impl Tier {
    /// The name in inventories.
    pub(crate) fn report_name(self) -> &'static str {
        match self {
            Tier::Frequent => "FREQUENT",
            Tier::Infrequent => "INFREQUENT",
            Tier::ArchiveInstant => "ARCHIVE_INSTANT_ACCESS",
            Tier::Archive => "ARCHIVE",
            Tier::DeepArchive => "DEEP_ARCHIVE",
        }
    }
    /// The name of a tier that has to be restored from; the others are never named in answers.
    pub(crate) fn archive_name(self) -> Option<&'static str> {
        match self {
            Tier::Archive => Some("ARCHIVE_ACCESS"),
            Tier::DeepArchive => Some("DEEP_ARCHIVE_ACCESS"),
            _ => None,
        }
    }
}

/// Where a watched object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watched {
    pub tier: Tier,
    /// The day (since the epoch) of the last access.
    pub accessed_day: u32,
}

/// What an object that came into the class today is watched by; `None` for all others.
pub(crate) fn watched(object: &Object, today: u32) -> Option<Watched> {
    let is_ours = object.storage_class.as_deref() == Some(CLASS) && object.size >= classes::SMALL_BYTES && !object.delete_marker;
    is_ours.then_some(Watched { tier: Tier::Frequent, accessed_day: today })
}

/// The archive tier that an object has to be restored from.
pub(crate) fn archive_tier(object: &Object) -> Option<&'static str> {
    object.tiering.as_ref().and_then(|watched| watched.tier.archive_name())
}

/// The steps that are still ahead of an object, with the days on which they come.
fn steps<'a>(rules: Option<&Rules>, key: &str, object: &'a Object) -> impl Iterator<Item = (u32, Tier)> + use<'a> {
    let watched = object.tiering.filter(|_| object.restore.is_none());
    let (archive, deep) = match (&watched, rules) {
        (Some(_), Some(rules)) => rules.archiving(key, object),
        _ => (None, None),
    };
    let all = [
        (Some(INFREQUENT_DAYS), Tier::Infrequent),
        (Some(ARCHIVE_INSTANT_DAYS), Tier::ArchiveInstant),
        (archive, Tier::Archive),
        (deep, Tier::DeepArchive),
    ];
    // The day of the access itself is not one without access: counting begins at its end.
    let ahead = move |watched: Watched| {
        let dated = all.into_iter().filter_map(move |(days, tier)| Some((watched.accessed_day + 1 + u32::try_from(days?).ok()?, tier)));
        dated.filter(move |(_, tier)| *tier > watched.tier)
    };
    watched.into_iter().flat_map(ahead)
}

/// The day of the next step down.
pub(crate) fn next_day(rules: Option<&Rules>, key: &str, object: &Object) -> Option<u32> {
    steps(rules, key, object).map(|(day, _)| day).min()
}

/// Takes the step that is due; whether there was one. Archiving is told as an event, the automatic steps are not.
pub(crate) fn step_down(tx: &mut Tx<'_>, cx: &Context, found: &Found, key: &str, version: &mut Version) -> Result<bool, Fault> {
    let today = day_of(cx.now());
    let due = steps(found.bucket.rules.as_deref(), key, &version.object).filter(|(day, _)| *day <= today).map(|(_, tier)| tier).max();
    let Some(tier) = due else { return Ok(false) };
    set_tier(tx, cx, found, &mut version.object, tier)?;
    if let Some(name) = tier.archive_name() {
        let id = versions::shown_id(found, &version.object);
        let happening = Happening::to("IntelligentTiering", key, &version.object, id.as_deref());
        let data = serde_json::json!({ "destinationAccessTier": name });
        notifications::emit_with(tx, cx, found, &happening, &[("intelligentTieringEventData", data)])?;
    }
    Ok(true)
}

/// Brings an object back to the frequent tier, as a read of it on a day does. The caller writes the row.
pub(crate) fn rise(tx: &mut Tx<'_>, cx: &Context, found: &Found, object: &mut Object, day: u32) -> Result<(), Fault> {
    set_tier(tx, cx, found, object, Tier::Frequent)?;
    if let Some(watched) = &mut object.tiering {
        watched.accessed_day = watched.accessed_day.max(day);
    }
    Ok(())
}

fn set_tier(tx: &mut Tx<'_>, cx: &Context, found: &Found, object: &mut Object, tier: Tier) -> Result<(), Fault> {
    let before = usage::slot_of(object);
    match &mut object.tiering {
        Some(watched) if watched.tier != tier => watched.tier = tier,
        _ => return Ok(()),
    }
    usage::moved(tx, cx, found, before, object)
}
