//! All partitions that this consumer owns, and what is under way for them. Pure: knows neither Kafka nor Lambda, and time is handed in.

use crate::{backoff::Backoff, routes::Routes};
use crate::{
    config::Limits,
    envelope::Envelope,
    partition::{Batch, Partition, Shape},
    policy::Class,
    record::{Place, Record},
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

/// How batches of a route are made and tried again.
#[derive(Clone)]
pub struct Plan {
    /// When a batch is full.
    pub shape: Shape,
    /// Waits between tries.
    pub backoff: Backoff,
    /// The form of payloads.
    pub envelope: Envelope,
}

/// A batch that goes out.
#[derive(Debug)]
pub struct Job {
    /// Where its records lie.
    pub place: Place,
    /// Which ownership of the partition it belongs to.
    pub generation: u64,
    /// Number of the route.
    pub route: usize,
    /// The records.
    pub batch: Batch,
}

/// How a batch went.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Accepted, dead-lettered or dropped: its offsets may be committed.
    Settled,
    /// Later again; the wait is at least what the service asked for.
    Again(Class, Option<Duration>),
    /// Its halves, one by one.
    Halve,
    /// The consumer has to stop; the sentence says why.
    Stop(String),
}

/// Partitions and what is under way.
pub struct Engine {
    partitions: BTreeMap<Place, Partition>,
    routes: Arc<Routes>,
    plans: Vec<Plan>,
    limits: Limits,
    in_flight: usize,
    generation: u64,
    /// The partition that was served last: the next one begins.
    last: Option<Place>,
    stop: Option<String>,
}

impl Engine {
    /// With one plan for each route.
    pub fn new(routes: Arc<Routes>, plans: Vec<Plan>, limits: Limits) -> Engine {
        Engine { partitions: BTreeMap::new(), routes, plans, limits, in_flight: 0, generation: 0, last: None, stop: None }
    }

    /// A partition is ours from now on, and begins at this offset, if that is known.
    pub fn own(&mut self, place: Place, start: Option<i64>) {
        let Some(route) = self.routes.find(&place.topic) else { return };
        self.generation += 1;
        self.partitions.insert(place, Partition::new(route, self.generation, self.plans[route].shape, start));
    }

    /// A record came.
    pub fn push(&mut self, record: Record, now: Instant) {
        if !self.partitions.contains_key(&record.place) {
            self.own(record.place.clone(), None);
        }
        let Some(partition) = self.partitions.get_mut(&record.place) else { return };
        let cost = self.plans[partition.route].envelope.cost(&record);
        partition.push(record, cost, now);
    }

    /// What goes out now: partitions take turns while there is room.
    pub fn jobs(&mut self, now: Instant) -> Vec<Job> {
        let mut jobs = Vec::new();
        if self.stop.is_some() {
            return jobs;
        }
        let places: Vec<Place> = self.partitions.keys().cloned().collect();
        let first = self.last.as_ref().map_or(0, |last| places.partition_point(|place| place <= last));
        let turn: Vec<&Place> = places[first..].iter().chain(&places[..first]).collect();
        let mut idle = HashSet::new();
        while idle.len() < turn.len() {
            for place in &turn {
                if self.in_flight >= self.limits.in_flight {
                    return jobs;
                }
                let partition = self.partitions.get_mut(*place).expect("its name is from this map");
                let Some(batch) = partition.next(now) else {
                    idle.insert(*place);
                    continue;
                };
                self.in_flight += 1;
                self.last = Some((*place).clone());
                jobs.push(Job { place: (*place).clone(), generation: partition.generation, route: partition.route, batch });
            }
        }
        jobs
    }

    /// A batch has come back; answers how long it waits for its next try. Results for partitions that aren't ours any more count for nothing.
    pub fn done(&mut self, job: Job, verdict: Verdict, dice: u64, now: Instant) -> Option<Duration> {
        self.in_flight -= 1;
        let backoff = self.plans[job.route].backoff;
        let partition = self.partitions.get_mut(&job.place).filter(|partition| partition.generation == job.generation)?;
        match verdict {
            Verdict::Settled => partition.settled(&job.batch),
            Verdict::Halve => partition.halve(job.batch, now),
            Verdict::Again(class, asked) => {
                let counts = !matches!(class, Class::Throttled | Class::Unavailable);
                return Some(partition.again(job.batch, counts, &backoff, asked, dice, now));
            }
            Verdict::Stop(why) => {
                partition.again(job.batch, false, &backoff, None, dice, now);
                self.stop.get_or_insert(why);
            }
        }
        None
    }

    /// Why the consumer has to stop, if it has to.
    pub fn must_stop(&self) -> Option<&str> {
        self.stop.as_deref()
    }

    /// Offsets that may be committed and aren't yet. They count as committed from now on; see [`Engine::commit_again`].
    pub fn commits(&mut self) -> Vec<(Place, i64)> {
        let places = self.places();
        self.commits_of(&places)
    }

    /// The same of some partitions.
    pub fn commits_of(&mut self, places: &[Place]) -> Vec<(Place, i64)> {
        let fresh = places.iter().filter_map(|place| {
            let partition = self.partitions.get_mut(place)?;
            let next = partition.tracker.next().filter(|next| partition.committed != Some(*next))?;
            partition.committed = Some(next);
            Some((place.clone(), next))
        });
        fresh.collect()
    }

    /// Commits of these partitions failed: their offsets go again with the next one.
    pub fn commit_again(&mut self, places: &[Place]) {
        places.iter().for_each(|place| {
            self.partitions.entry(place.clone()).and_modify(|partition| partition.committed = None);
        });
    }

    /// Partitions to pause and to resume: a partition rests while it backs off, while it holds too many records, and all rest while too
    /// many bytes are buffered. Rest ends at half.
    pub fn pauses(&mut self, now: Instant) -> (Vec<Place>, Vec<Place>) {
        let total = self.buffered();
        let (bytes, records) = (self.limits.buffered_bytes, self.limits.partition_records);
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        for (place, partition) in &mut self.partitions {
            let share = if partition.paused { 2 } else { 1 };
            // A partition that holds nothing may always go on, or one that is stuck would starve all others.
            let full = partition.buffered() > 0 && (total >= bytes / share || partition.tracker.held() >= records / share);
            let rests = full || partition.backs_off(now);
            if rests != partition.paused {
                partition.paused = rests;
                if rests { &mut pause } else { &mut resume }.push(place.clone());
            }
        }
        (pause, resume)
    }

    /// Forgets what has not gone out for these partitions.
    pub fn forget(&mut self, places: &[Place]) {
        places.iter().filter_map(|place| self.partitions.get_mut(place).map(Partition::forget)).count();
    }

    /// Batches under way for these partitions.
    pub fn in_flight_of(&self, places: &[Place]) -> usize {
        places.iter().filter_map(|place| self.partitions.get(place)).map(Partition::in_flight).sum()
    }

    /// These partitions are somebody else's now.
    pub fn disown(&mut self, places: &[Place]) {
        places.iter().for_each(|place| {
            self.partitions.remove(place);
        });
    }

    /// When something is due, if nothing comes: no record, and no result that would make room.
    pub fn due_at(&self) -> Option<Instant> {
        if self.in_flight >= self.limits.in_flight {
            return None;
        }
        self.partitions.values().filter_map(Partition::due_at).min()
    }

    /// Everything that is ours.
    pub fn places(&self) -> Vec<Place> {
        self.partitions.keys().cloned().collect()
    }
    /// The offset that a commit of this partition may name.
    pub fn next_offset(&self, place: &Place) -> Option<i64> {
        self.partitions.get(place)?.tracker.next()
    }
    /// Partitions that rest: nobody reads how far they have grown.
    pub fn resting(&self) -> Vec<Place> {
        self.partitions.iter().filter(|(_, partition)| partition.paused).map(|(place, _)| place.clone()).collect()
    }
    /// Whether it rests.
    pub fn paused(&self, place: &Place) -> bool {
        self.partitions.get(place).is_some_and(|partition| partition.paused)
    }
    /// Invocations under way, those for partitions that are gone included.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }
    /// Bytes of records that wait or are under way.
    pub fn buffered(&self) -> usize {
        self.partitions.values().map(Partition::buffered).sum()
    }
}
