//! Which messages a function wants. A pattern looks at a record; what it says of the content (`body` of SQS, `value` of Kafka) is held against
//! the JSON in it, or against the text where the pattern wants texts (AWS's documentation, "Filtering with Amazon SQS" and "with Kafka").

use kit::filters::{Dialect, Filter};
use serde_json::Value;
use std::sync::Arc;

/// A mapping's patterns, read once for as long as it says the same.
#[derive(Default)]
pub(super) struct Patterns {
    texts: Vec<String>,
    read: Arc<[Wanted]>,
}

impl Patterns {
    /// The patterns of these texts.
    pub fn of(&mut self, texts: &[String], member: &'static str) -> Arc<[Wanted]> {
        if self.texts != texts {
            self.read = texts.iter().filter_map(|text| parse(text, member)).collect();
            self.texts = texts.to_vec();
        }
        self.read.clone()
    }
}

/// A pattern, ready to be asked.
pub(super) struct Wanted {
    filter: Filter,
    /// The member that holds the content.
    member: &'static str,
    /// What the pattern says of the body, where it does.
    body: Body,
}

/// What a pattern expects a message's body to be.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    Any,
    Text,
    Json,
}

/// Reads a pattern; `None` where AWS calls it invalid.
pub(super) fn parse(pattern: &str, member: &'static str) -> Option<Wanted> {
    let filter = Filter::parse(pattern, Dialect::Sources).ok()?;
    let value: Value = serde_json::from_str(pattern).ok()?;
    let body = match value.get(member) {
        None => Body::Any,
        Some(Value::Object(_)) => Body::Json,
        Some(_) => Body::Text,
    };
    Some(Wanted { filter, member, body })
}

/// Whether a record with this content passes one of the patterns; all do where there are none.
pub(super) fn passes(patterns: &[Wanted], record: &Value, content: Option<&str>) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(record, content))
}

impl Wanted {
    fn matches(&self, record: &Value, content: Option<&str>) -> bool {
        let parsed = content.and_then(|text| serde_json::from_str::<Value>(text).ok());
        match (self.body, parsed.filter(|body| body.is_object() || body.is_array())) {
            (Body::Any, _) => self.filter.matches(record),
            // A body of the other kind than the pattern's never matches.
            (Body::Text, Some(_)) | (Body::Json, None) => false,
            (Body::Text, None) => self.filter.matches(&self.with(record, content.into())),
            (Body::Json, Some(body)) => self.filter.matches(&self.with(record, body)),
        }
    }

    /// The record with its content as it is meant.
    fn with(&self, record: &Value, content: Value) -> Value {
        let mut record = record.clone();
        record[self.member] = content;
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passes(pattern: Value, body: &str) -> bool {
        super::passes(&[parse(&pattern.to_string(), "body").unwrap()], &json!({ "body": body, "eventSource": "aws:sqs" }), Some(body))
    }

    #[test]
    fn bodies_are_json_or_text() {
        let json = json!({ "body": { "size": [{ "numeric": [">", 10] }] } });
        assert!(passes(json.clone(), r#"{"size": 11}"#));
        assert!(!passes(json.clone(), r#"{"size": 9}"#));
        assert!(!passes(json, "size"));
        let text = json!({ "body": [{ "prefix": "up" }] });
        assert!(passes(text.clone(), "upload"));
        assert!(!passes(text, r#"{"up": 1}"#));
        assert!(passes(json!({ "eventSource": ["aws:sqs"] }), "anything"));
    }

    #[test]
    fn patterns_are_read_anew_when_they_change() {
        let (up, down) = (json!({ "body": ["up"] }).to_string(), json!({ "body": ["down"] }).to_string());
        let mut patterns = Patterns::default();
        let passes = |patterns: &[Wanted]| super::passes(patterns, &json!({ "body": "up" }), Some("up"));
        let up = [up];
        let first = patterns.of(&up, "body");
        assert!(passes(&first) && Arc::ptr_eq(&first, &patterns.of(&up, "body")));
        assert!(!passes(&patterns.of(&[down], "body")));
        assert!(passes(&patterns.of(&[], "body")), "none wants all");
    }

    #[test]
    fn what_is_no_pattern() {
        for text in ["", "null", "simple string", r#"{"eventSource": "aws:sqs"}"#, r#"{"eventSource": []}"#] {
            assert!(parse(text, "body").is_none(), "{text}");
        }
    }
}
