//! ORC: the types stand in the footer, a protocol buffer behind the stripes.

use super::{
    Form, Found, Sample,
    compression::Compression,
    kinds::{Column, Kind},
};
use std::io::Read;

/// Footers that decompress to more are refused.
const MOST_BYTES: u64 = 64 << 20;
const DEEPEST: usize = 64;

/// Bytes from the end that have to be read for the footer, or `None` where this is no ORC file.
pub(crate) fn footer_length(tail: &[u8]) -> Option<usize> {
    let script = Script::read(tail)?;
    usize::try_from(script.footer).ok()?.checked_add(script.length + 1)
}

/// Reads the footer.
pub(crate) fn read(sample: &Sample<'_>) -> Option<Found> {
    if !sample.head.starts_with(b"ORC") {
        return None;
    }
    let script = Script::read(sample.tail)?;
    let end = sample.tail.len() - 1 - script.length;
    let packed = sample.tail.get(end.checked_sub(usize::try_from(script.footer).ok()?)?..end)?;
    let footer = unpack(packed, script.compression)?;
    let (mut types, mut records) = (Vec::new(), 0);
    for (number, value) in Fields(&footer) {
        match (number, value) {
            (4, Value::Bytes(bytes)) => types.push(Type::read(bytes)?),
            (6, Value::Number(rows)) => records = rows,
            _ => {}
        }
    }
    let Kind::Struct(columns) = kind(&types, 0, 0)? else { return None };
    Some(Found { classification: "orc".into(), columns, form: Form::Orc, records, bytes: None, compression: Compression::None })
}

/// What stands at the very end.
struct Script {
    footer: u64,
    compression: u64,
    length: usize,
}

impl Script {
    fn read(tail: &[u8]) -> Option<Script> {
        let (length, before) = tail.split_last()?;
        let length = usize::from(*length);
        let bytes = before.get(before.len().checked_sub(length)?..)?;
        let (mut footer, mut compression, mut magic) = (0, 0, false);
        for (number, value) in Fields(bytes) {
            match (number, value) {
                (1, Value::Number(n)) => footer = n,
                (2, Value::Number(n)) => compression = n,
                (8000, Value::Bytes(text)) => magic = text == b"ORC",
                _ => {}
            }
        }
        magic.then_some(Script { footer, compression, length })
    }
}

/// Puts the chunks of a compressed stream together: three bytes of length and a bit for those that are as they are.
fn unpack(packed: &[u8], compression: u64) -> Option<Vec<u8>> {
    if compression == 0 {
        return Some(packed.to_vec());
    }
    let (mut out, mut rest) = (Vec::new(), packed);
    while let Some((header, after)) = rest.split_at_checked(3) {
        let header = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let (chunk, after) = after.split_at_checked(header as usize >> 1)?;
        rest = after;
        if header & 1 == 1 {
            out.extend_from_slice(chunk);
            continue;
        }
        let left = MOST_BYTES - out.len() as u64;
        match compression {
            1 => flate2::read::DeflateDecoder::new(chunk).take(left).read_to_end(&mut out).map(drop).ok()?,
            5 => zstd::stream::read::Decoder::new(chunk).ok()?.take(left).read_to_end(&mut out).map(drop).ok()?,
            // Snappy, LZO and LZ4 tell the length first; hostile ones are bounded by the chunk.
            2 => out.extend(
                snap::raw::decompress_len(chunk)
                    .ok()
                    .filter(|n| *n as u64 <= left)
                    .and_then(|_| snap::raw::Decoder::new().decompress_vec(chunk).ok())?,
            ),
            _ => return None,
        }
        if out.len() as u64 >= MOST_BYTES {
            return None;
        }
    }
    Some(out)
}

#[derive(Default)]
struct Type {
    kind: u64,
    subtypes: Vec<u64>,
    names: Vec<String>,
    precision: u64,
    scale: u64,
}

impl Type {
    fn read(bytes: &[u8]) -> Option<Type> {
        let mut made = Type::default();
        for (number, value) in Fields(bytes) {
            match (number, value) {
                (1, Value::Number(n)) => made.kind = n,
                (2, Value::Number(n)) => made.subtypes.push(n),
                (2, Value::Bytes(mut packed)) => {
                    while !packed.is_empty() {
                        made.subtypes.push(number_of(&mut packed)?);
                    }
                }
                (3, Value::Bytes(name)) => made.names.push(String::from_utf8(name.to_vec()).ok()?),
                (5, Value::Number(n)) => made.precision = n,
                (6, Value::Number(n)) => made.scale = n,
                _ => {}
            }
        }
        Some(made)
    }
}

fn kind(types: &[Type], at: usize, depth: usize) -> Option<Kind> {
    let this = types.get(at).filter(|_| depth < DEEPEST)?;
    let sub = |n: usize| kind(types, usize::try_from(*this.subtypes.get(n)?).ok()?, depth + 1);
    Some(match this.kind {
        0 => Kind::Boolean,
        1 => Kind::TinyInt,
        2 => Kind::SmallInt,
        3 => Kind::Int,
        4 => Kind::BigInt,
        5 => Kind::Float,
        6 => Kind::Double,
        7 | 16 | 17 => Kind::String,
        8 => Kind::Binary,
        9 | 18 => Kind::Timestamp,
        10 => Kind::Array(Box::new(sub(0)?)),
        11 => Kind::Map(Box::new(sub(0)?), Box::new(sub(1)?)),
        12 => {
            let fields = this.names.iter().enumerate().map(|(n, name)| Some(Column::new(name.clone(), sub(n)?)));
            Kind::Struct(fields.collect::<Option<_>>()?)
        }
        14 => Kind::Decimal(this.precision.clamp(1, 38) as u8, this.scale.min(38) as u8),
        15 => Kind::Date,
        _ => return None,
    })
}

/// The fields of a protocol buffer, as far as they can be read.
struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);
    fn next(&mut self) -> Option<Self::Item> {
        let tag = number_of(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Number(number_of(&mut self.0)?),
            1 => Value::Bytes(take(&mut self.0, 8)?),
            2 => {
                let length = usize::try_from(number_of(&mut self.0)?).ok()?;
                Value::Bytes(take(&mut self.0, length)?)
            }
            5 => Value::Bytes(take(&mut self.0, 4)?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

fn number_of(from: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::tests::{fixture, sentence};

    #[test]
    fn every_type_is_read_from_the_footer_however_it_is_packed() {
        let wanted = "orc 3: id bigint, small smallint, whole int, ratio double, single float, ok boolean, name string, raw binary, day date, \
                      at timestamp, price decimal(9,2), tags array<string>, place struct<x:double,y:int>, counts map<string,bigint>";
        for name in ["uncompressed.orc", "zlib.orc", "snappy.orc", "zstd.orc"] {
            let bytes = fixture(name);
            assert_eq!(sentence(&read(&Sample { head: &bytes, whole: true, tail: &bytes }).unwrap()), wanted, "{name}");
            let tail = &bytes[bytes.len() - footer_length(&bytes).unwrap()..];
            assert!(read(&Sample { head: &bytes[..3], whole: false, tail }).is_some(), "{name}: the footer is enough");
            assert_eq!(read(&Sample { head: &bytes, whole: true, tail: &bytes[..bytes.len() - 1] }), None, "{name}");
        }
    }
}
