//! ORC: the tail of an object, then of each stripe that the filters leave the columns that the query needs, each a range of the object.

mod arrays;
pub(super) mod slots;

use super::{
    errors::{QueryError, carry},
    formats::fitted,
    prune::{Container, Pruner},
    table::{Found, Scans},
};
use datafusion::{
    arrow::{
        array::{RecordBatch, RecordBatchOptions},
        datatypes::{DataType, Field, Schema, SchemaRef},
    },
    common::ScalarValue,
    error::{DataFusionError, Result},
    execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation},
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use orc::Kind;
use std::{ops::Range, sync::Arc};

/// Bytes of an object's end that are read first: most tails are smaller.
const END: u64 = 16 << 10;
const BATCH_ROWS: usize = 8192;
/// Items of lists and maps in a column of a batch.
const MOST_ITEMS: usize = 1 << 24;
/// Tails and stripes that are larger are refused.
const MOST_BYTES: u64 = 1 << 30;

/// An object, and what of it is wanted.
#[derive(Clone)]
pub(super) struct Wanted {
    pub scans: Arc<Scans>,
    pub found: Found,
    /// The columns of the table's objects.
    pub file: SchemaRef,
    /// Places of those that are asked for.
    pub columns: Vec<usize>,
    /// Columns are found by name rather than by place.
    pub by_name: bool,
    pub pruner: Option<Arc<Pruner>>,
    /// The query's memory.
    pub pool: Arc<dyn MemoryPool>,
}

/// The batches of the wanted columns, stripe by stripe: one stripe is held at a time, and counts against the query's memory.
pub(super) async fn batches(wanted: Wanted) -> Result<impl Stream<Item = Result<RecordBatch>>> {
    let tail = wanted.tail().await?;
    let stripes = wanted.left(&tail);
    let job = Arc::new((wanted, tail));
    Ok(stream::iter(stripes)
        .then(move |at| {
            let job = job.clone();
            async move {
                let open = job.0.stripe(&job.1, at).await?;
                Ok::<_, DataFusionError>(stream::try_unfold(open, move |mut open| {
                    let next = job.0.batch(&job.1, &mut open);
                    async move { Ok(next?.map(|batch| (batch, open))) }
                }))
            }
        })
        .try_flatten())
}

/// A stripe that is being read.
struct Opened {
    reader: orc::Reader,
    /// Ids of the types of the columns that the file has.
    ids: Vec<usize>,
    /// What those columns are called.
    names: Vec<String>,
    schema: SchemaRef,
    _held: MemoryReservation,
}

impl Wanted {
    fn broken(&self, what: impl std::fmt::Display) -> DataFusionError {
        let text = what.to_string();
        let code = if text.starts_with("NOT_SUPPORTED") || text.starts_with("HIVE_") { "" } else { "HIVE_BAD_DATA: " };
        carry(QueryError::named(format!("{code}{text} (s3://{}/{})", self.found.part.bucket, self.found.object.key)))
    }

    async fn fetch(&self, range: Range<u64>) -> Result<kit::Bytes> {
        if range.end > self.found.object.size || range.end - range.start > MOST_BYTES {
            return Err(self.broken("Malformed ORC file: a part lies outside of the file or is larger than 1 GiB"));
        }
        self.scans.read(&self.found.part.bucket, &self.found.object.key, Some(range)).await
    }

    async fn tail(&self) -> Result<orc::Tail> {
        let size = self.found.object.size;
        let mut end = self.fetch(size.saturating_sub(END)..size).await?;
        let length = orc::tail_length(&end).map_err(|e| self.broken(e))? as u64;
        if length > end.len() as u64 {
            let from = size.checked_sub(length).ok_or_else(|| self.broken("Malformed ORC file: its footer is too large"))?;
            end = self.fetch(from..size).await?;
        }
        orc::Tail::read(&end[end.len() - length as usize..]).map_err(|e| self.broken(e))
    }

    /// The type in the file of a column of the table.
    fn column(&self, tail: &orc::Tail, at: usize) -> Option<usize> {
        let mut columns = tail.columns();
        match self.by_name {
            true => columns.find(|(name, _)| name.eq_ignore_ascii_case(self.file.field(at).name())).map(|(_, id)| id),
            false => columns.nth(at).map(|(_, id)| id),
        }
    }

    /// The stripes whose statistics don't rule out that a row is wanted.
    fn left(&self, tail: &orc::Tail) -> Vec<usize> {
        let all = 0..tail.stripes.len();
        let Some(pruner) = self.pruner.as_ref().filter(|_| tail.statistics.len() == tail.stripes.len()) else { return all.collect() };
        let container = |at: usize| {
            let mut container = Container::of(tail.stripes[at].rows);
            for (place, field) in self.file.fields().iter().enumerate() {
                let Some(id) = self.column(tail, place).filter(|id| holds(tail.types[*id].kind, field.data_type())) else { continue };
                let Some(known) = tail.statistics[at].get(id) else { continue };
                let nulls = if known.nulls == Some(false) { Some(0) } else { tail.stripes[at].rows.checked_sub(known.values) };
                container.set(field.name(), known.bounds.as_ref().map(bounds), nulls);
            }
            container
        };
        let keep = pruner.keep(&all.clone().map(container).collect::<Vec<_>>());
        all.filter(|at| keep[*at]).collect()
    }

    /// Fetches what is wanted of a stripe.
    async fn stripe(&self, tail: &orc::Tail, at: usize) -> Result<Opened> {
        let stripe = &tail.stripes[at];
        let schema = Arc::new(self.file.project(&self.columns)?);
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for (place, field) in self.columns.iter().zip(schema.fields()) {
            if let Some(id) = self.column(tail, *place) {
                ids.push(id);
                names.push(field.name().clone());
            }
        }
        let footer = self.fetch(stripe.footer()).await?;
        let open = stripe.open(tail, &footer, &ids).map_err(|e| self.broken(e))?;
        let bytes: u64 = open.ranges().iter().map(|r| r.end - r.start).sum();
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let held = MemoryConsumer::new("a stripe of an ORC file").register(&self.pool);
        // The reader has its own copy, and for a moment there are both.
        held.try_grow(bytes.saturating_mul(2))?;
        let mut fetched = Vec::new();
        for range in open.ranges() {
            fetched.push(self.fetch(range.clone()).await?);
        }
        let reader = open.reader(tail, &fetched, MOST_ITEMS).map_err(|e| self.broken(e))?;
        drop(fetched);
        held.shrink(bytes);
        Ok(Opened { reader, ids, names, schema, _held: held })
    }

    /// The next batch of a stripe.
    fn batch(&self, tail: &orc::Tail, open: &mut Opened) -> Result<Option<RecordBatch>> {
        let Some((rows, columns)) = open.reader.batch(BATCH_ROWS).map_err(|e| self.broken(e))? else { return Ok(None) };
        let (mut fields, mut made) = (Vec::new(), Vec::new());
        for ((slots, id), name) in columns.into_iter().zip(&open.ids).zip(&open.names) {
            let array = arrays::array(tail, *id, slots).map_err(|e| self.broken(e))?;
            fields.push(Field::new(name, array.data_type().clone(), true));
            made.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), made, &options)?;
        fitted(&batch, &open.schema).map(Some).map_err(|e| self.broken(e))
    }
}

/// Whether what is known of a file's column holds for the table's: of one family, so that values keep their order and none is lost.
fn holds(file: Kind, table: &DataType) -> bool {
    use DataType::*;
    match file {
        Kind::Byte => matches!(table, Int8 | Int16 | Int32 | Int64),
        Kind::Short => matches!(table, Int16 | Int32 | Int64),
        Kind::Int => matches!(table, Int32 | Int64),
        Kind::Long => matches!(table, Int64),
        Kind::Float => matches!(table, Float32 | Float64),
        Kind::Double => matches!(table, Float64),
        Kind::String | Kind::Varchar | Kind::Char => matches!(table, Utf8 | LargeUtf8 | Utf8View),
        Kind::Date => matches!(table, Date32),
        Kind::Boolean => matches!(table, Boolean),
        Kind::Binary => matches!(table, Binary),
        Kind::Timestamp => matches!(table, Timestamp(..)),
        Kind::TimestampInstant | Kind::Decimal | Kind::List | Kind::Map | Kind::Struct | Kind::Union => false,
    }
}

fn bounds(bounds: &orc::Bounds) -> (ScalarValue, ScalarValue) {
    match bounds {
        orc::Bounds::Int(low, high) => (ScalarValue::Int64(Some(*low)), ScalarValue::Int64(Some(*high))),
        orc::Bounds::Double(low, high) => (ScalarValue::Float64(Some(*low)), ScalarValue::Float64(Some(*high))),
        orc::Bounds::Text(low, high) => (ScalarValue::from(low.as_str()), ScalarValue::from(high.as_str())),
        orc::Bounds::Date(low, high) => (ScalarValue::Date32(Some(*low)), ScalarValue::Date32(Some(*high))),
    }
}
