//! CBOR between bytes and structures, for Smithy's RPC v2.

use crate::fill::{COUNT_LIMIT, DEPTH_LIMIT, Done, Fill, Path, Seen, malformed, time_of};
use crate::request::DecodeError;
use crate::value::{List, Map, Slot, Structure, View};
use crate::{Kind, Member, Schema, Timestamp, TimestampFormat};
use bytes::Bytes;
use std::borrow::Cow;

const BREAK: u8 = 0xff;

/// Fills `into` from a body that is one map; an empty body is an empty map.
pub(crate) fn body(fill: &mut Fill, schema: &'static Schema, bytes: &Bytes, into: &mut dyn Structure, seen: &mut Seen) -> Done {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut decoder = Decoder { bytes, at: 0, fill };
    decoder.members(&Path::ROOT, schema, into, seen)?;
    if decoder.at == bytes.len() { Ok(()) } else { Err(malformed("The CBOR body goes on after its map")) }
}

struct Decoder<'f, 'a> {
    bytes: &'a Bytes,
    at: usize,
    fill: &'f mut Fill,
}

/// The head of a data item.
struct Head {
    major: u8,
    info: u8,
    /// The argument; for items of indefinite length `None`.
    argument: Option<u64>,
}

impl<'a> Decoder<'_, 'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let end = self
            .at
            .checked_add(count)
            .filter(|end| *end <= self.bytes.len())
            .ok_or_else(|| malformed("Unexpected end of the CBOR body"))?;
        let part = &self.bytes[self.at..end];
        self.at = end;
        Ok(part)
    }

    fn peek(&self) -> Result<u8, DecodeError> {
        self.bytes.get(self.at).copied().ok_or_else(|| malformed("Unexpected end of the CBOR body"))
    }

    fn head(&mut self) -> Result<Head, DecodeError> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let argument = match info {
            0..24 => Some(info as u64),
            24..=27 => Some(self.take(1 << (info - 24))?.iter().fold(0u64, |n, b| n << 8 | *b as u64)),
            31 => None,
            _ => return Err(malformed("The CBOR body has a reserved length")),
        };
        Ok(Head { major, info, argument })
    }

    /// Takes null and undefined.
    fn null(&mut self) -> Result<bool, DecodeError> {
        let null = matches!(self.peek()?, 0xf6 | 0xf7);
        self.at += usize::from(null);
        Ok(null)
    }

    /// Whether another item of a list or map follows; takes the break of indefinite ones.
    fn more(&mut self, left: &mut Option<u64>) -> Result<bool, DecodeError> {
        match left {
            Some(0) => Ok(false),
            Some(count) => {
                *count -= 1;
                Ok(true)
            }
            None if self.peek()? == BREAK => {
                self.at += 1;
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// Text or bytes, whole or in chunks.
    fn string(&mut self, major: u8) -> Result<Bytes, DecodeError> {
        let head = self.head()?;
        if head.major != major {
            return Err(malformed(format!("Found {} where {} was expected", noun(head.major), noun(major))));
        }
        match head.argument {
            Some(length) => {
                let part = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
                Ok(self.bytes.slice_ref(part))
            }
            None => {
                let mut whole = Vec::new();
                while self.peek()? != BREAK {
                    let chunk = self.head()?;
                    let (true, Some(length)) = (chunk.major == major, chunk.argument) else {
                        return Err(malformed("The CBOR body has a wrong chunk"));
                    };
                    whole.extend_from_slice(self.take(usize::try_from(length).unwrap_or(usize::MAX))?);
                }
                self.at += 1;
                Ok(whole.into())
            }
        }
    }

    fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let head_at = self.at;
        let head = self.head()?;
        if let (3, Some(length)) = (head.major, head.argument) {
            let part = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
            return std::str::from_utf8(part).map(Cow::Borrowed).map_err(|_| malformed("A string of the CBOR body is not valid UTF-8"));
        }
        self.at = head_at;
        let bytes = self.string(3)?;
        String::from_utf8(bytes.into()).map(Cow::Owned).map_err(|_| malformed("A string of the CBOR body is not valid UTF-8"))
    }

    /// The head of a list or map: how many items, `None` for indefinite.
    fn open(&mut self, major: u8) -> Result<Option<u64>, DecodeError> {
        let head = self.head()?;
        if head.major != major {
            return Err(malformed(format!("Found {} where {} was expected", noun(head.major), noun(major))));
        }
        Ok(head.argument)
    }

    fn skip(&mut self, depth: u16) -> Done {
        if depth > DEPTH_LIMIT {
            return Err(malformed(format!("The request is nested deeper than {DEPTH_LIMIT} levels")));
        }
        match self.peek()? >> 5 {
            major @ (2 | 3) => self.string(major).map(|_| ()),
            major @ (4 | 5) => {
                let mut left = self.open(major)?;
                while self.more(&mut left)? {
                    self.skip(depth + 1)?;
                    if major == 5 {
                        self.skip(depth + 1)?;
                    }
                }
                Ok(())
            }
            6 => {
                self.head()?;
                self.skip(depth + 1)
            }
            _ if self.peek()? == BREAK => Err(malformed("The CBOR body has a break outside of anything")),
            _ => self.head().map(|_| ()),
        }
    }

    fn members(&mut self, path: &Path, schema: &'static Schema, into: &mut dyn Structure, seen: &mut Seen) -> Done {
        path.check_depth()?;
        let mut left = self.open(5)?;
        let members = schema.members();
        let mut next = 0;
        while self.more(&mut left)? {
            let name = self.text()?;
            let index = members[next..]
                .iter()
                .position(|m| m.wire_name() == name)
                .map(|i| i + next)
                .or_else(|| members.iter().position(|m| m.wire_name() == name));
            let Some(index) = index else {
                if name != "__type" {
                    self.fill.unknown(path, &name);
                }
                self.skip(path.depth + 1)?;
                continue;
            };
            next = index + 1;
            if self.null()? {
                continue;
            }
            if !seen.insert(index) {
                return Err(malformed(format!("The member {name} is there twice")));
            }
            let member = &members[index];
            self.value(&path.member(member), member, into.member_mut(index))?;
        }
        Ok(())
    }

    fn value(&mut self, path: &Path, member: &'static Member, slot: Slot) -> Done {
        let schema = member.schema;
        match slot {
            Slot::Structure(into) => {
                let mut seen = Seen::new();
                self.members(path, schema, into, &mut seen)?;
                self.fill.check_union(schema, &seen)?;
                self.fill.check_required(path, schema, &seen, |_| true);
                Ok(())
            }
            Slot::List(list) => self.list(path, schema, list),
            Slot::Map(map) => self.map(path, schema, map),
            Slot::Str(_) | Slot::Enum(_) if self.peek()? >> 5 == 3 => {
                let text = self.text()?;
                self.fill.string(path, schema, slot, text)
            }
            Slot::Blob(_) if self.peek()? >> 5 == 2 => {
                let bytes = self.string(2)?;
                self.fill.blob(path, schema, slot, bytes)
            }
            slot => self.scalar(path, schema, slot),
        }
    }

    fn scalar(&mut self, path: &Path, schema: &'static Schema, slot: Slot) -> Done {
        let head = self.head()?;
        let argument = head.argument.unwrap_or(0);
        match (head.major, head.info) {
            (0, _) | (1, _) => {
                let number = i64::try_from(argument).map_err(|_| malformed("A number of the CBOR body is out of range"))?;
                let number = if head.major == 1 { -1 - number } else { number };
                match slot {
                    Slot::Time(_) => self.fill.time(slot, time_of(&number.to_string(), TimestampFormat::EpochSeconds)?),
                    slot => self.fill.integer(path, schema, slot, number),
                }
            }
            (6, _) if argument == 1 => self.scalar(path, schema, slot),
            (7, 20 | 21) => self.fill.boolean(slot, head.info == 21),
            (7, 25..=27) => {
                let number = match head.info {
                    25 => half(argument as u16),
                    26 => f32::from_bits(argument as u32) as f64,
                    _ => f64::from_bits(argument),
                };
                match slot {
                    Slot::Time(_) => self.fill.time(
                        slot,
                        crate::time::from_f64(number).ok_or_else(|| malformed("A timestamp of the CBOR body is out of range"))?,
                    ),
                    slot => self.fill.float(path, schema, slot, number),
                }
            }
            (major, _) => Err(malformed(format!("Found {} where another value was expected", noun(major)))),
        }
    }

    fn list(&mut self, path: &Path, schema: &'static Schema, list: &mut dyn List) -> Done {
        let Kind::List(member) = schema.kind else { return Err(malformed("The model has no list here")) };
        path.check_depth()?;
        let mut left = self.open(4)?;
        let mark = self.fill.mark();
        while self.more(&mut left)? {
            let index = list.len();
            if index >= COUNT_LIMIT {
                return Err(malformed(format!("A list has more than {COUNT_LIMIT} items")));
            }
            if !self.null()? {
                self.value(&path.item(index), member, list.push())?;
            } else if !list.push_none() {
                self.fill.missing(&path.item(index));
            }
        }
        self.fill.list_done(path, schema, list, mark);
        Ok(())
    }

    fn map(&mut self, path: &Path, schema: &'static Schema, map: &mut dyn Map) -> Done {
        let Kind::Map(_, member) = schema.kind else { return Err(malformed("The model has no map here")) };
        path.check_depth()?;
        let mut left = self.open(5)?;
        let mark = self.fill.mark();
        while self.more(&mut left)? {
            let before = map.len();
            if before >= COUNT_LIMIT {
                return Err(malformed(format!("A map has more than {COUNT_LIMIT} entries")));
            }
            let key = self.text()?.into_owned();
            if !self.null()? {
                self.value(&path.key(&key), member, map.entry(key.clone()))?;
                if map.len() == before {
                    return Err(malformed(format!("The key {key} is there twice")));
                }
            } else if !map.entry_none(key.clone()) {
                self.fill.missing(&path.key(&key));
            }
        }
        self.fill.map_done(path, schema, map, mark);
        Ok(())
    }
}

fn noun(major: u8) -> &'static str {
    ["a whole number", "a negative number", "bytes", "text", "a list", "a map", "a tag", "a simple value"][(major & 7) as usize]
}

/// IEEE 754 half precision.
fn half(bits: u16) -> f64 {
    let fraction = (bits & 0x3ff) as f64;
    let magnitude = match bits >> 10 & 31 {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction / 1024.0) * 2f64.powi(exponent as i32 - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

// -- Encoding ------------------------------------------------------------------------------------------------------------------------

/// A structure as a map of indefinite length, as AWS's services write it.
pub(crate) fn structure(schema: &Schema, value: &dyn Structure, out: &mut Vec<u8>) {
    out.push(0xbf);
    members(schema, value, out);
    out.push(BREAK);
}

/// The members alone.
pub(crate) fn members(schema: &Schema, value: &dyn Structure, out: &mut Vec<u8>) {
    for (index, member) in schema.members().iter().enumerate() {
        let view = value.member(index);
        if !matches!(view, View::None) {
            text(member.wire_name(), out);
            write(member, view, out);
        }
    }
}

pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    head(3, text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match argument {
        0..24 => out.push(major | argument as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, argument as u8]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}

fn integer(value: i64, out: &mut Vec<u8>) {
    if value < 0 { head(1, !value as u64, out) } else { head(0, value as u64, out) }
}

fn double(value: f64, out: &mut Vec<u8>) {
    out.push(0xfb);
    out.extend_from_slice(&value.to_be_bytes());
}

fn time(value: Timestamp, out: &mut Vec<u8>) {
    head(6, 1, out);
    let millis = value.millis();
    if millis % 1000 == 0 { integer(millis / 1000, out) } else { double(millis as f64 / 1000.0, out) }
}

/// One value.
pub(crate) fn write(member: &Member, view: View, out: &mut Vec<u8>) {
    let schema = member.schema;
    match view {
        View::None => out.push(0xf6),
        View::Bool(value) => out.push(if value { 0xf5 } else { 0xf4 }),
        View::Int(value) => integer(value, out),
        View::Float(value) if matches!(schema.kind, Kind::Float) => {
            out.push(0xfa);
            out.extend_from_slice(&(value as f32).to_be_bytes());
        }
        View::Float(value) => double(value, out),
        View::Str(value) => text(value, out),
        View::Blob(value) => {
            head(2, value.len() as u64, out);
            out.extend_from_slice(value);
        }
        View::Time(value) => time(value, out),
        View::Document(value) => document(value, out),
        View::List(list) => {
            let Kind::List(item) = schema.kind else { return out.push(0xf6) };
            head(4, list.len() as u64, out);
            for index in 0..list.len() {
                write(item, list.get(index), out);
            }
        }
        View::Map(map) => {
            let Kind::Map(_, item) = schema.kind else { return out.push(0xf6) };
            head(5, map.len() as u64, out);
            map.each(&mut |key, value| {
                text(key, out);
                write(item, value, out);
            });
        }
        View::Structure(value) => structure(schema, value, out),
    }
}

/// A free JSON value, for the unmodelled fields of faults.
pub(crate) fn document(value: &serde_json::Value, out: &mut Vec<u8>) {
    match value {
        serde_json::Value::Null => out.push(0xf6),
        serde_json::Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => integer(number, out),
            None => double(number.as_f64().unwrap_or(f64::NAN), out),
        },
        serde_json::Value::String(value) => text(value, out),
        serde_json::Value::Array(items) => {
            head(4, items.len() as u64, out);
            items.iter().for_each(|item| document(item, out));
        }
        serde_json::Value::Object(entries) => {
            head(5, entries.len() as u64, out);
            for (key, value) in entries {
                text(key, out);
                document(value, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats() {
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc000), -2.0);
        assert_eq!(half(0x7bff), 65504.0);
        assert_eq!(half(0x0001), 5.960464477539063e-8);
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn heads_have_the_shortest_form() {
        let of = |n: i64| {
            let mut out = Vec::new();
            integer(n, &mut out);
            out
        };
        assert_eq!(of(23), [0x17]);
        assert_eq!(of(-1), [0x20]);
        assert_eq!(of(256), [0x19, 1, 0]);
        assert_eq!(of(i64::MIN), [0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    }
}
