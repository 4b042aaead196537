//! Whether an answer is like a recorded one, in which what changes from call to call has placeholders.

use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

/// Texts that stand for any text.
const ANY: &[&str] = &["datetime", "date", "timestamp", "code-sha256", "receipt-handle", "sent-timestamp", "sender-id"];

/// Says where an answer differs. Lists and objects that AWS gives as text are compared as what they are.
pub fn like(recorded: &Value, ours: &Value) -> Result<(), String> {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            let known: Vec<_> = recorded.keys().collect();
            if let Some(name) = ours.keys().find(|name| !recorded.contains_key(*name)) {
                return Err(format!("{name} is not recorded"));
            }
            known.into_iter().try_for_each(|name| {
                let ours = ours.get(name).ok_or(format!("{name} is missing"))?;
                like(&recorded[name], ours).map_err(|why| format!("{name}: {why}"))
            })
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if recorded.len() != ours.len() {
                return Err(format!("{} items where {} are recorded", ours.len(), recorded.len()));
            }
            let mut pairs = recorded.iter().zip(ours).enumerate();
            pairs.try_for_each(|(at, (recorded, ours))| like(recorded, ours).map_err(|why| format!("{at}: {why}")))
        }
        (Value::Object(_) | Value::Array(_), Value::String(text)) => {
            let ours = serde_json::from_str(text).map_err(|e| format!("{text} is not JSON: {e}"))?;
            like(recorded, &ours)
        }
        (Value::String(recorded), Value::String(ours)) => text(recorded, ours),
        (Value::String(recorded), Value::Number(_)) if recorded.starts_with('<') => Ok(()),
        (Value::String(recorded), _) if ANY.contains(&recorded.as_str()) => Ok(()),
        _ if recorded == ours => Ok(()),
        _ => Err(format!("{ours} where {recorded} is recorded")),
    }
}

fn text(recorded: &str, ours: &str) -> Result<(), String> {
    if ANY.contains(&recorded) {
        return Ok(());
    }
    static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<[a-z][^<>]*>|\b1{12}\b|\bdate\b").unwrap());
    let mut rest = ours;
    for (n, piece) in PLACEHOLDER.split(recorded).enumerate() {
        // What stands before a piece is the placeholder's, which is at least one character long.
        let from = usize::from(n > 0);
        let found = rest.get(from..).and_then(|rest| if n == 0 { rest.starts_with(piece).then_some(0) } else { rest.find(piece) });
        let Some(at) = found else { return Err(format!("{ours:?} where {recorded:?} is recorded")) };
        rest = &rest[from + at + piece.len()..];
    }
    match rest.is_empty() || PLACEHOLDER.find_iter(recorded).last().is_some_and(|last| last.end() == recorded.len()) {
        true => Ok(()),
        false => Err(format!("{rest:?} is left of {ours:?} where {recorded:?} is recorded")),
    }
}
