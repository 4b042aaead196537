//! The history of alarms: 30 days of definitions, changes of state and actions.

use super::{notice, state::*};
use crate::{CloudWatch, check, model::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Items by alarm and order.
const HISTORY: Table<(String, u64), Item> = Table::new("cloudwatch.history", TableScope::Region);
/// AWS keeps them so long.
const KEPT_NS: i128 = 30 * 86_400 * 1_000_000_000;
const PAGE: usize = 100;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Item {
    #[serde(with = "wire::kept")]
    item: AlarmHistoryItem,
}

/// An alarm was made, changed or deleted.
pub(super) fn configured(tx: &mut Tx<'_>, scope: &Scope, alarm: &Alarm, what: &str, at: Timestamp) -> Result<(), Fault> {
    let done = match what {
        "Create" => "created",
        "Update" => "updated",
        _ => "deleted",
    };
    let data = json!({ "version": "1.0", "type": what, format!("{done}Alarm"): notice::definition(scope, alarm) });
    put(tx, scope, (&alarm.name, alarm.kind()), HistoryItemType::ConfigurationUpdate, format!("Alarm \"{}\" {done}", alarm.name), &data, at)
}

/// An alarm went from one state into another.
pub(super) fn changed(tx: &mut Tx<'_>, scope: &Scope, old: &Alarm, new: &Alarm, at: Timestamp) -> Result<(), Fault> {
    let state = |alarm: &Alarm| {
        let mut shown = json!({ "stateValue": alarm.state.as_str(), "stateReason": alarm.reason });
        if let Some(data) = alarm.reason_data.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            shown["stateReasonData"] = data;
        }
        shown
    };
    let data = json!({ "version": "1.0", "oldState": state(old), "newState": state(new) });
    let summary = format!("Alarm updated from {} to {}", old.state, new.state);
    put(tx, scope, (&new.name, new.kind()), HistoryItemType::StateUpdate, summary, &data, at)
}

/// An action was taken, or failed.
pub(super) fn acted(
    tx: &mut Tx<'_>,
    scope: &Scope,
    alarm: &str,
    kind: &str,
    to: &str,
    problem: Option<&str>,
    at: Timestamp,
) -> Result<(), Fault> {
    let kind = AlarmType::parse(kind).unwrap_or_default();
    let state = if problem.is_some() { "Failed" } else { "Succeeded" };
    let summary = match problem {
        Some(problem) => format!("Failed to execute action {to}. Received error: \"{problem}\""),
        None => format!("Successfully executed action {to}"),
    };
    let data = json!({ "actionState": state, "notificationResource": to, "stateUpdateTimestamp": at.millis(), "error": problem });
    put(tx, scope, (alarm, kind), HistoryItemType::Action, summary.chars().take(255).collect(), &data, at)
}

fn put(
    tx: &mut Tx<'_>,
    scope: &Scope,
    (name, kind): (&str, AlarmType),
    what: HistoryItemType,
    summary: String,
    data: &Value,
    at: Timestamp,
) -> Result<(), Fault> {
    let item = AlarmHistoryItem {
        alarm_name: Some(name.to_owned()),
        alarm_type: Some(kind),
        timestamp: Some(at),
        history_item_type: Some(what),
        history_summary: Some(summary),
        history_data: Some(data.to_string()),
        ..AlarmHistoryItem::default()
    };
    let seq = tx.next_seq("cloudwatch.history");
    tx.put(&HISTORY, scope, &(name.to_owned(), seq), &Item { item })?;
    // An alarm's oldest items go when new ones come: a few each time, so that no write is long.
    let oldest = tx.scan(&HISTORY, scope).prefix(&(name,)).limit(10).collect::<Result<Vec<_>, Fault>>()?;
    for (key, row) in oldest {
        if row.item.timestamp.is_some_and(|then| then.plus_ns(KEPT_NS) < at) {
            tx.delete(&HISTORY, scope, &key)?;
        }
    }
    Ok(())
}

impl CloudWatch {
    /// History of one alarm or of all, newest first unless asked otherwise.
    pub async fn describe_alarm_history(
        &self,
        cx: &Context,
        input: DescribeAlarmHistoryInput,
    ) -> Result<DescribeAlarmHistoryOutput, Fault> {
        if input.alarm_contributor_id.is_some() {
            return Err(check::not_implemented("AlarmContributorId of DescribeAlarmHistory"));
        }
        let types = input.alarm_types.clone().filter(|types| !types.is_empty()).unwrap_or_else(|| vec![AlarmType::MetricAlarm]);
        let (from, to) = (input.start_date, input.end_date);
        let fits = |item: &AlarmHistoryItem| {
            let at = item.timestamp.unwrap_or_default();
            at.plus_ns(KEPT_NS) >= cx.now()
                && from.is_none_or(|from| at >= from)
                && to.is_none_or(|to| at <= to)
                && input.history_item_type.is_none_or(|wanted| item.history_item_type == Some(wanted))
                && item.alarm_type.is_some_and(|kind| types.contains(&kind))
        };
        let rows = cx.store().read(|s| match &input.alarm_name {
            Some(name) => s.scan(&HISTORY, cx.scope()).prefix(&(name.as_str(),)).collect::<Result<Vec<_>, Fault>>(),
            None => s.scan(&HISTORY, cx.scope()).collect(),
        })?;
        let mut found: Vec<(u64, AlarmHistoryItem)> =
            rows.into_iter().map(|((_, seq), row)| (seq, row.item)).filter(|(_, item)| fits(item)).collect();
        let ascending = input.scan_by == Some(ScanBy::TimestampAscending);
        found.sort_by_key(|(seq, _)| if ascending { *seq } else { u64::MAX - seq });
        let key = |(seq, _): &(u64, AlarmHistoryItem)| format!("{:020}", if ascending { *seq } else { u64::MAX - seq });
        let limit = input.max_records.map_or(PAGE, |most| most.clamp(1, 100) as usize);
        let page = kit::pages::page(found, key, input.next_token.as_deref(), limit, check::bad_token)?;
        Ok(DescribeAlarmHistoryOutput {
            alarm_history_items: Some(page.items.into_iter().map(|(_, item)| item).collect()),
            next_token: page.next,
        })
    }
}
