//! Objects to record batches: JSON lines, delimited text, Parquet; gzip taken off by the key's ending.

use datafusion::{
    arrow::{array::RecordBatch, csv, datatypes::SchemaRef, json},
    parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder,
};
use kit::Bytes;
use serde_json::Value;
use std::{collections::BTreeMap, io::Read};

/// What an object unpacks to at most: a bomb must not fill the memory.
const MOST_UNPACKED: u64 = 1 << 30;
const BATCH_ROWS: usize = 8192;

/// How a table's objects are written.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    /// A JSON object on each line; keys are matched without regard to case.
    Json,
    /// Fields between delimiters, quoted or not.
    Delimited { delimiter: u8, quoted: bool, skip_lines: usize },
    /// Parquet.
    Parquet,
}

impl Format {
    /// The format of a table by its SerDe and parameters. The error names what is not read.
    pub(crate) fn of(table: &Value) -> Result<Format, String> {
        let storage = &table["StorageDescriptor"];
        let serde = storage["SerdeInfo"]["SerializationLibrary"].as_str().unwrap_or("");
        let serde_parameters = &storage["SerdeInfo"]["Parameters"];
        let skip = table["Parameters"]["skip.header.line.count"].as_str().or(storage["Parameters"]["skip.header.line.count"].as_str());
        let skip_lines = skip.and_then(|n| n.parse().ok()).unwrap_or(0);
        let delimiter = |name: &str, default: u8| {
            let text = serde_parameters[name].as_str().unwrap_or("");
            match text {
                "" => default,
                "\\t" => b'\t',
                text => text.bytes().next().unwrap_or(default),
            }
        };
        match serde.rsplit('.').next().unwrap_or("") {
            "JsonSerDe" => Ok(Format::Json),
            "LazySimpleSerDe" => Ok(Format::Delimited { delimiter: delimiter("field.delim", 1), quoted: false, skip_lines }),
            "OpenCSVSerde" => Ok(Format::Delimited { delimiter: delimiter("separatorChar", b','), quoted: true, skip_lines }),
            "ParquetHiveSerDe" => Ok(Format::Parquet),
            _ => Err(format!("tables of the SerDe {serde}")),
        }
    }

    /// The batches of one object with the given columns. Errors are sentences.
    pub(crate) fn read(&self, key: &str, bytes: Bytes, schema: &SchemaRef) -> Result<Vec<RecordBatch>, String> {
        let bytes = if key.ends_with(".gz") { gunzip(&bytes)? } else { bytes };
        match self {
            Format::Json => json_lines(&bytes, schema),
            Format::Delimited { delimiter, quoted, skip_lines } => delimited(&bytes, schema, *delimiter, *quoted, *skip_lines),
            Format::Parquet => parquet(bytes, schema),
        }
    }
}

fn gunzip(bytes: &[u8]) -> Result<Bytes, String> {
    let mut out = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(MOST_UNPACKED + 1);
    reader.read_to_end(&mut out).map_err(|e| format!("not gzip: {e}"))?;
    match out.len() as u64 > MOST_UNPACKED {
        true => Err("unpacks to more than 1 GiB".into()),
        false => Ok(out.into()),
    }
}

fn json_lines(bytes: &[u8], schema: &SchemaRef) -> Result<Vec<RecordBatch>, String> {
    let mut decoder = json::ReaderBuilder::new(schema.clone())
        .with_coerce_primitive(true)
        .with_batch_size(BATCH_ROWS)
        .build_decoder()
        .map_err(|e| e.to_string())?;
    let mut batches = Vec::new();
    let mut rows = Vec::with_capacity(BATCH_ROWS.min(1024));
    let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    for (number, line) in lines.enumerate() {
        let row: BTreeMap<String, Value> = serde_json::from_slice(line)
            .map_err(|e| format!("HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: line {}: {e}", number + 1))?;
        rows.push(row.into_iter().map(|(k, v)| (k.to_lowercase(), lowered(v))).collect::<BTreeMap<String, Value>>());
        if rows.len() == BATCH_ROWS {
            decoder.serialize(&rows).map_err(|e| bad_data(&e.to_string()))?;
            batches.extend(decoder.flush().map_err(|e| bad_data(&e.to_string()))?);
            rows.clear();
        }
    }
    decoder.serialize(&rows).map_err(|e| bad_data(&e.to_string()))?;
    batches.extend(decoder.flush().map_err(|e| bad_data(&e.to_string()))?);
    Ok(batches)
}

/// Names inside rows are matched without regard to case as well.
fn lowered(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k.to_lowercase(), lowered(v))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(lowered).collect()),
        other => other,
    }
}

fn bad_data(text: &str) -> String {
    format!("HIVE_BAD_DATA: Error parsing a column in the table: {text}")
}

fn delimited(bytes: &[u8], schema: &SchemaRef, delimiter: u8, quoted: bool, skip_lines: usize) -> Result<Vec<RecordBatch>, String> {
    let mut start = 0;
    for _ in 0..skip_lines {
        start += bytes[start..].iter().position(|b| *b == b'\n').map_or(bytes.len() - start, |i| i + 1);
    }
    let mut builder =
        csv::ReaderBuilder::new(schema.clone()).with_delimiter(delimiter).with_batch_size(BATCH_ROWS).with_truncated_rows(true);
    if !quoted {
        // Hive's plain text knows no quotes: a byte that no text has stands for one.
        builder = builder.with_quote(0xff);
    }
    let reader = builder.build_buffered(&bytes[start..]).map_err(|e| e.to_string())?;
    reader.collect::<Result<_, _>>().map_err(|e| bad_data(&e.to_string()))
}

fn parquet(bytes: Bytes, schema: &SchemaRef) -> Result<Vec<RecordBatch>, String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| format!("HIVE_CANNOT_OPEN_SPLIT: {e}"))?;
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(|e| e.to_string())?;
    let fit = |batch: RecordBatch| -> Result<RecordBatch, String> {
        let column = |field: &std::sync::Arc<datafusion::arrow::datatypes::Field>| {
            let found = batch.schema().fields().iter().position(|f| f.name().eq_ignore_ascii_case(field.name()));
            match found {
                Some(i) => datafusion::arrow::compute::cast(batch.column(i), field.data_type()).map_err(|e| bad_data(&e.to_string())),
                None => Ok(datafusion::arrow::array::new_null_array(field.data_type(), batch.num_rows())),
            }
        };
        let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, String>>()?;
        let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(|e| e.to_string())
    };
    reader.map(|batch| batch.map_err(|e| e.to_string()).and_then(fit)).collect()
}
