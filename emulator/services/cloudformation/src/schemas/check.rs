//! Properties against their schema. Scalars become what the schema wants, as CloudFormation does it (`"30"` where a number is
//! wanted, `512` where a text is); everything else that does not fit is a finding with its path and place.

use crate::template::{At, Located, dynamic, located::Data};
use serde_json::Value as Json;

/// Levels of `$ref` and nesting that are followed.
const DEEPEST: usize = 64;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// `#/Code/S3Bucket`
    pub path: String,
    pub at: At,
    pub message: String,
}

impl Finding {
    pub(crate) fn sentence(&self) -> String {
        match self.at == At::default() {
            true => format!("{}: {}", self.path, self.message),
            false => format!("{}: {} ({})", self.path, self.message, self.at),
        }
    }
}

/// Checks the properties of a resource and brings scalars into shape.
pub(crate) fn properties(schema: &Json, value: &mut Located) -> Vec<Finding> {
    let mut checker = Checker { root: schema, findings: Vec::new() };
    for name in super::facts::read_only(schema) {
        if let Some(found) = value.get(name) {
            let at = found.at;
            checker.findings.push(Finding {
                path: format!("#/{name}"),
                at,
                message: "is read-only: AWS sets it, a template cannot".into(),
            });
        }
    }
    checker.check(schema, value, "#", 0);
    checker.findings
}

struct Checker<'a> {
    root: &'a Json,
    findings: Vec<Finding>,
}

impl<'a> Checker<'a> {
    fn find(&mut self, value: &Located, path: &str, message: impl Into<String>) {
        self.findings.push(Finding { path: path.to_owned(), at: value.at, message: message.into() });
    }

    fn check(&mut self, schema: &'a Json, value: &mut Located, path: &str, depth: usize) {
        // What a dynamic reference stands for is checked when it is known.
        if value.is_unknown() || depth > DEEPEST || matches!(&value.data, Data::Text(text) if dynamic::is_in(text)) {
            return;
        }
        if let Some(target) = schema.get("$ref").and_then(Json::as_str) {
            let pointer = target.strip_prefix('#').unwrap_or(target);
            if let Some(target) = self.root.pointer(pointer) {
                self.check(target, value, path, depth + 1);
            }
            return;
        }
        if value.data == Data::Null {
            self.find(value, path, "'null' values are not allowed in templates");
            return;
        }
        if !self.kind(schema, value, path) {
            return;
        }
        self.closed_sets(schema, value, path);
        match &value.data {
            Data::Text(_) => self.text(schema, value, path),
            Data::Number(_) => self.number(schema, value, path),
            Data::List(_) => self.list(schema, value, path, depth),
            Data::Map(_) => self.map(schema, value, path, depth),
            _ => {}
        }
        self.alternatives(schema, value, path, depth);
    }

    /// Brings a scalar to one of the types of the schema; false (and a finding) when there is no way.
    fn kind(&mut self, schema: &Json, value: &mut Located, path: &str) -> bool {
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
            _ if schema.get("properties").is_some() => vec!["object"],
            _ => return true,
        };
        if kinds.iter().any(|kind| is(kind, value)) {
            return true;
        }
        for kind in &kinds {
            if let Some(data) = cast(kind, value) {
                value.data = data;
                return true;
            }
        }
        let expected: Vec<&str> = kinds.iter().map(|kind| java_name(kind)).collect();
        let found = value.kind();
        self.find(value, path, format!("expected type: {}, found: {found}", expected.join(" or ")));
        false
    }

    fn closed_sets(&mut self, schema: &Json, value: &Located, path: &str) {
        let is_it = |allowed: &Json| match (value.scalar(), allowed) {
            (Some(text), Json::String(allowed)) => text == *allowed,
            (Some(text), Json::Number(number)) => number.to_string() == *text,
            (Some(text), Json::Bool(truth)) => truth.to_string() == *text,
            _ => value.to_json() == *allowed,
        };
        if let Some(Json::Array(allowed)) = schema.get("enum")
            && !allowed.iter().any(is_it)
        {
            let shown = value.scalar().unwrap_or_else(|| value.to_json().to_string());
            self.find(value, path, format!("{shown} is not a valid enum value"));
        }
        if let Some(wanted) = schema.get("const")
            && !is_it(wanted)
        {
            self.find(value, path, format!("must be {wanted}"));
        }
    }

    fn text(&mut self, schema: &Json, value: &Located, path: &str) {
        let Data::Text(text) = &value.data else { return };
        let length = text.chars().count() as u64;
        if let Some(least) = schema.get("minLength").and_then(Json::as_u64).filter(|least| length < *least) {
            self.find(value, path, format!("expected minLength: {least}, actual: {length}"));
        }
        if let Some(most) = schema.get("maxLength").and_then(Json::as_u64).filter(|most| length > *most) {
            self.find(value, path, format!("expected maxLength: {most}, actual: {length}"));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
            // Patterns with look-around are AWS's to check when the resource is made.
            && kit::regex(pattern).is_ok_and(|r| !r.is_match(text))
        {
            self.find(value, path, format!("failed validation constraint for keyword [pattern]: {text:?} does not match {pattern}"));
        }
    }

    fn number(&mut self, schema: &Json, value: &Located, path: &str) {
        let Data::Number(text) = &value.data else { return };
        let Ok(number) = text.parse::<f64>() else { return };
        if let Some(least) = schema.get("minimum").and_then(Json::as_f64).filter(|least| number < *least) {
            self.find(value, path, format!("{text} is not greater or equal to {least}"));
        }
        if let Some(most) = schema.get("maximum").and_then(Json::as_f64).filter(|most| number > *most) {
            self.find(value, path, format!("{text} is not less or equal to {most}"));
        }
    }

    fn list(&mut self, schema: &'a Json, value: &mut Located, path: &str, depth: usize) {
        let at = value.at;
        let Data::List(items) = &mut value.data else { return };
        let count = items.len() as u64;
        if let Some(item) = schema.get("items") {
            for (index, one) in items.iter_mut().enumerate() {
                self.check(item, one, &format!("{path}/{index}"), depth + 1);
            }
        }
        let unique = schema.get("uniqueItems").and_then(Json::as_bool).unwrap_or_default();
        let known: Vec<Json> = items.iter().filter(|i| !i.has_unknown()).map(Located::to_json).collect();
        let mut find = |message: String| self.findings.push(Finding { path: path.to_owned(), at, message });
        if let Some(least) = schema.get("minItems").and_then(Json::as_u64).filter(|least| count < *least) {
            find(format!("expected minimum item count: {least}, found: {count}"));
        }
        if let Some(most) = schema.get("maxItems").and_then(Json::as_u64).filter(|most| count > *most) {
            find(format!("expected maximum item count: {most}, found: {count}"));
        }
        if unique && known.iter().enumerate().any(|(i, one)| known[..i].contains(one)) {
            find("array items are not unique".into());
        }
    }

    fn map(&mut self, schema: &'a Json, value: &mut Located, path: &str, depth: usize) {
        let at = value.at;
        let Data::Map(entries) = &mut value.data else { return };
        let names: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
        for (name, member) in entries.iter_mut() {
            let inner = format!("{path}/{name}");
            match member_schema(schema, name) {
                Member::Known(schemas) => schemas.into_iter().for_each(|schema| self.check(schema, member, &inner, depth + 1)),
                Member::Free => {}
                Member::Extraneous => {
                    let at = member.at;
                    self.findings.push(Finding { path: path.to_owned(), at, message: format!("extraneous key [{name}] is not permitted") });
                }
            }
        }
        let mut find = |message: String| self.findings.push(Finding { path: path.to_owned(), at, message });
        for name in texts(schema.get("required")).filter(|name| !names.iter().any(|n| n == name)) {
            find(format!("required key [{name}] not found"));
        }
        if let Some(Json::Object(excluded)) = schema.get("dependentExcluded") {
            for (name, others) in excluded.iter().filter(|(name, _)| names.contains(name)) {
                for other in texts(Some(others)).filter(|other| names.iter().any(|n| n == other)) {
                    find(format!("[{name}] and [{other}] exclude each other"));
                }
            }
        }
        if let Some(Json::Object(needed)) = schema.get("dependentRequired").or(schema.get("dependencies")) {
            for (name, others) in needed.iter().filter(|(name, _)| names.contains(name)) {
                for other in texts(Some(others)).filter(|other| !names.iter().any(|n| n == other)) {
                    find(format!("[{name}] needs [{other}]"));
                }
            }
        }
    }

    /// `anyOf`, `oneOf` and `allOf`: the first form that fits shapes the value.
    fn alternatives(&mut self, schema: &'a Json, value: &mut Located, path: &str, depth: usize) {
        for form in list(schema.get("allOf")) {
            self.check(form, value, path, depth + 1);
        }
        for keyword in ["anyOf", "oneOf"] {
            let forms = list(schema.get(keyword));
            if forms.is_empty() {
                continue;
            }
            let mut fits = Vec::new();
            for form in forms {
                let mut copy = value.clone();
                let mut inner = Checker { root: self.root, findings: Vec::new() };
                inner.check(form, &mut copy, path, depth + 1);
                if inner.findings.is_empty() {
                    fits.push(copy);
                }
            }
            match fits.len() {
                0 => self.find(value, path, format!("#: no subschema matched out of the total {} subschemas", forms.len())),
                // What is not yet known may fit several forms and turn out to fit one.
                n if n > 1 && keyword == "oneOf" && !value.has_unknown() && !dynamic::any(value) => {
                    self.find(value, path, format!("#: {n} subschemas matched instead of one"))
                }
                _ => *value = fits.swap_remove(0),
            }
        }
    }
}

enum Member<'a> {
    Known(Vec<&'a Json>),
    Free,
    Extraneous,
}

fn member_schema<'a>(schema: &'a Json, name: &str) -> Member<'a> {
    let mut known: Vec<&Json> = schema.get("properties").and_then(|p| p.get(name)).into_iter().collect();
    if let Some(Json::Object(patterns)) = schema.get("patternProperties") {
        known.extend(patterns.iter().filter(|(pattern, _)| kit::regex(pattern).is_ok_and(|r| r.is_match(name))).map(|(_, s)| s));
    }
    if !known.is_empty() {
        return Member::Known(known);
    }
    match schema.get("additionalProperties") {
        Some(Json::Bool(false)) => Member::Extraneous,
        Some(more @ Json::Object(_)) => Member::Known(vec![more]),
        _ => Member::Free,
    }
}

fn texts(list: Option<&Json>) -> impl Iterator<Item = &str> {
    list.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default().iter().filter_map(Json::as_str)
}

fn list(of: Option<&Json>) -> &[Json] {
    of.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn is(kind: &str, value: &Located) -> bool {
    match (kind, &value.data) {
        ("string", Data::Text(_)) | ("number", Data::Number(_)) | ("boolean", Data::Bool(_)) => true,
        ("array", Data::List(_)) | ("object", Data::Map(_)) => true,
        ("integer", Data::Number(text)) => text.parse::<i64>().is_ok(),
        _ => false,
    }
}

fn cast(kind: &str, value: &Located) -> Option<Data> {
    let text = value.scalar()?;
    match kind {
        "string" => Some(Data::Text(text)),
        "integer" if matches!(value.data, Data::Text(_)) => text.parse::<i64>().ok().map(|_| Data::Number(text)),
        // 30.0 is a whole number too.
        "integer" => text.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| Data::Number((n as i64).to_string())),
        "number" if matches!(value.data, Data::Text(_)) => text.parse::<f64>().ok().filter(|n| n.is_finite()).map(|_| Data::Number(text)),
        "boolean" if matches!(value.data, Data::Text(_)) => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Data::Bool(true)),
            "false" => Some(Data::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

fn java_name(kind: &str) -> &str {
    match kind {
        "string" => "String",
        "integer" => "Integer",
        "number" => "Number",
        "boolean" => "Boolean",
        "array" => "JSONArray",
        "object" => "JSONObject",
        other => other,
    }
}
