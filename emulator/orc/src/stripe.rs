//! A stripe: its footer says which streams it has; those of the columns asked for are fetched and read batch by batch.

use crate::{
    Error, Result, Stripe, Tail,
    batch::Slots,
    chunks::Stream,
    columns::Column,
    proto::{Value, fields},
    zones::Clock,
};
use std::{collections::HashMap, ops::Range};

/// Streams closer to each other than this are fetched together, bytes.
const GAP: u64 = 4 << 10;

impl Stripe {
    /// Where the stripe's footer lies in the file.
    pub fn footer(&self) -> Range<u64> {
        let from = self.offset + self.index + self.data;
        from..from + self.footer
    }

    /// What has to be fetched to read columns, each named by the id of its type.
    pub fn open(&self, tail: &Tail, footer: &[u8], columns: &[usize]) -> Result<Open> {
        let mut wanted = vec![false; tail.types.len()];
        columns.iter().for_each(|id| mark(tail, *id, &mut wanted));
        let mut open = Open {
            rows: self.rows,
            columns: columns.to_vec(),
            encodings: Vec::new(),
            streams: Vec::new(),
            ranges: Vec::new(),
            zone: String::new(),
        };
        let mut at = self.offset;
        let end = self.offset + self.index + self.data;
        fields(&tail.compression.whole(footer)?, |field, value| {
            match (field, value) {
                (1, Value::Bytes(bytes)) => {
                    let (kind, column, length) = stream(bytes)?;
                    let range =
                        at..at.checked_add(length).filter(|e| *e <= end).ok_or(Error::Broken("a stream lies outside of its stripe"))?;
                    at = range.end;
                    // What is above 5 are indexes.
                    if wanted.get(column).copied().unwrap_or(false) && kind <= 5 {
                        open.streams.push(((column, kind), range));
                    }
                }
                (2, Value::Bytes(bytes)) => open.encodings.push(encoding(bytes)?),
                (3, Value::Bytes(bytes)) => open.zone = String::from_utf8_lossy(bytes).into_owned(),
                (4 | 5, _) => return Err(Error::Unsupported("encryption".into())),
                _ => {}
            }
            Ok(())
        })?;
        open.gather();
        Ok(open)
    }
}

fn mark(tail: &Tail, id: usize, wanted: &mut [bool]) {
    if let Some(seen) = wanted.get_mut(id).filter(|seen| !**seen) {
        *seen = true;
        tail.types[id].inside.iter().for_each(|inside| mark(tail, *inside, wanted));
    }
}

fn stream(bytes: &[u8]) -> Result<(u64, usize, u64)> {
    let (mut kind, mut column, mut length) = (0, 0, 0);
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Value::Number(n)) => kind = n,
            (2, Value::Number(n)) => column = usize::try_from(n).unwrap_or(usize::MAX),
            (3, Value::Number(n)) => length = n,
            _ => {}
        }
        Ok(())
    })?;
    Ok((kind, column, length))
}

fn encoding(bytes: &[u8]) -> Result<Encoding> {
    let mut made = Encoding::default();
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Value::Number(n)) if n > 3 => return Err(Error::Broken("an encoding is unknown")),
            (1, Value::Number(n)) => (made.dictionary, made.second) = (n & 1 == 1, n >= 2),
            (2, Value::Number(n)) => made.words = n,
            _ => {}
        }
        Ok(())
    })?;
    Ok(made)
}

/// How a column is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Encoding {
    pub dictionary: bool,
    /// Whole numbers in the second version of their runs.
    pub second: bool,
    /// Of the dictionary.
    pub words: u64,
}

/// A stripe of which is known what to fetch.
pub struct Open {
    rows: u64,
    columns: Vec<usize>,
    encodings: Vec<Encoding>,
    streams: Vec<((usize, u64), Range<u64>)>,
    ranges: Vec<Range<u64>>,
    zone: String,
}

impl Open {
    /// The ranges of the file to be fetched, in order.
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.ranges
    }

    fn gather(&mut self) {
        for (_, range) in &self.streams {
            match self.ranges.last_mut().filter(|last| range.start - last.end <= GAP) {
                Some(last) => last.end = range.end,
                None => self.ranges.push(range.clone()),
            }
        }
    }

    /// Begins to read, with the bytes of each range. A batch may hold `most_items` items of lists and maps in a column.
    pub fn reader(self, tail: &Tail, fetched: &[impl AsRef<[u8]>], most_items: usize) -> Result<Reader> {
        let mut streams = Streams { found: HashMap::new(), encodings: self.encodings, zone: self.zone, most_items };
        for ((column, kind), range) in self.streams {
            let place = self.ranges.iter().position(|r| r.start <= range.start && range.end <= r.end);
            let bytes = place.and_then(|i| {
                let from = usize::try_from(range.start - self.ranges[i].start).ok()?;
                fetched.get(i)?.as_ref().get(from..from + usize::try_from(range.end - range.start).ok()?)
            });
            let bytes = bytes.ok_or(Error::Broken("a stream is not there"))?;
            streams.found.insert((column, kind), Stream::new(bytes.to_vec(), tail.compression));
        }
        let columns = self.columns.iter().map(|id| Column::new(tail, *id, &mut streams)).collect::<Result<_>>()?;
        Ok(Reader { columns, left: self.rows })
    }
}

/// The streams of a stripe, each taken by the column that reads it.
pub(crate) struct Streams {
    found: HashMap<(usize, u64), Stream>,
    encodings: Vec<Encoding>,
    zone: String,
    pub most_items: usize,
}

impl Streams {
    pub(crate) fn take(&mut self, column: usize, kind: u64) -> Option<Stream> {
        self.found.remove(&(column, kind))
    }
    /// A stream that may be left out where nothing stands in it.
    pub(crate) fn need(&mut self, tail: &Tail, column: usize, kind: u64) -> Stream {
        self.take(column, kind).unwrap_or_else(|| Stream::new(Vec::new(), tail.compression))
    }
    pub(crate) fn encoding(&self, column: usize) -> Result<Encoding> {
        self.encodings.get(column).copied().ok_or(Error::Broken("a column has no encoding"))
    }
    pub(crate) fn clock(&self) -> Result<Clock> {
        Clock::of(&self.zone)
    }
}

/// The columns of a stripe, read from its start to its end.
pub struct Reader {
    columns: Vec<Column>,
    left: u64,
}

impl Reader {
    /// The next rows, at most so many, one entry for each column; `None` at the stripe's end.
    pub fn batch(&mut self, most: usize) -> Result<Option<(usize, Vec<Slots>)>> {
        let rows = usize::try_from(self.left).unwrap_or(usize::MAX).min(most);
        if rows == 0 {
            return Ok(None);
        }
        self.left -= rows as u64;
        let columns = self.columns.iter_mut().map(|c| c.read(rows, None)).collect::<Result<_>>()?;
        Ok(Some((rows, columns)))
    }
}
