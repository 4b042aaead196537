//! GetMetricStatistics: one metric, some statistics of it, by period.

mod stat;

pub(crate) use stat::Stat;

use crate::{
    CloudWatch, check,
    model::*,
    points::{self, MetricId, Span},
    stats::Stats,
};
use kit::{Context, Fault, Timestamp};
use std::collections::BTreeMap;

/// Datapoints an answer may have.
const MOST_DATAPOINTS: i64 = 1440;

impl CloudWatch {
    /// Statistics of a metric. Each unit has datapoints of its own unless one is asked for.
    pub async fn get_metric_statistics(&self, cx: &Context, input: GetMetricStatisticsInput) -> Result<GetMetricStatisticsOutput, Fault> {
        let simple = input.statistics.unwrap_or_default();
        let extended = input.extended_statistics.unwrap_or_default();
        if simple.is_empty() && extended.is_empty() {
            return Err(Error::MissingRequiredParameter.says("Must specify either Statistics or ExtendedStatistics"));
        }
        let extended = extended.into_iter().map(named).collect::<Result<Vec<_>, Fault>>()?;
        let span = span(cx, input.start_time, input.end_time, input.period)?;
        self.emission.write(cx).await?;
        let id = MetricId::new(&input.namespace, &input.metric_name, input.dimensions.as_deref().unwrap_or_default());
        let periods = cx.store().read(|s| points::read(s, cx.scope(), &id, input.unit, span, cx.now()))?;
        let mut datapoints = Vec::new();
        for (start, units) in periods {
            datapoints.extend(units.iter().map(|(unit, stats)| datapoint(start, unit, stats, &simple, &extended)));
        }
        Ok(GetMetricStatisticsOutput { label: Some(input.metric_name), datapoints: Some(datapoints) })
    }
}

fn named(name: String) -> Result<(String, Stat), Fault> {
    match Stat::parse(&name) {
        Some(stat @ (Stat::Percentile(_) | Stat::Trimmed(..))) => Ok((name, stat)),
        _ => Err(check::value(format!("The value {name} for parameter ExtendedStatistics is not supported."))),
    }
}

fn datapoint(start: i64, unit: &str, stats: &Stats, simple: &[Statistic], extended: &[(String, Stat)]) -> Datapoint {
    let of = |wanted: Statistic| simple.contains(&wanted).then(|| Stat::Simple(wanted).of(stats)).flatten();
    let more: BTreeMap<String, f64> = extended.iter().filter_map(|(name, stat)| Some((name.clone(), stat.of(stats)?))).collect();
    Datapoint {
        timestamp: Some(Timestamp::from_secs(start)),
        sample_count: of(Statistic::SampleCount),
        average: of(Statistic::Average),
        sum: of(Statistic::Sum),
        minimum: of(Statistic::Minimum),
        maximum: of(Statistic::Maximum),
        unit: StandardUnit::parse(unit),
        extended_statistics: (!extended.is_empty()).then_some(more),
    }
}

fn span(cx: &Context, start: Timestamp, end: Timestamp, period: i32) -> Result<Span, Fault> {
    check::period("Period", period)?;
    if start >= end {
        return Err(check::value("The parameter StartTime must be less than the parameter EndTime."));
    }
    let asked = (end.secs() - start.secs()) / i64::from(period);
    if asked > MOST_DATAPOINTS {
        return Err(Error::InvalidParameterCombination.says(format!(
            "You have requested up to {asked} datapoints, which exceeds the limit of {MOST_DATAPOINTS}. You may reduce the datapoints \
             requested by increasing Period, or decreasing the time range."
        )));
    }
    Ok(rounded(start, end, i64::from(period), cx.now()))
}

/// Rounds the start down as AWS documents it: to the period below a minute, else to the minute, older ones to five minutes and to the hour.
pub(crate) fn rounded(start: Timestamp, end: Timestamp, period: i64, now: Timestamp) -> Span {
    const DAY: i64 = 86_400;
    let age = now.secs() - start.secs();
    let step = match age {
        age if age > 63 * DAY => 3600,
        age if age > 15 * DAY => 300,
        _ => period.min(60),
    };
    // The end is exclusive, but for the part of its second.
    let end = end.secs() + i64::from(end.unix_ns.rem_euclid(1_000_000_000) != 0);
    Span { start: start.secs() - start.secs().rem_euclid(step), end, period }
}
