//! ORC: the tail of an object, then of each stripe that the filters leave the columns that the query needs, each a range of the object.

mod arrays;

use super::{
    errors::{QueryError, carry},
    formats::fitted,
    prune::{Container, Pruner},
    table::{Found, Scans},
};
use datafusion::{
    arrow::{
        array::{RecordBatch, RecordBatchOptions},
        datatypes::{Field, Schema, SchemaRef},
    },
    common::ScalarValue,
    error::Result,
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
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
}

/// The batches of the wanted columns, stripe by stripe.
pub(super) async fn batches(wanted: Wanted) -> Result<impl Stream<Item = Result<RecordBatch>>> {
    let tail = wanted.tail().await?;
    let stripes = wanted.left(&tail);
    let job = Arc::new((wanted, tail));
    Ok(stream::iter(stripes)
        .then(move |at| {
            let job = job.clone();
            async move { job.0.stripe(&job.1, at).await }
        })
        .map_ok(|all| stream::iter(all.into_iter().map(Ok)))
        .try_flatten())
}

impl Wanted {
    fn broken(&self, what: impl std::fmt::Display) -> datafusion::error::DataFusionError {
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
                let Some(known) = self.column(tail, place).and_then(|id| tail.statistics[at].get(id)) else { continue };
                let nulls = if known.nulls == Some(false) { Some(0) } else { tail.stripes[at].rows.checked_sub(known.values) };
                container.set(field.name(), known.bounds.as_ref().map(bounds), nulls);
            }
            container
        };
        let keep = pruner.keep(&all.clone().map(container).collect::<Vec<_>>());
        all.filter(|at| keep[*at]).collect()
    }

    async fn stripe(&self, tail: &orc::Tail, at: usize) -> Result<Vec<RecordBatch>> {
        let stripe = &tail.stripes[at];
        let ids: Vec<Option<usize>> = self.columns.iter().map(|place| self.column(tail, *place)).collect();
        let present: Vec<usize> = ids.iter().flatten().copied().collect();
        let footer = self.fetch(stripe.footer()).await?;
        let open = stripe.open(tail, &footer, &present).map_err(|e| self.broken(e))?;
        let mut fetched = Vec::new();
        for range in open.ranges() {
            fetched.push(self.fetch(range.clone()).await?);
        }
        let mut reader = open.reader(tail, &fetched, MOST_ITEMS).map_err(|e| self.broken(e))?;
        let schema = Arc::new(self.file.project(&self.columns)?);
        let names: Vec<&Arc<Field>> = schema.fields().iter().zip(&ids).filter(|(_, id)| id.is_some()).map(|(f, _)| f).collect();
        let mut batches = Vec::new();
        while let Some((rows, columns)) = reader.batch(BATCH_ROWS).map_err(|e| self.broken(e))? {
            let mut fields = Vec::new();
            let mut made = Vec::new();
            for ((slots, id), field) in columns.into_iter().zip(&present).zip(&names) {
                let array = arrays::array(tail, *id, slots).map_err(|e| self.broken(e))?;
                fields.push(Field::new(field.name(), array.data_type().clone(), true));
                made.push(array);
            }
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), made, &options)?;
            batches.push(fitted(&batch, &schema).map_err(|e| self.broken(e))?);
        }
        Ok(batches)
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
