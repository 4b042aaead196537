//! What a verb answered: a value, and where there was HTTP a status, headers and bytes; or AWS's refusal.

use bytes::Bytes;
use serde_json::{Value, json};
use wire::Fault;

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What `$` stands for.
    pub value: Value,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, where it is more than the value.
    pub bytes: Option<Bytes>,
    /// AWS's refusal.
    pub error: Option<Refused>,
    /// Not done, and why.
    pub skipped: Option<String>,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// AWS's code (`NoSuchKey`).
    pub code: String,
    /// AWS's sentence.
    pub message: String,
    /// HTTP status.
    pub status: u16,
}

impl Outcome {
    /// A value.
    pub fn of(value: Value) -> Outcome {
        Outcome { value, ..Outcome::default() }
    }
    /// A refusal.
    pub fn refused(fault: &Fault) -> Outcome {
        let refused = Refused { code: fault.code.to_string(), message: fault.message.clone(), status: fault.status };
        let value = json!({ "code": refused.code, "message": refused.message });
        Outcome { value, status: Some(fault.status), error: Some(refused), ..Outcome::default() }
    }
    /// A value, or a refusal.
    pub fn from_result(result: Result<Value, Fault>) -> Outcome {
        match result {
            Ok(value) => Outcome::of(value),
            Err(fault) => Outcome::refused(&fault),
        }
    }
    /// The body as text.
    pub fn text(&self) -> String {
        match (&self.bytes, &self.value) {
            (Some(bytes), _) => String::from_utf8_lossy(bytes).into_owned(),
            (None, Value::String(text)) => text.clone(),
            (None, other) => other.to_string(),
        }
    }
    /// Whether IAM or a signature stood in the way.
    pub fn is_denied(&self) -> bool {
        self.error.as_ref().is_some_and(|e| e.status == 403 || e.code.contains("AccessDenied")) || self.status == Some(403)
    }
    /// A short text of it for people.
    pub fn excerpt(&self) -> String {
        let status = self.status.map(|s| format!("HTTP {s} ")).unwrap_or_default();
        let body = match &self.error {
            Some(error) => format!("{}: {}", error.code, error.message),
            None => match &self.value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => serde_json::to_string_pretty(other).unwrap_or_default(),
            },
        };
        let mut text = format!("{status}{body}");
        if text.len() > 2000 {
            let end = (0..=2000).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            text.truncate(end);
            text.push_str(" ...");
        }
        text
    }
}
