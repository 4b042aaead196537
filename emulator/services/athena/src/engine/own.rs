//! Statements that the catalog answers itself: SHOW, DESCRIBE, CREATE and DROP of databases, DROP TABLE. The engine never sees them.

use super::{Finished, QueryError, partitions, types};
use crate::{
    classify::{Classified, Statement},
    results::TextRow,
};
use datafusion::arrow::datatypes::DataType;
use kit::{Context, Fault};
use serde_json::{Value, json};

pub(super) async fn run(cx: &Context, classified: &Classified, database: &str) -> Result<Finished, QueryError> {
    let mut words: Vec<&str> = classified.rest.iter().map(String::as_str).collect();
    let catalog = cx.cloud().ports().catalog().map_err(refused)?;
    let finished = match classified.kind {
        Statement::ShowDatabases => {
            no_more(&words)?;
            let all = catalog.databases(cx).await.map_err(refused)?;
            listing("database_name", all.iter().map(|d| d["Name"].as_str().unwrap_or("").to_owned()))
        }
        Statement::ShowTables => {
            let of = if takes(&mut words, &["IN", "FROM"]) { name(&mut words)? } else { database.to_owned() };
            no_more(&words)?;
            let all = catalog.tables(cx, &of).await.map_err(refused)?;
            listing("tab_name", all.iter().map(|t| t["Name"].as_str().unwrap_or("").to_owned()))
        }
        Statement::ShowColumns => {
            takes(&mut words, &["IN", "FROM"]);
            let (of, table) = qualified(&mut words, database)?;
            no_more(&words)?;
            let found = catalog.table(cx, &of, &table).await.map_err(refused)?;
            listing("field", columns(&found).into_iter().map(|(name, _, _)| format!("{name:<20}")))
        }
        Statement::ShowPartitions => {
            let (of, table) = qualified(&mut words, database)?;
            no_more(&words)?;
            let found = catalog.table(cx, &of, &table).await.map_err(refused)?;
            let keys = partitions::keys(&found);
            let all = catalog.partitions(cx, &of, &table).await.map_err(refused)?;
            let shown = |p: &Value| {
                let values = p["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
                keys.iter().zip(values).map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("/")
            };
            listing("partition", all.iter().map(shown))
        }
        Statement::Describe => {
            let (of, table) = qualified(&mut words, database)?;
            no_more(&words)?;
            describe(&catalog.table(cx, &of, &table).await.map_err(refused)?)
        }
        Statement::CreateDatabase => {
            let lenient = takes_all(&mut words, &["IF", "NOT", "EXISTS"]);
            let input = json!({ "DatabaseInput": { "Name": name(&mut words)? } });
            no_more(&words)?;
            tolerate(catalog.run(cx, "CreateDatabase", input).await, lenient, "AlreadyExistsException")?
        }
        Statement::DropDatabase => {
            let lenient = takes_all(&mut words, &["IF", "EXISTS"]);
            let of = name(&mut words)?;
            let cascade = takes(&mut words, &["CASCADE"]);
            no_more(&words)?;
            if !cascade && catalog.tables(cx, &of).await.is_ok_and(|tables| !tables.is_empty()) {
                return Err(QueryError::user(
                    1000,
                    format!(
                        "FAILED: Execution Error, return code 1. InvalidOperationException(message:Database {of} is not empty. One or more tables exist.)"
                    ),
                ));
            }
            tolerate(catalog.run(cx, "DeleteDatabase", json!({ "Name": of })).await, lenient, "EntityNotFoundException")?
        }
        Statement::DropTable => {
            let lenient = takes_all(&mut words, &["IF", "EXISTS"]);
            let (of, table) = qualified(&mut words, database)?;
            no_more(&words)?;
            tolerate(
                catalog.run(cx, "DeleteTable", json!({ "DatabaseName": of, "Name": table })).await,
                lenient,
                "EntityNotFoundException",
            )?
        }
        Statement::Query | Statement::Unbuilt => unreachable!("the engine takes queries, and the rest is refused before"),
    };
    Ok(finished)
}

fn refused(fault: Fault) -> QueryError {
    QueryError::from_fault("AmazonDataCatalog", &fault)
}

fn tolerate(result: Result<Value, Fault>, lenient: bool, code: &str) -> Result<Finished, QueryError> {
    match result {
        Err(fault) if !(lenient && fault.code == code) => Err(refused(fault)),
        _ => Ok(Finished { columns: Vec::new(), rows: Vec::new(), header: false, scanned_bytes: 0, update_count: None }),
    }
}

fn listing(column: &str, values: impl Iterator<Item = String>) -> Finished {
    let rows = values.map(|v| vec![Some(v)]).collect();
    Finished { columns: vec![types::column_info(column, &DataType::Utf8)], rows, header: false, scanned_bytes: 0, update_count: Some(0) }
}

/// Hive's table: name, type and comment padded to 20, partition keys once more below.
fn describe(table: &Value) -> Finished {
    let line = |name: &str, kind: &str, comment: &str| vec![Some(format!("{name:<20}\t{kind:<20}\t{comment:<20}"))];
    let mut rows: Vec<TextRow> = columns(table).iter().map(|(n, t, c)| line(n, t, c)).collect();
    let keys = table["PartitionKeys"].as_array().cloned().unwrap_or_default();
    if !keys.is_empty() {
        rows.push(line("", "", ""));
        rows.push(vec![Some(format!("{:<24}\t\t", "# Partition Information"))]);
        rows.push(line("# col_name", "data_type", "comment"));
        rows.push(line("", "", ""));
        rows.extend(keys.iter().map(|k| line(text(k, "Name"), text(k, "Type"), text(k, "Comment"))));
    }
    let columns = ["col_name", "data_type", "comment"].map(|name| types::column_info(name, &DataType::Utf8)).to_vec();
    Finished { columns, rows, header: false, scanned_bytes: 0, update_count: Some(0) }
}

fn columns(table: &Value) -> Vec<(String, String, String)> {
    let lists = [&table["StorageDescriptor"]["Columns"], &table["PartitionKeys"]];
    let all = lists.into_iter().filter_map(Value::as_array).flatten();
    all.map(|c| (text(c, "Name").to_owned(), text(c, "Type").to_owned(), text(c, "Comment").to_owned())).collect()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}

fn takes(words: &mut Vec<&str>, any: &[&str]) -> bool {
    let found = words.first().is_some_and(|w| any.iter().any(|a| w.eq_ignore_ascii_case(a)));
    if found {
        words.remove(0);
    }
    found
}

fn takes_all(words: &mut Vec<&str>, all: &[&str]) -> bool {
    let found = words.len() >= all.len() && words.iter().zip(all).all(|(w, a)| w.eq_ignore_ascii_case(a));
    if found {
        words.drain(..all.len());
    }
    found
}

fn name(words: &mut Vec<&str>) -> Result<String, QueryError> {
    match words.is_empty() {
        true => Err(QueryError::user(1000, "FAILED: ParseException line 1:0 a name is missing")),
        false => Ok(words.remove(0).to_lowercase()),
    }
}

fn qualified(words: &mut Vec<&str>, database: &str) -> Result<(String, String), QueryError> {
    let name = name(words)?;
    Ok(match name.split_once('.') {
        Some((database, table)) => (database.to_owned(), table.to_owned()),
        None => (database.to_owned(), name),
    })
}

fn no_more(words: &[&str]) -> Result<(), QueryError> {
    match words.first() {
        Some(word) => Err(QueryError::unbuilt(&format!("`{word}` in this statement"))),
        None => Ok(()),
    }
}
