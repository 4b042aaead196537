//! Metrics and their points as they are stored: a series for each metric and set of dimensions, its points by resolution and time.
//!
//! A point keeps each unit apart, as CloudWatch does. Points grow coarser with age (`retention.rs`); readers see them so even before the
//! sweep has come by.

use crate::{
    evaluation,
    model::{Dimension, StandardUnit},
    retention,
    stats::Stats,
};
use kit::{Fault, Read, Scope, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Series by namespace, metric and dimensions.
pub(crate) const SERIES: Table<(String, String, String), Series> = Table::new("cloudwatch.series", TableScope::Region);
/// Points by series, resolution in seconds and start in seconds.
pub(crate) const POINTS: Table<(u64, u32, i64), Point> = Table::new("cloudwatch.points", TableScope::Region);

/// Resolutions that points are stored in, finest first.
pub(crate) const RESOLUTIONS: [u32; 4] = [1, 60, 300, 3600];

/// A metric with a set of dimensions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Series {
    pub id: u64,
    /// Sorted by name.
    pub dimensions: Vec<(String, String)>,
    /// Start of the newest point.
    pub newest: i64,
}

/// What was measured in one span.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Point {
    pub units: Vec<(StandardUnit, Stats)>,
}

impl Point {
    /// Adds numbers of a unit.
    pub fn merge(&mut self, unit: StandardUnit, stats: &Stats) {
        match self.units.iter_mut().find(|(there, _)| *there == unit) {
            Some((_, there)) => there.merge(stats),
            None => self.units.push((unit, stats.clone())),
        }
    }
}

/// Names a series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MetricId {
    pub namespace: String,
    pub name: String,
    /// Sorted by name.
    pub dimensions: Vec<(String, String)>,
}

impl MetricId {
    pub fn new(namespace: &str, name: &str, dimensions: &[Dimension]) -> MetricId {
        let pairs = dimensions.iter().map(|d| (d.name.clone(), d.value.clone()));
        let mut id = MetricId { namespace: namespace.into(), name: name.into(), dimensions: pairs.collect() };
        id.dimensions.sort();
        id
    }
    pub fn key(&self) -> (String, String, String) {
        // Control characters are no part of dimensions (put_metric_data.rs), so that the text is unambiguous.
        let text = self.dimensions.iter().map(|(name, value)| format!("{name}\u{1}{value}\u{2}")).collect();
        (self.namespace.clone(), self.name.clone(), text)
    }
}

/// The dimensions of a series as AWS sends them.
pub(crate) fn dimensions(pairs: &[(String, String)]) -> Vec<Dimension> {
    pairs.iter().map(|(name, value)| Dimension { name: name.clone(), value: value.clone() }).collect()
}

/// Adds numbers to the point of a series at `at` seconds, and wakes the alarms that look at it.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    scope: &Scope,
    now: Timestamp,
    id: &MetricId,
    (resolution, at): (u32, i64),
    unit: StandardUnit,
    stats: &Stats,
) -> Result<(), Fault> {
    let start = at - at.rem_euclid(i64::from(resolution));
    let key = id.key();
    let found = tx.get(&SERIES, scope, &key)?;
    let series = match found {
        Some(series) if series.newest >= start => series,
        found => {
            let id = match &found {
                Some(series) => series.id,
                None => tx.next_seq("cloudwatch.series"),
            };
            let series = Series { id, dimensions: found.map_or_else(|| dimensions_of(&key.2), |s| s.dimensions), newest: start };
            tx.put(&SERIES, scope, &key, &series)?;
            series
        }
    };
    let row = (series.id, resolution, start);
    let mut point = tx.get(&POINTS, scope, &row)?.unwrap_or_default();
    point.merge(unit, stats);
    tx.put(&POINTS, scope, &row, &point)?;
    retention::plan(tx, scope, now);
    evaluation::wake(tx, scope, now, &id.namespace, &id.name, start)
}

fn dimensions_of(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| part.split_once('\u{1}').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.split('\u{2}').filter_map(pair).collect()
}

/// A span of seconds, its end not in it, cut into periods that begin at its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub start: i64,
    pub end: i64,
    pub period: i64,
}

/// Numbers of a series by the start of their period, each unit apart. A unit that is asked for leaves the others out.
pub(crate) type Periods = BTreeMap<i64, BTreeMap<&'static str, Stats>>;

/// Reads what a series has in a span, as coarse as its age makes it at `now`.
pub(crate) fn read(
    read: &impl Read,
    scope: &Scope,
    id: &MetricId,
    unit: Option<StandardUnit>,
    span: Span,
    now: Timestamp,
) -> Result<Periods, Fault> {
    let mut periods = Periods::new();
    let Some(series) = read.get(&SERIES, scope, &id.key())? else { return Ok(periods) };
    for resolution in RESOLUTIONS {
        // A coarse point belongs to the span in which it begins.
        let rows = read.scan(&POINTS, scope).from(&(series.id, resolution, span.start)).until(&(series.id, resolution, span.end));
        for row in rows {
            let ((_, _, start), point) = row?;
            if !retention::shows(start, span.period, now) {
                continue;
            }
            let period = start - (start - span.start).rem_euclid(span.period);
            for (of, stats) in point.units.iter().filter(|(of, _)| unit.is_none_or(|unit| unit == *of)) {
                periods.entry(period).or_default().entry(of.as_str()).or_default().merge(stats);
            }
        }
    }
    Ok(periods)
}
