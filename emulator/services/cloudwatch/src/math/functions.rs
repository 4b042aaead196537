//! The functions of metric math. What is not built is refused by name.

use super::parse::Expression;
use super::{Scene, Series, Value, combine, evaluate};
use kit::Timestamp;
use std::collections::BTreeMap;

/// Functions that AWS has and this build refuses.
pub(crate) const REFUSED: [&str; 6] =
    ["SEARCH", "INSIGHT_RULE_METRIC", "ANOMALY_DETECTION_BAND", "SERVICE_QUOTA", "DB_PERF_INSIGHTS", "LAMBDA"];

pub(super) fn call(name: &str, arguments: &[Expression], scene: &Scene<'_>) -> Result<Value, String> {
    let first = || arguments.first().ok_or_else(|| format!("{name} needs an argument")).and_then(|argument| evaluate(argument, scene));
    match name {
        "METRICS" => Ok(Value::Array((scene.metrics)(arguments.first().map(text_of).transpose()?))),
        "METRIC_COUNT" => Ok(Value::Scalar(many(first()?)?.len() as f64)),
        "ABS" => each(first()?, f64::abs),
        "CEIL" => each(first()?, f64::ceil),
        "FLOOR" => each(first()?, f64::floor),
        "LOG" => each(first()?, f64::ln),
        "LOG10" => each(first()?, f64::log10),
        "SUM" | "AVG" | "MIN" | "MAX" | "STDDEV" => fold(first()?, folder(name)),
        "DATAPOINT_COUNT" => fold(first()?, |values| values.len() as f64),
        "DIFF" => lines(first()?, |series| steps(series, |_, change| change)),
        "DIFF_TIME" => lines(first()?, |series| steps(series, |secs, _| secs)),
        "RATE" => lines(first()?, |series| steps(series, |secs, change| change / secs)),
        "RUNNING_SUM" => lines(first()?, running),
        "REMOVE_EMPTY" => Ok(Value::Array(many(first()?)?.into_iter().filter(|series| !series.values.is_empty()).collect())),
        "PERIOD" => match first()? {
            Value::Series(series) => Ok(Value::Scalar(series.period as f64)),
            _ => Err("PERIOD needs a metric".into()),
        },
        "FIRST" => many(first()?)?.into_iter().next().map(Value::Series).ok_or_else(|| "the array is empty".into()),
        "LAST" => many(first()?)?.pop().map(Value::Series).ok_or_else(|| "the array is empty".into()),
        "SLICE" => slice(many(first()?)?, arguments, scene),
        "SORT" => sort(many(first()?)?, arguments, scene),
        "FILL" => fill(first()?, arguments.get(1), scene),
        "TIME_SERIES" => match first()? {
            Value::Scalar(value) => Ok(Value::Series(constant(scene, value))),
            _ => Err("TIME_SERIES needs a scalar".into()),
        },
        "IF" => choose(arguments, scene),
        "EPOCH" | "MINUTE" | "HOUR" | "DAY" | "DATE" | "MONTH" | "YEAR" => lines(first()?, |series| calendar(name, series)),
        refused if REFUSED.contains(&refused) => Err(format!("windtunnel does not implement the function {name} of metric math")),
        other => Err(format!("{other} is no function of metric math")),
    }
}

fn text_of(argument: &Expression) -> Result<&str, String> {
    match argument {
        Expression::Text(text) => Ok(text),
        _ => Err("a text in quotes is needed here".into()),
    }
}

fn scalar(argument: Option<&Expression>, scene: &Scene<'_>) -> Result<f64, String> {
    match evaluate(argument.ok_or("an argument is missing")?, scene)? {
        Value::Scalar(value) => Ok(value),
        _ => Err("a number is needed here".into()),
    }
}

fn many(value: Value) -> Result<Vec<Series>, String> {
    match value {
        Value::Series(series) => Ok(vec![series]),
        Value::Array(all) => Ok(all),
        Value::Scalar(_) => Err("a time series is needed here".into()),
    }
}

fn each(value: Value, f: impl Fn(f64) -> f64) -> Result<Value, String> {
    Ok(match value {
        Value::Scalar(value) => Value::Scalar(f(value)),
        Value::Series(series) => Value::Series(series.map(f)),
        Value::Array(all) => Value::Array(all.iter().map(|series| series.map(&f)).collect()),
    })
}

fn lines(value: Value, f: impl Fn(&Series) -> Series) -> Result<Value, String> {
    match value {
        Value::Series(series) => Ok(Value::Series(f(&series))),
        Value::Array(all) => Ok(Value::Array(all.iter().map(f).collect())),
        Value::Scalar(_) => Err("a time series is needed here".into()),
    }
}

/// One series becomes a scalar, an array becomes a series.
fn fold(value: Value, f: impl Fn(&[f64]) -> f64) -> Result<Value, String> {
    match value {
        Value::Scalar(value) => Ok(Value::Scalar(value)),
        Value::Series(series) => Ok(Value::Scalar(f(&series.values.into_values().collect::<Vec<f64>>()))),
        Value::Array(all) => Ok(Value::Series(combine::across(&all, f))),
    }
}

fn folder(name: &str) -> fn(&[f64]) -> f64 {
    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len().max(1) as f64
    }
    match name {
        "SUM" => |values| values.iter().sum(),
        "AVG" => mean,
        "MIN" => |values| values.iter().copied().reduce(f64::min).unwrap_or(0.0),
        "MAX" => |values| values.iter().copied().reduce(f64::max).unwrap_or(0.0),
        _ => |values| {
            let middle = mean(values);
            (values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / values.len().max(1) as f64).sqrt()
        },
    }
}

/// From each value to the next: seconds and change.
fn steps(series: &Series, f: impl Fn(f64, f64) -> f64) -> Series {
    let pairs = series.values.iter().zip(series.values.iter().skip(1));
    let values = pairs.map(|((from, old), (to, new))| (*to, f((to - from) as f64, new - old)));
    Series { values: values.filter(|(_, value)| value.is_finite()).collect(), ..series.clone() }
}

fn running(series: &Series) -> Series {
    let mut sum = 0.0;
    let values = series.values.iter().map(|(at, value)| {
        sum += value;
        (*at, sum)
    });
    Series { values: values.collect(), ..series.clone() }
}

fn slice(all: Vec<Series>, arguments: &[Expression], scene: &Scene<'_>) -> Result<Value, String> {
    let from = scalar(arguments.get(1), scene)?.max(0.0) as usize;
    let to = arguments.get(2).map(|to| scalar(Some(to), scene)).transpose()?.map_or(all.len(), |to| to.max(0.0) as usize);
    Ok(Value::Array(all.into_iter().take(to).skip(from).collect()))
}

/// `SORT(array, SUM, DESC, 5)`
fn sort(mut all: Vec<Series>, arguments: &[Expression], scene: &Scene<'_>) -> Result<Value, String> {
    let word = |at: usize| match arguments.get(at) {
        Some(Expression::Name(word)) => Ok(word.as_str()),
        _ => Err("SORT needs AVG, MIN, MAX or SUM, and ASC or DESC".to_owned()),
    };
    let by = match word(1)? {
        name @ ("AVG" | "MIN" | "MAX" | "SUM") => folder(name),
        other => return Err(format!("SORT does not know {other}")),
    };
    let worth = |series: &Series| by(&series.values.values().copied().collect::<Vec<_>>());
    all.sort_by(|a, b| worth(a).total_cmp(&worth(b)));
    match word(2)? {
        "ASC" => {}
        "DESC" => all.reverse(),
        other => return Err(format!("SORT does not know {other}")),
    }
    if let Some(most) = arguments.get(3) {
        all.truncate(scalar(Some(most), scene)?.max(0.0) as usize);
    }
    Ok(Value::Array(all))
}

fn constant(scene: &Scene<'_>, value: f64) -> Series {
    Series { label: String::new(), period: scene.period, values: moments(scene, scene.period).map(|at| (at, value)).collect() }
}

fn moments(scene: &Scene<'_>, period: i64) -> impl Iterator<Item = i64> {
    let (start, end) = (scene.start, scene.end);
    (0..).map(move |n| start + n * period.max(1)).take_while(move |at| *at < end)
}

fn fill(value: Value, with: Option<&Expression>, scene: &Scene<'_>) -> Result<Value, String> {
    let word = match with {
        Some(Expression::Name(word)) if matches!(word.as_str(), "REPEAT" | "LINEAR") => Some(word.as_str()),
        _ => None,
    };
    let filler = match word {
        Some(_) => None,
        None => Some(evaluate(with.ok_or("FILL needs what to fill with")?, scene)?),
    };
    lines(value, |series| {
        let mut values = series.values.clone();
        for at in moments(scene, series.period) {
            let new = match (&filler, word) {
                (Some(Value::Scalar(number)), _) => Some(*number),
                (Some(Value::Series(other)), _) => other.values.get(&at).copied(),
                (_, Some("REPEAT")) => series.values.range(..at).next_back().map(|(_, value)| *value),
                (_, Some(_)) => between(&series.values, at),
                _ => None,
            };
            if let Some(new) = new {
                values.entry(at).or_insert(new);
            }
        }
        Series { values, ..series.clone() }
    })
}

fn between(values: &BTreeMap<i64, f64>, at: i64) -> Option<f64> {
    let (from, low) = values.range(..at).next_back()?;
    let (to, high) = values.range(at..).next()?;
    Some(low + (high - low) * (at - from) as f64 / (to - from) as f64)
}

/// `IF(condition, then, else)`: what the condition says at each moment; without the third a moment where it does not hold has no value.
fn choose(arguments: &[Expression], scene: &Scene<'_>) -> Result<Value, String> {
    let [condition, then, rest @ ..] = arguments else { return Err("IF needs a condition and a value".into()) };
    let (condition, then) = (evaluate(condition, scene)?, evaluate(then, scene)?);
    let otherwise = rest.first().map(|rest| evaluate(rest, scene)).transpose()?;
    let condition = match condition {
        Value::Scalar(truth) if truth != 0.0 => return Ok(then),
        Value::Scalar(_) => return otherwise.ok_or_else(|| "IF with a scalar condition needs a third argument".into()),
        Value::Series(series) => series,
        Value::Array(_) => return Err("the condition of IF is a scalar or one time series".into()),
    };
    let at = |value: Option<&Value>, moment: i64| match value {
        Some(Value::Scalar(number)) => Ok(Some(*number)),
        Some(Value::Series(series)) => Ok(series.values.get(&moment).copied()),
        Some(Value::Array(_)) => Err("IF chooses between scalars and time series".to_owned()),
        None => Ok(None),
    };
    let mut values = BTreeMap::new();
    for (moment, truth) in &condition.values {
        let chosen = if *truth != 0.0 { at(Some(&then), *moment)? } else { at(otherwise.as_ref(), *moment)? };
        if let Some(chosen) = chosen {
            values.insert(*moment, chosen);
        }
    }
    Ok(Value::Series(Series { values, ..condition }))
}

/// Parts of each moment's date, UTC.
fn calendar(name: &str, series: &Series) -> Series {
    let of = |at: i64| {
        let text = kit::time::iso_secs(Timestamp::from_secs(at));
        let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<f64>().ok()).unwrap_or(0.0);
        match name {
            "EPOCH" => at as f64,
            "MINUTE" => part(14, 16),
            "HOUR" => part(11, 13),
            // Monday is 1; the epoch was a Thursday.
            "DAY" => ((at.div_euclid(86_400) + 3).rem_euclid(7) + 1) as f64,
            "DATE" => part(8, 10),
            "MONTH" => part(5, 7),
            _ => part(0, 4),
        }
    };
    Series { values: series.values.keys().map(|at| (*at, of(*at))).collect(), ..series.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::parse;

    fn series(values: &[(i64, f64)]) -> Series {
        Series { label: "m".into(), period: 60, values: values.iter().copied().collect() }
    }

    fn worth(text: &str) -> Result<Value, String> {
        let find = |id: &str| match id {
            "m1" => Ok(Value::Series(series(&[(0, 1.0), (60, 4.0), (180, 2.0)]))),
            "m2" => Ok(Value::Series(series(&[(0, 0.0), (60, 2.0)]))),
            other => Err(format!("no {other}")),
        };
        let metrics = |_: Option<&str>| vec![series(&[(0, 1.0)]), series(&[(0, 3.0)])];
        evaluate(&parse(text)?, &Scene { find: &find, metrics: &metrics, start: 0, end: 240, period: 60 })
    }

    fn points(text: &str) -> Vec<(i64, f64)> {
        match worth(text) {
            Ok(Value::Series(series)) => series.values.into_iter().collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn operators_and_folds() {
        assert_eq!(points("m1 + m2 * 10"), [(0, 1.0), (60, 24.0)]);
        // A division by zero has no value.
        assert_eq!(points("m1 / m2"), [(60, 2.0)]);
        assert_eq!(worth("SUM(m1)"), Ok(Value::Scalar(7.0)));
        assert_eq!(points("AVG(METRICS())"), [(0, 2.0)]);
        assert_eq!(points("MAX([m1, m2])"), [(0, 1.0), (60, 4.0), (180, 2.0)]);
        assert_eq!(points("100 * (m1 / SUM(m1)) >= 50"), [(0, 0.0), (60, 1.0), (180, 0.0)]);
    }

    #[test]
    fn filling_choosing_and_rates() {
        assert_eq!(points("FILL(m1, 0)"), [(0, 1.0), (60, 4.0), (120, 0.0), (180, 2.0)]);
        assert_eq!(points("FILL(m1, REPEAT)")[2], (120, 4.0));
        assert_eq!(points("FILL(m1, LINEAR)")[2], (120, 3.0));
        assert_eq!(points("IF(m1 > 1, m1, 9)"), [(0, 9.0), (60, 4.0), (180, 2.0)]);
        assert_eq!(points("IF(m1 > 1, 1)"), [(60, 1.0), (180, 1.0)]);
        assert_eq!(points("RATE(m1)"), [(60, 0.05), (180, -2.0 / 120.0)]);
        assert_eq!(points("RUNNING_SUM(m1)"), [(0, 1.0), (60, 5.0), (180, 7.0)]);
        assert_eq!(points("DAY(m1)")[0], (0, 4.0));
    }

    #[test]
    fn refuses_by_name() {
        assert_eq!(worth("SEARCH('x', 'Sum', 60)"), Err("windtunnel does not implement the function SEARCH of metric math".into()));
        assert_eq!(worth("NOPE(m1)"), Err("NOPE is no function of metric math".into()));
    }
}
