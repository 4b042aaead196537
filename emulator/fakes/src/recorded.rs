//! Whether an answer is the one that was recorded from AWS. Recordings have placeholders (`<uuid:1>`): each stands for one text throughout a
//! recording, and `111111111111` for the account.

use regex::Regex;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A file of recordings by its service's folder and its name (`sqs/test_sqs`): test names and what was recorded in each. None, said in a
/// sentence, on machines without them.
pub fn recordings(file: &str) -> Option<Map<String, Value>> {
    let path = format!("{}/../../../shared/aws-recorded/{file}.snapshot.json", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {path} is not here");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}")))
}

/// What differs, one line each; members of these names are not looked at.
pub fn differences(recorded: &Value, ours: &Value, ignored: &[&str]) -> Vec<String> {
    let mut compare = Compare { ignored, bound: HashMap::new(), found: Vec::new() };
    compare.values("", recorded, ours);
    compare.found
}

struct Compare<'a> {
    ignored: &'a [&'a str],
    bound: HashMap<String, String>,
    found: Vec<String>,
}

impl Compare<'_> {
    fn values(&mut self, path: &str, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                for (name, value) in recorded.iter().filter(|(name, _)| !self.ignored.contains(&name.as_str())) {
                    match ours.get(name) {
                        Some(own) => self.values(&format!("{path}.{name}"), value, own),
                        None => self.found.push(format!("{path}.{name} is missing")),
                    }
                }
                for name in ours.keys().filter(|name| !recorded.contains_key(*name) && !self.ignored.contains(&name.as_str())) {
                    self.found.push(format!("{path}.{name} is too much"));
                }
            }
            (Value::Array(recorded), Value::Array(ours)) if recorded.len() == ours.len() => {
                for (index, (recorded, ours)) in recorded.iter().zip(ours).enumerate() {
                    self.values(&format!("{path}[{index}]"), recorded, ours);
                }
            }
            // Moments were recorded as the names of their members.
            (Value::String(pattern), Value::Number(_)) if pattern.bytes().all(|b| b.is_ascii_lowercase() || b"-<>".contains(&b)) => {}
            // Texts that are JSON were parsed when they were recorded.
            (Value::Object(_) | Value::Array(_), Value::String(text)) => match serde_json::from_str(text) {
                Ok(parsed) => self.values(path, recorded, &parsed),
                Err(_) => self.differ(path, recorded, ours),
            },
            (Value::String(pattern), Value::String(text)) => self.texts(path, pattern, text),
            _ if recorded == ours => {}
            _ => self.differ(path, recorded, ours),
        }
    }

    fn texts(&mut self, path: &str, pattern: &str, text: &str) {
        if matches!(pattern, "date" | "timestamp" | "connection" | "content--length") {
            return;
        }
        let ours = text.replace("000000000000", "111111111111");
        let replaced = pattern.replace("000000000000", "111111111111");
        let pattern = replaced.as_str();
        let placeholder = Regex::new(r"<[a-zA-Z0-9_-]+(?::\d+)?>").unwrap();
        let mut expression = String::from("(?s)^");
        let mut names = Vec::new();
        let mut end = 0;
        for found in placeholder.find_iter(pattern) {
            expression += &regex::escape(&pattern[end..found.start()]);
            expression += "(.+?)";
            names.push(found.as_str().to_owned());
            end = found.end();
        }
        expression += &regex::escape(&pattern[end..]);
        expression += "$";
        let Some(groups) = Regex::new(&expression).unwrap().captures(&ours) else {
            return self.differ(path, &pattern.into(), &ours.clone().into());
        };
        for (name, group) in names.into_iter().zip(groups.iter().skip(1)) {
            let value = group.unwrap().as_str().to_owned();
            let bound = self.bound.entry(name.clone()).or_insert_with(|| value.clone());
            if name.contains(':') && *bound != value {
                let first = bound.clone();
                self.found.push(format!("{path}: {name} was {first} before, now {value}"));
            }
        }
    }

    fn differ(&mut self, path: &str, recorded: &Value, ours: &Value) {
        self.found.push(format!("{path}:\n    recorded {recorded}\n    ours     {ours}"));
    }
}
