//! A verb's arguments after `${...}` was filled in, taken out by the kind that the verb wants.

use crate::durations;
use serde_json::{Map, Value};
use std::{path::PathBuf, time::Duration};

/// Arguments of one step.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// By name.
    pub map: Map<String, Value>,
    /// Where relative paths start.
    pub folder: PathBuf,
}

impl Args {
    /// Whether it is given.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }
    /// Any value.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }
    /// A text, if given; numbers and booleans count as their text.
    pub fn text_if(&self, name: &str) -> Result<Option<String>, String> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(other.to_string())),
            Some(other) => Err(format!("{name} is a text, not {}", crate::scenario::matcher::kind(other))),
        }
    }
    /// A text that must be there.
    pub fn text(&self, name: &str) -> Result<String, String> {
        self.text_if(name)?.ok_or_else(|| format!("{name} is missing"))
    }
    /// A whole number, if given; a text of digits counts.
    pub fn whole_if(&self, name: &str) -> Result<Option<u64>, String> {
        let wrong = || format!("{name} is a whole number");
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::Number(n)) => n.as_u64().map(Some).ok_or_else(wrong),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_| wrong()),
            Some(_) => Err(wrong()),
        }
    }
    /// true or false; false when absent.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.map.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(format!("{name} is true or false")),
        }
    }
    /// A duration, if given.
    pub fn duration_if(&self, name: &str) -> Result<Option<Duration>, String> {
        self.text_if(name)?.map(|text| durations::parse(&text)).transpose()
    }
    /// A duration, or another.
    pub fn duration_or(&self, name: &str, other: &str) -> Result<Duration, String> {
        match self.duration_if(name)? {
            Some(duration) => Ok(duration),
            None => durations::parse(other),
        }
    }
    /// The entries of a map; none when absent. Values as texts.
    pub fn texts(&self, name: &str) -> Result<Vec<(String, String)>, String> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self.map.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => Ok(map.iter().map(|(k, v)| (k.clone(), text(v))).collect()),
            Some(_) => Err(format!("{name} is a map")),
        }
    }
    /// The bytes that `file` or `body` (or another pair of names) give; `None` where neither is there.
    pub fn bytes(&self, file: &str, body: &str) -> Result<Option<bytes::Bytes>, String> {
        match (self.text_if(file)?, self.map.get(body)) {
            (Some(_), Some(_)) => Err(format!("give {file} or {body}, not both")),
            (Some(file), None) => self.file(&file).map(Some),
            (None, Some(Value::String(text))) => Ok(Some(text.clone().into())),
            (None, Some(other)) => Ok(Some(other.to_string().into())),
            (None, None) => Ok(None),
        }
    }
    /// The bytes of a file, relative to the scenario's folder.
    pub fn file(&self, file: &str) -> Result<bytes::Bytes, String> {
        let path = self.folder.join(file);
        std::fs::read(&path).map(Into::into).map_err(|e| format!("can't read {}: {e}", path.display()))
    }
}
