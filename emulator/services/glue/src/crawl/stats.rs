//! What a table's or partition's data amount to, as crawlers write it into parameters.

use crate::infer::Found;

/// Counts of some files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    pub objects: u64,
    pub bytes: u64,
    pub records: u64,
}

impl Stats {
    /// Of one file: its records are counted where all of it was looked at, else estimated from the part that was.
    pub fn of(size: u64, found: &Found) -> Stats {
        let records = match found.bytes {
            Some(bytes) if bytes > 0 => (u128::from(found.records) * u128::from(size) / u128::from(bytes)) as u64,
            _ => found.records,
        };
        Stats { objects: 1, bytes: size, records }
    }
    /// Of both.
    pub fn plus(self, other: Stats) -> Stats {
        Stats { objects: self.objects + other.objects, bytes: self.bytes + other.bytes, records: self.records + other.records }
    }
    /// The parameters.
    pub fn parameters(self) -> [(&'static str, String); 4] {
        let average = self.bytes.checked_div(self.records).unwrap_or(self.bytes);
        [
            ("objectCount", self.objects.to_string()),
            ("recordCount", self.records.to_string()),
            ("sizeKey", self.bytes.to_string()),
            ("averageRecordSize", average.to_string()),
        ]
    }
}
