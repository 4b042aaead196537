//! AWS Glue: the Data Catalog (databases, tables, partitions), and crawlers that fill it from what lies in S3. Jobs are not built.
//!
//! Others read the catalog through the Catalog port, on the caller's own permissions; crawlers read objects and write the catalog with their
//! role's.

mod access;
mod catalog;
mod classifiers;
mod crawl;
mod crawlers;
mod databases;
mod expression;
mod infer;
mod model;
mod pages;
mod partitions;
mod state;
mod tables;
mod tags;
mod versions;

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
}

impl Service for Glue {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_catalog(Arc::new(catalog::Port));
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                crawlers::runs::KIND => crawlers::runs::run(cx, &task).await,
                crawlers::schedule::KIND => crawlers::schedule::fire(cx, &task).await,
                other => Err(Fault::internal(format!("glue has no task {other}"))),
            }
        })
    }
}
