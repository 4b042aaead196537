//! Partitions: ADD, DROP, RENAME, SET LOCATION, and how a partition is named and placed.

use super::*;
use crate::hive::ast::{PartitionSpec, PartitionTest};

/// Partitions that Glue takes or drops at a time.
const BATCH: usize = 100;
const BATCH_DROP: usize = 25;

/// Names of a table's partition keys.
pub(super) fn key_names(table: &Value) -> Vec<String> {
    table["PartitionKeys"].as_array().into_iter().flatten().map(|k| text(k, "Name").to_lowercase()).collect()
}

/// The values of a spec in the order of the table's keys.
fn values(table: &Value, spec: &PartitionSpec) -> Result<Vec<String>, QueryError> {
    let keys = key_names(table);
    let known = spec.iter().all(|(key, _)| keys.contains(key));
    if !known || spec.len() != keys.len() {
        return Err(QueryError::failed(format!(
            "SemanticException Partition spec {{{}}} contains non-partition columns",
            shown(spec, ", ")
        )));
    }
    Ok(keys.iter().filter_map(|key| spec.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone())).collect())
}

fn shown(spec: &PartitionSpec, between: &str) -> String {
    spec.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(between)
}

pub(super) fn check_location(location: &str) -> Result<(), QueryError> {
    match crate::engine::location::parse(location) {
        Some(_) => Ok(()),
        None => Err(QueryError::failed(format!("SemanticException {location} is not a valid S3 location"))),
    }
}

/// `location/key=value/...`, with what paths can't hold escaped.
pub(crate) fn place(table: &Value, keys: &[String], values: &[String]) -> String {
    let base = text(&table["StorageDescriptor"], "Location").trim_end_matches('/');
    let parts: Vec<String> = keys.iter().zip(values).map(|(k, v)| format!("{k}={}", escape(v))).collect();
    format!("{base}/{}", parts.join("/"))
}

/// Hive's escapes of a value in a path.
pub(crate) fn escape(value: &str) -> String {
    if value.is_empty() {
        return "__HIVE_DEFAULT_PARTITION__".into();
    }
    value
        .chars()
        .map(|c| if c.is_control() || "\"#%'*/:=?\\\u{7f}{[]^".contains(c) { format!("%{:02X}", c as u32) } else { c.to_string() })
        .collect()
}

/// The PartitionInput of Glue: the table's storage at another place.
pub(crate) fn input(table: &Value, values: &[String], location: &str) -> Value {
    let mut storage = table["StorageDescriptor"].clone();
    storage["Location"] = location.into();
    json!({ "Values": values, "StorageDescriptor": storage, "Parameters": {} })
}

pub(super) async fn add(desk: &Desk<'_>, table: &Value, lenient: bool, all: &[(PartitionSpec, Option<String>)]) -> Result<(), QueryError> {
    let keys = key_names(table);
    let mut inputs = Vec::new();
    for (spec, location) in all {
        let values = values(table, spec)?;
        let location = location.clone().unwrap_or_else(|| place(table, &keys, &values));
        check_location(&location)?;
        inputs.push(input(table, &values, &location));
    }
    let errors = create(desk, table, inputs).await?;
    for error in errors {
        let detail = &error["ErrorDetail"];
        if text(detail, "ErrorCode") != "AlreadyExistsException" {
            return Err(QueryError::failed(text(detail, "ErrorMessage").to_owned()));
        }
        if !lenient {
            let values: Vec<&str> = error["PartitionValues"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            return Err(QueryError::failed(format!(
                "SemanticException Partition already exists: {}({})",
                text(table, "Name"),
                values.join(",")
            )));
        }
    }
    Ok(())
}

/// Makes partitions, a batch at a time; what Glue says of those that it didn't take.
pub(crate) async fn create(desk: &Desk<'_>, table: &Value, inputs: Vec<Value>) -> Result<Vec<Value>, QueryError> {
    let mut errors = Vec::new();
    for batch in inputs.chunks(BATCH) {
        let request = json!({ "DatabaseName": table["DatabaseName"], "TableName": table["Name"], "PartitionInputList": batch });
        let answer = desk.run("BatchCreatePartition", request).await.map_err(refused)?;
        errors.extend(answer["Errors"].as_array().cloned().unwrap_or_default());
    }
    Ok(errors)
}

pub(super) async fn drop(desk: &Desk<'_>, table: &Value, lenient: bool, all: &[Vec<PartitionTest>]) -> Result<(), QueryError> {
    let keys = key_names(table);
    let kinds: Vec<String> = table["PartitionKeys"].as_array().into_iter().flatten().map(|k| text(k, "Type").to_lowercase()).collect();
    let known = desk.catalog.partitions(desk.cx, text(table, "DatabaseName"), text(table, "Name")).await.map_err(refused)?;
    let mut gone = Vec::new();
    for tests in all {
        if let Some((key, ..)) = tests.iter().find(|(key, ..)| !keys.contains(key)) {
            return Err(QueryError::failed(format!("SemanticException [Error 10096]: Unknown partition key: {key}")));
        }
        let wanted = |p: &&Value| {
            let of = |key: &str| keys.iter().position(|k| k == key).map(|i| (p["Values"][i].as_str().unwrap_or(""), kinds[i].as_str()));
            tests.iter().all(|(key, operator, value)| of(key).is_some_and(|(found, kind)| holds(found, operator, value, kind)))
        };
        let found: Vec<Value> = known.iter().filter(wanted).map(|p| json!({ "Values": p["Values"] })).collect();
        if found.is_empty() && !lenient {
            let spec: Vec<String> = tests.iter().map(|(k, o, v)| format!("{k} {o} '{v}'")).collect();
            return Err(QueryError::failed(format!("SemanticException [Error 10006]: Partition not found ({})", spec.join(", "))));
        }
        gone.extend(found);
    }
    for batch in gone.chunks(BATCH_DROP) {
        let request = json!({ "DatabaseName": table["DatabaseName"], "TableName": table["Name"], "PartitionsToDelete": batch });
        desk.run("BatchDeletePartition", request).await.map_err(refused)?;
    }
    Ok(())
}

fn holds(found: &str, operator: &str, value: &str, kind: &str) -> bool {
    let numeric = matches!(kind, "int" | "integer" | "bigint" | "smallint" | "tinyint" | "double" | "float");
    let order = match (found.parse::<f64>(), value.parse::<f64>()) {
        (Ok(a), Ok(b)) if numeric => a.total_cmp(&b),
        _ => found.cmp(value),
    };
    match operator {
        "=" => order.is_eq(),
        "<" => order.is_lt(),
        ">" => order.is_gt(),
        "<=" => order.is_le(),
        ">=" => order.is_ge(),
        _ => order.is_ne(),
    }
}

async fn found(desk: &Desk<'_>, table: &Value, values: &[String]) -> Result<Value, QueryError> {
    let request = json!({ "DatabaseName": table["DatabaseName"], "TableName": table["Name"], "PartitionValues": values });
    match desk.run("GetPartition", request).await {
        Ok(mut answer) => Ok(answer["Partition"].take()),
        Err(fault) if fault.code == "EntityNotFoundException" => {
            Err(QueryError::failed(format!("SemanticException [Error 10006]: Partition not found ({})", values.join(", "))))
        }
        Err(fault) => Err(refused(fault)),
    }
}

async fn replace(desk: &Desk<'_>, table: &Value, old: &[String], new: Value) -> Result<(), QueryError> {
    let request =
        json!({ "DatabaseName": table["DatabaseName"], "TableName": table["Name"], "PartitionValueList": old, "PartitionInput": new });
    desk.run("UpdatePartition", request).await.map(std::mem::drop).map_err(refused)
}

pub(super) async fn rename(desk: &Desk<'_>, table: &Value, from: &PartitionSpec, to: &PartitionSpec) -> Result<(), QueryError> {
    let (from, to) = (values(table, from)?, values(table, to)?);
    let old = found(desk, table, &from).await?;
    // An external table's data stay where they are.
    replace(desk, table, &from, json!({ "Values": to, "StorageDescriptor": old["StorageDescriptor"], "Parameters": old["Parameters"] }))
        .await
}

pub(super) async fn set_location(desk: &Desk<'_>, table: &Value, spec: &PartitionSpec, location: &str) -> Result<(), QueryError> {
    check_location(location)?;
    let values = values(table, spec)?;
    let mut storage = found(desk, table, &values).await?["StorageDescriptor"].take();
    storage["Location"] = location.into();
    replace(desk, table, &values, json!({ "Values": values, "StorageDescriptor": storage, "Parameters": {} })).await
}
