//! The HTTP bindings that rest-json and rest-xml share: labels, query string, headers, status and payloads.

use crate::fill::{BASE64, Done, Fill, Path, Seen, malformed, schema_format};
use crate::form;
use crate::json::encode::travels_in_body;
use crate::value::{Slot, Structure, View};
use crate::xml::encode::leaf_text;
use crate::{DecodeError, Kind, Member, OperationSchema, Place, Schema, TimestampFormat};
use base64::Engine;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

// -- Requests ------------------------------------------------------------------------------------------------------------------------

/// Fills what travels in the path, the query string and the headers.
pub(crate) fn decode_head(
    fill: &mut Fill,
    op: &'static OperationSchema,
    head: &http::request::Parts,
    labels: &[(&'static str, String)],
    into: &mut dyn Structure,
    seen: &mut Seen,
) -> Done {
    let query = form::pairs(head.uri.query().unwrap_or(""))?;
    let members = op.input.members();
    for (index, member) in members.iter().enumerate() {
        let path = Path::ROOT.member(member);
        let mut target = Target { path, member, index, into };
        match member.place {
            Place::Body | Place::Status => {}
            Place::Uri => {
                if let Some((_, text)) = labels.iter().find(|(name, _)| *name == member.wire_name()) {
                    seen.insert(index);
                    fill.text(&path, member, TimestampFormat::DateTime, target.slot(), text.into())?;
                }
            }
            Place::Query => {
                let mark = fill.mark();
                let told = || query.iter().find(|(key, _)| key == member.wire_name()).map(|(_, text)| text.to_string());
                if decode_query(fill, op, &query, &mut target).map_err(|error| of_parameter(member, told, error))? {
                    seen.insert(index);
                    fill.check_flat(&path, member, into, index, mark);
                }
            }
            Place::Header => {
                let mark = fill.mark();
                let told = || head.headers.get(member.wire_name()).map(|value| header_text(value).into_owned());
                if decode_header(fill, &head.headers, &mut target).map_err(|error| of_parameter(member, told, error))? {
                    seen.insert(index);
                    fill.check_flat(&path, member, into, index, mark);
                }
            }
            Place::Headers => {
                if decode_headers(fill, &head.headers, &mut target)? {
                    seen.insert(index);
                }
            }
        }
    }
    for (key, _) in &query {
        if !is_known_parameter(op, key) {
            fill.unknown(&Path::ROOT, key);
        }
    }
    Ok(())
}

/// A malformed scalar of the head, with its name and what came.
fn of_parameter(member: &Member, told: impl Fn() -> Option<String>, error: DecodeError) -> DecodeError {
    match (error, told()) {
        (DecodeError::Malformed(sentence), Some(value)) => DecodeError::Parameter { name: member.wire_name().to_owned(), value, sentence },
        (error, _) => error,
    }
}

/// The member that is being filled.
pub(crate) struct Target<'a> {
    pub(crate) path: Path<'a>,
    pub(crate) member: &'static Member,
    pub(crate) index: usize,
    pub(crate) into: &'a mut dyn Structure,
}

impl Target<'_> {
    /// Its slot; an absent member comes into being.
    pub(crate) fn slot(&mut self) -> Slot<'_> {
        self.into.member_mut(self.index)
    }
}

/// One member of the query string; false when it is not there.
fn decode_query(fill: &mut Fill, op: &OperationSchema, query: &[(Cow<str>, Cow<str>)], target: &mut Target) -> Result<bool, DecodeError> {
    let (path, member) = (target.path, target.member);
    let name = member.wire_name();
    match member.schema.kind {
        Kind::Map(_, value) => decode_query_map(fill, op, value, query, target),
        Kind::List(item) => {
            let mut there = false;
            for (_, text) in query.iter().filter(|(key, _)| key == name) {
                let Slot::List(list) = target.slot() else { return Err(malformed("The model has no list here")) };
                there = true;
                let index = list.len();
                fill.text(&path.item(index), item, TimestampFormat::DateTime, list.push(), text.as_ref().into())?;
            }
            Ok(there)
        }
        _ => match query.iter().find(|(key, _)| key == name) {
            // S3 takes `max-parts=` for no number at all, as recorded.
            Some((_, text)) if text.is_empty() && matches!(member.schema.kind, Kind::Integer | Kind::Long) => Ok(false),
            Some((_, text)) => fill.text(&path, member, TimestampFormat::DateTime, target.slot(), text.as_ref().into()).map(|()| true),
            None => Ok(false),
        },
    }
}

/// A map takes every parameter but the literals of the path template; those that other members name too, as Smithy has it.
fn decode_query_map(
    fill: &mut Fill,
    op: &OperationSchema,
    value: &'static Member,
    query: &[(Cow<str>, Cow<str>)],
    target: &mut Target,
) -> Result<bool, DecodeError> {
    let path = target.path;
    let Slot::Map(map) = target.slot() else { return Err(malformed("The model has no map here")) };
    for (key, text) in query {
        if is_literal_parameter(op, key) {
            continue;
        }
        let path = path.key(key);
        match (map.entry(key.to_string()), &value.schema.kind) {
            (Slot::List(list), Kind::List(item)) => fill.text(&path, item, TimestampFormat::DateTime, list.push(), text.as_ref().into())?,
            (slot, _) => fill.text(&path, value, TimestampFormat::DateTime, slot, text.as_ref().into())?,
        }
    }
    Ok(true)
}

/// Whether a parameter belongs to the path template (`?uploads`, `?list-type=2`).
fn is_literal_parameter(op: &OperationSchema, key: &str) -> bool {
    let Some((_, literals)) = op.uri.split_once('?') else { return false };
    literals.split('&').any(|literal| literal.split('=').next() == Some(key))
}

/// Whether something takes a parameter: a member, the path template, a signature, or the hint of operation that SDKs send.
fn is_known_parameter(op: &OperationSchema, key: &str) -> bool {
    key == "x-id"
        || key.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
        || matches!(key, "AWSAccessKeyId" | "Signature" | "Expires")
        || is_literal_parameter(op, key)
        || op.input.members().iter().any(|m| m.place == Place::Query && (m.wire_name() == key || matches!(m.schema.kind, Kind::Map(..))))
}

/// A header's value; bytes that are not UTF-8 are read as Latin-1.
fn header_text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => value.as_bytes().iter().map(|b| *b as char).collect::<String>().into(),
    }
}

/// One member of the headers; false when it is not there.
fn decode_header(fill: &mut Fill, headers: &HeaderMap, target: &mut Target) -> Result<bool, DecodeError> {
    let (path, member) = (target.path, target.member);
    if let Kind::List(item) = member.schema.kind {
        let mut there = false;
        for value in headers.get_all(member.wire_name()) {
            let dates = matches!(item.schema.kind, Kind::Timestamp(_))
                && item.timestamp_format.or(schema_format(item.schema)).is_none_or(|f| f == TimestampFormat::HttpDate);
            let Slot::List(list) = target.slot() else { return Err(malformed("The model has no list here")) };
            there = true;
            for text in split_header(&header_text(value), dates)? {
                let index = list.len();
                fill.text(&path.item(index), item, TimestampFormat::HttpDate, list.push(), text.into())?;
            }
        }
        return Ok(there);
    }
    let Some(value) = headers.get(member.wire_name()) else { return Ok(false) };
    let text = header_text(value);
    if member.json_value {
        let decoded = BASE64.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(json) = decoded else { return Err(malformed(format!("The header {} is not JSON in base64", member.wire_name()))) };
        return fill.text(&path, member, TimestampFormat::HttpDate, target.slot(), json.into()).map(|()| true);
    }
    fill.text(&path, member, TimestampFormat::HttpDate, target.slot(), text).map(|()| true)
}

/// The values of a header list: split at commas (at every second one for HTTP dates), with quoted values.
fn split_header(text: &str, dates: bool) -> Result<Vec<String>, DecodeError> {
    let mut values = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut value = String::new();
            let mut chars = quoted.char_indices();
            let end = loop {
                match chars.next() {
                    Some((_, '\\')) => value.extend(chars.next().map(|(_, c)| c)),
                    Some((index, '"')) => break index,
                    Some((_, c)) => value.push(c),
                    None => return Err(malformed("A header has a quote that is not closed")),
                }
            };
            values.push(value);
            rest = quoted[end + 1..].trim_start().trim_start_matches(',').trim_start();
            continue;
        }
        let mut commas = rest.match_indices(',').map(|(i, _)| i);
        let end = if dates { commas.nth(1) } else { commas.next() }.unwrap_or(rest.len());
        values.push(rest[..end].trim().to_string());
        rest = rest[end..].trim_start_matches(',').trim_start();
    }
    Ok(values)
}

/// A map of all headers that start with the wire name; keys are what follows it, in lower case as HTTP has them.
fn decode_headers(fill: &mut Fill, headers: &HeaderMap, target: &mut Target) -> Result<bool, DecodeError> {
    let (path, member) = (target.path, target.member);
    let (Slot::Map(map), Kind::Map(_, value_member)) = (target.slot(), &member.schema.kind) else {
        return Err(malformed("The model has no map here"));
    };
    let prefix = member.wire_name().to_ascii_lowercase();
    let mark = fill.mark();
    for name in headers.keys() {
        let Some(key) = name.as_str().strip_prefix(&prefix) else { continue };
        let mut values = headers.get_all(name).iter().map(header_text);
        let mut text = values.next().unwrap_or_default().into_owned();
        for more in values {
            text.push(',');
            text.push_str(&more);
        }
        fill.text(&path.key(key), value_member, TimestampFormat::HttpDate, map.entry(key.to_string()), text.into())?;
    }
    fill.map_done(&path, member.schema, map, mark);
    Ok(true)
}

/// The member that is the body.
pub(crate) fn payload(schema: &'static Schema) -> Option<(usize, &'static Member)> {
    let name = schema.traits.payload?;
    schema.members().iter().enumerate().find(|(_, m)| m.wire_name() == name || m.name == name)
}

/// Fills a payload that is bytes or text; false when it is a structure or document, which the protocol reads.
pub(crate) fn decode_raw_payload(fill: &mut Fill, body: &Bytes, target: &mut Target) -> Result<bool, DecodeError> {
    let (path, schema) = (target.path, target.member.schema);
    match schema.kind {
        Kind::Blob => fill.blob(&path, schema, target.slot(), body.clone())?,
        Kind::String | Kind::Enum(_) => {
            let text = std::str::from_utf8(body).map_err(|_| malformed("The request body is not valid UTF-8"))?;
            fill.string(&path, schema, target.slot(), text.into())?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

// -- Answers -------------------------------------------------------------------------------------------------------------------------

/// Writes the members that travel in headers, and gives the status that a member holds.
pub(crate) fn encode_head(schema: &Schema, value: &dyn Structure, headers: &mut HeaderMap) -> Option<u16> {
    let mut status = None;
    for (index, member) in schema.members().iter().enumerate() {
        match (member.place, value.member(index)) {
            (_, View::None) => {}
            (Place::Header, view) => {
                if let Some(text) = header_value(member, &view) {
                    set_header(headers, member.wire_name(), &text);
                }
            }
            (Place::Headers, View::Map(map)) => map.each(&mut |key, view| {
                let Kind::Map(_, item) = member.schema.kind else { return };
                if let Some(text) = leaf_text(item, &view, TimestampFormat::HttpDate) {
                    set_header(headers, &format!("{}{key}", member.wire_name()), &text);
                }
            }),
            (Place::Status, View::Int(code)) => status = u16::try_from(code).ok(),
            _ => {}
        }
    }
    status
}

/// Sets a header. Control characters, which HTTP forbids in values, become spaces; a name that HTTP forbids is left out.
pub(crate) fn set_header(headers: &mut HeaderMap, name: &str, value: &str) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
    let value = HeaderValue::from_bytes(value.as_bytes()).or_else(|_| {
        let printable: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        HeaderValue::from_bytes(printable.as_bytes())
    });
    if let Ok(value) = value {
        headers.insert(name, value);
    }
}

fn header_value<'a>(member: &Member, view: &View<'a>) -> Option<Cow<'a, str>> {
    match (view, &member.schema.kind) {
        (View::List(list), Kind::List(item)) => {
            let mut text = String::new();
            for index in 0..list.len() {
                if index > 0 {
                    text.push_str(", ");
                }
                let value = leaf_text(item, &list.get(index), TimestampFormat::HttpDate)?;
                let dates = matches!(item.schema.kind, Kind::Timestamp(_));
                if value.contains(['"', ',']) && !dates {
                    text.push('"');
                    text.push_str(&value.replace('\\', "\\\\").replace('"', "\\\""));
                    text.push('"');
                } else {
                    text.push_str(&value);
                }
            }
            Some(text.into())
        }
        (view, _) if member.json_value => {
            leaf_text(member, view, TimestampFormat::HttpDate).map(|json| BASE64.encode(json.as_bytes()).into())
        }
        (view, _) => leaf_text(member, view, TimestampFormat::HttpDate),
    }
}

/// A payload that is bytes or text, with its content type.
pub(crate) fn encode_raw_payload(view: &View) -> Option<(Bytes, &'static str)> {
    match view {
        View::Blob(bytes) => Some(((*bytes).clone(), "application/octet-stream")),
        View::Str(text) => Some((Bytes::copy_from_slice(text.as_bytes()), "text/plain")),
        _ => None,
    }
}

/// Whether any member of an output travels in the body.
pub(crate) fn has_body(schema: &Schema) -> bool {
    schema.members().iter().any(travels_in_body)
}
