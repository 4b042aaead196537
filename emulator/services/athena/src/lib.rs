//! Amazon Athena: SQL over the lake, run by DataFusion in this process.
//!
//! Tables come from the Catalog port and objects from the Objects port, both on the caller's own permissions. The heavy library lives
//! in this room alone.

mod capacity;
mod catalogs;
mod data_catalogs;
mod destination;
mod engine;
mod engines;
mod hive;
mod metrics;
mod model;
mod named_queries;
mod prepared;
mod queries;
mod results;
mod reuse;
mod running;
mod start;
mod state;
mod work_groups;

pub use engine::describe_statement;

use kit::{BoxFuture, Context, Fault, Service, store::TaskRow};

/// The Athena service of a cloud.
#[derive(Default)]
pub struct Athena {
    running: running::Running,
}

impl Athena {
    /// A fresh service.
    pub fn new() -> Athena {
        Athena::default()
    }
}

kit::service! {
    /// Amazon Athena: SQL over the lake.
    Athena, model = "athena", invalid_input = "InvalidRequestException";
    // start.rs
    StartQueryExecution => start_query_execution,
    // queries.rs
    StopQueryExecution => stop_query_execution,
    GetQueryExecution => get_query_execution,
    BatchGetQueryExecution => batch_get_query_execution,
    ListQueryExecutions => list_query_executions,
    // results.rs
    GetQueryResults => get_query_results,
    // work_groups.rs
    CreateWorkGroup => create_work_group,
    GetWorkGroup => get_work_group,
    UpdateWorkGroup => update_work_group,
    DeleteWorkGroup => delete_work_group,
    ListWorkGroups => list_work_groups,
    // named_queries.rs
    CreateNamedQuery => create_named_query,
    GetNamedQuery => get_named_query,
    DeleteNamedQuery => delete_named_query,
    ListNamedQueries => list_named_queries,
    BatchGetNamedQuery => batch_get_named_query,
    UpdateNamedQuery => update_named_query,
    // engines.rs
    ListEngineVersions => list_engine_versions,
    GetQueryRuntimeStatistics => get_query_runtime_statistics,
    // data_catalogs.rs
    CreateDataCatalog => create_data_catalog,
    GetDataCatalog => get_data_catalog,
    UpdateDataCatalog => update_data_catalog,
    DeleteDataCatalog => delete_data_catalog,
    ListDataCatalogs => list_data_catalogs,
    // prepared.rs
    CreatePreparedStatement => create_prepared_statement,
    GetPreparedStatement => get_prepared_statement,
    BatchGetPreparedStatement => batch_get_prepared_statement,
    UpdatePreparedStatement => update_prepared_statement,
    DeletePreparedStatement => delete_prepared_statement,
    ListPreparedStatements => list_prepared_statements,
    // catalogs.rs
    ListDatabases => list_databases,
    GetDatabase => get_database,
    ListTableMetadata => list_table_metadata,
    GetTableMetadata => get_table_metadata,
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl Service for Athena {
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { self.run_query(cx, task.payload()?).await })
    }
}
