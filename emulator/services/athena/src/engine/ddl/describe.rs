//! DESCRIBE: Hive's tables of padded texts.

use super::*;
use crate::hive::ast::{Detail, PartitionSpec};

pub(super) async fn describe(
    desk: &Desk<'_>,
    name: &TableName,
    detail: Detail,
    partition: Option<&PartitionSpec>,
    column: Option<&str>,
) -> Result<Finished, QueryError> {
    let table = desk.table(name).await?;
    if partition.is_some() && detail != Detail::Plain {
        return Err(QueryError::unbuilt("DESCRIBE FORMATTED or EXTENDED of a partition"));
    }
    let mut rows: Vec<TextRow> = match column {
        Some(column) => {
            let found = columns(&table).into_iter().find(|(name, ..)| name == column);
            let (name, kind, comment) =
                found.ok_or_else(|| QueryError::failed(format!("SemanticException [Error 10002]: Invalid column reference {column}")))?;
            vec![line(&name, &kind, if comment.is_empty() { "from deserializer" } else { &comment })]
        }
        None => plain(&table, detail == Detail::Formatted),
    };
    match detail {
        Detail::Plain => {}
        Detail::Formatted => rows.extend(formatted(&table)),
        Detail::Extended => {
            rows.push(line("", "", ""));
            rows.push(vec![Some(format!("Detailed Table Information\t{table}"))]);
        }
    }
    let columns = ["col_name", "data_type", "comment"].map(types::varchar).to_vec();
    Ok(Finished { columns, rows: Rows::Few(rows), header: false, update_count: Some(0), manifest: None })
}

/// Hive joins the three by tabs and pads each to twenty.
fn line(name: &str, kind: &str, comment: &str) -> TextRow {
    vec![Some(format!("{name:<20}\t{kind:<20}\t{comment:<20}"))]
}

fn plain(table: &Value, headed: bool) -> Vec<TextRow> {
    let mut rows = Vec::new();
    let keys = table["PartitionKeys"].as_array().cloned().unwrap_or_default();
    if headed {
        rows.extend([line("# col_name", "data_type", "comment"), line("", "", "")]);
        let own = table["StorageDescriptor"]["Columns"].as_array().cloned().unwrap_or_default();
        rows.extend(own.iter().map(|c| line(text(c, "Name"), text(c, "Type"), text(c, "Comment"))));
    } else {
        rows.extend(columns(table).iter().map(|(n, t, c)| line(n, t, c)));
    }
    if !keys.is_empty() {
        rows.push(line("", "", ""));
        rows.push(vec![Some(format!("{:<24}\t\t", "# Partition Information"))]);
        rows.extend([line("# col_name", "data_type", "comment"), line("", "", "")]);
        rows.extend(keys.iter().map(|k| line(text(k, "Name"), text(k, "Type"), text(k, "Comment"))));
    }
    rows
}

fn formatted(table: &Value) -> Vec<TextRow> {
    let storage = &table["StorageDescriptor"];
    let serde = &storage["SerdeInfo"];
    let mut rows = vec![line("", "", ""), heading("# Detailed Table Information")];
    let shown = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    for (label, value) in [
        ("Database:", shown(&table["DatabaseName"])),
        ("Owner:", shown(&table["Owner"])),
        ("CreateTime:", shown(&table["CreateTime"])),
        ("LastAccessTime:", "UNKNOWN".into()),
        ("Protect Mode:", "None".into()),
        ("Retention:", shown(&table["Retention"])),
        ("Location:", shown(&storage["Location"])),
        ("Table Type:", shown(&table["TableType"])),
        ("Table Parameters:", String::new()),
    ] {
        rows.push(line(label, &value, ""));
    }
    rows.extend(parameters(&table["Parameters"]));
    rows.extend([line("", "", ""), heading("# Storage Information")]);
    for (label, value) in [
        ("SerDe Library:", shown(&serde["SerializationLibrary"])),
        ("InputFormat:", shown(&storage["InputFormat"])),
        ("OutputFormat:", shown(&storage["OutputFormat"])),
        ("Compressed:", if storage["Compressed"] == true { "Yes".into() } else { "No".into() }),
        ("Num Buckets:", shown(&storage["NumberOfBuckets"])),
        ("Bucket Columns:", shown(&storage["BucketColumns"])),
        ("Sort Columns:", shown(&storage["SortColumns"])),
        ("Storage Desc Params:", String::new()),
    ] {
        rows.push(line(label, &value, ""));
    }
    rows.extend(parameters(&serde["Parameters"]));
    rows
}

fn heading(text: &str) -> TextRow {
    vec![Some(format!("{text:<20}\t\t"))]
}

fn parameters(value: &Value) -> Vec<TextRow> {
    let all = value.as_object().into_iter().flatten();
    all.map(|(k, v)| vec![Some(format!("\t{k:<20}\t{:<20}", v.as_str().unwrap_or("")))]).collect()
}
