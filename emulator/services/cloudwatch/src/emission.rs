//! What services tell of themselves: folded in memory by minute, written by a task at the end of the minute and before anything is read.
//!
//! `record` is called on every request of the house: one lock, one hash for each set of dimensions, no allocation once a minute's entry is
//! there. A killed process loses what it folded since the last write, at most a minute.

use crate::{
    model::StandardUnit,
    points::{self, MetricId},
    stats::Stats,
};
use kit::ports::{Measured, Metrics};
use kit::store::NewTask;
use kit::{Cloud, Context, Fault, Scope, Timestamp};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock, Weak},
};

/// The task that writes.
pub(crate) const KIND: &str = "write";
/// Entries that wait at most; a fuller heap is written at once.
const MOST_ENTRIES: usize = 10_000;

/// What waits to be written.
#[derive(Default)]
pub(crate) struct Emission {
    cloud: OnceLock<Weak<Cloud>>,
    pending: Mutex<Pending>,
    /// Held by the one who writes: who comes to read meanwhile waits until it is written.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Pending {
    /// By the hash of what makes an entry one; those of one hash are told apart by looking.
    entries: HashMap<u64, Vec<Entry>>,
    count: usize,
    /// The task that writes is planned.
    planned: bool,
    /// It is planned for now, because there is too much to wait for the end of the minute.
    urgent: bool,
}

/// A set of dimensions in one minute.
struct Entry {
    scope: Scope,
    minute: i64,
    namespace: String,
    dimensions: Vec<(String, String)>,
    values: Vec<(String, StandardUnit, Stats)>,
}

impl Metrics for Emission {
    fn record(&self, scope: &Scope, at: Timestamp, measured: &Measured<'_>) {
        let minute = at.secs() - at.secs().rem_euclid(60);
        let mut pending = self.pending.lock();
        for dimensions in measured.under {
            pending.add(scope, minute, measured, dimensions);
        }
        let full = pending.count > MOST_ENTRIES;
        if pending.planned && (!full || pending.urgent) {
            return;
        }
        pending.planned = true;
        pending.urgent = full;
        drop(pending);
        let due = if full { at } else { Timestamp::from_secs(minute + 60) };
        self.plan(scope, due);
    }
}

impl Pending {
    fn add(&mut self, scope: &Scope, minute: i64, measured: &Measured<'_>, dimensions: &[(&str, &str)]) {
        let mut hasher = DefaultHasher::new();
        (scope, minute, measured.namespace, dimensions).hash(&mut hasher);
        let there = self.entries.entry(hasher.finish()).or_default();
        let at = there.iter().position(|entry| entry.is(scope, minute, measured.namespace, dimensions));
        let entry = match at {
            Some(at) => &mut there[at],
            None => {
                self.count += 1;
                there.push(Entry {
                    scope: scope.clone(),
                    minute,
                    namespace: measured.namespace.to_owned(),
                    dimensions: dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
                    values: Vec::new(),
                });
                there.last_mut().expect("just pushed")
            }
        };
        measured.values.iter().filter(|(_, _, value)| value.is_finite()).for_each(|(name, unit, value)| entry.fold(name, unit, *value));
    }
}

impl Entry {
    fn is(&self, scope: &Scope, minute: i64, namespace: &str, dimensions: &[(&str, &str)]) -> bool {
        let pairs = || self.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.minute == minute && self.scope == *scope && self.namespace == namespace && pairs().eq(dimensions.iter().copied())
    }
    fn fold(&mut self, name: &str, unit: &str, value: f64) {
        match self.values.iter_mut().find(|(there, of, _)| there == name && of.as_str() == unit) {
            Some((_, _, stats)) => stats.add(value, 1.0),
            None => self.values.push((name.to_owned(), StandardUnit::parse(unit).unwrap_or(StandardUnit::None), Stats::of(value, 1.0))),
        }
    }
}

impl Emission {
    /// Remembers whose clock and store it writes to. What was folded of a state that was replaced is void.
    pub fn start(self: &Arc<Self>, cx: &Context) {
        let _ = self.cloud.set(Arc::downgrade(cx.cloud()));
        let weak = Arc::downgrade(self);
        cx.store().on_commit(move |news| {
            if let Some(emission) = weak.upgrade().filter(|_| news.replaced) {
                *emission.pending.lock() = Pending::default();
            }
        });
    }

    /// Writes what is left when the cloud stops.
    pub async fn stop(&self) {
        if let Some(cloud) = self.cloud.get().and_then(Weak::upgrade) {
            // Nobody is left to be told; the journal has what the store says.
            let _ = self.write(&cloud.house_context("metrics")).await;
        }
    }

    /// The task at the end of a minute.
    pub async fn write_due(&self, cx: &Context) -> Result<(), Fault> {
        self.pending.lock().planned = false;
        self.write(cx).await
    }

    /// Writes all that waits. Who reads metrics calls it first.
    pub async fn write(&self, cx: &Context) -> Result<(), Fault> {
        let _turn = self.writing.lock().await;
        let entries = {
            let mut pending = self.pending.lock();
            (pending.count, pending.urgent) = (0, false);
            std::mem::take(&mut pending.entries)
        };
        if entries.is_empty() {
            return Ok(());
        }
        let now = cx.now();
        cx.store()
            .write(|tx| {
                for entry in entries.into_values().flatten() {
                    for (name, unit, stats) in &entry.values {
                        let id = MetricId { namespace: entry.namespace.clone(), name: name.clone(), dimensions: entry.dimensions.clone() };
                        points::put(tx, &entry.scope, now, &id, (60, entry.minute), *unit, stats)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// Plans the write. The row counts as work until it stands, so that who moves the clock does not pass it.
    fn plan(&self, scope: &Scope, due: Timestamp) {
        let (Some(cloud), Ok(runtime)) = (self.cloud.get().and_then(Weak::upgrade), tokio::runtime::Handle::try_current()) else {
            self.pending.lock().planned = false;
            return;
        };
        let token = cloud.work().begin("cloudwatch:metrics");
        let scope = scope.clone();
        runtime.spawn(async move {
            let task = NewTask::new(&scope, "cloudwatch", KIND, &()).at(due);
            // A store that can't take the row refuses the services' own writes as well; the next minute tries again.
            let _ = cloud.store().write(|tx| Ok(tx.task(task))).await;
            drop(token);
        });
    }
}
