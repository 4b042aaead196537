//! Manifest lists and manifests: which files a snapshot consists of, and what is known of them.

use super::{
    avro::{self, Node},
    bounds,
    metadata::{Column, Metadata, Snapshot, Spec, broken},
};
use crate::engine::{
    prune::{Container, Pruner},
    table::Scans,
    trino::val::Val,
};
use datafusion::error::Result;
use std::collections::HashMap;

/// A file of a table.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// 0 data, 1 deleted positions, 2 deleted values.
    pub content: i64,
    pub path: String,
    /// In capitals, as PARQUET.
    pub format: String,
    pub rows: i64,
    /// Bytes.
    pub size: i64,
    /// When it was added, as a number that grows.
    pub sequence: i64,
    pub spec: i32,
    /// A value for each field of its spec.
    pub partition: Vec<Val>,
    pub value_counts: HashMap<i64, i64>,
    pub null_counts: HashMap<i64, i64>,
    pub nan_counts: HashMap<i64, i64>,
    pub lower: HashMap<i64, Vec<u8>>,
    pub upper: HashMap<i64, Vec<u8>>,
    /// Ids of the columns that deleted values are told by.
    pub equality_ids: Vec<i64>,
}

struct Manifest {
    path: String,
    spec: i32,
    sequence: i64,
    /// Lowest and highest value, and whether there are NULLs, of each field of the spec.
    partitions: Vec<(Option<Vec<u8>>, Option<Vec<u8>>, bool)>,
}

/// The files of a snapshot that a filter leaves, deletes among them.
pub(crate) async fn files(
    scans: &Scans,
    metadata: &Metadata,
    snapshot: &Snapshot,
    columns: &[Column],
    pruner: Option<&Pruner>,
) -> Result<Vec<File>> {
    let Some(list) = &snapshot.manifest_list else {
        return Err(crate::engine::errors::carry(crate::engine::QueryError::unbuilt("Iceberg snapshots without a manifest list")));
    };
    let manifests = avro::rows(&scans.aside(list).await?, manifest)?;
    let spec = |id: i32| metadata.partition_specs.iter().find(|s| s.spec_id == id);
    let keep = match pruner {
        Some(pruner) => pruner.keep(&manifests.iter().map(|m| summary(m, spec(m.spec), columns)).collect::<Vec<_>>()),
        None => vec![true; manifests.len()],
    };
    let mut files = Vec::new();
    for (manifest, _) in manifests.iter().zip(keep).filter(|(_, keep)| *keep) {
        let fields = spec(manifest.spec).map_or(0, |s| s.fields.len());
        let found = avro::rows(&scans.aside(&manifest.path).await?, |node| Ok(file(node, manifest, fields)))?;
        files.extend(found.into_iter().flatten());
    }
    let Some(pruner) = pruner else { return Ok(files) };
    let known = files.iter().map(|f| container(f, spec(f.spec), columns)).collect::<Vec<_>>();
    let keep = pruner.keep(&known);
    // What deletes rows tells nothing of the rows that it deletes.
    Ok(files.into_iter().zip(keep).filter(|(f, keep)| *keep || f.content != 0).map(|(f, _)| f).collect())
}

fn manifest(node: Node<'_>) -> Result<Manifest> {
    let bytes = |n: Node<'_>| (!n.value.is_null()).then(|| n.value.bin().to_vec());
    let one = |p: Node<'_>| (bytes(p.get("lower_bound")), bytes(p.get("upper_bound")), p.get("contains_null").value.bool());
    let path = node.get("manifest_path").text();
    if path.is_empty() {
        return Err(broken("a manifest has no path"));
    }
    Ok(Manifest {
        path,
        spec: node.get("partition_spec_id").value.int() as i32,
        sequence: node.get("sequence_number").value.int(),
        partitions: node.get("partitions").items().map(one).collect(),
    })
}

fn file(node: Node<'_>, manifest: &Manifest, fields: usize) -> Option<File> {
    // 2 stands for a file that was removed.
    if node.get("status").value.int() == 2 {
        return None;
    }
    let file = node.get("data_file");
    let counts = |name: &str| file.get(name).by_id().map(|(id, v)| (id, v.int())).collect();
    let bounds = |name: &str| file.get(name).by_id().map(|(id, v)| (id, v.bin().to_vec())).collect();
    let mut partition = file.get("partition").value.arr().to_vec();
    partition.resize(fields, Val::Null);
    Some(File {
        content: file.get("content").value.int(),
        path: file.get("file_path").text(),
        format: file.get("file_format").text().to_uppercase(),
        rows: file.get("record_count").value.int(),
        size: file.get("file_size_in_bytes").value.int(),
        // Files that are new have their manifest's number.
        sequence: node.get("sequence_number").some_int().unwrap_or(manifest.sequence),
        spec: manifest.spec,
        partition,
        value_counts: counts("value_counts"),
        null_counts: counts("null_value_counts"),
        nan_counts: counts("nan_value_counts"),
        lower: bounds("lower_bounds"),
        upper: bounds("upper_bounds"),
        equality_ids: file.get("equality_ids").items().map(|n| n.value.int()).collect(),
    })
}

/// What the list says of all files of a manifest.
fn summary(manifest: &Manifest, spec: Option<&Spec>, columns: &[Column]) -> Container {
    let mut container = Container::default();
    for (field, (low, high, nulls)) in spec.into_iter().flat_map(|s| &s.fields).zip(&manifest.partitions) {
        let Some(column) = columns.iter().find(|c| c.id == field.source_id) else { continue };
        if let (Some(low), Some(high)) = (low, high) {
            let ends = bounds::transformed(&field.transform, column.field.data_type(), low, high);
            container.set(column.field.name(), ends, (!nulls).then_some(0));
        }
    }
    container
}

/// What is known of the rows of a file: bounds of its columns, and its partition.
fn container(file: &File, spec: Option<&Spec>, columns: &[Column]) -> Container {
    let mut container = Container::of(file.rows.max(0) as u64);
    for column in columns {
        let (id, kind) = (&column.id, column.field.data_type());
        let ends = file.lower.get(id).zip(file.upper.get(id)).filter(|_| file.nan_counts.get(id).is_none_or(|n| *n == 0));
        let ends = ends.and_then(|(low, high)| Some((bounds::value(kind, low)?, bounds::value(kind, high)?)));
        let field = spec.and_then(|s| s.fields.iter().zip(&file.partition).find(|(f, _)| f.source_id == *id));
        let ends = ends.or_else(|| field.and_then(|(f, value)| bounds::of_partition(&f.transform, kind, value)));
        container.set(column.field.name(), ends, file.null_counts.get(id).and_then(|n| u64::try_from(*n).ok()));
    }
    container
}
