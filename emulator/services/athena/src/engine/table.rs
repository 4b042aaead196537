//! A table of the catalog as the engine scans it: parts pruned by the filters, objects read through the port on the caller's permissions.

use super::{
    errors::{QueryError, carry},
    formats::Format,
    partitions::{self, Part, Problem},
    types,
};
use datafusion::{
    arrow::{
        array::{Array, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, StringArray},
        compute::cast,
        datatypes::{DataType, Field, Schema, SchemaRef},
    },
    catalog::{Session, TableProvider},
    common::DFSchema,
    datasource::memory::MemorySourceConfig,
    error::{DataFusionError, Result},
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::ExecutionPlan,
};
use kit::{Context, Fault, Need};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Keys asked for at a time.
const LIST_PAGE: usize = 1000;

/// What the scans of one query share.
pub(crate) struct Scans {
    pub cx: Context,
    pub scanned_bytes: AtomicU64,
    pub stop: Arc<AtomicBool>,
    /// Bytes after which the work group cuts a query off.
    pub cutoff: Option<u64>,
}

pub(crate) struct GlueTable {
    definition: Value,
    format: Format,
    schema: SchemaRef,
    /// Columns that stand in the objects; the partition keys follow them in `schema`.
    file_columns: usize,
    scans: Arc<Scans>,
}

impl std::fmt::Debug for GlueTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GlueTable({})", self.definition["Name"])
    }
}

impl GlueTable {
    /// A table by its definition in the catalog.
    pub(crate) fn new(definition: Value, scans: Arc<Scans>) -> std::result::Result<GlueTable, QueryError> {
        if definition["TableType"].as_str() == Some("VIRTUAL_VIEW") {
            return Err(QueryError::unbuilt("views"));
        }
        let format = Format::of(&definition).map_err(|what| QueryError::unbuilt(&what))?;
        let columns = |list: &Value| -> std::result::Result<Vec<Field>, QueryError> {
            let field = |c: &Value| {
                let name = c["Name"].as_str().unwrap_or("").to_lowercase();
                let data_type = types::of_hive(c["Type"].as_str().unwrap_or("string"));
                data_type.map(|t| Field::new(name, t, true)).map_err(|text| QueryError::user(1200, format!("NOT_SUPPORTED: {text}")))
            };
            list.as_array().into_iter().flatten().map(field).collect()
        };
        let mut fields = columns(&definition["StorageDescriptor"]["Columns"])?;
        let file_columns = fields.len();
        fields.extend(columns(&definition["PartitionKeys"])?);
        Ok(GlueTable { definition, format, schema: Arc::new(Schema::new(fields)), file_columns, scans })
    }

    fn partition_schema(&self) -> Schema {
        Schema::new(self.schema.fields()[self.file_columns..].to_vec())
    }

    /// The parts that the filters leave.
    fn pruned(&self, state: &dyn Session, parts: Vec<Part>, filters: &[Expr]) -> Result<Vec<Part>> {
        let schema = self.partition_schema();
        if schema.fields().is_empty() || parts.is_empty() {
            return Ok(parts);
        }
        let names: HashSet<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let own = |filter: &&Expr| filter.column_refs().iter().all(|c| names.contains(c.name())) && !filter.column_refs().is_empty();
        let values = partition_columns(&schema, &parts)?;
        let mut keep = vec![true; parts.len()];
        let df_schema = DFSchema::try_from(schema.clone())?;
        for filter in filters.iter().filter(own) {
            let expression = state.create_physical_expr(strip(filter.clone())?, &df_schema)?;
            let verdict = expression.evaluate(&values)?.into_array(parts.len())?;
            let verdict: &BooleanArray = verdict.as_boolean();
            keep.iter_mut().enumerate().for_each(|(i, keep)| *keep &= verdict.is_valid(i) && verdict.value(i));
        }
        Ok(parts.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(part, _)| part).collect())
    }

    /// Objects of the parts, each with the index of its part: one listing for each common prefix, not one for each part.
    async fn objects(&self, parts: &[Part]) -> std::result::Result<Vec<(usize, kit::ports::ObjectInfo)>, Fault> {
        let cx = &self.scans.cx;
        let port = cx.cloud().ports().objects()?;
        let mut found = Vec::new();
        let mut by_bucket: HashMap<&str, Vec<usize>> = HashMap::new();
        parts.iter().enumerate().for_each(|(i, p)| by_bucket.entry(&p.bucket).or_default().push(i));
        for (bucket, indexes) in by_bucket {
            let by_prefix: HashMap<&str, usize> = indexes.iter().map(|i| (parts[*i].prefix.as_str(), *i)).collect();
            let common = common_prefix(by_prefix.keys().copied());
            let mut after = None;
            loop {
                let need = Need::on("s3:ListBucket", format!("arn:aws:s3:::{bucket}")).key("s3:prefix", common.clone());
                let grant = cx.grant(&owned(cx, need, bucket))?;
                let page = port.list(cx, grant, bucket, &common, after.take(), LIST_PAGE).await?;
                let full = page.len() == LIST_PAGE;
                after = page.last().map(|o| o.key.clone());
                for object in page {
                    let name = object.key.rsplit('/').next().unwrap_or("");
                    if object.size == 0 || name.starts_with(['_', '.']) {
                        continue;
                    }
                    let part = prefixes(&object.key).find_map(|prefix| by_prefix.get(prefix));
                    found.extend(part.map(|part| (*part, object)));
                }
                if !full {
                    break;
                }
            }
        }
        found.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        Ok(found)
    }

    async fn batches(&self, parts: &[Part]) -> Result<Vec<RecordBatch>> {
        let outside = |fault: Fault| DataFusionError::External(Box::new(fault));
        let cx = &self.scans.cx;
        let port = cx.cloud().ports().objects().map_err(outside)?;
        let file_schema: SchemaRef = Arc::new(Schema::new(self.schema.fields()[..self.file_columns].to_vec()));
        let mut batches = Vec::new();
        for (part, object) in self.objects(parts).await.map_err(outside)? {
            if self.scans.stop.load(Ordering::Acquire) {
                return Err(carry(QueryError::user(1000, "Query cancelled by user")));
            }
            let bucket = &parts[part].bucket;
            let need = Need::on("s3:GetObject", format!("arn:aws:s3:::{bucket}/{}", object.key));
            let grant = cx.grant(&owned(cx, need, bucket)).map_err(outside)?;
            let read = port.get(cx, grant, bucket, &object.key, None).await.map_err(outside)?;
            let scanned = self.scans.scanned_bytes.fetch_add(read.bytes.len() as u64, Ordering::Relaxed) + read.bytes.len() as u64;
            if self.scans.cutoff.is_some_and(|cutoff| scanned > cutoff) {
                return Err(carry(QueryError::user(1000, "Query cancelled! : Bytes scanned limit was exceeded")));
            }
            let named = |text: String| carry(QueryError::user(1000, format!("{text} (s3://{bucket}/{})", object.key)));
            for batch in self.format.read(&object.key, read.bytes, &file_schema).map_err(named)? {
                batches.push(self.with_partition(batch, &parts[part])?);
            }
        }
        Ok(batches)
    }

    /// The batch with the values of its part as columns.
    fn with_partition(&self, batch: RecordBatch, part: &Part) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let mut columns = batch.columns().to_vec();
        for (field, value) in self.schema.fields()[self.file_columns..].iter().zip(&part.values) {
            let text: datafusion::arrow::array::ArrayRef = Arc::new(StringArray::from(vec![value.as_str(); rows]));
            columns.push(cast(&text, field.data_type())?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

#[async_trait::async_trait]
impl TableProvider for GlueTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
    fn table_type(&self) -> TableType {
        TableType::Base
    }
    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let parts = partitions::parts(&self.scans.cx, &self.definition).await.map_err(|problem| match problem {
            Problem::Definition(text) => carry(QueryError::user(1000, format!("HIVE_INVALID_METADATA: {text}"))),
            Problem::Refused(fault) => carry(QueryError::from_fault("AmazonDataCatalog", &fault)),
        })?;
        let parts = self.pruned(state, parts, filters)?;
        let batches = self.batches(&parts).await?;
        Ok(MemorySourceConfig::try_new_exec(&[batches], self.schema.clone(), projection.cloned())?)
    }
}

fn partition_columns(schema: &Schema, parts: &[Part]) -> Result<RecordBatch> {
    let column = |(i, field): (usize, &Arc<Field>)| {
        let texts: Vec<&str> = parts.iter().map(|p| p.values.get(i).map_or("", String::as_str)).collect();
        let texts: datafusion::arrow::array::ArrayRef = Arc::new(StringArray::from(texts));
        match field.data_type() {
            DataType::Utf8 => Ok(texts),
            other => cast(&texts, other).map_err(DataFusionError::from),
        }
    };
    let columns = schema.fields().iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(Arc::new(schema.clone()), columns)?)
}

/// The filter with its columns' table names taken off.
fn strip(filter: Expr) -> Result<Expr> {
    use datafusion::common::{
        Column,
        tree_node::{Transformed, TreeNode},
    };
    let stripped = filter.transform(|e| match e {
        Expr::Column(column) => Ok(Transformed::yes(Expr::Column(Column::new_unqualified(column.name)))),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(stripped.data)
}

/// Every folder prefix of a key, longest first, down to the empty one.
fn prefixes(key: &str) -> impl Iterator<Item = &str> {
    let mut end = key.rfind('/').map(|i| i + 1);
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        match end {
            Some(at) => {
                end = key[..at - 1].rfind('/').map(|i| i + 1);
                Some(&key[..at])
            }
            None => {
                done = true;
                Some("")
            }
        }
    })
}

fn common_prefix<'a>(mut prefixes: impl Iterator<Item = &'a str>) -> String {
    let Some(first) = prefixes.next() else { return String::new() };
    let mut common = first;
    for prefix in prefixes {
        let same =
            common.char_indices().zip(prefix.chars()).find(|((_, a), b)| a != b).map_or(common.len().min(prefix.len()), |((i, _), _)| i);
        common = &common[..same];
    }
    common.to_owned()
}

/// Names the bucket's own account, which may be another than the caller's.
fn owned(cx: &Context, need: Need, bucket: &str) -> Need {
    match cx.cloud().ports().objects().ok().and_then(|port| port.owner(cx, bucket)) {
        Some(scope) => need.owned_by(scope.account.to_string()),
        None => need,
    }
}
