//! Avro: the schema stands in the file's header.

use super::{
    Form, Found, Sample,
    compression::Compression,
    kinds::{Column, Kind},
};
use serde_json::Value;

/// Schemas that nest deeper are not read.
const DEEPEST: usize = 64;

/// Reads the header of an object container file.
pub(crate) fn read(sample: &Sample<'_>) -> Option<Found> {
    let mut rest = sample.head.strip_prefix(b"Obj\x01")?;
    let schema = metadata(&mut rest, b"avro.schema")?;
    let text = String::from_utf8(schema).ok()?;
    let parsed: Value = serde_json::from_str(&text).ok()?;
    let Kind::Struct(columns) = kind(&parsed, &mut Vec::new(), 0)? else { return None };
    Some(Found {
        classification: "avro".into(),
        columns,
        form: Form::Avro(text),
        records: records(&rest[rest.len().min(16)..], sample.whole),
        bytes: None,
        compression: Compression::None,
    })
}

/// A value of the header's map of names to bytes; leaves `from` after the map.
fn metadata(from: &mut &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut found = None;
    loop {
        let mut count = long(from)?;
        if count == 0 {
            return found;
        }
        if count < 0 {
            long(from)?;
            count = -count;
        }
        for _ in 0..count {
            let name = bytes(from)?;
            let value = bytes(from)?;
            if name == wanted {
                found = Some(value.to_vec());
            }
        }
    }
}

/// Counts the records of the blocks that are here.
fn records(mut from: &[u8], whole: bool) -> u64 {
    let mut sum = 0;
    while let (Some(count), Some(size)) = (long(&mut from), long(&mut from)) {
        let (Ok(count), Ok(size)) = (u64::try_from(count), usize::try_from(size)) else { break };
        sum += count;
        // The sync marker is 16 bytes long.
        match size.checked_add(16).and_then(|size| from.get(size..)) {
            Some(rest) => from = rest,
            None => break,
        }
    }
    if whole { sum } else { sum.max(1) }
}

fn bytes<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(long(from)?).ok()?;
    let (value, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(value)
}

/// A zig-zag number.
fn long(from: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = from.split_first()?;
        *from = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}

/// The Hive type of a schema. `named` has the types that were defined so far.
fn kind(schema: &Value, named: &mut Vec<(String, Kind)>, depth: usize) -> Option<Kind> {
    if depth > DEEPEST {
        return None;
    }
    match schema {
        Value::String(name) => primitive(name).or_else(|| known(named, name)),
        Value::Array(branches) => union(branches, named, depth),
        Value::Object(members) => {
            if let Some(logical) = members.get("logicalType").and_then(Value::as_str).and_then(|l| logical(l, schema)) {
                return Some(logical);
            }
            let name = members.get("name").and_then(Value::as_str);
            match members.get("type")? {
                Value::String(kind_name) => {
                    let made = complex(kind_name, schema, named, depth)?;
                    if let Some(name) = name {
                        named.push((name.to_owned(), made.clone()));
                    }
                    Some(made)
                }
                nested => kind(nested, named, depth + 1),
            }
        }
        _ => None,
    }
}

fn complex(name: &str, schema: &Value, named: &mut Vec<(String, Kind)>, depth: usize) -> Option<Kind> {
    Some(match name {
        "record" | "error" => {
            let mut fields = Vec::new();
            for field in schema.get("fields")?.as_array()? {
                fields.push(Column::new(field.get("name")?.as_str()?, kind(field.get("type")?, named, depth + 1)?));
            }
            Kind::Struct(fields)
        }
        "array" => Kind::Array(Box::new(kind(schema.get("items")?, named, depth + 1)?)),
        "map" => Kind::Map(Box::new(Kind::String), Box::new(kind(schema.get("values")?, named, depth + 1)?)),
        "enum" => Kind::String,
        "fixed" => Kind::Binary,
        other => primitive(other).or_else(|| known(named, other))?,
    })
}

fn known(named: &[(String, Kind)], name: &str) -> Option<Kind> {
    named.iter().find(|(known, _)| known == name).map(|(_, kind)| kind.clone())
}

/// A union with null is the other branch; of several, what holds all.
fn union(branches: &[Value], named: &mut Vec<(String, Kind)>, depth: usize) -> Option<Kind> {
    let mut merged = Kind::Unknown;
    for branch in branches.iter().filter(|b| b.as_str() != Some("null")) {
        merged = merged.merge(kind(branch, named, depth + 1)?);
    }
    Some(merged)
}

fn primitive(name: &str) -> Option<Kind> {
    Some(match name {
        "null" => Kind::Unknown,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::BigInt,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Binary,
        "string" => Kind::String,
        _ => return None,
    })
}

fn logical(name: &str, schema: &Value) -> Option<Kind> {
    Some(match name {
        "date" => Kind::Date,
        "timestamp-millis" | "timestamp-micros" => Kind::Timestamp,
        "decimal" => {
            let number = |name: &str| schema.get(name).and_then(Value::as_u64).unwrap_or(0).min(38) as u8;
            Kind::Decimal(number("precision"), number("scale"))
        }
        "uuid" => Kind::String,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zigzag(n: i64) -> Vec<u8> {
        let mut value = ((n << 1) ^ (n >> 63)) as u64;
        let mut out = Vec::new();
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    fn file(schema: &str, counts: &[i64]) -> Vec<u8> {
        let mut out = b"Obj\x01".to_vec();
        out.extend(zigzag(1));
        for text in ["avro.schema", schema] {
            out.extend(zigzag(text.len() as i64));
            out.extend(text.as_bytes());
        }
        out.extend(zigzag(0));
        out.extend([7; 16]);
        for count in counts {
            out.extend(zigzag(*count));
            out.extend(zigzag(3));
            out.extend([0; 3 + 16]);
        }
        out
    }

    #[test]
    fn columns_come_from_the_header_and_records_from_the_blocks() {
        let schema = r#"{"type":"record","name":"r","fields":[
            {"name":"id","type":"long"},{"name":"note","type":["null","string"]},
            {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
            {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
            {"name":"tags","type":{"type":"array","items":"string"}},
            {"name":"place","type":{"type":"record","name":"p","fields":[{"name":"x","type":"double"}]}},
            {"name":"other","type":"p"}]}"#;
        let data = file(schema, &[4, 6]);
        let found = read(&Sample { head: &data, whole: true, tail: &data }).unwrap();
        let columns: Vec<_> = found.columns.iter().map(|c| format!("{} {}", c.name, c.kind.text())).collect();
        let wanted = ["id bigint", "note string", "at timestamp", "price decimal(9,2)", "tags array<string>", "place struct<x:double>"];
        assert_eq!(columns[..6], wanted);
        assert_eq!((columns[6].as_str(), found.records), ("other struct<x:double>", 10));
    }

    #[test]
    fn broken_headers_are_not_avro() {
        for data in [&b"Obj\x01"[..], b"Obj\x01\x02\xff\xff\xff", b"Obj\x02"] {
            assert_eq!(read(&Sample { head: data, whole: true, tail: data }), None);
        }
        assert_eq!(read(&Sample { head: &file("[", &[1]), whole: true, tail: &[] }), None);
    }
}
