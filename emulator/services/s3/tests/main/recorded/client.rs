//! A client as boto3 is one: parameters by the model's names into HTTP, answers into what boto3 returns. Driven by the service's own tables.

use super::{request, xml::Element};
use crate::{
    desk::Desk,
    http::{Answer, Ask, send},
};
use kit::Operations;
use serde_json::{Map, Value, json};
use wire::{Kind, Member, OperationSchema, Place, Schema, Timestamp, TimestampFormat};

/// Who asks, and where.
#[derive(Clone, Default)]
pub struct Caller {
    /// Nobody signs.
    pub anonymous: bool,
    pub region: Option<String>,
}

impl Caller {
    /// Sends a request that no operation's table makes.
    pub async fn send(&self, desk: &Desk, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let headers = headers.iter().map(|(n, v)| (*n, v.to_string())).collect();
        let key = (!self.anonymous).then_some(("test", "test"));
        let region = self.region.as_deref().unwrap_or("us-east-1");
        let now = kit::time::amz_date(desk.cloud.clock().now());
        send(desk.address(), Ask { method, target, headers, body: body.to_vec(), key, region }, &now).await
    }
}

/// The operation of a name, where it is built.
pub fn operation(name: &str) -> Option<&'static OperationSchema> {
    s3::S3::new().schema().operations.iter().find(|o| o.name == name).copied()
}

/// Calls an operation; what boto3 returns, or the response of the error it raises.
pub async fn call(desk: &Desk, caller: &Caller, op: &'static OperationSchema, mut params: Map<String, Value>) -> Value {
    let decode_keys = request::defaults(op, &mut params);
    let made = request::of(op, &params);
    let headers: Vec<(&str, &str)> = made.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let mut answer = caller.send(desk, op.method, &made.target, &headers, &made.body).await;
    // A bucket that is elsewhere is asked for there.
    if answer.status >= 300
        && let Some(region) = answer.header("x-amz-bucket-region")
        && Some(region) != caller.region.as_deref().or(Some("us-east-1"))
    {
        let there = Caller { region: Some(region.to_owned()), ..caller.clone() };
        answer = there.send(desk, op.method, &made.target, &headers, &made.body).await;
    }
    if !answer.latin_1 {
        answer.headers.iter_mut().for_each(|(_, value)| *value = as_latin_1(value));
    }
    let mut parsed = parse(op, &answer);
    if decode_keys {
        unquote_keys(&mut parsed);
    }
    parsed
}

/// Python reads headers as Latin-1.
fn as_latin_1(value: &str) -> String {
    value.bytes().map(char::from).collect()
}

/// What boto3 makes of an answer.
fn parse(op: &OperationSchema, answer: &Answer) -> Value {
    let root = Element::read(&answer.text());
    if answer.status >= 300 || (root.as_ref().is_some_and(|r| r.name == "Error")) {
        return error(op, answer, root);
    }
    let mut out = Map::new();
    for member in op.output.members() {
        if let Some(value) = from_head(member, answer) {
            out.insert(member.name.into(), value);
        }
    }
    let payload = op.output.members().iter().find(|m| op.output.traits.payload.is_some_and(|p| m.wire_name() == p || m.name == p));
    match (payload, root) {
        (Some(member), _) if member.schema.traits.streaming || !matches!(member.schema.kind, Kind::Structure(_)) => {
            out.insert(member.name.into(), answer.text().into());
        }
        (Some(member), Some(root)) => drop(out.insert(member.name.into(), structure(member.schema, &root))),
        (None, Some(root)) if op.name == "GetBucketLocation" => {
            let region = Some(root.text).filter(|t| !t.is_empty());
            out.insert("LocationConstraint".into(), region.into());
        }
        (None, Some(root)) => {
            let body = structure(op.output, &root);
            out.extend(body.as_object().cloned().unwrap_or_default());
        }
        (Some(_), None) | (None, None) => {}
    }
    if let Some(expires) = answer.header("expires").filter(|_| out.contains_key("Expires")) {
        out.insert("ExpiresString".into(), expires.into());
    }
    out.insert("ResponseMetadata".into(), metadata(answer));
    Value::Object(out)
}

fn metadata(answer: &Answer) -> Value {
    let headers: Map<String, Value> = answer.headers.iter().map(|(n, v)| (n.clone(), v.clone().into())).collect();
    let id = |name: &str| answer.header(name).unwrap_or_default();
    let (request, host) = (id("x-amz-request-id"), id("x-amz-id-2"));
    json!({ "HTTPStatusCode": answer.status, "HTTPHeaders": headers, "RequestId": request, "HostId": host, "RetryAttempts": 0 })
}

/// The response of a ClientError. Bodies of HEAD are empty: the status is all there is.
fn error(op: &OperationSchema, answer: &Answer, root: Option<Element>) -> Value {
    let reason = match answer.status {
        301 => "Moved Permanently",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        412 => "Precondition Failed",
        416 => "Requested Range Not Satisfiable",
        _ => "",
    };
    let mut out = Map::new();
    let mut fields = Map::new();
    match root {
        Some(root) => {
            let code = root.child("Code").map_or("", |c| c.text.as_str()).to_owned();
            for child in &root.children {
                if child.name != "RequestId" && child.name != "HostId" {
                    let text = if child.text.is_empty() { Value::Null } else { child.text.clone().into() };
                    fields.insert(child.name.clone(), text);
                }
            }
            let service = s3::S3::new();
            let modelled = op.faults.iter().chain(service.schema().faults).find(|f| f.name == code);
            if let Some(modelled) = modelled {
                let body = structure(modelled, &root);
                out.extend(body.as_object().cloned().unwrap_or_default());
            }
        }
        None => {
            fields.insert("Code".into(), answer.status.to_string().into());
            fields.insert("Message".into(), reason.into());
        }
    }
    out.insert("Error".into(), fields.into());
    if op.name == "GetBucketLocation" {
        // boto3 reads the root's text whatever the root is.
        out.insert("LocationConstraint".into(), Value::Null);
    }
    out.insert("ResponseMetadata".into(), metadata(answer));
    Value::Object(out)
}

fn from_head(member: &Member, answer: &Answer) -> Option<Value> {
    match member.place {
        Place::Header => {
            let text = answer.header(&member.wire_name().to_lowercase())?;
            Some(scalar(member, text, TimestampFormat::HttpDate))
        }
        Place::Headers => {
            let prefix = member.wire_name().to_lowercase();
            let named = answer.headers.iter().filter_map(|(n, v)| Some((n.strip_prefix(&prefix)?.to_owned(), Value::from(v.clone()))));
            Some(Value::Object(named.collect()))
        }
        Place::Status => Some(answer.status.into()),
        _ => None,
    }
}

fn structure(schema: &Schema, element: &Element) -> Value {
    let mut out = Map::new();
    for member in schema.members() {
        let name = member.wire_name();
        if member.place != Place::Body {
            continue;
        }
        if member.xml_attribute {
            if let Some(text) = element.attribute(name) {
                out.insert(member.name.into(), text.into());
            }
            continue;
        }
        let flat = member.flattened || member.schema.traits.flattened;
        let found: Vec<&Element> = element.children.iter().filter(|c| c.name == name).collect();
        if found.is_empty() {
            continue;
        }
        let value = match (&member.schema.kind, flat) {
            (Kind::List(item), true) => found.iter().map(|e| value(item, e)).collect::<Vec<_>>().into(),
            _ => value(member, found[0]),
        };
        out.insert(member.name.into(), value);
    }
    Value::Object(out)
}

fn value(member: &Member, element: &Element) -> Value {
    match &member.schema.kind {
        Kind::Structure(_) => structure(member.schema, element),
        Kind::List(item) => {
            let name = item.wire_name.unwrap_or("member");
            element.children.iter().filter(|c| c.name == name).map(|e| value(item, e)).collect::<Vec<_>>().into()
        }
        _ => scalar(member, &element.text, TimestampFormat::DateTime),
    }
}

fn scalar(member: &Member, text: &str, format: TimestampFormat) -> Value {
    match member.schema.kind {
        Kind::Boolean => (text == "true").into(),
        Kind::Integer | Kind::Long => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Kind::Timestamp(_) => match Timestamp::parse(text, format).or_else(|| Timestamp::parse(text, TimestampFormat::DateTime)) {
            Some(at) => at.format(TimestampFormat::DateTime).into(),
            None => text.into(),
        },
        _ => text.into(),
    }
}

/// boto3 asks for encoded keys in listings and decodes them again.
fn unquote_keys(parsed: &mut Value) {
    let decode = |value: &mut Value| {
        if let Some(text) = value.as_str() {
            *value = percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into();
        }
    };
    let tops = ["Delimiter", "Marker", "NextMarker", "Prefix", "StartAfter", "KeyMarker", "NextKeyMarker"];
    // ListObjects leaves its Prefix as it came.
    let is_v1 = parsed.get("Marker").is_some();
    for name in tops.iter().filter(|n| !(is_v1 && **n == "Prefix")) {
        if let Some(value) = parsed.get_mut(*name) {
            decode(value);
        }
    }
    for (list, name) in [("Contents", "Key"), ("CommonPrefixes", "Prefix"), ("Versions", "Key"), ("DeleteMarkers", "Key")] {
        for item in parsed.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(value) = item.get_mut(name) {
                decode(value);
            }
        }
    }
}
