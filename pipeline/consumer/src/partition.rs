//! One partition that this consumer owns: records wait, become batches, come back to be tried again, and are settled. Pure: time is handed in.
//!
//! While a batch waits to be tried again, nothing newer goes out: whoever was throttled would be throttled again, and order would be lost.

use crate::{backoff::Backoff, record::Record, tracker::Tracker};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// When a batch is full, and how many are under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Records at most.
    pub records: usize,
    /// Bytes of payload at most, by the envelope's estimate; one record excepted.
    pub bytes: usize,
    /// How long the oldest record waits for company.
    pub wait: Duration,
    /// Batches of a partition under way at once; with one, acceptance keeps the partition's order.
    pub in_flight: usize,
}

/// Records that go together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// In the order of offsets, at least one.
    pub records: Vec<Record>,
    /// Tries in vain so far.
    pub tries: u32,
    /// Those among them that count against the policy's attempts.
    pub failures: u32,
}

impl Batch {
    /// Bytes that it holds in memory, about.
    pub fn bytes(&self) -> usize {
        self.records.iter().map(Record::bytes).sum()
    }
}

/// A record that waits.
struct Waiting {
    record: Record,
    /// What it adds to a payload.
    cost: usize,
    came: Instant,
}

/// A partition.
pub struct Partition {
    /// Which route its topic takes.
    pub route: usize,
    /// Told apart from an earlier ownership of the same partition.
    pub generation: u64,
    /// Offsets.
    pub tracker: Tracker,
    /// What was last sent as a commit.
    pub committed: Option<i64>,
    /// librdkafka was told to pause it.
    pub paused: bool,
    shape: Shape,
    queue: VecDeque<Waiting>,
    queue_cost: usize,
    buffered: usize,
    returned: VecDeque<Batch>,
    retry_at: Option<Instant>,
    in_flight: usize,
}

impl Partition {
    /// Newly owned; `start` is where it begins, if that is known.
    pub fn new(route: usize, generation: u64, shape: Shape, start: Option<i64>) -> Partition {
        Partition {
            route,
            generation,
            tracker: Tracker::starting(start),
            committed: None,
            paused: false,
            shape,
            queue: VecDeque::new(),
            queue_cost: 0,
            buffered: 0,
            returned: VecDeque::new(),
            retry_at: None,
            in_flight: 0,
        }
    }

    /// A record came; `cost` is what it adds to a payload. False if it had come before.
    pub fn push(&mut self, record: Record, cost: usize, now: Instant) -> bool {
        if !self.tracker.came(record.offset) {
            return false;
        }
        self.buffered += record.bytes();
        self.queue_cost += cost;
        self.queue.push_back(Waiting { record, cost, came: now });
        true
    }

    /// The next batch, if one is due.
    pub fn next(&mut self, now: Instant) -> Option<Batch> {
        if self.due_at().is_none_or(|due| due > now) {
            return None;
        }
        let batch = match self.returned.pop_front() {
            Some(batch) => batch,
            None => self.cut(),
        };
        if self.returned.is_empty() {
            self.retry_at = None;
        }
        self.in_flight += 1;
        Some(batch)
    }

    /// When there is something to send, if nothing more comes: a moment in the past is now. With as much under way as may be it is the next
    /// result that something waits for.
    pub fn due_at(&self) -> Option<Instant> {
        if self.in_flight >= self.shape.in_flight {
            return None;
        }
        if !self.returned.is_empty() {
            return self.retry_at;
        }
        let oldest = self.queue.front()?;
        let full = self.queue.len() >= self.shape.records || self.queue_cost >= self.shape.bytes;
        Some(if full { oldest.came } else { oldest.came + self.shape.wait })
    }

    fn cut(&mut self) -> Batch {
        let mut records = Vec::new();
        let mut bytes = 0;
        while let Some(waiting) = self.queue.front() {
            if !records.is_empty() && (records.len() >= self.shape.records || bytes + waiting.cost > self.shape.bytes) {
                break;
            }
            bytes += waiting.cost;
            records.extend(self.queue.pop_front().map(|waiting| waiting.record));
        }
        self.queue_cost -= bytes;
        Batch { records, tries: 0, failures: 0 }
    }

    /// A batch is settled.
    pub fn settled(&mut self, batch: &Batch) {
        self.in_flight -= 1;
        self.buffered -= batch.bytes();
        batch.records.iter().for_each(|record| self.tracker.settle(record.offset));
    }

    /// A batch has to be tried again, after a wait; answers how long.
    pub fn again(
        &mut self,
        mut batch: Batch,
        counts: bool,
        backoff: &Backoff,
        asked: Option<Duration>,
        dice: u64,
        now: Instant,
    ) -> Duration {
        batch.tries += 1;
        batch.failures += u32::from(counts);
        let wait = backoff.wait(batch.tries, asked, dice);
        self.come_back([batch]);
        self.retry_at = self.retry_at.max(Some(now + wait));
        wait
    }

    /// A batch fails as a whole: its halves go one by one, at once.
    pub fn halve(&mut self, mut batch: Batch, now: Instant) {
        let second = batch.records.split_off(batch.records.len() / 2);
        let halves = [batch.records, second].map(|records| Batch { records, tries: 0, failures: 0 });
        self.come_back(halves);
        self.retry_at = self.retry_at.max(Some(now));
    }

    fn come_back(&mut self, batches: impl IntoIterator<Item = Batch>) {
        self.in_flight -= 1;
        self.returned.extend(batches);
        // With several under way they come back in any order.
        self.returned.make_contiguous().sort_by_key(|batch| batch.records[0].offset);
    }

    /// Waits to try again.
    pub fn backs_off(&self, now: Instant) -> bool {
        !self.returned.is_empty() && self.retry_at.is_some_and(|at| at > now)
    }

    /// Forgets what didn't go out; whoever owns the partition next reads it again. What is under way stays counted.
    pub fn forget(&mut self) {
        self.buffered -= self.queue.drain(..).map(|waiting| waiting.record.bytes()).sum::<usize>();
        self.buffered -= self.returned.drain(..).map(|batch| batch.bytes()).sum::<usize>();
        self.queue_cost = 0;
    }

    /// Batches under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }
    /// Bytes of records that wait or are under way.
    pub fn buffered(&self) -> usize {
        self.buffered
    }
    /// Records that wait for their first try.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }
}
