//! Writes the Rust types: error enum, structures, enums and aliases.

use super::model::{Model, flag, required, text};
use super::names::{Taken, camel, field, variant};
use super::selection::{End, Selection, element, fields};
use std::fmt::Write;

/// Faults of the service as `wire::errors!`.
pub fn errors(model: &Model, out: &mut String) {
    let mut taken = Taken::default();
    let _ = writeln!(out, "wire::errors! {{\n    /// Faults that AWS's model of the service knows.\n    Error {{");
    for shape in model.faults() {
        let name = camel(shape);
        let short = name.strip_suffix("Exception").filter(|short| !short.is_empty()).unwrap_or(&name);
        let fault = Fault::of(model, shape);
        let query = fault.query.map_or_else(String::new, |code| format!(", query {code:?}"));
        let _ = writeln!(out, "        {} = {:?}, {}{query};", taken.take(short.to_owned(), "Exception"), fault.code, fault.status);
    }
    out.push_str("    }\n}\n\n");
}

/// How a fault shape looks on the wire.
pub struct Fault<'a> {
    /// The code that is sent.
    pub code: &'a str,
    /// HTTP status.
    pub status: u64,
    /// The query protocol's code, for services that send it beside the JSON one.
    pub query: Option<&'a str>,
}

impl<'a> Fault<'a> {
    /// Code and status of a fault shape. The query and XML protocols send `error.code`, the JSON ones the shape's name.
    pub fn of(model: &'a Model, shape: &'a str) -> Fault<'a> {
        let json = model.shape(shape);
        let error = &json["error"];
        let own = text(error, "code");
        let speaks_json = model.protocols().first().is_some_and(|p| p.contains("json") || p.contains("cbor"));
        let status = error["httpStatusCode"].as_u64().unwrap_or(if flag(json, "fault") { 500 } else { 400 });
        let code = if speaks_json { shape } else { own.unwrap_or(shape) };
        Fault { code, status, query: own.filter(|own| model.query_compatible() && *own != code) }
    }
}

/// Inputs and outputs in the table's order, then all other structures by name.
pub fn structures(model: &Model, selection: &Selection, out: &mut String) {
    let mut written = std::collections::BTreeSet::new();
    let copy = |name: &str| selection.copies.iter().find(|(copy, _)| copy == name);
    for operation in &selection.operations {
        if let Some((name, shape)) = copy(&format!("{}Input", operation.name)) {
            structure_named(model, selection, shape, name, out);
        }
        for end in [&operation.input, &operation.output] {
            match end {
                End::Empty(name) => empty(selection, name, out),
                End::Shape(shape) if !selection.typed.contains(shape) => {}
                End::Shape(shape) if written.insert(shape.as_str()) => structure(model, selection, shape, out),
                End::Shape(_) => {}
            }
        }
    }
    for (alias, shape) in &selection.aliases {
        let _ = writeln!(out, "pub type {alias} = {};", selection.type_name(shape));
    }
    out.push('\n');
    for shape in &selection.typed {
        if model.kind(shape) == "structure" && written.insert(shape) {
            structure(model, selection, shape, out);
        }
    }
}

const DERIVES: &str = "#[derive(Clone, Debug, Default, PartialEq)]";

/// An input or output that the model has no shape for.
fn empty(selection: &Selection, name: &str, out: &mut String) {
    let _ = writeln!(out, "{DERIVES}\npub struct {name} {{}}\nwire::structure!({name}, tables::{});\n", selection.static_name(name));
}

/// One structure under its own name.
fn structure(model: &Model, selection: &Selection, shape: &str, out: &mut String) {
    structure_named(model, selection, shape, selection.type_name(shape), out);
}

/// One structure and the macro that ties it to its table.
fn structure_named(model: &Model, selection: &Selection, shape: &str, name: &str, out: &mut String) {
    let needed = required(model.shape(shape));
    let mut taken = Taken::default();
    let mut ties = vec![name.to_owned(), format!("tables::{}", selection.static_name(shape))];
    let _ = writeln!(out, "{DERIVES}\npub struct {name} {{");
    for (index, member, target) in fields(model, shape) {
        let field = taken.take(field(member), "_");
        let boxed = model.kind(target) == "structure" && model.holds_itself(target) && model.holds_itself(shape);
        let mut ty = rust_type(model, selection, target);
        if boxed {
            ty = format!("Box<{ty}>");
        }
        // A box is always optional: a required one could have no default.
        let always = needed.contains(member) && !boxed && (selection.input_only.contains(shape) || defaults_honestly(model, target));
        let _ = if always { writeln!(out, "    pub {field}: {ty},") } else { writeln!(out, "    pub {field}: Option<{ty}>,") };
        ties.push(format!("{index} {field}"));
    }
    out.push_str("}\n");
    tie(&ties, out);
}

/// `wire::structure!(...)`, folded at 140 characters.
fn tie(ties: &[String], out: &mut String) {
    let line = format!("wire::structure!({});", ties.join(", "));
    if line.len() <= 140 {
        let _ = writeln!(out, "{line}\n");
        return;
    }
    let _ = write!(out, "wire::structure!(\n    {}, {},\n   ", ties[0], ties[1]);
    let mut width = 3;
    for tie in &ties[2..] {
        if width + tie.len() + 2 > 138 {
            out.push_str("\n   ");
            width = 3;
        }
        let _ = write!(out, " {tie},");
        width += tie.len() + 2;
    }
    out.push_str("\n);\n\n");
}

/// Whether a required member of this shape is a plain field in what the service sends: a forgotten text or list is empty, but a forgotten
/// enum, moment or structure would be made up.
fn defaults_honestly(model: &Model, shape: &str) -> bool {
    !matches!(model.kind(shape), "structure" | "enum" | "timestamp" | "document")
}

/// The Rust type of a shape.
fn rust_type(model: &Model, selection: &Selection, shape: &str) -> String {
    let sparse = |ty: String| if flag(model.shape(shape), "sparse") { format!("Option<{ty}>") } else { ty };
    match model.kind(shape) {
        "structure" | "enum" => selection.type_name(shape).to_owned(),
        "list" => format!("Vec<{}>", sparse(rust_type(model, selection, element(model, shape)))),
        "map" => format!("BTreeMap<String, {}>", sparse(rust_type(model, selection, element(model, shape)))),
        "integer" | "short" | "byte" => "i32".to_owned(),
        "long" | "biginteger" => "i64".to_owned(),
        "float" => "f32".to_owned(),
        "double" | "bigdecimal" => "f64".to_owned(),
        "boolean" => "bool".to_owned(),
        "blob" => "Bytes".to_owned(),
        "timestamp" => "Timestamp".to_owned(),
        "document" => "Document".to_owned(),
        _ => "String".to_owned(),
    }
}

/// Enums by name.
pub fn enums(model: &Model, selection: &Selection, out: &mut String) {
    for shape in selection.typed.iter().filter(|shape| model.kind(shape) == "enum") {
        let mut taken = Taken::default();
        let texts = model.shape(shape)["enum"].as_array().expect("an enum has texts");
        let variants: Vec<String> =
            texts.iter().filter_map(|text| text.as_str()).map(|text| format!("{} = {text:?}", taken.take(variant(text), ""))).collect();
        let _ = writeln!(out, "wire::enumeration!({} {{", selection.type_name(shape));
        fold(&variants, out);
        out.push_str("});\n");
    }
    out.push('\n');
}

/// Items with commas, folded at 140 characters.
fn fold(items: &[String], out: &mut String) {
    let mut width = 0;
    for item in items {
        if width > 0 && width + item.len() + 2 > 138 {
            out.push('\n');
            width = 0;
        }
        out.push_str(if width == 0 { "    " } else { " " });
        out.push_str(item);
        out.push(',');
        width += item.len() + if width == 0 { 5 } else { 2 };
    }
    out.push('\n');
}
