//! An event as queries see it: the fields that AWS gives every event, those of JSON messages, those of Lambda's reports.

use super::value::Value;
use std::collections::BTreeMap;

/// Fields that a JSON message may bring; AWS extracts 200.
const MOST_FIELDS: usize = 200;

/// Fields by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    fields: BTreeMap<String, Value>,
}

impl Record {
    /// An event with the group, stream and times that it has.
    pub fn new(log: &str, stream: &str, at_ms: i64, ingested_ms: i64, message: &str, pointer: String) -> Record {
        let mut record = Record::default();
        record.set("@timestamp", Value::Moment(at_ms));
        record.set("@ingestionTime", Value::Moment(ingested_ms));
        record.set("@logStream", Value::Text(stream.to_owned()));
        record.set("@log", Value::Text(log.to_owned()));
        record.set("@ptr", Value::Text(pointer));
        // What stands before the first brace is not looked at, as AWS does for Lambda's own lines.
        if let Some(json) = message.find('{').and_then(|at| serde_json::from_str::<serde_json::Value>(message[at..].trim_end()).ok()) {
            record.flatten("", &json);
        }
        if log.contains("/aws/lambda/") || message.starts_with("REPORT RequestId: ") {
            record.of_lambda(message);
        }
        record.set("@message", Value::Text(message.to_owned()));
        record
    }
    pub fn get(&self, name: &str) -> Value {
        self.fields.get(name).cloned().unwrap_or(Value::Nothing)
    }
    pub fn set(&mut self, name: &str, value: Value) {
        self.fields.insert(name.to_owned(), value);
    }
    /// All fields as they are written.
    pub fn texts(&self) -> BTreeMap<String, String> {
        self.fields.iter().filter_map(|(name, value)| Some((name.clone(), value.text()?))).collect()
    }

    fn flatten(&mut self, prefix: &str, value: &serde_json::Value) {
        if self.fields.len() >= MOST_FIELDS {
            return;
        }
        let below = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        match value {
            serde_json::Value::Object(members) => members.iter().for_each(|(name, value)| self.flatten(&below(name), value)),
            serde_json::Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| self.flatten(&below(&at.to_string()), item)),
            serde_json::Value::Null => {}
            serde_json::Value::Number(number) => self.set(prefix, Value::Number(number.as_f64().unwrap_or(f64::NAN))),
            serde_json::Value::Bool(truth) => self.set(prefix, Value::truth(*truth)),
            serde_json::Value::String(text) => self.set(prefix, Value::Text(text.clone())),
        }
    }

    /// START, END and REPORT lines. The units are those of the line, but for sizes, which are bytes.
    fn of_lambda(&mut self, message: &str) {
        let kind = message.split(' ').next().unwrap_or("");
        if matches!(kind, "START" | "END" | "REPORT") {
            self.set("@type", Value::Text(kind.to_owned()));
            let id = message.split_once("RequestId: ").and_then(|(_, rest)| rest.split_whitespace().next());
            self.set("@requestId", id.map_or(Value::Nothing, |id| Value::Text(id.to_owned())));
        }
        for part in message.split('\t').filter(|_| kind == "REPORT") {
            let Some((name, value)) = part.trim().split_once(": ") else { continue };
            let number = value.split(' ').next().and_then(|n| n.parse::<f64>().ok());
            let (field, factor) = match name {
                "Duration" => ("@duration", 1.0),
                "Billed Duration" => ("@billedDuration", 1.0),
                "Init Duration" => ("@initDuration", 1.0),
                "Memory Size" => ("@memorySize", 1_000_000.0),
                "Max Memory Used" => ("@maxMemoryUsed", 1_000_000.0),
                _ => continue,
            };
            self.set(field, number.map_or(Value::Nothing, |n| Value::Number(n * factor)));
        }
    }
}
