//! Structures into JSON text.

use crate::fill::{BASE64, float_text, schema_format};
use crate::value::{Structure, View};
use crate::{Kind, Member, Place, Schema, TimestampFormat};
use base64::Engine;
use std::io::Write;

/// A structure as an object of its members, or with `only_body` of those that travel in the body.
pub(crate) fn structure(schema: &Schema, value: &dyn Structure, only_body: bool, out: &mut Vec<u8>) {
    out.push(b'{');
    let empty = out.len();
    members(schema, value, only_body, empty, out);
    out.push(b'}');
}

/// The members alone; `empty` is the length of `out` at which no comma is due.
pub(crate) fn members(schema: &Schema, value: &dyn Structure, only_body: bool, empty: usize, out: &mut Vec<u8>) {
    for (index, member) in schema.members().iter().enumerate() {
        if only_body && !travels_in_body(member) {
            continue;
        }
        let view = value.member(index);
        if matches!(view, View::None) {
            continue;
        }
        if out.len() > empty {
            out.push(b',');
        }
        string(member.wire_name(), out);
        out.push(b':');
        write(member, view, out);
    }
}

/// In answers, labels and parameters of the query string have no place of their own.
pub(crate) fn travels_in_body(member: &Member) -> bool {
    matches!(member.place, Place::Body | Place::Uri | Place::Query)
}

/// One value.
pub(crate) fn write(member: &Member, view: View, out: &mut Vec<u8>) {
    let schema = member.schema;
    match view {
        View::None => out.extend_from_slice(b"null"),
        View::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
        View::Int(value) => integer(value, out),
        View::Float(value) if value.is_finite() => out.extend_from_slice(float_text(&schema.kind, value).as_bytes()),
        View::Float(value) => string(&float_text(&schema.kind, value), out),
        View::Str(value) => string(value, out),
        View::Blob(value) => {
            out.push(b'"');
            let from = out.len();
            out.resize(from + base64::encoded_len(value.len(), true).unwrap_or(0), 0);
            let written = BASE64.encode_slice(value, &mut out[from..]).unwrap_or(0);
            out.truncate(from + written);
            out.push(b'"');
        }
        View::Time(value) => {
            let format = member.timestamp_format.or(schema_format(schema)).unwrap_or(TimestampFormat::EpochSeconds);
            let text = value.format(format);
            if format == TimestampFormat::EpochSeconds { out.extend_from_slice(text.as_bytes()) } else { string(&text, out) }
        }
        View::Document(value) => {
            // Writing JSON to memory does not fail.
            let _ = serde_json::to_writer(&mut *out, value);
        }
        View::List(list) => {
            let Kind::List(item) = schema.kind else { return out.extend_from_slice(b"null") };
            out.push(b'[');
            for index in 0..list.len() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, list.get(index), out);
            }
            out.push(b']');
        }
        View::Map(map) => {
            let Kind::Map(_, item) = schema.kind else { return out.extend_from_slice(b"null") };
            out.push(b'{');
            let mut first = true;
            map.each(&mut |key, value| {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                string(key, out);
                out.push(b':');
                write(item, value, out);
            });
            out.push(b'}');
        }
        View::Structure(value) => structure(schema, value, false, out),
    }
}

pub(crate) fn integer(value: i64, out: &mut Vec<u8>) {
    let _ = write!(out, "{value}");
}

/// A string in quotes.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let short: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[from..index]);
        from = index + 1;
        if short.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.extend_from_slice(short);
        }
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}
