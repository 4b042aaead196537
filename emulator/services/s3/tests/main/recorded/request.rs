//! Parameters by the model's names into an HTTP request, with the defaults that boto3 adds: checksums, encoded listings.

use base64::{Engine, prelude::BASE64_STANDARD};
use crc_fast::CrcAlgorithm;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use sha2::Sha256;
use wire::{Kind, Member, OperationSchema, Place, Schema, Timestamp, TimestampFormat};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');

/// A request, not yet signed.
pub struct Made {
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Text as it stands in a path.
pub fn in_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}
/// Text as it stands in a query string.
pub fn in_query(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// What boto3 adds to a call; whether it decodes the keys of the answer.
pub fn defaults(op: &OperationSchema, params: &mut Map<String, Value>) -> bool {
    let lists = ["ListObjects", "ListObjectsV2", "ListObjectVersions"].contains(&op.name);
    let decode = lists && !params.contains_key("EncodingType");
    if decode {
        params.insert("EncodingType".into(), "url".into());
    }
    // botocore's `when_supported` (1.36 and later); `ChecksumMode=-` stands for the clients before.
    if op.name == "GetObject" {
        params.entry("ChecksumMode").or_insert("ENABLED".into());
    }
    params.retain(|_, value| value != "-");
    decode
}

/// The request that a call makes.
pub fn of(op: &OperationSchema, params: &Map<String, Value>) -> Made {
    let (path, fixed) = op.uri.split_once('?').unwrap_or((op.uri, ""));
    let mut path = path.to_owned();
    let mut query: Vec<(String, String)> = fixed
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|p| p.split_once('=').unwrap_or((p, "")))
        .map(|(n, v)| (n.into(), v.into()))
        .collect();
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut body = Vec::new();
    for (name, value) in params {
        let Some(member) = op.input.members().iter().find(|m| m.name == name) else {
            // The service does not know it: it is left out here as everywhere.
            continue;
        };
        match member.place {
            Place::Uri => {
                let text = text(member, value, TimestampFormat::DateTime);
                path = path.replace(&format!("{{{name}+}}"), &in_path(&text)).replace(&format!("{{{name}}}"), &in_path(&text));
            }
            Place::Query => query.push((in_query(member.wire_name()), in_query(&text(member, value, TimestampFormat::DateTime)))),
            Place::Header if name == "CopySource" => headers.push((member.wire_name().to_lowercase(), copy_source(value))),
            Place::Header if matches!(member.schema.kind, Kind::List(_)) => {
                let words: Vec<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                headers.push((member.wire_name().to_lowercase(), words.join(",")));
            }
            Place::Header => headers.push((member.wire_name().to_lowercase(), text(member, value, TimestampFormat::HttpDate))),
            Place::Headers => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    headers.push((format!("{}{}", member.wire_name(), key).to_lowercase(), value.as_str().unwrap_or_default().into()));
                }
            }
            Place::Body if member.schema.traits.streaming => body = bytes(value),
            Place::Body if matches!(member.schema.kind, Kind::String) => body = bytes(value),
            Place::Body => body = document(member, value).into_bytes(),
            Place::Status => {}
        }
    }
    checksum(op, params, &body, &mut headers);
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(n, v)| format!("{n}={v}")).collect();
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    Made { target, headers, body }
}

/// `*5242881:a` is a run of one letter, `base64:AAEC` are bytes; everything else is itself.
pub fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    if let Some(bytes) = text.strip_prefix("base64:").and_then(|text| BASE64_STANDARD.decode(text).ok()) {
        return bytes;
    }
    match text.strip_prefix('*').and_then(|rest| rest.split_once(':')) {
        Some((count, piece)) if count.parse::<usize>().is_ok() => piece.repeat(count.parse().unwrap()).into_bytes(),
        _ => text.as_bytes().to_vec(),
    }
}

/// The checksum of an algorithm in base64.
pub fn sum(algorithm: &str, body: &[u8]) -> String {
    let crc = |which, bytes: usize| {
        let mut digest = crc_fast::Digest::new(which);
        digest.update(body);
        BASE64_STANDARD.encode(&digest.finalize().to_be_bytes()[8 - bytes..])
    };
    match algorithm {
        "CRC32C" => crc(CrcAlgorithm::Crc32Iscsi, 4),
        "CRC64NVME" => crc(CrcAlgorithm::Crc64Nvme, 8),
        "SHA1" => BASE64_STANDARD.encode(Sha1::digest(body)),
        "SHA256" => BASE64_STANDARD.encode(Sha256::digest(body)),
        _ => crc(CrcAlgorithm::Crc32IsoHdlc, 4),
    }
}

fn checksum(op: &OperationSchema, params: &Map<String, Value>, body: &[u8], headers: &mut Vec<(String, String)>) {
    let takes = op.input.members().iter().any(|m| m.wire_name().eq_ignore_ascii_case("x-amz-sdk-checksum-algorithm"));
    let given =
        headers.iter().any(|(n, _)| n.starts_with("x-amz-checksum-") && n != "x-amz-checksum-type" && n != "x-amz-checksum-algorithm");
    let none = params.get("NoChecksum").is_some();
    let copies = op.name == "CompleteMultipartUpload" || op.name == "CopyObject" || op.name == "CreateMultipartUpload";
    if !takes || given || copies || none {
        return;
    }
    let algorithm = params.get("ChecksumAlgorithm").and_then(Value::as_str).unwrap_or("CRC32").to_owned();
    if !headers.iter().any(|(n, _)| n == "x-amz-sdk-checksum-algorithm") {
        headers.push(("x-amz-sdk-checksum-algorithm".into(), algorithm.clone()));
    }
    headers.push((format!("x-amz-checksum-{}", algorithm.to_lowercase()), sum(&algorithm, body)));
}

fn copy_source(value: &Value) -> String {
    match value {
        Value::Object(parts) => {
            let part = |name: &str| parts.get(name).and_then(Value::as_str).unwrap_or_default();
            let version = parts.get("VersionId").and_then(Value::as_str).map_or(String::new(), |v| format!("?versionId={v}"));
            format!("{}/{}{version}", part("Bucket"), in_path(part("Key")))
        }
        other => in_path_with_version(other.as_str().unwrap_or_default()),
    }
}

fn in_path_with_version(text: &str) -> String {
    match text.split_once("?versionId=") {
        Some((path, version)) => format!("{}?versionId={version}", in_path(path)),
        None => in_path(text),
    }
}

fn text(member: &Member, value: &Value, default: TimestampFormat) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Kind::Timestamp(own) = member.schema.kind
        && let Some(at) = Timestamp::parse(&text, TimestampFormat::DateTime)
    {
        return at.format(member.timestamp_format.or(own).unwrap_or(default));
    }
    text
}

fn document(member: &Member, value: &Value) -> String {
    let name = member.wire_name.or(member.schema.traits.xml_name).unwrap_or(member.schema.name);
    let mut out = String::new();
    element(&mut out, name, member, value, " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"");
    out
}

fn element(out: &mut String, name: &str, member: &Member, value: &Value, extra: &str) {
    match &member.schema.kind {
        Kind::Structure(_) => structure(out, name, member.schema, value, extra),
        Kind::List(item) => {
            *out += &format!("<{name}{extra}>");
            for each in value.as_array().into_iter().flatten() {
                element(out, item.wire_name.unwrap_or("member"), item, each, "");
            }
            *out += &format!("</{name}>");
        }
        _ => *out += &format!("<{name}{extra}>{}</{name}>", escape(&text(member, value, TimestampFormat::DateTime))),
    }
}

fn structure(out: &mut String, name: &str, schema: &Schema, value: &Value, extra: &str) {
    let mut attributes = extra.to_owned();
    for member in schema.members().iter().filter(|m| m.xml_attribute) {
        if let Some(text) = value.get(member.name).and_then(Value::as_str) {
            attributes += &format!(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" {}=\"{text}\"", member.wire_name());
        }
    }
    *out += &format!("<{name}{attributes}>");
    // In the order of the call, as boto3 does it.
    for (key, value) in value.as_object().into_iter().flatten() {
        let Some(member) = schema.members().iter().find(|m| m.name == key && !m.xml_attribute) else { continue };
        match (&member.schema.kind, member.flattened || member.schema.traits.flattened) {
            (Kind::List(item), true) => {
                for each in value.as_array().into_iter().flatten() {
                    element(out, member.wire_name(), item, each, "");
                }
            }
            _ => element(out, member.wire_name(), member, value, ""),
        }
    }
    *out += &format!("</{name}>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}
