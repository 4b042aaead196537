//! Evaluated values that still know where they stand in the template, so that a complaint about one can say where.
//!
//! Knows nothing of CloudFormation: a JSON tree with places, and one more kind of leaf for what is known only after apply.

use serde_json::{Map, Value as Json};
use std::fmt;

/// What AWS writes in a change set for values that only execution will know.
pub(crate) const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Line and column, counted from 1; zero for what no template says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Located {
    pub at: At,
    pub data: Data,
}

/// What a value is. Numbers stay as they are written: `1.10` may be meant as text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Located>),
    Map(Vec<(String, Located)>),
    /// Known only after apply.
    Unknown,
}

impl Located {
    pub(crate) fn text(at: At, text: impl Into<String>) -> Located {
        Located { at, data: Data::Text(text.into()) }
    }
    pub(crate) fn unknown(at: At) -> Located {
        Located { at, data: Data::Unknown }
    }
    /// A JSON value as if it all stood at one place.
    pub(crate) fn of_json(at: At, json: &Json) -> Located {
        let data = match json {
            Json::Null => Data::Null,
            Json::Bool(b) => Data::Bool(*b),
            Json::Number(n) => Data::Number(n.to_string()),
            Json::String(text) if text == KNOWN_AFTER_APPLY => Data::Unknown,
            Json::String(text) => Data::Text(text.clone()),
            Json::Array(items) => Data::List(items.iter().map(|item| Located::of_json(at, item)).collect()),
            Json::Object(map) => Data::Map(map.iter().map(|(k, v)| (k.clone(), Located::of_json(at, v))).collect()),
        };
        Located { at, data }
    }
    /// The value without places.
    pub(crate) fn to_json(&self) -> Json {
        match &self.data {
            Data::Null => Json::Null,
            Data::Bool(b) => Json::Bool(*b),
            Data::Number(text) => number(text),
            Data::Text(text) => Json::String(text.clone()),
            Data::List(items) => Json::Array(items.iter().map(Located::to_json).collect()),
            Data::Map(entries) => Json::Object(entries.iter().map(|(k, v)| (k.clone(), v.to_json())).collect::<Map<_, _>>()),
            Data::Unknown => Json::String(KNOWN_AFTER_APPLY.into()),
        }
    }
    /// Text of a scalar, as written.
    pub(crate) fn scalar(&self) -> Option<String> {
        match &self.data {
            Data::Text(text) | Data::Number(text) => Some(text.clone()),
            Data::Bool(b) => Some(b.to_string()),
            _ => None,
        }
    }
    /// Whether any part is known only after apply.
    pub(crate) fn has_unknown(&self) -> bool {
        match &self.data {
            Data::Unknown => true,
            Data::List(items) => items.iter().any(Located::has_unknown),
            Data::Map(entries) => entries.iter().any(|(_, v)| v.has_unknown()),
            _ => false,
        }
    }
    pub(crate) fn is_unknown(&self) -> bool {
        self.data == Data::Unknown
    }
    /// The value under a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Located> {
        match &self.data {
            Data::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }
    /// What kind of value it is, in the words of JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "null",
            Data::Bool(_) => "Boolean",
            Data::Number(text) if text.contains(['.', 'e', 'E']) => "Number",
            Data::Number(_) => "Integer",
            Data::Text(_) => "String",
            Data::List(_) => "JSONArray",
            Data::Map(_) => "JSONObject",
            Data::Unknown => "Unknown",
        }
    }
}

/// A number as JSON has it; text that is no number stays text.
pub(crate) fn number(text: &str) -> Json {
    if let Ok(whole) = text.parse::<i64>() {
        return Json::from(whole);
    }
    match text.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
        Some(number) => Json::Number(number),
        None => Json::String(text.to_owned()),
    }
}
