//! The part that really does the work: SQL by DataFusion over the catalog's tables, the statements that the catalog answers itself, and
//! the result objects. A fresh engine for each query; nothing is shared but what a query reads.

mod catalog;
mod compute;
pub(crate) mod ddl;
mod errors;
mod formats;
mod iceberg;
pub(crate) mod location;
mod orc;
mod output;
mod parquet;
mod partitions;
mod plans;
mod prune;
mod reader;
mod schemas;
mod session;
mod sql;
mod streamed;
mod table;
mod text;
mod threads;
mod trino;
mod types;
mod write;

pub(crate) use errors::QueryError;
pub(crate) use sql::placeholders;
pub(crate) use streamed::{KeptRows, Pages, Rows};
pub(crate) use table::owned;

use crate::{
    hive::{ast::Statement, classify},
    model::{ColumnInfo, QueryExecution},
    prepared,
    results::TextRow,
    running::Stop,
};
use compute::Job;
use datafusion::arrow::array::RecordBatch;
use kit::Context;
use std::sync::Arc;

/// A query that succeeded.
pub(crate) struct Finished {
    pub columns: Vec<ColumnInfo>,
    pub rows: Rows,
    /// The first row of results repeats the column names.
    pub header: bool,
    pub update_count: Option<i64>,
    /// Objects that a statement wrote beside its result.
    pub manifest: Option<Vec<String>>,
}

/// Whether the parser takes a query. The error is the message of a MALFORMED_QUERY.
pub(crate) fn check_syntax(sql: &str, parameters: &[String]) -> Result<(), String> {
    let missing = placeholders(sql).saturating_sub(parameters.len());
    // Values that are missing are the query's failure later, with another code.
    let parameters: Vec<String> = parameters.iter().cloned().chain(std::iter::repeat_n("NULL".to_owned(), missing)).collect();
    sql::read(sql, &parameters).map(drop)
}

/// Reads a statement of any kind and, if it is a query, makes it ready for the planner; tells what it is. For tests of what readers make of bad input.
/// The error is the query's failure.
pub fn describe_statement(sql: &str) -> Result<String, String> {
    let classified = crate::hive::classify(sql)?;
    if matches!(classified.statement, Statement::Query) {
        let setting = sql::Setting {
            now: "2026-01-01 00:00:00.000 UTC".into(),
            user: "arn:aws:iam::000000000000:root".into(),
            database: "default".into(),
        };
        sql::prepared(sql::read(sql, &[])?, &setting)?;
    }
    Ok(format!("{} {}", classified.statement_type.as_str(), classified.substatement))
}

/// Runs a query on the permissions of the context, and writes its result objects; its rows are in the store then. Beside it the bytes that
/// were scanned, whether it succeeded or not.
pub(crate) async fn run(cx: &Context, execution: &QueryExecution, stop: Arc<Stop>) -> (Result<(Finished, KeptRows), QueryError>, u64) {
    let database = execution.query_execution_context.as_ref().and_then(|c| c.database.clone()).unwrap_or_else(|| "default".into());
    // Hive's quotes around the name are taken off, as AWS does.
    let database = database.trim_matches('`').to_lowercase();
    let parameters = execution.execution_parameters.clone().unwrap_or_default();
    let job = Job::new(cx, execution, &database, &parameters, stop);
    let outcome = finish(&job).await;
    (outcome, job.scanned())
}

async fn finish(job: &Job<'_>) -> Result<(Finished, KeptRows), QueryError> {
    let (cx, execution) = (job.cx, job.execution);
    let text = execution.query.clone().unwrap_or_default();
    let classified = classify(&text).map_err(|text| QueryError::user(1000, text))?;
    let mut finished = statement(job, &classified.statement, &text).await?;
    output::write(cx, execution, &finished).await?;
    let kept = match std::mem::replace(&mut finished.rows, Rows::Few(Vec::new())) {
        Rows::Kept(kept) => kept,
        Rows::Few(rows) => {
            let mut pages = Pages::new(cx);
            pages.push(rows).await.map_err(QueryError::internal)?;
            pages.finish().await.map_err(QueryError::internal)?
        }
    };
    Ok((finished, kept))
}

async fn statement(job: &Job<'_>, statement: &Statement, text: &str) -> Result<Finished, QueryError> {
    match statement {
        Statement::Query => streamed::select(job, text).await,
        Statement::Explain { format: Some(format), .. } => Err(QueryError::unbuilt(&format!("EXPLAIN (FORMAT {})", format.to_uppercase()))),
        Statement::Explain { analyze, query, .. } => explain(job, query, *analyze).await,
        Statement::CreateView { name, replace, query } => {
            let columns = job.columns(query).await?;
            let desk = ddl::Desk::new(job.cx, job.database)?;
            let definition = ddl::views::definition(job.cx, &name.table, job.database, query, &columns);
            ddl::views::create(&desk, name, *replace, definition).await
        }
        Statement::CreateTableAs { name, lenient, settings, query, data } => {
            write::create(job, name, *lenient, settings, query, *data).await
        }
        Statement::Insert { name, columns, query } => write::insert(job, name, columns, query).await,
        Statement::Unload { query, to, settings } => write::unload(job, query, to, settings).await,
        Statement::Prepare { name, query } => prepared::keep(job.cx, job.group(), name, query).await.map(|()| ddl::done()),
        Statement::Deallocate { name } => prepared::forget(job.cx, job.group(), name).await.map(|()| ddl::done()),
        Statement::Execute { name, parameters } => {
            let text = prepared::text(job.cx, job.group(), name)?;
            let inner = classify(&text).map_err(|text| QueryError::user(1000, text))?;
            if matches!(inner.statement, Statement::Execute { .. } | Statement::Prepare { .. }) {
                return Err(QueryError::user(1200, "NOT_SUPPORTED: prepared statements of prepared statements are not supported"));
            }
            let parameters = if parameters.is_empty() { job.parameters } else { parameters };
            Box::pin(self::statement(&job.with(parameters), &inner.statement, &text)).await
        }
        other => ddl::run(&ddl::Desk::new(job.cx, job.database)?, other).await,
    }
}

/// EXPLAIN answers one row a line under the name `Query Plan`.
async fn explain(job: &Job<'_>, query: &str, analyze: bool) -> Result<Finished, QueryError> {
    let done = job.explain(query, analyze).await?;
    let text: Vec<String> = rows(&done.batches)?.into_iter().filter_map(|row| row.into_iter().nth(1).flatten()).collect();
    let lines = text.iter().flat_map(|t| t.lines()).map(|line| vec![Some(sql::plain(line))]).collect();
    let columns = vec![types::varchar("Query Plan")];
    Ok(Finished { columns, rows: Rows::Few(lines), header: true, update_count: None, manifest: None })
}

fn rows(batches: &[RecordBatch]) -> Result<Vec<TextRow>, QueryError> {
    let all = batches.iter().map(streamed::texts).collect::<Result<Vec<_>, _>>().map_err(QueryError::internal)?;
    Ok(all.into_iter().flatten().collect())
}
