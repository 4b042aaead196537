//! JSON into structures, straight from the text.

use super::read::{Number, Reader};
use crate::fill::{COUNT_LIMIT, Done, Fill, Path, Seen, decode_base64, float_of, malformed, schema_format, time_of};
use crate::request::DecodeError;
use crate::value::{List, Map, Slot, Structure};
use crate::{Kind, Member, Place, Schema, TimestampFormat};
use std::borrow::Cow;

/// Fills `into` from a body that is one object; an empty body is an empty object. `concerns` says which members travel in the body.
pub(crate) fn body(
    fill: &mut Fill,
    schema: &'static Schema,
    bytes: &[u8],
    into: &mut dyn Structure,
    seen: &mut Seen,
    only_body: bool,
) -> Done {
    let mut decoder = Decoder { reader: Reader::new(bytes)?, fill };
    if decoder.reader.peek() == 0 && bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    decoder.members(&Path::ROOT, schema, into, seen, only_body)?;
    decoder.reader.finish()
}

/// Fills the slot of a payload member from a body that is that member alone.
pub(crate) fn payload(fill: &mut Fill, path: &Path, member: &'static Member, bytes: &[u8], slot: Slot) -> Done {
    let mut decoder = Decoder { reader: Reader::new(bytes)?, fill };
    decoder.value(path, member, slot)?;
    decoder.reader.finish()
}

struct Decoder<'f, 'a> {
    reader: Reader<'a>,
    fill: &'f mut Fill,
}

impl Decoder<'_, '_> {
    fn members(&mut self, path: &Path, schema: &'static Schema, into: &mut dyn Structure, seen: &mut Seen, only_body: bool) -> Done {
        path.check_depth()?;
        if self.reader.peek() != b'{' {
            return Err(self.wrong("a structure"));
        }
        self.reader.expect(b'{')?;
        if self.reader.take(b'}') {
            return Ok(());
        }
        let members = schema.members();
        let mut next = 0;
        loop {
            let name = self.reader.string()?;
            self.reader.expect(b':')?;
            match find(members, &name, next, only_body) {
                Some(index) => {
                    next = index + 1;
                    let member = &members[index];
                    if self.reader.null()? {
                        // Absent, as AWS has it.
                    } else if !seen.insert(index) {
                        return Err(malformed(format!("The member {name} is there twice")));
                    } else {
                        self.value(&path.member(member), member, into.member_mut(index))?;
                    }
                }
                None => {
                    if name != "__type" {
                        self.fill.unknown(path, &name);
                    }
                    self.reader.skip(path.depth + 1)?;
                }
            }
            if !self.reader.more(b'}')? {
                return Ok(());
            }
        }
    }

    fn value(&mut self, path: &Path, member: &'static Member, slot: Slot) -> Done {
        let schema = member.schema;
        match slot {
            Slot::Structure(into) => {
                let mut seen = Seen::new();
                self.members(path, schema, into, &mut seen, false)?;
                self.fill.check_union(schema, &seen)?;
                self.fill.check_required(path, schema, &seen, |_| true);
                Ok(())
            }
            Slot::List(list) => self.list(path, schema, list),
            Slot::Map(map) => self.map(path, schema, map),
            Slot::Document(into) => {
                *into = self.reader.document(path.depth)?;
                Ok(())
            }
            slot => self.leaf(path, member, slot),
        }
    }

    fn leaf(&mut self, path: &Path, member: &'static Member, slot: Slot) -> Done {
        let schema = member.schema;
        match self.reader.peek() {
            b'"' => {
                let text = self.reader.string()?;
                self.text(path, member, slot, text)
            }
            b't' | b'f' => {
                let value = self.reader.boolean()?;
                self.fill.boolean(slot, value)
            }
            b'-' | b'0'..=b'9' => match (self.reader.number()?, slot) {
                (Number::Whole(secs), Slot::Time(into)) => {
                    *into = time_of(&secs.to_string(), TimestampFormat::EpochSeconds)?;
                    Ok(())
                }
                (Number::Real(secs), Slot::Time(into)) => {
                    *into = crate::time::from_f64(secs).ok_or_else(|| malformed(format!("{secs} can not be converted to a Timestamp")))?;
                    Ok(())
                }
                (Number::Whole(number), slot) => self.fill.integer(path, schema, slot, number),
                (Number::Real(number), slot) => self.fill.float(path, schema, slot, number),
            },
            b'{' | b'[' => Err(malformed("Start of structure or map found where not expected.")),
            _ => Err(self.wrong("a value")),
        }
    }

    fn text(&mut self, path: &Path, member: &'static Member, slot: Slot, text: Cow<str>) -> Done {
        let schema = member.schema;
        match slot {
            Slot::Blob(_) => {
                let bytes = decode_base64(&text)?;
                self.fill.blob(path, schema, slot, bytes)
            }
            Slot::Time(into) => {
                *into = time_of(&text, member.timestamp_format.or(schema_format(schema)).unwrap_or(TimestampFormat::DateTime))?;
                Ok(())
            }
            Slot::F32(_) | Slot::F64(_) if matches!(&*text, "NaN" | "Infinity" | "-Infinity") => {
                self.fill.float(path, schema, slot, float_of(&text).unwrap_or(f64::NAN))
            }
            slot => self.fill.string(path, schema, slot, text),
        }
    }

    fn list(&mut self, path: &Path, schema: &'static Schema, list: &mut dyn List) -> Done {
        let Kind::List(member) = schema.kind else { return Err(malformed("The model has no list here")) };
        path.check_depth()?;
        if self.reader.peek() != b'[' {
            return Err(malformed("Expected list or null"));
        }
        self.reader.expect(b'[')?;
        let mark = self.fill.mark();
        if !self.reader.take(b']') {
            loop {
                let index = list.len();
                if index >= COUNT_LIMIT {
                    return Err(malformed(format!("A list has more than {COUNT_LIMIT} items")));
                }
                if self.reader.null()? {
                    if !list.push_none() {
                        self.fill.missing(&path.item(index));
                    }
                } else {
                    self.value(&path.item(index), member, list.push())?;
                }
                if !self.reader.more(b']')? {
                    break;
                }
            }
        }
        self.fill.list_done(path, schema, list, mark);
        Ok(())
    }

    fn map(&mut self, path: &Path, schema: &'static Schema, map: &mut dyn Map) -> Done {
        let Kind::Map(_, member) = schema.kind else { return Err(malformed("The model has no map here")) };
        path.check_depth()?;
        if self.reader.peek() != b'{' {
            return Err(malformed("Expected map or null"));
        }
        self.reader.expect(b'{')?;
        let mark = self.fill.mark();
        if !self.reader.take(b'}') {
            loop {
                let before = map.len();
                if before >= COUNT_LIMIT {
                    return Err(malformed(format!("A map has more than {COUNT_LIMIT} entries")));
                }
                let key = self.reader.string()?;
                self.reader.expect(b':')?;
                if self.reader.null()? {
                    if !map.entry_none(key.clone().into_owned()) {
                        self.fill.missing(&path.key(&key));
                    }
                } else {
                    self.value(&path.key(&key), member, map.entry(key.clone().into_owned()))?;
                    if map.len() == before {
                        return Err(malformed(format!("The key {key} is there twice")));
                    }
                }
                if !self.reader.more(b'}')? {
                    break;
                }
            }
        }
        self.fill.map_done(path, schema, map, mark);
        Ok(())
    }

    fn wrong(&mut self, wanted: &str) -> DecodeError {
        let found = match self.reader.peek() {
            b'"' => "a string",
            b'[' => "a list",
            b'{' => "a structure or map",
            b't' | b'f' => "a boolean",
            b'n' => "null",
            b'-' | b'0'..=b'9' => "a number",
            0 => return malformed("Unexpected end of the JSON body"),
            _ => return malformed("The request body is not valid JSON"),
        };
        malformed(format!("Found {found} where {wanted} was expected"))
    }
}

/// Index of the member with a wire name, looked for from `next` on: requests mostly follow the model's order.
fn find(members: &[Member], name: &str, next: usize, only_body: bool) -> Option<usize> {
    let is = |m: &Member| m.wire_name() == name && (!only_body || m.place == Place::Body);
    let next = next.min(members.len());
    if let Some(index) = members[next..].iter().position(is) {
        return Some(next + index);
    }
    members[..next].iter().position(is)
}
