//! Data files read with their columns found by id: for files of other schemas than the current one, and where rows were deleted.

use super::{
    deletes::Deletes,
    manifests::File,
    metadata::{Column, broken},
};
use crate::engine::{
    errors::{QueryError, carry},
    location,
    table::Scans,
};
use datafusion::{
    arrow::{
        array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, StringArray, new_null_array},
        compute::{cast, filter_record_batch},
        datatypes::{Field, Schema, SchemaRef},
    },
    error::Result,
    execution::{SendableRecordBatchStream, TaskContext},
    parquet::arrow::{PARQUET_FIELD_ID_META_KEY, ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder},
    physical_plan::{stream::RecordBatchStreamAdapter, streaming::PartitionStream},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;

const BATCH_ROWS: usize = 8192;

#[derive(Clone)]
pub(super) struct Reader {
    pub scans: Arc<Scans>,
    /// The columns of the table.
    pub columns: Vec<Column>,
    /// Places of those that are asked for; behind the columns stand the hidden ones.
    pub wanted: Vec<usize>,
    pub schema: SchemaRef,
    pub deletes: Arc<Deletes>,
    pub files: Vec<File>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IcebergReader({} files)", self.files.len())
    }
}

impl PartitionStream for Reader {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }
    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let job = Arc::new(self.clone());
        let batches = stream::iter(self.files.clone()).then(move |file| {
            let job = job.clone();
            async move { job.file(&file).await }
        });
        let flat = batches.map_ok(|all| stream::iter(all.into_iter().map(Ok))).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), flat))
    }
}

impl Reader {
    async fn file(&self, file: &File) -> Result<Vec<RecordBatch>> {
        let gone = self.deletes.of(file);
        let told = gone.iter().flat_map(|g| g.ids());
        let asked = self.wanted.iter().filter_map(|i| self.columns.get(*i).map(|c| c.id));
        let ids: Vec<i64> = asked.chain(told).collect();
        let mut batches = Vec::new();
        let mut row = 0u64;
        for batch in columns(&self.scans, &file.path, &self.columns, &ids).await? {
            let kept = match &gone {
                Some(gone) => {
                    let keep = gone.keep(&batch, &ids, row)?;
                    filter_record_batch(&batch, &BooleanArray::from(keep))?
                }
                None => batch.clone(),
            };
            row += batch.num_rows() as u64;
            batches.push(self.complete(&kept, &ids, file)?);
        }
        Ok(batches)
    }

    fn complete(&self, batch: &RecordBatch, ids: &[i64], file: &File) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let column = |(place, field): (&usize, &Arc<Field>)| -> Result<ArrayRef> {
            if let Some(at) = self.columns.get(*place).and_then(|c| ids.iter().position(|id| *id == c.id)) {
                return Ok(batch.column(at).clone());
            }
            Ok(match field.name().as_str() {
                "$path" => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&file.path, rows))),
                "$file_size" => Arc::new(Int64Array::from(vec![file.size; rows])),
                // A manifest doesn't tell when a file was written: IcebergTable refuses it before.
                other => return Err(broken(format!("column {other} is not there"))),
            })
        };
        let columns = self.wanted.iter().zip(self.schema.fields()).map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

/// Where a file has the columns with these ids. Files without ids, which others wrote, have them by the names that the table tells.
fn places(file: &Schema, table: &[Column], ids: &[i64], path: &str) -> Result<Vec<Option<usize>>> {
    let id = |f: &Field| f.metadata().get(PARQUET_FIELD_ID_META_KEY).and_then(|id| id.parse::<i64>().ok());
    if file.fields().iter().any(|f| id(f).is_some()) {
        return Ok(ids.iter().map(|wanted| file.fields().iter().position(|f| id(f) == Some(*wanted))).collect());
    }
    let place = |wanted: &i64| {
        let column = table.iter().find(|c| c.id == *wanted);
        if let Some(column) = column.filter(|c| c.renamed_inside) {
            let what = format!("name mappings of the fields inside {} for Iceberg files without field ids ({path})", column.field.name());
            return Err(carry(QueryError::unbuilt(&what)));
        }
        let names = column.map_or(&[][..], |c| &c.names);
        if names.is_empty() {
            let what = format!("files without field ids of Iceberg tables whose columns changed and have no name mapping ({path})");
            return Err(carry(QueryError::unbuilt(&what)));
        }
        Ok(file.fields().iter().position(|f| names.contains(f.name())))
    };
    ids.iter().map(place).collect()
}

/// The columns with these ids of a Parquet file, in their order and in the table's types; NULL where the file has none of an id.
pub(super) async fn columns(scans: &Scans, path: &str, table: &[Column], ids: &[i64]) -> Result<Vec<RecordBatch>> {
    let (bucket, key) = location::parse(path).ok_or_else(|| broken(format!("{path} is no S3 location")))?;
    let bytes = scans.read(bucket, key, None).await?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let file = builder.schema().clone();
    let places = places(&file, table, ids, path)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().flatten().copied());
    let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()?;
    let fields: Vec<_> = ids
        .iter()
        .map(|id| table.iter().find(|c| c.id == *id).map(|c| c.field.clone()).ok_or_else(|| broken(format!("field {id} is not there"))))
        .collect::<Result<_>>()?;
    let named = fields.iter().enumerate().map(|(i, f)| f.clone().with_name(format!("{i}"))).collect::<Vec<_>>();
    let schema: SchemaRef = Arc::new(Schema::new(named));
    let mut batches = Vec::new();
    for batch in reader {
        let batch = batch?;
        let column = |(place, field): (&Option<usize>, &Arc<Field>)| match place {
            Some(place) => {
                let column = batch.column_by_name(file.field(*place).name()).ok_or_else(|| broken("a column is lost"))?;
                Ok(cast(column, field.data_type())?)
            }
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        };
        let columns = places.iter().zip(schema.fields()).map(column).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        batches.push(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?);
    }
    Ok(batches)
}
