//! Aggregates: what `stats` makes of the records of a group.

use super::{Aggregate, Record, Value};
use std::collections::BTreeSet;

/// Aggregates by name, and whether they need an argument.
pub(super) const AGGREGATES: &[(&str, bool)] = &[
    ("count", false),
    ("count_distinct", true),
    ("sum", true),
    ("avg", true),
    ("min", true),
    ("max", true),
    ("pct", true),
    ("stddev", true),
    ("earliest", true),
    ("latest", true),
    ("sortsFirst", true),
    ("sortsLast", true),
];

impl Aggregate {
    /// The value over a group's records, which come in the order of time.
    pub(super) fn over(&self, records: &[Record]) -> Value {
        let Some(of) = &self.of else { return Value::Number(records.len() as f64) };
        let values: Vec<Value> = records.iter().map(|record| of.eval(record, &[])).filter(Value::is_there).collect();
        let numbers = || values.iter().filter_map(Value::number);
        match self.function.as_str() {
            "count" => Value::Number(values.len() as f64),
            "count_distinct" => Value::Number(values.iter().filter_map(Value::text).collect::<BTreeSet<_>>().len() as f64),
            "sum" => Value::Number(numbers().sum()),
            "avg" => mean(numbers()).map_or(Value::Nothing, Value::Number),
            "stddev" => deviation(&numbers().collect::<Vec<_>>()),
            "pct" => percentile(numbers().collect(), self.percent),
            "min" | "sortsFirst" => values.iter().min_by(|a, b| a.order(b)).cloned().unwrap_or(Value::Nothing),
            "max" | "sortsLast" => values.iter().max_by(|a, b| a.order(b)).cloned().unwrap_or(Value::Nothing),
            "earliest" => values.first().cloned().unwrap_or(Value::Nothing),
            _ => values.last().cloned().unwrap_or(Value::Nothing),
        }
    }
}

fn mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = numbers.fold((0_u64, 0.0), |(count, sum), n| (count + 1, sum + n));
    (count > 0).then(|| sum / count as f64)
}

fn deviation(numbers: &[f64]) -> Value {
    let Some(mean) = mean(numbers.iter().copied()) else { return Value::Nothing };
    let square = numbers.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / numbers.len() as f64;
    Value::Number(square.sqrt())
}

/// By the nearest rank.
fn percentile(mut numbers: Vec<f64>, percent: f64) -> Value {
    numbers.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * numbers.len() as f64).ceil().max(1.0) as usize;
    numbers.get(rank - 1).map_or(Value::Nothing, |n| Value::Number(*n))
}
