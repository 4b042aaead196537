//! Event patterns: read once and kept ready, and TestEventPattern.

use crate::{Error, EventBridge, check, model::*};
use kit::filters::{Dialect, Filter};
use kit::{Context, Fault};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// AWS's limit on a rule's pattern, in characters (the model has it for rules, not for TestEventPattern).
const MOST_CHARS: usize = 4096;
/// Patterns kept ready; more than that start over.
const MOST_KEPT: usize = 4096;

/// Members that every event has, without which TestEventPattern refuses it.
const MEMBERS: [&str; 7] = ["id", "account", "source", "time", "region", "resources", "detail-type"];

/// Patterns by their text. Only what can be rebuilt at any time.
#[derive(Default)]
pub(crate) struct Cache(Mutex<HashMap<String, Arc<Filter>>>);

impl Cache {
    /// Whether an event passes a pattern that was accepted when its rule was put.
    pub fn matches(&self, pattern: &str, event: &Value) -> Result<bool, Fault> {
        let known = self.0.lock().expect("no panics while holding it").get(pattern).cloned();
        let filter = match known {
            Some(filter) => filter,
            None => {
                let filter = Arc::new(read(pattern)?);
                let mut kept = self.0.lock().expect("no panics while holding it");
                if kept.len() >= MOST_KEPT {
                    kept.clear();
                }
                kept.insert(pattern.to_owned(), filter.clone());
                filter
            }
        };
        Ok(filter.matches(event))
    }
}

/// A pattern, or AWS's fault.
pub(crate) fn read(pattern: &str) -> Result<Filter, Fault> {
    if pattern.chars().count() > MOST_CHARS {
        return Err(Error::InvalidEventPattern.says("Event pattern is not valid. Reason: the pattern is longer than 4096 characters"));
    }
    Filter::parse(pattern, Dialect::Events)
        .map_err(|e| Error::InvalidEventPattern.says(format!("Event pattern is not valid. Reason: {}", e.sentence(pattern))))
}

impl EventBridge {
    /// Whether an event passes a pattern.
    pub async fn test_event_pattern(&self, _cx: &Context, input: TestEventPatternInput) -> Result<TestEventPatternOutput, Fault> {
        let filter = read(&input.event_pattern)?;
        let event: Value = serde_json::from_str(&input.event).map_err(|_| check::invalid("Parameter Event is not valid."))?;
        let complete = event.as_object().is_some_and(|event| MEMBERS.iter().all(|member| event.contains_key(*member)));
        match complete {
            true => Ok(TestEventPatternOutput { result: Some(filter.matches(&event)) }),
            false => Err(check::invalid("Parameter Event is not valid.")),
        }
    }
}
