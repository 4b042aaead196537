//! What may be committed of a partition: everything before the first record that isn't settled. Pure.
//!
//! A record that is settled after an earlier one that isn't must not take that one's offset with it; so the tracker remembers each record
//! between the first open one and the newest. Offsets rise, but not always by one: transactions and compaction leave holes.

use std::collections::VecDeque;

/// The records of a partition that have come and are not yet committed.
#[derive(Debug, Default)]
pub struct Tracker {
    /// Offset and whether it is settled, in the order of offsets; the first one is open.
    seen: VecDeque<(i64, bool)>,
    /// The offset that a commit may name: the next one to be read after all that is settled.
    next: Option<i64>,
    /// How many of `seen` are settled.
    settled: usize,
}

impl Tracker {
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

    /// The offset to commit: all before it is settled. None before the first record is.
    pub fn next(&self) -> Option<i64> {
        self.next
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
