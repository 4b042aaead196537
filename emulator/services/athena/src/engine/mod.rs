//! The part that really does the work: SQL by DataFusion over the catalog's tables, the statements that the catalog answers itself, and
//! the result objects. A fresh engine for each query; nothing is shared but what a query reads.

mod catalog;
mod errors;
mod formats;
pub(crate) mod location;
mod names;
mod output;
mod own;
mod partitions;
mod table;
mod text;
mod types;

pub(crate) use errors::QueryError;

use crate::{
    classify::{Classified, Statement, classify},
    model::{ColumnInfo, QueryExecution},
    results::TextRow,
    work_groups,
};
use datafusion::{
    arrow::array::RecordBatch,
    execution::{SessionStateBuilder, memory_pool::FairSpillPool, runtime_env::RuntimeEnvBuilder},
    prelude::{SessionConfig, SessionContext},
    sql::parser::{DFParser, DFParserBuilder},
};
use futures_util::StreamExt;
use kit::Context;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// Memory of one query, bytes.
const QUERY_MEMORY: usize = 512 << 20;
/// Rows of a result that are kept.
const MOST_ROWS: usize = 1_000_000;
/// Nesting of a statement that the parser follows.
const PARSER_DEPTH: usize = 50;

/// A query that succeeded.
pub(crate) struct Finished {
    pub columns: Vec<ColumnInfo>,
    pub rows: Vec<TextRow>,
    /// The first row of results repeats the column names.
    pub header: bool,
    pub scanned_bytes: u64,
    pub update_count: Option<i64>,
}

/// Whether the parser takes a query. The error is the message of a MALFORMED_QUERY.
pub(crate) fn check_syntax(sql: &str) -> Result<(), String> {
    let statements = DFParserBuilder::new(sql).with_recursion_limit(PARSER_DEPTH).build().and_then(|mut p| p.parse_statements());
    let statements = statements.map_err(|e| {
        let text = e.strip_backtrace();
        match text.split_once("at Line: ") {
            Some((what, at)) => {
                let (line, column) = at.split_once(", Column: ").unwrap_or((at, "1"));
                format!("line {}:{}: {}", line.trim(), column.trim(), what.replace("SQL error: ParserError(\"", "").trim_end())
            }
            None => format!("line 1:1: {text}"),
        }
    })?;
    match statements.len() {
        1 => Ok(()),
        0 => Err("line 1:1: mismatched input '<EOF>'. Expecting: <query>".into()),
        _ => Err("Only one sql statement is allowed. Got: several".into()),
    }
}

/// Runs a query on the permissions of the context, and writes its result objects.
pub(crate) async fn run(cx: &Context, execution: &QueryExecution, stop: Arc<AtomicBool>) -> Result<Finished, QueryError> {
    let sql = execution.query.clone().unwrap_or_default();
    let classified = classify(&sql).map_err(|text| QueryError::user(1000, text))?;
    let database = execution.query_execution_context.as_ref().and_then(|c| c.database.clone()).unwrap_or_else(|| "default".into());
    let finished = match classified.kind {
        Statement::Query => select(cx, execution, &sql, &database, stop).await?,
        Statement::Unbuilt => return Err(QueryError::unbuilt(&format!("{} statements", classified.substatement.replace('_', " ")))),
        _ => own::run(cx, &classified, &database).await?,
    };
    output::write(cx, execution, &classified, &finished).await?;
    Ok(finished)
}

async fn select(
    cx: &Context,
    execution: &QueryExecution,
    sql: &str,
    database: &str,
    stop: Arc<AtomicBool>,
) -> Result<Finished, QueryError> {
    let group = execution.work_group.clone().unwrap_or_default();
    let cutoff = cx.store().read(|s| work_groups::must_find(s, cx, &group)).ok().and_then(|row| row.group.0.configuration);
    let cutoff = cutoff.and_then(|c| c.bytes_scanned_cutoff_per_query).map(|bytes| bytes as u64);
    let scans = Arc::new(table::Scans { cx: cx.clone(), scanned_bytes: AtomicU64::new(0), stop: stop.clone(), cutoff });
    let (session, text, explain) = (session(database, scans.clone())?, sql.to_owned(), explains(sql));
    // The engine computes; the cloud's own threads must stay free for requests, so it has a thread of its own.
    let runtime = tokio::runtime::Handle::current();
    let computed = tokio::task::spawn_blocking(move || runtime.block_on(compute(session, text, stop))).await;
    let (schema, batches) =
        computed.map_err(|e| QueryError { message: format!("INTERNAL_ERROR: {e}"), category: 1, kind: 1000 })?.map_err(|e| {
            let mut error = QueryError::from_engine(e, sql);
            if error.message.contains("{}") {
                let name = error.message.split('\'').nth(1).unwrap_or("").to_owned();
                error.message = error.message.replacen("{}", &errors::position(sql, &name), 1);
            }
            error
        })?;
    let columns: Vec<ColumnInfo> = schema.fields().iter().map(|f| types::column_info(f.name(), f.data_type())).collect();
    let rows = rows(&batches)?;
    let scanned_bytes = scans.scanned_bytes.load(Ordering::Relaxed);
    if explain {
        return Ok(explained(rows, scanned_bytes));
    }
    Ok(Finished { columns, rows, header: true, scanned_bytes, update_count: Some(0) })
}

fn session(database: &str, scans: Arc<table::Scans>) -> Result<SessionContext, QueryError> {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema("awsdatacatalog", database.to_lowercase())
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_target_partitions(2);
    config.options_mut().sql_parser.default_null_ordering = "nulls_last".into();
    let system = |e: datafusion::error::DataFusionError| QueryError { message: format!("INTERNAL_ERROR: {e}"), category: 1, kind: 1000 };
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(QUERY_MEMORY))).build_arc().map_err(system)?;
    let state = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features().build();
    let session = SessionContext::new_with_state(state);
    let glue = Arc::new(catalog::Glue(scans));
    session.register_catalog("awsdatacatalog", glue.clone());
    session.register_catalog("AwsDataCatalog", glue);
    Ok(session)
}

async fn compute(
    session: SessionContext,
    sql: String,
    stop: Arc<AtomicBool>,
) -> datafusion::error::Result<(datafusion::arrow::datatypes::SchemaRef, Vec<RecordBatch>)> {
    let state = session.state();
    let mut statements = DFParser::parse_sql(&sql)?;
    let mut statement = statements.pop_front().ok_or_else(|| datafusion::error::DataFusionError::Plan("nothing to run".into()))?;
    names::complete(&mut statement);
    let plan = state.statement_to_plan(statement).await?;
    // Athena's engine changes nothing outside the catalog: no CREATE, COPY or SET reaches the library.
    datafusion::execution::context::SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(&plan)?;
    let frame = session.execute_logical_plan(plan).await?;
    let physical = frame.create_physical_plan().await?;
    let schema = physical.schema();
    let mut stream = datafusion::physical_plan::execute_stream(physical, session.task_ctx())?;
    let (mut batches, mut rows) = (Vec::new(), 0);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        if stop.load(Ordering::Acquire) {
            return Err(errors::carry(QueryError::user(1000, "Query cancelled by user")));
        }
        if rows > MOST_ROWS {
            return Err(errors::carry(QueryError::user(
                1000,
                format!("windtunnel keeps results of at most {MOST_ROWS} rows; add a LIMIT"),
            )));
        }
        batches.push(batch);
    }
    Ok((schema, batches))
}

fn rows(batches: &[RecordBatch]) -> Result<Vec<TextRow>, QueryError> {
    let wrong = |text: String| QueryError { message: format!("INTERNAL_ERROR: {text}"), category: 1, kind: 1000 };
    let mut rows = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|column| text::value(column, row)).collect::<Result<TextRow, String>>().map_err(wrong)?);
        }
    }
    Ok(rows)
}

fn explains(sql: &str) -> bool {
    classify(sql).is_ok_and(|c: Classified| c.substatement == "EXPLAIN")
}

/// EXPLAIN answers one row a line under the name `Query Plan`.
fn explained(rows: Vec<TextRow>, scanned_bytes: u64) -> Finished {
    let text: Vec<String> = rows.into_iter().filter_map(|row| row.into_iter().nth(1).flatten()).collect();
    let lines = text.iter().flat_map(|t| t.lines()).map(|line| vec![Some(line.to_owned())]).collect();
    let columns = vec![types::column_info("Query Plan", &datafusion::arrow::datatypes::DataType::Utf8)];
    Finished { columns, rows: lines, header: true, scanned_bytes, update_count: None }
}
