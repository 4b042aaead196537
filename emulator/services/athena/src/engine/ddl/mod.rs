//! Statements that the catalog answers itself: CREATE, DROP, ALTER, SHOW, DESCRIBE, MSCK REPAIR. The engine never sees them; they act on
//! the caller's own permissions, as clients of Glue do.

mod alter;
mod databases;
mod describe;
pub(crate) mod partitions;
mod repair;
pub(crate) mod serdes;
mod show;
mod show_create;
mod tables;
pub(crate) mod views;

use super::{Finished, QueryError, Rows, types};
use crate::{
    hive::ast::{Statement, TableName},
    results::TextRow,
};
use kit::{Context, Fault, ports::Catalog};
use serde_json::{Value, json};
use std::sync::Arc;

/// What statements need: who asks, the catalog, and the database that names without one mean.
pub(crate) struct Desk<'a> {
    pub cx: &'a Context,
    pub catalog: Arc<dyn Catalog>,
    pub database: &'a str,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(cx: &'a Context, database: &'a str) -> Result<Desk<'a>, QueryError> {
        Ok(Desk { cx, catalog: cx.cloud().ports().catalog().map_err(refused)?, database })
    }
    /// Database and table of a name.
    pub(crate) fn of<'n>(&'n self, name: &'n TableName) -> (&'n str, &'n str) {
        (name.database.as_deref().unwrap_or(self.database), &name.table)
    }
    /// The table, or Hive's sentence.
    pub(crate) async fn table(&self, name: &TableName) -> Result<Value, QueryError> {
        let (database, table) = self.of(name);
        match self.catalog.table(self.cx, database, table).await {
            Err(fault) if fault.code == "EntityNotFoundException" => {
                Err(QueryError::failed(format!("SemanticException [Error 10001]: Table not found {database}.{table}")))
            }
            found => found.map_err(refused),
        }
    }
    /// The table, refused where it is Iceberg's: those change by new metadata, not by the catalog.
    pub(crate) async fn changeable(&self, name: &TableName) -> Result<Value, QueryError> {
        let table = self.table(name).await?;
        if crate::engine::iceberg::is(&table) { Err(QueryError::unbuilt("changes of Iceberg tables")) } else { Ok(table) }
    }
    pub(crate) async fn run(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.catalog.run(self.cx, operation, input).await
    }
    /// Replaces a table's definition by one that was read and changed.
    pub(crate) async fn update(&self, table: Value) -> Result<(), QueryError> {
        let database = text(&table, "DatabaseName").to_owned();
        self.run("UpdateTable", json!({ "DatabaseName": database, "TableInput": table_input(table) })).await.map(drop).map_err(refused)
    }
}

/// Runs a statement of the catalog.
pub(super) async fn run(desk: &Desk<'_>, statement: &Statement) -> Result<Finished, QueryError> {
    use Statement::*;
    match statement {
        CreateDatabase { name, lenient, comment, location, properties } => {
            databases::create(desk, name, *lenient, comment.as_deref(), location.as_deref(), properties).await
        }
        DropDatabase { name, lenient, cascade } => databases::drop(desk, name, *lenient, *cascade).await,
        AlterDatabase { name, properties } => databases::alter(desk, name, properties).await,
        CreateTable(table) => tables::create(desk, table).await,
        DropTable { name, lenient } => tables::drop(desk, name, *lenient).await,
        AlterTable { name, alter } => alter::alter(desk, name, alter).await,
        Repair { name } => repair::repair(desk, name).await,
        ShowDatabases { like } => show::databases(desk, like.as_deref()).await,
        ShowTables { database, like } => show::tables(desk, database.as_deref(), like.as_deref()).await,
        ShowViews { database, like } => show::views(desk, database.as_deref(), like.as_deref()).await,
        ShowColumns { name } => show::columns(desk, name).await,
        ShowPartitions { name } => show::partitions(desk, name).await,
        ShowCreateTable { name } => show_create::table(desk, name).await,
        ShowCreateView { name } => views::show_create(desk, name).await,
        ShowProperties { name, property } => show::properties(desk, name, property.as_deref()).await,
        Describe { name, detail, partition, column } => {
            describe::describe(desk, name, *detail, partition.as_ref(), column.as_deref()).await
        }
        DescribeView { name } => views::describe(desk, name).await,
        DropView { name, lenient } => views::drop(desk, name, *lenient).await,
        Unbuilt(what) => Err(QueryError::unbuilt(what)),
        other => Err(QueryError::unbuilt(&format!("{other:?}").chars().take_while(|c| c.is_alphanumeric()).collect::<String>())),
    }
}

/// What a table is made of, from what reading it gives.
pub(crate) fn table_input(mut table: Value) -> Value {
    let read_only = [
        "DatabaseName",
        "CreateTime",
        "UpdateTime",
        "CreatedBy",
        "IsRegisteredWithLakeFormation",
        "CatalogId",
        "VersionId",
        "IsMultiDialectView",
    ];
    if let Some(members) = table.as_object_mut() {
        read_only.iter().for_each(|name| drop(members.remove(*name)));
    }
    table
}

pub(crate) fn refused(fault: Fault) -> QueryError {
    QueryError::from_fault("AmazonDataCatalog", &fault)
}

/// Nothing to show.
pub(crate) fn done() -> Finished {
    Finished { columns: Vec::new(), rows: Rows::Few(Vec::new()), header: false, update_count: None, manifest: None }
}

/// A result that turns one fault into success where the statement says IF [NOT] EXISTS.
fn tolerate(result: Result<Value, Fault>, lenient: bool, code: &str, otherwise: impl FnOnce() -> String) -> Result<Finished, QueryError> {
    match result {
        Err(fault) if fault.code == code => {
            if lenient {
                Ok(done())
            } else {
                Err(QueryError::failed(otherwise()))
            }
        }
        Err(fault) => Err(refused(fault)),
        Ok(_) => Ok(done()),
    }
}

/// One column of texts.
pub(crate) fn listing(column: &str, values: impl Iterator<Item = String>) -> Finished {
    let rows: Vec<TextRow> = values.map(|v| vec![Some(v)]).collect();
    Finished { columns: vec![types::varchar(column)], rows: Rows::Few(rows), header: false, update_count: Some(0), manifest: None }
}

/// Name, type and comment of the columns of a table, partition keys last.
pub(crate) fn columns(table: &Value) -> Vec<(String, String, String)> {
    let lists = [&table["StorageDescriptor"]["Columns"], &table["PartitionKeys"]];
    let all = lists.into_iter().filter_map(Value::as_array).flatten();
    all.map(|c| (text(c, "Name").to_owned(), text(c, "Type").to_owned(), text(c, "Comment").to_owned())).collect()
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}

/// Hive's patterns: `*` for any text, `|` between alternatives; case counts for nothing.
fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    pattern.split('|').any(|one| {
        let one: Vec<String> = one.trim().to_lowercase().split('*').map(regex::escape).collect();
        regex::Regex::new(&format!("^{}$", one.join(".*"))).is_ok_and(|r| r.is_match(&name.to_lowercase()))
    })
}
