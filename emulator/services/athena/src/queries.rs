//! Queries: started at once, run as a task on the caller's own permissions, stopped on request.

use crate::{
    Athena, data_catalogs,
    engine::{self, Finished, KeptRows, QueryError},
    hive::{ast::Statement, classify},
    model::*,
    prepared, reuse,
    state::{BY_TIME, EXECUTIONS, ExecutionRow, Owner, PRIMARY, TOKENS, invalid},
    work_groups::{check_location, group_arn, must_find},
};
use kit::{Access, Authorize, Context, Fault, Read, pages, store::NewTask, wire::kept::Kept};

/// AWS's limit of a query's text, bytes.
const LONGEST_QUERY: usize = 262_144;

impl Athena {
    /// Starts a query and answers at once; the engine finishes it later. A text that is no statement at all is refused here.
    pub async fn start_query_execution(&self, cx: &Context, input: StartQueryExecutionInput) -> Result<StartQueryExecutionOutput, Fault> {
        if input.query_string.len() > LONGEST_QUERY {
            return Err(invalid("INVALID_INPUT", "The query string is longer than 262144 bytes."));
        }
        if input.engine_configuration.is_some() {
            let message = "windtunnel does not take EngineConfiguration in StartQueryExecution yet: queries have no capacity of their own.";
            return Err(Fault::new("NotImplemented", 501, message));
        }
        reuse::age_minutes(input.result_reuse_configuration.as_ref())?;
        let mut classified = classify(&input.query_string).map_err(|message| invalid("MALFORMED_QUERY", message))?;
        let parameters = input.execution_parameters.clone().unwrap_or_default();
        if let Some(query) = classified.statement.query(&input.query_string) {
            engine::check_syntax(query, &parameters).map_err(|message| invalid("MALFORMED_QUERY", message))?;
        }
        let group_name = input.work_group.clone().unwrap_or_else(|| PRIMARY.into());
        let group = cx.store().read(|s| must_find(s, cx, &group_name))?.group.0;
        if group.state == Some(WorkGroupState::Disabled) {
            return Err(invalid("INVALID_INPUT", format!("WorkGroup {group_name} is disabled.")));
        }
        if let Statement::Execute { name, .. } = &classified.statement
            && let Some(inner) = prepared::text(cx, &group_name, name).ok().and_then(|text| classify(&text).ok())
        {
            // What a prepared statement gives is of its own kind: rows of a query lie in a CSV file.
            classified.statement_type = inner.statement_type;
        }
        if let Some(catalog) = input.query_execution_context.as_ref().and_then(|c| c.catalog.as_deref()) {
            cx.store().read(|s| data_catalogs::find(s, cx, catalog))?;
        }
        let location = output_location(&group, input.result_configuration.as_ref())?;
        let id = cx.ids().uuid();
        let name = match classified.statement {
            Statement::CreateTableAs { .. } => format!("tables/{id}"),
            Statement::Insert { .. } | Statement::Unload { .. } => id.clone(),
            _ if classified.statement_type == StatementType::Dml => format!("{id}.csv"),
            _ => format!("{id}.txt"),
        };
        let result = ResultConfiguration {
            output_location: Some(format!("{}/{name}", location.trim_end_matches('/'))),
            ..input.result_configuration.unwrap_or_default()
        };
        let execution = QueryExecution {
            query_execution_id: Some(id.clone()),
            query: Some(input.query_string.clone()),
            statement_type: Some(classified.statement_type),
            result_configuration: Some(result),
            result_reuse_configuration: input.result_reuse_configuration,
            query_execution_context: Some(input.query_execution_context.unwrap_or_default()),
            status: Some(QueryExecutionStatus {
                state: Some(QueryExecutionState::Queued),
                submission_date_time: Some(cx.now()),
                ..QueryExecutionStatus::default()
            }),
            statistics: Some(QueryExecutionStatistics::default()),
            work_group: Some(group_name.clone()),
            engine_version: group.configuration.and_then(|c| c.engine_version),
            execution_parameters: input.execution_parameters.clone(),
            substatement_type: Some(classified.substatement.to_owned()),
            ..QueryExecution::default()
        };
        let row = ExecutionRow {
            execution: Kept(execution),
            owner: Owner::of(cx.principal())?,
            columns: None,
            pages: Vec::new(),
            row_count: 0,
            update_count: None,
            header: false,
        };
        let newest_first = u64::MAX - cx.now().unix_ns.clamp(0, u64::MAX as i128) as u64;
        let started = cx
            .store()
            .write(|tx| {
                if let Some(token) = &input.client_request_token {
                    if let Some(known) = tx.get(&TOKENS, cx.scope(), token)? {
                        return same_request(tx, cx, &known, &row).map(|()| known);
                    }
                    tx.put(&TOKENS, cx.scope(), token, &id)?;
                }
                tx.put(&BY_TIME, cx.scope(), &(group_name, newest_first, id.clone()), &())?;
                tx.put(&EXECUTIONS, cx.scope(), &id, &row)?;
                tx.task(NewTask::new(cx.scope(), "athena", "run", &id));
                Ok(id)
            })
            .await?;
        Ok(StartQueryExecutionOutput { query_execution_id: Some(started) })
    }

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
            return reused(cx, &id, earlier).await;
        }
        let started = cx.now();
        let outcome = engine::run(&row.owner.clone().context(cx), &row.execution.0, underway.stop.clone()).await;
        let ended = cx.now();
        let took_ms = (ended.millis() - started.millis()).max(1);
        let (outcome, kept) = match outcome {
            Ok((done, kept)) => (Ok(done), kept),
            Err(error) => (Err(error), KeptRows::default()),
        };
        cx.store()
            .write(|tx| {
                let Some(mut row) = tx.get(&EXECUTIONS, cx.scope(), &id)? else { return Ok(()) };
                if state(&row) == QueryExecutionState::Cancelled {
                    return Ok(());
                }
                kept.pages.iter().for_each(|page| tx.adopt(page));
                (row.pages, row.row_count) = (kept.pages, kept.count);
                finish(&mut row, outcome, ended, Took { queued_ms, engine_ms: took_ms });
                tx.put(&EXECUTIONS, cx.scope(), &id, &row)
            })
            .await
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

/// Times of a query on the cloud's clock.
struct Took {
    queued_ms: i64,
    engine_ms: i64,
}

fn finish(row: &mut ExecutionRow, outcome: Result<Finished, QueryError>, ended: kit::Timestamp, took: Took) {
    let execution = &mut row.execution.0;
    let status = execution.status.get_or_insert_default();
    status.completion_date_time = Some(ended);
    let statistics = execution.statistics.get_or_insert_default();
    statistics.engine_execution_time_in_millis = Some(took.engine_ms);
    statistics.total_execution_time_in_millis = Some(took.queued_ms + took.engine_ms);
    statistics.query_queue_time_in_millis = Some(took.queued_ms);
    statistics.service_processing_time_in_millis = Some(0);
    statistics.result_reuse_information = Some(ResultReuseInformation { reused_previous_result: false });
    match outcome {
        Ok(done) => {
            status.state = Some(QueryExecutionState::Succeeded);
            statistics.data_scanned_in_bytes = Some(done.scanned_bytes as i64);
            if done.manifest.is_some() {
                let place = execution.result_configuration.as_ref().and_then(|r| r.output_location.as_deref()).unwrap_or_default();
                statistics.data_manifest_location = Some(format!("{place}-manifest.csv"));
            }
            row.columns = Some(Kept(ResultSetMetadata { column_info: Some(done.columns) }));
            row.header = done.header;
            row.update_count = done.update_count;
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
            statistics.data_scanned_in_bytes = Some(0);
        }
    }
}

/// Ends a query with an earlier one's result.
async fn reused(cx: &Context, id: &str, earlier: ExecutionRow) -> Result<(), Fault> {
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
            statistics.total_execution_time_in_millis = Some(1);
            statistics.query_queue_time_in_millis = Some(0);
            statistics.service_processing_time_in_millis = Some(1);
            reuse::take_over(&mut row, earlier);
            tx.put(&EXECUTIONS, cx.scope(), &id.to_owned(), &row)
        })
        .await
}

fn same_request(store: &impl Read, cx: &Context, known: &str, row: &ExecutionRow) -> Result<(), Fault> {
    let Some(old) = store.get(&EXECUTIONS, cx.scope(), &known.to_owned())? else { return Ok(()) };
    let (old, new) = (&old.execution.0, &row.execution.0);
    let same = old.query == new.query && old.query_execution_context == new.query_execution_context && old.work_group == new.work_group;
    match same {
        true => Ok(()),
        false => Err(invalid("IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match")),
    }
}

/// The work group's location when it insists, else the client's, else the work group's.
fn output_location(group: &WorkGroup, given: Option<&ResultConfiguration>) -> Result<String, Fault> {
    let configuration = group.configuration.as_ref();
    let of_group = configuration.and_then(|c| c.result_configuration.as_ref()).and_then(|r| r.output_location.clone());
    let enforced = configuration.and_then(|c| c.enforce_work_group_configuration) == Some(true);
    let of_client = given.and_then(|r| r.output_location.clone());
    check_location(of_client.as_deref())?;
    let location = if enforced { of_group.or(of_client) } else { of_client.or(of_group) };
    location.ok_or_else(|| {
        invalid(
            "INVALID_INPUT",
            "No output location provided. You did not provide an output location for your query results and did not enable managed query results for your workgroup. Provide an output location, or enable managed query results for your workgroup.",
        )
    })
}

pub(crate) fn group_of(cx: &Context, id: &str) -> String {
    let group = must_find_query(cx, id).ok().and_then(|row| row.execution.0.work_group);
    group_arn(cx, group.as_deref().unwrap_or(PRIMARY))
}

impl Authorize<Athena> for StartQueryExecutionInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:StartQueryExecution", group_arn(cx, self.work_group.as_deref().unwrap_or(PRIMARY)))
    }
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
