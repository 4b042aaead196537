//! A request as a client of the protocol would write it, from the model: for `aws: { via: wire }`. The service's first protocol is taken.

use super::http_client::Outgoing;
use crate::Emulator;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::fmt::Write;
use wire::{Kind, Member, OperationSchema, Place, Protocol, Schema, ServiceSchema, Timestamp, TimestampFormat};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// The request of an operation with this input (by the model's member names).
pub(crate) fn request(
    emulator: &Emulator,
    service: &ServiceSchema,
    operation: &OperationSchema,
    input: &Value,
    body: Option<Bytes>,
) -> Result<Outgoing, String> {
    let input = input.as_object().ok_or("input is a map")?;
    known(operation.input, input)?;
    let mut request = Outgoing {
        method: Method::POST,
        host: emulator.address().to_string(),
        target: "/".into(),
        headers: Vec::new(),
        body: Bytes::new(),
    };
    match service.protocols.first() {
        Some(protocol @ (Protocol::Json10 | Protocol::Json11)) => {
            let version = if *protocol == Protocol::Json10 { "1.0" } else { "1.1" };
            request.headers.push(("content-type".into(), format!("application/x-amz-json-{version}")));
            let target = format!("{}.{}", service.target_prefix.unwrap_or(service.name), operation.name);
            request.headers.push(("x-amz-target".into(), target));
            request.body = json_of(operation.input, input, |_| true).to_string().into();
        }
        Some(Protocol::Query) => {
            request.headers.push(("content-type".into(), "application/x-www-form-urlencoded; charset=utf-8".into()));
            let mut form = format!("Action={}&Version={}", operation.name, service.api_version);
            form_of(&mut form, "", operation.input, input);
            request.body = form.into();
        }
        Some(protocol @ (Protocol::RestJson | Protocol::RestXml)) => rest(&mut request, *protocol, operation, input, body)?,
        _ => return Err(format!("requests of {} can't be written here", service.name)),
    }
    Ok(request)
}

fn known(schema: &Schema, input: &Map<String, Value>) -> Result<(), String> {
    match input.keys().find(|k| member(schema, k).is_none()) {
        Some(unknown) => Err(format!(
            "the input has no member {unknown}; it has {}",
            schema.members().iter().map(|m| m.name).collect::<Vec<_>>().join(", ")
        )),
        None => Ok(()),
    }
}

fn member(schema: &Schema, name: &str) -> Option<&'static Member> {
    schema.members().iter().find(|m| m.name == name)
}

fn rest(
    request: &mut Outgoing,
    protocol: Protocol,
    operation: &OperationSchema,
    input: &Map<String, Value>,
    body: Option<Bytes>,
) -> Result<(), String> {
    request.method = operation.method.parse().map_err(|_| "no method")?;
    let (path, fixed) = operation.uri.split_once('?').unwrap_or((operation.uri, ""));
    let (mut path, mut query) = (path.to_owned(), Vec::new());
    query.extend((!fixed.is_empty()).then(|| fixed.to_owned()));
    let mut in_body = false;
    for (name, value) in input {
        let member = member(operation.input, name).expect("looked at before");
        let wire_name = member.wire_name();
        match member.place {
            Place::Uri => {
                let text = scalar(member, value, TimestampFormat::DateTime);
                path = path.replace(&format!("{{{wire_name}}}"), &utf8_percent_encode(&text, UNRESERVED).to_string());
                path = path.replace(&format!("{{{wire_name}+}}"), &utf8_percent_encode(&text, PATH).to_string());
            }
            Place::Query => {
                let pairs: Vec<(String, String)> = match value {
                    Value::Array(items) => items.iter().map(|i| (wire_name.to_owned(), plain(i))).collect(),
                    Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), plain(v))).collect(),
                    _ => vec![(wire_name.to_owned(), scalar(member, value, TimestampFormat::DateTime))],
                };
                let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
                query.extend(pairs.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))));
            }
            Place::Header => request.headers.push((wire_name.to_ascii_lowercase(), scalar(member, value, TimestampFormat::HttpDate))),
            Place::Headers => {
                let map = value.as_object().into_iter().flatten();
                request.headers.extend(map.map(|(k, v)| (format!("{wire_name}{k}").to_ascii_lowercase(), plain(v))));
            }
            Place::Body | Place::Status => in_body = true,
        }
    }
    request.target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    let payload =
        operation.input.traits.payload.and_then(|name| operation.input.members().iter().find(|m| m.wire_name() == name || m.name == name));
    request.body = match (body, payload) {
        (Some(bytes), _) => bytes,
        (None, Some(member)) => match input.get(member.name) {
            None => Bytes::new(),
            Some(value) => payload_of(request, protocol, member, value)?,
        },
        (None, None) if in_body => match protocol {
            Protocol::RestJson => {
                request.headers.push(("content-type".into(), "application/json".into()));
                json_of(operation.input, input, |m| m.place == Place::Body).to_string().into()
            }
            _ => {
                let root = operation.input.traits.xml_name.unwrap_or(operation.input.name);
                xml_root(request, root, operation.input, &Value::Object(input.clone()), None)
            }
        },
        (None, None) => Bytes::new(),
    };
    Ok(())
}

fn payload_of(request: &mut Outgoing, protocol: Protocol, member: &Member, value: &Value) -> Result<Bytes, String> {
    match (&member.schema.kind, protocol) {
        (Kind::Blob, _) => {
            STANDARD.decode(value.as_str().unwrap_or_default()).map(Into::into).map_err(|e| format!("{} is not base64: {e}", member.name))
        }
        (Kind::Structure(_), Protocol::RestXml) => {
            let root = member.schema.traits.xml_name.unwrap_or(member.wire_name());
            Ok(xml_root(request, root, member.schema, value, member.xml_namespace.or(member.schema.traits.xml_namespace)))
        }
        (Kind::Structure(_), _) => {
            request.headers.push(("content-type".into(), "application/json".into()));
            Ok(wire_json(member, value).to_string().into())
        }
        _ => Ok(plain(value).into()),
    }
}

fn json_of(schema: &Schema, input: &Map<String, Value>, takes: impl Fn(&Member) -> bool) -> Value {
    let members = input.iter().filter_map(|(name, value)| {
        let member = member(schema, name)?;
        takes(member).then(|| (member.wire_name().to_owned(), wire_json(member, value)))
    });
    Value::Object(members.collect())
}

fn wire_json(member: &Member, value: &Value) -> Value {
    match (&member.schema.kind, value) {
        (Kind::Structure(_), Value::Object(map)) => json_of(member.schema, map, |_| true),
        (Kind::List(item), Value::Array(items)) => items.iter().map(|i| wire_json(item, i)).collect(),
        (Kind::Map(_, item), Value::Object(map)) => Value::Object(map.iter().map(|(k, v)| (k.clone(), wire_json(item, v))).collect()),
        (Kind::Timestamp(_), Value::String(_)) => {
            let text = scalar(member, value, TimestampFormat::EpochSeconds);
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        (_, value) => value.clone(),
    }
}

fn form_of(form: &mut String, prefix: &str, schema: &Schema, input: &Map<String, Value>) {
    for (name, value) in input {
        if let Some(member) = member(schema, name) {
            form_member(form, &format!("{prefix}{}", member.wire_name()), member, value);
        }
    }
}

fn form_member(form: &mut String, name: &str, member: &Member, value: &Value) {
    let flat = member.flattened || member.schema.traits.flattened;
    match (&member.schema.kind, value) {
        (Kind::Structure(_), Value::Object(map)) => form_of(form, &format!("{name}."), member.schema, map),
        (Kind::List(item), Value::Array(items)) => {
            for (index, value) in items.iter().enumerate() {
                let part = if flat { String::new() } else { format!(".{}", item.wire_name.unwrap_or("member")) };
                form_member(form, &format!("{name}{part}.{}", index + 1), item, value);
            }
        }
        (Kind::Map(key, item), Value::Object(map)) => {
            for (index, (k, v)) in map.iter().enumerate() {
                let entry = format!("{name}{}.{}", if flat { "" } else { ".entry" }, index + 1);
                let _ = write!(form, "&{entry}.{}={}", key.wire_name.unwrap_or("key"), utf8_percent_encode(k, UNRESERVED));
                form_member(form, &format!("{entry}.{}", item.wire_name.unwrap_or("value")), item, v);
            }
        }
        _ => {
            let text = scalar(member, value, TimestampFormat::DateTime);
            let _ = write!(form, "&{name}={}", utf8_percent_encode(&text, UNRESERVED));
        }
    }
}

fn xml_root(request: &mut Outgoing, name: &str, schema: &Schema, value: &Value, namespace: Option<(&str, &str)>) -> Bytes {
    request.headers.push(("content-type".into(), "application/xml".into()));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    let uri = namespace.or(schema.traits.xml_namespace).map(|(_, uri)| format!(" xmlns=\"{uri}\"")).unwrap_or_default();
    let _ = write!(out, "<{name}{uri}>");
    xml_members(&mut out, schema, value);
    let _ = write!(out, "</{name}>");
    out.into()
}

fn xml_members(out: &mut String, schema: &Schema, value: &Value) {
    for (name, value) in value.as_object().into_iter().flatten() {
        match member(schema, name) {
            Some(member) if member.place == Place::Body => xml_member(out, member.wire_name(), member, value),
            _ => {}
        }
    }
}

fn xml_member(out: &mut String, name: &str, member: &Member, value: &Value) {
    let flat = member.flattened || member.schema.traits.flattened;
    match (&member.schema.kind, value) {
        (Kind::List(item), Value::Array(items)) if flat => items.iter().for_each(|i| xml_member(out, name, item, i)),
        (Kind::List(item), Value::Array(items)) => {
            let _ = write!(out, "<{name}>");
            items.iter().for_each(|i| xml_member(out, item.wire_name.unwrap_or("member"), item, i));
            let _ = write!(out, "</{name}>");
        }
        (Kind::Structure(_), Value::Object(_)) => {
            let _ = write!(out, "<{name}>");
            xml_members(out, member.schema, value);
            let _ = write!(out, "</{name}>");
        }
        _ => {
            let text = scalar(member, value, TimestampFormat::DateTime).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = write!(out, "<{name}>{text}</{name}>");
        }
    }
}

fn scalar(member: &Member, value: &Value, default: TimestampFormat) -> String {
    let (Kind::Timestamp(own), Value::String(text)) = (&member.schema.kind, value) else { return plain(value) };
    let format = member.timestamp_format.or(*own).unwrap_or(default);
    Timestamp::parse(text, TimestampFormat::DateTime).map_or_else(|| text.clone(), |at| at.format(format))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
