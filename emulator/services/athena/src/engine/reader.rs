//! Objects of one format as a stream of batches: read piece by piece, unpacked, decoded, the values of their part put beside them.

use super::{
    errors::{QueryError, carry},
    formats::{self, Format, Wrong},
    orc,
    prune::Pruner,
    table::{Found, Scans, key_value},
    threads,
};
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, StringArray, TimestampMillisecondArray},
        compute::cast,
        datatypes::{DataType, Schema, SchemaRef},
    },
    error::Result,
    execution::{
        SendableRecordBatchStream, TaskContext,
        memory_pool::{MemoryConsumer, MemoryPool},
    },
    physical_plan::{stream::RecordBatchStreamAdapter, streaming::PartitionStream},
};
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use std::{
    io::{self, Read},
    sync::Arc,
};

/// Bytes of an object that are fetched at a time.
const CHUNK: u64 = 8 << 20;

/// An object's bytes, fetched as they are read. Reading waits for them, on the engine's own threads and nowhere else.
struct Ranges {
    scans: Arc<Scans>,
    found: Found,
    chunk: kit::Bytes,
    /// Where the next chunk begins.
    next: u64,
}

impl Ranges {
    fn new(scans: Arc<Scans>, found: Found) -> Ranges {
        Ranges { scans, found, chunk: kit::Bytes::new(), next: 0 }
    }
}

impl Read for Ranges {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = self.found.object.size;
        if self.chunk.is_empty() && self.next < size {
            let end = size.min(self.next + CHUNK);
            let range = (end - self.next < size).then_some(self.next..end);
            let fetch = self.scans.read(&self.found.part.bucket, &self.found.object.key, range);
            self.chunk = threads::wait(fetch).map_err(io::Error::other)?;
            self.next = end;
        }
        let count = self.chunk.len().min(out.len());
        out[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

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
        let named = {
            let place = format!("s3://{}/{}", found.part.bucket, found.object.key);
            move |wrong: Wrong| match wrong {
                Wrong::Ended(error) => error,
                Wrong::Said(text) => {
                    let known = text.split(':').next().is_some_and(|c| c.starts_with("HIVE_") || c == "NOT_SUPPORTED");
                    carry(QueryError::named(format!("{}{text} ({place})", if known { "" } else { "HIVE_BAD_DATA: " })))
                }
            }
        };
        let held = MemoryConsumer::new("an object that is read").register(&pool);
        let batches = if self.format.streams() {
            let always = CHUNK.min(found.object.size) as usize;
            let object = Ranges::new(self.scans.clone(), found.clone());
            self.format.read(&found.object.key, object, &file, &columns, (held, always)).map_err(&named)?
        } else {
            // For a moment there are its bytes and a row group unpacked.
            held.try_grow(usize::try_from(found.object.size).unwrap_or(usize::MAX).saturating_mul(2))?;
            let bytes = self.scans.read(&found.part.bucket, &found.object.key, None).await?;
            formats::parquet(bytes, &file, &columns, held).map_err(&named)?
        };
        Ok(stream::iter(batches).map(move |batch| self.complete(batch.map_err(&named)?, &columns, &found)).boxed())
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
