//! JSON Schema, draft 4, as API Gateway checks bodies with it. Schemas come from outside: depth and work are bounded.

use serde_json::{Map, Value};

/// Deepest nesting of schemas and values together.
const MOST_DEPTH: usize = 64;
/// Schemas that one check may ask.
const MOST_STEPS: usize = 200_000;

/// Checks values by a schema; references to other documents were put into its definitions.
pub(crate) struct Checker<'a> {
    root: &'a Value,
    steps: usize,
}

impl<'a> Checker<'a> {
    pub fn new(root: &'a Value) -> Checker<'a> {
        Checker { root, steps: 0 }
    }

    /// Whether a value fits the schema.
    pub fn fits(&mut self, value: &Value) -> bool {
        let root = self.root;
        self.check(root, value, 0)
    }

    fn check(&mut self, schema: &Value, value: &Value, depth: usize) -> bool {
        self.steps += 1;
        if depth > MOST_DEPTH || self.steps > MOST_STEPS {
            return false;
        }
        let Some(schema) = schema.as_object() else { return schema.as_bool().unwrap_or(true) };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            // What stands beside a reference doesn't count.
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return target.is_some_and(|target| self.check(target, value, depth + 1));
        }
        self.kind(schema, value)
            && self.combined(schema, value, depth)
            && match value {
                Value::Object(map) => self.object(schema, map, depth),
                Value::Array(items) => self.array(schema, items, depth),
                Value::String(text) => text_fits(schema, text),
                Value::Number(_) => number_fits(schema, value),
                _ => true,
            }
    }

    fn kind(&self, schema: &Map<String, Value>, value: &Value) -> bool {
        let is = |kind: &str| match (kind, value) {
            ("object", Value::Object(_)) | ("array", Value::Array(_)) | ("string", Value::String(_)) => true,
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("null", Value::Null) => true,
            ("integer", Value::Number(n)) => n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|n| n.fract() == 0.0),
            _ => false,
        };
        let right_kind = match schema.get("type") {
            Some(Value::String(kind)) => is(kind),
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).any(is),
            _ => true,
        };
        right_kind && schema.get("enum").and_then(Value::as_array).is_none_or(|values| values.iter().any(|known| same(known, value)))
    }

    fn combined(&mut self, schema: &Map<String, Value>, value: &Value, depth: usize) -> bool {
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        list("allOf").is_none_or(|all| all.iter().all(|s| self.check(s, value, depth + 1)))
            && list("anyOf").is_none_or(|all| all.iter().any(|s| self.check(s, value, depth + 1)))
            && list("oneOf").is_none_or(|all| all.iter().filter(|s| self.check(s, value, depth + 1)).count() == 1)
            && schema.get("not").is_none_or(|s| !self.check(s, value, depth + 1))
    }

    fn object(&mut self, schema: &Map<String, Value>, map: &Map<String, Value>, depth: usize) -> bool {
        let required = schema.get("required").and_then(Value::as_array);
        if required.is_some_and(|names| names.iter().filter_map(Value::as_str).any(|name| !map.contains_key(name))) {
            return false;
        }
        if !within(schema, "minProperties", "maxProperties", map.len()) {
            return false;
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let patterns: Vec<(regex::Regex, &Value)> = schema
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(pattern, schema)| Some((kit::regex(pattern).ok()?, schema)))
            .collect();
        for (name, value) in map {
            let own = properties.and_then(|p| p.get(name));
            let by_pattern: Vec<&Value> = patterns.iter().filter(|(p, _)| p.is_match(name)).map(|(_, schema)| *schema).collect();
            let fits = match (own, by_pattern.is_empty(), schema.get("additionalProperties")) {
                (None, true, Some(other)) => self.check(other, value, depth + 1),
                _ => own.into_iter().chain(by_pattern).all(|schema| self.check(schema, value, depth + 1)),
            };
            if !fits {
                return false;
            }
        }
        let dependencies = schema.get("dependencies").and_then(Value::as_object);
        dependencies.into_iter().flatten().filter(|(name, _)| map.contains_key(*name)).all(|(_, needs)| match needs {
            Value::Array(names) => names.iter().filter_map(Value::as_str).all(|name| map.contains_key(name)),
            schema => self.check(schema, &Value::Object(map.clone()), depth + 1),
        })
    }

    fn array(&mut self, schema: &Map<String, Value>, items: &[Value], depth: usize) -> bool {
        if !within(schema, "minItems", "maxItems", items.len()) {
            return false;
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true))
            && items.iter().enumerate().any(|(at, item)| items[..at].iter().any(|other| same(other, item)))
        {
            return false;
        }
        match schema.get("items") {
            Some(Value::Array(each)) => items.iter().enumerate().all(|(at, item)| match each.get(at) {
                Some(schema) => self.check(schema, item, depth + 1),
                None => schema.get("additionalItems").is_none_or(|schema| self.check(schema, item, depth + 1)),
            }),
            Some(all) => items.iter().all(|item| self.check(all, item, depth + 1)),
            None => true,
        }
    }
}

/// Numbers are equal by value, whatever form they have.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn within(schema: &Map<String, Value>, least: &str, most: &str, size: usize) -> bool {
    let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
    bound(least).is_none_or(|least| size as u64 >= least) && bound(most).is_none_or(|most| size as u64 <= most)
}

fn text_fits(schema: &Map<String, Value>, text: &str) -> bool {
    let pattern = schema.get("pattern").and_then(Value::as_str);
    within(schema, "minLength", "maxLength", text.chars().count())
        && pattern.is_none_or(|pattern| kit::regex(pattern).is_ok_and(|pattern| pattern.is_match(text)))
        && schema.get("format").and_then(Value::as_str).is_none_or(|format| format_fits(format, text))
}

/// Formats that draft 4 knows; others check nothing.
fn format_fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "email" => text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@')),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "uri" => text
            .split_once(':')
            .is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))),
        _ => true,
    }
}

fn number_fits(schema: &Map<String, Value>, value: &Value) -> bool {
    let Some(n) = value.as_f64() else { return true };
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let exclusive = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
    bound("minimum").is_none_or(|least| if exclusive("exclusiveMinimum") { n > least } else { n >= least })
        && bound("maximum").is_none_or(|most| if exclusive("exclusiveMaximum") { n < most } else { n <= most })
        && bound("multipleOf").is_none_or(|of| of > 0.0 && ((n / of) - (n / of).round()).abs() < 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_keyword_accepts_and_rejects() {
        let cases = [
            (json!({ "type": "object", "required": ["a"] }), json!({ "a": 1 }), json!({ "b": 1 })),
            (json!({ "type": ["string", "null"] }), json!(null), json!(1)),
            (json!({ "type": "integer" }), json!(2.0), json!(2.5)),
            (
                json!({ "properties": { "a": { "type": "string" } }, "additionalProperties": false }),
                json!({ "a": "x" }),
                json!({ "a": "x", "b": 1 }),
            ),
            (json!({ "patternProperties": { "^n": { "type": "number" } } }), json!({ "n1": 1, "x": "" }), json!({ "n1": "" })),
            (json!({ "items": { "type": "number" }, "minItems": 1, "maxItems": 2 }), json!([1]), json!(["x"])),
            (json!({ "items": [{ "type": "number" }], "additionalItems": false }), json!([1]), json!([1, 2])),
            (json!({ "uniqueItems": true }), json!([1, 2]), json!([1, 1.0])),
            (json!({ "minLength": 2, "maxLength": 3, "pattern": "^a" }), json!("ab"), json!("ba")),
            (json!({ "minimum": 1, "exclusiveMinimum": true }), json!(1.1), json!(1)),
            (json!({ "maximum": 3, "multipleOf": 0.5 }), json!(2.5), json!(2.6)),
            (json!({ "enum": ["a", 1] }), json!(1.0), json!("b")),
            (json!({ "allOf": [{ "type": "number" }, { "minimum": 2 }] }), json!(2), json!(1)),
            (json!({ "anyOf": [{ "type": "number" }, { "type": "string" }] }), json!("x"), json!(true)),
            (json!({ "oneOf": [{ "type": "number" }, { "minimum": 2 }] }), json!(1), json!(3)),
            (json!({ "not": { "type": "string" } }), json!(1), json!("x")),
            (json!({ "dependencies": { "a": ["b"] } }), json!({ "a": 1, "b": 1 }), json!({ "a": 1 })),
            (json!({ "format": "date-time" }), json!("2015-01-25T08:00:00Z"), json!("yesterday")),
            (
                json!({ "$ref": "#/definitions/p", "definitions": { "p": { "required": ["n"], "properties": { "c": { "$ref": "#/definitions/p" } } } } }),
                json!({ "n": 1, "c": { "n": 2 } }),
                json!({ "n": 1, "c": {} }),
            ),
        ];
        for (schema, good, bad) in cases {
            assert!(Checker::new(&schema).fits(&good), "{schema} takes {good}");
            assert!(!Checker::new(&schema).fits(&bad), "{schema} refuses {bad}");
        }
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        assert!(!Checker::new(&json!({ "$ref": "#" })).fits(&json!(1)));
        let doubling = json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] });
        assert!(!Checker::new(&doubling).fits(&json!(1)));
    }
}
