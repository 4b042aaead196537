//! What amounts cost in a month at AWS's public prices (`prices.json`, with its date and source). Storage and monitoring only: requests,
//! retrievals, transitions, early deletes and transfer are not in it.

use crate::usage::{Amount, Slot, Slots};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

const GB: f64 = (1u64 << 30) as f64;
/// What AWS keeps with each archived object: an index at the archive's own price, a name and metadata at STANDARD's.
const ARCHIVE_INDEX_BYTES: u64 = 32 << 10;
const ARCHIVE_NAME_BYTES: u64 = 8 << 10;

/// The price list.
#[derive(Deserialize)]
pub(super) struct Prices {
    pub source: String,
    pub date: String,
    pub currency: String,
    regions: BTreeMap<String, Region>,
}

/// Prices of a region.
#[derive(Deserialize)]
pub(super) struct Region {
    /// Bands of a price: GB of the band (the last has no end), USD per GB and month.
    per_gb_month: BTreeMap<Slot, Vec<(Option<f64>, f64)>>,
    monitoring_per_1000_objects: f64,
}

static PRICES: LazyLock<Prices> =
    LazyLock::new(|| serde_json::from_str(include_str!("prices.json")).expect("the price list is read by a test"));

/// The list.
pub(super) fn list() -> &'static Prices {
    &PRICES
}

impl Prices {
    /// Prices of a region; `None` where the list has none.
    pub fn of(&self, region: &str) -> Option<&Region> {
        self.regions.get(region)
    }
}

impl Region {
    /// USD a month for each slot, monitoring included. Bands count within the bucket.
    pub fn monthly(&self, slots: &Slots) -> BTreeMap<Slot, f64> {
        slots.iter().map(|(slot, amount)| (*slot, self.one(*slot, amount))).collect()
    }

    fn one(&self, slot: Slot, amount: &Amount) -> f64 {
        let archived = matches!(slot, Slot::Glacier | Slot::DeepArchive);
        let archived_tier = matches!(slot, Slot::IntelligentTieringArchive | Slot::IntelligentTieringDeepArchive);
        let index = if archived { amount.objects * ARCHIVE_INDEX_BYTES } else { 0 };
        let names = if archived || archived_tier { amount.objects * ARCHIVE_NAME_BYTES } else { 0 };
        let slot = if slot.holds_versions() { slot } else { Slot::Standard };
        let storage = self.banded(slot, (amount.billed + index) as f64 / GB) + self.banded(Slot::Standard, names as f64 / GB);
        storage + if is_watched(slot) { amount.objects as f64 / 1000.0 * self.monitoring_per_1000_objects } else { 0.0 }
    }

    fn banded(&self, slot: Slot, mut gb: f64) -> f64 {
        let mut cost = 0.0;
        for (band, price) in self.per_gb_month.get(&slot).into_iter().flatten() {
            let part = band.map_or(gb, |band| gb.min(band));
            cost += part * price;
            gb -= part;
        }
        cost
    }
}

fn is_watched(slot: Slot) -> bool {
    use Slot::*;
    matches!(
        slot,
        IntelligentTieringFrequent
            | IntelligentTieringInfrequent
            | IntelligentTieringArchiveInstant
            | IntelligentTieringArchive
            | IntelligentTieringDeepArchive
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(objects: u64, bytes: u64) -> Amount {
        Amount { objects, bytes, billed: bytes }
    }

    #[test]
    fn every_slot_has_a_price_in_every_region() {
        use Slot::*;
        let all = [
            Standard,
            ReducedRedundancy,
            StandardIa,
            OnezoneIa,
            GlacierIr,
            Glacier,
            DeepArchive,
            IntelligentTieringFrequent,
            IntelligentTieringInfrequent,
            IntelligentTieringArchiveInstant,
            IntelligentTieringArchive,
            IntelligentTieringDeepArchive,
            IntelligentTieringUnwatched,
        ];
        for region in ["us-east-1", "eu-central-1"] {
            let prices = list().of(region).unwrap();
            for slot in all {
                assert!(prices.one(slot, &amount(1, 1 << 30)) > 0.0, "{region} {slot:?}");
                assert!(prices.per_gb_month[&slot].last().unwrap().0.is_none(), "{region} {slot:?} ends");
            }
        }
        assert!(list().of("mars-north-1").is_none());
    }

    #[test]
    fn costs_go_by_bands_and_overheads() {
        let us = list().of("us-east-1").unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let tb = 1u64 << 40;
        // 50 TB at 0.023, the rest at 0.022.
        assert!(close(us.one(Slot::Standard, &amount(1, 60 * tb)), 51200.0 * 0.023 + 10240.0 * 0.022));
        // A thousand watched objects cost their monitoring.
        assert!(close(us.one(Slot::IntelligentTieringInfrequent, &amount(1000, 1 << 30)), 0.0125 + 0.0025));
        // What lies beside versions costs what STANDARD does.
        for slot in [Slot::UnfinishedUploads, Slot::RestoredCopies] {
            assert!(close(us.one(slot, &amount(3, 1 << 30)), 0.023), "{slot:?}");
        }
        // 2^15 archived objects: 1 GB of index, a quarter of names.
        assert!(close(us.one(Slot::Glacier, &amount(1 << 15, 1 << 30)), 2.0 * 0.0036 + 0.25 * 0.023));
    }
}
