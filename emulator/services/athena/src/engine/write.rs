//! Statements that write objects: CREATE TABLE AS, INSERT INTO, UNLOAD. Rows become files of a format, one for each partition.

mod encode;
mod files;
mod insert;
mod kinds;
mod store;

pub(super) use files::Files;

use super::{
    Finished, QueryError,
    compute::Job,
    ddl::{self, Desk, serdes, text},
    location,
    streamed::Rows,
    trino::ty::Ty,
    types,
};
use crate::hive::ast::{Setting, TableName};
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use kinds::Kind;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::{Target, Written};

type Settings = BTreeMap<String, Setting>;

fn word<'a>(settings: &'a Settings, name: &str) -> Option<&'a str> {
    match settings.get(name) {
        Some(Setting::Text(text)) => Some(text),
        _ => None,
    }
}
fn list(settings: &Settings, name: &str) -> Vec<String> {
    match settings.get(name) {
        Some(Setting::List(all)) => all.iter().map(|n| n.to_lowercase()).collect(),
        Some(Setting::Text(one)) => vec![one.to_lowercase()],
        None => Vec::new(),
    }
}

/// What nothing here does is refused by its name.
fn check(settings: &Settings, known: &[&str]) -> Result<(), QueryError> {
    match settings.keys().find(|k| !known.contains(&k.as_str())) {
        Some(name) => Err(QueryError::user(1200, format!("NOT_SUPPORTED: windtunnel does not take the property {name} here yet"))),
        None => Ok(()),
    }
}

fn kind(settings: &Settings, default: &str) -> Result<Kind, QueryError> {
    let format = word(settings, "format").unwrap_or(default).to_uppercase();
    let compression = ["write_compression", "compression", "parquet_compression", "orc_compression"].iter().find_map(|n| word(settings, n));
    let delimiter = word(settings, "field_delimiter").unwrap_or("\u{1}");
    let delimiter = if delimiter == "\\t" { '\t' } else { delimiter.chars().next().unwrap_or('\u{1}') };
    let level = match word(settings, "compression_level") {
        None => kinds::ZSTD_LEVEL,
        Some(_) if !compression.is_some_and(|c| c.eq_ignore_ascii_case("zstd")) => {
            return Err(QueryError::unbuilt("compression_level without the compression ZSTD"));
        }
        Some(text) => text.parse().ok().filter(|level| (1..=22).contains(level)).ok_or_else(|| {
            QueryError::user(1000, format!("INVALID_TABLE_PROPERTY: compression_level is a number from 1 to 22, not {text}"))
        })?,
    };
    Kind::of(&format, compression, level, delimiter).map_err(|what| QueryError::unbuilt(&what))
}

/// CREATE TABLE AS.
pub(super) async fn create(
    job: &Job<'_>,
    name: &TableName,
    lenient: bool,
    settings: &Settings,
    query: &str,
    data: bool,
) -> Result<Finished, QueryError> {
    if word(settings, "table_type").is_some_and(|t| t.eq_ignore_ascii_case("iceberg")) {
        return Err(QueryError::unbuilt("writing Iceberg tables"));
    }
    check(
        settings,
        &[
            "format",
            "external_location",
            "partitioned_by",
            "field_delimiter",
            "write_compression",
            "compression",
            "parquet_compression",
            "orc_compression",
            "compression_level",
            "table_type",
            "is_external",
        ],
    )?;
    let desk = Desk::new(job.cx, job.database)?;
    let (database, table) = desk.of(name);
    if desk.catalog.table(job.cx, database, table).await.is_ok() {
        let exists = format!("TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog.{database}.{table}' already exists");
        return if lenient { Ok(ddl::done()) } else { Err(QueryError::user(1000, exists)) };
    }
    desk.catalog
        .database(job.cx, database)
        .await
        .map_err(|_| QueryError::user(1301, format!("SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist")))?;
    let kind = kind(settings, "PARQUET")?;
    let keys = list(settings, "partitioned_by");
    let shape = job.shape(query).await?;
    super::session::once(&shape)?;
    last(&shape, &keys)?;
    if keys.len() >= shape.fields().len() {
        return Err(misplaced());
    }
    let place = match word(settings, "external_location") {
        Some(place) => {
            empty(job, place).await.map_err(|_| QueryError::user(1000, format!("HIVE_PATH_ALREADY_EXISTS: Target directory for table '{database}.{table}' already exists: {place}. You may need to manually clean the data at location '{place}' before retrying. Athena will not delete data in your account.")))?;
            format!("{}/", place.trim_end_matches('/'))
        }
        None => format!("{}/", job.output().trim_end_matches('/')),
    };
    let (bucket, prefix) = location::parse(&place).ok_or_else(|| QueryError::user(1000, format!("{place} is not a valid S3 path")))?;
    let target = Target { bucket: bucket.into(), prefix: prefix.into(), keys: keys.len(), kind };
    let written = if data { store::write(job, &target, query, None).await? } else { Written::default() };
    let definition = definition(written.schema.as_ref().unwrap_or(&shape), &keys, table, &place, &target.kind, job);
    desk.run("CreateTable", json!({ "DatabaseName": database, "TableInput": definition })).await.map_err(ddl::refused)?;
    let made = desk.table(name).await?;
    register(&desk, &made, &keys, &written).await?;
    Ok(rows(written))
}

/// A column `rows` without rows: the count is told beside them.
fn rows(written: Written) -> Finished {
    let columns = vec![types::column_info("rows", &Field::new("rows", DataType::Int64, true))];
    Finished { columns, rows: Rows::Few(Vec::new()), header: false, update_count: Some(written.rows as i64), manifest: Some(written.paths) }
}

/// Whether the partition keys are the last columns of a query.
fn last(schema: &SchemaRef, keys: &[String]) -> Result<(), QueryError> {
    let names = schema.fields().iter().map(|f| f.name());
    if names.skip(schema.fields().len().saturating_sub(keys.len())).eq(keys) { Ok(()) } else { Err(misplaced()) }
}

fn misplaced() -> QueryError {
    QueryError::user(
        1000,
        "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns in the table and in the same order as the table properties",
    )
}

fn definition(schema: &SchemaRef, keys: &[String], table: &str, place: &str, kind: &Kind, job: &Job<'_>) -> Value {
    let column = |f: &std::sync::Arc<Field>| json!({ "Name": f.name(), "Type": types::hive(&Ty::of(f)) });
    let (own, partition): (Vec<_>, Vec<_>) = schema.fields().iter().partition(|f| !keys.contains(f.name()));
    let classes = serdes::classes(kind.name()).unwrap_or_else(|| unreachable!("a kind that is written has its classes"));
    let mut serde = json!({ "serialization.format": "1" });
    if let Kind::Text { delimiter, .. } = kind {
        serde = json!({ "serialization.format": delimiter.to_string(), "field.delim": delimiter.to_string() });
    }
    json!({
        "Name": table,
        "Owner": "hadoop",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": { "EXTERNAL": "TRUE", "has_encrypted_data": "false", "transient_lastDdlTime": job.cx.now().secs().to_string() },
        "PartitionKeys": partition.into_iter().map(column).collect::<Vec<_>>(),
        "StorageDescriptor": {
            "Columns": own.into_iter().map(column).collect::<Vec<_>>(),
            "Location": place,
            "InputFormat": classes.input,
            "OutputFormat": classes.output,
            "Compressed": false,
            "NumberOfBuckets": 0,
            "SerdeInfo": { "Name": table, "SerializationLibrary": classes.serde, "Parameters": serde },
            "BucketColumns": [], "SortColumns": [], "Parameters": {}, "StoredAsSubDirectories": false,
        },
    })
}

/// Tells the catalog of partitions that were written and weren't there.
async fn register(desk: &Desk<'_>, table: &Value, keys: &[String], written: &Written) -> Result<(), QueryError> {
    if keys.is_empty() {
        return Ok(());
    }
    let inputs = written
        .partitions
        .iter()
        .map(|values| ddl::partitions::input(table, values, &format!("{}/", ddl::partitions::place(table, keys, values))))
        .collect();
    for error in ddl::partitions::create(desk, table, inputs).await? {
        let detail = &error["ErrorDetail"];
        if text(detail, "ErrorCode") != "AlreadyExistsException" {
            return Err(QueryError::user(1000, text(detail, "ErrorMessage").to_owned()));
        }
    }
    Ok(())
}

async fn empty(job: &Job<'_>, place: &str) -> Result<(), ()> {
    let (bucket, prefix) = location::parse(place).ok_or(())?;
    let prefix = if prefix.is_empty() || prefix.ends_with('/') { prefix.to_owned() } else { format!("{prefix}/") };
    match super::table::list(job.cx, bucket, &prefix).await {
        Ok(found) if found.is_empty() => Ok(()),
        _ => Err(()),
    }
}

/// INSERT INTO.
pub(super) async fn insert(job: &Job<'_>, name: &TableName, columns: &[String], query: &str) -> Result<Finished, QueryError> {
    let desk = Desk::new(job.cx, job.database)?;
    let (database, table) = desk.of(name);
    let missing =
        || QueryError::user(1301, format!("TABLE_NOT_FOUND: line 1:13: Table 'awsdatacatalog.{database}.{table}' does not exist"));
    let definition = desk.table(name).await.map_err(|_| missing())?;
    if text(&definition, "TableType") == "VIRTUAL_VIEW" {
        return Err(QueryError::user(1200, "NOT_SUPPORTED: line 1:1: Inserting into views is not supported"));
    }
    if super::iceberg::is(&definition) {
        return Err(QueryError::unbuilt("writing Iceberg tables"));
    }
    let storage = &definition["StorageDescriptor"];
    let serde = text(&storage["SerdeInfo"], "SerializationLibrary");
    let kind = Kind::of_serde(serde, &storage["SerdeInfo"]["Parameters"]).map_err(|what| QueryError::unbuilt(&what))?;
    let keys = super::partitions::keys(&definition);
    let all = ddl::columns(&definition);
    let fit = insert::Columns::of(&all, columns).map_err(QueryError::named)?;
    fit.check(job.shape(query).await?.as_ref()).map_err(QueryError::named)?;
    let place = text(storage, "Location");
    let (bucket, prefix) = location::parse(place).ok_or_else(|| QueryError::user(1000, format!("{place} is not a valid S3 path")))?;
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    let target = Target { bucket: bucket.into(), prefix: format!("{prefix}{slash}"), keys: keys.len(), kind };
    let written = store::write(job, &target, query, Some(fit)).await?;
    register(&desk, &definition, &keys, &written).await?;
    Ok(rows(written))
}

/// UNLOAD.
pub(super) async fn unload(job: &Job<'_>, query: &str, to: &str, settings: &Settings) -> Result<Finished, QueryError> {
    check(settings, &["format", "compression", "field_delimiter", "partitioned_by", "compression_level"])?;
    if word(settings, "format").is_none() {
        return Err(QueryError::user(1000, "INVALID_PROCEDURE_ARGUMENT: line 1:1: The format property is required"));
    }
    let kind = kind(settings, "PARQUET")?;
    let (bucket, prefix) = location::parse(to).ok_or_else(|| QueryError::user(1000, format!("{to} is not a valid S3 path")))?;
    empty(job, to)
        .await
        .map_err(|()| QueryError::user(1000, format!("HIVE_PATH_ALREADY_EXISTS: Target directory already exists: {to}")))?;
    let keys = list(settings, "partitioned_by");
    let shape = job.shape(query).await?;
    super::session::once(&shape)?;
    last(&shape, &keys)?;
    let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    let target = Target { bucket: bucket.into(), prefix: format!("{prefix}{slash}"), keys: keys.len(), kind };
    let written = store::write(job, &target, query, None).await?;
    Ok(rows(written))
}
