//! What an expected value may be: a plain value (equality) or a map of matchers that must all hold.

use super::interpolate::{self, Vars};
use serde_json::Value;
use yaml::{Data, Node};

/// The names of matchers, as they are written.
pub const NAMES: &[&str] =
    &["equals", "matches", "contains", "starts_with", "ends_with", "gt", "gte", "lt", "lte", "type", "length", "absent", "not", "one_of"];
const TYPES: &[&str] = &["text", "number", "whole", "flag", "list", "map", "null"];

/// What a value must be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Equal; numbers by value.
    Equals(Value),
    /// A text that a regular expression finds something in.
    Matches(String),
    /// A text with a part, a list with an item, a map with a key.
    Contains(Value),
    /// A text that begins so.
    StartsWith(String),
    /// A text that ends so.
    EndsWith(String),
    /// A number or text beyond or up to another.
    Compare(Compare, Value),
    /// Of a type.
    Type(&'static str),
    /// Characters, items or members.
    Length(Box<Matcher>),
    /// Not there at all (or, with false, there).
    Absent(bool),
    /// The matcher does not hold.
    Not(Box<Matcher>),
    /// Equal to one of these.
    OneOf(Vec<Value>),
    /// All of these hold.
    All(Vec<Matcher>),
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
}

impl Compare {
    fn words(self) -> &'static str {
        match self {
            Compare::Gt => "more than",
            Compare::Gte => "at least",
            Compare::Lt => "less than",
            Compare::Lte => "at most",
        }
    }
}

/// Reads a matcher.
pub fn read(node: &Node) -> Result<Matcher, yaml::Error> {
    super::read::no_old_booleans(node)?;
    let Data::Map(entries) = &node.data else { return Ok(Matcher::Equals(node.to_json())) };
    let mut all = Vec::new();
    for (key, value) in entries {
        let name = key.as_str().unwrap_or_default();
        all.push(read_one(name, key, value)?);
    }
    match all.len() {
        0 => Ok(Matcher::Equals(node.to_json())),
        1 => Ok(all.remove(0)),
        _ => Ok(Matcher::All(all)),
    }
}

fn read_one(name: &str, key: &Node, value: &Node) -> Result<Matcher, yaml::Error> {
    let text = || value.scalar_text().ok_or_else(|| value.error(format!("{name} takes a text, not {}", value.kind())));
    Ok(match name {
        "equals" => Matcher::Equals(value.to_json()),
        "matches" => {
            let source = text()?;
            if !source.contains("${") {
                regex::Regex::new(&source).map_err(|e| value.error(format!("not a regular expression: {e}")))?;
            }
            Matcher::Matches(source)
        }
        "contains" => Matcher::Contains(value.to_json()),
        "starts_with" => Matcher::StartsWith(text()?),
        "ends_with" => Matcher::EndsWith(text()?),
        "gt" => Matcher::Compare(Compare::Gt, value.to_json()),
        "gte" => Matcher::Compare(Compare::Gte, value.to_json()),
        "lt" => Matcher::Compare(Compare::Lt, value.to_json()),
        "lte" => Matcher::Compare(Compare::Lte, value.to_json()),
        "type" => {
            let wanted = text()?;
            let known = TYPES.iter().find(|t| **t == wanted);
            Matcher::Type(known.ok_or_else(|| value.error(format!("there is no type {wanted}; types are {}", TYPES.join(", "))))?)
        }
        "length" => Matcher::Length(Box::new(read(value)?)),
        "absent" => match value.data {
            Data::Bool(absent) => Matcher::Absent(absent),
            _ => return Err(value.error("absent takes true or false")),
        },
        "not" => Matcher::Not(Box::new(read(value)?)),
        "one_of" => match &value.data {
            Data::List(items) => Matcher::OneOf(items.iter().map(Node::to_json).collect()),
            _ => return Err(value.error("one_of takes a list")),
        },
        unknown => {
            return Err(key.error(format!(
                "there is no matcher {unknown}; matchers are {}. To compare with a map as a whole, write {{ equals: {{ ... }} }}",
                NAMES.join(", ")
            )));
        }
    })
}

impl Matcher {
    /// The same with `${...}` filled in.
    pub fn filled(&self, vars: &Vars) -> Result<Matcher, String> {
        let value = |v: &Value| interpolate::fill(v, vars);
        let text = |t: &String| interpolate::fill_text(t, vars);
        Ok(match self {
            Matcher::Equals(v) => Matcher::Equals(value(v)?),
            Matcher::Contains(v) => Matcher::Contains(value(v)?),
            Matcher::Compare(how, v) => Matcher::Compare(*how, value(v)?),
            Matcher::Matches(t) => Matcher::Matches(text(t)?),
            Matcher::StartsWith(t) => Matcher::StartsWith(text(t)?),
            Matcher::EndsWith(t) => Matcher::EndsWith(text(t)?),
            Matcher::Length(inner) => Matcher::Length(Box::new(inner.filled(vars)?)),
            Matcher::Not(inner) => Matcher::Not(Box::new(inner.filled(vars)?)),
            Matcher::OneOf(values) => Matcher::OneOf(values.iter().map(value).collect::<Result<_, _>>()?),
            Matcher::All(all) => Matcher::All(all.iter().map(|m| m.filled(vars)).collect::<Result<_, _>>()?),
            Matcher::Type(_) | Matcher::Absent(_) => self.clone(),
        })
    }

    /// Whether it holds for what stands somewhere (`None`: nothing stands there).
    pub fn holds(&self, got: Option<&Value>) -> bool {
        let Some(got) = got else {
            return match self {
                Matcher::Absent(absent) => *absent,
                Matcher::Not(inner) => !inner.holds(None),
                Matcher::All(all) => all.iter().all(|m| m.holds(None)),
                _ => false,
            };
        };
        match self {
            Matcher::Equals(wanted) => equal(wanted, got),
            Matcher::Matches(source) => regex::Regex::new(source).is_ok_and(|r| r.is_match(&as_text(got))),
            Matcher::Contains(wanted) => contains(got, wanted),
            Matcher::StartsWith(wanted) => as_text(got).starts_with(wanted),
            Matcher::EndsWith(wanted) => as_text(got).ends_with(wanted),
            Matcher::Compare(how, wanted) => compare(*how, got, wanted),
            Matcher::Type(wanted) => is_type(wanted, got),
            Matcher::Length(inner) => length(got).is_some_and(|n| inner.holds(Some(&n.into()))),
            Matcher::Absent(absent) => !absent,
            Matcher::Not(inner) => !inner.holds(Some(got)),
            Matcher::OneOf(values) => values.iter().any(|v| equal(v, got)),
            Matcher::All(all) => all.iter().all(|m| m.holds(Some(got))),
        }
    }

    /// What was expected, in words.
    pub fn words(&self) -> String {
        match self {
            Matcher::Equals(v) => v.to_string(),
            Matcher::Matches(source) => format!("a text that matches {source}"),
            Matcher::Contains(v) => format!("something that contains {v}"),
            Matcher::StartsWith(t) => format!("a text that starts with {t:?}"),
            Matcher::EndsWith(t) => format!("a text that ends with {t:?}"),
            Matcher::Compare(how, v) => format!("{} {v}", how.words()),
            Matcher::Type(t) => format!("a value of type {t}"),
            Matcher::Length(inner) => format!("a length of {}", inner.words()),
            Matcher::Absent(true) => "nothing there".into(),
            Matcher::Absent(false) => "something there".into(),
            Matcher::Not(inner) => format!("not {}", inner.words()),
            Matcher::OneOf(values) => format!("one of {}", Value::from(values.clone())),
            Matcher::All(all) => all.iter().map(Matcher::words).collect::<Vec<_>>().join(" and "),
        }
    }
}

/// A value's kind, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Equal as people count: 1 is 1.0, and maps have no order.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| equal(v, w))),
        (a, b) => a == b,
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn contains(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::String(text), wanted) => text.contains(&as_text(wanted)),
        (Value::Array(items), Value::Object(part)) => {
            items.iter().any(|i| equal(i, wanted) || part.iter().all(|(k, v)| i.get(k).is_some_and(|w| equal(v, w))))
        }
        (Value::Array(items), wanted) => items.iter().any(|i| equal(i, wanted)),
        (Value::Object(map), Value::String(key)) => map.contains_key(key),
        (Value::Object(map), Value::Object(part)) => part.iter().all(|(k, v)| map.get(k).is_some_and(|w| equal(v, w))),
        _ => false,
    }
}

fn compare(how: Compare, got: &Value, wanted: &Value) -> bool {
    let number = |v: &Value| v.as_f64().or_else(|| v.as_str().and_then(|t| t.parse().ok()));
    let order = match (number(got), number(wanted)) {
        (Some(got), Some(wanted)) => got.partial_cmp(&wanted),
        _ => match (got, wanted) {
            (Value::String(got), Value::String(wanted)) => Some(got.cmp(wanted)),
            _ => None,
        },
    };
    order.is_some_and(|order| match how {
        Compare::Gt => order.is_gt(),
        Compare::Gte => order.is_ge(),
        Compare::Lt => order.is_lt(),
        Compare::Lte => order.is_le(),
    })
}

fn is_type(wanted: &str, got: &Value) -> bool {
    match wanted {
        "text" => got.is_string(),
        "number" => got.is_number(),
        "whole" => got.is_i64() || got.is_u64(),
        "flag" => got.is_boolean(),
        "list" => got.is_array(),
        "map" => got.is_object(),
        _ => got.is_null(),
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(map) => Some(map.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(matcher: &str, got: Value) -> bool {
        read(&yaml::parse(matcher).unwrap()).unwrap().holds(Some(&got))
    }

    #[test]
    fn matchers_hold_or_do_not() {
        for (matcher, got, wanted) in [
            ("1", json!(1.0), true),
            ("'1'", json!(1), false),
            ("{ matches: '^a+$' }", json!("aaa"), true),
            ("{ matches: '^a+$' }", json!("ab"), false),
            ("{ contains: b }", json!(["a", "b"]), true),
            ("{ contains: { id: 2 } }", json!([{"id": 1}, {"id": 2, "x": 0}]), true),
            ("{ starts_with: up, ends_with: g }", json!("up.jpg"), true),
            ("{ gt: 3, lt: 5 }", json!(4), true),
            ("{ gte: 5 }", json!(4), false),
            ("{ type: whole }", json!(4), true),
            ("{ type: text }", json!(4), false),
            ("{ length: 2 }", json!(["a", "b"]), true),
            ("{ length: { gt: 2 } }", json!("ab"), false),
            ("{ absent: true }", json!(null), false),
            ("{ not: { contains: x } }", json!("abc"), true),
            ("{ one_of: [1, 2] }", json!(2), true),
            ("{ equals: { a: [1] } }", json!({"a": [1]}), true),
        ] {
            assert_eq!(holds(matcher, got.clone()), wanted, "{matcher} on {got}");
        }
        assert!(read(&yaml::parse("{ absent: true }").unwrap()).unwrap().holds(None));
    }

    #[test]
    fn what_is_no_matcher_is_refused_with_its_place() {
        let error = |text: &str| read(&yaml::parse(text).unwrap()).unwrap_err().to_string();
        assert!(error("{ containz: 1 }").starts_with("1:3: there is no matcher containz"));
        assert!(error("{ matches: '(' }").contains("not a regular expression"));
        assert!(error("{ type: string }").contains("types are text"));
        assert!(error("yes").contains("quote"));
    }
}
