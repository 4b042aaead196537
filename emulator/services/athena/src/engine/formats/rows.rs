//! Rows of texts as batches: lines off a stream, so many rows at a time, and what is held of them counted against the query's memory.

use super::{batch, packed::Unpacked};
use crate::engine::trino::val::Val;
use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    error::DataFusionError,
    execution::memory_pool::MemoryReservation,
};
use std::io::{self, BufRead, BufReader, Read};

/// Rows of a batch at most.
pub(super) const BATCH_ROWS: usize = 8192;
/// Bytes of text after which a batch is full.
pub(super) const BATCH_BYTES: usize = 8 << 20;
/// Bytes of a line that are read before their memory is asked for.
const STEP: u64 = 1 << 20;
/// What the values made of a text take up, in lengths of the text: the field, the value, the column.
const COPIES: usize = 3;

/// Why no more rows come.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// A sentence about the object.
    Said(String),
    /// The query's own end: no memory, a refusal, its limit.
    Ended(DataFusionError),
}

impl From<String> for Wrong {
    fn from(text: String) -> Wrong {
        Wrong::Said(text)
    }
}
impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Wrong {
        match error.downcast::<DataFusionError>() {
            Ok(ended) => Wrong::Ended(ended),
            Err(error) => Wrong::Said(format!("HIVE_CURSOR_ERROR: {error}")),
        }
    }
}

/// A table's objects as rows: the values of the wanted columns of the next record; `None` at the end.
pub(super) trait Records: Send {
    fn next(&mut self, lines: &mut Lines) -> Result<Option<Vec<Val>>, Wrong>;
}

/// Lines of a stream, and the memory that they take.
pub(super) struct Lines {
    input: BufReader<Unpacked>,
    held: MemoryReservation,
    /// Bytes that are held whatever the lines are.
    always: usize,
    /// Bytes of the texts of the batch that is being made.
    texts: usize,
}

impl Lines {
    pub(super) fn new(input: Unpacked, held: MemoryReservation, always: usize) -> Lines {
        Lines { input: BufReader::with_capacity(64 << 10, input), held, always, texts: 0 }
    }

    /// Puts the next line behind what `line` holds, its end with it; `false` at the stream's end.
    pub(super) fn more(&mut self, line: &mut Vec<u8>) -> Result<bool, Wrong> {
        let from = line.len();
        loop {
            let count = (&mut self.input).take(STEP).read_until(b'\n', line)?;
            self.texts += count;
            let held = self.always + line.capacity() + COPIES * self.texts;
            if held > self.held.size() {
                self.held.try_resize(held).map_err(Wrong::Ended)?;
            }
            if count == 0 || line.ends_with(b"\n") {
                return Ok(line.len() > from);
            }
        }
    }

    /// The next line without its end, or `None`.
    pub(super) fn next<'l>(&mut self, line: &'l mut Vec<u8>) -> Result<Option<&'l [u8]>, Wrong> {
        line.clear();
        if !self.more(line)? {
            return Ok(None);
        }
        let whole = line.strip_suffix(b"\n").unwrap_or(line);
        Ok(Some(whole.strip_suffix(b"\r").unwrap_or(whole)))
    }
}

/// The batches of a stream of records.
pub(super) struct Batches {
    pub lines: Lines,
    pub records: Box<dyn Records>,
    pub schema: SchemaRef,
    pub done: bool,
}

impl Batches {
    fn fill(&mut self) -> Result<Option<RecordBatch>, Wrong> {
        let mut made: Vec<Vec<Val>> = vec![Vec::new(); self.schema.fields().len()];
        let mut rows = 0;
        self.lines.texts = 0;
        while rows < BATCH_ROWS && self.lines.texts < BATCH_BYTES {
            let Some(row) = self.records.next(&mut self.lines)? else {
                self.done = true;
                break;
            };
            made.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            rows += 1;
        }
        if rows == 0 { Ok(None) } else { Ok(Some(batch(made, rows, &self.schema)?)) }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let made = self.fill();
        self.done |= made.is_err();
        made.transpose()
    }
}
