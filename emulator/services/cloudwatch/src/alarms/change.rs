//! A change of an alarm's state: written with its history, told to EventBridge, to composite alarms and to its actions, in one transaction.

use super::{actions, composite, history, notice, state::*};
use crate::model::StateValue;
use kit::ports::ServiceEvent;
use kit::{Context, Fault, Read, Scope, Timestamp, Tx};
use serde_json::Value;

/// The state that an alarm goes into.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub state: StateValue,
    pub reason: String,
    pub data: Option<Value>,
    pub at: Timestamp,
    /// The newest value that was looked at.
    pub value: Option<f64>,
}

/// Puts an alarm into a state. The same state again changes its reason only, and nobody is told.
pub(crate) fn change(tx: &mut Tx<'_>, cx: &Context, scope: &Scope, old: &Alarm, news: News) -> Result<(), Fault> {
    let mut alarm = old.clone();
    alarm.state = news.state;
    alarm.reason = news.reason;
    alarm.reason_data = news.data.as_ref().map(Value::to_string);
    alarm.updated = news.at;
    if alarm.state == old.state {
        return tx.put(&ALARMS, scope, &alarm.name, &alarm);
    }
    alarm.transitioned = news.at;
    tx.put(&ALARMS, scope, &alarm.name, &alarm)?;
    history::changed(tx, scope, old, &alarm, news.at)?;
    tell_bus(tx, &cx.in_scope(scope.clone()), old, &alarm)?;
    let parents: Vec<String> =
        tx.by_index(&ALARMS, scope, "child", &(alarm.name.as_str(),)).map(|row| row.map(|(name, _)| name)).collect::<Result<_, Fault>>()?;
    for parent in parents {
        composite::plan(tx, scope, &parent, Some(&alarm));
    }
    if alarm.enabled {
        actions::plan(tx, scope, old, &alarm, news.value);
    }
    Ok(())
}

fn tell_bus(tx: &mut Tx<'_>, cx: &Context, old: &Alarm, new: &Alarm) -> Result<(), Fault> {
    // A build without EventBridge has nobody to tell.
    let Ok(events) = cx.cloud().ports().events() else { return Ok(()) };
    let event = ServiceEvent {
        source: "aws.cloudwatch".into(),
        detail_type: "CloudWatch Alarm State Change".into(),
        resources: vec![new.arn(cx.scope())],
        detail: notice::alarm_data(old, new),
    };
    events.emit(tx, cx, event)
}
