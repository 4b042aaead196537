//! Two values into one, and many series into one: by the moments that they share.

use super::{Series, Value};
use std::collections::BTreeMap;

/// Applies an operation: scalars to every value, series to the moments that both have, a series to each one of an array.
pub(super) fn pair(left: &Value, right: &Value, f: impl Fn(f64, f64) -> f64 + Copy) -> Result<Value, String> {
    Ok(match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => Value::Scalar(f(*a, *b)),
        (Value::Series(a), Value::Scalar(b)) => Value::Series(a.map(|value| f(value, *b))),
        (Value::Scalar(a), Value::Series(b)) => Value::Series(b.map(|value| f(*a, value))),
        (Value::Series(a), Value::Series(b)) => Value::Series(shared(a, b, f)),
        (Value::Array(all), Value::Scalar(b)) => Value::Array(all.iter().map(|a| a.map(|value| f(value, *b))).collect()),
        (Value::Scalar(a), Value::Array(all)) => Value::Array(all.iter().map(|b| b.map(|value| f(*a, value))).collect()),
        (Value::Array(all), Value::Series(b)) => Value::Array(all.iter().map(|a| shared(a, b, f)).collect()),
        (Value::Series(a), Value::Array(all)) => Value::Array(all.iter().map(|b| shared(a, b, f)).collect()),
        (Value::Array(_), Value::Array(_)) => return Err("two arrays of time series can't be combined".into()),
    })
}

fn shared(a: &Series, b: &Series, f: impl Fn(f64, f64) -> f64) -> Series {
    let both = a.values.iter().filter_map(|(at, left)| Some((*at, f(*left, *b.values.get(at)?))));
    Series { label: a.label.clone(), period: a.period.max(b.period), values: both.filter(|(_, value)| value.is_finite()).collect() }
}

/// Many series into one: at each moment the fold of those that have a value there.
pub(super) fn across(all: &[Series], fold: impl Fn(&[f64]) -> f64) -> Series {
    let mut moments: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for series in all {
        series.values.iter().for_each(|(at, value)| moments.entry(*at).or_default().push(*value));
    }
    let values = moments.into_iter().map(|(at, values)| (at, fold(&values)));
    let period = all.iter().map(|series| series.period).max().unwrap_or(60);
    Series { label: String::new(), period, values: values.collect() }
}
