//! Writes the static tables: shapes, patterns, operations and the service.

use super::model::{Model, flag, members, required, text};
use super::names::{Taken, screaming};
use super::selection::{End, Operation, Selection};
use super::types::Fault;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The `tables` module.
pub fn write(model: &Model, selection: &Selection, tool_name: &str, out: &mut String) {
    let mut tables = Tables { model, selection, patterns: BTreeMap::new(), pattern_names: Taken::default() };
    out.push_str("mod tables {\n    use wire::schema::*;\n\n");
    tables.shapes(out);
    tables.patterns(out);
    tables.operations(out);
    tables.service(tool_name, out);
    out.push_str("}\n");
}

struct Tables<'a> {
    model: &'a Model,
    selection: &'a Selection,
    /// Pattern source to the name of its static: shapes that share a pattern share the compiled one.
    patterns: BTreeMap<String, String>,
    pattern_names: Taken,
}

impl Tables<'_> {
    fn shapes(&mut self, out: &mut String) {
        for operation in &self.selection.operations {
            for end in [&operation.input, &operation.output] {
                if let End::Empty(name) = end {
                    let _ = writeln!(
                        out,
                        "pub(super) static {}: Schema = Schema::new({name:?}, Kind::Structure(&[]));",
                        self.selection.static_name(name)
                    );
                }
            }
        }
        for shape in &self.selection.tabled {
            self.shape(shape, self.selection.static_name(shape), false, out);
            // Where the model says of a member, not of the shape, that it is streamed, the shape has a second table.
            if self.model.streamed_by_a_member(shape) {
                self.shape(shape, &stream_name(self.selection.static_name(shape)), true, out);
            }
        }
        out.push('\n');
    }

    fn shape(&mut self, shape: &str, name: &str, streaming: bool, out: &mut String) {
        let json = self.model.shape(shape);
        let _ = write!(out, "pub(super) static {name}: Schema = Schema::new({shape:?}, {})", self.kind(shape));
        for bound in ["min", "max"] {
            if let Some(value) = json.get(bound).and_then(Value::as_f64) {
                let _ = write!(out, ".{bound}({value:?})");
            }
        }
        if let Some(source) = text(json, "pattern") {
            let _ = write!(out, ".pattern(&{})", self.pattern(shape, source));
        }
        let traits = self.traits(shape, streaming);
        if !traits.is_empty() {
            let _ = write!(out, ".traits(Traits {{ {}, ..Traits::NONE }})", traits.join(", "));
        }
        out.push_str(";\n");
    }

    fn kind(&self, shape: &str) -> String {
        let json = self.model.shape(shape);
        match self.model.kind(shape) {
            "structure" => {
                let needed = required(json);
                let list: Vec<String> =
                    members(json).map(|(name, member)| self.member(name, member, needed.contains(name.as_str()))).collect();
                format!("Kind::Structure(&[{}])", list.join(", "))
            }
            "list" => format!("Kind::List(&{})", self.member("member", &json["member"], false)),
            "map" => format!("Kind::Map(&{}, &{})", self.member("key", &json["key"], false), self.member("value", &json["value"], false)),
            "enum" => format!("Kind::Enum(super::{}::TEXTS)", self.selection.type_name(shape)),
            "integer" | "short" | "byte" => "Kind::Integer".to_owned(),
            "long" | "biginteger" => "Kind::Long".to_owned(),
            "float" => "Kind::Float".to_owned(),
            "double" | "bigdecimal" => "Kind::Double".to_owned(),
            "boolean" => "Kind::Boolean".to_owned(),
            "blob" => "Kind::Blob".to_owned(),
            "timestamp" => match text(json, "timestampFormat") {
                Some(format) => format!("Kind::Timestamp(Some({}))", timestamp_format(format)),
                None => "Kind::Timestamp(None)".to_owned(),
            },
            "document" => "Kind::Document".to_owned(),
            _ => "Kind::String".to_owned(),
        }
    }

    fn member(&self, name: &str, member: &Value, needed: bool) -> String {
        let target = text(member, "shape").expect("a member has a shape");
        let table = self.selection.static_name(target);
        let table = if flag(member, "streaming") { stream_name(table) } else { table.to_owned() };
        let mut call = format!("Member::new({name:?}, &{table})");
        let wire_name = text(member, "locationName").unwrap_or(name);
        match text(member, "location").and_then(place) {
            Some(place) => drop(write!(call, ".at(Place::{place}, {wire_name:?})")),
            None if wire_name != name => drop(write!(call, ".wire({wire_name:?})")),
            None => {}
        }
        if needed {
            call.push_str(".required()");
        }
        if let Some(format) = text(member, "timestampFormat") {
            let _ = write!(call, ".format({})", timestamp_format(format));
        }
        if flag(member, "flattened") || flag(self.model.shape(target), "flattened") {
            call.push_str(".flat()");
        }
        let rest = rare_traits(member);
        if rest.is_empty() { call } else { format!("Member {{ {}, ..{call} }}", rest.join(", ")) }
    }

    /// Fields of `Traits` that a shape sets.
    fn traits(&self, shape: &str, streaming: bool) -> Vec<String> {
        let json = self.model.shape(shape);
        let mut traits = Vec::new();
        let flags = [("union", "union"), ("flattened", "flattened"), ("eventstream", "event_stream"), ("sparse", "sparse")];
        traits.extend(flags.iter().filter(|(key, _)| flag(json, key)).map(|(_, field)| format!("{field}: true")));
        if streaming || flag(json, "streaming") {
            traits.push("streaming: true".to_owned());
        }
        if self.model.faults().contains(shape) {
            let fault = Fault::of(self.model, shape);
            let (code, status, sender) = (fault.code, fault.status, fault.status < 500);
            traits.push(format!("fault: Some(FaultTraits {{ code: {code:?}, status: {status}, sender: {sender} }})"));
        }
        // Of an input the operation, not the shape, says what its root element is called.
        let root =
            self.model.operations().map(|(_, o)| &o["input"]).find(|i| text(i, "shape") == Some(shape) && i.get("locationName").is_some());
        let root = root.unwrap_or(json);
        if let Some(name) = text(root, "locationName") {
            traits.push(format!("xml_name: Some({name:?})"));
        }
        if let Some(namespace) = xml_namespace(root) {
            traits.push(format!("xml_namespace: {namespace}"));
        }
        if let Some(payload) = text(json, "payload") {
            let member = members(json).find(|(name, _)| *name == payload).map(|(name, m)| text(m, "locationName").unwrap_or(name));
            traits.push(format!("payload: Some({:?})", member.unwrap_or(payload)));
        }
        traits
    }

    fn pattern(&mut self, shape: &str, source: &str) -> String {
        if let Some(name) = self.patterns.get(source) {
            return name.clone();
        }
        let name = self.pattern_names.take(format!("P_{}", screaming(shape)), "");
        self.patterns.insert(source.to_owned(), name.clone());
        name
    }

    fn patterns(&self, out: &mut String) {
        let mut lines: Vec<String> = self
            .patterns
            .iter()
            .map(|(source, name)| format!("static {name}: Pattern = Pattern::new({});\n", raw_string(source)))
            .collect();
        lines.sort();
        lines.into_iter().for_each(|line| out.push_str(&line));
        out.push('\n');
    }

    fn operations(&self, out: &mut String) {
        for operation in &self.selection.operations {
            let json = self.model.operation(&operation.name).expect("the selection only holds operations of the model");
            let faults: Vec<String> = self.model.errors(json).map(|shape| format!("&{}", self.selection.static_name(shape))).collect();
            let unsigned = text(json, "authtype") == Some("none")
                || json["auth"].as_array().is_some_and(|a| a.iter().any(|a| a == "smithy.api#noAuth"));
            let _ = writeln!(
                out,
                "static {}: OperationSchema = OperationSchema {{ name: {:?}, method: {:?}, uri: {:?}, status: {}, input: &{}, output: &{}, \
                 result_wrapper: {:?}, faults: &[{}], unsigned: {unsigned} }};",
                operation_static(&operation.name),
                operation.name,
                text(&json["http"], "method").unwrap_or("POST"),
                text(&json["http"], "requestUri").unwrap_or("/"),
                json["http"]["responseCode"].as_u64().unwrap_or(200),
                self.selection.static_name(operation.input.key()),
                self.selection.static_name(operation.output.key()),
                self.result_wrapper(operation, json),
                faults.join(", "),
            );
        }
        out.push('\n');
    }

    /// The element around a query answer: the model's, or the operation's name where a JSON service also answers query clients.
    fn result_wrapper(&self, operation: &Operation, json: &Value) -> Option<String> {
        let modelled = text(&json["output"], "resultWrapper").map(str::to_owned);
        let also_query = self.model.query_compatible() && matches!(operation.output, End::Shape(_));
        modelled.or_else(|| also_query.then(|| format!("{}Result", operation.name)))
    }

    fn service(&self, tool_name: &str, out: &mut String) {
        let model = self.model;
        let endpoint = model.metadata("endpointPrefix").unwrap_or(tool_name);
        let built: Vec<String> = self.selection.operations.iter().map(|o| format!("&{}", operation_static(&o.name))).collect();
        let faults: Vec<String> = model.faults().iter().map(|shape| format!("&{}", self.selection.static_name(shape))).collect();
        let _ = write!(
            out,
            "/// The service's model.\npub static SERVICE: ServiceSchema = ServiceSchema {{ name: {tool_name:?}, service_id: {:?}, signing_name: {:?}, \
             endpoint_prefix: {endpoint:?}, target_prefix: {:?}, protocols: &[{}], api_version: {:?}, xml_namespace: {:?}, \
             bare_errors: {}, query_compatible: {}, operations: &[{}], refused: &[",
            model.metadata("serviceId").unwrap_or(tool_name),
            model.metadata("signingName").unwrap_or(endpoint),
            model.metadata("targetPrefix"),
            protocols(model).join(", "),
            model.metadata("apiVersion").unwrap_or_default(),
            model.xml_namespace(),
            model.bare_errors(),
            model.query_compatible(),
            built.join(", "),
        );
        for (name, json) in model.operations().filter(|(name, _)| !self.selection.operations.iter().any(|o| o.name == **name)) {
            let method = text(&json["http"], "method").unwrap_or("POST");
            let uri = text(&json["http"], "requestUri").unwrap_or("/");
            let _ = write!(out, "Refused {{ name: {name:?}, method: {method:?}, uri: {uri:?} }}, ");
        }
        let _ = writeln!(out, "], faults: &[{}] }};", faults.join(", "));
    }
}

/// Name of an operation's static.
fn operation_static(operation: &str) -> String {
    format!("OP_{}", screaming(operation))
}

/// Name of the second table of a shape that a member streams.
fn stream_name(table: &str) -> String {
    format!("{table}__STREAM")
}

/// botocore's `location` as a variant of `Place`.
fn place(location: &str) -> Option<&'static str> {
    match location {
        "header" => Some("Header"),
        "headers" => Some("Headers"),
        "uri" => Some("Uri"),
        "querystring" => Some("Query"),
        "statusCode" => Some("Status"),
        _ => None,
    }
}

/// botocore's `timestampFormat` as a variant of `TimestampFormat`.
fn timestamp_format(format: &str) -> &'static str {
    match format {
        "rfc822" => "TimestampFormat::HttpDate",
        "unixTimestamp" => "TimestampFormat::EpochSeconds",
        _ => "TimestampFormat::DateTime",
    }
}

/// Fields of `Member` that have no setter because few members have them.
fn rare_traits(member: &Value) -> Vec<String> {
    let flags = [
        ("xmlAttribute", "xml_attribute"),
        ("jsonvalue", "json_value"),
        ("idempotencyToken", "idempotency_token"),
        ("eventheader", "event_header"),
        ("eventpayload", "event_payload"),
    ];
    let mut traits: Vec<String> = flags.iter().filter(|(key, _)| flag(member, key)).map(|(_, field)| format!("{field}: true")).collect();
    if let Some(name) = text(member, "queryName") {
        traits.push(format!("query_name: Some({name:?})"));
    }
    if let Some(namespace) = xml_namespace(member) {
        traits.push(format!("xml_namespace: {namespace}"));
    }
    traits
}

/// A namespace of the model as (prefix, URI).
fn xml_namespace(value: &Value) -> Option<String> {
    let namespace = value.get("xmlNamespace")?;
    let uri = namespace.as_str().or_else(|| text(namespace, "uri"))?;
    Some(format!("Some(({:?}, {uri:?}))", text(namespace, "prefix").unwrap_or_default()))
}

/// The protocols as variants of `Protocol`. A query-compatible service takes query requests too, though its model no longer says so.
fn protocols(model: &Model) -> Vec<String> {
    let json = if model.metadata("jsonVersion") == Some("1.0") { "Json10" } else { "Json11" };
    let mut list: Vec<&str> = Vec::new();
    for protocol in model.protocols() {
        list.extend(match protocol {
            "json" => Some(json),
            "rest-json" => Some("RestJson"),
            "rest-xml" => Some("RestXml"),
            "query" => Some("Query"),
            "ec2" => Some("Ec2"),
            "smithy-rpc-v2-cbor" => Some("Cbor"),
            _ => None,
        });
    }
    if model.query_compatible() && !list.contains(&"Query") {
        list.push("Query");
    }
    list.into_iter().map(|name| format!("Protocol::{name}")).collect()
}

/// A raw string literal with as many `#` as the text needs.
fn raw_string(text: &str) -> String {
    let mut fence = String::new();
    while text.contains(&format!("\"{fence}")) {
        fence.push('#');
    }
    format!("r{fence}\"{text}\"{fence}")
}
