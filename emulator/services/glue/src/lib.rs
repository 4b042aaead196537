//! AWS Glue: the Data Catalog (databases, tables, partitions), and crawlers that fill it from what lies in S3. Jobs are not built.
//!
//! Others read the catalog through the Catalog port, on the caller's own permissions; crawlers read objects and write the catalog with their
//! role's.

mod access;
mod catalog;
mod classifiers;
mod connections;
mod crawl;
mod crawlers;
mod databases;
mod expression;
mod functions;
mod indexes;
mod infer;
mod model;
mod pages;
mod partitions;
mod policies;
mod search;
mod state;
mod statistics;
mod tables;
mod tags;
mod triggers;
mod versions;
mod workflows;

pub use expression::describe_filter;
pub use infer::describe_file;

use kit::store::TaskRow;
use kit::{BoxFuture, Context, Fault, Ports, Service};
use std::sync::Arc;

/// The Glue service of a cloud.
#[derive(Default)]
pub struct Glue;

impl Glue {
    /// A fresh service.
    pub fn new() -> Glue {
        Glue
    }
}

kit::service! {
    /// AWS Glue: the data catalog and its crawlers.
    Glue, model = "glue", invalid_input = "ValidationException";
    // databases.rs
    CreateDatabase => create_database,
    GetDatabase => get_database,
    GetDatabases => get_databases,
    UpdateDatabase => update_database,
    DeleteDatabase => delete_database,
    // tables.rs
    CreateTable => create_table,
    GetTable => get_table,
    GetTables => get_tables,
    UpdateTable => update_table,
    DeleteTable => delete_table,
    BatchDeleteTable => batch_delete_table,
    // partitions.rs
    CreatePartition => create_partition,
    BatchCreatePartition => batch_create_partition,
    GetPartition => get_partition,
    GetPartitions => get_partitions,
    BatchGetPartition => batch_get_partition,
    UpdatePartition => update_partition,
    DeletePartition => delete_partition,
    BatchDeletePartition => batch_delete_partition,
    BatchUpdatePartition => batch_update_partition,
    // versions.rs
    GetTableVersion => get_table_version,
    GetTableVersions => get_table_versions,
    DeleteTableVersion => delete_table_version,
    BatchDeleteTableVersion => batch_delete_table_version,
    // search.rs
    SearchTables => search_tables,
    // indexes.rs
    CreatePartitionIndex => create_partition_index,
    GetPartitionIndexes => get_partition_indexes,
    DeletePartitionIndex => delete_partition_index,
    // statistics.rs
    UpdateColumnStatisticsForTable => update_column_statistics_for_table,
    GetColumnStatisticsForTable => get_column_statistics_for_table,
    DeleteColumnStatisticsForTable => delete_column_statistics_for_table,
    UpdateColumnStatisticsForPartition => update_column_statistics_for_partition,
    GetColumnStatisticsForPartition => get_column_statistics_for_partition,
    DeleteColumnStatisticsForPartition => delete_column_statistics_for_partition,
    // functions.rs
    CreateUserDefinedFunction => create_user_defined_function,
    GetUserDefinedFunction => get_user_defined_function,
    GetUserDefinedFunctions => get_user_defined_functions,
    UpdateUserDefinedFunction => update_user_defined_function,
    DeleteUserDefinedFunction => delete_user_defined_function,
    // connections.rs
    CreateConnection => create_connection,
    GetConnection => get_connection,
    GetConnections => get_connections,
    UpdateConnection => update_connection,
    DeleteConnection => delete_connection,
    BatchDeleteConnection => batch_delete_connection,
    // policies.rs
    PutResourcePolicy => put_resource_policy,
    GetResourcePolicy => get_resource_policy,
    DeleteResourcePolicy => delete_resource_policy,
    GetResourcePolicies => get_resource_policies,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    GetTags => get_tags,
    // classifiers.rs
    CreateClassifier => create_classifier,
    GetClassifier => get_classifier,
    GetClassifiers => get_classifiers,
    UpdateClassifier => update_classifier,
    DeleteClassifier => delete_classifier,
    // crawlers/
    CreateCrawler => create_crawler,
    GetCrawler => get_crawler,
    GetCrawlers => get_crawlers,
    BatchGetCrawlers => batch_get_crawlers,
    ListCrawlers => list_crawlers,
    UpdateCrawler => update_crawler,
    DeleteCrawler => delete_crawler,
    StartCrawler => start_crawler,
    StopCrawler => stop_crawler,
    GetCrawlerMetrics => get_crawler_metrics,
    ListCrawls => list_crawls,
    UpdateCrawlerSchedule => update_crawler_schedule,
    StartCrawlerSchedule => start_crawler_schedule,
    StopCrawlerSchedule => stop_crawler_schedule,
    // triggers/
    CreateTrigger => create_trigger,
    GetTrigger => get_trigger,
    GetTriggers => get_triggers,
    BatchGetTriggers => batch_get_triggers,
    ListTriggers => list_triggers,
    UpdateTrigger => update_trigger,
    DeleteTrigger => delete_trigger,
    StartTrigger => start_trigger,
    StopTrigger => stop_trigger,
    // workflows/
    CreateWorkflow => create_workflow,
    GetWorkflow => get_workflow,
    BatchGetWorkflows => batch_get_workflows,
    ListWorkflows => list_workflows,
    UpdateWorkflow => update_workflow,
    DeleteWorkflow => delete_workflow,
    StartWorkflowRun => start_workflow_run,
    GetWorkflowRun => get_workflow_run,
    GetWorkflowRuns => get_workflow_runs,
    GetWorkflowRunProperties => get_workflow_run_properties,
    PutWorkflowRunProperties => put_workflow_run_properties,
    StopWorkflowRun => stop_workflow_run,
}

impl Service for Glue {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_catalog(Arc::new(catalog::Port));
        ports.offer_workflows(Arc::new(triggers::events::Port));
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        let of_catalog = [":catalog", ":database/", ":table/", ":userDefinedFunction/", ":connection/"];
        of_catalog.iter().any(|kind| resource.contains(kind)).then(|| policies::of(cx)).flatten()
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                crawlers::runs::KIND => crawlers::runs::run(cx, &task).await,
                crawlers::schedule::KIND => crawlers::schedule::fire(cx, &task).await,
                triggers::fire::KIND => triggers::fire::fire(cx, &task).await,
                triggers::events::KIND => triggers::events::close(cx, &task).await,
                other => Err(Fault::internal(format!("glue has no task {other}"))),
            }
        })
    }
}
