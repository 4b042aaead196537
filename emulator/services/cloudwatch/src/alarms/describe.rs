//! DescribeAlarms and DescribeAlarmsForMetric.

use super::state::*;
use crate::{CloudWatch, check, model::*, points::MetricId};
use kit::{Context, Fault, Read};

impl CloudWatch {
    /// Alarms by name, prefix, type, state, action or kinship. Composite alarms only where their type is asked for, or by name and kin.
    pub async fn describe_alarms(&self, cx: &Context, input: DescribeAlarmsInput) -> Result<DescribeAlarmsOutput, Fault> {
        let names = input.alarm_names.clone().unwrap_or_default();
        if !names.is_empty() && input.alarm_name_prefix.is_some() {
            return Err(check::validation("AlarmNames and AlarmNamePrefix can't be used together."));
        }
        let types = input.alarm_types.clone().filter(|types| !types.is_empty()).unwrap_or_else(|| vec![AlarmType::MetricAlarm]);
        let scope = cx.scope();
        let kin = cx.store().read(|s| -> Result<Option<Vec<String>>, Fault> {
            if let Some(parent) = &input.children_of_alarm_name {
                return Ok(Some(alarm(s, scope, parent)?.children()));
            }
            let Some(child) = &input.parents_of_alarm_name else { return Ok(None) };
            let parents = s.by_index(&ALARMS, scope, "child", &(child.as_str(),)).map(|row| row.map(|(name, _)| name));
            parents.collect::<Result<Vec<_>, Fault>>().map(Some)
        })?;
        let prefix = input.alarm_name_prefix.as_deref().unwrap_or("");
        let rows = cx.store().read(|s| s.scan(&ALARMS, scope).text_prefix(prefix).collect::<Result<Vec<_>, Fault>>())?;
        let states = [StateValue::Ok, StateValue::Alarm, StateValue::InsufficientData];
        let fits = |alarm: &Alarm| {
            let related = kin.as_ref().is_none_or(|kin| kin.contains(&alarm.name));
            let acts = |prefix: &String| states.iter().flat_map(|s| alarm.actions(*s)).any(|action| action.starts_with(prefix.as_str()));
            related
                && (kin.is_some() || types.contains(&alarm.kind()))
                && (names.is_empty() || names.contains(&alarm.name))
                && input.state_value.is_none_or(|state| alarm.state == state)
                && input.action_prefix.as_ref().is_none_or(acts)
        };
        let found = rows.into_iter().map(|(_, alarm)| alarm).filter(fits);
        let limit = input.max_records.map_or(50, |most| most.clamp(1, 100) as usize).max(names.len().min(100));
        let page = kit::pages::page(found, |alarm| alarm.name.clone(), input.next_token.as_deref(), limit, check::bad_token)?;
        Ok(DescribeAlarmsOutput {
            composite_alarms: Some(page.items.iter().filter_map(|alarm| alarm.shown_composite(scope)).collect()),
            metric_alarms: Some(page.items.iter().filter_map(|alarm| alarm.shown(scope)).collect()),
            next_token: page.next,
        })
    }

    /// Metric alarms that look at a metric.
    pub async fn describe_alarms_for_metric(
        &self,
        cx: &Context,
        input: DescribeAlarmsForMetricInput,
    ) -> Result<DescribeAlarmsForMetricOutput, Fault> {
        let scope = cx.scope();
        let key = (input.namespace.as_str(), input.metric_name.as_str());
        let rows = cx.store().read(|s| s.by_index(&ALARMS, scope, "metric", &key).collect::<Result<Vec<_>, Fault>>())?;
        let wanted = MetricId::new(&input.namespace, &input.metric_name, input.dimensions.as_deref().unwrap_or_default());
        let fits = |put: &PutMetricAlarmInput| {
            let own = MetricId::new(&input.namespace, &input.metric_name, put.dimensions.as_deref().unwrap_or_default());
            put.metric_name.is_some()
                && own == wanted
                && input.statistic.is_none_or(|statistic| put.statistic == Some(statistic))
                && input.extended_statistic.as_ref().is_none_or(|name| put.extended_statistic.as_ref() == Some(name))
                && input.period.is_none_or(|period| put.period == Some(period))
                && input.unit.is_none_or(|unit| put.unit == Some(unit))
        };
        let found = rows.iter().filter(|(_, alarm)| alarm.metric.as_ref().is_some_and(fits));
        Ok(DescribeAlarmsForMetricOutput { metric_alarms: Some(found.filter_map(|(_, alarm)| alarm.shown(scope)).collect()) })
    }
}
