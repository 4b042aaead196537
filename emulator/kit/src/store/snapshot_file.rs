//! A whole state in one file: what `save` writes and `load` reads.
//!
//! A file is a header and frames, each `kind u8, length u32, crc32 u32, payload` (big-endian): rows (`key length u32, value length
//! u32, key, value` again and again), parts of blobs (`id u64, bytes`; a blob's parts follow one another), and one end with the
//! totals. The layout is the same for every engine, so a state moves between them.

use super::{
    BlobReader, StoreError,
    blobs::{self, BlobStore},
    disk::{Disk, folder_of},
    engine::KeyRange,
    state::{Reading, State},
};
use std::{
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
};

const MAGIC: &[u8; 8] = b"WTSTATE\0";
const VERSION: u32 = 1;
const ROWS: u8 = 1;
const BLOB: u8 = 2;
const END: u8 = 3;
const ROWS_BYTES: usize = 256 << 10;
const BLOB_BYTES: usize = 1 << 20;
/// No frame that this build writes is longer, save for one huge row.
const FRAME_MAX_BYTES: usize = 1 << 30;

#[derive(Default, PartialEq, Eq, Debug)]
struct Totals {
    rows: u64,
    blobs: u64,
    blob_bytes: u64,
}

/// Writes the state that a reader sees.
pub(super) fn save(reading: &Reading, to: &Path) -> Result<(), StoreError> {
    let temporary = to.with_extension("tmp");
    let file = File::create(&temporary).map_err(|e| StoreError::io("making", &temporary, e))?;
    let mut out = Writer { out: BufWriter::with_capacity(1 << 20, file), path: &temporary };
    let written = out.state(reading.state()).and_then(|()| out.end());
    if let Err(error) = written {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    let disk = Disk::default();
    disk.rename(&temporary, to)?;
    disk.sync_folder(folder_of(to))
}

struct Writer<'a> {
    out: BufWriter<File>,
    path: &'a Path,
}

impl Writer<'_> {
    fn state(&mut self, state: &State) -> Result<(), StoreError> {
        self.raw(MAGIC)?;
        self.raw(&VERSION.to_be_bytes())?;
        let mut totals = Totals::default();
        let blobs = self.rows(state, &mut totals)?;
        for id in blobs {
            let reader = state.blobs.open(&*state.engine, id)?;
            totals.blobs += 1;
            totals.blob_bytes += self.blob(id, &reader)?;
        }
        let end: Vec<u8> = [totals.rows, totals.blobs, totals.blob_bytes].iter().flat_map(|n| n.to_be_bytes()).collect();
        self.frame(END, &end)
    }

    /// Writes the rows of one view and answers which blobs it knows beside them.
    fn rows(&mut self, state: &State, totals: &mut Totals) -> Result<Vec<u64>, StoreError> {
        let view = state.engine.snapshot();
        let (mut frame, mut ids) = (Vec::with_capacity(ROWS_BYTES + 4096), Vec::new());
        for pair in view.range(&KeyRange::all(), false) {
            let (key, value) = pair?;
            if let Some(id) = key.strip_prefix(BlobStore::ROWS)
                && BlobStore::is_elsewhere(&value)?
            {
                let id = id.try_into().map_err(|_| StoreError::Corrupt("a blob's row has no id".into()))?;
                ids.push(u64::from_be_bytes(id));
            }
            frame.extend_from_slice(&(key.len() as u32).to_be_bytes());
            frame.extend_from_slice(&(value.len() as u32).to_be_bytes());
            frame.extend_from_slice(&key);
            frame.extend_from_slice(&value);
            totals.rows += 1;
            if frame.len() >= ROWS_BYTES {
                self.frame(ROWS, &frame)?;
                frame.clear();
            }
        }
        self.frame(ROWS, &frame)?;
        Ok(ids)
    }

    fn blob(&mut self, id: u64, reader: &BlobReader) -> Result<u64, StoreError> {
        let mut offset = 0;
        loop {
            let part = reader.read_at(offset, BLOB_BYTES).map_err(|e| StoreError::Engine(e.message))?;
            if offset == 0 || !part.is_empty() {
                self.frame(BLOB, &[&id.to_be_bytes(), &part[..]].concat())?;
            }
            offset += part.len() as u64;
            if part.len() < BLOB_BYTES {
                return Ok(offset);
            }
        }
    }

    fn frame(&mut self, kind: u8, payload: &[u8]) -> Result<(), StoreError> {
        self.raw(&[kind])?;
        self.raw(&(payload.len() as u32).to_be_bytes())?;
        self.raw(&crc32(payload).to_be_bytes())?;
        self.raw(payload)
    }
    fn raw(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.out.write_all(bytes).map_err(|e| StoreError::io("writing", self.path, e))
    }
    fn end(&mut self) -> Result<(), StoreError> {
        self.out.flush().and_then(|()| self.out.get_ref().sync_all()).map_err(|e| StoreError::io("writing", self.path, e))
    }
}

/// Fills an empty state from a file. On error the state is to be thrown away.
pub(super) fn load(from: &Path, into: &State) -> Result<(), StoreError> {
    let file = File::open(from).map_err(|e| StoreError::io("opening", from, e))?;
    let mut input = Reader { input: BufReader::with_capacity(1 << 20, file), path: from };
    input.header()?;
    let (mut totals, mut sink) = (Totals::default(), None::<(u64, blobs::Sink)>);
    let promised = loop {
        let (kind, payload) = input.frame()?;
        if kind != BLOB
            && let Some((_, sink)) = sink.take()
        {
            sink.finish()?;
        }
        match kind {
            ROWS => totals.rows += apply_rows(&payload, into)?,
            BLOB => {
                let (id, part) = payload.split_first_chunk().ok_or_else(|| input.damaged("a blob without an id"))?;
                let id = u64::from_be_bytes(*id);
                if sink.as_ref().is_none_or(|(open, _)| *open != id) {
                    if let Some((_, sink)) = sink.take() {
                        sink.finish()?;
                    }
                    totals.blobs += 1;
                    sink = Some((id, into.blobs.import(id)));
                }
                totals.blob_bytes += part.len() as u64;
                sink.as_mut().map_or(Ok(()), |(_, sink)| sink.write(part))?;
            }
            END => break input.totals(&payload)?,
            other => return Err(StoreError::Version(format!("{} has a frame of kind {other}", from.display()))),
        }
    };
    if promised != totals || blobs::elsewhere(&*into.engine)?.len() as u64 != totals.blobs {
        return Err(input.damaged("what it holds is not what its end says"));
    }
    input.nothing_more()
}

fn apply_rows(mut payload: &[u8], into: &State) -> Result<u64, StoreError> {
    let mut batch = Vec::new();
    while !payload.is_empty() {
        let row = (|| {
            let (key_len, rest) = payload.split_first_chunk::<4>()?;
            let (value_len, rest) = rest.split_first_chunk::<4>()?;
            let (key, rest) = rest.split_at_checked(u32::from_be_bytes(*key_len) as usize)?;
            let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*value_len) as usize)?;
            Some((key, value, rest))
        })();
        let (key, value, rest) = row.ok_or_else(|| StoreError::Corrupt("a row of a state file is cut off".into()))?;
        batch.push((key.to_vec(), Some(value.to_vec())));
        payload = rest;
    }
    let rows = batch.len() as u64;
    into.engine.apply(batch)?;
    Ok(rows)
}

struct Reader<'a> {
    input: BufReader<File>,
    path: &'a Path,
}

impl Reader<'_> {
    fn header(&mut self) -> Result<(), StoreError> {
        if self.take::<8>()? != *MAGIC {
            return Err(self.damaged("not a saved state"));
        }
        match u32::from_be_bytes(self.take()?) {
            VERSION => Ok(()),
            other => Err(StoreError::Version(format!("{} is of version {other}, this build reads {VERSION}", self.path.display()))),
        }
    }
    fn frame(&mut self) -> Result<(u8, Vec<u8>), StoreError> {
        let [kind] = self.take()?;
        let len = u32::from_be_bytes(self.take()?) as usize;
        let sum = u32::from_be_bytes(self.take()?);
        if len > FRAME_MAX_BYTES {
            return Err(self.damaged("a frame is longer than any"));
        }
        let mut payload = Vec::new();
        let read = (&mut self.input).take(len as u64).read_to_end(&mut payload);
        read.map_err(|e| StoreError::io("reading", self.path, e))?;
        match payload.len() == len && crc32(&payload) == sum {
            true => Ok((kind, payload)),
            false => Err(self.damaged("a frame is not what was written")),
        }
    }
    fn totals(&self, payload: &[u8]) -> Result<Totals, StoreError> {
        let numbers: Vec<u64> = payload.as_chunks::<8>().0.iter().map(|n| u64::from_be_bytes(*n)).collect();
        match numbers[..] {
            [rows, blobs, blob_bytes] => Ok(Totals { rows, blobs, blob_bytes }),
            _ => Err(self.damaged("its end")),
        }
    }
    fn nothing_more(&mut self) -> Result<(), StoreError> {
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("something follows its end")),
            Err(e) => Err(StoreError::io("reading", self.path, e)),
        }
    }
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged("it is cut off"),
            _ => StoreError::io("reading", self.path, e),
        })?;
        Ok(bytes)
    }
    fn damaged(&self, what: &str) -> StoreError {
        StoreError::Corrupt(format!("{}: {what}", self.path.display()))
    }
}

/// CRC-32 as zip and Ethernet have it, eight bytes at a time.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLES: [[u32; 256]; 8] = tables();
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut crc = !0u32;
    for chunk in chunks {
        let low = crc ^ u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        let parts = low.to_le_bytes();
        crc = (0..4).fold(0, |sum, i| sum ^ TABLES[7 - i][parts[i] as usize] ^ TABLES[3 - i][chunk[4 + i] as usize]);
    }
    !rest.iter().fold(crc, |crc, byte| (crc >> 8) ^ TABLES[0][((crc as u8) ^ byte) as usize])
}

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0u32; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let (mut value, mut bit) = (i as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
            bit += 1;
        }
        tables[0][i] = value;
        i += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut i = 0;
        while i < 256 {
            let before = tables[table - 1][i];
            tables[table][i] = (before >> 8) ^ tables[0][(before & 0xFF) as usize];
            i += 1;
        }
        table += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    #[test]
    fn crc32_is_the_usual_one() {
        assert_eq!(super::crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(super::crc32(b"The quick brown fox jumps over the lazy dog"), 0x414F_A339);
        assert_eq!(super::crc32(b""), 0);
    }
}
