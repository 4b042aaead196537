//! Batches as objects: cut by the values of the partition columns, encoded, compressed, put through the port.

use crate::engine::{
    QueryError,
    compute::{Computed, Job},
    ddl::partitions::escape,
    orc::slots,
    output, text,
};
use datafusion::{
    arrow::{
        array::{RecordBatch, UInt32Array},
        compute::{concat_batches, take_record_batch},
        datatypes::SchemaRef,
    },
    parquet::{
        arrow::ArrowWriter,
        basic::{Compression, GzipLevel, ZstdLevel},
        file::properties::WriterProperties,
    },
};
use serde_json::Value;
use std::{collections::BTreeMap, io::Write};

/// Partitions that one statement may write: AWS's limit.
const MOST_PARTITIONS: usize = 100;

/// Compression of files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Packing {
    None,
    Gzip,
    Snappy,
    /// With its level.
    Zstd(i32),
}

/// What Zstandard packs with where nothing is said: Athena's default, as its documentation says.
pub(super) const ZSTD_LEVEL: i32 = 3;
/// Rows of a stripe of an ORC file at most.
const STRIPE_ROWS: usize = 200_000;

/// How files are written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Parquet(Packing),
    /// What is GZIP elsewhere is ZLIB here.
    Orc(Packing),
    Json(Packing),
    Text {
        delimiter: char,
        packing: Packing,
        quoted: bool,
    },
    Avro,
}

impl Kind {
    /// By the names that statements use. The error names what is not written.
    pub(super) fn of(format: &str, compression: Option<&str>, level: i32, delimiter: char) -> Result<Kind, String> {
        let packing = match compression.map(str::to_uppercase).as_deref() {
            None => Packing::Gzip,
            Some("GZIP") if format != "ORC" => Packing::Gzip,
            Some("ZLIB") if format == "ORC" => Packing::Gzip,
            Some("NONE" | "UNCOMPRESSED") => Packing::None,
            Some("SNAPPY") => Packing::Snappy,
            Some("ZSTD") => Packing::Zstd(level),
            Some(other) => return Err(format!("the compression {other}")),
        };
        match format {
            "PARQUET" => Ok(Kind::Parquet(packing)),
            "ORC" => Ok(Kind::Orc(packing)),
            "JSON" if packing != Packing::Snappy => Ok(Kind::Json(packing)),
            "TEXTFILE" if packing != Packing::Snappy => Ok(Kind::Text { delimiter, packing, quoted: false }),
            "AVRO" => Ok(Kind::Avro),
            other => Err(format!("writing {other} files with this compression")),
        }
    }
    /// As a table's SerDe reads.
    pub(super) fn of_serde(serde: &str, parameters: &Value) -> Result<Kind, String> {
        let delimiter = |name: &str, default: char| parameters[name].as_str().and_then(|t| t.chars().next()).unwrap_or(default);
        match serde.rsplit('.').next().unwrap_or("") {
            "ParquetHiveSerDe" => Ok(Kind::Parquet(Packing::Gzip)),
            "OrcSerde" => Ok(Kind::Orc(Packing::Gzip)),
            "JsonSerDe" => Ok(Kind::Json(Packing::Gzip)),
            "LazySimpleSerDe" => Ok(Kind::Text { delimiter: delimiter("field.delim", '\u{1}'), packing: Packing::Gzip, quoted: false }),
            "OpenCSVSerde" => Ok(Kind::Text { delimiter: delimiter("separatorChar", ','), packing: Packing::Gzip, quoted: true }),
            "AvroSerDe" => Ok(Kind::Avro),
            _ => Err(format!("writing to tables of the SerDe {serde}")),
        }
    }
    /// The name that STORED AS has for it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Kind::Parquet(_) => "parquet",
            Kind::Orc(_) => "orc",
            Kind::Json(_) => "json",
            Kind::Text { .. } => "textfile",
            Kind::Avro => "avro",
        }
    }
    fn ending(&self) -> &'static str {
        match self {
            Kind::Json(p) | Kind::Text { packing: p, .. } => match p {
                Packing::Gzip => ".gz",
                Packing::Zstd(_) => ".zst",
                _ => "",
            },
            _ => "",
        }
    }
}

/// Where files go.
pub(super) struct Target {
    pub bucket: String,
    /// Ends with a slash unless empty.
    pub prefix: String,
    /// How many of the last columns are partition keys.
    pub keys: usize,
    pub kind: Kind,
}

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    pub paths: Vec<String>,
    /// Values of each partition.
    pub partitions: Vec<Vec<String>>,
}

/// Writes all rows.
pub(super) async fn write(job: &Job<'_>, target: &Target, done: &Computed) -> Result<Written, QueryError> {
    let own = done.schema.fields().len() - target.keys;
    let schema: SchemaRef = std::sync::Arc::new(done.schema.project(&(0..own).collect::<Vec<_>>()).map_err(QueryError::internal)?);
    let names: Vec<&str> = done.schema.fields()[own..].iter().map(|f| f.name().as_str()).collect();
    let mut written = Written::default();
    for (number, (values, batches)) in cut(done, own)?.into_iter().enumerate() {
        if batches.iter().all(|b| b.num_rows() == 0) {
            continue;
        }
        let bytes = encoded(&target.kind, &schema, &batches)?;
        let folder: String = names.iter().zip(&values).map(|(k, v)| format!("{k}={}/", escape(v))).collect();
        let stamp = job.execution.query_execution_id.as_deref().unwrap_or_default();
        let key = format!("{}{folder}{stamp}_{number:05}_{}{}", target.prefix, job.cx.ids().lower(5), target.kind.ending());
        output::put(job.cx, &target.bucket, &key, bytes, "application/octet-stream").await?;
        written.paths.push(format!("s3://{}/{key}", target.bucket));
        written.partitions.push(values);
    }
    Ok(written)
}

type Cut = BTreeMap<Vec<String>, Vec<RecordBatch>>;

/// The rows of each partition, its columns taken off.
fn cut(done: &Computed, own: usize) -> Result<Cut, QueryError> {
    let mut all = Cut::new();
    for batch in &done.batches {
        let texts = text::columns(batch).map_err(QueryError::internal)?;
        let mut rows: BTreeMap<Vec<String>, Vec<u32>> = BTreeMap::new();
        for row in 0..batch.num_rows() {
            let values = texts[own..].iter().map(|c| c[row].clone().unwrap_or_else(|| "__HIVE_DEFAULT_PARTITION__".into())).collect();
            rows.entry(values).or_default().push(row as u32);
        }
        let kept = batch.project(&(0..own).collect::<Vec<_>>()).map_err(QueryError::internal)?;
        for (values, rows) in rows {
            all.entry(values).or_default().push(take_record_batch(&kept, &UInt32Array::from(rows)).map_err(QueryError::internal)?);
        }
    }
    match all.len() > MOST_PARTITIONS {
        true => Err(QueryError::user(
            1000,
            format!("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"),
        )),
        false => Ok(all),
    }
}

fn encoded(kind: &Kind, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, QueryError> {
    let wrong = |e: datafusion::parquet::errors::ParquetError| QueryError::internal(e);
    match kind {
        Kind::Parquet(packing) => {
            let compression = match packing {
                Packing::None => Compression::UNCOMPRESSED,
                Packing::Gzip => Compression::GZIP(GzipLevel::default()),
                Packing::Snappy => Compression::SNAPPY,
                Packing::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(*level).map_err(wrong)?),
            };
            let properties = WriterProperties::builder().set_compression(compression).build();
            let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(wrong)?;
            for batch in batches {
                writer
                    .write(
                        &datafusion::arrow::array::RecordBatch::try_new(schema.clone(), batch.columns().to_vec())
                            .map_err(QueryError::internal)?,
                    )
                    .map_err(wrong)?;
            }
            writer.into_inner().map_err(wrong)
        }
        Kind::Orc(packing) => stripes(*packing, schema, batches),
        Kind::Avro => {
            let mut writer = arrow_avro::writer::AvroWriter::new(Vec::new(), schema.as_ref().clone()).map_err(QueryError::internal)?;
            for batch in batches {
                writer.write(batch).map_err(QueryError::internal)?;
            }
            writer.finish().map_err(QueryError::internal)?;
            Ok(writer.into_inner())
        }
        Kind::Json(packing) => packed(json(batches)?, *packing),
        Kind::Text { delimiter, packing, quoted } => packed(lines(batches, *delimiter, *quoted)?, *packing),
    }
}

fn stripes(packing: Packing, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, QueryError> {
    let packing = match packing {
        Packing::None => orc::Packing::None,
        Packing::Gzip => orc::Packing::Zlib,
        Packing::Snappy => orc::Packing::Snappy,
        Packing::Zstd(level) => orc::Packing::Zstd(level),
    };
    let mut writer = orc::Writer::new(slots::types(schema).map_err(|what| QueryError::unbuilt(&what))?, packing);
    let mut stripe = |batches: &[RecordBatch]| {
        let rows = concat_batches(schema, batches).map_err(QueryError::internal)?;
        let columns = rows.columns().iter().map(slots::slots).collect::<Result<Vec<_>, _>>().map_err(QueryError::internal)?;
        writer.stripe(rows.num_rows(), &columns).map_err(|e| QueryError::user(1200, e.to_string()))
    };
    let (mut first, mut held) = (0, 0);
    for (place, batch) in batches.iter().enumerate() {
        if held > 0 && held + batch.num_rows() > STRIPE_ROWS {
            stripe(&batches[first..place])?;
            (first, held) = (place, 0);
        }
        held += batch.num_rows();
    }
    if held > 0 {
        stripe(&batches[first..])?;
    }
    Ok(writer.finish())
}

fn json(batches: &[RecordBatch]) -> Result<Vec<u8>, QueryError> {
    use crate::engine::trino::{json, ty::Ty, val};
    let mut out = Vec::new();
    for batch in batches {
        let schema = batch.schema();
        let columns: Vec<(String, Ty, Vec<val::Val>)> = batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(a, f)| Ok((f.name().clone(), Ty::of(f), val::all(a, &Ty::of(f)).map_err(QueryError::internal)?)))
            .collect::<Result<_, QueryError>>()?;
        for row in 0..batch.num_rows() {
            let mut object = serde_json::Map::new();
            for (name, ty, values) in &columns {
                if !values[row].is_null() {
                    object.insert(name.clone(), json::from(&values[row], ty).map_err(QueryError::internal)?);
                }
            }
            out.extend(Value::Object(object).to_string().into_bytes());
            out.push(b'\n');
        }
    }
    Ok(out)
}

/// Hive's plain text, or CSV with every value in quotes.
fn lines(batches: &[RecordBatch], delimiter: char, quoted: bool) -> Result<Vec<u8>, QueryError> {
    use crate::engine::trino::{cast, ty::Ty, val, val::Val};
    fn plain(value: &Val, ty: &Ty) -> String {
        match (value, ty) {
            (Val::Null, _) => "\\N".into(),
            (Val::Arr(items), Ty::Array(item)) => items.iter().map(|v| plain(v, item)).collect::<Vec<_>>().join("\u{2}"),
            (Val::Map(entries), Ty::Map(k, v)) => {
                entries.iter().map(|(a, b)| format!("{}\u{3}{}", plain(a, k), plain(b, v))).collect::<Vec<_>>().join("\u{2}")
            }
            (Val::Row(parts), Ty::Row(fields)) => {
                parts.iter().zip(fields).map(|(v, (_, ty))| plain(v, ty)).collect::<Vec<_>>().join("\u{2}")
            }
            (value, ty) => cast::text(value, ty).unwrap_or_default(),
        }
    }
    let mut out = String::new();
    for batch in batches {
        let schema = batch.schema();
        let types: Vec<Ty> = schema.fields().iter().map(|f| Ty::of(f)).collect();
        let columns = batch
            .columns()
            .iter()
            .zip(&types)
            .map(|(a, ty)| val::all(a, ty).map_err(QueryError::internal))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let field = |(values, ty): (&Vec<Val>, &Ty)| match (&values[row], quoted) {
                (Val::Null, true) => String::new(),
                (value, true) => format!("\"{}\"", plain(value, ty).replace('"', "\\\"")),
                (value, false) => plain(value, ty),
            };
            let fields: Vec<String> = columns.iter().zip(&types).map(field).collect();
            out.push_str(&fields.join(&delimiter.to_string()));
            out.push('\n');
        }
    }
    Ok(out.into_bytes())
}

fn packed(bytes: Vec<u8>, packing: Packing) -> Result<Vec<u8>, QueryError> {
    match packing {
        Packing::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(&bytes).and_then(|()| writer.finish()).map_err(QueryError::internal)
        }
        Packing::Zstd(level) => zstd::stream::encode_all(&bytes[..], level).map_err(QueryError::internal),
        _ => Ok(bytes),
    }
}
