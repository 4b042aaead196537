//! The engine for one query: its memory, catalog and settings, and the functions that all queries share; plans and their batches.

use super::{
    QueryError, catalog,
    compute::Computed,
    errors, plans,
    sql::{self, Operators, Setting, Unnests, Usings},
    streamed::Outlet,
    table::Scans,
    threads,
    trino::{
        aggregates, functions, lambdas, sums, time,
        ty::Ty,
        val::{self, Val},
    },
    write::Files,
};
use crate::data_catalogs;
use datafusion::{
    arrow::{
        array::{RecordBatch, RecordBatchOptions},
        datatypes::{Field, Schema, SchemaRef},
    },
    error::DataFusionError,
    execution::{
        FunctionRegistry, SendableRecordBatchStream, SessionStateBuilder, TaskContext,
        memory_pool::{FairSpillPool, MemoryConsumer},
        runtime_env::RuntimeEnvBuilder,
        session_state::SessionState,
    },
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder},
    physical_plan::execute_stream,
    prelude::SessionConfig,
};
use futures_util::StreamExt;
use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

/// Memory of one query, bytes.
pub(super) const QUERY_MEMORY: usize = 512 << 20;
/// Rows of a result that are kept.
const MOST_ROWS: usize = 5_000_000;
/// Bytes of a join's smaller side up to which one table of it serves all threads, made by one of them. Beyond it each thread makes its own
/// table of its share, for which the rows of both sides have to be dealt out.
const ONE_TABLE: usize = 32 << 20;

/// Planners that all queries share.
static OPERATORS: LazyLock<Arc<Operators>> = LazyLock::new(|| Arc::new(Operators::new(&functions::SHARED)));
static UNNESTS: LazyLock<Arc<Unnests>> = LazyLock::new(|| Arc::new(Unnests::new(&functions::SHARED)));

/// The engine for one query, or for one view inside a query.
pub(super) struct Session {
    state: SessionState,
    setting: Setting,
    scans: Arc<Scans>,
}

/// A session in which names without a database mean `database`.
pub(super) fn session(database: &str, scans: &Arc<Scans>, depth: usize) -> Result<Session, QueryError> {
    let cx = &scans.cx;
    let runtime =
        RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(QUERY_MEMORY))).build_arc().map_err(QueryError::internal)?;
    let builder = SessionStateBuilder::new().with_config(config(database)).with_runtime_env(runtime).with_default_features();
    let mut state = plans::with_rules(builder).build();
    let random = Arc::new(kit::Ids::new(cx.ids().number(), cx.cause()));
    register(&mut state, &random).map_err(QueryError::internal)?;
    state.mark_start_execution();
    let others = cx.store().read(|s| data_catalogs::names(s, cx)).map_err(QueryError::internal)?;
    for name in others.iter().map(|name| name.to_lowercase()).chain(["awsdatacatalog".to_owned()]) {
        state.catalog_list().register_catalog(name, Arc::new(catalog::Glue { scans: scans.clone(), depth }));
    }
    let now = format!("{} UTC", time::timestamp_text((cx.now().unix_ns / 1000) as i64, 3));
    let setting = Setting { now, user: cx.principal().arn(), database: database.to_owned() };
    Ok(Session { state, setting, scans: scans.clone() })
}

fn config(database: &str) -> SessionConfig {
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
    options.optimizer.hash_join_single_partition_threshold = ONE_TABLE;
    config
}

fn register(state: &mut SessionState, random: &Arc<kit::Ids>) -> datafusion::error::Result<()> {
    for function in functions::SHARED.iter().cloned().chain(functions::volatile(random)) {
        state.register_udf(function)?;
    }
    for aggregate in aggregates::ALL.iter() {
        state.register_udaf(aggregate.clone())?;
    }
    state.register_udaf(sums::SUM.clone())?;
    for function in lambdas::ALL.iter() {
        state.register_higher_order_function(function.clone())?;
    }
    state.register_expr_planner(OPERATORS.clone())?;
    state.register_relation_planner(UNNESTS.clone())?;
    state.register_relation_planner(Arc::new(Usings))
}

impl Session {
    /// The plan of a query.
    pub(super) async fn plan(&self, query: &str, parameters: &[String]) -> datafusion::error::Result<LogicalPlan> {
        let named = |text: String| errors::carry(QueryError::named(text));
        let mut query = sql::read(query, parameters).map_err(named)?;
        let states = self.states(&mut query).await?;
        sql::put(&mut query, &states);
        self.mark(&mut query).await?;
        let statement = sql::prepared(query, &self.setting).map_err(named)?;
        let plan = self.state.statement_to_plan(statement).await?;
        // Athena's engine changes nothing outside the catalog: no CREATE, COPY or SET reaches the library.
        datafusion::execution::context::SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)?;
        plans::prepared(plan)
    }

    /// Marks the tables whose hidden columns a query names.
    async fn mark(&self, query: &mut sql::Query) -> datafusion::error::Result<()> {
        let Some(reads) = sql::reads(query) else { return Ok(()) };
        let mut without = HashSet::new();
        for name in &reads.tables {
            if !catalog::has_hidden(&self.scans, &self.setting.database, name).await {
                without.insert(name.clone());
            }
        }
        sql::mark(query, reads, &without);
        Ok(())
    }

    /// The states of tables that a query names: milliseconds since 1970, and ids of snapshots.
    async fn states(&self, query: &mut sql::Query) -> datafusion::error::Result<Vec<i64>> {
        let named = |text: String| errors::carry(QueryError::named(text));
        let mut states = Vec::new();
        for asked in sql::asked(query) {
            let statement = sql::constant(asked.expression, &self.setting).map_err(named)?;
            let plan = self.state.statement_to_plan(statement).await?;
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
        let optimized = plans::guarded(self.state.optimize(&plan)?)?;
        let physical = self.state.query_planner().create_physical_plan(&optimized, &self.state).await?;
        let schema = if physical.schema().fields().len() == logical.fields().len() {
            named(&physical.schema(), &logical)
        } else {
            with_names(physical.schema().fields().iter().map(|f| f.as_ref().clone()))
        };
        Ok((schema, execute_stream(physical, self.task())?))
    }

    /// What a running plan knows of its session. Its functions stand in the plan: the registries stay here.
    fn task(&self) -> Arc<TaskContext> {
        let (id, config, runtime) = (self.state.session_id().to_owned(), self.state.config().clone(), self.state.runtime_env().clone());
        let (scalars, lambdas, aggregates, windows) = Default::default();
        Arc::new(TaskContext::new(None, id, config, scalars, lambdas, aggregates, windows, runtime))
    }

    /// Makes files of the rows; ends early where nobody takes them any more.
    pub(super) async fn write(&self, plan: LogicalPlan, mut files: Files) -> datafusion::error::Result<()> {
        let (schema, mut stream) = self.start(plan).await?;
        let held = MemoryConsumer::new("files that are written").register(&self.state.runtime_env().memory_pool);
        if !files.columns(&schema).await {
            return Ok(());
        }
        while let Some(batch) = stream.next().await {
            if !files.rows(&marked(&schema, batch?)?, &held).await.map_err(errors::carry)? {
                return Ok(());
            }
        }
        files.finish().await.map(drop).map_err(errors::carry)
    }

    /// All batches, for what is told about a query; they count against its memory.
    pub(super) async fn collect(&self, plan: LogicalPlan) -> datafusion::error::Result<Computed> {
        let (schema, mut stream) = self.start(plan).await?;
        let held = MemoryConsumer::new("rows that are kept").register(&self.state.runtime_env().memory_pool);
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = marked(&schema, batch?)?;
            held.try_grow(batch.get_array_memory_size())?;
            batches.push(batch);
        }
        Ok(Computed { schema, batches })
    }

    /// Hands the rows over; ends early where nobody reads any more.
    pub(super) async fn stream(&self, plan: LogicalPlan, outlet: Outlet) -> datafusion::error::Result<()> {
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
        p.as_ref().clone().with_nullable(true).with_metadata(marks)
    });
    with_names(fields)
}

/// Columns by the names that clients see.
fn with_names(fields: impl Iterator<Item = Field>) -> SchemaRef {
    let fields = fields.enumerate().map(|(at, field)| {
        let name = sql::shown(field.name(), at);
        field.with_name(name)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The columns of a query by the names that clients see.
pub(super) fn columns(plan: &LogicalPlan) -> SchemaRef {
    with_names(plan.schema().fields().iter().map(|f| f.as_ref().clone()))
}

/// Refuses columns of one name, which a table can't have.
pub(super) fn once(columns: &SchemaRef) -> Result<(), QueryError> {
    let mut seen = HashSet::new();
    match columns.fields().iter().find(|f| !seen.insert(f.name().to_lowercase())) {
        Some(f) => {
            Err(QueryError::user(1000, format!("DUPLICATE_COLUMN_NAME: line 1:1: Column name '{}' specified more than once", f.name())))
        }
        None => Ok(()),
    }
}

/// The query with those names, so that another query can stand on it. The error is a column that is there twice.
pub(super) fn as_table(plan: LogicalPlan) -> datafusion::error::Result<LogicalPlan> {
    let shown = columns(&plan);
    let same = plan.schema().fields().iter().zip(shown.fields()).all(|(a, b)| a.name() == b.name());
    if same {
        return Ok(plan);
    }
    let named = plan.schema().columns().into_iter().zip(shown.fields()).map(|(c, f)| Expr::Column(c).alias(f.name()));
    let named: Vec<Expr> = named.collect();
    LogicalPlanBuilder::from(plan).project(named)?.build()
}
