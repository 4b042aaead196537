//! Results of earlier queries given again: the same text in the same work group, context, parameters and place, not older than asked, and
//! with its result object still there for the caller to read. What a query is to be told from is AWS's documentation.

use crate::{
    engine::{location, owned},
    model::{QueryExecution, QueryExecutionState, ResultReuseConfiguration, ResultReuseInformation, StatementType},
    state::{BY_TIME, EXECUTIONS, ExecutionRow, invalid},
};
use kit::{Context, Fault, Need, Read};

/// AWS's bounds and its default, minutes.
const LONGEST_MINUTES: i32 = 10_080;
const DEFAULT_MINUTES: i32 = 60;
/// Earlier queries that are looked at, newest first.
const MOST_LOOKED_AT: usize = 1000;

/// How old a result may be, minutes; `None` where none is to be reused.
pub(crate) fn age_minutes(given: Option<&ResultReuseConfiguration>) -> Result<Option<i64>, Fault> {
    let Some(by_age) = given.and_then(|r| r.result_reuse_by_age_configuration.as_ref()) else { return Ok(None) };
    let minutes = by_age.max_age_in_minutes.unwrap_or(DEFAULT_MINUTES);
    if !(0..=LONGEST_MINUTES).contains(&minutes) {
        return Err(invalid("INVALID_INPUT", format!("MaxAgeInMinutes must be between 0 and {LONGEST_MINUTES}")));
    }
    Ok(by_age.enabled.then_some(minutes as i64))
}

/// The newest execution whose result stands for this one's, if there is one.
pub(crate) async fn earlier(cx: &Context, row: &ExecutionRow, id: &str) -> Result<Option<ExecutionRow>, Fault> {
    let wanted = &row.execution.0;
    let Some(minutes) = age_minutes(wanted.result_reuse_configuration.as_ref())? else { return Ok(None) };
    if wanted.substatement_type.as_deref() != Some("SELECT") || wanted.statement_type != Some(StatementType::Dml) {
        return Ok(None);
    }
    let oldest_ms = cx.now().millis() - minutes * 60_000;
    let group = wanted.work_group.clone().unwrap_or_default();
    let found = cx.store().read(|s| {
        for key in s.scan(&BY_TIME, cx.scope()).prefix(&(group,)).take(MOST_LOOKED_AT) {
            let ((_, _, other), ()) = key?;
            let Some(known) = (other != id).then(|| s.get(&EXECUTIONS, cx.scope(), &other)).transpose()?.flatten() else { continue };
            let Some(ended) = ended_ms(&known.execution.0) else { continue };
            // In order of submission: one that was submitted earlier may have ended later.
            if ended >= oldest_ms && same(&known.execution.0, wanted) {
                return Ok::<_, Fault>(Some(known));
            }
        }
        Ok(None)
    })?;
    let Some(found) = found else { return Ok(None) };
    let there = readable(&row.owner.clone().context(cx), &found.execution.0).await;
    Ok(there.then_some(found))
}

/// When a query succeeded that did its work itself.
fn ended_ms(execution: &QueryExecution) -> Option<i64> {
    let status = execution.status.as_ref()?;
    let reused = execution.statistics.as_ref().and_then(|s| s.result_reuse_information.as_ref()).is_some_and(|r| r.reused_previous_result);
    (status.state == Some(QueryExecutionState::Succeeded) && !reused).then(|| status.completion_date_time.map(|at| at.millis())).flatten()
}

fn same(known: &QueryExecution, wanted: &QueryExecution) -> bool {
    let folder = |e: &QueryExecution| {
        let result = e.result_configuration.clone().unwrap_or_default();
        let place = result.output_location.unwrap_or_default();
        (place.rsplit_once('/').map(|(folder, _)| folder.to_owned()), result.encryption_configuration)
    };
    let context = |e: &QueryExecution| {
        let context = e.query_execution_context.clone().unwrap_or_default();
        (context.database.map(|d| d.to_lowercase()), context.catalog.unwrap_or_else(|| "AwsDataCatalog".into()).to_lowercase())
    };
    known.query == wanted.query
        && known.execution_parameters.as_deref().unwrap_or_default() == wanted.execution_parameters.as_deref().unwrap_or_default()
        && context(known) == context(wanted)
        && folder(known) == folder(wanted)
}

/// Whether the result is still there, and the caller may read it.
async fn readable(cx: &Context, known: &QueryExecution) -> bool {
    let place = known.result_configuration.as_ref().and_then(|r| r.output_location.as_deref()).unwrap_or_default();
    let (Some((bucket, key)), Ok(port)) = (location::parse(place), cx.cloud().ports().objects()) else { return false };
    let need = Need::on("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}"));
    match cx.grant(&owned(cx, need, bucket)) {
        Ok(grant) => port.head(cx, grant, bucket, key).await.is_ok(),
        Err(_) => false,
    }
}

/// Gives an execution the result of an earlier one: nothing is scanned, the result object is the earlier one's.
pub(crate) fn take_over(row: &mut ExecutionRow, earlier: ExecutionRow) {
    let (own, known) = (&mut row.execution.0, earlier.execution.0);
    if let (Some(own), Some(known)) = (&mut own.result_configuration, known.result_configuration) {
        own.output_location = known.output_location;
    }
    let statistics = own.statistics.get_or_insert_default();
    statistics.data_scanned_in_bytes = Some(0);
    statistics.result_reuse_information = Some(ResultReuseInformation { reused_previous_result: true });
    row.columns = earlier.columns;
    row.pages = earlier.pages;
    row.row_count = earlier.row_count;
    row.header = earlier.header;
    row.update_count = earlier.update_count;
}
