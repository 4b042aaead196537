//! Rows of an Avro file, with the members of records found by their names.

use super::metadata::broken;
use crate::engine::trino::{
    ty::Ty,
    val::{Val, normal, read},
};
use arrow_avro::{
    reader::ReaderBuilder,
    schema::{AvroSchema, SCHEMA_METADATA_KEY},
};
use datafusion::error::Result;
use serde_json::Value;
use std::io::Cursor;

/// Records of a file at most.
const MOST_ROWS: usize = 5_000_000;

/// A record, or a value in one.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub ty: &'a Ty,
    pub value: &'a Val,
}

const NOTHING: Node<'static> = Node { ty: &Ty::Unknown, value: &Val::Null };

impl<'a> Node<'a> {
    /// A member; NULL where there is none of this name.
    pub(super) fn get(self, name: &str) -> Node<'a> {
        let Ty::Row(fields) = self.ty else { return NOTHING };
        let at = fields.iter().position(|(n, _)| n.as_deref() == Some(name));
        at.and_then(|at| Some(Node { ty: &fields[at].1, value: self.value.arr().get(at)? })).unwrap_or(NOTHING)
    }
    pub(super) fn some_int(self) -> Option<i64> {
        (!self.value.is_null()).then(|| self.value.int())
    }
    pub(super) fn text(self) -> String {
        self.value.str().to_owned()
    }
    /// The items of an array.
    pub(super) fn items(self) -> impl Iterator<Item = Node<'a>> {
        let ty = if let Ty::Array(item) = self.ty { item } else { &Ty::Unknown };
        self.value.arr().iter().map(move |value| Node { ty, value })
    }
    /// A map whose keys are numbers: Avro has none, so it is an array of records with a key and a value.
    pub(super) fn by_id(self) -> impl Iterator<Item = (i64, &'a Val)> {
        self.items().map(|entry| (entry.get("key").value.int(), entry.get("value").value))
    }
}

/// A schema without its records that have no field, which the library doesn't read: partitions of tables that have none. `None` where it has none.
fn without_empty(mut schema: Value) -> Option<Value> {
    fn prune(record: &mut Value) -> bool {
        let Some(fields) = record.get_mut("fields").and_then(Value::as_array_mut) else { return false };
        let before = fields.len();
        fields.retain(|f| !(f["type"]["type"] == "record" && f["type"]["fields"].as_array().is_some_and(Vec::is_empty)));
        let pruned = before != fields.len();
        fields.iter_mut().filter_map(|f| f.get_mut("type")).fold(pruned, |pruned, kind| prune(kind) || pruned)
    }
    prune(&mut schema).then_some(schema)
}

/// Reads a file, and makes something of each record.
pub(super) fn rows<T>(bytes: &[u8], mut make: impl FnMut(Node<'_>) -> Result<T>) -> Result<Vec<T>> {
    let mut reader = ReaderBuilder::new().build(Cursor::new(bytes)).map_err(broken)?;
    let written = reader.avro_header().get(SCHEMA_METADATA_KEY).and_then(|text| serde_json::from_slice(text).ok());
    if let Some(schema) = written.and_then(without_empty) {
        let wanted = AvroSchema::new(schema.to_string());
        reader = ReaderBuilder::new().with_reader_schema(wanted).build(Cursor::new(bytes)).map_err(broken)?;
    }
    let mut made = Vec::new();
    for batch in reader {
        let batch = batch.map_err(broken)?;
        if made.len() + batch.num_rows() > MOST_ROWS {
            return Err(broken("a manifest has too many entries"));
        }
        let fields: Vec<(Option<String>, Ty)> =
            batch.schema().fields().iter().map(|f| (Some(f.name().clone()), Ty::of_data(f.data_type()))).collect();
        let columns = batch.columns().iter().zip(&fields).map(|(c, (_, ty))| normal(c, ty)).collect::<std::result::Result<Vec<_>, _>>();
        let columns = columns.map_err(broken)?;
        let ty = Ty::Row(fields);
        let Ty::Row(fields) = &ty else { continue };
        for row in 0..batch.num_rows() {
            let values = columns.iter().zip(fields).map(|(c, (_, ty))| read(c, row, ty)).collect::<std::result::Result<Vec<_>, _>>();
            let value = Val::Row(values.map_err(broken)?);
            made.push(make(Node { ty: &ty, value: &value })?);
        }
    }
    Ok(made)
}
