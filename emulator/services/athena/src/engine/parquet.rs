//! Parquet by the engine's own reader: footers, then the columns and row groups that the query needs, each a range of an object.

use super::{
    table::{Found, Scans, key_value, strip},
    threads,
};
use datafusion::{
    arrow::datatypes::{Schema, SchemaRef},
    catalog::Session,
    common::{DFSchema, ScalarValue, Statistics, stats::Precision},
    datasource::{
        listing::PartitionedFile,
        physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
        table_schema::TableSchema,
    },
    error::{DataFusionError, Result},
    execution::object_store::ObjectStoreUrl,
    logical_expr::{Expr, utils::conjunction},
    object_store::{
        CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
        PutMultipartOptions, PutOptions, PutPayload, PutResult, path::Path,
    },
    parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader},
    physical_plan::{ExecutionPlan, union::UnionExec},
};
use futures_util::{StreamExt, stream::BoxStream};

use std::{ops::Range, sync::Arc};

/// The plan that reads these objects.
#[allow(clippy::too_many_arguments)]
pub(super) async fn scan(
    scans: &Arc<Scans>,
    state: &dyn Session,
    schema: &SchemaRef,
    file_columns: usize,
    found: Vec<Found>,
    projection: Option<&Vec<usize>>,
    filters: &[Expr],
    limit: Option<usize>,
    sample: Option<&Sample>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let file_schema: SchemaRef = Arc::new(Schema::new(schema.fields()[..file_columns].to_vec()));
    let keys = schema.fields()[file_columns..].to_vec();
    let table = TableSchema::builder(file_schema).with_table_partition_cols(keys.clone()).build();
    let mut by_bucket: Vec<(String, Vec<Found>)> = Vec::new();
    for one in found {
        match by_bucket.iter_mut().find(|(b, _)| *b == one.part.bucket) {
            Some((_, all)) => all.push(one),
            None => by_bucket.push((one.part.bucket.clone(), vec![one])),
        }
    }
    let predicate = match conjunction(filters.iter().filter(|f| !f.is_volatile()).cloned()) {
        Some(all) => state.create_physical_expr(strip(all)?, &DFSchema::try_from(schema.as_ref().clone())?).ok(),
        None => None,
    };
    let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
    for (bucket, found) in by_bucket {
        let url = ObjectStoreUrl::parse(format!("s3://{bucket}"))?;
        state.runtime_env().register_object_store(url.as_ref(), Arc::new(PortStore { scans: scans.clone(), bucket }));
        let mut source = ParquetSource::new(table.clone()).with_enable_page_index(false);
        if let Some(sample) = sample {
            source = source.with_metadata_size_hint(sample.tail());
        }
        if let Some(predicate) = &predicate {
            source = source.with_predicate(predicate.clone());
        }
        let mut groups: Vec<Vec<PartitionedFile>> = vec![Vec::new(); threads::count().min(found.len()).max(1)];
        let count = groups.len();
        for (i, one) in found.into_iter().enumerate() {
            let mut file = PartitionedFile::new(one.object.key.clone(), one.object.size);
            file.object_meta.location = Path::parse(&one.object.key).map_err(|e| DataFusionError::External(Box::new(e)))?;
            file.partition_values = keys
                .iter()
                .enumerate()
                .map(|(k, f)| {
                    ScalarValue::try_new_null(f.data_type()).and_then(|null| match key_value(one.part.values.get(k)) {
                        Some(text) => ScalarValue::try_from_string(text.to_owned(), f.data_type()),
                        None => Ok(null),
                    })
                })
                .collect::<Result<_>>()?;
            groups[i % count].push(file);
        }
        let size = groups.iter().flatten().map(|f| f.object_meta.size).sum::<u64>();
        let statistics = match sample {
            Some(sample) => sample.statistics(schema, file_columns, projection, size),
            None => Statistics::new_unknown(schema),
        };
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_statistics(statistics)
            .with_file_groups(groups.into_iter().map(FileGroup::new).collect())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        plans.push(DataSourceExec::from_data_source(config));
    }
    match plans.len() {
        1 => Ok(plans.remove(0)),
        _ => UnionExec::try_new(plans),
    }
}

/// What one object says of itself. Others of its table are taken to be like it, where rows and bytes are estimated.
pub(super) struct Sample {
    footer: ParquetMetaData,
    /// Bytes of the footer.
    length: u64,
    /// Bytes of the object.
    size: u64,
}

/// Bytes of a view of a text.
const VIEW: usize = 16;

impl Sample {
    /// The footer of the first object, where it has one that can be read.
    pub(super) async fn read(scans: &Scans, found: &[Found]) -> Result<Option<Sample>> {
        let Some(first) = found.first() else { return Ok(None) };
        let size = first.object.size;
        let tail = scans.read(&first.part.bucket, &first.object.key, Some(size.saturating_sub(8)..size)).await?;
        let length = tail.get(..4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes) as u64;
        if length == 0 || length > (16 << 20) || length + 8 > size {
            return Ok(None);
        }
        let footer = scans.read(&first.part.bucket, &first.object.key, Some(size - 8 - length..size - 8)).await?;
        Ok(ParquetMetaDataReader::decode_metadata(&footer).ok().map(|footer| Sample { footer, length, size }))
    }

    /// Bytes at the end of an object that most likely hold its footer: objects of a table have about the same, but for texts in them.
    fn tail(&self) -> usize {
        (self.length + self.length / 8 + 8) as usize
    }

    /// Whether the objects name their columns as the table does; where case differs, another reader takes them.
    pub(super) fn fits(&self, names: &[&str]) -> bool {
        let columns = self.footer.file_metadata().schema_descr().root_schema().get_fields();
        columns.iter().all(|c| names.contains(&c.name()) || !names.iter().any(|n| n.eq_ignore_ascii_case(c.name())))
    }

    /// About how many rows objects of so many bytes have, and how much memory the columns asked for take.
    fn statistics(&self, schema: &Schema, file_columns: usize, projection: Option<&Vec<usize>>, size: u64) -> Statistics {
        let share = size as f64 / self.size.max(1) as f64;
        let rows = (self.footer.file_metadata().num_rows().max(0) as f64 * share) as usize;
        let stored = |name: &str| -> i64 {
            let chunks = self.footer.row_groups().iter().flat_map(|group| group.columns());
            chunks.filter(|c| c.column_path().parts().first().is_some_and(|root| root == name)).map(|c| c.uncompressed_size()).sum()
        };
        let bytes = |place: usize| {
            let field = schema.field(place);
            match field.data_type().primitive_width() {
                Some(width) => rows.saturating_mul(width),
                None if place < file_columns => rows.saturating_mul(VIEW) + (stored(field.name()).max(0) as f64 * share) as usize,
                None => rows.saturating_mul(VIEW),
            }
        };
        let all: usize = match projection {
            Some(places) => places.iter().map(|place| bytes(*place)).sum(),
            None => (0..schema.fields().len()).map(bytes).sum(),
        };
        Statistics::new_unknown(schema).with_num_rows(Precision::Inexact(rows)).with_total_byte_size(Precision::Inexact(all))
    }
}

/// A bucket as the engine's reader asks for it; every range goes through the port.
struct PortStore {
    scans: Arc<Scans>,
    bucket: String,
}

impl std::fmt::Debug for PortStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}", self.bucket)
    }
}
impl std::fmt::Display for PortStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}", self.bucket)
    }
}

type Stored<T> = datafusion::object_store::Result<T>;

fn outside(error: impl std::error::Error + Send + Sync + 'static) -> datafusion::object_store::Error {
    datafusion::object_store::Error::Generic { store: "s3", source: Box::new(error) }
}
fn readonly() -> datafusion::object_store::Error {
    datafusion::object_store::Error::NotImplemented { operation: "writing".into(), implementer: "s3".into() }
}

#[async_trait::async_trait]
impl ObjectStore for PortStore {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Stored<PutResult> {
        Err(readonly())
    }
    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Stored<Box<dyn MultipartUpload>> {
        Err(readonly())
    }
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Stored<GetResult> {
        let key = location.as_ref();
        let wanted: Option<Range<u64>> = match options.range {
            Some(GetRange::Bounded(range)) => Some(range),
            Some(GetRange::Offset(from)) => Some(from..self.size(key).await?),
            Some(GetRange::Suffix(last)) => {
                let size = self.size(key).await?;
                Some(size.saturating_sub(last)..size)
            }
            None => None,
        };
        let bytes = self.scans.read(&self.bucket, key, wanted.clone()).await.map_err(outside)?;
        let range = wanted.unwrap_or(0..bytes.len() as u64);
        let meta =
            ObjectMeta { location: location.clone(), last_modified: Default::default(), size: range.end, e_tag: None, version: None };
        Ok(GetResult {
            payload: GetResultPayload::Stream(futures_util::stream::once(async move { Ok(bytes) }).boxed()),
            meta,
            range,
            attributes: Default::default(),
        })
    }
    /// Exactly what is asked, ranges that touch as one: what lies between is not read, and not counted.
    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Stored<Vec<kit::Bytes>> {
        let mut order: Vec<usize> = (0..ranges.len()).collect();
        order.sort_by_key(|i| ranges[*i].start);
        let mut runs: Vec<Range<u64>> = Vec::new();
        for i in order {
            let range = &ranges[i];
            match runs.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => runs.push(range.clone()),
            }
        }
        let mut read = Vec::with_capacity(runs.len());
        for run in &runs {
            read.push(self.scans.read(&self.bucket, location.as_ref(), Some(run.clone())).await.map_err(outside)?);
        }
        let part = |range: &Range<u64>| {
            let at = runs.partition_point(|run| run.start <= range.start).saturating_sub(1);
            let from = (range.start - runs[at].start) as usize;
            let until = from + (range.end - range.start) as usize;
            (until <= read[at].len()).then(|| read[at].slice(from..until)).ok_or_else(|| datafusion::object_store::Error::Generic {
                store: "s3",
                source: format!("{location} is shorter than {} bytes", range.end).into(),
            })
        };
        ranges.iter().map(part).collect()
    }
    fn delete_stream(&self, _: BoxStream<'static, Stored<Path>>) -> BoxStream<'static, Stored<Path>> {
        futures_util::stream::once(async { Err(readonly()) }).boxed()
    }
    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Stored<ObjectMeta>> {
        futures_util::stream::empty().boxed()
    }
    async fn list_with_delimiter(&self, _: Option<&Path>) -> Stored<ListResult> {
        Ok(ListResult { common_prefixes: Vec::new(), objects: Vec::new() })
    }
    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Stored<()> {
        Err(readonly())
    }
}

impl PortStore {
    async fn size(&self, key: &str) -> Stored<u64> {
        let found = super::table::list(&self.scans.cx, &self.bucket, key).await.map_err(outside)?;
        found
            .into_iter()
            .find(|o| o.key == key)
            .map(|o| o.size)
            .ok_or_else(|| datafusion::object_store::Error::NotFound { path: key.to_owned(), source: "gone".into() })
    }
}
