//! Result objects at the output location: quoted CSV for queries, plain text for the rest, and the metadata beside them.

use super::{Finished, QueryError, location, streamed::Rows, table::owned};
use crate::{
    model::{ColumnInfo, QueryExecution, StatementType},
    results::TextRow,
};
use kit::{Body, Context, Fault, Need, ports::NewObject};

/// Writes the objects of a finished query on the caller's permissions.
pub(super) async fn write(cx: &Context, execution: &QueryExecution, done: &Finished) -> Result<(), QueryError> {
    let (bucket, key) = place(cx, execution)?;
    match (&done.manifest, &done.rows) {
        (Some(paths), _) => {
            let text: String = paths.iter().map(|p| format!("{p}\n")).collect();
            put(cx, bucket, &format!("{key}-manifest.csv"), text.into_bytes(), "text/plain").await?;
        }
        (None, Rows::Kept(_)) => {}
        (None, Rows::Few(rows)) => {
            let (text, kind) = match execution.statement_type {
                Some(StatementType::Dml) => (csv_head(&done.columns) + &csv_lines(rows), "application/octet-stream"),
                _ => (lines(rows), "text/plain"),
            };
            put(cx, bucket, key, text.into_bytes(), kind).await?;
        }
    }
    if !done.columns.is_empty() {
        let id = execution.query_execution_id.as_deref().unwrap_or_default();
        put(cx, bucket, &format!("{key}.metadata"), metadata(id, updates(execution), done), "application/octet-stream").await?;
    }
    Ok(())
}

/// Writes the result object of a query from a body that is made while the query runs.
pub(super) async fn put_result(cx: &Context, execution: &QueryExecution, body: Body) -> Result<(), QueryError> {
    let (bucket, key) = place(cx, execution)?;
    put_body(cx, bucket, key, body, "application/octet-stream").await
}

/// Bucket and key of a query's result. A bucket of somebody else than who is expected is S3's refusal.
fn place<'a>(cx: &Context, execution: &'a QueryExecution) -> Result<(&'a str, &'a str), QueryError> {
    let result = execution.result_configuration.as_ref();
    let place = result.and_then(|r| r.output_location.as_deref()).unwrap_or_default();
    let (bucket, key) = location::parse(place).ok_or_else(|| QueryError::user(1000, format!("{place} is not a valid S3 path")))?;
    let owner = || cx.cloud().ports().objects().ok().and_then(|port| port.owner(cx, bucket));
    if let Some(expected) = result.and_then(|r| r.expected_bucket_owner.as_deref())
        && owner().is_some_and(|scope| scope.account.to_string() != expected)
    {
        return Err(QueryError::from_fault("Amazon S3", &Fault::new("AccessDenied", 403, "Access Denied")));
    }
    Ok((bucket, key))
}

pub(super) async fn put(cx: &Context, bucket: &str, key: &str, bytes: Vec<u8>, kind: &str) -> Result<(), QueryError> {
    put_body(cx, bucket, key, Body::from_bytes(bytes), kind).await
}

pub(super) async fn put_body(cx: &Context, bucket: &str, key: &str, body: Body, kind: &str) -> Result<(), QueryError> {
    let refused = |fault| QueryError::from_fault("Amazon S3", &fault);
    let port = cx.cloud().ports().objects().map_err(refused)?;
    let need = owned(cx, Need::on("s3:PutObject", format!("arn:aws:s3:::{bucket}/{key}")), bucket);
    let grant = cx.grant(&need).map_err(refused)?;
    let object = NewObject { bucket: bucket.into(), key: key.into(), content_type: Some(kind.into()), metadata: Vec::new() };
    port.put(cx, grant, object, body).await.map(drop).map_err(refused)
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for (i, part) in text.split('"').enumerate() {
        if i > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

/// The names of the columns, each quoted.
pub(super) fn csv_head(columns: &[ColumnInfo]) -> String {
    let row: TextRow = columns.iter().map(|c| Some(c.name.clone())).collect();
    csv_lines(&[row])
}

/// Every value that is not NULL quoted.
pub(super) fn csv_lines(rows: &[TextRow]) -> String {
    let mut out = String::new();
    for row in rows {
        for (i, value) in row.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            if let Some(text) = value {
                quoted(&mut out, text);
            }
        }
        out.push('\n');
    }
    out
}

fn lines(rows: &[TextRow]) -> String {
    let line = |row: &TextRow| row.iter().map(|v| v.as_deref().unwrap_or("")).collect::<Vec<_>>().join("\t");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What Trino calls the change that a statement makes.
fn updates(execution: &QueryExecution) -> Option<&'static str> {
    match execution.substatement_type.as_deref() {
        Some("INSERT") => Some("INSERT"),
        Some("CREATE_TABLE_AS_SELECT") => Some("CREATE TABLE"),
        _ => None,
    }
}

/// AWS's metadata object, which the JDBC driver reads: protobuf with 1 id, 2 the kind of change, 3 count, 4 columns.
fn metadata(id: &str, updates: Option<&str>, done: &Finished) -> Vec<u8> {
    let mut out = Vec::new();
    bytes_field(&mut out, 1, id.as_bytes());
    if let Some(updates) = updates {
        bytes_field(&mut out, 2, updates.as_bytes());
    }
    number_field(&mut out, 3, done.update_count.unwrap_or(0) as u64);
    for column in &done.columns {
        bytes_field(&mut out, 4, &column_message(column));
    }
    out
}

fn column_message(column: &ColumnInfo) -> Vec<u8> {
    let mut out = Vec::new();
    bytes_field(&mut out, 1, b"hive");
    bytes_field(&mut out, 4, column.name.as_bytes());
    bytes_field(&mut out, 5, column.name.as_bytes());
    bytes_field(&mut out, 6, column.r#type.as_bytes());
    number_field(&mut out, 7, column.precision.unwrap_or(0) as u64);
    number_field(&mut out, 8, column.scale.unwrap_or(0) as u64);
    number_field(&mut out, 9, 3);
    number_field(&mut out, 10, column.case_sensitive.unwrap_or(false) as u64);
    out
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn number_field(out: &mut Vec<u8>, field: u64, number: u64) {
    varint(out, field << 3);
    varint(out, number);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
