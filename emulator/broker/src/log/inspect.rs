//! Whether the records of a batch that comes from outside are what its head says. They are gone through once, as a stream: what unpacks to much
//! takes little room, and whoever reads the log later can read all of it.
//!
//! The rules are those of Kafka's broker: offsets rise by one, lengths add up, and nothing is left over.

use super::{
    batch::{BatchError, HEADER_BYTES, Head},
    records::{THINGS_MAX, UNPACKED_MAX_BYTES, snappy},
};
use std::io::{BufRead, BufReader};

/// What was seen of a batch's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// One of them has no key.
    pub keyless: bool,
    /// The earliest of their own times, milliseconds.
    pub earliest_ms: i64,
}

/// Goes through the records of a whole batch.
pub fn inspect(batch: &[u8], head: &Head) -> Result<Seen, BatchError> {
    let packed = batch.get(HEADER_BYTES..head.bytes).ok_or(BatchError::Cut)?;
    match head.codec() {
        0 => Walk::over(packed).all(head),
        1 => Walk::over(BufReader::new(flate2::read::MultiGzDecoder::new(packed))).all(head),
        2 => Walk::over(&snappy(packed)?[..]).all(head),
        3 => Walk::over(BufReader::new(lz4_flex::frame::FrameDecoder::new(packed))).all(head),
        4 => {
            let unpacked = zstd::stream::read::Decoder::new(packed).map_err(|_| BatchError::Malformed)?;
            Walk::over(BufReader::new(unpacked)).all(head)
        }
        codec => Err(BatchError::Codec(codec)),
    }
}

struct Walk<R> {
    from: R,
    at: u64,
    /// Records and headers that there may yet be.
    things: usize,
}

impl<R: BufRead> Walk<std::io::Take<R>> {
    fn over(from: R) -> Self {
        Walk { from: from.take(UNPACKED_MAX_BYTES), at: 0, things: THINGS_MAX }
    }
}

impl<R: BufRead> Walk<R> {
    fn all(mut self, head: &Head) -> Result<Seen, BatchError> {
        let mut seen = Seen { keyless: false, earliest_ms: i64::MAX };
        for n in 0..head.count {
            self.record(head, n, &mut seen)?;
        }
        match self.rest()?.is_empty() {
            true => Ok(seen),
            false => Err(BatchError::Malformed),
        }
    }

    fn record(&mut self, head: &Head, n: i32, seen: &mut Seen) -> Result<(), BatchError> {
        self.count(1)?;
        let length = self.length()?;
        let end = self.at.checked_add(length).ok_or(BatchError::Malformed)?;
        self.skip(1)?;
        seen.earliest_ms = seen.earliest_ms.min(head.first_time.wrapping_add(self.varint()?));
        if self.varint()? != i64::from(n) {
            return Err(BatchError::Malformed);
        }
        seen.keyless |= !self.field()?;
        self.field()?;
        let headers = self.length()?;
        self.count(headers)?;
        for _ in 0..headers {
            if !self.field()? {
                return Err(BatchError::Malformed);
            }
            self.field()?;
        }
        if self.at == end { Ok(()) } else { Err(BatchError::Malformed) }
    }

    fn count(&mut self, more: u64) -> Result<(), BatchError> {
        let more = usize::try_from(more).map_err(|_| BatchError::TooMany)?;
        self.things = self.things.checked_sub(more).ok_or(BatchError::TooMany)?;
        Ok(())
    }

    fn rest(&mut self) -> Result<&[u8], BatchError> {
        self.from.fill_buf().map_err(|_| BatchError::Malformed)
    }

    fn skip(&mut self, mut by: u64) -> Result<(), BatchError> {
        while by > 0 {
            let here = (self.rest()?.len() as u64).min(by);
            if here == 0 {
                return Err(BatchError::Cut);
            }
            self.from.consume(here as usize);
            (self.at, by) = (self.at + here, by - here);
        }
        Ok(())
    }

    /// A length and what it says; false where it says that there is nothing.
    fn field(&mut self) -> Result<bool, BatchError> {
        let length = self.varint()?;
        self.skip(length.max(0) as u64)?;
        Ok(length >= 0)
    }

    fn length(&mut self) -> Result<u64, BatchError> {
        u64::try_from(self.varint()?).map_err(|_| BatchError::Malformed)
    }

    /// A signed number in zigzag, at most ten bytes.
    fn varint(&mut self) -> Result<i64, BatchError> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = *self.rest()?.first().ok_or(BatchError::Cut)?;
            self.from.consume(1);
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
    use super::*;
    use crate::log::{batch::Draft, encode::Plain, records::read};
    use std::io::Write;

    fn whole(records: usize) -> Vec<u8> {
        let record =
            |n| Plain { key: Some(b"k"), value: Some(b"value"), headers: vec![("h", Some(b"1")), ("none", None)], time_ms: 100 - n };
        Draft::default().of((0..records as i64).map(record))
    }

    /// The batch with its records under a codec.
    fn packed(batch: &[u8], codec: i16) -> Vec<u8> {
        let body = &batch[HEADER_BYTES..];
        let records = match codec {
            1 => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                out.write_all(body).unwrap();
                out.finish().unwrap()
            }
            2 => snap::raw::Encoder::new().compress_vec(body).unwrap(),
            3 => {
                let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
                out.write_all(body).unwrap();
                out.finish().unwrap()
            }
            4 => zstd::encode_all(body, 1).unwrap(),
            _ => body.to_vec(),
        };
        let head = Head::read(batch).unwrap();
        Draft { attributes: codec, records, ..Draft::default() }.finish(head.last_delta, head.count, head.first_time, head.latest_time)
    }

    fn looked(batch: &[u8]) -> Result<Seen, BatchError> {
        inspect(batch, &Head::read(batch).unwrap())
    }

    #[test]
    fn what_passes_can_be_read_under_each_codec() {
        let batch = whole(3);
        for codec in 0..5 {
            let batch = packed(&batch, codec);
            assert_eq!(looked(&batch), Ok(Seen { keyless: false, earliest_ms: 98 }), "codec {codec}");
            assert_eq!(read(&batch).unwrap().len(), 3, "codec {codec}");
        }
        assert_eq!(looked(&packed(&batch, 5)), Err(BatchError::Codec(5)));
        let keyless = Draft::default().of([Plain { value: Some(b"v"), ..Plain::default() }]);
        assert!(looked(&keyless).unwrap().keyless);
    }

    #[test]
    fn what_is_not_as_its_head_says_is_refused() {
        let batch = whole(3);
        let body = |records: &[u8], count: i32| {
            let draft = Draft { records: records.to_vec(), ..Draft::default() };
            looked(&draft.finish(count - 1, count, 100, 100))
        };
        let records = &batch[HEADER_BYTES..];
        assert!(body(records, 3).is_ok());
        for end in 0..records.len() {
            assert!(body(&records[..end], 3).is_err(), "{end} bytes");
        }
        assert_eq!(body(&[records, &[0]].concat(), 3), Err(BatchError::Malformed), "something is left over");
        assert_eq!(body(records, 2), Err(BatchError::Malformed), "a record is left over");
        let one = &records[..records.len() / 3];
        assert_eq!(body(&[one, one].concat(), 2), Err(BatchError::Malformed), "offsets rise");
    }

    #[test]
    fn what_unpacks_to_too_much_is_refused_without_taking_room() {
        // A record that claims three million headers of two bytes, in some kilobytes of gzip.
        let varint = |value: i64| {
            let mut out = Vec::new();
            let mut left = (value << 1) as u64;
            while left >= 0x80 {
                out.push(left as u8 | 0x80);
                left >>= 7;
            }
            out.push(left as u8);
            out
        };
        let (headers, bytes) = (varint(3_000_000), 6_000_000);
        let head = [varint(5 + headers.len() as i64 + bytes), vec![0, 0, 0, 1, 1], headers].concat();
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(&head).unwrap();
        out.write_all(&vec![0; bytes as usize]).unwrap();
        let many = Draft { attributes: 1, records: out.finish().unwrap(), ..Draft::default() }.finish(0, 1, 0, 0);
        assert!(many.len() < 64 << 10);
        assert_eq!((looked(&many), read(&many).err()), (Err(BatchError::TooMany), Some(BatchError::TooMany)));
    }
}
