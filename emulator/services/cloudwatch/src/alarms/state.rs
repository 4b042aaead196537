//! What is kept of alarms: their definition as it was put, and their state.

use super::rule;
use crate::{check, model::*};
use kit::store::key_bytes;
use kit::{Fault, Index, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};

/// Alarms by name, found by the metrics that they look at and by the alarms that they are made of.
pub(crate) const ALARMS: Table<String, Alarm> = Table::new("cloudwatch.alarms", TableScope::Region).indexes(&[
    Index { name: "metric", keys: |alarm: &Alarm| alarm.metrics().iter().map(key_bytes).collect() },
    Index { name: "child", keys: |alarm: &Alarm| alarm.children().into_iter().map(|name| key_bytes(&(name,))).collect() },
]);

/// The reason of every alarm's first state.
pub(crate) const FIRST_REASON: &str = "Unchecked: Initial alarm creation";

/// An alarm: one of `metric` and `composite` is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Alarm {
    pub name: String,
    #[serde(with = "wire::kept")]
    pub metric: Option<PutMetricAlarmInput>,
    #[serde(with = "wire::kept")]
    pub composite: Option<PutCompositeAlarmInput>,
    pub enabled: bool,
    pub configured: Timestamp,
    pub state: StateValue,
    pub reason: String,
    pub reason_data: Option<String>,
    pub updated: Timestamp,
    pub transitioned: Timestamp,
}

impl Alarm {
    pub fn arn(&self, scope: &Scope) -> String {
        check::alarm_arn(scope, &self.name)
    }
    pub fn description(&self) -> Option<&String> {
        match (&self.metric, &self.composite) {
            (Some(metric), _) => metric.alarm_description.as_ref(),
            (_, Some(composite)) => composite.alarm_description.as_ref(),
            _ => None,
        }
    }
    /// ARNs of what to do on entering a state.
    pub fn actions(&self, state: StateValue) -> &[String] {
        let lists = match (&self.metric, &self.composite) {
            (Some(put), _) => (&put.ok_actions, &put.alarm_actions, &put.insufficient_data_actions),
            (_, Some(put)) => (&put.ok_actions, &put.alarm_actions, &put.insufficient_data_actions),
            _ => return &[],
        };
        let list = match state {
            StateValue::Ok => lists.0,
            StateValue::Alarm => lists.1,
            StateValue::InsufficientData => lists.2,
        };
        list.as_deref().unwrap_or_default()
    }
    pub fn kind(&self) -> AlarmType {
        if self.composite.is_some() { AlarmType::CompositeAlarm } else { AlarmType::MetricAlarm }
    }
    /// Namespace and name of each metric that it looks at.
    pub fn metrics(&self) -> Vec<(String, String)> {
        let Some(put) = &self.metric else { return Vec::new() };
        let own = put.namespace.clone().zip(put.metric_name.clone());
        let queries = put.metrics.as_deref().unwrap_or_default().iter();
        let of = |query: &MetricDataQuery| {
            let metric = query.metric_stat.as_ref()?.metric.as_ref()?;
            metric.namespace.clone().zip(metric.metric_name.clone())
        };
        let mut all: Vec<(String, String)> = own.into_iter().chain(queries.filter_map(of)).collect();
        all.sort();
        all.dedup();
        all
    }
    /// Names of the alarms that a composite alarm's rule is about.
    pub fn children(&self) -> Vec<String> {
        let rule = self.composite.as_ref().and_then(|put| rule::parse(&put.alarm_rule).ok());
        rule.map(|rule| rule.names()).unwrap_or_default()
    }

    /// As DescribeAlarms shows a metric alarm.
    pub fn shown(&self, scope: &Scope) -> Option<MetricAlarm> {
        let put = self.metric.clone()?;
        let list = |list: Option<Vec<String>>| Some(list.unwrap_or_default());
        Some(MetricAlarm {
            alarm_name: Some(self.name.clone()),
            alarm_arn: Some(self.arn(scope)),
            alarm_description: put.alarm_description,
            alarm_configuration_updated_timestamp: Some(self.configured),
            actions_enabled: Some(self.enabled),
            ok_actions: list(put.ok_actions),
            alarm_actions: list(put.alarm_actions),
            insufficient_data_actions: list(put.insufficient_data_actions),
            state_value: Some(self.state),
            state_reason: Some(self.reason.clone()),
            state_reason_data: self.reason_data.clone(),
            state_updated_timestamp: Some(self.updated),
            state_transitioned_timestamp: Some(self.transitioned),
            metric_name: put.metric_name,
            namespace: put.namespace,
            statistic: put.statistic,
            extended_statistic: put.extended_statistic,
            dimensions: Some(put.dimensions.unwrap_or_default()),
            period: put.period,
            unit: put.unit,
            evaluation_periods: put.evaluation_periods,
            datapoints_to_alarm: put.datapoints_to_alarm,
            threshold: put.threshold,
            comparison_operator: put.comparison_operator,
            treat_missing_data: put.treat_missing_data,
            evaluate_low_sample_count_percentile: put.evaluate_low_sample_count_percentile,
            metrics: put.metrics.filter(|metrics| !metrics.is_empty()),
            ..MetricAlarm::default()
        })
    }

    /// As DescribeAlarms shows a composite alarm.
    pub fn shown_composite(&self, scope: &Scope) -> Option<CompositeAlarm> {
        let put = self.composite.clone()?;
        let list = |list: Option<Vec<String>>| Some(list.unwrap_or_default());
        Some(CompositeAlarm {
            alarm_name: Some(self.name.clone()),
            alarm_arn: Some(self.arn(scope)),
            alarm_description: put.alarm_description,
            alarm_configuration_updated_timestamp: Some(self.configured),
            actions_enabled: Some(self.enabled),
            ok_actions: list(put.ok_actions),
            alarm_actions: list(put.alarm_actions),
            insufficient_data_actions: list(put.insufficient_data_actions),
            alarm_rule: Some(put.alarm_rule),
            state_value: Some(self.state),
            state_reason: Some(self.reason.clone()),
            state_reason_data: self.reason_data.clone(),
            state_updated_timestamp: Some(self.updated),
            state_transitioned_timestamp: Some(self.transitioned),
            ..CompositeAlarm::default()
        })
    }
}

/// An alarm, or AWS's fault, which has no sentence.
pub(crate) fn alarm(read: &impl Read, scope: &Scope, name: &str) -> Result<Alarm, Fault> {
    read.get(&ALARMS, scope, &name.to_owned())?.ok_or_else(|| Error::ResourceNotFound.says(""))
}

pub(crate) fn exists(read: &impl Read, scope: &Scope, name: &str) -> Result<bool, Fault> {
    read.exists(&ALARMS, scope, &name.to_owned())
}
