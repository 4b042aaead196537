//! Queries: run as a task on the caller's own permissions, stopped on request, shown and listed.

use crate::{
    Athena,
    engine::{self, Finished, KeptRows, QueryError},
    metrics,
    model::*,
    reuse,
    state::{BY_TIME, EXECUTIONS, ExecutionRow, PRIMARY, invalid},
    work_groups::{group_arn, must_find},
};
use kit::{Access, Authorize, Context, Fault, Read, pages, wire::kept::Kept};

impl Athena {
    /// The task: runs a query to its end. What it finds wrong is the query's failure, not the task's.
    pub(crate) async fn run_query(&self, cx: &Context, id: String) -> Result<(), Fault> {
        let Some(row) = cx.store().read(|s| s.get(&EXECUTIONS, cx.scope(), &id))? else { return Ok(()) };
        if state(&row) != QueryExecutionState::Queued && state(&row) != QueryExecutionState::Running {
            return Ok(());
        }
        let underway = self.running.begin(&id);
        let Some(_place) = underway.place().await else { return Ok(()) };
        let queued_ms = (cx.now().millis() - submitted_ms(&row)).max(0);
        change(cx, &id, |row| set_state(row, QueryExecutionState::Running)).await?;
        if let Some(earlier) = reuse::earlier(cx, &row, &id).await? {
            return reused(cx, &id, earlier, queued_ms).await;
        }
        let started = cx.now();
        let (outcome, scanned_bytes) = engine::run(&row.owner.clone().context(cx), &row.execution.0, underway.stop.clone()).await;
        let ended = cx.now();
        let took_ms = (ended.millis() - started.millis()).max(1);
        let (outcome, kept) = match outcome {
            Ok((done, kept)) => (Ok(done), kept),
            Err(error) => (Err(error), KeptRows::default()),
        };
        cx.store()
            .write(|tx| {
                let Some(mut row) = tx.get(&EXECUTIONS, cx.scope(), &id)? else { return Ok(()) };
                let took = Took { queued_ms, engine_ms: took_ms, scanned_bytes };
                if state(&row) == QueryExecutionState::Cancelled {
                    measured(&mut row, &took);
                    return tx.put(&EXECUTIONS, cx.scope(), &id, &row);
                }
                kept.pages.iter().for_each(|page| tx.adopt(page));
                (row.pages, row.row_count) = (kept.pages, kept.count);
                finish(&mut row, outcome, ended, &took);
                tx.put(&EXECUTIONS, cx.scope(), &id, &row)
            })
            .await?;
        metrics::ended(cx, &id)
    }

    /// Stops a query; one that has ended is left as it is.
    pub async fn stop_query_execution(&self, cx: &Context, input: StopQueryExecutionInput) -> Result<StopQueryExecutionOutput, Fault> {
        let id = input.query_execution_id;
        must_find_query(cx, &id)?;
        let now = cx.now();
        change(cx, &id, |row| {
            if matches!(state(row), QueryExecutionState::Queued | QueryExecutionState::Running) {
                set_state(row, QueryExecutionState::Cancelled);
                let status = row.execution.0.status.get_or_insert_default();
                status.state_change_reason = Some("Query cancelled by user".into());
                status.completion_date_time = Some(now);
            }
        })
        .await?;
        self.running.stop(&id);
        Ok(StopQueryExecutionOutput {})
    }

    /// A query's state, statistics and settings.
    pub async fn get_query_execution(&self, cx: &Context, input: GetQueryExecutionInput) -> Result<GetQueryExecutionOutput, Fault> {
        Ok(GetQueryExecutionOutput { query_execution: Some(must_find_query(cx, &input.query_execution_id)?.execution.0) })
    }

    /// Several queries; ids that are not there are told apart.
    pub async fn batch_get_query_execution(
        &self,
        cx: &Context,
        input: BatchGetQueryExecutionInput,
    ) -> Result<BatchGetQueryExecutionOutput, Fault> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for id in input.query_execution_ids {
            match must_find_query(cx, &id) {
                Ok(row) => found.push(row.execution.0),
                Err(fault) => missing.push(UnprocessedQueryExecutionId {
                    query_execution_id: Some(id),
                    error_code: Some("QUERY_EXECUTION_NOT_FOUND".into()),
                    error_message: Some(fault.message),
                }),
            }
        }
        Ok(BatchGetQueryExecutionOutput { query_executions: Some(found), unprocessed_query_execution_ids: Some(missing) })
    }

    /// Ids of a work group's queries, newest first.
    pub async fn list_query_executions(&self, cx: &Context, input: ListQueryExecutionsInput) -> Result<ListQueryExecutionsOutput, Fault> {
        let group = input.work_group.unwrap_or_else(|| PRIMARY.into());
        let keys: Vec<(u64, String)> = cx.store().read(|s| {
            must_find(s, cx, &group)?;
            s.scan(&BY_TIME, cx.scope())
                .prefix(&(group.clone(),))
                .map(|row| row.map(|((_, at, id), ())| (at, id)))
                .collect::<Result<_, Fault>>()
        })?;
        let limit = input.max_results.unwrap_or(50).clamp(1, 50) as usize;
        let page = pages::page(
            keys,
            |(at, id)| format!("{at:020}{id}"),
            input.next_token.as_deref(),
            limit,
            || invalid("MALFORMED_TOKEN", "Malformed nextPageToken"),
        )?;
        Ok(ListQueryExecutionsOutput {
            query_execution_ids: Some(page.items.into_iter().map(|(_, id)| id).collect()),
            next_token: page.next,
        })
    }
}

pub(crate) fn must_find_query(cx: &Context, id: &str) -> Result<ExecutionRow, Fault> {
    let row = cx.store().read(|s| s.get(&EXECUTIONS, cx.scope(), &id.to_owned()))?;
    row.ok_or_else(|| invalid("QUERY_EXECUTION_NOT_FOUND", format!("QueryExecution {id} was not found")))
}

pub(crate) fn state(row: &ExecutionRow) -> QueryExecutionState {
    row.execution.0.status.as_ref().and_then(|s| s.state).unwrap_or(QueryExecutionState::Queued)
}

fn set_state(row: &mut ExecutionRow, state: QueryExecutionState) {
    row.execution.0.status.get_or_insert_default().state = Some(state);
}

async fn change(cx: &Context, id: &str, change: impl FnOnce(&mut ExecutionRow)) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let Some(mut row) = tx.get(&EXECUTIONS, cx.scope(), &id.to_owned())? else { return Ok(()) };
            if state(&row) != QueryExecutionState::Cancelled {
                change(&mut row);
            }
            tx.put(&EXECUTIONS, cx.scope(), &id.to_owned(), &row)
        })
        .await
}

fn submitted_ms(row: &ExecutionRow) -> i64 {
    row.execution.0.status.as_ref().and_then(|s| s.submission_date_time).map_or(i64::MAX, |at| at.millis())
}

/// What a query took: times on the cloud's clock, and the bytes that it read, however it ended.
struct Took {
    queued_ms: i64,
    engine_ms: i64,
    scanned_bytes: u64,
}

fn measured(row: &mut ExecutionRow, took: &Took) {
    let statistics = row.execution.0.statistics.get_or_insert_default();
    statistics.engine_execution_time_in_millis = Some(took.engine_ms);
    statistics.total_execution_time_in_millis = Some(took.queued_ms + took.engine_ms);
    statistics.query_queue_time_in_millis = Some(took.queued_ms);
    statistics.service_processing_time_in_millis = Some(0);
    statistics.data_scanned_in_bytes = Some(took.scanned_bytes as i64);
    statistics.result_reuse_information = Some(ResultReuseInformation { reused_previous_result: false });
}

fn finish(row: &mut ExecutionRow, outcome: Result<Finished, QueryError>, ended: kit::Timestamp, took: &Took) {
    measured(row, took);
    let execution = &mut row.execution.0;
    let status = execution.status.get_or_insert_default();
    status.completion_date_time = Some(ended);
    let statistics = execution.statistics.get_or_insert_default();
    match outcome {
        Ok(done) => {
            status.state = Some(QueryExecutionState::Succeeded);
            if done.manifest.is_some() {
                let place = execution.result_configuration.as_ref().and_then(|r| r.output_location.as_deref()).unwrap_or_default();
                statistics.data_manifest_location = Some(format!("{place}-manifest.csv"));
            }
            row.columns = Some(Kept(ResultSetMetadata { column_info: Some(done.columns) }));
            row.header = done.header;
            row.update_count = done.update_count;
        }
        Err(error) if error.cancels => {
            status.state = Some(QueryExecutionState::Cancelled);
            status.state_change_reason = Some(error.message);
        }
        Err(error) => {
            status.state = Some(QueryExecutionState::Failed);
            status.state_change_reason = Some(error.message.clone());
            status.athena_error = Some(AthenaError {
                error_category: Some(error.category),
                error_type: Some(error.kind),
                retryable: Some(false),
                error_message: Some(error.message),
            });
        }
    }
}

/// Ends a query with an earlier one's result.
async fn reused(cx: &Context, id: &str, earlier: ExecutionRow, queued_ms: i64) -> Result<(), Fault> {
    let ended = cx.now();
    cx.store()
        .write(|tx| {
            let Some(mut row) = tx.get(&EXECUTIONS, cx.scope(), &id.to_owned())? else { return Ok(()) };
            if state(&row) == QueryExecutionState::Cancelled {
                return Ok(());
            }
            earlier.pages.iter().for_each(|page| tx.adopt(page));
            set_state(&mut row, QueryExecutionState::Succeeded);
            row.execution.0.status.get_or_insert_default().completion_date_time = Some(ended);
            let statistics = row.execution.0.statistics.get_or_insert_default();
            statistics.engine_execution_time_in_millis = Some(0);
            statistics.total_execution_time_in_millis = Some(queued_ms + 1);
            statistics.query_queue_time_in_millis = Some(queued_ms);
            statistics.service_processing_time_in_millis = Some(1);
            reuse::take_over(&mut row, earlier);
            tx.put(&EXECUTIONS, cx.scope(), &id.to_owned(), &row)
        })
        .await
}

pub(crate) fn group_of(cx: &Context, id: &str) -> String {
    let group = must_find_query(cx, id).ok().and_then(|row| row.execution.0.work_group);
    group_arn(cx, group.as_deref().unwrap_or(PRIMARY))
}

impl Authorize<Athena> for ListQueryExecutionsInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:ListQueryExecutions", group_arn(cx, self.work_group.as_deref().unwrap_or(PRIMARY)))
    }
}
impl Authorize<Athena> for BatchGetQueryExecutionInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        let mut groups: Vec<String> = self.query_execution_ids.iter().map(|id| group_of(cx, id)).collect();
        groups.sort();
        groups.dedup();
        Access::Needs(groups.into_iter().map(|arn| kit::Need::on("athena:BatchGetQueryExecution", arn)).collect())
    }
}

macro_rules! on_query {
    ($($input:ident => $action:literal;)*) => {$(
        impl Authorize<Athena> for $input {
            fn access(&self, _: &Athena, cx: &Context) -> Access {
                Access::on($action, group_of(cx, &self.query_execution_id))
            }
        }
    )*};
}
on_query! {
    StopQueryExecutionInput => "athena:StopQueryExecution";
    GetQueryExecutionInput => "athena:GetQueryExecution";
    GetQueryResultsInput => "athena:GetQueryResults";
}
