//! What topics, functions and EventBridge are told of an alarm, as AWS words it (recorded answers; EventBridge's documentation).

use super::state::Alarm;
use crate::{check, model::*};
use kit::{Scope, Timestamp};
use serde_json::{Map, Value, json};

/// `2019-10-02T17:04:40.985+0000`
pub(crate) fn moment(at: Timestamp) -> String {
    kit::time::iso_millis(at).replace('Z', "+0000")
}

/// `ALARM: "name" in US East (N. Virginia)`
pub(super) fn subject(scope: &Scope, alarm: &Alarm) -> String {
    // SNS refuses longer ones.
    format!("{}: \"{}\" in {}", alarm.state, alarm.name, region_name(&scope.region)).chars().filter(char::is_ascii).take(99).collect()
}

/// The message to a topic.
pub(super) fn for_topic(scope: &Scope, old: &Alarm, new: &Alarm) -> Value {
    let mut message = json!({
        "AlarmName": new.name,
        "AlarmDescription": new.description(),
        "AWSAccountId": &*scope.account,
        "AlarmConfigurationUpdatedTimestamp": moment(new.configured),
        "NewStateValue": new.state.as_str(),
        "NewStateReason": new.reason,
        "StateChangeTime": moment(new.updated),
        "Region": region_name(&scope.region),
        "AlarmArn": new.arn(scope),
        "OldStateValue": old.state.as_str(),
        "ActionExecutedAfterMuteWindow": false,
        "OKActions": new.actions(StateValue::Ok),
        "AlarmActions": new.actions(StateValue::Alarm),
        "InsufficientDataActions": new.actions(StateValue::InsufficientData),
    });
    if let Some(put) = &new.metric {
        message["Trigger"] = trigger(put);
    }
    if let Some(put) = &new.composite {
        message["AlarmRule"] = put.alarm_rule.clone().into();
        let data = new.reason_data.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        message["TriggeringChildren"] = data.and_then(|data| data.get("triggeringAlarms").map(children)).unwrap_or_else(|| json!([]));
    }
    message
}

fn children(alarms: &Value) -> Value {
    let one = |alarm: &Value| {
        json!({
            "Arn": alarm["arn"],
            "State": { "Value": alarm["state"]["value"], "Timestamp": alarm["state"]["timestamp"] },
        })
    };
    alarms.as_array().map(|alarms| alarms.iter().map(one).collect()).unwrap_or_default()
}

fn trigger(put: &PutMetricAlarmInput) -> Value {
    let mut trigger = match &put.metric_name {
        Some(name) => json!({ "MetricName": name, "Namespace": put.namespace }),
        None => json!({ "Metrics": put.metrics.iter().flatten().map(metric_of_topic).collect::<Vec<_>>() }),
    };
    if put.metric_name.is_some() {
        match (&put.statistic, &put.extended_statistic) {
            (Some(statistic), _) => {
                trigger["StatisticType"] = "Statistic".into();
                trigger["Statistic"] = screaming(statistic.as_str()).into();
            }
            (None, extended) => {
                trigger["StatisticType"] = "ExtendedStatistic".into();
                trigger["ExtendedStatistic"] = json!(extended);
            }
        }
        trigger["Unit"] = json!(put.unit.map(StandardUnit::as_str));
        let pair = |d: &Dimension| json!({ "value": d.value, "name": d.name });
        trigger["Dimensions"] = put.dimensions.iter().flatten().map(pair).collect();
    }
    trigger["Period"] = super::check::period(put).into();
    trigger["EvaluationPeriods"] = json!(put.evaluation_periods);
    if let Some(least) = put.datapoints_to_alarm {
        trigger["DatapointsToAlarm"] = least.into();
    }
    trigger["ComparisonOperator"] = json!(put.comparison_operator.map(ComparisonOperator::as_str));
    trigger["Threshold"] = json!(put.threshold);
    trigger["TreatMissingData"] = put.treat_missing_data.as_deref().unwrap_or("missing").into();
    trigger["EvaluateLowSampleCountPercentile"] = put.evaluate_low_sample_count_percentile.as_deref().unwrap_or("").into();
    trigger
}

fn metric_of_topic(query: &MetricDataQuery) -> Value {
    let mut shown = json!({ "Id": query.id, "ReturnData": query.return_data != Some(false) });
    if let Some(text) = &query.expression {
        shown["Expression"] = text.clone().into();
    }
    if let Some(label) = &query.label {
        shown["Label"] = label.clone().into();
    }
    if let Some(stat) = &query.metric_stat {
        let metric = stat.metric.clone().unwrap_or_default();
        let pair = |d: &Dimension| json!({ "value": d.value, "name": d.name });
        shown["MetricStat"] = json!({
            "Metric": {
                "Dimensions": metric.dimensions.iter().flatten().map(pair).collect::<Vec<_>>(),
                "MetricName": metric.metric_name,
                "Namespace": metric.namespace,
            },
            "Period": stat.period,
            "Stat": stat.stat,
        });
    }
    shown
}

/// `SampleCount` -> `SAMPLE_COUNT`
fn screaming(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// The event of a function.
pub(super) fn for_function(scope: &Scope, old: &Alarm, new: &Alarm) -> Value {
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": new.arn(scope),
        "accountId": &*scope.account,
        "time": moment(new.updated),
        "region": &*scope.region,
        "alarmData": alarm_data(old, new),
    })
}

/// The detail of EventBridge's event, which a function gets as well.
pub(super) fn alarm_data(old: &Alarm, new: &Alarm) -> Value {
    json!({
        "alarmName": new.name,
        "state": state(new),
        "previousState": state(old),
        "configuration": configuration(new),
    })
}

fn state(alarm: &Alarm) -> Value {
    let mut shown = json!({ "value": alarm.state.as_str(), "reason": alarm.reason, "timestamp": moment(alarm.updated) });
    if let Some(data) = &alarm.reason_data {
        shown["reasonData"] = data.clone().into();
    }
    shown
}

fn configuration(alarm: &Alarm) -> Value {
    let mut shown = Map::new();
    if let Some(description) = alarm.description() {
        shown.insert("description".into(), description.clone().into());
    }
    if let Some(put) = &alarm.composite {
        shown.insert("alarmRule".into(), put.alarm_rule.clone().into());
    }
    if let Some(put) = &alarm.metric {
        let metrics = match &put.metrics {
            Some(queries) if !queries.is_empty() => queries.iter().map(metric_of_event).collect(),
            _ => vec![metric_of_event(&own_query(put, &own_id(alarm)))],
        };
        shown.insert("metrics".into(), metrics.into());
    }
    shown.into()
}

/// AWS gives the one metric of an alarm a random id; here it follows from the alarm's name, so that a replay says the same.
fn own_id(alarm: &Alarm) -> String {
    let hash = |salt: u64| kit::ids::fnv1a(kit::ids::FNV_BASIS ^ salt, alarm.name.bytes());
    let hex = format!("{:016x}{:016x}", hash(0), hash(0x9e37_79b9));
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

/// The metric of an alarm that names no queries, as a query.
pub(crate) fn own_query(put: &PutMetricAlarmInput, id: &str) -> MetricDataQuery {
    let stat = put.statistic.map(|s| s.as_str().to_owned()).or_else(|| put.extended_statistic.clone());
    let metric = Metric { namespace: put.namespace.clone(), metric_name: put.metric_name.clone(), dimensions: put.dimensions.clone() };
    let stat = MetricStat { metric: Some(metric), period: put.period.unwrap_or(60), stat: stat.unwrap_or_default(), unit: put.unit };
    MetricDataQuery { id: id.to_owned(), metric_stat: Some(stat), return_data: Some(true), ..MetricDataQuery::default() }
}

fn metric_of_event(query: &MetricDataQuery) -> Value {
    let mut shown = Map::new();
    shown.insert("id".into(), query.id.clone().into());
    if let Some(text) = &query.expression {
        shown.insert("expression".into(), text.clone().into());
    }
    if let Some(label) = &query.label {
        shown.insert("label".into(), label.clone().into());
    }
    if let Some(stat) = &query.metric_stat {
        let metric = stat.metric.clone().unwrap_or_default();
        let dimensions: Map<String, Value> = metric.dimensions.into_iter().flatten().map(|d| (d.name, d.value.into())).collect();
        let mut of = json!({
            "metric": { "namespace": metric.namespace, "name": metric.metric_name, "dimensions": dimensions },
            "period": stat.period,
            "stat": stat.stat,
        });
        if let Some(unit) = stat.unit {
            of["unit"] = unit.as_str().into();
        }
        shown.insert("metricStat".into(), of);
    }
    shown.insert("returnData".into(), (query.return_data != Some(false)).into());
    shown.into()
}

/// The region's name in messages; the code where it is not known.
fn region_name(region: &str) -> &str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "ca-central-1" => "Canada (Central)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-west-3" => "EU (Paris)",
        "eu-north-1" => "EU (Stockholm)",
        "eu-south-1" => "EU (Milan)",
        "ap-southeast-1" => "Asia Pacific (Singapore)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-northeast-2" => "Asia Pacific (Seoul)",
        "ap-south-1" => "Asia Pacific (Mumbai)",
        "sa-east-1" => "South America (Sao Paulo)",
        other => other,
    }
}

/// The alarm as history keeps it.
pub(super) fn definition(scope: &Scope, alarm: &Alarm) -> Value {
    let mut shown = json!({
        "alarmName": alarm.name,
        "alarmArn": check::alarm_arn(scope, &alarm.name),
        "actionsEnabled": alarm.enabled,
        "alarmConfigurationUpdatedTimestamp": moment(alarm.configured),
        "stateValue": alarm.state.as_str(),
        "okActions": alarm.actions(StateValue::Ok),
        "alarmActions": alarm.actions(StateValue::Alarm),
        "insufficientDataActions": alarm.actions(StateValue::InsufficientData),
    });
    if let Some(put) = &alarm.metric {
        shown["threshold"] = json!(put.threshold);
        shown["evaluationPeriods"] = json!(put.evaluation_periods);
        shown["comparisonOperator"] = json!(put.comparison_operator.map(ComparisonOperator::as_str));
        shown["metricName"] = json!(put.metric_name);
        shown["namespace"] = json!(put.namespace);
        shown["period"] = json!(put.period);
    }
    if let Some(put) = &alarm.composite {
        shown["alarmRule"] = put.alarm_rule.clone().into();
    }
    shown
}
