//! AWS's protocol cases (`shared/protocol-vectors`): inputs are routed and decoded, outputs and faults encoded.
//!
//! The cases were written to test clients. What a server can't be held to is listed in `exceptions`, with the reason.

mod exceptions;
pub(crate) mod model;
mod trees;

use model::Suite;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use wire::{Bytes, DecodeError, Dynamic, Fault, OperationSchema, Protocol, Route, Router, Schema, canonical, request, response};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/protocol-vectors")
}

#[test]
fn aws_protocol_cases() {
    let Ok(files) = std::fs::read_dir(folder()) else {
        println!("skipped: {} is not there", folder().display());
        return;
    };
    let mut tally = Tally::default();
    let mut names: Vec<_> = files.filter_map(|f| f.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    for name in names.iter().filter(|n| n.starts_with("input-") || n.starts_with("output-")) {
        let text = std::fs::read_to_string(folder().join(name)).expect("a file of cases is readable");
        let suites: Vec<Json> = serde_json::from_str(&text).expect("a file of cases is JSON");
        for json in &suites {
            let suite = Suite::new(json);
            for case in json["cases"].as_array().into_iter().flatten() {
                tally.run(name, &suite, case);
            }
        }
    }
    tally.finish();
}

#[derive(Default)]
struct Tally {
    decoded: usize,
    encoded: usize,
    client_only: usize,
    skipped: usize,
    failures: Vec<String>,
    met: BTreeSet<&'static str>,
}

impl Tally {
    fn run(&mut self, file: &str, suite: &Suite, case: &Json) {
        let id = case["id"].as_str().expect("a case has an id");
        let input = file.starts_with("input-");
        let outcome = if input { decode(suite, case) } else { encode(suite, case) };
        match (exceptions::find(file, id), outcome) {
            (None, Ok(())) if input => self.decoded += 1,
            (None, Ok(())) => self.encoded += 1,
            (None, Err(why)) => self.failures.push(format!("{file} {id}: {why}")),
            (Some(exception), Err(_)) => {
                self.met.insert(exception.id);
                if exception.client_only { self.client_only += 1 } else { self.skipped += 1 }
            }
            (Some(exception), Ok(())) => {
                self.met.insert(exception.id);
                self.failures.push(format!("{file} {id}: passes, and is listed as an exception"));
            }
        }
    }

    fn finish(self) {
        let Tally { decoded, encoded, client_only, skipped, failures, met } = self;
        println!("{decoded} decoded, {encoded} encoded, {client_only} client-only, {skipped} skipped");
        for exception in exceptions::ALL.iter().filter(|e| !e.client_only) {
            println!("skipped {}: {}", exception.id, exception.reason);
        }
        for failure in &failures {
            println!("{failure}");
        }
        let unmet: Vec<_> = exceptions::ALL.iter().filter(|e| !met.contains(e.id)).map(|e| e.id).collect();
        assert!(unmet.is_empty(), "listed as exceptions, and there is no such case: {unmet:?}");
        assert!(failures.is_empty(), "{} cases fail", failures.len());
        let servers = decoded + encoded + skipped;
        assert!(servers > 0 && skipped * 100 <= servers * 3, "{skipped} of {servers} cases skipped");
    }
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or("")
}

// -- Inputs --------------------------------------------------------------------------------------------------------------------------

fn decode(suite: &Suite, case: &Json) -> Result<(), String> {
    let wire = &case["serialized"];
    let op = suite.operation(&case["given"]);
    let service = suite.service(op);
    let mut head = http::Request::builder().method(wire["method"].as_str().unwrap_or("POST")).uri(text(&wire["uri"]));
    for (name, value) in wire["headers"].as_object().into_iter().flatten() {
        head = head.header(name, text(value));
    }
    let head = head.body(()).map_err(|e| e.to_string())?.into_parts().0;
    let body: Bytes = body_of(suite.protocol, text(&wire["body"])).into();

    let protocol = wire::route::which_protocol(&head, service);
    if protocol != suite.protocol {
        return Err(format!("taken for {protocol:?}"));
    }
    let labels = match Router::new(service).route(protocol, &head, &body) {
        Route::Operation(found, labels) if std::ptr::eq(found, op) => labels,
        other => return Err(format!("routed to {other:?}")),
    };
    let mut value = Dynamic::new(op.input);
    let structure = value.as_structure().expect("an input is a structure");
    let decoded = request::decode(protocol, op, &head, &labels, &body, structure).map_err(|e| format!("{e:?}"))?;
    let ours = canonical::to_json(op.input, structure);
    let theirs = model::expected(op.input, &case["params"]);
    if ours != theirs {
        return Err(format!("\n  decoded  {ours}\n  expected {theirs}"));
    }
    if !decoded.unknown.is_empty() {
        return Err(format!("unknown members {:?}", decoded.unknown));
    }
    Ok(())
}

fn body_of(protocol: Protocol, text: &str) -> Vec<u8> {
    use base64::Engine;
    match protocol {
        Protocol::Cbor => base64::engine::general_purpose::STANDARD.decode(text).expect("a CBOR case is base64"),
        _ => text.as_bytes().to_vec(),
    }
}

// -- Outputs -------------------------------------------------------------------------------------------------------------------------

fn encode(suite: &Suite, case: &Json) -> Result<(), String> {
    let wire = &case["response"];
    let op = suite.operation(&case["given"]);
    let service = suite.service(op);
    let status = wire["status_code"].as_u64().unwrap_or(200) as u16;
    let is_fault = case.get("errorCode").is_some();
    let request_id = wire["headers"]["X-Amzn-Requestid"].as_str().unwrap_or("requestid");
    let response = if is_fault {
        let mut fault = Fault::new(text(&case["errorCode"]).to_string(), status, text(&case["errorMessage"]));
        for (name, value) in case["error"].as_object().into_iter().flatten().filter(|(name, _)| !name.eq_ignore_ascii_case("message")) {
            fault = fault.with(name.clone(), value.clone());
        }
        response::encode_fault(suite.protocol, service, Some(op), &fault, request_id)
    } else {
        let mut value = model::value(op.output, &case["result"]);
        let structure = value.as_structure().expect("an output is a structure");
        response::encode(suite.protocol, service, op, structure, None, request_id)
    };
    if response.status().as_u16() != status {
        return Err(format!("status {} and not {status}", response.status()));
    }
    let ours = response.body();
    for (name, value) in wire["headers"].as_object().into_iter().flatten() {
        compare_header(name, text(value), &response, ours.is_empty())?;
    }
    let theirs = body_of(suite.protocol, text(&wire["body"]));
    compare_bodies(suite.protocol, op, is_fault, ours, &theirs)
}

fn compare_header(name: &str, value: &str, response: &http::Response<Bytes>, bodiless: bool) -> Result<(), String> {
    // The gateway sets the length; a type without a body says nothing; a target is what clients send.
    let ours = response.headers().get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    match name.to_ascii_lowercase().as_str() {
        "content-length" | "x-amz-target" => Ok(()),
        "content-type" if bodiless || ours.as_deref().is_some_and(|ours| media_type(ours) == media_type(value)) => Ok(()),
        _ if ours.as_deref() == Some(value) => Ok(()),
        _ => Err(format!("header {name} is {ours:?} and not {value:?}")),
    }
}

fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or(value)
}

fn compare_bodies(protocol: Protocol, op: &'static OperationSchema, is_fault: bool, ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    let shown = || format!("\n  ours   {}\n  theirs {}", String::from_utf8_lossy(ours), String::from_utf8_lossy(theirs));
    // What a client takes from it does not differ.
    let empty = |body: &[u8]| matches!(body, b"" | b"{}");
    if ours == theirs || empty(ours) && empty(theirs) {
        return Ok(());
    }
    match protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            let json = |body: &[u8]| serde_json::from_slice::<Json>(body).map(without_type);
            match (json(ours), json(theirs)) {
                (Ok(a), Ok(b)) if trees::same_json(&a, &b) => Ok(()),
                _ => Err(shown()),
            }
        }
        Protocol::Cbor => {
            let schema = if is_fault { op.faults[0] } else { op.output };
            match (read_cbor(schema, ours), read_cbor(schema, theirs)) {
                (Ok(a), Ok(b)) if a == b => Ok(()),
                (a, b) => Err(format!("\n  ours   {a:?}\n  theirs {b:?}")),
            }
        }
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => {
            let (ours, theirs) = (trees::xml(ours), trees::xml(theirs));
            if trees::same_xml(&ours, &theirs, is_fault) { Ok(()) } else { Err(shown()) }
        }
    }
}

/// A shape's name without its namespace, which the codecs don't know.
fn without_type(mut json: Json) -> Json {
    if let Some(name) = json.get("__type").and_then(|t| t.as_str()).map(|t| t.rsplit('#').next().unwrap_or(t).to_string()) {
        json["__type"] = json!(name);
    }
    json
}

/// CBOR by way of our own reader, which the input cases hold to account.
fn read_cbor(schema: &'static Schema, body: &[u8]) -> Result<Json, DecodeError> {
    let op = Box::leak(Box::new(model::operation("Read", schema, schema)));
    let head = http::Request::new(()).into_parts().0;
    let mut value = Dynamic::new(schema);
    let structure = value.as_structure().expect("an output is a structure");
    request::decode(Protocol::Cbor, op, &head, &[], &Bytes::copy_from_slice(body), structure)?;
    Ok(canonical::to_json(schema, structure))
}
