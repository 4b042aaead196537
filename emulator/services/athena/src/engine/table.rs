//! A table of the catalog as the engine scans it: parts pruned by the filters, objects read through the port on the caller's permissions.

use super::{
    errors::{QueryError, carry},
    formats::Format,
    parquet,
    partitions::{self, KeyTest, Part},
    plans,
    prune::Pruner,
    reader::Reader,
    schemas,
    sql::HIDDEN_COLUMNS,
    threads, types,
};
use crate::running::Stop;
use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, RecordBatch, StringArray},
        compute::cast,
        datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit},
    },
    catalog::{Session, TableProvider},
    common::{DFSchema, ScalarValue, cast::as_boolean_array},
    error::{DataFusionError, Result},
    logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType, utils::split_conjunction},
    physical_plan::{
        ExecutionPlan,
        empty::EmptyExec,
        streaming::{PartitionStream, StreamingTableExec},
        union::UnionExec,
    },
};
use kit::{Context, Fault, Need, ports::ObjectInfo};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Keys asked for at a time.
const LIST_PAGE: usize = 1000;

/// What the scans of one query share.
pub(crate) struct Scans {
    pub cx: Context,
    pub scanned_bytes: AtomicU64,
    pub stop: Arc<Stop>,
    /// Bytes after which the work group cuts a query off.
    pub cutoff: Option<u64>,
}

impl Scans {
    /// Reads an object or a range of it, and counts.
    pub(crate) async fn read(&self, bucket: &str, key: &str, range: Option<std::ops::Range<u64>>) -> Result<kit::Bytes> {
        let bytes = self.fetch(bucket, key, range).await?;
        let scanned = self.scanned_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
        if self.cutoff.is_some_and(|cutoff| scanned > cutoff) {
            return Err(carry(QueryError::beyond_cutoff()));
        }
        Ok(bytes)
    }
}

impl Scans {
    /// Reads an object that tells about a table rather than holding its rows: such bytes are not counted as scanned.
    pub(crate) async fn aside(&self, place: &str) -> Result<kit::Bytes> {
        let (bucket, key) = super::location::parse(place)
            .ok_or_else(|| carry(QueryError::user(1000, format!("ICEBERG_INVALID_METADATA: {place} is no S3 location"))))?;
        self.fetch(bucket, key, None).await
    }

    async fn fetch(&self, bucket: &str, key: &str, range: Option<std::ops::Range<u64>>) -> Result<kit::Bytes> {
        if self.stop.is_told() {
            return Err(threads::stopped());
        }
        let outside = |fault: Fault| DataFusionError::External(Box::new(fault));
        let port = self.cx.cloud().ports().objects().map_err(outside)?;
        let need = Need::on("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}"));
        let grant = self.cx.grant(&owned(&self.cx, need, bucket)).map_err(outside)?;
        Ok(port.get(&self.cx, grant, bucket, key, range).await.map_err(outside)?.bytes)
    }
}

/// An object with the part that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub part: Arc<Part>,
    pub object: ObjectInfo,
}

pub(crate) struct GlueTable {
    definition: Value,
    format: Format,
    /// Columns of the objects, then partition keys, then hidden ones.
    schema: SchemaRef,
    file_columns: usize,
    keys: usize,
    scans: Arc<Scans>,
}

impl std::fmt::Debug for GlueTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GlueTable({})", self.definition["Name"])
    }
}

impl GlueTable {
    /// A table by its definition in the catalog, with its hidden columns where they are asked for.
    pub(crate) fn new(definition: Value, scans: Arc<Scans>, hidden: bool) -> std::result::Result<GlueTable, QueryError> {
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
        let keys = fields.len() - file_columns;
        if fields[file_columns..].iter().any(|key| fields[..file_columns].iter().any(|column| column.name() == key.name())) {
            let name = definition["Name"].as_str().unwrap_or_default();
            let text =
                format!("HIVE_INVALID_METADATA: Hive metadata for table {name} is invalid: Table descriptor contains duplicate columns");
            return Err(QueryError::user(1000, text));
        }
        if format == Format::Parquet {
            // Views of texts: the reader makes them without copying, and a partition's value is one text for all rows.
            let viewed = |f: Field| if *f.data_type() == DataType::Utf8 { f.with_data_type(DataType::Utf8View) } else { f };
            fields = fields.into_iter().map(viewed).collect();
        }
        if hidden {
            fields.extend(hidden_fields());
        }
        Ok(GlueTable { definition, format, schema: Arc::new(Schema::new(fields)), file_columns, keys, scans })
    }

    fn key_schema(&self) -> Schema {
        Schema::new(self.schema.fields()[self.file_columns..self.file_columns + self.keys].to_vec())
    }

    /// The comparisons of partition keys with constants among the filters.
    fn tests(&self, filters: &[Expr]) -> Vec<KeyTest> {
        let names: Vec<&str> =
            self.schema.fields()[self.file_columns..self.file_columns + self.keys].iter().map(|f| f.name().as_str()).collect();
        let all = filters.iter().flat_map(split_conjunction);
        all.filter_map(test).filter(|t| names.contains(&t.key.as_str())).collect()
    }

    /// The parts that the filters leave.
    fn pruned(&self, state: &dyn Session, parts: Vec<Part>, filters: &[Expr]) -> Result<Vec<Part>> {
        let schema = self.key_schema();
        if schema.fields().is_empty() || parts.is_empty() {
            return Ok(parts);
        }
        let mut parts = parts;
        let df_schema = DFSchema::try_from(schema.clone())?;
        // What can fail is asked of those parts only that the rest leaves.
        let mut filters: Vec<&Expr> = filters.iter().filter(|f| of_keys(f, &schema)).collect();
        filters.sort_by_key(|f| plans::raises(f));
        for filter in filters {
            let values = partition_columns(&schema, &parts)?;
            let expression = state.create_physical_expr(strip(filter.clone())?, &df_schema)?;
            let verdict = expression.evaluate(&values)?.into_array(parts.len())?;
            let verdict = as_boolean_array(&verdict)?;
            let mut keep = (0..parts.len()).map(|i| verdict.is_valid(i) && verdict.value(i));
            parts.retain(|_| keep.next().unwrap_or(true));
        }
        Ok(parts)
    }

    /// Objects of the parts: one listing for each common prefix where that is cheaper than one for each part.
    async fn objects(&self, parts: Vec<Part>) -> std::result::Result<Vec<Found>, Fault> {
        let mut by_bucket: HashMap<String, Vec<Arc<Part>>> = HashMap::new();
        parts.into_iter().for_each(|p| by_bucket.entry(p.bucket.clone()).or_default().push(Arc::new(p)));
        let mut found = Vec::new();
        for (bucket, parts) in by_bucket {
            let by_prefix: HashMap<&str, &Arc<Part>> = parts.iter().map(|p| (p.prefix.as_str(), p)).collect();
            let common = common_prefix(by_prefix.keys().copied());
            let prefixes_asked: Vec<&str> = if by_prefix.len() <= 16 { by_prefix.keys().copied().collect() } else { vec![&common] };
            for prefix in prefixes_asked {
                for object in list(&self.scans.cx, &bucket, prefix).await? {
                    let name = object.key.rsplit('/').next().unwrap_or("");
                    if object.size == 0 || name.starts_with(['_', '.']) {
                        continue;
                    }
                    let part = prefixes(&object.key).find_map(|p| by_prefix.get(p));
                    // A folder of another part inside this one is listed with that one.
                    let own = part.filter(|p| common == prefix || p.prefix == prefix);
                    found.extend(own.map(|part| Found { part: (*part).clone(), object }));
                }
            }
        }
        found.sort_by(|a, b| a.object.key.cmp(&b.object.key));
        found.dedup_by(|a, b| a.object.key == b.object.key && a.part.bucket == b.part.bucket);
        Ok(found)
    }

    /// The format of a part: the partition's own SerDe where it has one.
    fn format_of(&self, part: &Part) -> Result<Format> {
        let Some(storage) = part.storage.as_ref().filter(|s| !s["SerdeInfo"]["SerializationLibrary"].is_null()) else {
            return Ok(self.format.clone());
        };
        let own = serde_json::json!({ "StorageDescriptor": storage, "Parameters": self.definition["Parameters"] });
        let format = Format::of(&own).map_err(|what| carry(QueryError::unbuilt(&what)))?;
        if matches!(format, Format::Lazy { .. } | Format::Csv { .. }) {
            self.same_columns(part, storage)?;
        }
        Ok(format)
    }

    /// Columns of texts are found by their place: another one of another type in a column's place is refused, as Athena does.
    fn same_columns(&self, part: &Part, storage: &Value) -> Result<()> {
        let column =
            |c: &Value| -> Option<(String, String)> { Some((c["Name"].as_str()?.to_lowercase(), c["Type"].as_str()?.to_lowercase())) };
        let of =
            |storage: &Value| -> Vec<(String, String)> { storage["Columns"].as_array().into_iter().flatten().filter_map(column).collect() };
        for ((name, kind), (theirs, other)) in of(&self.definition["StorageDescriptor"]).into_iter().zip(of(storage)) {
            let same = kind == other || types::of_hive(&kind).ok() == types::of_hive(&other).ok();
            // The same column under another type is read as the table says.
            if same || name == theirs {
                continue;
            }
            let keys = self.schema.fields()[self.file_columns..self.file_columns + self.keys].iter();
            let place: Vec<String> = keys.zip(&part.values).map(|(k, v)| format!("{}={v}", k.name())).collect();
            return Err(carry(QueryError::named(format!(
                "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. The types are incompatible and \
                 cannot be coerced. The column '{name}' in table '{}.{}' is declared as type '{kind}', but partition '{}' declared column \
                 '{theirs}' as type '{other}'.",
                self.definition["DatabaseName"].as_str().unwrap_or_default(),
                self.definition["Name"].as_str().unwrap_or_default(),
                place.join("/"),
            ))));
        }
        Ok(())
    }
}

/// The columns that a table has behind its own.
pub(crate) fn hidden_fields() -> impl Iterator<Item = Field> {
    let moment = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    HIDDEN_COLUMNS.into_iter().zip([DataType::Utf8, DataType::Int64, moment]).map(|(name, kind)| Field::new(name, kind, true))
}

/// All objects below a prefix.
pub(crate) async fn list(cx: &Context, bucket: &str, prefix: &str) -> std::result::Result<Vec<ObjectInfo>, Fault> {
    let port = cx.cloud().ports().objects()?;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let need = Need::on("s3:ListBucket", format!("arn:aws:s3:::{bucket}")).key("s3:prefix", prefix.to_owned());
        let grant = cx.grant(&owned(cx, need, bucket))?;
        let page = port.list(cx, grant, bucket, prefix, after.take(), LIST_PAGE).await?;
        let full = page.len() == LIST_PAGE;
        after = page.last().map(|o| o.key.clone());
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}

fn test(filter: &Expr) -> Option<KeyTest> {
    let literal = |e: &Expr| match e {
        Expr::Literal(ScalarValue::Utf8(Some(s)) | ScalarValue::LargeUtf8(Some(s)) | ScalarValue::Utf8View(Some(s)), _) => Some(s.clone()),
        Expr::Literal(value, _) if value.data_type().is_integer() && !value.is_null() => Some(value.to_string()),
        Expr::Literal(value @ ScalarValue::Date32(Some(_)), _) => {
            cast(&value.to_array().ok()?, &DataType::Utf8).ok().and_then(|a| a.as_string_opt::<i32>().map(|a| a.value(0).to_owned()))
        }
        _ => None,
    };
    match filter {
        // A short IN comes as several comparisons.
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (mut one, other) = (test(left)?, test(right)?);
            let equal = one.key == other.key && one.operator == "=" && other.operator == "=";
            one.values.extend(other.values);
            equal.then_some(one)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let Expr::Column(column) = &**left else { return None };
            let operator = match op {
                Operator::Eq => "=",
                Operator::Lt => "<",
                Operator::LtEq => "<=",
                Operator::Gt => ">",
                Operator::GtEq => ">=",
                _ => return None,
            };
            Some(KeyTest { key: column.name.clone(), operator, values: vec![literal(right)?] })
        }
        Expr::InList(list) if !list.negated => {
            let Expr::Column(column) = &*list.expr else { return None };
            Some(KeyTest { key: column.name.clone(), operator: "=", values: list.list.iter().map(literal).collect::<Option<_>>()? })
        }
        _ => None,
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
        let keys = self.key_schema();
        let one = |filter: &&Expr| match of_keys(filter, &keys) {
            true => TableProviderFilterPushDown::Exact,
            false => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(one).collect())
    }
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let parts = partitions::parts(&self.scans, &self.definition, &self.tests(filters)).await.map_err(schemas::problem)?;
        let parts = self.pruned(state, parts, filters)?;
        let found = self.objects(parts).await.map_err(|fault| DataFusionError::External(Box::new(fault)))?;
        let mut by_format: Vec<(Format, Vec<Found>)> = Vec::new();
        for one in found {
            let format = self.format_of(&one.part)?;
            match by_format.iter_mut().find(|(f, _)| *f == format) {
                Some((_, all)) => all.push(one),
                None => by_format.push((format, vec![one])),
            }
        }
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        for (format, found) in by_format {
            let names: Vec<&str> = self.schema.fields()[..self.file_columns].iter().map(|f| f.name().as_str()).collect();
            let hidden = self.schema.fields().len() > self.file_columns + self.keys;
            let sample = match format {
                Format::Parquet if !hidden => parquet::Sample::read(&self.scans, &found).await?,
                _ => None,
            };
            let plan = match format {
                Format::Parquet if !hidden && sample.as_ref().is_none_or(|s| s.fits(&names)) => {
                    let keys = self.key_schema();
                    let filters: Vec<Expr> = filters.iter().filter(|f| !of_keys(f, &keys)).cloned().collect();
                    let sample = sample.as_ref();
                    parquet::scan(&self.scans, state, &self.schema, self.file_columns, found, projection, &filters, limit, sample).await?
                }
                format => self.stream(state, format, found, (projection, filters, limit))?,
            };
            plans.push(plan);
        }
        match plans.len() {
            0 => {
                let schema = match projection {
                    Some(columns) => Arc::new(self.schema.project(columns)?),
                    None => self.schema.clone(),
                };
                Ok(Arc::new(EmptyExec::new(schema)))
            }
            1 => Ok(plans.remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}

impl GlueTable {
    /// Objects read whole, one after the other, in a few streams; columns that nobody asks for are not made.
    fn stream(
        &self,
        state: &dyn Session,
        format: Format,
        found: Vec<Found>,
        (projection, filters, limit): (Option<&Vec<usize>>, &[Expr], Option<usize>),
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let pruner = match format {
            Format::Orc { .. } => Pruner::new(state, &Schema::new(self.schema.fields()[..self.file_columns].to_vec()), filters),
            _ => None,
        };
        let pruner = pruner.map(Arc::new);
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let projected = Arc::new(self.schema.project(&wanted)?);
        let mut shares: Vec<Vec<Found>> = vec![Vec::new(); threads::count().min(found.len()).max(1)];
        let count = shares.len();
        found.into_iter().enumerate().for_each(|(i, one)| shares[i % count].push(one));
        let stream = |objects: Vec<Found>| -> Arc<dyn PartitionStream> {
            Arc::new(Reader {
                scans: self.scans.clone(),
                format: format.clone(),
                whole: self.schema.clone(),
                file_columns: self.file_columns,
                wanted: wanted.clone(),
                projected: projected.clone(),
                objects,
                pruner: pruner.clone(),
            })
        };
        let streams = shares.into_iter().map(stream).collect();
        Ok(Arc::new(StreamingTableExec::try_new(projected.clone(), streams, None, None, false, limit)?))
    }
}

/// Whether a filter speaks of partition keys and of nothing else: then no row need be asked once the parts are chosen.
fn of_keys(filter: &Expr, keys: &Schema) -> bool {
    let columns = filter.column_refs();
    !filter.is_volatile() && !columns.is_empty() && columns.iter().all(|c| keys.field_with_name(c.name()).is_ok())
}

fn partition_columns(schema: &Schema, parts: &[Part]) -> Result<RecordBatch> {
    let column = |(i, field): (usize, &Arc<Field>)| {
        let texts: ArrayRef = Arc::new(StringArray::from_iter(parts.iter().map(|p| key_value(p.values.get(i)))));
        match field.data_type() {
            DataType::Utf8 => Ok(texts),
            other => cast(&texts, other).map_err(DataFusionError::from),
        }
    };
    let columns = schema.fields().iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(Arc::new(schema.clone()), columns)?)
}

/// Hive's word for NULL among the values of partitions.
pub(crate) fn key_value(value: Option<&String>) -> Option<&str> {
    value.map(String::as_str).filter(|v| *v != "__HIVE_DEFAULT_PARTITION__")
}

/// The filter with its columns' table names taken off.
pub(crate) fn strip(filter: Expr) -> Result<Expr> {
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
pub(crate) fn owned(cx: &Context, need: Need, bucket: &str) -> Need {
    match cx.cloud().ports().objects().ok().and_then(|port| port.owner(cx, bucket)) {
        Some(scope) => need.owned_by(scope.account.to_string()),
        None => need,
    }
}
