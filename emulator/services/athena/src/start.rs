//! Queries as they are started: checked in AWS's order, given an id and a place for their results, once for each token of a client.

use crate::{
    Athena, capacity, data_catalogs, destination, engine,
    hive::{Classified, ast::Statement, classify},
    model::*,
    prepared, reuse,
    state::{BY_TIME, EXECUTIONS, ExecutionRow, Owner, PRIMARY, TOKENS, invalid},
    work_groups::{group_arn, must_find},
};
use kit::{
    Access, Authorize, Context, Fault, Read,
    store::NewTask,
    wire::kept::{Keep, Kept},
};
use sha2::Digest;

/// AWS's limit of a query's text, bytes.
const LONGEST_QUERY: usize = 262_144;

impl Athena {
    /// Starts a query and answers at once; the engine finishes it later. A text that is no statement at all is refused here.
    pub async fn start_query_execution(&self, cx: &Context, input: StartQueryExecutionInput) -> Result<StartQueryExecutionOutput, Fault> {
        if input.query_string.len() > LONGEST_QUERY {
            return Err(invalid("INVALID_INPUT", "The query string is longer than 262144 bytes."));
        }
        capacity::check(input.engine_configuration.as_ref())?;
        if input.engine_configuration.is_some() {
            cx.warn("EngineConfiguration of a query has no effect: there are no capacity reservations");
        }
        let token = token(&input)?;
        reuse::age_minutes(input.result_reuse_configuration.as_ref())?;
        let classified = read(&input)?;
        let group_name = input.work_group.clone().unwrap_or_else(|| PRIMARY.into());
        let group = cx.store().read(|s| must_find(s, cx, &group_name))?.group.0;
        if group.state == Some(WorkGroupState::Disabled) {
            return Err(invalid("INVALID_INPUT", format!("WorkGroup {group_name} is disabled.")));
        }
        if let Some(catalog) = input.query_execution_context.as_ref().and_then(|c| c.catalog.as_deref()) {
            cx.store().read(|s| data_catalogs::find(s, cx, catalog))?;
        }
        described(cx, &input, &classified).await?;
        let request = fingerprint(&input, &group_name);
        let execution = execution(cx, input, &group, classified)?;
        let id = execution.query_execution_id.clone().unwrap_or_default();
        let row = ExecutionRow {
            execution: Kept(execution),
            owner: Owner::of(cx.principal())?,
            columns: None,
            pages: Vec::new(),
            row_count: 0,
            update_count: None,
            header: false,
            request,
        };
        let newest_first = u64::MAX - cx.now().unix_ns.clamp(0, u64::MAX as i128) as u64;
        let started = cx
            .store()
            .write(|tx| {
                if let Some(known) = tx.get(&TOKENS, cx.scope(), &token)? {
                    return same_request(tx, cx, &known, &row).map(|()| known);
                }
                tx.put(&TOKENS, cx.scope(), &token, &id)?;
                tx.put(&BY_TIME, cx.scope(), &(group_name, newest_first, id.clone()), &())?;
                tx.put(&EXECUTIONS, cx.scope(), &id, &row)?;
                tx.task(NewTask::new(cx.scope(), "athena", "run", &id));
                Ok(id)
            })
            .await?;
        Ok(StartQueryExecutionOutput { query_execution_id: Some(started) })
    }
}

/// The statement, if it is one.
fn read(input: &StartQueryExecutionInput) -> Result<Classified, Fault> {
    let classified = classify(&input.query_string).map_err(|message| invalid("MALFORMED_QUERY", message))?;
    if let Some(query) = classified.statement.query(&input.query_string) {
        let parameters = input.execution_parameters.clone().unwrap_or_default();
        engine::check_syntax(query, &parameters).map_err(|message| invalid("MALFORMED_QUERY", message))?;
    }
    Ok(classified)
}

/// The client's token, which AWS insists on; its clients make one up where nobody gives it.
fn token(input: &StartQueryExecutionInput) -> Result<String, Fault> {
    match input.client_request_token.as_deref() {
        None | Some("") => Err(invalid("INVALID_INPUT", "clientRequestToken is null or empty")),
        Some(token) => Ok(token.to_owned()),
    }
}

/// DESCRIBE and SHOW COLUMNS of a table that is not there are refused before they start.
async fn described(cx: &Context, input: &StartQueryExecutionInput, classified: &Classified) -> Result<(), Fault> {
    let (Statement::Describe { name, .. } | Statement::ShowColumns { name }) = &classified.statement else { return Ok(()) };
    let Ok(catalog) = cx.cloud().ports().catalog() else { return Ok(()) };
    let context = input.query_execution_context.as_ref();
    let database = context.and_then(|c| c.database.as_deref()).unwrap_or("default").trim_matches('`').to_lowercase();
    match catalog.table(cx, name.database.as_deref().unwrap_or(&database), &name.table).await {
        Err(fault) if fault.code == "EntityNotFoundException" => {
            let request = cx.ids().uuid();
            let text = format!(
                "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; Request ID: {request}; \
                 Proxy: null)"
            );
            Err(invalid("INVALID_INPUT", text))
        }
        // Whatever else is wrong is the statement's own failure.
        _ => Ok(()),
    }
}

/// The execution as it begins.
fn execution(cx: &Context, input: StartQueryExecutionInput, group: &WorkGroup, classified: Classified) -> Result<QueryExecution, Fault> {
    let (result, location) = destination::of_query(cx, group, input.result_configuration)?;
    // What a prepared statement gives is of its own kind: rows of a query lie in a CSV file.
    let inner = match &classified.statement {
        Statement::Execute { name, .. } => prepared::text(cx, &group.name, name).ok().and_then(|text| classify(&text).ok()),
        _ => None,
    };
    let meant = inner.as_ref().unwrap_or(&classified);
    let id = cx.ids().uuid();
    let place = format!("{}/{}", location.trim_end_matches('/'), result_name(meant, &id));
    Ok(QueryExecution {
        query_execution_id: Some(id),
        query: Some(input.query_string),
        statement_type: Some(meant.statement_type),
        result_configuration: Some(ResultConfiguration { output_location: Some(place), ..result }),
        result_reuse_configuration: input.result_reuse_configuration,
        query_execution_context: Some(input.query_execution_context.unwrap_or_default()),
        status: Some(QueryExecutionStatus {
            state: Some(QueryExecutionState::Queued),
            submission_date_time: Some(cx.now()),
            ..QueryExecutionStatus::default()
        }),
        statistics: Some(QueryExecutionStatistics::default()),
        work_group: Some(group.name.clone()),
        engine_version: group.configuration.as_ref().and_then(|c| c.engine_version.clone()),
        execution_parameters: input.execution_parameters,
        substatement_type: Some(classified.substatement.to_owned()),
        ..QueryExecution::default()
    })
}

/// What AWS calls the result object of a statement.
fn result_name(of: &Classified, id: &str) -> String {
    match of.statement {
        Statement::CreateTableAs { .. } => format!("tables/{id}"),
        Statement::Insert { .. } | Statement::Unload { .. } => id.to_owned(),
        _ if of.statement_type == StatementType::Dml => format!("{id}.csv"),
        _ => format!("{id}.txt"),
    }
}

/// All that a client asked, but for its token: AWS's model has it that no parameter may change.
fn fingerprint(input: &StartQueryExecutionInput, group: &str) -> String {
    let asked = StartQueryExecutionInput { client_request_token: None, work_group: Some(group.to_owned()), ..input.clone() };
    kit::ids::hex(&sha2::Sha256::digest(asked.keep().to_string()))
}

fn same_request(store: &impl Read, cx: &Context, known: &str, row: &ExecutionRow) -> Result<(), Fault> {
    let Some(old) = store.get(&EXECUTIONS, cx.scope(), &known.to_owned())? else { return Ok(()) };
    // Rows of an earlier version have no fingerprint; of those the text is compared.
    let same = if old.request.is_empty() { old.execution.0.query == row.execution.0.query } else { old.request == row.request };
    match same {
        true => Ok(()),
        false => Err(invalid("IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match")),
    }
}

impl Authorize<Athena> for StartQueryExecutionInput {
    fn access(&self, _: &Athena, cx: &Context) -> Access {
        Access::on("athena:StartQueryExecution", group_arn(cx, self.work_group.as_deref().unwrap_or(PRIMARY)))
    }
}
