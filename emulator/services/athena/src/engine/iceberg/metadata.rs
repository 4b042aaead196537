//! A table's metadata file: schemas, partition specs, snapshots, and which of them is meant.

use crate::engine::{QueryError, errors::carry, table::Scans};
use datafusion::{
    arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit},
    error::Result,
};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// Metadata files and manifests that are larger, unpacked, are refused. Bytes.
pub(super) const MOST_BYTES: u64 = 256 << 20;
const DEEPEST: usize = 32;

/// The metadata of a table, as far as it is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Metadata {
    pub format_version: i32,
    #[serde(default)]
    pub schemas: Vec<Value>,
    /// The one schema of old tables.
    schema: Option<Value>,
    #[serde(default)]
    current_schema_id: i64,
    #[serde(default)]
    pub partition_specs: Vec<Spec>,
    pub current_snapshot_id: Option<i64>,
    #[serde(default)]
    pub snapshots: Vec<Snapshot>,
    #[serde(default)]
    pub snapshot_log: Vec<Moment>,
    #[serde(default)]
    pub refs: BTreeMap<String, Ref>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Spec {
    pub spec_id: i32,
    pub fields: Vec<SpecField>,
}

/// A partition field: a transform of a column.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct SpecField {
    pub name: String,
    pub transform: String,
    pub source_id: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Snapshot {
    pub snapshot_id: i64,
    pub parent_snapshot_id: Option<i64>,
    pub timestamp_ms: i64,
    pub manifest_list: Option<String>,
    #[serde(default)]
    pub summary: BTreeMap<String, String>,
    pub schema_id: Option<i64>,
}

/// When a snapshot became the current one.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Moment {
    pub snapshot_id: i64,
    pub timestamp_ms: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Ref {
    pub snapshot_id: i64,
    pub r#type: String,
}

/// Which state of a table a query means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum At {
    Now,
    /// Id of a snapshot.
    Version(i64),
    /// Milliseconds since 1970.
    Time(i64),
}

/// A column: its id, and its place in the table.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub id: i64,
    pub field: Field,
    /// What it is called in files that have no ids; empty where the table doesn't tell.
    pub names: Vec<String>,
    /// Fields inside it are called otherwise in files that have no ids.
    pub renamed_inside: bool,
}

/// A field's names in files without ids, as the table's property tells them.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Mapped {
    field_id: Option<i64>,
    names: Vec<String>,
    #[serde(default)]
    fields: Vec<Mapped>,
}

impl Mapped {
    fn of(all: &[Mapped], id: Option<i64>) -> Option<&Mapped> {
        all.iter().find(|mapped| mapped.field_id.is_some() && mapped.field_id == id)
    }
}

/// Whether the fields inside a type are mapped, each by its own name alone.
fn same_inside(kind: &Value, mapped: &[Mapped], depth: usize) -> bool {
    let within = |kind: &Value, id: &Value| {
        let inner = Mapped::of(mapped, id.as_i64()).map_or(&[][..], |m| &m.fields);
        same_inside(kind, inner, depth + 1)
    };
    match kind["type"].as_str() {
        _ if depth > DEEPEST => false,
        Some("list") => within(&kind["element"], &kind["element-id"]),
        Some("map") => within(&kind["key"], &kind["key-id"]) && within(&kind["value"], &kind["value-id"]),
        Some("struct") => kind["fields"].as_array().into_iter().flatten().all(|field| {
            let own = Mapped::of(mapped, field["id"].as_i64()).is_some_and(|m| m.names.len() == 1 && field["name"] == m.names[0].as_str());
            own && within(&field["type"], &field["id"])
        }),
        _ => true,
    }
}

pub(super) fn broken(what: impl std::fmt::Display) -> datafusion::error::DataFusionError {
    carry(QueryError::user(1000, format!("ICEBERG_INVALID_METADATA: {what}")))
}

impl Metadata {
    /// Reads the file that the catalog names.
    pub(crate) async fn read(scans: &Scans, definition: &Value) -> Result<Metadata> {
        let place = definition["Parameters"]["metadata_location"].as_str();
        let place = place.ok_or_else(|| broken("Table is missing [metadata_location] property"))?;
        let bytes = scans.aside(place).await?;
        let text = match bytes.starts_with(&[0x1f, 0x8b]) {
            true => unpacked(&bytes)?,
            false => bytes.to_vec(),
        };
        let metadata: Metadata = serde_json::from_slice(&text).map_err(|e| broken(format!("Error parsing {place}: {e}")))?;
        match metadata.format_version {
            1..=3 => Ok(metadata),
            other => Err(carry(QueryError::unbuilt(&format!("Iceberg tables of format version {other}")))),
        }
    }

    /// The snapshot that is meant; `None` for a table without any.
    pub(crate) fn snapshot(&self, at: At, database: &str, table: &str) -> Result<Option<&Snapshot>> {
        let id = match at {
            At::Now => match self.current_snapshot_id.filter(|id| *id >= 0) {
                Some(id) => id,
                None => return Ok(None),
            },
            At::Version(id) => id,
            At::Time(ms) => match self.snapshot_log.iter().rev().find(|m| m.timestamp_ms <= ms) {
                Some(moment) => moment.snapshot_id,
                None => {
                    let when = crate::engine::trino::time::timestamp_text(ms.saturating_mul(1000), 3).replace(' ', "T");
                    let none = format!("INVALID_ARGUMENTS: No version history table \"{database}\".\"{table}\" at or before {when}Z");
                    return Err(carry(QueryError::named(none)));
                }
            },
        };
        let found = self.snapshots.iter().find(|s| s.snapshot_id == id);
        found.map(Some).ok_or_else(|| carry(QueryError::named(format!("INVALID_ARGUMENTS: Iceberg snapshot ID does not exists: {id}"))))
    }

    /// The columns that a snapshot's readers see: the current ones, but the snapshot's own where the past was asked for.
    pub(crate) fn columns(&self, at: At, snapshot: Option<&Snapshot>) -> Result<Vec<Column>> {
        let own = snapshot.and_then(|s| s.schema_id).filter(|_| at != At::Now);
        let wanted = own.unwrap_or(self.current_schema_id);
        let found = self.schemas.iter().find(|s| s["schema-id"].as_i64() == Some(wanted)).or(self.schema.as_ref());
        let schema = found.ok_or_else(|| broken(format!("schema {wanted} is not there")))?;
        let mut columns = columns(schema)?;
        self.name(&mut columns, schema)?;
        Ok(columns)
    }

    /// Says what the columns are called in files without ids: by the table's mapping of names, else by the one name that they ever had.
    fn name(&self, columns: &mut [Column], schema: &Value) -> Result<()> {
        let Some(text) = self.properties.get("schema.name-mapping.default") else {
            if self.same_names(columns) {
                columns.iter_mut().for_each(|c| c.names = vec![c.field.name().clone()]);
            }
            return Ok(());
        };
        let mapping: Vec<Mapped> = serde_json::from_str(text).map_err(|e| broken(format!("the mapping of names can't be read: {e}")))?;
        for (column, field) in columns.iter_mut().zip(schema["fields"].as_array().into_iter().flatten()) {
            let mapped = Mapped::of(&mapping, Some(column.id));
            column.names = mapped.map(|m| m.names.clone()).unwrap_or_default();
            column.renamed_inside = !same_inside(&field["type"], mapped.map_or(&[], |m| &m.fields), 0);
        }
        Ok(())
    }

    /// Whether every file ever written names its columns as these are named.
    pub(crate) fn never_renamed(&self, columns: &[Column]) -> bool {
        columns.iter().all(|c| c.names == [c.field.name().as_str()] && !c.renamed_inside) && self.same_names(columns)
    }

    fn same_names(&self, columns: &[Column]) -> bool {
        let all = self.schemas.iter().chain(&self.schema);
        let fields = all.flat_map(|s| s["fields"].as_array().into_iter().flatten());
        fields.into_iter().all(|field| {
            let (id, name) = (field["id"].as_i64(), field["name"].as_str().unwrap_or(""));
            let same = |c: &Column| (Some(c.id) == id) == (c.field.name() == name);
            // Nested fields are matched by their names, which only one version of a column lets be.
            columns.iter().all(same) && !(field["type"].is_object() && self.schemas.len() > 1)
        })
    }
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).take(MOST_BYTES + 1).read_to_end(&mut out).map_err(broken)?;
    if out.len() as u64 > MOST_BYTES { Err(broken("the metadata file is too large")) } else { Ok(out) }
}

fn columns(schema: &Value) -> Result<Vec<Column>> {
    let one = |field: &Value| {
        let id = field["id"].as_i64().ok_or_else(|| broken("a field has no id"))?;
        let name = field["name"].as_str().unwrap_or("").to_lowercase();
        Ok(Column { id, field: Field::new(name, data_type(without_default(field)?, 0)?, true), names: Vec::new(), renamed_inside: false })
    };
    schema["fields"].as_array().into_iter().flatten().map(one).collect()
}

/// The columns as the engine's schema.
pub(crate) fn schema(columns: &[Column]) -> Schema {
    Schema::new(columns.iter().map(|c| c.field.clone()).collect::<Vec<_>>())
}

/// The type of a field, refused where rows written before the field was there have another value than NULL.
fn without_default(field: &Value) -> Result<&Value> {
    if !field["initial-default"].is_null() {
        let what = format!("Iceberg columns with an initial default ({})", field["name"].as_str().unwrap_or(""));
        return Err(carry(QueryError::unbuilt(&what)));
    }
    Ok(&field["type"])
}

fn data_type(kind: &Value, depth: usize) -> Result<DataType> {
    if depth > DEEPEST {
        return Err(broken("a type is nested too deep"));
    }
    let unbuilt = || carry(QueryError::unbuilt(&format!("Iceberg columns of the type {kind}")));
    if let Some(name) = kind.as_str() {
        return Ok(match name {
            "boolean" => DataType::Boolean,
            "int" => DataType::Int32,
            "long" => DataType::Int64,
            "float" => DataType::Float32,
            "double" => DataType::Float64,
            "date" => DataType::Date32,
            "time" => DataType::Time64(TimeUnit::Microsecond),
            "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, None),
            "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "string" => DataType::Utf8,
            "binary" => DataType::Binary,
            _ if name.starts_with("fixed[") => DataType::Binary,
            _ => {
                let digits = name.strip_prefix("decimal(").and_then(|n| n.strip_suffix(')')).and_then(|n| n.split_once(','));
                let (p, s) = digits.ok_or_else(unbuilt)?;
                match (p.trim().parse(), s.trim().parse()) {
                    (Ok(p @ 1..=38), Ok(s)) => DataType::Decimal128(p, s),
                    _ => return Err(unbuilt()),
                }
            }
        });
    }
    let inner = |name: &str| data_type(&kind[name], depth + 1);
    Ok(match kind["type"].as_str() {
        Some("list") => DataType::List(Arc::new(Field::new("item", inner("element")?, true))),
        Some("map") => {
            let entries = Fields::from(vec![Field::new("keys", inner("key")?, false), Field::new("values", inner("value")?, true)]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
        }
        Some("struct") => {
            let fields = kind["fields"].as_array().into_iter().flatten();
            let one = |f: &Value| {
                let kind = data_type(without_default(f)?, depth + 1)?;
                Ok(Field::new(f["name"].as_str().unwrap_or("").to_lowercase(), kind, true))
            };
            DataType::Struct(fields.map(one).collect::<Result<_>>()?)
        }
        _ => return Err(unbuilt()),
    })
}
