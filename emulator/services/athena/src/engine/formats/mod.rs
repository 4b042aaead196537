//! Objects to record batches: which format a table's SerDe means, and its reader.

mod ion;
mod json;
mod packed;
mod rows;
mod texts;

pub(crate) use rows::Wrong;

use datafusion::{
    arrow::{
        array::{RecordBatch, RecordBatchOptions, new_null_array},
        compute::cast,
        datatypes::{Schema, SchemaRef},
    },
    execution::memory_pool::MemoryReservation,
    parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder,
};
use kit::Bytes;
use rows::BATCH_ROWS;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{BufReader, Read},
    sync::Arc,
};

/// The batches of an object, one after the other.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Wrong>> + Send>;

/// How a table's objects are written, with the SerDe's parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Format {
    /// A JSON object on each line; keys are matched without regard to case.
    Json {
        lenient: bool,
        mappings: BTreeMap<String, String>,
        dots: bool,
    },
    /// Hive's plain text.
    Lazy {
        field: char,
        collection: char,
        key: char,
        escape: Option<char>,
        null: String,
        skip: usize,
    },
    /// Quoted fields.
    Csv {
        separator: u8,
        quote: u8,
        escape: u8,
        skip: usize,
    },
    /// A regular expression with a group for each column.
    Regex {
        pattern: String,
        skip: usize,
    },
    /// A grok pattern with a name for each column, and the table's own patterns.
    Grok {
        pattern: String,
        custom: String,
        skip: usize,
    },
    Parquet,
    Avro,
    Ion(ion::Layout),
    /// Columns found by their place, as Athena does by default, or by name.
    Orc {
        by_name: bool,
    },
}

impl Format {
    /// The format of a table by its SerDe and parameters. The error names what is not read.
    pub(crate) fn of(table: &Value) -> Result<Format, String> {
        let storage = &table["StorageDescriptor"];
        let serde = storage["SerdeInfo"]["SerializationLibrary"].as_str().unwrap_or("");
        let parameters = &storage["SerdeInfo"]["Parameters"];
        let of = |name: &str| parameters[name].as_str();
        let skip = table["Parameters"]["skip.header.line.count"]
            .as_str()
            .or(storage["Parameters"]["skip.header.line.count"].as_str())
            .or(of("skip.header.line.count"));
        let skip = skip.and_then(|n| n.parse().ok()).unwrap_or(0);
        let sign = |name: &str| of(name).and_then(delimiter);
        match serde.rsplit('.').next().unwrap_or("") {
            "JsonSerDe" => {
                let mappings = parameters
                    .as_object()
                    .into_iter()
                    .flatten()
                    .filter_map(|(k, v)| Some((k.strip_prefix("mapping.")?.to_lowercase(), v.as_str()?.to_owned())));
                let lenient = of("ignore.malformed.json").is_some_and(|t| t.eq_ignore_ascii_case("true"));
                let dots = of("dots.in.keys").is_some_and(|t| t.eq_ignore_ascii_case("true"));
                Ok(Format::Json { lenient, mappings: mappings.collect(), dots })
            }
            "LazySimpleSerDe" => Ok(Format::Lazy {
                field: sign("field.delim").or_else(|| sign("serialization.format")).unwrap_or('\u{1}'),
                // Hive misspelt the property for years: both are found.
                collection: sign("collection.delim").or_else(|| sign("colelction.delim")).unwrap_or('\u{2}'),
                key: sign("mapkey.delim").unwrap_or('\u{3}'),
                escape: sign("escape.delim"),
                null: of("serialization.null.format").unwrap_or("\\N").to_owned(),
                skip,
            }),
            "OpenCSVSerde" => {
                let byte = |name: &str, default: u8| sign(name).and_then(|c| u8::try_from(c).ok()).unwrap_or(default);
                Ok(Format::Csv {
                    separator: byte("separatorChar", b','),
                    quote: byte("quoteChar", b'"'),
                    escape: byte("escapeChar", b'\\'),
                    skip,
                })
            }
            "RegexSerDe" => {
                Ok(Format::Regex { pattern: of("input.regex").ok_or("tables of the RegexSerDe without input.regex")?.to_owned(), skip })
            }
            "GrokSerDe" => {
                let custom = of("input.grokCustomPatterns").unwrap_or("").to_owned();
                let pattern = of("input.format").ok_or("tables of the GrokSerDe without input.format")?.to_owned();
                grok::Grok::new(&pattern, &custom).map_err(|e| format!("the grok pattern of the table: {e}"))?;
                Ok(Format::Grok { pattern, custom, skip })
            }
            "ParquetHiveSerDe" => Ok(Format::Parquet),
            "AvroSerDe" => Ok(Format::Avro),
            "IonHiveSerDe" => ion::Layout::of(parameters).map(Format::Ion),
            "OrcSerde" => Ok(Format::Orc { by_name: of("orc.column.index.access").is_some_and(|t| t.eq_ignore_ascii_case("false")) }),
            _ => Err(format!("tables of the SerDe {serde}")),
        }
    }

    /// Whether objects of the format are read as a stream; the others are asked for as a whole.
    pub(crate) fn streams(&self) -> bool {
        !matches!(self, Format::Parquet | Format::Orc { .. })
    }

    /// The batches of one object with the columns of these places in the object's schema. What is held counts in `held`, beside `always` bytes.
    pub(crate) fn read(
        &self,
        key: &str,
        object: impl Read + Send + 'static,
        file: &SchemaRef,
        columns: &[usize],
        (held, always): (MemoryReservation, usize),
    ) -> Result<Batches, Wrong> {
        let schema = wanted(file, columns)?;
        let records: Box<dyn rows::Records> = match self {
            Format::Parquet | Format::Orc { .. } => return Err("columns are not read as a stream".to_owned().into()),
            Format::Avro => {
                held.try_resize(always).map_err(Wrong::Ended)?;
                return avro(object, schema, held);
            }
            Format::Ion(layout) => return ion::stream(packed::unpacked(key, object)?, file, columns, layout, (held, always)),
            Format::Json { lenient, mappings, dots } => Box::new(json::Objects::new(&schema, *lenient, mappings, *dots)),
            texts => Box::new(texts::Texts::new(texts, &schema, columns)?),
        };
        let lines = rows::Lines::new(packed::unpacked(key, object)?, held, always);
        Ok(Box::new(rows::Batches { lines, records, schema, done: false }))
    }
}

/// A delimiter as tables write it: a sign, `\t`, `\u0001`, or its number.
fn delimiter(text: &str) -> Option<char> {
    let mut chars = text.chars();
    match (chars.next()?, chars.next()) {
        (only, None) if !only.is_ascii_digit() => Some(only),
        ('\\', Some('t')) => Some('\t'),
        ('\\', Some('n')) => Some('\n'),
        ('\\', Some('\\')) => Some('\\'),
        ('\\', Some('u')) => char::from_u32(u32::from_str_radix(&text[2..], 16).ok()?),
        ('\\', Some('0'..='7')) => char::from_u32(u32::from_str_radix(&text[1..], 8).ok()?),
        (first, _) => text.parse::<u32>().ok().and_then(char::from_u32).or(Some(first)),
    }
}

fn wanted(file: &SchemaRef, columns: &[usize]) -> Result<SchemaRef, String> {
    file.project(columns).map(Arc::new).map_err(|e| e.to_string())
}

/// Columns by name, without regard to case, brought to the table's types; missing ones are NULL.
pub(super) fn fitted(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let found = batch.schema();
    let column = |field: &Arc<datafusion::arrow::datatypes::Field>| match found
        .fields()
        .iter()
        .position(|f| f.name().eq_ignore_ascii_case(field.name()))
    {
        Some(i) => cast(batch.column(i), field.data_type())
            .map_err(|e| format!("HIVE_BAD_DATA: Field {}'s type is not the table's {}: {e}", field.name(), field.data_type())),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, String>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(|e| e.to_string())
}

/// The batches of an object of Parquet that is at hand as a whole.
pub(crate) fn parquet(bytes: Bytes, file: &SchemaRef, columns: &[usize], held: MemoryReservation) -> Result<Batches, Wrong> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|e| format!("HIVE_CANNOT_OPEN_SPLIT: {e}"))?;
    let reader = builder.with_batch_size(BATCH_ROWS).build().map_err(|e| e.to_string())?;
    let schema = wanted(file, columns)?;
    Ok(Box::new(reader.map(move |batch| {
        let _held = &held;
        Ok(fitted(&batch.map_err(|e| format!("HIVE_CURSOR_ERROR: {e}"))?, &schema)?)
    })))
}

fn avro(object: impl Read + Send + 'static, schema: SchemaRef, held: MemoryReservation) -> Result<Batches, Wrong> {
    let reader = arrow_avro::reader::ReaderBuilder::new()
        .with_batch_size(BATCH_ROWS)
        .build(BufReader::new(object))
        .map_err(|e| format!("HIVE_CANNOT_OPEN_SPLIT: {e}"))?;
    Ok(Box::new(reader.map(move |batch| {
        let _held = &held;
        Ok(fitted(&batch.map_err(|e| format!("HIVE_CURSOR_ERROR: {e}"))?, &schema)?)
    })))
}

/// A batch of values, column by column.
fn batch(columns: Vec<Vec<super::trino::val::Val>>, rows: usize, schema: &Arc<Schema>) -> Result<RecordBatch, String> {
    let arrays = columns.iter().zip(schema.fields()).map(|(values, field)| {
        let ty = super::trino::ty::Ty::of(field);
        let array = super::trino::val::column(values, &ty)?;
        if array.data_type() == field.data_type() { Ok(array) } else { cast(&array, field.data_type()).map_err(|e| e.to_string()) }
    });
    let arrays = arrays.collect::<Result<Vec<_>, String>>()?;
    RecordBatch::try_new_with_options(schema.clone(), arrays, &RecordBatchOptions::new().with_row_count(Some(rows)))
        .map_err(|e| e.to_string())
}
