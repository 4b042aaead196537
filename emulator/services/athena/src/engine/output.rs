//! Result objects at the output location: quoted CSV for queries, plain text for the rest, and the metadata beside them.

use super::{Finished, QueryError, location};
use crate::{
    hive::Classified,
    model::{ColumnInfo, QueryExecution, StatementType},
};
use kit::{Body, Context, Need, ports::NewObject};

/// Writes the objects of a finished query on the caller's permissions.
pub(super) async fn write(cx: &Context, execution: &QueryExecution, classified: &Classified, done: &Finished) -> Result<(), QueryError> {
    let place = execution.result_configuration.as_ref().and_then(|r| r.output_location.clone()).unwrap_or_default();
    let Some((bucket, key)) = location::parse(&place) else {
        return Err(QueryError::user(1000, format!("{place} is not a valid S3 path")));
    };
    match &done.manifest {
        Some(paths) => {
            let text: String = paths.iter().map(|p| format!("{p}\n")).collect();
            put(cx, bucket, &format!("{key}-manifest.csv"), text.into_bytes(), "text/plain").await?;
        }
        None => {
            let (text, kind) = match classified.statement_type {
                StatementType::Dml => (csv(done), "application/octet-stream"),
                _ => (lines(done), "text/plain"),
            };
            put(cx, bucket, key, text.into_bytes(), kind).await?;
        }
    }
    if !done.columns.is_empty() {
        let id = execution.query_execution_id.as_deref().unwrap_or_default();
        put(cx, bucket, &format!("{key}.metadata"), metadata(id, done), "application/octet-stream").await?;
    }
    Ok(())
}

pub(super) async fn put(cx: &Context, bucket: &str, key: &str, bytes: Vec<u8>, kind: &str) -> Result<(), QueryError> {
    let refused = |fault| QueryError::from_fault("Amazon S3", &fault);
    let port = cx.cloud().ports().objects().map_err(refused)?;
    let mut need = Need::on("s3:PutObject", format!("arn:aws:s3:::{bucket}/{key}"));
    if let Some(scope) = port.owner(cx, bucket) {
        need = need.owned_by(scope.account.to_string());
    }
    let grant = cx.grant(&need).map_err(refused)?;
    let object = NewObject { bucket: bucket.into(), key: key.into(), content_type: Some(kind.into()), metadata: Vec::new() };
    port.put(cx, grant, object, Body::from_bytes(bytes)).await.map(drop).map_err(refused)
}

/// Every value that is not NULL quoted, header included.
fn csv(done: &Finished) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut out = done.columns.iter().map(|c| quoted(&c.name)).collect::<Vec<_>>().join(",");
    out.push('\n');
    for row in &done.rows {
        let fields: Vec<String> = row.iter().map(|v| v.as_deref().map(quoted).unwrap_or_default()).collect();
        out.push_str(&fields.join(","));
        out.push('\n');
    }
    out
}

fn lines(done: &Finished) -> String {
    let line = |row: &Vec<Option<String>>| row.iter().map(|v| v.as_deref().unwrap_or("")).collect::<Vec<_>>().join("\t");
    done.rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// AWS's metadata object, which the JDBC driver reads: protobuf with 1 id, 3 count, 4 columns.
fn metadata(id: &str, done: &Finished) -> Vec<u8> {
    let mut out = Vec::new();
    bytes_field(&mut out, 1, id.as_bytes());
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
