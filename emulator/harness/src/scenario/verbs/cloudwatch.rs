//! Metrics and alarms.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};
use std::time::Duration;

/// Most points of an answer.
const MOST_POINTS: u64 = 1440;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "cloudwatch.put",
        about: "Puts a metric's value, or several, of this moment.",
        args: &[
            need("namespace", ArgKind::Text, "namespace"),
            need("metric", ArgKind::Text, "name of the metric"),
            may("value", ArgKind::Number, "a number"),
            may("values", ArgKind::List, "numbers"),
            may("dimensions", ArgKind::Map, "names and values"),
            may("unit", ArgKind::Text, "as Count or Milliseconds"),
        ],
        one_of: &["value", "values"],
        local_only: false,
        run: |world, args| Box::pin(put(world, args)),
    },
    Verb {
        name: "cloudwatch.metric",
        about: "Reads a metric. $.values, oldest first, with $.times; $.count of them, $.last and $.sum.",
        args: &[
            need("namespace", ArgKind::Text, "namespace"),
            need("metric", ArgKind::Text, "name of the metric"),
            may("dimensions", ArgKind::Map, "names and values"),
            may("stat", ArgKind::Text, "as Sum, Average, Maximum, SampleCount, p99; Sum unless told"),
            may("period", ArgKind::Duration, "1m unless told"),
            may("last", ArgKind::Duration, "how far back; 1h unless told"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(metric(world, args)),
    },
    Verb {
        name: "alarms.state",
        about: "What an alarm says. $.state (OK, ALARM, INSUFFICIENT_DATA), $.reason, $.since, and $.went: the states that it went into, oldest first.",
        args: &[need("alarm", ArgKind::Text, "name of the alarm")],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(state(world, args)),
    },
];

fn dimensions(args: &Args) -> Result<Vec<Value>, String> {
    Ok(args.texts("dimensions")?.into_iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect())
}

async fn put(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut datum = json!({ "MetricName": args.text("metric")?, "Dimensions": dimensions(&args)? });
    match (args.value("value"), args.value("values")) {
        (Some(value), _) => datum["Value"] = value.clone(),
        (None, values) => datum["Values"] = values.cloned().unwrap_or_default(),
    }
    if let Some(unit) = args.text_if("unit")? {
        datum["Unit"] = unit.into();
    }
    let input = json!({ "Namespace": args.text("namespace")?, "MetricData": [datum] });
    Ok(world.call("cloudwatch", "PutMetricData", &input, None).await)
}

async fn metric(world: &mut World, args: Args) -> Result<Outcome, String> {
    let (period, last) = (args.duration_or("period", "1m")?, args.duration_or("last", "1h")?);
    if period < Duration::from_secs(1) || last.as_secs() / period.as_secs().max(1) > MOST_POINTS {
        return Err(format!("period is a second at least, and {MOST_POINTS} of them at most fit into last"));
    }
    let stat = args.text_if("stat")?.unwrap_or_else(|| "Sum".into());
    let metric = json!({ "Namespace": args.text("namespace")?, "MetricName": args.text("metric")?, "Dimensions": dimensions(&args)? });
    let now = world.cloud().clock().now().secs();
    let query = json!([{ "Id": "m", "MetricStat": { "Metric": metric, "Period": period.as_secs(), "Stat": stat } }]);
    // The end is not part of the time that is asked for, and this period is.
    let end = now - now.rem_euclid(period.as_secs() as i64) + period.as_secs() as i64;
    let input = json!({
        "MetricDataQueries": query, "StartTime": now - last.as_secs() as i64, "EndTime": end, "ScanBy": "TimestampAscending",
    });
    let mut outcome = world.call("cloudwatch", "GetMetricData", &input, None).await;
    if outcome.error.is_none() {
        let told = outcome.value["MetricDataResults"][0].clone();
        let values: Vec<f64> = told["Values"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let sum: f64 = values.iter().sum();
        outcome.value = json!({
            "count": values.len(), "last": values.last(), "sum": plain(sum), "values": values.iter().map(|v| plain(*v)).collect::<Vec<_>>(),
            "times": told["Timestamps"],
        });
    }
    Ok(outcome)
}

/// Whole numbers as such, so that expectations can say 3.
fn plain(value: f64) -> Value {
    match value.fract() == 0.0 && value.abs() < 9e15 {
        true => (value as i64).into(),
        false => value.into(),
    }
}

async fn state(world: &mut World, args: Args) -> Result<Outcome, String> {
    let alarm = args.text("alarm")?;
    // Metrics and composite alarms both.
    let kinds = ["MetricAlarm", "CompositeAlarm"];
    let mut outcome = world.call("cloudwatch", "DescribeAlarms", &json!({ "AlarmNames": [alarm], "AlarmTypes": kinds }), None).await;
    if outcome.error.is_some() {
        return Ok(outcome);
    }
    let found = ["MetricAlarms", "CompositeAlarms"].iter().find_map(|list| outcome.value[*list].get(0)).cloned();
    let found = found.ok_or_else(|| format!("there is no alarm {alarm}"))?;
    let input = json!({ "AlarmName": alarm, "AlarmTypes": kinds, "HistoryItemType": "StateUpdate", "ScanBy": "TimestampAscending" });
    let history = match world.value("cloudwatch", "DescribeAlarmHistory", &input).await {
        Ok(history) => history,
        Err(fault) => return Ok(Outcome::refused(&fault)),
    };
    let went = |item: &Value| {
        let data: Value = serde_json::from_str(item["HistoryData"].as_str()?).ok()?;
        Some(data["newState"]["stateValue"].clone())
    };
    let went: Vec<Value> = history["AlarmHistoryItems"].as_array().into_iter().flatten().filter_map(went).collect();
    outcome.value = json!({
        "state": found["StateValue"], "reason": found["StateReason"], "since": found["StateUpdatedTimestamp"], "went": went,
    });
    Ok(outcome)
}
