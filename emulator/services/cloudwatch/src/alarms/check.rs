//! What alarms may say, and what is refused by name.

use crate::{check, model::*, query, statistics::Stat};
use kit::{Arn, Fault};

const MOST_ACTIONS: usize = 5;
const DAY: i64 = 86_400;

/// A metric alarm's definition.
pub(super) fn metric_alarm(put: &PutMetricAlarmInput) -> Result<(), Fault> {
    let refused = [
        (put.threshold_metric_id.is_some(), "ThresholdMetricId (anomaly detection)"),
        (put.evaluation_criteria.is_some(), "EvaluationCriteria"),
        (put.evaluation_interval.is_some(), "EvaluationInterval"),
    ];
    if let Some((_, member)) = refused.iter().find(|(given, _)| *given) {
        return Err(check::not_implemented(&format!("{member} of PutMetricAlarm")));
    }
    use ComparisonOperator::*;
    match put.comparison_operator {
        None => return Err(check::validation("ComparisonOperator must be specified.")),
        Some(LessThanLowerOrGreaterThanUpperThreshold | LessThanLowerThreshold | GreaterThanUpperThreshold) => {
            return Err(check::not_implemented("alarms on anomaly detection bands"));
        }
        Some(_) => {}
    }
    if put.threshold.is_none_or(|threshold| !threshold.is_finite()) {
        return Err(check::validation("Threshold must be specified."));
    }
    metric(put)?;
    missing(put)?;
    periods(put)?;
    for list in [&put.ok_actions, &put.alarm_actions, &put.insufficient_data_actions] {
        actions(list.as_deref().unwrap_or_default())?;
    }
    check::tags(put.tags.as_deref().unwrap_or_default())
}

fn metric(put: &PutMetricAlarmInput) -> Result<(), Fault> {
    let queries = put.metrics.as_deref().unwrap_or_default();
    if !queries.is_empty() {
        let own = put.metric_name.is_some() || put.namespace.is_some() || put.statistic.is_some() || put.extended_statistic.is_some();
        if own || put.period.is_some() || put.dimensions.as_ref().is_some_and(|d| !d.is_empty()) {
            return Err(check::validation("MetricName, Namespace, Statistic, Period and Dimensions can't be used together with Metrics."));
        }
        query::check(queries)?;
        if queries.iter().filter(|query| query.return_data != Some(false)).count() != 1 {
            return Err(check::validation("Exactly one element of the metrics list should return data."));
        }
        return Ok(());
    }
    if put.metric_name.is_none() || put.namespace.is_none() {
        return Err(check::validation("Exactly one of Metrics and MetricName with Namespace must be specified."));
    }
    check::dimensions(put.dimensions.as_deref().unwrap_or_default())?;
    match (&put.statistic, &put.extended_statistic) {
        (Some(_), None) => Ok(()),
        (None, Some(name)) if Stat::parse(name).is_some() => Ok(()),
        (None, Some(name)) => Err(check::validation(format!("The value {name} for parameter ExtendedStatistic is not supported."))),
        _ => Err(check::validation("Exactly one of Statistic and ExtendedStatistic must be specified.")),
    }
}

fn missing(put: &PutMetricAlarmInput) -> Result<(), Fault> {
    if put.treat_missing_data.as_deref().is_some_and(|text| !matches!(text, "breaching" | "notBreaching" | "ignore" | "missing")) {
        return Err(check::validation("TreatMissingData must be one of breaching, notBreaching, ignore and missing."));
    }
    match put.evaluate_low_sample_count_percentile.as_deref() {
        None | Some("evaluate") => Ok(()),
        Some("ignore") => Err(check::not_implemented("EvaluateLowSampleCountPercentile=ignore of PutMetricAlarm")),
        Some(_) => Err(check::validation("EvaluateLowSampleCountPercentile must be evaluate or ignore.")),
    }
}

fn periods(put: &PutMetricAlarmInput) -> Result<(), Fault> {
    let Some(count) = put.evaluation_periods.filter(|count| *count >= 1) else {
        return Err(check::validation("EvaluationPeriods must be at least 1."));
    };
    if put.datapoints_to_alarm.is_some_and(|least| least < 1 || least > count) {
        return Err(check::validation("DatapointsToAlarm must be at least 1 and no more than EvaluationPeriods."));
    }
    let period = period(put);
    if put.metrics.as_deref().unwrap_or_default().is_empty() {
        let Some(given) = put.period else { return Err(check::validation("Period must be specified.")) };
        if !(matches!(given, 10 | 20 | 30) || (given > 0 && given % 60 == 0)) {
            return Err(check::validation("Period must be 10, 20, 30 or a multiple of 60."));
        }
    }
    let most = if period >= 3600 { 7 * DAY } else { DAY };
    match period.saturating_mul(i64::from(count)) > most {
        true => Err(check::validation(format!(
            "Metrics cannot be checked across more than {most} seconds (EvaluationPeriods * Period must be <= {most})."
        ))),
        false => Ok(()),
    }
}

/// The period of a metric alarm in seconds: its own, or the longest of its metrics.
pub(crate) fn period(put: &PutMetricAlarmInput) -> i64 {
    let of_queries = put.metrics.iter().flatten().filter_map(|q| q.metric_stat.as_ref().map(|stat| stat.period).or(q.period)).max();
    i64::from(put.period.or(of_queries).unwrap_or(60)).max(1)
}

/// Actions of one state.
pub(super) fn actions(arns: &[String]) -> Result<(), Fault> {
    if arns.len() > MOST_ACTIONS {
        return Err(check::validation(format!("An alarm may have at most {MOST_ACTIONS} actions for a state.")));
    }
    arns.iter().try_for_each(|arn| match Arn::parse(arn) {
        Some(parsed) if matches!(parsed.service, "sns" | "lambda") => Ok(()),
        Some(parsed) if parsed.service == "autoscaling" && parsed.resource.starts_with("scalingPolicy:") => Ok(()),
        Some(parsed) => Err(check::not_implemented(&format!("alarm actions of the service {}", parsed.service))),
        None => Err(check::validation(format!("Invalid arn syntax: {arn}"))),
    })
}
