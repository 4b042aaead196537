//! Keywords that look at a value alone, or at how many it holds.

use super::Checker;
use serde_json::{Map, Number, Value};
use std::fmt::Write;

impl<'a> Checker<'a> {
    pub(super) fn kind(&mut self, schema: &'a Map<String, Value>, value: &Value) -> bool {
        let is = |kind: &str| match (kind, value) {
            ("object", Value::Object(_)) | ("array", Value::Array(_)) | ("string", Value::String(_)) => true,
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) | ("null", Value::Null) => true,
            ("integer", Value::Number(n)) => is_whole(n),
            _ => false,
        };
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        kinds.iter().any(|kind| is(kind))
            || self.fail(|| {
                let allowed = list(&kinds);
                format!("instance type ({}) does not match any allowed primitive type (allowed: {allowed})", kind_of(value))
            })
    }

    /// Whether it is one of the values of `enum`.
    pub(super) fn listed(&mut self, schema: &'a Map<String, Value>, value: &Value) -> bool {
        let Some(known) = schema.get("enum").and_then(Value::as_array) else { return true };
        if !self.step(known.len() / 8) {
            return false;
        }
        known.iter().any(|known| same(known, value))
            || self.fail(|| {
                let all: Vec<String> = known.iter().map(Value::to_string).collect();
                format!("instance value ({value}) not found in enum (possible values: [{}])", all.join(","))
            })
    }

    /// Which members an object has to have, and how many.
    pub(super) fn members(&mut self, schema: &'a Map<String, Value>, map: &Map<String, Value>) -> bool {
        let required = schema.get("required").and_then(Value::as_array);
        if !self.step(required.map_or(0, Vec::len) / 8) {
            return false;
        }
        let mut missing: Vec<&str> =
            required.into_iter().flatten().filter_map(Value::as_str).filter(|name| !map.contains_key(*name)).collect();
        let mut fits = true;
        if !missing.is_empty() {
            missing.sort_unstable();
            fits = self.fail(|| format!("object has missing required properties ({})", list(&missing)));
        }
        let found = map.len();
        if let Some(least) = bound(schema, "minProperties").filter(|least| found < *least) {
            fits = self.fail(|| format!("object has too few properties (found {found} but schema requires at least {least})"));
        }
        if let Some(most) = bound(schema, "maxProperties").filter(|most| found > *most) {
            fits = self.fail(|| format!("object has too many properties (found {found} but schema requires at most {most})"));
        }
        fits
    }

    /// How many items an array has to have.
    pub(super) fn items(&mut self, schema: &'a Map<String, Value>, items: &[Value]) -> bool {
        let (found, mut fits) = (items.len(), true);
        if let Some(least) = bound(schema, "minItems").filter(|least| found < *least) {
            fits = self.fail(|| format!("array is too short: must have at least {least} elements but instance has {found} elements"));
        }
        if let Some(most) = bound(schema, "maxItems").filter(|most| found > *most) {
            fits = self.fail(|| format!("array is too long: must have at most {most} elements but instance has {found} elements"));
        }
        fits
    }

    pub(super) fn text(&mut self, schema: &'a Map<String, Value>, text: &str) -> bool {
        let (found, mut fits) = (text.chars().count(), true);
        if let Some(least) = bound(schema, "minLength").filter(|least| found < *least) {
            fits = self.fail(|| format!("string {text:?} is too short (length: {found}, required minimum: {least})"));
        }
        if let Some(most) = bound(schema, "maxLength").filter(|most| found > *most) {
            fits = self.fail(|| format!("string {text:?} is too long (length: {found}, maximum allowed: {most})"));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
            && !self.memo.pattern(pattern, false).is_some_and(|pattern| pattern.is_found(text))
        {
            fits = self.fail(|| format!("ECMA 262 regex \"{pattern}\" does not match input string \"{text}\""));
        }
        if let Some(format) = schema.get("format").and_then(Value::as_str).filter(|format| !format_fits(format, text)) {
            let what = if format == "email" { "email address" } else { format };
            fits = self.fail(|| format!("string \"{text}\" is not a valid {what}"));
        }
        fits
    }

    pub(super) fn number(&mut self, schema: &'a Map<String, Value>, value: &Value) -> bool {
        let Some(n) = value.as_f64() else { return true };
        let given = |name: &str| schema.get(name).and_then(|bound| Some((bound, bound.as_f64()?)));
        let exclusive = |name: &str| schema.get(name).and_then(Value::as_bool) == Some(true);
        let mut fits = true;
        if let Some((least, bound)) = given("minimum") {
            if n < bound {
                fits = self.fail(|| format!("numeric instance is lower than the required minimum (minimum: {least}, found: {value})"));
            } else if n == bound && exclusive("exclusiveMinimum") {
                fits = self.fail(|| format!("numeric instance is not strictly greater than the required minimum {least}"));
            }
        }
        if let Some((most, bound)) = given("maximum") {
            if n > bound {
                fits = self.fail(|| format!("numeric instance is greater than the required maximum (maximum: {most}, found: {value})"));
            } else if n == bound && exclusive("exclusiveMaximum") {
                fits = self.fail(|| format!("numeric instance is not strictly lower than the required maximum {most}"));
            }
        }
        if let Some((of, part)) = given("multipleOf")
            && (part <= 0.0 || ((n / part) - (n / part).round()).abs() >= 1e-9)
        {
            fits = self.fail(|| format!("remainder of division is not zero ({value} / {of})"));
        }
        fits
    }
}

fn bound(schema: &Map<String, Value>, name: &str) -> Option<usize> {
    schema.get(name).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok())
}

fn is_whole(n: &Number) -> bool {
    n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|n| n.fract() == 0.0)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if is_whole(n) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// `["a","b"]`
pub(super) fn list(names: &[&str]) -> String {
    Value::from(names).to_string()
}

/// Numbers are equal by value, whatever form they have.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b))),
        _ => a == b,
    }
}

/// A text that two values have in common if they are the same.
pub(super) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    let _ = match value {
        Value::Number(n) => write!(out, "{:?}", n.as_f64()),
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| {
                write_canonical(item, out);
                out.push(',');
            });
            write!(out, "]")
        }
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_unstable();
            out.push('{');
            for name in names {
                let _ = write!(out, "{name:?}:");
                write_canonical(&map[name], out);
                out.push(',');
            }
            write!(out, "}}")
        }
        other => write!(out, "{other}"),
    };
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
