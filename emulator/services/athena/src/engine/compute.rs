//! A query as it is run: what it may use, what is done with it, and its errors with their places.

use super::{
    QueryError, errors,
    session::{self, Session},
    sql,
    streamed::Outlet,
    table::Scans,
    threads,
    trino::ty::Ty,
    write::Files,
};
use crate::{data_catalogs, model::QueryExecution, running::Stop, work_groups};
use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    error::DataFusionError,
    logical_expr::LogicalPlanBuilder,
};
use kit::Context;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A query to be run, and what it may use.
pub(super) struct Job<'a> {
    pub cx: &'a Context,
    pub execution: &'a QueryExecution,
    pub database: &'a str,
    pub parameters: &'a [String],
    scans: Arc<Scans>,
}

/// What a query gave.
pub(super) struct Computed {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        cx: &'a Context,
        execution: &'a QueryExecution,
        database: &'a str,
        parameters: &'a [String],
        stop: Arc<Stop>,
    ) -> Job<'a> {
        let group = execution.work_group.clone().unwrap_or_default();
        let group = cx.store().read(|s| work_groups::must_find(s, cx, &group)).ok().and_then(|row| row.group.0.configuration);
        let cutoff = group.and_then(|c| c.bytes_scanned_cutoff_per_query).map(|bytes| bytes as u64);
        let scans = Arc::new(Scans { cx: cx.clone(), scanned_bytes: AtomicU64::new(0), stop, cutoff });
        Job { cx, execution, database, parameters, scans }
    }
    /// The same with other parameters.
    pub(super) fn with<'b>(&'b self, parameters: &'b [String]) -> Job<'b> {
        Job { cx: self.cx, execution: self.execution, database: self.database, parameters, scans: self.scans.clone() }
    }
    /// Bytes read so far.
    pub(super) fn scanned(&self) -> u64 {
        self.scans.scanned_bytes.load(Ordering::Relaxed)
    }

    /// The work group.
    pub(super) fn group(&self) -> &str {
        self.execution.work_group.as_deref().unwrap_or(crate::state::PRIMARY)
    }
    /// The place of the query's own result, without what tells its kind.
    pub(super) fn output(&self) -> String {
        self.execution.result_configuration.as_ref().and_then(|r| r.output_location.clone()).unwrap_or_default()
    }
    /// The columns that a query has.
    pub(super) async fn shape(&self, query: &str) -> Result<SchemaRef, QueryError> {
        self.check(query)?;
        let plan = self.session()?.plan(query, self.parameters).await.map_err(|e| self.wrong(e, query))?;
        Ok(session::columns(&plan))
    }

    fn session(&self) -> Result<Session, QueryError> {
        session::session(self.database, &self.scans, 0)
    }
    /// How a query would be run; how it was, where `analyze` says so.
    pub(super) async fn explain(&self, query: &str, analyze: bool) -> Result<Computed, QueryError> {
        self.check(query)?;
        let (session, text, parameters) = (self.session()?, query.to_owned(), self.parameters.to_vec());
        let work = async move {
            let plan = session.plan(&text, &parameters).await?;
            session.collect(LogicalPlanBuilder::from(plan).explain(false, analyze)?.build()?).await
        };
        threads::run(&self.scans.stop, work).await.map_err(|e| self.wrong(e, query))
    }
    /// Name, Trino's type and Hive's type of the columns that a query has.
    pub(super) async fn columns(&self, query: &str) -> Result<Vec<(String, String, String)>, QueryError> {
        let session = self.session()?;
        let plan = session.plan(query, self.parameters).await.map_err(|e| self.wrong(e, query))?;
        let column =
            |f: &Arc<datafusion::arrow::datatypes::Field>| (f.name().clone(), Ty::of(f).to_string(), super::types::hive(&Ty::of(f)));
        let columns = session::columns(&plan);
        session::once(&columns)?;
        Ok(columns.fields().iter().map(column).collect())
    }

    /// Runs a query and hands its rows over as they come.
    pub(super) async fn stream(&self, query: &str, outlet: Outlet) -> Result<(), QueryError> {
        self.check(query)?;
        let (session, text, parameters) = (self.session()?, query.to_owned(), self.parameters.to_vec());
        let work = async move {
            let plan = session.plan(&text, &parameters).await?;
            session.stream(plan, outlet).await
        };
        threads::run(&self.scans.stop, work).await.map_err(|e| self.wrong(e, query))
    }

    /// Runs a query whose rows become files as they come.
    pub(super) async fn write(&self, query: &str, files: Files) -> Result<(), QueryError> {
        let (session, text, parameters) = (self.session()?, query.to_owned(), self.parameters.to_vec());
        let work = async move {
            let plan = session.plan(&text, &parameters).await?;
            session.write(plan, files).await
        };
        threads::run(&self.scans.stop, work).await.map_err(|e| self.wrong(e, query))
    }

    /// Whether there are as many values as marks.
    fn check(&self, query: &str) -> Result<(), QueryError> {
        let wanted = sql::placeholders(query);
        if wanted > 0 && wanted != self.parameters.len() {
            return Err(QueryError::user(
                1000,
                format!(
                    "INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {wanted} but found {}",
                    self.parameters.len()
                ),
            ));
        }
        Ok(())
    }

    /// An error of the engine, with its place in the query.
    fn wrong(&self, error: DataFusionError, query: &str) -> QueryError {
        let mut error = QueryError::from_engine(error, query);
        if let Some(catalog) = self.unknown_catalog(&error) {
            let place = errors::position(query, &catalog);
            return QueryError::user(1006, format!("CATALOG_NOT_FOUND: {place}: Catalog '{catalog}' does not exist"));
        }
        if error.message.contains("{}") {
            let name = error
                .message
                .split(" function ")
                .nth(1)
                .and_then(|t| t.split('.').next())
                .or(error.message.split('\'').nth(1))
                .unwrap_or("")
                .to_owned();
            error.message = error.message.replacen("{}", &errors::position(query, &name), 1);
        }
        error
    }
}

impl Job<'_> {
    /// The catalog of a table that was not found, where there is none of that name.
    fn unknown_catalog(&self, error: &QueryError) -> Option<String> {
        let table = error.message.strip_prefix("TABLE_NOT_FOUND: ")?.split('\'').nth(1)?;
        let [catalog, _, _] = table.split('.').collect::<Vec<_>>()[..] else { return None };
        let unknown = self.cx.store().read(|s| data_catalogs::find(s, self.cx, catalog)).is_err();
        unknown.then(|| catalog.to_owned())
    }
}
