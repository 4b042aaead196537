//! One file as it is encoded: rows go in batch by batch, bytes come out as soon as the format lets go of them.

use super::kinds::{Kind, Packing};
use crate::engine::{QueryError, orc::slots};
use arrow_avro::writer::{AvroWriter, WriterBuilder, format::AvroOcfFormat};
use datafusion::{
    arrow::{array::RecordBatch, compute::concat_batches, datatypes::SchemaRef},
    parquet::{
        arrow::ArrowWriter,
        basic::{Compression, GzipLevel, ZstdLevel},
        errors::ParquetError,
        file::properties::WriterProperties,
    },
};
use serde_json::Value;
use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Rows of a stripe of an ORC file at most.
const STRIPE_ROWS: usize = 200_000;
/// What a compressor of texts or an encoder of Avro holds, about.
const WINDOW: usize = 1 << 20;

/// Bytes that an encoder has let go of.
#[derive(Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Out {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file under way.
pub(super) struct Encoder {
    out: Out,
    schema: SchemaRef,
    form: Form,
}

enum Form {
    Parquet(Box<ArrowWriter<Out>>),
    Orc { writer: orc::Writer, batches: Vec<RecordBatch>, rows: usize },
    Avro(Box<AvroWriter<Out>>),
    Json(Packer),
    Text { delimiter: char, quoted: bool, packer: Packer },
}

/// Texts on their way through a compressor.
enum Packer {
    Plain(Out),
    Gzip(flate2::write::GzEncoder<Out>),
    Zstd(zstd::stream::write::Encoder<'static, Out>),
}

impl Packer {
    fn new(packing: Packing, out: Out) -> io::Result<Packer> {
        Ok(match packing {
            Packing::Gzip => Packer::Gzip(flate2::write::GzEncoder::new(out, flate2::Compression::default())),
            Packing::Zstd(level) => Packer::Zstd(zstd::stream::write::Encoder::new(out, level)?),
            _ => Packer::Plain(out),
        })
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Packer::Plain(out) => out.write_all(bytes),
            Packer::Gzip(packer) => packer.write_all(bytes),
            Packer::Zstd(packer) => packer.write_all(bytes),
        }
    }
    fn finish(self) -> io::Result<()> {
        match self {
            Packer::Plain(_) => Ok(()),
            Packer::Gzip(packer) => packer.finish().map(drop),
            Packer::Zstd(packer) => packer.finish().map(drop),
        }
    }
}

fn of_parquet(error: ParquetError) -> QueryError {
    QueryError::internal(error)
}

impl Encoder {
    /// An empty file of these columns.
    pub(super) fn new(kind: &Kind, schema: &SchemaRef) -> Result<Encoder, QueryError> {
        let out = Out::default();
        let form = match kind {
            Kind::Parquet(packing) => {
                let compression = match packing {
                    Packing::None => Compression::UNCOMPRESSED,
                    Packing::Gzip => Compression::GZIP(GzipLevel::default()),
                    Packing::Snappy => Compression::SNAPPY,
                    Packing::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(*level).map_err(of_parquet)?),
                };
                let properties = WriterProperties::builder().set_compression(compression).build();
                Form::Parquet(Box::new(ArrowWriter::try_new(out.clone(), schema.clone(), Some(properties)).map_err(of_parquet)?))
            }
            Kind::Orc(packing) => {
                let packing = match packing {
                    Packing::None => orc::Packing::None,
                    Packing::Gzip => orc::Packing::Zlib,
                    Packing::Snappy => orc::Packing::Snappy,
                    Packing::Zstd(level) => orc::Packing::Zstd(*level),
                };
                let types = slots::types(schema).map_err(|what| QueryError::unbuilt(&what))?;
                Form::Orc { writer: orc::Writer::new(types, packing), batches: Vec::new(), rows: 0 }
            }
            Kind::Avro(codec) => {
                let writer = WriterBuilder::new(schema.as_ref().clone()).with_compression(*codec);
                Form::Avro(Box::new(writer.build::<_, AvroOcfFormat>(out.clone()).map_err(QueryError::internal)?))
            }
            Kind::Json(packing) => Form::Json(Packer::new(*packing, out.clone()).map_err(QueryError::internal)?),
            Kind::Text { delimiter, packing, quoted } => {
                let packer = Packer::new(*packing, out.clone()).map_err(QueryError::internal)?;
                Form::Text { delimiter: *delimiter, quoted: *quoted, packer }
            }
        };
        Ok(Encoder { out, schema: schema.clone(), form })
    }

    /// Puts rows behind those that are there.
    pub(super) fn rows(&mut self, batch: RecordBatch) -> Result<(), QueryError> {
        let batch = RecordBatch::try_new(self.schema.clone(), batch.columns().to_vec()).map_err(QueryError::internal)?;
        match &mut self.form {
            Form::Parquet(writer) => writer.write(&batch).map_err(of_parquet),
            Form::Avro(writer) => writer.write(&batch).map_err(QueryError::internal),
            Form::Json(packer) => packer.write(&json(&[batch])?).map_err(QueryError::internal),
            Form::Text { delimiter, quoted, packer } => packer.write(&lines(&[batch], *delimiter, *quoted)?).map_err(QueryError::internal),
            Form::Orc { rows, batches, .. } => {
                *rows += batch.num_rows();
                batches.push(batch);
                if *rows >= STRIPE_ROWS { self.let_go() } else { Ok(()) }
            }
        }
    }

    /// Encodes what was kept for a row group or a stripe.
    pub(super) fn let_go(&mut self) -> Result<(), QueryError> {
        match &mut self.form {
            Form::Parquet(writer) => writer.flush().map_err(of_parquet),
            Form::Orc { writer, batches, rows } if *rows > 0 => {
                let whole = concat_batches(&self.schema, std::mem::take(batches).iter()).map_err(QueryError::internal)?;
                *rows = 0;
                let columns = whole.columns().iter().map(slots::slots).collect::<Result<Vec<_>, _>>().map_err(QueryError::internal)?;
                writer.stripe(whole.num_rows(), &columns).map_err(|e| QueryError::user(1200, e.to_string()))?;
                self.out.write_all(&writer.take()).map_err(QueryError::internal)
            }
            _ => Ok(()),
        }
    }

    /// Bytes that can be written out now.
    pub(super) fn take(&self) -> Vec<u8> {
        self.out.take()
    }
    /// How many those are.
    pub(super) fn ready(&self) -> usize {
        self.out.len()
    }
    /// Memory that the file takes until it lets go of it, about.
    pub(super) fn held(&self) -> usize {
        self.out.len()
            + match &self.form {
                Form::Parquet(writer) => writer.memory_size(),
                // Once as columns, once as slots when the stripe is made.
                Form::Orc { batches, .. } => 2 * batches.iter().map(RecordBatch::get_array_memory_size).sum::<usize>(),
                _ => WINDOW,
            }
    }

    /// The file's last bytes.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, QueryError> {
        self.let_go()?;
        match self.form {
            Form::Parquet(mut writer) => drop(writer.finish().map_err(of_parquet)?),
            Form::Avro(mut writer) => writer.finish().map_err(QueryError::internal)?,
            Form::Json(packer) | Form::Text { packer, .. } => packer.finish().map_err(QueryError::internal)?,
            Form::Orc { writer, .. } => self.out.write_all(&writer.finish()).map_err(QueryError::internal)?,
        }
        Ok(self.out.take())
    }
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
