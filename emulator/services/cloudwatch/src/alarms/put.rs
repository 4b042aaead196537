//! PutMetricAlarm and PutCompositeAlarm: an alarm is made, or gets another definition and keeps its state.

use super::{check, composite, history, rule, state::*};
use crate::{CloudWatch, check as rules, evaluation, model::*, tags};
use kit::{Context, Fault, Read, Scope, Tx};

/// AWS's quota of a region.
const MOST_ALARMS: usize = 5000;

impl CloudWatch {
    /// Makes or changes an alarm on a metric or on metric math.
    pub async fn put_metric_alarm(&self, cx: &Context, mut input: PutMetricAlarmInput) -> Result<PutMetricAlarmOutput, Fault> {
        check::metric_alarm(&input)?;
        let given = input.tags.take().unwrap_or_default();
        cx.store()
            .write(|tx| {
                let enabled = input.actions_enabled.unwrap_or(true);
                let alarm = put(tx, cx, input.alarm_name.clone(), enabled, &given, |alarm| {
                    if alarm.composite.is_some() {
                        return Err(rules::validation(format!("A composite alarm with the name {} exists.", alarm.name)));
                    }
                    alarm.metric = Some(input);
                    Ok(())
                })?;
                evaluation::plan(tx, cx.scope(), &alarm, evaluation::next(&alarm, cx.now()))
            })
            .await?;
        Ok(PutMetricAlarmOutput {})
    }

    /// Makes or changes an alarm on other alarms.
    pub async fn put_composite_alarm(&self, cx: &Context, mut input: PutCompositeAlarmInput) -> Result<PutCompositeAlarmOutput, Fault> {
        let suppressed = input.actions_suppressor.is_some() || input.actions_suppressor_wait_period.is_some();
        if suppressed || input.actions_suppressor_extension_period.is_some() {
            return Err(rules::not_implemented("ActionsSuppressor of PutCompositeAlarm"));
        }
        for list in [&input.ok_actions, &input.alarm_actions, &input.insufficient_data_actions] {
            check::actions(list.as_deref().unwrap_or_default())?;
        }
        let parsed = rule::parse(&input.alarm_rule).map_err(|problem| match problem.strip_prefix("refused: ") {
            Some(what) => rules::not_implemented(what),
            None => rules::validation(format!("AlarmRule is not valid: {problem}.")),
        })?;
        let given = input.tags.take().unwrap_or_default();
        rules::tags(&given)?;
        cx.store()
            .write(|tx| {
                if let Some(missing) = missing(tx, cx.scope(), &parsed.names())? {
                    return Err(rules::validation(format!(
                        "Could not save the composite alarm as alarms [{missing}] in the alarm rule do not exist"
                    )));
                }
                let enabled = input.actions_enabled.unwrap_or(true);
                let alarm = put(tx, cx, input.alarm_name.clone(), enabled, &given, |alarm| {
                    if alarm.metric.is_some() {
                        return Err(rules::validation(format!("A metric alarm with the name {} exists.", alarm.name)));
                    }
                    alarm.composite = Some(input);
                    Ok(())
                })?;
                composite::plan(tx, cx.scope(), &alarm.name, None);
                Ok(())
            })
            .await?;
        Ok(PutCompositeAlarmOutput {})
    }
}

fn missing(tx: &Tx<'_>, scope: &Scope, names: &[String]) -> Result<Option<String>, Fault> {
    for name in names {
        if !exists(tx, scope, name)? {
            return Ok(Some(name.clone()));
        }
    }
    Ok(None)
}

fn put(
    tx: &mut Tx<'_>,
    cx: &Context,
    name: String,
    enabled: bool,
    given: &[Tag],
    define: impl FnOnce(&mut Alarm) -> Result<(), Fault>,
) -> Result<Alarm, Fault> {
    let (scope, now) = (cx.scope(), cx.now());
    let old = tx.get(&ALARMS, scope, &name)?;
    if old.is_none() && tx.count(&ALARMS, scope)? >= MOST_ALARMS {
        return Err(Error::LimitExceededFault.says(format!("At most {MOST_ALARMS} alarms are allowed.")));
    }
    let fresh = Alarm {
        name: name.clone(),
        metric: None,
        composite: None,
        enabled,
        configured: now,
        state: StateValue::InsufficientData,
        reason: FIRST_REASON.into(),
        reason_data: None,
        updated: now,
        transitioned: now,
    };
    let is_new = old.is_none();
    let mut alarm = old.unwrap_or(fresh);
    define(&mut alarm)?;
    (alarm.enabled, alarm.configured) = (enabled, now);
    tx.put(&ALARMS, scope, &name, &alarm)?;
    // Tags of an update have no effect, as AWS documents it.
    if is_new && !given.is_empty() {
        tags::put(tx, scope, &alarm.arn(scope), given)?;
    }
    history::configured(tx, scope, &alarm, if is_new { "Create" } else { "Update" }, now)?;
    Ok(alarm)
}
