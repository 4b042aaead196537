//! AWS Glue's Data Catalog: databases, tables, partitions. Crawlers and jobs come with the lake.
//!
//! Others read it through the Catalog port, on the caller's own permissions.

mod access;
mod catalog;
mod databases;
mod expression;
mod model;
mod pages;
mod partitions;
mod state;
mod tables;

use kit::{Ports, Service};
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
    /// AWS Glue: the data catalog.
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
}

impl Service for Glue {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_catalog(Arc::new(catalog::Port));
    }
}
