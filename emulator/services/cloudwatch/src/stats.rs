//! Numbers of one metric in one span of time: count, sum, extremes and, as long as they are known, the values themselves. Pure.

use serde::{Deserialize, Serialize};

/// Distinct values kept of a span. Beyond that neighbours within one percent are one value, as CloudWatch's own percentiles are approximate.
const MOST_VALUES: usize = 500;

/// What is known of a span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stats {
    pub count: f64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    /// Values, rising, each with how often it came; nothing where a statistic set hid them.
    pub values: Option<Vec<(f64, f64)>>,
}

impl Stats {
    /// One value.
    pub fn of(value: f64, count: f64) -> Stats {
        Stats { count, sum: value * count, min: value, max: value, values: Some(vec![(value, count)]) }
    }

    /// A statistic set. Its values are known only when all are the same, as AWS documents it for percentiles.
    pub fn of_set(count: f64, sum: f64, min: f64, max: f64) -> Stats {
        let values = (count == 1.0 || min == max).then(|| vec![(min, count)]);
        Stats { count, sum, min, max, values }
    }

    /// Adds a value.
    pub fn add(&mut self, value: f64, count: f64) {
        if self.count == 0.0 {
            *self = Stats::of(value, count);
            return;
        }
        self.count += count;
        self.sum += value * count;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if let Some(values) = &mut self.values {
            insert(values, value, count);
            thin(values);
        }
    }

    /// Adds another span's numbers.
    pub fn merge(&mut self, other: &Stats) {
        if self.count == 0.0 {
            *self = other.clone();
            return;
        }
        if other.count == 0.0 {
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.values = match (self.values.take(), &other.values) {
            (Some(mut mine), Some(theirs)) => {
                theirs.iter().for_each(|(value, count)| insert(&mut mine, *value, *count));
                thin(&mut mine);
                Some(mine)
            }
            _ => None,
        };
    }
}

fn insert(values: &mut Vec<(f64, f64)>, value: f64, count: f64) {
    match values.binary_search_by(|(there, _)| there.total_cmp(&value)) {
        Ok(at) => values[at].1 += count,
        Err(at) => values.insert(at, (value, count)),
    }
}

/// Joins neighbours of one hundredth, coarser where that is not enough.
fn thin(values: &mut Vec<(f64, f64)>) {
    let mut width = 0.01;
    while values.len() > MOST_VALUES {
        let mut joined: Vec<(f64, f64)> = Vec::with_capacity(MOST_VALUES);
        for (value, count) in values.drain(..) {
            match joined.last_mut() {
                Some((low, there)) if (value - *low).abs() <= low.abs() * width => *there += count,
                _ => joined.push((value, count)),
            }
        }
        *values = joined;
        width *= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hide_values_unless_they_are_one() {
        let mut stats = Stats::of(3.0, 2.0);
        stats.merge(&Stats::of_set(1.0, 5.0, 5.0, 5.0));
        assert_eq!(stats.values, Some(vec![(3.0, 2.0), (5.0, 1.0)]));
        stats.merge(&Stats::of_set(2.0, 10.0, 1.0, 9.0));
        assert_eq!((stats.count, stats.sum, stats.min, stats.max, stats.values), (5.0, 21.0, 1.0, 9.0, None));
    }

    #[test]
    fn many_values_stay_few_and_near() {
        let mut stats = Stats::default();
        (0..100_000).for_each(|n| stats.add(f64::from(n), 1.0));
        let values = stats.values.unwrap();
        assert!(values.len() <= MOST_VALUES);
        assert_eq!(values.iter().map(|(_, count)| count).sum::<f64>(), 100_000.0);
    }
}
