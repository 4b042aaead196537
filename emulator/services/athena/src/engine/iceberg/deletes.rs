//! Rows that are deleted without their files being written anew: by position in a file, or by their values.

use super::{
    manifests::File,
    metadata::{Column, broken},
    reader,
};
use crate::engine::{
    table::Scans,
    trino::{
        ty::Ty,
        val::{Val, normal, read as value},
    },
};
use datafusion::{
    arrow::{
        array::RecordBatch,
        datatypes::{DataType, Field},
    },
    error::Result,
};
use std::collections::{HashMap, HashSet};

/// The columns of files of deleted positions have ids that the format gives.
const PATH: i64 = 2_147_483_546;
const POSITION: i64 = 2_147_483_545;
/// Deleted rows that a query holds.
const MOST_ROWS: usize = 10_000_000;

/// All that is deleted from the files of a snapshot.
#[derive(Debug, Default)]
pub(super) struct Deletes {
    /// By file: positions, each with the number of its delete.
    positions: HashMap<String, Vec<(i64, u64)>>,
    values: Vec<Values>,
}

/// Deleted values of some columns.
#[derive(Debug)]
struct Values {
    sequence: i64,
    spec: i32,
    partition: Vec<Val>,
    ids: Vec<i64>,
    rows: HashSet<String>,
}

/// What is deleted from one file.
#[derive(Debug)]
pub(super) struct Gone<'a> {
    positions: HashSet<u64>,
    values: Vec<&'a Values>,
}

/// Reads the files of deletes.
pub(super) async fn read(scans: &Scans, files: &[File], columns: &[Column]) -> Result<Deletes> {
    let mut all = Deletes::default();
    let mut count = 0;
    for file in files {
        count += file.rows.max(0) as usize;
        if count > MOST_ROWS {
            return Err(broken(format!("windtunnel reads at most {MOST_ROWS} deleted rows of an Iceberg table")));
        }
        match file.content {
            1 => positions(scans, file, &mut all).await?,
            _ => all.values.push(values(scans, file, columns).await?),
        }
    }
    Ok(all)
}

async fn positions(scans: &Scans, file: &File, all: &mut Deletes) -> Result<()> {
    let column =
        |id, name: &str, kind| Column { id, field: Field::new(name, kind, true), names: vec![name.to_owned()], renamed_inside: false };
    let own = [column(PATH, "file_path", DataType::Utf8), column(POSITION, "pos", DataType::Int64)];
    for batch in reader::columns(scans, &file.path, &own, &[PATH, POSITION]).await? {
        for row in 0..batch.num_rows() {
            let one = cells(&batch, &[0, 1], row)?;
            let at = u64::try_from(one[1].int()).map_err(|_| broken("a deleted position is negative"))?;
            all.positions.entry(one[0].str().to_owned()).or_default().push((file.sequence, at));
        }
    }
    Ok(())
}

async fn values(scans: &Scans, file: &File, columns: &[Column]) -> Result<Values> {
    if file.equality_ids.is_empty() {
        return Err(broken("a file of deleted values doesn't say of which columns"));
    }
    let mut rows = HashSet::new();
    let places: Vec<usize> = (0..file.equality_ids.len()).collect();
    for batch in reader::columns(scans, &file.path, columns, &file.equality_ids).await? {
        for row in 0..batch.num_rows() {
            rows.insert(key(&cells(&batch, &places, row)?));
        }
    }
    Ok(Values { sequence: file.sequence, spec: file.spec, partition: file.partition.clone(), ids: file.equality_ids.clone(), rows })
}

fn cells(batch: &RecordBatch, places: &[usize], row: usize) -> Result<Vec<Val>> {
    let cell = |at: &usize| {
        let ty = Ty::of_data(batch.column(*at).data_type());
        normal(batch.column(*at), &ty).and_then(|column| value(&column, row, &ty)).map_err(broken)
    };
    places.iter().map(cell).collect()
}

/// Rows are the same where this is: NULL is NULL here.
fn key(cells: &[Val]) -> String {
    format!("{cells:?}")
}

impl Deletes {
    /// What is deleted from a file, if anything.
    pub(super) fn of(&self, file: &File) -> Option<Gone<'_>> {
        let positions = self.positions.get(&file.path).into_iter().flatten();
        let positions: HashSet<u64> = positions.filter(|(sequence, _)| *sequence >= file.sequence).map(|(_, at)| *at).collect();
        // Values are deleted from what was there before; a delete without a partition is for the whole table.
        let applies =
            |v: &&Values| v.sequence > file.sequence && (v.partition.is_empty() || (v.spec == file.spec && v.partition == file.partition));
        let values: Vec<&Values> = self.values.iter().filter(applies).collect();
        (!positions.is_empty() || !values.is_empty()).then_some(Gone { positions, values })
    }
}

impl Gone<'_> {
    /// Ids of the columns that have to be read to tell.
    pub(super) fn ids(&self) -> impl Iterator<Item = i64> {
        self.values.iter().flat_map(|v| v.ids.iter().copied())
    }

    /// Which rows of a batch stay; `ids` names its columns, `first` is its first row's place in the file.
    pub(super) fn keep(&self, batch: &RecordBatch, ids: &[i64], first: u64) -> Result<Vec<bool>> {
        let places = |v: &Values| v.ids.iter().filter_map(|id| ids.iter().position(|i| i == id)).collect::<Vec<_>>();
        let told: Vec<(&Values, Vec<usize>)> = self.values.iter().map(|v| (*v, places(v))).collect();
        let stays = |row: usize| {
            if self.positions.contains(&(first + row as u64)) {
                return Ok(false);
            }
            for (values, places) in &told {
                if values.rows.contains(&key(&cells(batch, places, row)?)) {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        (0..batch.num_rows()).map(stays).collect()
    }
}
