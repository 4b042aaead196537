//! Tables about tables: `information_schema`, and `"t$partitions"`.

use super::{
    ddl,
    errors::{QueryError, carry},
    partitions::{self, Problem},
    table::Scans,
    trino::ty::Ty,
    types,
};
use datafusion::{
    arrow::{
        array::{ArrayRef, Int64Array, RecordBatch, StringArray},
        compute::cast,
        datatypes::{DataType, Field, Schema},
    },
    catalog::TableProvider,
    datasource::MemTable,
    error::Result,
};
use kit::Fault;
use serde_json::Value;
use std::sync::Arc;

const CATALOG: &str = "awsdatacatalog";

fn refused(fault: Fault) -> datafusion::error::DataFusionError {
    carry(QueryError::from_fault("AmazonDataCatalog", &fault))
}

/// Columns of texts, but for `numbers`, which are bigint.
fn made(names: &[&str], numbers: &[&str], rows: &[Vec<Option<String>>]) -> Result<Arc<dyn TableProvider>> {
    let field = |n: &&str| Field::new(*n, if numbers.contains(n) { DataType::Int64 } else { DataType::Utf8 }, true);
    let schema = Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>()));
    let column = |(i, n): (usize, &&str)| -> ArrayRef {
        let texts = rows.iter().map(|r| r[i].as_deref());
        match numbers.contains(n) {
            true => Arc::new(Int64Array::from_iter(texts.map(|t| t.and_then(|t| t.parse().ok())))),
            false => Arc::new(StringArray::from_iter(texts)),
        }
    };
    let columns = names.iter().enumerate().map(column).collect();
    let batch = RecordBatch::try_new(schema.clone(), columns)?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}

/// A table of `information_schema`; `None` for names that it has not.
pub(super) async fn table(scans: &Scans, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
    let cx = &scans.cx;
    let catalog = cx.cloud().ports().catalog().map_err(refused)?;
    let some = |t: &str| Some(t.to_owned());
    let names: Vec<String> = catalog.databases(cx).await.map_err(refused)?.iter().map(|d| ddl::text(d, "Name").to_owned()).collect();
    if name == "schemata" {
        let rows: Vec<_> = names.iter().chain([&"information_schema".to_owned()]).map(|n| vec![some(CATALOG), some(n)]).collect();
        return made(&["catalog_name", "schema_name"], &[], &rows).map(Some);
    }
    if !matches!(name, "tables" | "columns" | "views") {
        return Ok(None);
    }
    let mut rows = Vec::new();
    for database in &names {
        for table in catalog.tables(cx, database).await.map_err(refused)? {
            let (table_name, view) = (ddl::text(&table, "Name"), ddl::text(&table, "TableType") == "VIRTUAL_VIEW");
            match name {
                "tables" => {
                    rows.push(vec![some(CATALOG), some(database), some(table_name), some(if view { "VIEW" } else { "BASE TABLE" })])
                }
                "views" if view => {
                    rows.push(vec![some(CATALOG), some(database), some(table_name), ddl::views::read(&table).ok().map(|v| v.sql)])
                }
                "columns" => rows
                    .extend(columns(&table).into_iter().map(|row| [vec![some(CATALOG), some(database), some(table_name)], row].concat())),
                _ => {}
            }
        }
    }
    let head = ["table_catalog", "table_schema", "table_name"];
    let rest: &[&str] = match name {
        "tables" => &["table_type"],
        "views" => &["view_definition"],
        _ => &["column_name", "ordinal_position", "column_default", "is_nullable", "data_type", "comment", "extra_info"],
    };
    made(&[&head, rest].concat(), &["ordinal_position"], &rows).map(Some)
}

fn columns(table: &Value) -> Vec<Vec<Option<String>>> {
    let keys = partitions::keys(table);
    let one = |(i, (name, kind, comment)): (usize, (String, String, String))| {
        let ty = types::of_hive(&kind).map_or(kind, |t| Ty::of_data(&t).to_string());
        let extra = keys.contains(&name).then(|| "partition key".to_owned());
        vec![Some(name), Some((i + 1).to_string()), None, Some("YES".into()), Some(ty), (!comment.is_empty()).then_some(comment), extra]
    };
    ddl::columns(table).into_iter().enumerate().map(one).collect()
}

/// The values of a table's partitions, one row each.
pub(super) async fn partitions(scans: &Scans, definition: &Value) -> Result<Arc<dyn TableProvider>> {
    let keys = definition["PartitionKeys"].as_array().cloned().unwrap_or_default();
    if keys.is_empty() {
        return Err(carry(QueryError::user(
            1301,
            format!(
                "TABLE_NOT_FOUND: {{}}: Table '{CATALOG}.{}.{}$partitions' does not exist",
                ddl::text(definition, "DatabaseName"),
                ddl::text(definition, "Name")
            ),
        )));
    }
    let parts = partitions::parts(scans, definition, &[]).await.map_err(problem)?;
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (i, key) in keys.iter().enumerate() {
        let kind = types::of_hive(ddl::text(key, "Type")).map_err(|e| carry(QueryError::unbuilt(&e)))?;
        let texts: ArrayRef = Arc::new(StringArray::from_iter(parts.iter().map(|p| p.values.get(i).map(String::as_str))));
        arrays.push(cast(&texts, &kind)?);
        fields.push(Field::new(ddl::text(key, "Name").to_lowercase(), kind, true));
    }
    let schema = Arc::new(Schema::new(fields));
    Ok(Arc::new(MemTable::try_new(schema.clone(), vec![vec![RecordBatch::try_new(schema, arrays)?]])?))
}

pub(super) fn problem(problem: Problem) -> datafusion::error::DataFusionError {
    match problem {
        Problem::Definition(text) => carry(QueryError::user(1000, format!("HIVE_INVALID_METADATA: {text}"))),
        Problem::Refused(fault) => refused(fault),
    }
}
