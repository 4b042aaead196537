//! Metric alarms on the clock: looked at every minute (every ten seconds where the period is shorter than a minute) while there are data in
//! their range, asleep while there are none; new data wake them.
//!
//! AWS looks at every alarm every minute for ever. One without data would come to the same answer each time, so that its sleep is not seen.

use crate::{
    CloudWatch,
    alarms::{self, ALARMS, Alarm, News},
    judge::Question,
    model::*,
    points::Span,
    query::{self, Line},
};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The task that looks at an alarm.
pub(crate) const KIND: &str = "evaluate";

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Look {
    name: String,
}

fn key(scope: &Scope, name: &str) -> String {
    format!("{}/{}/{name}", scope.account, scope.region)
}

/// Seconds between two looks.
fn step(alarm: &Alarm) -> i64 {
    let short = alarm.metric.as_ref().is_some_and(|put| alarms::period(put) < 60);
    if short { 10 } else { 60 }
}

/// The next look after a moment.
pub(crate) fn next(alarm: &Alarm, after: Timestamp) -> Timestamp {
    let step = step(alarm);
    Timestamp::from_secs((after.secs().div_euclid(step) + 1) * step)
}

/// Plans a look, unless one is planned that comes no later. One that is under way does not count: it may have read before.
pub(crate) fn plan(tx: &mut Tx<'_>, scope: &Scope, alarm: &Alarm, due: Timestamp) -> Result<(), Fault> {
    let key = key(scope, &alarm.name);
    let before = due.plus_ns(-i128::from(step(alarm)) * 1_000_000_000);
    for task in tx.tasks_keyed("cloudwatch", KIND, &key) {
        if task.due > before && task.due <= due {
            return Ok(());
        }
        if task.due > due {
            tx.cancel(&task.id);
        }
    }
    tx.task(NewTask::new(scope, "cloudwatch", KIND, &Look { name: alarm.name.clone() }).at(due).key(key));
    Ok(())
}

/// Takes the looks of a deleted alarm away.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, name: &str) {
    tx.cancel_keyed("cloudwatch", KIND, &key(scope, name));
}

/// Wakes the alarms that look at a metric, for a point that begins at `start`.
pub(crate) fn wake(tx: &mut Tx<'_>, scope: &Scope, now: Timestamp, namespace: &str, name: &str, start: i64) -> Result<(), Fault> {
    let rows = tx.by_index(&ALARMS, scope, "metric", &(namespace, name));
    let found = rows.map(|row| row.map(|(_, alarm)| alarm)).collect::<Result<Vec<Alarm>, Fault>>()?;
    for alarm in found {
        // What services tell of a minute is written as the minute ends: that is the moment of the look.
        let from = now.max(Timestamp::from_secs(start)).plus_ns(-1);
        plan(tx, scope, &alarm, next(&alarm, from))?;
    }
    Ok(())
}

impl CloudWatch {
    /// Looks at an alarm.
    pub(crate) async fn evaluate(&self, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
        let look: Look = task.payload()?;
        self.emission.write(cx).await?;
        let (scope, now) = (&task.scope, cx.now());
        cx.store()
            .write(|tx| {
                // Gone with the alarm, or taken away by a change of it.
                if tx.task_row(&task.id).is_none() {
                    return Ok(());
                }
                let Some(alarm) = tx.get(&ALARMS, scope, &look.name)? else { return Ok(()) };
                let Some(put) = &alarm.metric else { return Ok(()) };
                let seen = Seen::of(tx, scope, &alarm, put, now)?;
                let stays_awake = !seen.empty;
                let verdict = question(put).judge(&seen.points());
                match verdict {
                    Some(verdict) if verdict.state != alarm.state => {
                        let data = seen.data(put, now);
                        let news = News { state: verdict.state, reason: verdict.reason, data: Some(data), at: now, value: seen.newest() };
                        alarms::change(tx, cx, scope, &alarm, news)?;
                    }
                    _ => alarms::repeat_scaling(tx, scope, &alarm, seen.newest()),
                }
                if stays_awake { plan(tx, scope, &alarm, next(&alarm, now)) } else { Ok(()) }
            })
            .await
    }
}

/// What a look sees.
struct Seen {
    line: Line,
    /// Starts of the periods of the evaluation range, newest first.
    starts: Vec<i64>,
    /// No metric has anything in the range or after it.
    empty: bool,
}

impl Seen {
    fn of(tx: &Tx<'_>, scope: &Scope, alarm: &Alarm, put: &PutMetricAlarmInput, now: Timestamp) -> Result<Seen, Fault> {
        let (period, step) = (alarms::period(put), step(alarm));
        let count = i64::from(put.evaluation_periods.unwrap_or(1));
        // AWS looks at a few periods more than it evaluates; points of a minute have to be seen by shorter periods, too.
        let range = count + 2.max(60 / period);
        let end = now.secs().div_euclid(step) * step;
        let start = end - period * range;
        let queries = match put.metrics.as_deref() {
            Some(queries) if !queries.is_empty() => queries.to_vec(),
            _ => vec![alarms::own_query(put, "m1")],
        };
        let span = |own: i64| Span { start: end - (period * range / own).max(1) * own, end, period: own };
        let mut lines = query::run(tx, scope, &queries, &span, now)?;
        let ahead = |own: i64| Span { start: end, end: end + 3 * 3600, period: own };
        let mut inputs = queries.clone();
        inputs.retain(|query| query.metric_stat.is_some());
        let empty = |lines: &[Line]| lines.iter().filter(|line| !line.id.is_empty()).all(|line| line.samples.is_empty());
        let is_empty = empty(&lines) && empty(&query::run(tx, scope, &inputs, &ahead, now)?);
        let at = lines.iter().position(|line| line.returned);
        let line = at.map(|at| lines.swap_remove(at)).unwrap_or_default();
        let starts = (0..range).map(|n| end - (n + 1) * period).take_while(|at| *at >= start).collect();
        Ok(Seen { line, starts, empty: is_empty })
    }

    fn points(&self) -> Vec<(String, Option<f64>)> {
        self.starts.iter().map(|at| (short(*at), self.line.values.get(at).copied())).collect()
    }

    fn newest(&self) -> Option<f64> {
        self.line.values.last_key_value().map(|(_, value)| *value)
    }

    /// StateReasonData.
    fn data(&self, put: &PutMetricAlarmInput, now: Timestamp) -> Value {
        let count = put.evaluation_periods.unwrap_or(1).max(1) as usize;
        let real: Vec<i64> = self.starts.iter().copied().filter(|at| self.line.values.contains_key(at)).take(count).collect();
        let mut data = json!({ "version": "1.0", "queryDate": alarms::moment(now) });
        if let Some(first) = real.last() {
            data["startDate"] = alarms::moment(Timestamp::from_secs(*first)).into();
        }
        if let Some(unit) = put.unit {
            data["unit"] = unit.as_str().into();
        }
        let statistic = put.statistic.map(|s| s.as_str().to_owned()).or_else(|| put.extended_statistic.clone());
        if let Some(statistic) = statistic {
            data["statistic"] = statistic.into();
        }
        data["period"] = alarms::period(put).into();
        data["recentDatapoints"] = real.iter().rev().map(|at| self.line.values[at]).collect();
        data["threshold"] = json!(put.threshold);
        let shown = if real.is_empty() { self.starts.iter().copied().take(count).collect() } else { real };
        data["evaluatedDatapoints"] = shown.iter().map(|at| self.datapoint(*at)).collect();
        data
    }

    fn datapoint(&self, at: i64) -> Value {
        let mut shown = json!({ "timestamp": alarms::moment(Timestamp::from_secs(at)) });
        if let Some(samples) = self.line.samples.get(&at) {
            shown["sampleCount"] = json!(samples);
        }
        if let Some(value) = self.line.values.get(&at) {
            shown["value"] = json!(value);
        }
        shown
    }
}

fn question(put: &PutMetricAlarmInput) -> Question<'_> {
    Question {
        operator: put.comparison_operator.unwrap_or_default(),
        threshold: put.threshold.unwrap_or_default(),
        periods: put.evaluation_periods.unwrap_or(1).max(1) as usize,
        to_alarm: put.datapoints_to_alarm.map(|least| least.max(1) as usize),
        missing: put.treat_missing_data.as_deref().unwrap_or("missing"),
    }
}

/// `02/10/19 16:59:00`: day, month, year.
fn short(at: i64) -> String {
    let text = kit::time::iso_secs(Timestamp::from_secs(at));
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}/{}/{} {}", part(8, 10), part(5, 7), part(2, 4), part(11, 19))
}
