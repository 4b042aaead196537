//! A query's rows as files: cut by the values of the partition columns and encoded on the engine's threads, piece by piece; what the encoders
//! hold counts against the query's memory.

use super::{encode::Encoder, insert, kinds::Kind};
use crate::engine::{QueryError, text};
use datafusion::{
    arrow::{
        array::{RecordBatch, UInt32Array},
        compute::take_record_batch,
        datatypes::SchemaRef,
    },
    execution::memory_pool::MemoryReservation,
};
use kit::Bytes;
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// Partitions that one statement may write: AWS's limit.
const MOST_PARTITIONS: usize = 100;
/// Bytes of a file that go on their way together.
const PIECE: usize = 1 << 20;
/// What the encoders of all files may keep before the largest has to let go.
const MOST_HELD: usize = 128 << 20;

/// What goes from the engine to the store.
pub(super) enum Piece {
    /// The files' columns, before anything else.
    Columns(SchemaRef),
    /// A file begins, with the values of its partition; the first is number 0.
    Open(Vec<String>),
    /// More of a file.
    Bytes(usize, Bytes),
    /// A file is whole.
    Close(usize),
    /// All files are, of so many rows.
    End(usize),
}

/// Files under way.
pub(in crate::engine) struct Files {
    kind: Kind,
    /// How many of the last columns are partition keys.
    keys: usize,
    fit: Option<insert::Columns>,
    open: BTreeMap<Vec<String>, File>,
    /// Files that have been told of.
    told: usize,
    rows: usize,
    out: mpsc::Sender<Piece>,
}

struct File {
    encoder: Encoder,
    /// Its number, once it has been told of.
    number: Option<usize>,
}

impl Files {
    pub(super) fn new(kind: Kind, keys: usize, fit: Option<insert::Columns>, out: mpsc::Sender<Piece>) -> Files {
        Files { kind, keys, fit, open: BTreeMap::new(), told: 0, rows: 0, out }
    }

    /// Tells of the columns; `false` where nobody listens any more, here and below.
    pub(in crate::engine) async fn columns(&mut self, schema: &SchemaRef) -> bool {
        let schema = self.fit.as_ref().map_or(schema, |fit| &fit.schema);
        self.out.send(Piece::Columns(schema.clone())).await.is_ok()
    }

    /// Takes rows in.
    pub(in crate::engine) async fn rows(&mut self, batch: &RecordBatch, held: &MemoryReservation) -> Result<bool, QueryError> {
        self.rows += batch.num_rows();
        let fitted = self.fit.as_ref().map(|fit| fit.fit(batch)).transpose().map_err(QueryError::named)?;
        self.spread(fitted.as_ref().unwrap_or(batch))?;
        self.bound(held)?;
        for values in self.open.iter().filter(|(_, f)| f.encoder.ready() >= PIECE).map(|(v, _)| v.clone()).collect::<Vec<_>>() {
            if !self.send(&values).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Ends all files.
    pub(in crate::engine) async fn finish(mut self) -> Result<bool, QueryError> {
        for values in self.open.keys().cloned().collect::<Vec<_>>() {
            if !self.send(&values).await {
                return Ok(false);
            }
            let Some(File { encoder, number: Some(number) }) = self.open.remove(&values) else { continue };
            let last = encoder.finish()?;
            if self.out.send(Piece::Bytes(number, last.into())).await.is_err() || self.out.send(Piece::Close(number)).await.is_err() {
                return Ok(false);
            }
        }
        Ok(self.out.send(Piece::End(self.rows)).await.is_ok())
    }

    /// Hands on what a file has let go of.
    async fn send(&mut self, values: &[String]) -> bool {
        let Some(file) = self.open.get_mut(values) else { return true };
        let number = match file.number {
            Some(number) => number,
            None => {
                if self.out.send(Piece::Open(values.to_vec())).await.is_err() {
                    return false;
                }
                self.told += 1;
                *file.number.insert(self.told - 1)
            }
        };
        self.out.send(Piece::Bytes(number, file.encoder.take().into())).await.is_ok()
    }

    /// The rows of each partition to its file, without the columns that its place tells.
    fn spread(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let own = batch.num_columns() - self.keys;
        let (rows_own, rows_keys): (Vec<usize>, Vec<usize>) = ((0..own).collect(), (own..batch.num_columns()).collect());
        let kept = batch.project(&rows_own).map_err(QueryError::internal)?;
        if self.keys == 0 {
            return if kept.num_rows() == 0 { Ok(()) } else { self.file(Vec::new(), &kept)?.rows(kept) };
        }
        let texts = text::columns(&batch.project(&rows_keys).map_err(QueryError::internal)?).map_err(QueryError::internal)?;
        let mut places: BTreeMap<Vec<String>, Vec<u32>> = BTreeMap::new();
        for row in 0..batch.num_rows() {
            let value = |c: &Vec<Option<String>>| c[row].clone().unwrap_or_else(|| "__HIVE_DEFAULT_PARTITION__".into());
            places.entry(texts.iter().map(value).collect()).or_default().push(row as u32);
        }
        for (values, rows) in places {
            let rows = take_record_batch(&kept, &UInt32Array::from(rows)).map_err(QueryError::internal)?;
            self.file(values, &kept)?.rows(rows)?;
        }
        Ok(())
    }

    fn file(&mut self, values: Vec<String>, like: &RecordBatch) -> Result<&mut Encoder, QueryError> {
        if !self.open.contains_key(&values) && self.open.len() == MOST_PARTITIONS {
            return Err(QueryError::user(
                1000,
                format!("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"),
            ));
        }
        Ok(&mut match self.open.entry(values) {
            std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(File { encoder: Encoder::new(&self.kind, &like.schema())?, number: None })
            }
        }
        .encoder)
    }

    /// Lets the largest files go until all together keep little enough, and counts what is left.
    fn bound(&mut self, held: &MemoryReservation) -> Result<(), QueryError> {
        let mut all: Vec<(usize, &mut Encoder)> = self.open.values_mut().map(|f| (f.encoder.held(), &mut f.encoder)).collect();
        let mut sum: usize = all.iter().map(|(size, _)| size).sum();
        if sum > MOST_HELD {
            all.sort_unstable_by_key(|(size, _)| std::cmp::Reverse(*size));
            for (size, encoder) in all {
                if sum <= MOST_HELD / 2 {
                    break;
                }
                encoder.let_go()?;
                sum = sum - size + encoder.held();
            }
        }
        held.try_resize(sum).map_err(|e| QueryError::from_engine(e, ""))
    }
}
