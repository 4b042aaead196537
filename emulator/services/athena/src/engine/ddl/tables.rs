//! CREATE EXTERNAL TABLE and DROP TABLE.

use super::{serdes::classes, *};
use crate::{
    engine::{formats::Format, iceberg, location, table as scan},
    hive::ast::{ColumnDef, CreateTable},
};
use std::collections::BTreeMap;

pub(super) async fn create(desk: &Desk<'_>, table: &CreateTable) -> Result<Finished, QueryError> {
    let (database, name) = desk.of(&table.name);
    if table.properties.get("table_type").is_some_and(|t| t.eq_ignore_ascii_case("iceberg")) {
        return Err(QueryError::unbuilt("writing Iceberg tables"));
    }
    let input = definition(desk, table)?;
    let made = desk.run("CreateTable", json!({ "DatabaseName": database, "TableInput": input })).await;
    if let Err(fault) = &made
        && fault.code == "EntityNotFoundException"
    {
        return Err(QueryError::failed(format!("SemanticException [Error 10072]: Database does not exist: {database}")));
    }
    tolerate(made, table.if_not_exists, "AlreadyExistsException", || {
        format!(
            "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. AlreadyExistsException(message:Table {name} already exists)"
        )
    })
}

/// The TableInput of Glue. Types and SerDes that nothing here reads are refused now rather than by the first query.
fn definition(desk: &Desk<'_>, t: &CreateTable) -> Result<Value, QueryError> {
    let Some(location) = &t.location else {
        return Err(QueryError::failed("SemanticException No location was specified for table. An S3 location must be specified"));
    };
    if location::parse(location).is_none() {
        return Err(QueryError::failed(format!(
            "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. MetaException(message:{location} is not a valid S3 location)"
        )));
    }
    let stored = t.stored_as.as_deref().unwrap_or("textfile");
    let classes = classes(stored).ok_or_else(|| QueryError::unbuilt(&format!("tables STORED AS {}", stored.to_uppercase())))?;
    if let Some(twice) = t.partitions.iter().find(|key| t.columns.iter().any(|column| column.name.eq_ignore_ascii_case(&key.name))) {
        return Err(QueryError::failed(format!(
            "SemanticException [Error 10035]: Column repeated in partitioning columns ({})",
            twice.name
        )));
    }
    for column in t.columns.iter().chain(&t.partitions) {
        types::of_hive(&column.kind).map_err(|text| QueryError::failed(format!("ParseException {text}")))?;
    }
    let serde = t.serde.clone().unwrap_or_else(|| classes.serde.to_owned());
    let (input, output) = t.formats.clone().unwrap_or_else(|| (classes.input.into(), classes.output.into()));
    let mut serde_properties = t.serde_properties.clone();
    serde_properties.entry("serialization.format".into()).or_insert_with(|| "1".into());
    let mut parameters: BTreeMap<String, String> = t.properties.clone();
    parameters.insert("EXTERNAL".into(), "TRUE".into());
    parameters.insert("transient_lastDdlTime".into(), desk.cx.now().secs().to_string());
    if let Some(comment) = &t.comment {
        parameters.insert("comment".into(), comment.clone());
    }
    let (bucket_columns, buckets) = t.buckets.clone().unwrap_or((Vec::new(), -1));
    let table = json!({
        "Name": t.name.table,
        "Owner": "hadoop",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": columns_json(&t.partitions),
        "StorageDescriptor": {
            "Columns": columns_json(&t.columns),
            "Location": location,
            "InputFormat": input,
            "OutputFormat": output,
            "Compressed": false,
            "NumberOfBuckets": buckets,
            "SerdeInfo": { "SerializationLibrary": serde, "Parameters": serde_properties },
            "BucketColumns": bucket_columns,
            "SortColumns": [],
            "Parameters": {},
            "SkewedInfo": { "SkewedColumnNames": [], "SkewedColumnValues": [], "SkewedColumnValueLocationMaps": {} },
            "StoredAsSubDirectories": false,
        },
    });
    Format::of(&table).map_err(|what| QueryError::unbuilt(&what))?;
    Ok(table)
}

pub(super) fn columns_json(columns: &[ColumnDef]) -> Value {
    let column = |c: &ColumnDef| match &c.comment {
        Some(comment) => json!({ "Name": c.name, "Type": c.kind, "Comment": comment }),
        None => json!({ "Name": c.name, "Type": c.kind }),
    };
    columns.iter().map(column).collect()
}

pub(super) async fn drop(desk: &Desk<'_>, name: &TableName, lenient: bool) -> Result<Finished, QueryError> {
    let (database, table) = desk.of(name);
    let found = desk.catalog.table(desk.cx, database, table).await.ok();
    if found.as_ref().is_some_and(|found| text(found, "TableType") == "VIRTUAL_VIEW") {
        return Err(QueryError::failed("SemanticException [Error 10000]: Cannot drop a view with DROP TABLE"));
    }
    // Iceberg's tables are managed: what they hold goes with them.
    let own = match found.as_ref().filter(|found| iceberg::is(found)) {
        Some(found) => Some(folder(text(&found["StorageDescriptor"], "Location"))?),
        None => None,
    };
    let gone = desk.run("DeleteTable", json!({ "DatabaseName": database, "Name": table })).await;
    if let Some((bucket, prefix)) = own.filter(|_| gone.is_ok()) {
        empty(desk.cx, bucket, &prefix).await.map_err(|fault| QueryError::from_fault("Amazon S3", &fault))?;
    }
    tolerate(gone, lenient, "EntityNotFoundException", || format!("SemanticException [Error 10001]: Table not found {database}.{table}"))
}

/// Bucket and folder of a table whose objects go with it. A whole bucket is not emptied, and without a place nothing can be.
fn folder(place: &str) -> Result<(&str, String), QueryError> {
    let found = location::parse(place).filter(|(_, prefix)| !prefix.trim_matches('/').is_empty());
    let (bucket, prefix) = found.ok_or_else(|| {
        let what = format!("DROP TABLE of Iceberg tables whose location is no folder of a bucket ('{place}'; Glue's DeleteTable does)");
        QueryError::unbuilt(&what)
    })?;
    Ok((bucket, format!("{}/", prefix.trim_end_matches('/'))))
}

/// Deletes all objects of a folder.
async fn empty(cx: &Context, bucket: &str, prefix: &str) -> Result<(), Fault> {
    let port = cx.cloud().ports().objects()?;
    for object in scan::list(cx, bucket, prefix).await? {
        let need = kit::Need::on("s3:DeleteObject", format!("arn:aws:s3:::{bucket}/{}", object.key));
        let grant = cx.grant(&scan::owned(cx, need, bucket))?;
        port.delete(cx, grant, bucket, &object.key).await?;
    }
    Ok(())
}
