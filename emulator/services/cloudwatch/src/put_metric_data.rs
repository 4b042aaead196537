//! PutMetricData: what customers measure, written before it is acknowledged.

use crate::{
    CloudWatch, check,
    model::*,
    points::{self, MetricId},
    stats::Stats,
};
use kit::{Context, Fault};

const MOST_DATA: usize = 1000;
const MOST_VALUES: usize = 150;
/// How far a datum's time may lie behind and before now, in seconds.
const OLDEST: i64 = 14 * 86_400;
const NEWEST: i64 = 2 * 3600;

/// A datum that was checked.
struct Checked {
    id: MetricId,
    at: i64,
    resolution: u32,
    unit: StandardUnit,
    stats: Stats,
}

impl CloudWatch {
    /// Takes up to 1,000 data of a namespace, all or none.
    pub async fn put_metric_data(&self, cx: &Context, input: PutMetricDataInput) -> Result<PutMetricDataOutput, Fault> {
        if input.entity_metric_data.is_some_and(|data| !data.is_empty()) {
            return Err(check::not_implemented("EntityMetricData of PutMetricData"));
        }
        let data = input.metric_data.unwrap_or_default();
        if data.is_empty() {
            return Err(Error::MissingRequiredParameter.says("The parameter MetricData is required."));
        }
        if input.namespace.starts_with("AWS/") && input.namespace != "AWS/" {
            return Err(check::value("The value AWS/ for parameter Namespace is invalid."));
        }
        if data.len() > MOST_DATA {
            return Err(check::value(format!("The collection MetricData must not have a size greater than {MOST_DATA}.")));
        }
        let checked = data.into_iter().enumerate().map(|(index, datum)| check(cx, &input.namespace, index + 1, datum));
        let checked = checked.collect::<Result<Vec<_>, Fault>>()?;
        let now = cx.now();
        cx.store()
            .write(|tx| {
                checked.iter().try_for_each(|datum| {
                    points::put(tx, cx.scope(), now, &datum.id, (datum.resolution, datum.at), datum.unit, &datum.stats)
                })
            })
            .await?;
        Ok(PutMetricDataOutput {})
    }
}

fn check(cx: &Context, namespace: &str, number: usize, datum: MetricDatum) -> Result<Checked, Fault> {
    let path = format!("MetricData.member.{number}");
    let dimensions = datum.dimensions.as_deref().unwrap_or_default();
    check::dimensions(dimensions)?;
    let now = cx.now().secs();
    let at = datum.timestamp.map_or(now, |at| at.secs());
    if at < now - OLDEST || at > now + NEWEST {
        return Err(check::value(format!(
            "The parameter {path}.Timestamp must specify a time within the past two weeks and no more than two hours in the future."
        )));
    }
    let resolution = match datum.storage_resolution {
        None | Some(60) => 60,
        Some(1) => 1,
        Some(_) => return Err(check::value(format!("The value for parameter {path}.StorageResolution must be 1 or 60."))),
    };
    Ok(Checked {
        id: MetricId::new(namespace, &datum.metric_name, dimensions),
        at,
        resolution,
        unit: datum.unit.unwrap_or(StandardUnit::None),
        stats: stats(&path, &datum)?,
    })
}

fn stats(path: &str, datum: &MetricDatum) -> Result<Stats, Fault> {
    let both = |one: &str, other: &str| {
        Error::InvalidParameterCombination
            .says(format!("The parameters {path}.{one} and {path}.{other} are mutually exclusive and you have specified both."))
    };
    match (&datum.value, &datum.values, &datum.statistic_values) {
        (Some(_), Some(_), _) => Err(both("Value", "Values")),
        (Some(_), _, Some(_)) => Err(both("Value", "StatisticValues")),
        (_, Some(_), Some(_)) => Err(both("Values", "StatisticValues")),
        (Some(value), None, None) => number(path, "Value", *value).map(|value| Stats::of(value, 1.0)),
        (None, Some(values), None) => list(path, values, datum.counts.as_deref()),
        (None, None, Some(set)) => of_set(path, set),
        (None, None, None) => Err(Error::MissingRequiredParameter
            .says(format!("At least one of the parameters {path}.Value, {path}.Values or {path}.StatisticValues must be specified."))),
    }
}

fn list(path: &str, values: &[f64], counts: Option<&[f64]>) -> Result<Stats, Fault> {
    if counts.is_some_and(|counts| counts.len() != values.len()) {
        return Err(check::value(format!("The parameters {path}.Values and {path}.Counts must be of the same size.")));
    }
    if values.is_empty() || values.len() > MOST_VALUES {
        return Err(check::value(format!("The collection {path}.Values must have between 1 and {MOST_VALUES} values.")));
    }
    let mut stats = Stats::default();
    for (index, value) in values.iter().enumerate() {
        let count = counts.map_or(1.0, |counts| counts[index]);
        if !(count.is_finite() && count > 0.0) {
            return Err(check::value(format!("The values of {path}.Counts must be greater than 0.")));
        }
        stats.add(number(path, "Values", *value)?, count);
    }
    Ok(stats)
}

fn of_set(path: &str, set: &StatisticSet) -> Result<Stats, Fault> {
    for value in [set.sample_count, set.sum, set.minimum, set.maximum] {
        number(path, "StatisticValues", value)?;
    }
    if set.sample_count <= 0.0 {
        return Err(check::value(format!("The parameter {path}.StatisticValues.SampleCount must be greater than 0.")));
    }
    if set.minimum > set.maximum {
        return Err(check::value(format!(
            "The parameter {path}.StatisticValues.Maximum must be greater than or equal to {path}.StatisticValues.Minimum."
        )));
    }
    Ok(Stats::of_set(set.sample_count, set.sum, set.minimum, set.maximum))
}

/// What CloudWatch takes for a number: neither infinite nor beyond 2^360.
fn number(path: &str, name: &str, value: f64) -> Result<f64, Fault> {
    match value.is_finite() && value.abs() <= 2f64.powi(360) {
        true => Ok(value),
        false => Err(check::value(format!("The value {value} for parameter {path}.{name} is invalid."))),
    }
}
