//! JSON Schema, draft 4, as API Gateway checks bodies with it. Schemas and bodies come from outside: depth and work are bounded. What does not
//! fit is told in the sentences of the validator that AWS runs (json-schema-validator of Java).

mod leaves;
#[cfg(test)]
mod tests;

use super::memo::Memo;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Deepest nesting of schemas and values together.
const MOST_DEPTH: usize = 64;
/// Schemas that one check may ask, however small the body is; each of its bytes allows some more.
const MOST_STEPS: usize = 200_000;
const STEPS_A_BYTE: usize = 4;
/// Sentences about one body, and the longest of them.
const MOST_TOLD: usize = 20;
const LONGEST_TOLD: usize = 500;

/// Whether a body fits a schema. For tests of what readers make of bad input; the error is that of the JSON that is none.
pub fn describe_body(schema: &str, body: &str) -> Result<bool, String> {
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
    let (schema, body, bytes, memo) = (read(schema)?, read(body)?, body.len(), Memo::default());
    let mut checker = Checker::new(&schema, &memo, bytes);
    let fits = checker.fits(&body);
    Ok(fits)
}

/// Checks values by a schema; references to other documents were put into its definitions.
pub(crate) struct Checker<'a> {
    root: &'a Value,
    memo: &'a Memo,
    steps: usize,
    most_steps: usize,
    /// How many schemas are being tried of which not all have to fit: nothing is told of those.
    trying: usize,
    told: Vec<String>,
}

impl<'a> Checker<'a> {
    /// For a body of so many bytes; `memo` holds the deployment's patterns.
    pub fn new(root: &'a Value, memo: &'a Memo, bytes: usize) -> Checker<'a> {
        Checker { root, memo, steps: 0, most_steps: MOST_STEPS + STEPS_A_BYTE * bytes, trying: 0, told: Vec::new() }
    }

    /// Whether a value fits the schema.
    pub fn fits(&mut self, value: &Value) -> bool {
        let root = self.root;
        self.check(root, value, 0)
    }

    /// What did not fit, as `$context.error.validationErrorString` has it.
    pub fn told(self) -> String {
        format!("[{}]", self.told.join(", "))
    }

    fn fail(&mut self, why: impl FnOnce() -> String) -> bool {
        if self.trying == 0 && self.told.len() < MOST_TOLD {
            let why = why();
            self.told.push(why[..why.floor_char_boundary(LONGEST_TOLD)].to_owned());
        }
        false
    }

    /// Counts work; false where there was too much.
    fn step(&mut self, work: usize) -> bool {
        self.steps += work;
        self.steps <= self.most_steps
    }

    /// Whether more than the first thing that doesn't fit is wanted.
    fn goes_on(&self, fits: bool) -> bool {
        fits || self.trying == 0 && self.told.len() < MOST_TOLD && self.steps <= self.most_steps
    }

    fn check(&mut self, schema: &'a Value, value: &Value, depth: usize) -> bool {
        if depth > MOST_DEPTH || !self.step(1) {
            return false;
        }
        let Some(schema) = schema.as_object() else { return schema.as_bool().unwrap_or(true) };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            // What stands beside a reference doesn't count.
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return target.is_some_and(|target| self.check(target, value, depth + 1));
        }
        let mut fits = self.kind(schema, value);
        if self.goes_on(fits) {
            fits &= self.listed(schema, value);
        }
        if self.goes_on(fits) {
            fits &= self.combined(schema, value, depth);
        }
        if self.goes_on(fits) {
            fits &= match value {
                Value::Object(map) => self.object(schema, value, map, depth),
                Value::Array(items) => self.array(schema, items, depth),
                Value::String(text) => self.text(schema, text),
                Value::Number(_) => self.number(schema, value),
                _ => true,
            };
        }
        fits
    }

    fn combined(&mut self, schema: &'a Map<String, Value>, value: &Value, depth: usize) -> bool {
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        let mut fits = true;
        for (name, enough) in [("allOf", usize::MAX), ("anyOf", 1), ("oneOf", 2)] {
            let Some(all) = list(name) else { continue };
            let fitting = self.fitting(all, value, depth, enough);
            fits &= match name {
                "allOf" if fitting < all.len() => {
                    self.fail(|| format!("instance failed to match all required schemas (matched only {fitting} out of {})", all.len()))
                }
                "anyOf" if fitting == 0 => {
                    self.fail(|| format!("instance failed to match at least one required schema among {}", all.len()))
                }
                "oneOf" if fitting != 1 => {
                    self.fail(|| format!("instance failed to match exactly one schema (matched {fitting} out of {})", all.len()))
                }
                _ => true,
            };
        }
        if let Some(not) = schema.get("not")
            && self.fitting(std::slice::from_ref(not), value, depth, 1) > 0
        {
            fits &= self.fail(|| "instance matched a schema which it should not have".to_owned());
        }
        // Work that had no end decides nothing in favour of a body.
        fits && self.steps <= self.most_steps
    }

    /// How many of several schemas fit, as far as it is asked.
    fn fitting(&mut self, all: &'a [Value], value: &Value, depth: usize, enough: usize) -> usize {
        self.trying += 1;
        let count = all.iter().filter(|schema| self.check(schema, value, depth + 1)).take(enough).count();
        self.trying -= 1;
        count
    }

    fn object(&mut self, schema: &'a Map<String, Value>, value: &Value, map: &Map<String, Value>, depth: usize) -> bool {
        let properties = schema.get("properties").and_then(Value::as_object);
        let patterns: Vec<_> = schema
            .get("patternProperties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(pattern, schema)| Some((self.memo.pattern(pattern, false)?, schema)))
            .collect();
        if !self.step((1 + patterns.len()) * map.len() / 8) {
            return false;
        }
        let mut asked: Vec<(&'a Value, &Value)> = Vec::new();
        let mut unknown: Vec<&str> = Vec::new();
        for (name, value) in map {
            let before = asked.len();
            asked.extend(properties.and_then(|p| p.get(name)).map(|schema| (schema, value)));
            asked.extend(patterns.iter().filter(|(pattern, _)| pattern.is_found(name)).map(|(_, schema)| (*schema, value)));
            match schema.get("additionalProperties").filter(|_| asked.len() == before) {
                Some(Value::Bool(false)) => unknown.push(name),
                Some(other) => asked.push((other, value)),
                None => {}
            }
        }
        unknown.sort_unstable();
        let mut fits = unknown.is_empty()
            || self.fail(|| format!("object instance has properties which are not allowed by the schema: {}", leaves::list(&unknown)));
        if self.goes_on(fits) {
            fits &= self.members(schema, map);
        }
        for (schema, value) in asked {
            if !self.goes_on(fits) {
                return false;
            }
            fits &= self.check(schema, value, depth + 1);
        }
        let dependencies = schema.get("dependencies").and_then(Value::as_object);
        for (name, needs) in dependencies.into_iter().flatten().filter(|(name, _)| map.contains_key(*name)) {
            fits &= match needs {
                Value::Array(names) => {
                    let missing: Vec<&str> = names.iter().filter_map(Value::as_str).filter(|name| !map.contains_key(*name)).collect();
                    missing.is_empty() || {
                        let all: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                        self.fail(|| {
                            format!(
                                "property \"{name}\" of object has missing property dependencies (schema requires {}; missing: {})",
                                leaves::list(&all),
                                leaves::list(&missing)
                            )
                        })
                    }
                }
                schema => self.check(schema, value, depth + 1),
            };
        }
        fits
    }

    fn array(&mut self, schema: &'a Map<String, Value>, items: &[Value], depth: usize) -> bool {
        let mut fits = self.items(schema, items);
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            let mut seen = HashSet::new();
            if !items.iter().all(|item| seen.insert(leaves::canonical(item))) {
                fits &= self.fail(|| "array must not contain duplicate elements".to_owned());
            }
        }
        let (each, rest) = match schema.get("items") {
            Some(Value::Array(each)) => (each.as_slice(), schema.get("additionalItems")),
            all => (&[][..], all),
        };
        for (at, item) in items.iter().enumerate() {
            if !self.goes_on(fits) {
                break;
            }
            fits &= match (each.get(at), rest) {
                (None, Some(Value::Bool(false))) => {
                    let more = items.len() - each.len();
                    self.fail(|| format!("array has {more} items beyond the {} that the schema allows", each.len()));
                    return false;
                }
                (own, rest) => own.or(rest).is_none_or(|schema| self.check(schema, item, depth + 1)),
            };
        }
        fits
    }
}
