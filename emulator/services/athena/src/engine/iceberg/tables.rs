//! Tables about an Iceberg table: `"t$snapshots"`, `"t$history"`, `"t$files"`, `"t$partitions"`, `"t$refs"`, with Trino's columns.

use super::{At, IcebergTable, metadata::Snapshot};
use crate::engine::{
    table::Scans,
    trino::{
        ty::Ty,
        val::{Val, column},
    },
};
use datafusion::{
    arrow::{array::RecordBatch, datatypes::Schema},
    catalog::TableProvider,
    datasource::MemTable,
    error::{DataFusionError, Result},
};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The table behind `t$name`; `None` for names that there are not.
pub(in crate::engine) async fn about(definition: &Value, scans: &Arc<Scans>, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
    if !matches!(name, "snapshots" | "history" | "files" | "partitions" | "refs") {
        return Ok(None);
    }
    let table = IcebergTable::open(definition, scans.clone(), At::Now, false).await?;
    match name {
        "snapshots" => snapshots(&table),
        "history" => history(&table),
        "files" => files(&table).await,
        "partitions" => partitions(&table).await,
        _ => refs(&table),
    }
    .map(Some)
}

fn made(columns: &[(&str, Ty)], rows: &[Vec<Val>]) -> Result<Arc<dyn TableProvider>> {
    let wrong = DataFusionError::Execution;
    let arrays = columns.iter().enumerate().map(|(i, (_, ty))| {
        let values: Vec<Val> = rows.iter().map(|row| row[i].clone()).collect();
        column(&values, ty).map_err(wrong)
    });
    let arrays = arrays.collect::<Result<Vec<_>>>()?;
    let fields =
        columns.iter().zip(&arrays).map(|((name, _), a)| datafusion::arrow::datatypes::Field::new(*name, a.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    Ok(Arc::new(MemTable::try_new(schema.clone(), vec![vec![RecordBatch::try_new(schema, arrays)?]])?))
}

fn moment(ms: i64) -> Val {
    Val::Ts(ms.saturating_mul(1000))
}
fn id(id: Option<i64>) -> Val {
    id.map_or(Val::Null, Val::Int)
}
fn counts(of: &HashMap<i64, i64>) -> Val {
    let mut all: Vec<_> = of.iter().collect();
    all.sort();
    Val::Map(all.into_iter().map(|(k, v)| (Val::Int(*k), Val::Int(*v))).collect())
}

fn snapshots(table: &IcebergTable) -> Result<Arc<dyn TableProvider>> {
    let columns = [
        ("committed_at", Ty::utc()),
        ("snapshot_id", Ty::Bigint),
        ("parent_id", Ty::Bigint),
        ("operation", Ty::VARCHAR),
        ("manifest_list", Ty::VARCHAR),
        ("summary", Ty::map(Ty::VARCHAR, Ty::VARCHAR)),
    ];
    let row = |s: &Snapshot| {
        let summary = s.summary.iter().filter(|(k, _)| *k != "operation").map(|(k, v)| (Val::text(k.as_str()), Val::text(v.as_str())));
        vec![
            moment(s.timestamp_ms),
            Val::Int(s.snapshot_id),
            id(s.parent_snapshot_id),
            s.summary.get("operation").map_or(Val::Null, |o| Val::text(o.as_str())),
            s.manifest_list.as_ref().map_or(Val::Null, |l| Val::text(l.as_str())),
            Val::Map(summary.collect()),
        ]
    };
    made(&columns, &table.metadata.snapshots.iter().map(row).collect::<Vec<_>>())
}

fn history(table: &IcebergTable) -> Result<Arc<dyn TableProvider>> {
    let columns =
        [("made_current_at", Ty::utc()), ("snapshot_id", Ty::Bigint), ("parent_id", Ty::Bigint), ("is_current_ancestor", Ty::Boolean)];
    let parent = |of: i64| table.metadata.snapshots.iter().find(|s| s.snapshot_id == of).and_then(|s| s.parent_snapshot_id);
    let most = table.metadata.snapshots.len();
    let line: Vec<i64> = std::iter::successors(table.snapshot.as_ref().map(|s| s.snapshot_id), |id| parent(*id)).take(most).collect();
    let rows = table.metadata.snapshot_log.iter().map(|m| {
        vec![moment(m.timestamp_ms), Val::Int(m.snapshot_id), id(parent(m.snapshot_id)), Val::Bool(line.contains(&m.snapshot_id))]
    });
    made(&columns, &rows.collect::<Vec<_>>())
}

async fn files(table: &IcebergTable) -> Result<Arc<dyn TableProvider>> {
    let counted = || Ty::map(Ty::Integer, Ty::Bigint);
    let columns = [
        ("content", Ty::Integer),
        ("file_path", Ty::VARCHAR),
        ("file_format", Ty::VARCHAR),
        ("record_count", Ty::Bigint),
        ("file_size_in_bytes", Ty::Bigint),
        ("value_counts", counted()),
        ("null_value_counts", counted()),
        ("nan_value_counts", counted()),
        ("equality_ids", Ty::array(Ty::Integer)),
    ];
    let rows = table.files(None).await?.into_iter().map(|f| {
        vec![
            Val::Int(f.content),
            Val::text(f.path.as_str()),
            Val::text(f.format.as_str()),
            Val::Int(f.rows),
            Val::Int(f.size),
            counts(&f.value_counts),
            counts(&f.null_counts),
            counts(&f.nan_counts),
            if f.equality_ids.is_empty() { Val::Null } else { Val::Arr(f.equality_ids.iter().map(|i| Val::Int(*i)).collect()) },
        ]
    });
    made(&columns, &rows.collect::<Vec<_>>())
}

/// Files, rows and bytes of each partition. Its values are shown as text: each spec that a table had may give them another type.
async fn partitions(table: &IcebergTable) -> Result<Arc<dyn TableProvider>> {
    let mut sums: Vec<(String, [i64; 3])> = Vec::new();
    for file in table.files(None).await?.into_iter().filter(|f| f.content == 0) {
        let spec = table.metadata.partition_specs.iter().find(|s| s.spec_id == file.spec);
        let fields = spec.into_iter().flat_map(|s| &s.fields).zip(&file.partition);
        let one = |(field, value): (&super::metadata::SpecField, &Val)| format!("{}={}", field.name, shown(value, &field.transform));
        let name = fields.map(one).collect::<Vec<_>>().join("/");
        let added = [file.rows, 1, file.size];
        match sums.iter_mut().find(|(n, _)| *n == name) {
            Some((_, sum)) => sum.iter_mut().zip(added).for_each(|(s, a)| *s += a),
            None => sums.push((name, added)),
        }
    }
    let columns = [("partition", Ty::VARCHAR), ("record_count", Ty::Bigint), ("file_count", Ty::Bigint), ("total_size", Ty::Bigint)];
    let rows = sums.into_iter().map(|(name, sum)| std::iter::once(Val::Str(name)).chain(sum.map(Val::Int)).collect());
    made(&columns, &rows.collect::<Vec<_>>())
}

fn shown(value: &Val, transform: &str) -> String {
    use crate::engine::trino::time;
    match value {
        Val::Null => "null".into(),
        Val::Str(text) => text.clone(),
        Val::Bool(b) => b.to_string(),
        Val::Int(day) if transform == "day" => time::timestamp_text(day.saturating_mul(time::DAY), 0)[..10].to_owned(),
        Val::Date(day) => time::timestamp_text(i64::from(*day) * time::DAY, 0)[..10].to_owned(),
        Val::Int(n) => n.to_string(),
        other => format!("{other:?}"),
    }
}

fn refs(table: &IcebergTable) -> Result<Arc<dyn TableProvider>> {
    let columns = [("name", Ty::VARCHAR), ("type", Ty::VARCHAR), ("snapshot_id", Ty::Bigint)];
    let row = |(name, r): (&String, &super::metadata::Ref)| {
        vec![Val::text(name.as_str()), Val::Str(r.r#type.to_uppercase()), Val::Int(r.snapshot_id)]
    };
    made(&columns, &table.metadata.refs.iter().map(row).collect::<Vec<_>>())
}
