//! A query in the engine: a session made for it alone, its plan, its batches.

use super::{
    QueryError, catalog, errors, plans,
    sql::{self, Operators, Setting, Unnests},
    streamed::Outlet,
    table::Scans,
    threads,
    trino::{
        aggregates, functions, lambdas, time,
        ty::Ty,
        udf::Env,
        val::{self, Val},
    },
};
use crate::{data_catalogs, model::QueryExecution, running::Stop, work_groups};
use datafusion::{
    arrow::{
        array::{RecordBatch, RecordBatchOptions},
        datatypes::SchemaRef,
    },
    error::DataFusionError,
    execution::{
        SendableRecordBatchStream, SessionStateBuilder,
        memory_pool::{FairSpillPool, MemoryConsumer},
        runtime_env::RuntimeEnvBuilder,
        session_state::SessionState,
    },
    logical_expr::{LogicalPlan, LogicalPlanBuilder},
    physical_plan::execute_stream,
    prelude::{SessionConfig, SessionContext},
};
use futures_util::StreamExt;
use kit::Context;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Memory of one query, bytes.
pub(super) const QUERY_MEMORY: usize = 512 << 20;
/// Rows of a result that are kept.
const MOST_ROWS: usize = 5_000_000;

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

impl Computed {
    /// Rows of all batches.
    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
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
        let plan = self.session()?.plan(query, self.parameters).await.map_err(|e| self.wrong(e, query))?;
        Ok(Arc::new(plan.schema().as_arrow().clone()))
    }

    fn session(&self) -> Result<Session, QueryError> {
        session(self.database, &self.scans, 0)
    }
    /// Runs a query to its end.
    pub(super) async fn run(&self, query: &str) -> Result<Computed, QueryError> {
        self.execute(query, Ok).await
    }
    /// How a query would be run; how it was, where `analyze` says so.
    pub(super) async fn explain(&self, query: &str, analyze: bool) -> Result<Computed, QueryError> {
        self.execute(query, move |plan| LogicalPlanBuilder::from(plan).explain(false, analyze)?.build()).await
    }
    /// Name, Trino's type and Hive's type of the columns that a query has.
    pub(super) async fn columns(&self, query: &str) -> Result<Vec<(String, String, String)>, QueryError> {
        let session = self.session()?;
        let plan = session.plan(query, self.parameters).await.map_err(|e| self.wrong(e, query))?;
        let column =
            |f: &Arc<datafusion::arrow::datatypes::Field>| (f.name().clone(), Ty::of(f).to_string(), super::types::hive(&Ty::of(f)));
        Ok(plan.schema().fields().iter().map(column).collect())
    }

    async fn execute(
        &self,
        query: &str,
        wrap: impl FnOnce(LogicalPlan) -> datafusion::error::Result<LogicalPlan> + Send + 'static,
    ) -> Result<Computed, QueryError> {
        self.check(query)?;
        let (session, text, parameters) = (self.session()?, query.to_owned(), self.parameters.to_vec());
        let work = async move {
            let plan = session.plan(&text, &parameters).await?;
            session.collect(wrap(plan)?).await
        };
        threads::run(&self.scans.stop, work).await.map_err(|e| self.wrong(e, query))
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

/// The engine for one query, or for one view inside a query.
pub(super) struct Session {
    context: SessionContext,
    setting: Setting,
}

/// A session in which names without a database mean `database`.
pub(super) fn session(database: &str, scans: &Arc<Scans>, depth: usize) -> Result<Session, QueryError> {
    let cx = &scans.cx;
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema("awsdatacatalog", database)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false)
        .with_target_partitions(threads::count());
    let options = config.options_mut();
    options.sql_parser.default_null_ordering = "nulls_last".into();
    options.sql_parser.collect_spans = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    let runtime =
        RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(QUERY_MEMORY))).build_arc().map_err(QueryError::internal)?;
    let env = Arc::new(Env { random: kit::Ids::new(cx.ids().number(), cx.cause()) });
    let ours = functions::udfs(&env);
    let builder = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features();
    let mut state = plans::with_rules(builder).build();
    register(&mut state, &ours).map_err(QueryError::internal)?;
    let context = SessionContext::new_with_state(state);
    let others = cx.store().read(|s| data_catalogs::names(s, cx)).map_err(QueryError::internal)?;
    for name in others.iter().map(|name| name.to_lowercase()).chain(["awsdatacatalog".to_owned()]) {
        context.register_catalog(name, Arc::new(catalog::Glue { scans: scans.clone(), depth }));
    }
    let now = format!("{} UTC", time::timestamp_text((cx.now().unix_ns / 1000) as i64, 3));
    Ok(Session { context, setting: Setting { now, user: cx.principal().arn(), database: database.to_owned() } })
}

fn register(state: &mut SessionState, ours: &[Arc<datafusion::logical_expr::ScalarUDF>]) -> datafusion::error::Result<()> {
    use datafusion::execution::FunctionRegistry;
    for function in ours {
        state.register_udf(function.clone())?;
    }
    for aggregate in aggregates::udafs() {
        state.register_udaf(aggregate)?;
    }
    for function in lambdas::udfs() {
        state.register_higher_order_function(function)?;
    }
    state.register_expr_planner(Arc::new(Operators::new(ours)))?;
    state.register_relation_planner(Arc::new(Unnests::new(ours)))
}

impl Session {
    /// The plan of a query.
    pub(super) async fn plan(&self, query: &str, parameters: &[String]) -> datafusion::error::Result<LogicalPlan> {
        let named = |text: String| errors::carry(QueryError::named(text));
        let mut query = sql::read(query, parameters).map_err(named)?;
        let states = self.states(&mut query).await?;
        sql::put(&mut query, &states);
        let statement = sql::prepared(query, &self.setting).map_err(named)?;
        let plan = self.context.state().statement_to_plan(statement).await?;
        // Athena's engine changes nothing outside the catalog: no CREATE, COPY or SET reaches the library.
        datafusion::execution::context::SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)?;
        Ok(plan)
    }

    /// The states of tables that a query names: milliseconds since 1970, and ids of snapshots.
    async fn states(&self, query: &mut sql::Query) -> datafusion::error::Result<Vec<i64>> {
        let named = |text: String| errors::carry(QueryError::named(text));
        let mut states = Vec::new();
        for asked in sql::asked(query) {
            let statement = sql::constant(asked.expression, &self.setting).map_err(named)?;
            let plan = self.context.state().statement_to_plan(statement).await?;
            let done = self.collect(plan).await?;
            let ty = Ty::of(done.schema.field(0));
            let batch =
                done.batches.iter().find(|b| b.num_rows() > 0).ok_or_else(|| named("the state of a table is told by no row".into()))?;
            let value = val::normal(batch.column(0), &ty).and_then(|column| val::read(&column, 0, &ty)).map_err(named)?;
            states.push(match (value, asked.time) {
                (Val::Ts(micros), true) => micros.div_euclid(1000),
                (Val::Date(day), true) => i64::from(day) * 86_400_000,
                (Val::Int(id), false) => id,
                _ => return Err(named(format!("INVALID_ARGUMENTS: a table's version can't be told by a value of the type {ty}"))),
            });
        }
        Ok(states)
    }

    /// The plan's stream, and its columns with their marks.
    async fn start(&self, plan: LogicalPlan) -> datafusion::error::Result<(SchemaRef, SendableRecordBatchStream)> {
        let logical: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
        let frame = self.context.execute_logical_plan(plan).await?;
        let physical = frame.create_physical_plan().await?;
        let schema = if physical.schema().fields().len() == logical.fields().len() {
            named(&physical.schema(), &logical)
        } else {
            physical.schema()
        };
        Ok((schema, execute_stream(physical, self.context.task_ctx())?))
    }

    /// All batches, for statements that write them elsewhere; they count against the query's memory.
    async fn collect(&self, plan: LogicalPlan) -> datafusion::error::Result<Computed> {
        let (schema, mut stream) = self.start(plan).await?;
        let held = MemoryConsumer::new("rows to be written").register(&self.context.runtime_env().memory_pool);
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = marked(&schema, batch?)?;
            held.try_grow(batch.get_array_memory_size())?;
            batches.push(batch);
        }
        Ok(Computed { schema, batches })
    }

    /// Hands the rows over; ends early where nobody reads any more.
    async fn stream(&self, plan: LogicalPlan, outlet: Outlet) -> datafusion::error::Result<()> {
        let (schema, mut stream) = self.start(plan).await?;
        if !outlet.columns(&schema).await {
            return Ok(());
        }
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            let batch = marked(&schema, batch?)?;
            rows += batch.num_rows();
            if rows > MOST_ROWS {
                let text = format!("windtunnel keeps results of at most {MOST_ROWS} rows; add a LIMIT");
                return Err(errors::carry(QueryError::user(1000, text)));
            }
            if !outlet.rows(&batch).await.map_err(DataFusionError::Execution)? {
                break;
            }
        }
        Ok(())
    }
}

fn marked(schema: &SchemaRef, batch: RecordBatch) -> datafusion::error::Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), batch.columns().to_vec(), &options)?)
}

/// The physical columns with the logical ones' marks.
fn named(physical: &SchemaRef, logical: &SchemaRef) -> SchemaRef {
    let fields = physical.fields().iter().zip(logical.fields()).map(|(p, l)| {
        let marks = if l.metadata().is_empty() { p.metadata().clone() } else { l.metadata().clone() };
        Arc::new(p.as_ref().clone().with_nullable(true).with_metadata(marks))
    });
    Arc::new(datafusion::arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}
