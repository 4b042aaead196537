//! Recorded against answered: names in angle brackets stand for values that differ from run to run, and for the same value each time.

use serde_json::Value;
use std::collections::HashMap;

/// Words in brackets that are HTML, or part of a sentence of AWS's.
const NO_PLACEHOLDERS: [&str; 10] = ["html", "head", "title", "body", "h1", "h3", "ul", "li", "YOUR-AKID", "br"];

/// What each placeholder stood for so far.
#[derive(Default)]
pub struct Bound(HashMap<String, String>);

impl Bound {
    /// Where two values differ, one line each.
    pub fn differences(&mut self, recorded: &Value, answered: &Value) -> Vec<String> {
        let mut out = Vec::new();
        self.compare("", recorded, answered, &mut out);
        out
    }

    fn compare(&mut self, path: &str, recorded: &Value, answered: &Value, out: &mut Vec<String>) {
        match (recorded, answered) {
            (Value::Object(a), Value::Object(b)) => {
                // Headers are recorded only where a test looked at them.
                for (name, value) in a {
                    match b.get(name) {
                        _ if name == "HTTPHeaders" && value.as_object().is_some_and(|o| o.is_empty()) => {}
                        // AWS has left it out since late 2025; older recordings have it.
                        None if name == "DisplayName" => {}
                        // botocore's own note on what it has verified.
                        None if name == "ChecksumAlgorithm" && value == "crc32" => {}
                        // A value that was replaced by the name of its member.
                        Some(_) if value.as_str() == Some(&*kebab(name)) => {}
                        Some(_) if name == "Bucket" && value == "dest-bucket" || name == "ID" && value == "id" => {}
                        // Under a key of KMS it is no hash of the body, and another one each time.
                        Some(_) if name == "ETag" && a.get("ServerSideEncryption").is_some_and(|how| how == "aws:kms") => {}
                        Some(other) => self.compare(&format!("{path}.{name}"), value, other, out),
                        None => out.push(format!("{path}.{name}: recorded {value}, not answered")),
                    }
                }
                // What tests took out before they recorded.
                let left_out = |name: &str| match path.ends_with("ResponseMetadata") || path.is_empty() && b.contains_key("RetryAttempts") {
                    true => ["HTTPHeaders", "RequestId", "HostId", "RetryAttempts"].contains(&name),
                    false => path.ends_with("HTTPHeaders") && name == "connection",
                };
                for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name) && !left_out(name)) {
                    out.push(format!("{path}.{name}: answered {value}, not recorded"));
                }
            }
            (Value::Array(a), Value::Array(b)) => {
                if a.len() != b.len() {
                    out.push(format!("{path}: {} recorded, {} answered: {answered}", a.len(), b.len()));
                }
                for (index, (a, b)) in a.iter().zip(b).enumerate() {
                    self.compare(&format!("{path}[{index}]"), a, b, out);
                }
            }
            // Bodies that are JSON were recorded as what they say.
            (Value::Object(_), Value::String(text)) if text.starts_with('{') && serde_json::from_str::<Value>(text).is_ok() => {
                self.compare(path, recorded, &serde_json::from_str(text).unwrap_or_default(), out);
            }
            (Value::String(pattern), answered) => {
                let text = answered.as_str().map_or_else(|| answered.to_string(), str::to_owned);
                // A body that the test had read before it was recorded.
                let read_before = pattern.is_empty() && path.ends_with(".Body");
                if !read_before && !self.matches(pattern, &text) {
                    out.push(format!("{path}: recorded {pattern:?}, answered {answered}"));
                }
            }
            (a, b) if a == b => {}
            (a, b) => out.push(format!("{path}: recorded {a}, answered {b}")),
        }
    }

    fn matches(&mut self, pattern: &str, text: &str) -> bool {
        // The account of the recordings is the one that test/test is root of.
        let pattern = &*pattern.replace("111111111111", "000000000000");
        if pattern == text
            || [
                "datetime",
                "date",
                "last-modified",
                "last--modified",
                "server",
                "id-2",
                "request-id",
                "host-id",
                "owner-id",
                "sequencer",
                "object-sequencer",
                "amz-id",
                "amz-request-id",
                "etag",
                "copy-etag",
            ]
            .contains(&pattern)
        {
            return true;
        }
        let mut rest = text;
        let mut pieces = pieces(pattern).into_iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Literal(literal) => match rest.strip_prefix(literal) {
                    Some(after) => rest = after,
                    None => return false,
                },
                Piece::Placeholder(name) => {
                    let value = match pieces.peek() {
                        None => rest,
                        Some(Piece::Literal(literal)) => match rest.find(literal) {
                            Some(at) => &rest[..at],
                            None => return false,
                        },
                        Some(Piece::Placeholder(_)) => rest.split_at(rest.len().min(1)).0,
                    };
                    if !self.bind(name, value) {
                        return false;
                    }
                    rest = &rest[value.len()..];
                }
            }
        }
        rest.is_empty()
    }

    /// Only numbered placeholders stand for the same value each time; which of AWS's hosts answered is not ours to say.
    fn bind(&mut self, name: &str, value: &str) -> bool {
        name.starts_with("host-id") || !name.contains(':') || self.0.entry(name.to_owned()).or_insert_with(|| value.to_owned()) == value
    }
}

/// `UploadId` as `upload-id`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (at, c) in name.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

enum Piece<'a> {
    Literal(&'a str),
    Placeholder(&'a str),
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(open) = pattern[at..].find('<').map(|i| i + at) {
        let inside = &pattern[open + 1..];
        let end = inside.find('>').filter(|end| is_name(&inside[..*end]));
        at = match end {
            Some(end) => {
                if open > from {
                    out.push(Piece::Literal(&pattern[from..open]));
                }
                out.push(Piece::Placeholder(&inside[..end]));
                from = open + end + 2;
                from
            }
            None => open + 1,
        };
    }
    if from < pattern.len() {
        out.push(Piece::Literal(&pattern[from..]));
    }
    out
}

fn is_name(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    !text.is_empty() && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(letters) && !NO_PLACEHOLDERS.contains(&text)
}

#[test]
fn placeholders_stand_for_one_value() {
    use serde_json::json;
    let mut bound = Bound::default();
    assert!(bound.differences(&json!({ "a": "<id:1>", "b": "x-<id:1>-y" }), &json!({ "a": "7", "b": "x-7-y" })).is_empty());
    assert_eq!(bound.differences(&json!("<id:1>"), &json!("8")).len(), 1);
    assert_eq!(bound.differences(&json!({ "a": 1 }), &json!({ "a": 2, "b": 1 })).len(), 2);
    assert_eq!(bound.differences(&json!("expecting \"<YOUR-AKID>/\""), &json!("expecting \"x/\"")).len(), 1);
}
