//! Metric filters: what makes metrics out of the events of a group.

use crate::{
    Error, Logs,
    groups::{bad_token, refused},
    model::*,
    pattern::Pattern,
    state::*,
};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx, ports::Measured};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Filters by group id and name.
pub(crate) const FILTERS: Table<(String, String), StoredFilter> = Table::new("logs.metric_filters", TableScope::Region);
/// AWS's quota for a group.
const MOST_FILTERS: usize = 100;
const MOST_DIMENSIONS: usize = 3;

/// A metric filter with its transformation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredFilter {
    pub name: String,
    pub group: String,
    pub pattern: String,
    pub created_ms: i64,
    #[serde(with = "wire::kept")]
    pub transformation: MetricTransformation,
}

impl Logs {
    /// Puts a filter, new or in place of the old.
    pub async fn put_metric_filter(&self, cx: &Context, input: PutMetricFilterInput) -> Result<PutMetricFilterOutput, Fault> {
        let extras = [
            (input.apply_on_transformed_logs == Some(true), "metric filters on transformed logs (applyOnTransformedLogs)"),
            (input.field_selection_criteria.is_some(), "metric filters by system fields (fieldSelectionCriteria)"),
            (input.emit_system_field_dimensions.is_some(), "system fields as dimensions (emitSystemFieldDimensions)"),
        ];
        if let Some((_, what)) = extras.into_iter().find(|(asked, _)| *asked) {
            return Err(refused(what));
        }
        Pattern::parse(&input.filter_pattern)?;
        let transformation = input.metric_transformations.into_iter().next().expect("the model asks for one");
        check(&transformation)?;
        cx.store()
            .write(|tx| {
                let group = group(tx, cx, &input.log_group_name)?;
                let key = (group.id.clone(), input.filter_name.clone());
                let others = tx.scan(&FILTERS, cx.scope()).prefix(&(group.id.as_str(),)).keys().count();
                if !tx.exists(&FILTERS, cx.scope(), &key)? && others >= MOST_FILTERS {
                    return Err(Error::LimitExceeded.says("Resource limit exceeded."));
                }
                let filter = StoredFilter {
                    name: input.filter_name,
                    group: group.name,
                    pattern: input.filter_pattern,
                    created_ms: cx.now().millis(),
                    transformation,
                };
                tx.put(&FILTERS, cx.scope(), &key, &filter)
            })
            .await?;
        Ok(PutMetricFilterOutput {})
    }

    /// Filters by group, name or metric.
    pub async fn describe_metric_filters(
        &self,
        cx: &Context,
        input: DescribeMetricFiltersInput,
    ) -> Result<DescribeMetricFiltersOutput, Fault> {
        if input.metric_name.is_some() != input.metric_namespace.is_some() {
            return Err(Error::InvalidParameter.says("metricName and metricNamespace must be given together."));
        }
        let wanted = |filter: &StoredFilter| {
            let (made, prefix) = (&filter.transformation, input.filter_name_prefix.as_deref().unwrap_or(""));
            filter.name.starts_with(prefix)
                && input.metric_name.as_ref().is_none_or(|name| *name == made.metric_name)
                && input.metric_namespace.as_ref().is_none_or(|namespace| *namespace == made.metric_namespace)
        };
        let mut filters: Vec<StoredFilter> = cx.store().read(|s| {
            let mut scan = s.scan(&FILTERS, cx.scope());
            if let Some(name) = &input.log_group_name {
                scan = scan.prefix(&(group(s, cx, name)?.id,));
            }
            scan.map(|row| row.map(|(_, filter)| filter)).filter(|f| f.as_ref().map_or(true, wanted)).collect::<Result<_, Fault>>()
        })?;
        filters.sort_by(|a, b| (&a.name, &a.group).cmp(&(&b.name, &b.group)));
        let limit = input.limit.unwrap_or(50) as usize;
        let key = |filter: &StoredFilter| format!("{}/{}", filter.name, filter.group);
        let page = kit::pages::page(filters, key, input.next_token.as_deref(), limit, bad_token)?;
        Ok(DescribeMetricFiltersOutput { metric_filters: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Deletes a filter.
    pub async fn delete_metric_filter(&self, cx: &Context, input: DeleteMetricFilterInput) -> Result<DeleteMetricFilterOutput, Fault> {
        cx.store()
            .write(|tx| {
                let key = (group(tx, cx, &input.log_group_name)?.id, input.filter_name);
                let missing = || Error::ResourceNotFound.says("The specified metric filter does not exist.");
                tx.delete(&FILTERS, cx.scope(), &key)?.map(drop).ok_or_else(missing)
            })
            .await?;
        Ok(DeleteMetricFilterOutput {})
    }

    /// What a pattern makes of messages.
    pub async fn test_metric_filter(&self, _cx: &Context, input: TestMetricFilterInput) -> Result<TestMetricFilterOutput, Fault> {
        let pattern = Pattern::parse(&input.filter_pattern)?;
        let numbered = input.log_event_messages.into_iter().zip(1..);
        let matches = numbered.filter(|(message, _)| pattern.matches(message)).map(|(message, number)| MetricFilterMatchRecord {
            event_number: Some(number),
            extracted_values: Some(pattern.extracted(&message).into_iter().collect()),
            event_message: Some(message),
        });
        Ok(TestMetricFilterOutput { matches: Some(matches.collect()) })
    }
}

fn check(transformation: &MetricTransformation) -> Result<(), Fault> {
    let invalid = |text: String| Err(Error::InvalidParameter.says(text));
    let value = &transformation.metric_value;
    if !value.starts_with('$') && value.parse::<f64>().is_err() {
        return invalid(format!("Invalid metric transformation: metricValue '{value}' is neither a number nor a field."));
    }
    let dimensions = transformation.dimensions.as_ref().map_or(0, BTreeMap::len);
    if dimensions > MOST_DIMENSIONS {
        return invalid(format!("Invalid metric transformation: at most {MOST_DIMENSIONS} dimensions are allowed."));
    }
    match dimensions > 0 && transformation.default_value.is_some() {
        true => invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties.".into()),
        false => Ok(()),
    }
}

fn show(filter: StoredFilter) -> MetricFilter {
    MetricFilter {
        filter_name: Some(filter.name),
        filter_pattern: Some(filter.pattern),
        metric_transformations: Some(vec![filter.transformation]),
        creation_time: Some(filter.created_ms),
        log_group_name: Some(filter.group),
        apply_on_transformed_logs: Some(false),
        ..MetricFilter::default()
    }
}

/// Forgets the filters of a group that is deleted.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, group: &Group) -> Result<(), Fault> {
    let keys: Vec<_> = tx.scan(&FILTERS, scope).prefix(&(group.id.as_str(),)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(&FILTERS, scope, key).map(drop))
}

/// How many filters a group has.
pub(crate) fn count(read: &impl Read, scope: &Scope, group: &Group) -> Result<i32, Fault> {
    read.scan(&FILTERS, scope).prefix(&(group.id.as_str(),)).keys().try_fold(0, |n, key| key.map(|_| n + 1))
}

impl StoredFilter {
    /// Records what the filter makes of events that came together. The default counts once for those without a match: AWS gives it to each
    /// minute in which nothing matched.
    pub fn measure(&self, cx: &Context, scope: &Scope, events: &[Event]) {
        let Ok(pattern) = Pattern::parse(&self.pattern) else { return };
        let mut matched = false;
        for event in events.iter().filter(|event| pattern.matches(&event.message)) {
            matched = true;
            let Some(value) = self.value(&pattern, &event.message) else { continue };
            self.record(cx, scope, event.at_ms, value, &self.dimensions(&pattern, &event.message));
        }
        if let (false, Some(default), Some(last)) = (matched, self.transformation.default_value, events.last()) {
            self.record(cx, scope, last.at_ms, default, &Some(Vec::new()));
        }
    }

    fn value(&self, pattern: &Pattern, message: &str) -> Option<f64> {
        let value = &self.transformation.metric_value;
        match value.starts_with('$') {
            true => pattern.value(value, message)?.parse().ok(),
            false => value.parse().ok(),
        }
    }
    /// Sorted by name; `None` where the event lacks one of them, for then AWS publishes nothing.
    fn dimensions(&self, pattern: &Pattern, message: &str) -> Option<Vec<(String, String)>> {
        let wanted = self.transformation.dimensions.iter().flatten();
        wanted.map(|(name, selector)| Some((name.clone(), pattern.value(selector, message)?))).collect()
    }
    fn record(&self, cx: &Context, scope: &Scope, at_ms: i64, value: f64, dimensions: &Option<Vec<(String, String)>>) {
        let Some(dimensions) = dimensions else { return };
        let set: Vec<(&str, &str)> = dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let made = &self.transformation;
        let unit = made.unit.as_ref().map_or("None", |unit| unit.as_str());
        let measured = Measured { namespace: &made.metric_namespace, under: &[&set], values: &[(made.metric_name.as_str(), unit, value)] };
        cx.cloud().ports().measure(scope, Timestamp::from_millis(at_ms), &measured);
    }
}
