//! What every decoder shares: putting a leaf into its slot, checking the model's constraints while at it, and knowing where it is.
//!
//! Knows no protocol.

use crate::request::{DecodeError, Decoded, Violation};
use crate::sentence::{constraints, is_scalar, java, number_text};
use crate::value::{List, Map, Slot, Structure, View};
use crate::{Kind, Member, Place, Schema, Timestamp, TimestampFormat};
use base64::Engine;
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt::Write;

/// How deep structures, lists and maps may stand in one another.
pub(crate) const DEPTH_LIMIT: u16 = 64;

/// How many items one list or map, and how many values one form, may have.
pub(crate) const COUNT_LIMIT: usize = 100_000;

/// AWS's engine for blobs takes padding or leaves it.
pub(crate) const BASE64: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

pub(crate) type Done = Result<(), DecodeError>;

pub(crate) fn malformed(sentence: impl Into<String>) -> DecodeError {
    DecodeError::Malformed(sentence.into())
}

/// Where in the input a decoder stands: a list on the stack, made text only when there is something to say.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
    place: Place,
    pub(crate) depth: u16,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Item(usize),
    Key(&'a str),
}

impl<'a> Path<'a> {
    pub(crate) const ROOT: Path<'static> = Path { parent: None, step: Step::Root, place: Place::Body, depth: 0 };

    pub(crate) fn member(&'a self, member: &'a Member) -> Path<'a> {
        let place = if self.parent.is_none() { member.place } else { self.place };
        Path { parent: Some(self), step: Step::Member(member.name), place, depth: self.depth + 1 }
    }
    pub(crate) fn unknown(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Member(name), place: self.place, depth: self.depth + 1 }
    }
    pub(crate) fn item(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), step: Step::Item(index), place: self.place, depth: self.depth + 1 }
    }
    pub(crate) fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(key), place: self.place, depth: self.depth + 1 }
    }

    /// Refuses what stands too deep.
    pub(crate) fn check_depth(&self) -> Done {
        if self.depth > DEPTH_LIMIT { Err(malformed(format!("The request is nested deeper than {DEPTH_LIMIT} levels"))) } else { Ok(()) }
    }

    /// AWS's form: `targets.1.member.id`.
    pub(crate) fn text(&self) -> String {
        let mut out = match self.parent {
            Some(parent) => parent.text(),
            None => return String::new(),
        };
        if !out.is_empty() {
            out.push('.');
        }
        let _ = match self.step {
            Step::Root => Ok(()),
            Step::Member(name) => {
                let mut chars = name.chars();
                out.extend(chars.next().map(|c| c.to_ascii_lowercase()));
                out.push_str(chars.as_str());
                Ok(())
            }
            Step::Item(index) => write!(out, "{}.member", index + 1),
            Step::Key(key) => write!(out, "{key}.member"),
        };
        out
    }
}

/// Which members of a structure have been read.
pub(crate) struct Seen([u64; 8]);

impl Seen {
    pub(crate) fn new() -> Seen {
        Seen([0; 8])
    }
    /// Marks a member; false when it was marked before. The largest structure of AWS's models has 228 members; beyond 512 nothing is kept.
    pub(crate) fn insert(&mut self, index: usize) -> bool {
        let Some(word) = self.0.get_mut(index / 64) else { return true };
        let bit = 1 << (index % 64);
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }
    pub(crate) fn has(&self, index: usize) -> bool {
        self.0.get(index / 64).is_none_or(|word| word & (1 << (index % 64)) != 0)
    }
    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

/// Collects what a decoder finds beside the value.
pub(crate) struct Fill {
    violations: Vec<Violation>,
    unknown: Vec<String>,
    /// Constraints are checked: not when reading what was once accepted.
    checked: bool,
}

impl Fill {
    pub(crate) fn new(checked: bool) -> Fill {
        Fill { violations: Vec::new(), unknown: Vec::new(), checked }
    }

    pub(crate) fn finish(self) -> Result<Decoded, DecodeError> {
        if self.violations.is_empty() { Ok(Decoded { unknown: self.unknown }) } else { Err(DecodeError::Invalid(self.violations)) }
    }

    /// Notes a member that the model does not know. A flood of them is cut off.
    pub(crate) fn unknown(&mut self, path: &Path, name: &str) {
        if self.unknown.len() < 100 {
            self.unknown.push(path.unknown(name).text());
        }
    }

    pub(crate) fn mark(&self) -> usize {
        self.violations.len()
    }

    fn violate(&mut self, path: &Path, value: Option<String>, constraint: String) {
        if self.checked && self.violations.len() < 1000 {
            self.violations.push(Violation { path: path.text(), value, constraint, place: path.place });
        }
    }

    // -- Leaves ---------------------------------------------------------------------------------------------------------------

    /// Text that the wire says is text.
    pub(crate) fn string(&mut self, path: &Path, schema: &Schema, slot: Slot, text: Cow<str>) -> Done {
        match slot {
            Slot::Str(into) => {
                self.check_text(path, schema, &text);
                *into = text.into_owned();
            }
            Slot::Enum(into) => {
                if !into.set(&text) {
                    if !self.checked {
                        return Err(malformed(format!("'{text}' is not in the set at '{}'", path.text())));
                    }
                    self.refuse_text(path, schema, &text);
                }
            }
            other => return Err(mismatch("STRING_VALUE", &other)),
        }
        Ok(())
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, path: &Path, schema: &Schema, slot: Slot, number: i64) -> Done {
        match slot {
            Slot::I32(into) => match i32::try_from(number) {
                Ok(fits) => *into = fits,
                Err(_) => return Err(malformed(format!("{number} can not be converted to an Integer"))),
            },
            Slot::I64(into) => *into = number,
            Slot::F32(into) => *into = number as f32,
            Slot::F64(into) => *into = number as f64,
            other => return Err(mismatch("NUMBER_VALUE", &other)),
        }
        self.check_number(path, schema, number as f64);
        Ok(())
    }

    /// A number with a fraction, or beyond 64 bits.
    pub(crate) fn float(&mut self, path: &Path, schema: &Schema, slot: Slot, number: f64) -> Done {
        match slot {
            Slot::F32(into) => *into = number as f32,
            Slot::F64(into) => *into = number,
            Slot::I32(_) | Slot::I64(_) if number.fract() == 0.0 && number.abs() < 9.0e18 => {
                return self.integer(path, schema, slot, number as i64);
            }
            Slot::I32(_) | Slot::I64(_) => return Err(malformed(format!("{number} can not be converted to an Integer"))),
            other => return Err(mismatch("NUMBER_VALUE", &other)),
        }
        self.check_number(path, schema, number);
        Ok(())
    }

    pub(crate) fn boolean(&mut self, slot: Slot, value: bool) -> Done {
        match slot {
            Slot::Bool(into) => *into = value,
            other => return Err(mismatch(if value { "TRUE_VALUE" } else { "FALSE_VALUE" }, &other)),
        }
        Ok(())
    }

    pub(crate) fn blob(&mut self, path: &Path, schema: &Schema, slot: Slot, bytes: Bytes) -> Done {
        match slot {
            Slot::Blob(into) => {
                self.check_length(path, schema, bytes.len(), &mut || "java.nio.HeapByteBuffer".to_string());
                *into = bytes;
                Ok(())
            }
            other => Err(mismatch("BLOB_VALUE", &other)),
        }
    }

    pub(crate) fn time(&mut self, slot: Slot, time: Timestamp) -> Done {
        match slot {
            Slot::Time(into) => *into = time,
            other => return Err(mismatch("TIMESTAMP_VALUE", &other)),
        }
        Ok(())
    }

    /// Text that stands for whatever the slot is, as XML, forms, headers, labels and query strings have it.
    pub(crate) fn text(&mut self, path: &Path, member: &Member, default: TimestampFormat, slot: Slot, text: Cow<str>) -> Done {
        let schema = member.schema;
        let trimmed = text.trim();
        match slot {
            Slot::Str(_) | Slot::Enum(_) => self.string(path, schema, slot, text),
            Slot::Bool(into) => {
                *into = match trimmed {
                    "true" | "True" | "TRUE" => true,
                    "false" | "False" | "FALSE" => false,
                    other => return Err(malformed(format!("'{other}' can not be converted to a Boolean"))),
                };
                Ok(())
            }
            Slot::I32(_) | Slot::I64(_) => match trimmed.parse() {
                Ok(number) => self.integer(path, schema, slot, number),
                Err(_) => Err(malformed(format!("'{trimmed}' can not be converted to an Integer"))),
            },
            Slot::F32(_) | Slot::F64(_) => match float_of(trimmed) {
                Some(number) => self.float(path, schema, slot, number),
                None => Err(malformed(format!("'{trimmed}' can not be converted to a Double"))),
            },
            Slot::Blob(_) => {
                let bytes = decode_base64(trimmed)?;
                self.blob(path, schema, slot, bytes)
            }
            Slot::Time(into) => {
                *into = time_of(trimmed, member.timestamp_format.or(schema_format(schema)).unwrap_or(default))?;
                Ok(())
            }
            Slot::Document(into) => {
                *into = crate::json::read::document(trimmed)?;
                Ok(())
            }
            other => Err(mismatch("STRING_VALUE", &other)),
        }
    }

    // -- Constraints ----------------------------------------------------------------------------------------------------------

    /// Members that have to be there and are not. `concerns` says which members the caller reads.
    pub(crate) fn check_required(&mut self, path: &Path, schema: &Schema, seen: &Seen, concerns: impl Fn(&Member) -> bool) {
        for (index, member) in schema.members().iter().enumerate() {
            let unseen = member.required && !seen.has(index);
            if unseen && !member.schema.traits.streaming && !member.schema.traits.event_stream && concerns(member) {
                self.violate(&path.member(member), None, "Member must not be null".into());
            }
        }
    }

    /// An absent item of a list or map that has none.
    pub(crate) fn missing(&mut self, path: &Path) {
        self.violate(path, None, "Member must not be null".into());
    }

    /// Exactly one member of a union is set.
    pub(crate) fn check_union(&self, schema: &Schema, seen: &Seen) -> Done {
        if schema.traits.union && self.checked && seen.count() != 1 {
            return Err(malformed(format!("Exactly one member of the union {} must be set", schema.name)));
        }
        Ok(())
    }

    /// After the items of a list: its length, and AWS's way of telling about scalar items, which is once for the whole list.
    pub(crate) fn list_done(&mut self, path: &Path, schema: &Schema, list: &dyn List, mark: usize) {
        let Kind::List(member) = &schema.kind else { return };
        if self.violations.len() > mark && is_scalar(member.schema) {
            let texts = self.take_texts(mark);
            let mut value = String::from("[");
            for index in 0..list.len() {
                if index > 0 {
                    value.push_str(", ");
                }
                match texts.iter().find(|(path, _)| ends_with_item(path, index)) {
                    Some((_, text)) => value.push_str(text.as_deref().unwrap_or("null")),
                    None => java(list.get(index), member.schema, &mut value),
                }
            }
            value.push(']');
            self.violate(path, Some(value), format!("Member must satisfy constraint: [{}]", constraints(member.schema, true)));
        }
        self.check_length(path, schema, list.len(), &mut || {
            let mut value = String::new();
            java(View::List(list), schema, &mut value);
            value
        });
    }

    /// After the entries of a map, as for lists. Keys are checked here.
    pub(crate) fn map_done(&mut self, path: &Path, schema: &Schema, map: &dyn Map, mark: usize) {
        let Kind::Map(key, value) = &schema.kind else { return };
        if self.violations.len() > mark && is_scalar(value.schema) {
            self.violations.truncate(mark);
            let mut text = String::new();
            java(View::Map(map), schema, &mut text);
            self.violate(path, Some(text), format!("Map value must satisfy constraint: [{}]", constraints(value.schema, true)));
        }
        if key.schema.range.min.is_some()
            || key.schema.range.max.is_some()
            || key.schema.pattern.is_some()
            || matches!(key.schema.kind, Kind::Enum(_))
        {
            let before = self.violations.len();
            map.each(&mut |name, _| self.check_text(path, key.schema, name));
            if self.violations.len() > before {
                self.violations.truncate(before);
                let mut text = String::new();
                java(View::Map(map), schema, &mut text);
                self.violate(path, Some(text), format!("Map keys must satisfy constraint: [{}]", constraints(key.schema, false)));
            }
        }
        self.check_length(path, schema, map.len(), &mut || {
            let mut value = String::new();
            java(View::Map(map), schema, &mut value);
            value
        });
    }

    /// The length of a list or map of a structure that was filled bit by bit.
    pub(crate) fn check_flat(&mut self, path: &Path, member: &Member, into: &dyn Structure, index: usize, mark: usize) {
        match into.member(index) {
            View::List(list) => self.list_done(path, member.schema, list, mark),
            View::Map(map) => self.map_done(path, member.schema, map, mark),
            _ => {}
        }
    }

    fn take_texts(&mut self, mark: usize) -> Vec<(String, Option<String>)> {
        self.violations.split_off(mark).into_iter().map(|v| (v.path, v.value)).collect()
    }

    fn check_text(&mut self, path: &Path, schema: &Schema, text: &str) {
        if !self.checked {
            return;
        }
        if let Kind::Enum(texts) = schema.kind
            && !texts.contains(&text)
        {
            self.refuse_text(path, schema, text);
        }
        if let Some(pattern) = schema.pattern
            && !pattern.matches(text)
        {
            self.violate(path, Some(text.to_string()), format!("Member must satisfy regular expression pattern: {}", pattern.source));
        }
        if schema.range.min.is_some() || schema.range.max.is_some() {
            // AWS counts UTF-16 units.
            let length = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
            self.check_length(path, schema, length, &mut || text.to_string());
        }
    }

    fn refuse_text(&mut self, path: &Path, schema: &Schema, text: &str) {
        let constraint = match schema.kind {
            Kind::Enum(texts) => format!("Member must satisfy enum value set: [{}]", texts.join(", ")),
            _ => "Member must satisfy enum value set".to_string(),
        };
        self.violate(path, Some(text.to_string()), constraint);
    }

    fn check_length(&mut self, path: &Path, schema: &Schema, length: usize, value: &mut dyn FnMut() -> String) {
        if schema.range.max.is_some_and(|max| length as f64 > max) || schema.range.min.is_some_and(|min| (length as f64) < min) {
            let (bound, limit) = if schema.range.max.is_some_and(|max| length as f64 > max) {
                ("less", schema.range.max)
            } else {
                ("greater", schema.range.min)
            };
            self.violate(path, Some(value()), format!("Member must have length {bound} than or equal to {}", limit.unwrap_or(0.0)));
        }
    }

    fn check_number(&mut self, path: &Path, schema: &Schema, number: f64) {
        let (bound, limit) = match schema.range {
            crate::Range { max: Some(max), .. } if number > max => ("less", max),
            crate::Range { min: Some(min), .. } if number < min => ("greater", min),
            _ => return,
        };
        self.violate(
            path,
            Some(number_text(schema, number)),
            format!("Member must have value {bound} than or equal to {}", number_text(schema, limit)),
        );
    }
}

fn ends_with_item(path: &str, index: usize) -> bool {
    path.strip_suffix(".member").and_then(|p| p.rsplit('.').next()).is_some_and(|i| i.parse() == Ok(index + 1))
}

fn mismatch(found: &str, slot: &Slot) -> DecodeError {
    let wanted = match slot {
        Slot::Bool(_) => "a Boolean",
        Slot::I32(_) => "an Integer",
        Slot::I64(_) => "a Long",
        Slot::F32(_) => "a Float",
        Slot::F64(_) => "a Double",
        Slot::Str(_) | Slot::Enum(_) => "a String",
        Slot::Blob(_) => "a Blob",
        Slot::Time(_) => "a Timestamp",
        Slot::Document(_) => "a Document",
        Slot::List(_) => "a List",
        Slot::Map(_) => "a Map",
        Slot::Structure(_) => "a Structure",
    };
    malformed(format!("{found} can not be converted to {wanted}"))
}

/// The shape's own timestamp format.
pub(crate) fn schema_format(schema: &Schema) -> Option<TimestampFormat> {
    match schema.kind {
        Kind::Timestamp(format) => format,
        _ => None,
    }
}

/// A moment in the given format, or failing that in any: clients mix them, and none can be mistaken for another.
pub(crate) fn time_of(text: &str, format: TimestampFormat) -> Result<Timestamp, DecodeError> {
    use TimestampFormat::*;
    [format, DateTime, EpochSeconds, HttpDate]
        .iter()
        .find_map(|f| Timestamp::parse(text, *f))
        .ok_or_else(|| malformed(format!("'{text}' can not be converted to a Timestamp")))
}

pub(crate) fn decode_base64(text: &str) -> Result<Bytes, DecodeError> {
    // XML may break lines inside.
    let compact: Cow<str> =
        if text.contains(['\n', '\r', ' ', '\t']) { text.split_ascii_whitespace().collect::<String>().into() } else { text.into() };
    BASE64.decode(compact.as_bytes()).map(Bytes::from).map_err(|e| malformed(format!("A blob is not valid base64: {e}")))
}

/// `NaN`, `Infinity`, `-Infinity` and decimal numbers; nothing else that Rust would read.
pub(crate) fn float_of(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
            text.parse::<f64>().ok().filter(|n| n.is_finite())
        }
        _ => None,
    }
}

/// A float as AWS writes it in text.
pub(crate) fn float_text(kind: &Kind, number: f64) -> String {
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if matches!(kind, Kind::Float) {
        format!("{:?}", number as f32)
    } else {
        format!("{number:?}")
    }
}
