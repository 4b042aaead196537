//! Objects of one format as a stream of batches: read whole, unpacked, decoded, the values of their part put beside them.

use super::{
    errors::{QueryError, carry},
    formats::Format,
    orc,
    prune::Pruner,
    table::{Found, Scans, key_value},
};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray, TimestampMillisecondArray},
        compute::cast,
        datatypes::{DataType, Schema, SchemaRef},
    },
    error::Result,
    execution::{SendableRecordBatchStream, TaskContext, memory_pool::MemoryPool},
    physical_plan::{stream::RecordBatchStreamAdapter, streaming::PartitionStream},
};
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use std::sync::Arc;

pub(crate) struct Reader {
    pub scans: Arc<Scans>,
    pub format: Format,
    /// All columns of the table.
    pub whole: SchemaRef,
    /// How many of them stand in the objects.
    pub file_columns: usize,
    /// Places of the columns that are asked for.
    pub wanted: Vec<usize>,
    /// Those columns.
    pub projected: SchemaRef,
    pub objects: Vec<Found>,
    /// The query's filters, for formats that tell what of an object need not be read.
    pub pruner: Option<Arc<Pruner>>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({} objects)", self.objects.len())
    }
}

impl PartitionStream for Reader {
    fn schema(&self) -> &SchemaRef {
        &self.projected
    }
    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let job = Arc::new(Reader {
            scans: self.scans.clone(),
            format: self.format.clone(),
            whole: self.whole.clone(),
            file_columns: self.file_columns,
            wanted: self.wanted.clone(),
            projected: self.projected.clone(),
            objects: Vec::new(),
            pruner: self.pruner.clone(),
        });
        let batches = stream::iter(self.objects.clone()).then(move |one| {
            let job = job.clone();
            job.object(one, context.memory_pool().clone())
        });
        Box::pin(RecordBatchStreamAdapter::new(self.projected.clone(), batches.try_flatten()))
    }
}

impl Reader {
    async fn object(self: Arc<Reader>, found: Found, pool: Arc<dyn MemoryPool>) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let file: SchemaRef = Arc::new(Schema::new(self.whole.fields()[..self.file_columns].to_vec()));
        let columns: Vec<usize> = self.wanted.iter().copied().filter(|i| *i < self.file_columns).collect();
        if let Format::Orc { by_name } = self.format {
            let (scans, pruner) = (self.scans.clone(), self.pruner.clone());
            let wanted = orc::Wanted { scans, found: found.clone(), file, columns: columns.clone(), by_name, pruner, pool };
            let batches = orc::batches(wanted).await?;
            return Ok(batches.map(move |batch| self.complete(batch?, &columns, &found)).boxed());
        }
        let (bucket, key) = (&found.part.bucket, &found.object.key);
        let bytes = self.scans.read(bucket, key, None).await?;
        let named = |text: String| {
            let code =
                if text.split(':').next().is_some_and(|c| c.starts_with("HIVE_") || c == "NOT_SUPPORTED") { "" } else { "HIVE_BAD_DATA: " };
            carry(QueryError::named(format!("{code}{text} (s3://{bucket}/{key})")))
        };
        let batches = self.format.read(key, bytes, &file, &columns).map_err(named)?;
        Ok(stream::iter(batches).map(move |batch| self.complete(batch, &columns, &found)).boxed())
    }

    /// The asked columns in their order: those of the object, of its part, and of what it is called.
    fn complete(&self, batch: RecordBatch, columns: &[usize], found: &Found) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let column = |i: &usize| -> Result<ArrayRef> {
            if let Some(at) = columns.iter().position(|c| c == i) {
                return Ok(batch.column(at).clone());
            }
            let field = self.whole.field(*i);
            let text = |value: Option<&str>| -> ArrayRef { Arc::new(StringArray::from_iter(std::iter::repeat_n(value, rows))) };
            Ok(match field.name().as_str() {
                "$path" => text(Some(&format!("s3://{}/{}", found.part.bucket, found.object.key))),
                "$file_size" => Arc::new(Int64Array::from(vec![found.object.size as i64; rows])),
                "$file_modified_time" => {
                    Arc::new(TimestampMillisecondArray::from(vec![found.object.last_modified.millis(); rows]).with_timezone("UTC"))
                }
                _ => {
                    let texts = text(key_value(found.part.values.get(i - self.file_columns)));
                    if *field.data_type() == DataType::Utf8 { texts } else { cast(&texts, field.data_type())? }
                }
            })
        };
        let columns = self.wanted.iter().map(column).collect::<Result<Vec<_>>>()?;
        debug_assert!(columns.iter().all(|c| c.len() == rows));
        Ok(RecordBatch::try_new_with_options(self.projected.clone(), columns, &RecordBatchOptions::new().with_row_count(Some(rows)))?)
    }
}
