//! The format's JSON Schema, for editors: made from the table of verbs, so that it says what the reader takes.

use super::{
    matcher,
    verbs::{self, Arg, ArgKind, Verb},
};
use serde_json::{Map, Value, json};

/// The schema.
pub fn json_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Windtunnel scenario",
        "description": "Written by `windtunnel run --print-schema`; see scenarios/README.md.",
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "steps"],
        "properties": {
            "name": { "type": "string", "description": "What the scenario shows, in a sentence." },
            "tags": { "type": "array", "items": { "type": "string" } },
            "seed": { "type": "integer", "minimum": 0 },
            "start": { "type": "string", "description": "Virtual time at the start, 2026-03-10T10:00:00Z." },
            "stack": {
                "type": "object",
                "additionalProperties": false,
                "required": ["template"],
                "properties": {
                    "template": { "type": "string", "description": "Relative to the scenario's folder." },
                    "name": { "type": "string" },
                    "params": { "type": "object" },
                },
            },
            "steps": { "$ref": "#/$defs/steps" },
        },
        "$defs": {
            "steps": { "type": "array", "items": { "$ref": "#/$defs/step" } },
            "step": step(),
            "reference": { "type": "string", "pattern": "^\\$\\{.*\\}$" },
            "identity": {
                "anyOf": [
                    { "type": "string" },
                    { "type": "object", "additionalProperties": false, "properties": { "role": { "type": "string" }, "user": { "type": "string" }, "session": { "type": "string" }, "key": { "type": "string" } } },
                ],
            },
            "matcher": matcher_schema(),
            "expect": expect(),
        },
    })
}

fn step() -> Value {
    let mut properties = Map::from_iter([
        ("name".to_owned(), json!({ "type": "string" })),
        ("capture".to_owned(), json!({ "type": "object", "additionalProperties": { "type": "string", "pattern": "^\\$" } })),
        ("expect".to_owned(), json!({ "$ref": "#/$defs/expect" })),
        ("as".to_owned(), json!({ "$ref": "#/$defs/identity" })),
    ]);
    properties.extend(verbs::all().map(|verb| (verb.name.to_owned(), verb_schema(verb))));
    let one: Vec<Value> = verbs::all().map(|verb| json!({ "required": [verb.name] })).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "oneOf": one })
}

fn verb_schema(verb: &Verb) -> Value {
    let properties: Map<String, Value> = verb.args.iter().map(|arg| (arg.name.to_owned(), arg_schema(arg))).collect();
    let required: Vec<&str> = verb.args.iter().filter(|a| a.required).map(|a| a.name).collect();
    let mut schema = json!({
        "description": verb.about,
        "type": if required.is_empty() && verb.one_of.is_empty() { json!(["object", "null"]) } else { json!("object") },
        "additionalProperties": false,
        "properties": properties,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if !verb.one_of.is_empty() {
        schema["oneOf"] = verb.one_of.iter().map(|name| json!({ "required": [name] })).collect();
    }
    schema
}

fn arg_schema(arg: &Arg) -> Value {
    let kind = match arg.kind {
        ArgKind::Text | ArgKind::File => json!({ "type": ["string", "number", "boolean"] }),
        ArgKind::Duration => json!({ "type": "string", "pattern": "^(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+$|\\$\\{" }),
        ArgKind::Whole => json!({ "type": "integer", "minimum": 0 }),
        ArgKind::Number => json!({ "type": "number" }),
        ArgKind::Flag => json!({ "type": "boolean" }),
        ArgKind::Map => json!({ "type": "object" }),
        ArgKind::List => json!({ "type": "array" }),
        ArgKind::Any => json!({}),
        ArgKind::OneOf(words) => json!({ "enum": words }),
        ArgKind::Steps => json!({ "$ref": "#/$defs/steps" }),
    };
    let mut schema = match arg.kind {
        ArgKind::Whole | ArgKind::Number | ArgKind::Flag | ArgKind::Map | ArgKind::List | ArgKind::OneOf(_) => {
            json!({ "anyOf": [kind, { "$ref": "#/$defs/reference" }] })
        }
        _ => kind,
    };
    schema["description"] = arg.about.into();
    schema
}

fn matcher_schema() -> Value {
    let mut properties: Map<String, Value> = matcher::NAMES.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
    properties["absent"] = json!({ "type": "boolean" });
    properties["not"] = json!({ "$ref": "#/$defs/matcher" });
    properties["length"] = json!({ "$ref": "#/$defs/matcher" });
    properties["one_of"] = json!({ "type": "array" });
    json!({
        "anyOf": [
            { "type": ["string", "number", "boolean", "null", "array"] },
            { "type": "object", "additionalProperties": false, "properties": properties },
        ],
    })
}

fn expect() -> Value {
    let matcher = json!({ "$ref": "#/$defs/matcher" });
    json!({
        "type": "object",
        "description": "Paths ($.a.0.b), members of the answer, or one of these.",
        "properties": {
            "status": matcher, "error": matcher, "message": matcher, "body": matcher,
            "headers": { "type": "object", "additionalProperties": matcher },
            "image": {
                "type": "object",
                "additionalProperties": false,
                "properties": { "width": matcher, "height": matcher, "format": matcher, "phash_near": { "type": "string" } },
            },
            "snapshot": { "type": "string" },
        },
        "additionalProperties": matcher,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_the_one_the_reader_goes_by() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/scenario.schema.json");
        if std::env::var_os("WINDTUNNEL_UPDATE").is_some() {
            std::fs::write(file, serde_json::to_string_pretty(&super::json_schema()).unwrap() + "\n").unwrap();
        }
        let committed: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap_or_default()).unwrap_or_default();
        assert!(
            committed == super::json_schema(),
            "write it anew: windtunnel run --print-schema > emulator/harness/schemas/scenario.schema.json"
        );
    }
}
