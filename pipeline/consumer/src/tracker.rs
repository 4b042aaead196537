//! What may be committed of a partition: everything before the first record that isn't settled. Pure.
//!
//! A record that is settled after an earlier one that isn't must not take that one's offset with it; so the tracker remembers each record
//! between the first open one and the newest. Offsets rise, but not always by one: transactions and compaction leave holes.

use std::collections::VecDeque;

/// Where a partition stands, and its records that have come and are not yet committed.
#[derive(Debug, Default)]
pub struct Tracker {
    /// Offset and whether it is settled, in the order of offsets; the first one is open.
    seen: VecDeque<(i64, bool)>,
    /// The offset that a commit may name: the next one to be read after all that is settled.
    next: Option<i64>,
    /// How many of `seen` are settled.
    settled: usize,
    /// Where the partition begins.
    start: Option<i64>,
}

impl Tracker {
    /// Of a partition that begins there; the first record may lie before it all the same, where the log was made anew.
    pub fn starting(start: Option<i64>) -> Tracker {
        Tracker { start, ..Tracker::default() }
    }

    /// A record came. One that came before (after a seek, say) is not tracked twice; the answer says whether it is new.
    pub fn came(&mut self, offset: i64) -> bool {
        let newest = self.seen.back().map(|(newest, _)| *newest).or(self.next.map(|next| next - 1));
        if newest.is_some_and(|newest| offset <= newest) {
            return false;
        }
        self.seen.push_back((offset, false));
        true
    }

    /// A record is settled: accepted, dead-lettered or dropped.
    pub fn settle(&mut self, offset: i64) {
        let Ok(at) = self.seen.binary_search_by_key(&offset, |(offset, _)| *offset) else { return };
        if !std::mem::replace(&mut self.seen[at].1, true) {
            self.settled += 1;
        }
        while let Some((offset, true)) = self.seen.front() {
            self.next = Some(offset + 1);
            self.seen.pop_front();
            self.settled -= 1;
        }
    }

    /// The offset to commit: the first record that is open, or what follows the last one that is settled, or the start. None before the first record
    /// where the start isn't known.
    pub fn next(&self) -> Option<i64> {
        let first_open = || self.seen.front().map(|(offset, _)| *offset);
        self.next.or_else(first_open).or(self.start)
    }

    /// Records that came and are not settled.
    pub fn open(&self) -> usize {
        self.seen.len() - self.settled
    }

    /// Records remembered: the open ones, and the settled ones that wait for them.
    pub fn held(&self) -> usize {
        self.seen.len()
    }
}
