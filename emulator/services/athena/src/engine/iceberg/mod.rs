//! Iceberg tables: metadata, manifests and data files of one snapshot, as the engine scans them. Read only: what writes is refused by name.

mod avro;
mod bounds;
mod deletes;
mod manifests;
mod metadata;
mod reader;
mod tables;

pub(crate) use metadata::At;
pub(super) use tables::about;

use super::{
    errors::{QueryError, carry},
    location, parquet,
    partitions::Part,
    prune::Pruner,
    table::{Found, Scans, hidden_fields},
    threads,
};
use datafusion::{
    arrow::datatypes::{Field, Schema, SchemaRef},
    catalog::{Session, TableProvider},
    error::Result,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::{
        ExecutionPlan,
        empty::EmptyExec,
        streaming::{PartitionStream, StreamingTableExec},
        union::UnionExec,
    },
};
use kit::ports::ObjectInfo;
use manifests::File;
use metadata::{Column, Metadata, Snapshot};
use serde_json::Value;
use std::sync::Arc;

/// Whether the catalog says that a table is Iceberg's.
pub(crate) fn is(definition: &Value) -> bool {
    definition["Parameters"]["table_type"].as_str().is_some_and(|t| t.eq_ignore_ascii_case("iceberg"))
}

/// A state of a table.
pub(crate) struct IcebergTable {
    scans: Arc<Scans>,
    metadata: Metadata,
    snapshot: Option<Snapshot>,
    columns: Vec<Column>,
    /// The columns, then hidden ones.
    schema: SchemaRef,
}

impl std::fmt::Debug for IcebergTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IcebergTable(snapshot {:?})", self.snapshot.as_ref().map(|s| s.snapshot_id))
    }
}

impl IcebergTable {
    /// The table of a definition as it was at a moment, with its hidden columns where they are asked for.
    pub(crate) async fn open(definition: &Value, scans: Arc<Scans>, at: At, hidden: bool) -> Result<IcebergTable> {
        let metadata = Metadata::read(&scans, definition).await?;
        let name = |member: &str| definition[member].as_str().unwrap_or("");
        let snapshot = metadata.snapshot(at, name("DatabaseName"), name("Name"))?.cloned();
        let columns = metadata.columns(at, snapshot.as_ref())?;
        let mut fields: Vec<Field> = columns.iter().map(|c| c.field.clone()).collect();
        if hidden {
            fields.extend(hidden_fields());
        }
        Ok(IcebergTable { scans, metadata, snapshot, columns, schema: Arc::new(Schema::new(fields)) })
    }

    async fn files(&self, pruner: Option<&Pruner>) -> Result<Vec<File>> {
        match &self.snapshot {
            Some(snapshot) => manifests::files(&self.scans, &self.metadata, snapshot, &self.columns, pruner).await,
            None => Ok(Vec::new()),
        }
    }

    fn hidden(&self) -> bool {
        self.schema.fields().len() > self.columns.len()
    }
}

/// A file as the readers of objects take it.
fn found(file: &File) -> Result<Found> {
    let (bucket, key) = location::parse(&file.path).ok_or_else(|| metadata::broken(format!("{} is no S3 location", file.path)))?;
    let object = ObjectInfo { key: key.to_owned(), size: file.size.max(0) as u64, ..ObjectInfo::default() };
    Ok(Found { part: Arc::new(Part { values: Vec::new(), bucket: bucket.to_owned(), prefix: String::new(), storage: None }), object })
}

#[async_trait::async_trait]
impl TableProvider for IcebergTable {
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
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (wanted, _) = self.projected(projection)?;
        if wanted.iter().any(|at| self.schema.field(*at).name() == "$file_modified_time") {
            // A manifest doesn't tell when a file was written.
            return Err(carry(QueryError::unbuilt("\"$file_modified_time\" of Iceberg tables")));
        }
        let pruner = Pruner::new(state, &metadata::schema(&self.columns), filters);
        let (data, deletes): (Vec<File>, Vec<File>) = self.files(pruner.as_ref()).await?.into_iter().partition(|f| f.content == 0);
        if let Some(file) = data.iter().chain(&deletes).find(|f| f.format != "PARQUET") {
            let what = if file.format == "PUFFIN" {
                "deletion vectors of Iceberg tables".into()
            } else {
                format!("{} files of Iceberg tables", file.format)
            };
            return Err(carry(QueryError::unbuilt(&what)));
        }
        let deletes = Arc::new(deletes::read(&self.scans, &deletes, &self.columns).await?);
        // The engine's own reader takes columns by their names: it has what was never renamed, and nothing deleted.
        let plain = !self.hidden() && self.metadata.never_renamed(&self.columns);
        let (plain, rest): (Vec<File>, Vec<File>) = data.into_iter().partition(|f| plain && deletes.of(f).is_none());
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        if !plain.is_empty() {
            let found = plain.iter().map(found).collect::<Result<_>>()?;
            plans.push(parquet::scan(&self.scans, state, &self.schema, self.columns.len(), found, projection, filters, limit, None).await?);
        }
        if !rest.is_empty() {
            plans.push(self.stream(rest, deletes, projection)?);
        }
        match plans.len() {
            0 => Ok(Arc::new(EmptyExec::new(self.projected(projection)?.1))),
            1 => Ok(plans.remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}

impl IcebergTable {
    /// Places of the columns asked for, and those columns.
    fn projected(&self, projection: Option<&Vec<usize>>) -> Result<(Vec<usize>, SchemaRef)> {
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&wanted)?);
        Ok((wanted, schema))
    }

    fn stream(&self, files: Vec<File>, deletes: Arc<deletes::Deletes>, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        let (wanted, schema) = self.projected(projection)?;
        let mut shares: Vec<Vec<File>> = vec![Vec::new(); threads::count().min(files.len()).max(1)];
        let count = shares.len();
        files.into_iter().enumerate().for_each(|(i, one)| shares[i % count].push(one));
        let stream = |files: Vec<File>| -> Arc<dyn PartitionStream> {
            Arc::new(reader::Reader {
                scans: self.scans.clone(),
                columns: self.columns.clone(),
                wanted: wanted.clone(),
                schema: schema.clone(),
                deletes: deletes.clone(),
                files,
            })
        };
        let streams = shares.into_iter().map(stream).collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema.clone(), streams, None, None, false, None)?))
    }
}
