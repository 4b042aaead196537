//! What a partition remembers of its idempotent producers: duplicates are told their first answer, gaps and old epochs are refused.

use super::batch::Head;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Batches remembered of each producer: as many as a client may have in flight.
const REMEMBERED: usize = 5;
/// Most producers remembered by a partition; the one that was silent longest goes first.
const PRODUCERS_MAX: usize = 20_000;

/// Why a batch is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A newer instance of the producer has written.
    Fenced,
    /// A batch before this one is missing.
    Gap,
    /// It was taken before, longer ago than is remembered.
    OldDuplicate,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Producer {
    epoch: i16,
    /// First and last number and base offset of the last batches, oldest first.
    batches: VecDeque<(i32, i32, i64)>,
    /// Where its open transaction starts here.
    open: Option<i64>,
    /// Time of its last batch, milliseconds.
    seen: i64,
}

/// A transaction that was aborted: what of this producer lies between the offsets is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aborted {
    /// Producer.
    pub producer: i64,
    /// Its first record.
    pub first: i64,
    /// The marker.
    pub last: i64,
}

/// What a client may ask of a producer of a partition (DescribeProducers).
#[derive(Clone, Copy, Debug)]
pub struct ProducerView {
    /// Id.
    pub id: i64,
    /// Epoch.
    pub epoch: i16,
    /// Last number, -1 without.
    pub sequence: i32,
    /// Milliseconds.
    pub seen: i64,
    /// Where its open transaction starts.
    pub open: Option<i64>,
}

/// The producers of a partition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Producers {
    known: BTreeMap<i64, Producer>,
    /// Aborted transactions by their last offset.
    aborted: Vec<Aborted>,
}

impl Producers {
    /// Whether a batch may be appended; `Some(offset)` when it was before.
    pub fn judge(&self, head: &Head) -> Result<Option<i64>, Refused> {
        let Some(known) = self.known.get(&head.producer).filter(|_| head.producer >= 0) else { return Ok(None) };
        if head.epoch < known.epoch {
            return Err(Refused::Fenced);
        }
        if head.sequence < 0 {
            return Ok(None);
        }
        if head.epoch > known.epoch {
            return if head.sequence == 0 { Ok(None) } else { Err(Refused::Gap) };
        }
        let Some((oldest, last)) = known.batches.front().map(|b| b.0).zip(known.batches.back().map(|b| b.1)) else { return Ok(None) };
        if let Some(twin) = known.batches.iter().find(|(first, last, _)| *first == head.sequence && *last == head.last_sequence()) {
            return Ok(Some(twin.2));
        }
        match head.sequence == next(last) {
            true => Ok(None),
            false if head.sequence < oldest => Err(Refused::OldDuplicate),
            false => Err(Refused::Gap),
        }
    }

    /// Takes note of a batch that was appended; `commit` says what a marker says.
    pub fn note(&mut self, head: &Head, commit: Option<bool>) {
        if head.producer < 0 {
            return;
        }
        if self.known.len() >= PRODUCERS_MAX && !self.known.contains_key(&head.producer) {
            let silent = self.known.iter().filter(|(_, p)| p.open.is_none()).min_by_key(|(_, p)| p.seen).map(|(id, _)| *id);
            silent.map(|id| self.known.remove(&id));
        }
        let known = self.known.entry(head.producer).or_default();
        if head.epoch > known.epoch || known.seen == 0 {
            known.batches.clear();
        }
        (known.epoch, known.seen) = (head.epoch, head.latest_time.max(1));
        if let Some(commit) = commit {
            if let Some(first) = known.open.take()
                && !commit
            {
                self.aborted.push(Aborted { producer: head.producer, first, last: head.base });
            }
            return;
        }
        if head.transactional() && known.open.is_none() {
            known.open = Some(head.base);
        }
        if head.sequence >= 0 {
            known.batches.push_back((head.sequence, head.last_sequence(), head.base));
            if known.batches.len() > REMEMBERED {
                known.batches.pop_front();
            }
        }
    }

    /// Where the first open transaction starts: what is before is stable.
    pub fn first_open(&self) -> Option<i64> {
        self.known.values().filter_map(|p| p.open).min()
    }
    /// Aborted transactions that have records at or after `from` and before `until`.
    pub fn aborted(&self, from: i64, until: i64) -> Vec<Aborted> {
        let start = self.aborted.partition_point(|a| a.last < from);
        self.aborted[start..].iter().filter(|a| a.first < until).copied().collect()
    }
    /// Forgets aborted transactions that end before the start of the log.
    pub fn forget_before(&mut self, start: i64) {
        self.aborted.retain(|a| a.last >= start);
    }
    /// All producers.
    pub fn view(&self) -> Vec<ProducerView> {
        let view = |(id, p): (&i64, &Producer)| ProducerView {
            id: *id,
            epoch: p.epoch,
            sequence: p.batches.back().map_or(-1, |b| b.1),
            seen: p.seen,
            open: p.open,
        };
        self.known.iter().map(view).collect()
    }
}

fn next(sequence: i32) -> i32 {
    if sequence == i32::MAX { 0 } else { sequence + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(base: i64, epoch: i16, sequence: i32, count: i32) -> Head {
        let (first_time, latest_time) = (1, 1);
        Head { base, bytes: 100, attributes: 0, last_delta: count - 1, first_time, latest_time, producer: 9, epoch, sequence, count }
    }

    #[test]
    fn twins_gaps_and_old_epochs() {
        let mut producers = Producers::default();
        producers.note(&head(0, 0, 0, 3), None);
        producers.note(&head(3, 0, 3, 2), None);
        assert_eq!(producers.judge(&head(0, 0, 3, 2)), Ok(Some(3)));
        assert_eq!(producers.judge(&head(0, 0, 5, 1)), Ok(None));
        assert_eq!(producers.judge(&head(0, 0, 6, 1)), Err(Refused::Gap));
        producers.note(&head(5, 1, 0, 1), None);
        assert_eq!(producers.judge(&head(0, 0, 5, 1)), Err(Refused::Fenced));
        assert_eq!(producers.judge(&head(0, 2, 1, 1)), Err(Refused::Gap));
    }

    #[test]
    fn numbers_go_round() {
        let mut producers = Producers::default();
        producers.note(&head(0, 0, i32::MAX - 1, 2), None);
        assert_eq!(producers.judge(&head(2, 0, 0, 1)), Ok(None));
    }

    #[test]
    fn an_aborted_transaction_is_listed_and_a_committed_one_is_not() {
        let mut producers = Producers::default();
        let open = Head { attributes: 0x10, ..head(10, 0, 0, 5) };
        producers.note(&open, None);
        assert_eq!(producers.first_open(), Some(10));
        producers.note(&Head { attributes: 0x30, ..head(15, 0, -1, 1) }, Some(false));
        assert_eq!(producers.first_open(), None);
        assert_eq!(producers.aborted(0, 100), [Aborted { producer: 9, first: 10, last: 15 }]);
        assert_eq!(producers.aborted(16, 100), []);
        assert_eq!(producers.aborted(0, 10), []);
    }
}
