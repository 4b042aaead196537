//! What Athena tells CloudWatch of queries: `AWS/Athena`, for the work groups that want it, under the dimensions that AWS names.

use crate::{model::*, state::EXECUTIONS, work_groups};
use kit::{Context, Fault, Read, ports::Measured};

/// Measures a query that has ended, where its work group publishes metrics.
pub(crate) fn ended(cx: &Context, id: &str) -> Result<(), Fault> {
    let Some(row) = cx.store().read(|s| s.get(&EXECUTIONS, cx.scope(), &id.to_owned()))? else { return Ok(()) };
    let execution = row.execution.0;
    let group = execution.work_group.as_deref().unwrap_or(crate::state::PRIMARY);
    // A group that is gone by now publishes nothing.
    let Ok(found) = cx.store().read(|s| work_groups::must_find(s, cx, group)) else { return Ok(()) };
    let published = found.group.0.configuration.and_then(|c| c.publish_cloud_watch_metrics_enabled) == Some(true);
    let state = match execution.status.as_ref().and_then(|s| s.state) {
        Some(QueryExecutionState::Succeeded) => "SUCCEEDED",
        Some(QueryExecutionState::Failed) => "FAILED",
        Some(QueryExecutionState::Cancelled) => "CANCELED",
        _ => return Ok(()),
    };
    let kind = match execution.statement_type {
        Some(StatementType::Ddl) => "DDL",
        Some(StatementType::Utility) => "UTILITY",
        _ => "DML",
    };
    let Some(took) = execution.statistics.filter(|_| published) else { return Ok(()) };
    let values = [
        ("EngineExecutionTime", "Milliseconds", took.engine_execution_time_in_millis),
        ("ProcessedBytes", "Bytes", took.data_scanned_in_bytes),
        ("QueryPlanningTime", "Milliseconds", took.query_planning_time_in_millis),
        ("QueryQueueTime", "Milliseconds", took.query_queue_time_in_millis),
        ("ServiceProcessingTime", "Milliseconds", took.service_processing_time_in_millis),
        ("TotalExecutionTime", "Milliseconds", took.total_execution_time_in_millis),
    ];
    let values: Vec<(&str, &str, f64)> = values.iter().filter_map(|(name, unit, value)| Some((*name, *unit, (*value)? as f64))).collect();
    let dimensions = [("QueryState", state), ("QueryType", kind), ("WorkGroup", group)];
    cx.measure(&Measured { namespace: "AWS/Athena", under: &[&dimensions[2..], &dimensions], values: &values });
    Ok(())
}
