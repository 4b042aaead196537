//! Values of fields and expressions, and how they are written and ordered.

use kit::Timestamp;
use std::cmp::Ordering;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Nothing,
    Number(f64),
    Text(String),
    /// Milliseconds since the epoch, written as a date.
    Moment(i64),
}

impl Value {
    pub fn truth(truth: bool) -> Value {
        Value::Number(if truth { 1.0 } else { 0.0 })
    }
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Moment(ms) => Some(*ms as f64),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Nothing => None,
        }
    }
    pub fn text(&self) -> Option<String> {
        match self {
            Value::Nothing => None,
            Value::Text(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Moment(ms) => {
                let iso = kit::time::iso_millis(Timestamp::from_millis(*ms));
                Some(iso.replace('T', " ").trim_end_matches('Z').to_owned())
            }
        }
    }
    pub fn holds(&self) -> bool {
        match self {
            Value::Nothing => false,
            Value::Number(number) => *number != 0.0,
            Value::Text(text) => text != "false" && !text.is_empty(),
            Value::Moment(_) => true,
        }
    }
    pub fn is_there(&self) -> bool {
        *self != Value::Nothing
    }
    /// Numbers as numbers, the rest as texts; nothing comes last.
    pub fn order(&self, other: &Value) -> Ordering {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            _ => match (self.text(), other.text()) {
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => a.is_none().cmp(&b.is_none()),
            },
        }
    }
}
