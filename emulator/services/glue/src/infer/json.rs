//! JSON: documents one after the other, or one list of documents.
//!
//! Types are taken while the text is read; no tree is built.

use super::{
    Form, Found, More, Sample,
    json_path::{Path, Step},
    kinds::{self, Column, Kind},
};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Reads documents. Without a path, objects are records, and a list at the top becomes one column named `array`, as on AWS; with a path, what
/// it leads to is a record.
pub(crate) fn read(sample: &Sample<'_>, path: Option<&Path>) -> Result<Option<Found>, More> {
    let head = sample.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(sample.head);
    let first = head.iter().find(|b| !b.is_ascii_whitespace());
    if !matches!(first, Some(b'{' | b'[')) {
        return Ok(None);
    }
    let steps = path.map_or(&[][..], |path| &path.steps);
    let mut seen = Seen::default();
    let mut at = 0;
    loop {
        let mut stream = serde_json::Deserializer::from_slice(&head[at..]).into_iter::<serde::de::IgnoredAny>();
        let end = match stream.next() {
            None => break,
            Some(Ok(_)) => at + stream.byte_offset(),
            // The last document was cut.
            Some(Err(e)) if e.is_eof() && !sample.whole => {
                if seen.documents == 0 {
                    return Err(More);
                }
                break;
            }
            Some(Err(_)) => return Ok(None),
        };
        let mut one = serde_json::Deserializer::from_slice(&head[at..end]);
        if (Walk { steps, seen: &mut seen }).deserialize(&mut one).is_err() {
            return Ok(None);
        }
        seen.documents += 1;
        at = end;
    }
    Ok(seen.found(sample, at as u64))
}

/// What the records held.
#[derive(Default)]
struct Seen {
    documents: u64,
    records: u64,
    columns: Vec<Column>,
    /// Something that was no object where a record should be.
    others: bool,
}

impl Seen {
    fn record(&mut self, kind: Kind) {
        self.records += 1;
        match kind {
            Kind::Struct(fields) => fields.into_iter().for_each(|field| kinds::add(&mut self.columns, field)),
            list @ Kind::Array(_) => kinds::add(&mut self.columns, Column::new("array", list)),
            _ => self.others = true,
        }
    }

    fn found(self, sample: &Sample<'_>, read: u64) -> Option<Found> {
        if self.others || self.records == 0 || self.columns.is_empty() {
            return None;
        }
        let found = Found::of_text("json", self.columns, Form::Json, self.records, sample);
        Some(Found { bytes: (!sample.whole).then_some(read), ..found })
    }
}

/// Goes down a path and takes the types at its ends.
struct Walk<'a, 's> {
    steps: &'a [Step],
    seen: &'s mut Seen,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        match self.steps.is_empty() {
            true => {
                let kind = Infer.deserialize(from)?;
                self.seen.record(kind);
                Ok(())
            }
            false => from.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what the path leads through")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match &self.steps[0] {
                Step::Member(wanted) if *wanted != name => drop(map.next_value::<serde::de::IgnoredAny>()?),
                Step::Item(_) => drop(map.next_value::<serde::de::IgnoredAny>()?),
                Step::Member(_) | Step::All => map.next_value_seed(Walk { steps: &self.steps[1..], seen: self.seen })?,
            }
        }
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut at = 0;
        loop {
            let taken = match &self.steps[0] {
                Step::All => list.next_element_seed(Walk { steps: &self.steps[1..], seen: self.seen })?.is_some(),
                Step::Item(n) if *n == at => list.next_element_seed(Walk { steps: &self.steps[1..], seen: self.seen })?.is_some(),
                _ => list.next_element::<serde::de::IgnoredAny>()?.is_some(),
            };
            if !taken {
                return Ok(());
            }
            at += 1;
        }
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The type of one value.
struct Infer;

impl<'de> DeserializeSeed<'de> for Infer {
    type Value = Kind;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Kind, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Infer {
    type Value = Kind;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.len() >= MOST_FIELDS {
                return Err(A::Error::custom("too many members"));
            }
            kinds::add(&mut fields, Column::new(name, map.next_value_seed(Infer)?));
        }
        Ok(Kind::Struct(fields))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kind, A::Error> {
        let mut of = Kind::Unknown;
        while let Some(kind) = list.next_element_seed(Infer)? {
            of = of.merge(kind);
        }
        Ok(Kind::Array(Box::new(of)))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Kind, E> {
        Ok(Kind::Boolean)
    }
    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(if i32::try_from(value).is_ok() { Kind::Int } else { Kind::BigInt })
    }
    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(match (i32::try_from(value), i64::try_from(value)) {
            (Ok(_), _) => Kind::Int,
            (_, Ok(_)) => Kind::BigInt,
            _ => Kind::Double,
        })
    }
    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Double)
    }
    fn visit_str<E>(self, _: &str) -> Result<Kind, E> {
        Ok(Kind::String)
    }
    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Unknown)
    }
}

/// Members of one object; more are no table.
const MOST_FIELDS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str, path: Option<&str>) -> Option<Vec<String>> {
        let path = path.map(|p| Path::parse(p).unwrap());
        let sample = Sample { head: text.as_bytes(), whole: true, tail: &[] };
        let found = read(&sample, path.as_ref()).unwrap()?;
        Some(found.columns.iter().map(|c| format!("{} {}", c.name, c.kind.text())).collect())
    }

    #[test]
    fn records_are_objects_in_any_layout() {
        let lines = "{\"id\":1,\"name\":\"a\",\"tags\":[]}\n{\"id\":3000000000,\"tags\":[\"x\"],\"at\":{\"x\":1.5}}\n";
        assert_eq!(columns(lines, None).unwrap(), ["id bigint", "name string", "tags array<string>", "at struct<x:double>"]);
        assert_eq!(columns("{\n \"a\": true }{\"a\":null}", None).unwrap(), ["a boolean"]);
        assert_eq!(columns("[{\"a\":1},{\"a\":2}]", None).unwrap(), ["array array<struct<a:int>>"]);
        assert_eq!(columns("[{\"a\":1},{\"b\":2}]", Some("$[*]")).unwrap(), ["a int", "b int"]);
        assert_eq!(columns("{\"rows\":[{\"a\":1}],\"n\":2}", Some("$.rows[*]")).unwrap(), ["a int"]);
        assert_eq!(columns("{\"rows\":[{\"a\":1}]}", Some("$['none']")), None);
        for other in ["", "12", "a,b", "{\"a\":1} x", "[1", "{\"a\" 1}"] {
            assert_eq!(columns(other, None), None, "{other}");
        }
    }

    #[test]
    fn a_cut_document_is_left_out_and_a_single_one_needs_more() {
        let cut = Sample { head: b"{\"a\":1}\n{\"b\":", whole: false, tail: &[] };
        let found = read(&cut, None).unwrap().unwrap();
        assert_eq!((found.columns.len(), found.records, found.bytes), (1, 1, Some(7)));
        assert_eq!(read(&Sample { head: b"[{\"a\":1},", whole: false, tail: &[] }, None), Err(More));
    }
}
