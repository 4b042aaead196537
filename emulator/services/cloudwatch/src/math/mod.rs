//! Metric math: expressions over metrics, read once and evaluated over time series. Pure: who has the metrics hands them in.

mod combine;
mod evaluate;
mod functions;
mod parse;

pub(crate) use evaluate::{Scene, evaluate};
pub(crate) use functions::REFUSED;
pub(crate) use parse::{Expression, parse};

use std::collections::BTreeMap;

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
