//! The records inside a batch: unpacked by the batch's codec and read one by one. For compaction, offsets by time, and whoever reads values.
//!
//! Everything here comes from outside: lengths are checked against what is there, and unpacking stops at a limit.

use super::batch::{BatchError, HEADER_BYTES, Head};
use bytes::Bytes;
use std::io::Read;

/// Most bytes that a batch may unpack to.
pub(super) const UNPACKED_MAX_BYTES: u64 = 256 << 20;
/// Most records and headers of a batch: each takes far more room than the two bytes that it may be packed to.
pub(super) const THINGS_MAX: usize = 1 << 20;
/// Snappy's best element is a copy of 64 bytes said in three.
const SNAPPY_MOST_RATIO: usize = 22;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Milliseconds.
    pub time: i64,
    /// When the log took it, milliseconds, as far as the reader knows; else its time.
    pub appended: i64,
    /// The time is that of the log and not of the producer.
    pub log_time: bool,
    /// Key; absent and empty differ.
    pub key: Option<Bytes>,
    /// Value; absent is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order; names may come twice.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// The record as it stands in the unpacked batch, with its length.
    pub raw: Bytes,
}

/// The records of a whole batch, in order. A control batch's record is read like any other.
pub fn read(batch: &[u8]) -> Result<Vec<Record>, BatchError> {
    let head = Head::read(batch)?;
    let packed = batch.get(HEADER_BYTES..head.bytes).ok_or(BatchError::Cut)?;
    let body = unpack(head.codec(), packed)?;
    let mut cursor = Cursor { bytes: body, at: 0, things: THINGS_MAX };
    // The count comes from outside: room is made as records are read.
    let mut records = Vec::new();
    for _ in 0..head.count {
        records.push(cursor.record(&head)?);
    }
    Ok(records)
}

fn unpack(codec: i16, packed: &[u8]) -> Result<Bytes, BatchError> {
    fn all(from: impl Read) -> Result<Bytes, BatchError> {
        let mut out = Vec::new();
        let read = from.take(UNPACKED_MAX_BYTES + 1).read_to_end(&mut out).map_err(|_| BatchError::Malformed)?;
        match read as u64 > UNPACKED_MAX_BYTES {
            true => Err(BatchError::Malformed),
            false => Ok(out.into()),
        }
    }
    match codec {
        0 => Ok(Bytes::copy_from_slice(packed)),
        1 => all(flate2::read::MultiGzDecoder::new(packed)),
        2 => snappy(packed),
        3 => all(lz4_flex::frame::FrameDecoder::new(packed)),
        4 => all(zstd::stream::read::Decoder::new(packed).map_err(|_| BatchError::Malformed)?),
        codec => Err(BatchError::Codec(codec)),
    }
}

/// Java clients wrap snappy's blocks in a framing of their own (magic, two versions, then length and block); librdkafka writes one bare block.
pub(super) fn snappy(packed: &[u8]) -> Result<Bytes, BatchError> {
    const MAGIC: &[u8] = b"\x82SNAPPY\0";
    let block = |block: &[u8]| -> Result<Vec<u8>, BatchError> {
        let length = snap::raw::decompress_len(block).map_err(|_| BatchError::Malformed)?;
        // The length is made room for before a byte is read, so what no block of this size can hold is refused first.
        if length as u64 > UNPACKED_MAX_BYTES || length / SNAPPY_MOST_RATIO > block.len() {
            return Err(BatchError::Malformed);
        }
        snap::raw::Decoder::new().decompress_vec(block).map_err(|_| BatchError::Malformed)
    };
    let Some(mut rest) = packed.strip_prefix(MAGIC).and_then(|rest| rest.get(8..)) else {
        return block(packed).map(Bytes::from);
    };
    let mut out = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let this = after.get(..length).ok_or(BatchError::Cut)?;
        out.extend(block(this)?);
        if out.len() as u64 > UNPACKED_MAX_BYTES {
            return Err(BatchError::Malformed);
        }
        rest = &after[length..];
    }
    Ok(out.into())
}

struct Cursor {
    bytes: Bytes,
    at: usize,
    /// Records and headers that there may yet be.
    things: usize,
}

impl Cursor {
    fn record(&mut self, head: &Head) -> Result<Record, BatchError> {
        let start = self.at;
        self.count(1)?;
        let length = self.length()?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or(BatchError::Cut)?;
        self.skip(1)?;
        let time = head.first_time.wrapping_add(self.varint()?);
        let offset = head.base.wrapping_add(self.varint()?);
        let (key, value) = (self.field()?, self.field()?);
        let mut headers = Vec::new();
        let many = self.length()?;
        self.count(many)?;
        for _ in 0..many {
            headers.push((self.field()?.ok_or(BatchError::Malformed)?, self.field()?));
        }
        if self.at != end {
            return Err(BatchError::Malformed);
        }
        let log_time = head.attributes & 0x08 != 0;
        let time = if log_time { head.latest_time } else { time };
        Ok(Record { offset, time, appended: time, log_time, key, value, headers, raw: self.bytes.slice(start..end) })
    }
    fn count(&mut self, more: usize) -> Result<(), BatchError> {
        self.things = self.things.checked_sub(more).ok_or(BatchError::TooMany)?;
        Ok(())
    }
    fn skip(&mut self, by: usize) -> Result<(), BatchError> {
        self.at = self.at.checked_add(by).filter(|at| *at <= self.bytes.len()).ok_or(BatchError::Cut)?;
        Ok(())
    }
    fn length(&mut self) -> Result<usize, BatchError> {
        usize::try_from(self.varint()?).map_err(|_| BatchError::Malformed)
    }
    fn field(&mut self) -> Result<Option<Bytes>, BatchError> {
        let length = self.varint()?;
        if length < 0 {
            return Ok(None);
        }
        let from = self.at;
        self.skip(usize::try_from(length).map_err(|_| BatchError::Malformed)?)?;
        Ok(Some(self.bytes.slice(from..self.at)))
    }
    /// A signed number in zigzag, at most ten bytes.
    fn varint(&mut self) -> Result<i64, BatchError> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(BatchError::Cut)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(BatchError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::batch::marker, *};

    #[test]
    fn the_record_of_a_marker_says_commit() {
        let records = read(&marker(true, 1, 0, 500)).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].key.as_deref(), Some(&[0, 0, 0, 1][..]));
        assert_eq!((records[0].time, records[0].headers.len()), (500, 0));
    }

    #[test]
    fn a_count_that_lies_is_refused() {
        let mut batch = marker(true, 1, 0, 500);
        batch[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
        assert_eq!(read(&batch), Err(BatchError::Cut));
    }
}
