//! `${...}` in texts: captures, stack outputs, the clock, the run, and sizes of files. A text that is nothing but one reference keeps
//! the type of what it refers to.

use super::path;
use crate::durations;
use serde_json::{Map, Value};
use std::path::PathBuf;
use wire::Timestamp;

/// What references may refer to.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    /// Captures, and `stack`, `run`, `item`.
    pub values: Map<String, Value>,
    /// Virtual now, for `clock.*`.
    pub now: Option<Timestamp>,
    /// Where relative paths start.
    pub folder: PathBuf,
}

/// A value with every text in it filled in.
pub fn fill(value: &Value, vars: &Vars) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => fill_any(text, vars)?,
        Value::Array(items) => items.iter().map(|i| fill(i, vars)).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Object(map) => Value::Object(fill_map(map, vars)?),
        other => other.clone(),
    })
}

/// A map with every key and value filled in.
pub fn fill_map(map: &Map<String, Value>, vars: &Vars) -> Result<Map<String, Value>, String> {
    map.iter().map(|(k, v)| Ok((fill_text(k, vars)?, fill(v, vars)?))).collect()
}

/// A text filled in; what is referred to is written as text.
pub fn fill_text(text: &str, vars: &Vars) -> Result<String, String> {
    match fill_any(text, vars)? {
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

/// Every reference of a text, without looking anything up. Errors: one that is not closed.
pub fn references(text: &str) -> Result<Vec<&str>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('$') {
            rest = &rest[start + 2..];
            continue;
        }
        let end = rest[start..].find('}').ok_or_else(|| format!("`{text}` opens ${{ and does not close it"))?;
        found.push(&rest[start + 2..start + end]);
        rest = &rest[start + end + 1..];
    }
    Ok(found)
}

fn fill_any(text: &str, vars: &Vars) -> Result<Value, String> {
    if let Some(inside) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'))
        && !inside.contains('}')
    {
        return look_up(inside, vars);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        if rest[..start].ends_with('$') {
            // `$${` is a `${` that is meant.
            out.push_str(&rest[..start]);
            out.push('{');
            rest = &rest[start + 2..];
            continue;
        }
        let end = rest[start..].find('}').ok_or_else(|| format!("`{text}` opens ${{ and does not close it"))?;
        out.push_str(&rest[..start]);
        match look_up(&rest[start + 2..start + end], vars)? {
            Value::String(text) => out.push_str(&text),
            other => out.push_str(&other.to_string()),
        }
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    Ok(Value::String(out))
}

fn look_up(reference: &str, vars: &Vars) -> Result<Value, String> {
    let reference = reference.trim();
    if let Some(file) = reference.strip_prefix("size:") {
        let file = vars.folder.join(file);
        let size = std::fs::metadata(&file).map_err(|e| format!("can't read {}: {e}", file.display()))?.len();
        return Ok(size.into());
    }
    if let Some(rest) = reference.strip_prefix("clock.") {
        return clock(rest, vars);
    }
    let root = Value::Object(vars.values.clone());
    path::find(&root, reference).cloned().ok_or_else(|| format!("${{{reference}}} is not known: {}", path::explain(&root, reference)))
}

/// `clock.now`, `clock.date`, `clock.ms`, and the same with `+ 7d` or `- 1h`.
fn clock(reference: &str, vars: &Vars) -> Result<Value, String> {
    let now = vars.now.ok_or("the clock is not known before the cloud has started")?;
    let (name, shift) = match reference.find([' ', '+']) {
        Some(at) => (&reference[..at], reference[at..].trim()),
        None => (reference, ""),
    };
    let by = |text: &str| durations::parse(text.trim()).map(|d| d.as_nanos() as i128);
    let moment = match (shift.strip_prefix('+'), shift.strip_prefix('-')) {
        (Some(by_text), _) => now.plus_ns(by(by_text)?),
        (_, Some(by_text)) => now.plus_ns(-by(by_text)?),
        _ if shift.is_empty() => now,
        _ => return Err(format!("`clock.{reference}`: write + or - and a duration after the name, as in clock.date + 7d")),
    };
    Ok(match name {
        "now" => kit::time::iso_secs(moment).into(),
        "date" => kit::time::date(moment).into(),
        "ms" => (moment.millis()).into(),
        "midnight" => kit::time::iso_secs(kit::time::next_midnight(moment)).into(),
        other => return Err(format!("there is no clock.{other}; there are clock.now, clock.date, clock.ms and clock.midnight")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn vars() -> Vars {
        let Value::Object(values) = json!({"token": "abc", "n": 7, "stack": {"Bucket": "b"}, "up": {"headers": {"x": "1"}}}) else {
            unreachable!()
        };
        Vars { values, now: Timestamp::parse("2026-03-10T22:00:00Z", wire::TimestampFormat::DateTime), folder: PathBuf::new() }
    }

    #[test]
    fn references_are_filled_and_keep_their_type() {
        let fill = |text: &str| super::fill(&json!(text), &vars()).unwrap();
        assert_eq!(fill("${n}"), json!(7));
        assert_eq!(fill("${up.headers}"), json!({"x": "1"}));
        assert_eq!(fill("s3://${stack.Bucket}/${n}"), json!("s3://b/7"));
        assert_eq!(fill("$${n}"), json!("${n}"));
        assert_eq!(fill("${clock.date + 7d}"), json!("2026-03-17"));
        assert_eq!(fill("${clock.midnight}"), json!("2026-03-11T00:00:00Z"));
    }

    #[test]
    fn what_is_not_known_is_said() {
        assert!(fill_text("${tokn}", &vars()).unwrap_err().contains("$ has no tokn; it has token, n, stack, up"));
        assert!(fill_text("${clock.day}", &vars()).unwrap_err().contains("clock.date"));
        assert!(references("a ${b").is_err());
        assert_eq!(references("${a} $${b} ${c.d}").unwrap(), ["a", "c.d"]);
    }
}
