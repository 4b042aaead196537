//! Metric math: expressions over metrics, read once and evaluated over time series. Pure: who has the metrics hands them in.

mod combine;
mod evaluate;
mod functions;
mod parse;

pub(crate) use evaluate::{Scene, evaluate};
pub(crate) use functions::REFUSED;
pub(crate) use parse::{Expression, parse};

use std::collections::BTreeMap;

/// How many series an expression over the metrics `m1` and `m2` makes. For tests of what readers make of bad input; the error is a sentence.
pub fn describe_expression(text: &str) -> Result<usize, String> {
    let series = |label: &str| Series { label: label.into(), period: 60, values: (0..50).map(|at| (at * 60, at as f64 - 3.0)).collect() };
    let find = |name: &str| match name {
        "m1" | "m2" => Ok(Value::Series(series(name))),
        _ => Err(format!("{name} is unknown")),
    };
    let metrics = |_: Option<&str>| vec![series("m1"), series("m2")];
    match evaluate(&parse(text)?, &Scene { find: &find, metrics: &metrics, start: 0, end: 3000, period: 60 })? {
        Value::Scalar(_) => Ok(0),
        Value::Series(_) => Ok(1),
        Value::Array(all) => Ok(all.len()),
    }
}

/// Values by the second at which their period begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series {
    pub label: String,
    pub period: i64,
    pub values: BTreeMap<i64, f64>,
}

/// What an expression is worth.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Scalar(f64),
    Series(Series),
    Array(Vec<Series>),
}

impl Series {
    /// The same moments with other values; what is no number is left out, as a division by zero is.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Series {
        let values = self.values.iter().map(|(at, value)| (*at, f(*value))).filter(|(_, value)| value.is_finite());
        Series { values: values.collect(), ..self.clone() }
    }
}
