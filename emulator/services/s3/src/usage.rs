//! How much each bucket holds, by storage class and tier, today and at the end of days past.
//!
//! Every change of what is stored changes one row of its bucket in the same transaction. The first change of a new day puts the old amounts
//! down as those of the day before: amounts of the days in between are the same, so that nothing has to run at midnight.

use crate::{
    classes,
    lifecycle::day_of,
    restore,
    state::{Found, Object},
    tiering::Tier,
};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The amounts of a bucket since its last change.
const USAGE: Table<String, Usage> = Table::new("s3.usage", TableScope::Account);
/// Amounts at the end of days on which something changed: (bucket, day).
const DAYS: Table<(String, u32), Slots> = Table::new("s3.usage.days", TableScope::Account);
/// Days that are remembered.
const MOST_DAYS: u32 = 400;

/// What AWS counts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Slot {
    Standard,
    ReducedRedundancy,
    StandardIa,
    OnezoneIa,
    GlacierIr,
    Glacier,
    DeepArchive,
    /// Intelligent-Tiering, by tier; objects under 128 KiB are not watched.
    IntelligentTieringFrequent,
    IntelligentTieringInfrequent,
    IntelligentTieringArchiveInstant,
    IntelligentTieringArchive,
    IntelligentTieringDeepArchive,
    IntelligentTieringUnwatched,
    /// Parts of unfinished uploads. AWS asks for them what it asks for the class of the upload, and for archives what STANDARD costs; here all
    /// are told at the price of STANDARD, which hardly any upload names another class than.
    UnfinishedUploads,
    /// Copies that were restored from archives, for as long as they last.
    RestoredCopies,
}

impl Slot {
    /// Whether an amount of it is one of versions, rather than of what lies beside them.
    pub fn holds_versions(self) -> bool {
        !matches!(self, Slot::UnfinishedUploads | Slot::RestoredCopies)
    }
}

/// An amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amount {
    pub objects: u64,
    pub bytes: u64,
    /// Bytes that AWS charges for: at least 128 KiB an object in the classes with a minimum.
    pub billed: u64,
}

/// Amounts by slot.
pub(crate) type Slots = BTreeMap<Slot, Amount>;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// The day of the last change.
    pub day: u32,
    pub slots: Slots,
}

/// Where an object counts.
pub(crate) fn slot_of(object: &Object) -> Slot {
    match object.storage_class.as_deref() {
        Some("REDUCED_REDUNDANCY") => Slot::ReducedRedundancy,
        Some("STANDARD_IA") => Slot::StandardIa,
        Some("ONEZONE_IA") => Slot::OnezoneIa,
        Some("GLACIER_IR") => Slot::GlacierIr,
        Some("GLACIER") => Slot::Glacier,
        Some("DEEP_ARCHIVE") => Slot::DeepArchive,
        Some("INTELLIGENT_TIERING") => match object.tiering.as_ref().map(|watched| watched.tier) {
            None => Slot::IntelligentTieringUnwatched,
            Some(Tier::Frequent) => Slot::IntelligentTieringFrequent,
            Some(Tier::Infrequent) => Slot::IntelligentTieringInfrequent,
            Some(Tier::ArchiveInstant) => Slot::IntelligentTieringArchiveInstant,
            Some(Tier::Archive) => Slot::IntelligentTieringArchive,
            Some(Tier::DeepArchive) => Slot::IntelligentTieringDeepArchive,
        },
        _ => Slot::Standard,
    }
}

fn billed(slot: Slot, bytes: u64) -> u64 {
    match slot {
        Slot::StandardIa | Slot::OnezoneIa | Slot::GlacierIr => bytes.max(classes::SMALL_BYTES),
        _ => bytes,
    }
}

/// A version came.
pub(crate) fn came(tx: &mut Tx<'_>, cx: &Context, found: &Found, object: &Object) -> Result<(), Fault> {
    if object.delete_marker {
        return Ok(());
    }
    let copy = restore::has_copy(object);
    change(tx, cx, found, |slots| {
        add(slots, slot_of(object), object.size);
        if copy {
            add(slots, Slot::RestoredCopies, object.size);
        }
    })
}

/// A version went.
pub(crate) fn went(tx: &mut Tx<'_>, cx: &Context, found: &Found, object: &Object) -> Result<(), Fault> {
    if object.delete_marker {
        return Ok(());
    }
    let copy = restore::has_copy(object);
    change(tx, cx, found, |slots| {
        subtract(slots, slot_of(object), object.size);
        if copy {
            subtract(slots, Slot::RestoredCopies, object.size);
        }
    })
}

/// A version got a restored copy (`true`), or lost it.
pub(crate) fn copied(tx: &mut Tx<'_>, cx: &Context, found: &Found, object: &Object, is_there: bool) -> Result<(), Fault> {
    let by = if is_there { add } else { subtract };
    change(tx, cx, found, |slots| by(slots, Slot::RestoredCopies, object.size))
}

/// A part of an upload came.
pub(crate) fn part_came(tx: &mut Tx<'_>, cx: &Context, found: &Found, bytes: u64) -> Result<(), Fault> {
    change(tx, cx, found, |slots| add(slots, Slot::UnfinishedUploads, bytes))
}

/// Parts of an upload went, by their sizes: into an object, or for good.
pub(crate) fn parts_went(tx: &mut Tx<'_>, cx: &Context, found: &Found, sizes: &[u64]) -> Result<(), Fault> {
    if sizes.is_empty() {
        return Ok(());
    }
    change(tx, cx, found, |slots| sizes.iter().for_each(|bytes| subtract(slots, Slot::UnfinishedUploads, *bytes)))
}

/// A version changed its class or tier; `object` is as it is now.
pub(crate) fn moved(tx: &mut Tx<'_>, cx: &Context, found: &Found, before: Slot, object: &Object) -> Result<(), Fault> {
    change(tx, cx, found, |slots| {
        subtract(slots, before, object.size);
        add(slots, slot_of(object), object.size);
    })
}

fn add(slots: &mut Slots, slot: Slot, bytes: u64) {
    let amount = slots.entry(slot).or_default();
    amount.objects += 1;
    amount.bytes += bytes;
    amount.billed += billed(slot, bytes);
}

fn subtract(slots: &mut Slots, slot: Slot, bytes: u64) {
    // What came before it was counted isn't there to be taken away.
    let Some(amount) = slots.get_mut(&slot) else { return };
    amount.objects = amount.objects.saturating_sub(1);
    amount.bytes = amount.bytes.saturating_sub(bytes);
    amount.billed = amount.billed.saturating_sub(billed(slot, bytes));
    if amount.objects == 0 {
        slots.remove(&slot);
    }
}

fn change(tx: &mut Tx<'_>, cx: &Context, found: &Found, change: impl FnOnce(&mut Slots)) -> Result<(), Fault> {
    let today = day_of(cx.now());
    let stored = tx.get(&USAGE, &found.scope, &found.name)?;
    if stored.as_ref().is_none_or(|usage| usage.slots.is_empty()) {
        crate::metrics::storage::plan(tx, cx, cx.now());
    }
    let mut usage = stored.unwrap_or(Usage { day: today, slots: Slots::new() });
    if usage.day != today {
        tx.put(&DAYS, &found.scope, &(found.name.clone(), usage.day), &usage.slots)?;
        forget_before(tx, found, today.saturating_sub(MOST_DAYS))?;
        usage.day = today;
    }
    change(&mut usage.slots);
    tx.put(&USAGE, &found.scope, &found.name, &usage)
}

fn forget_before(tx: &mut Tx<'_>, found: &Found, day: u32) -> Result<(), Fault> {
    let old: Vec<(String, u32)> =
        tx.scan(&DAYS, &found.scope).prefix(&(found.name.as_str(),)).until(&(found.name.as_str(), day)).keys().collect::<Result<_, _>>()?;
    // The newest of them still says what stood until the first day that is kept.
    for key in old.iter().rev().skip(1) {
        tx.delete(&DAYS, &found.scope, key)?;
    }
    Ok(())
}

/// A bucket went.
pub(crate) fn forget_bucket(tx: &mut Tx<'_>, found: &Found) -> Result<(), Fault> {
    tx.delete(&USAGE, &found.scope, &found.name)?;
    let days: Vec<(String, u32)> = tx.scan(&DAYS, &found.scope).prefix(&(found.name.as_str(),)).keys().collect::<Result<_, _>>()?;
    days.iter().try_for_each(|day| tx.delete(&DAYS, &found.scope, day).map(|_| ()))
}

/// The amounts of every bucket that ever held something.
pub(crate) fn all(read: &impl Read) -> Result<Vec<(Scope, String, Usage)>, Fault> {
    read.scan_all_scopes(&USAGE).collect()
}

/// Amounts at the end of each of the last `days` days, oldest first; `(day, amounts)`. Today is the last and not over.
pub(crate) fn history(
    read: &impl Read,
    scope: &Scope,
    bucket: &str,
    now: &Usage,
    today: u32,
    days: u32,
) -> Result<Vec<(u32, Slots)>, Fault> {
    let mut known: BTreeMap<u32, Slots> = BTreeMap::new();
    for row in read.scan(&DAYS, scope).prefix(&(bucket,)) {
        let ((_, day), slots) = row?;
        known.insert(day, slots);
    }
    known.insert(now.day, now.slots.clone());
    let first = today.saturating_sub(days.saturating_sub(1)).max(known.keys().next().copied().unwrap_or(today));
    Ok((first..=today).map(|day| (day, known.range(..=day).next_back().map(|(_, slots)| slots.clone()).unwrap_or_default())).collect())
}
