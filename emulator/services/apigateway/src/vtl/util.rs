//! `$util`.

use super::{Problem, Value};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode;
use std::fmt::Write;

/// Calls a function of `$util`.
pub(crate) fn call(name: &str, arguments: &[Value]) -> Result<Value, Problem> {
    let Some(argument) = arguments.first() else { return Ok(Value::Null) };
    // Nothing in, nothing out.
    let text = argument.shown();
    Ok(match name {
        "escapeJavaScript" => Value::text(escape_java_script(&text)),
        "parseJson" => serde_json::from_str(&text).map(|json| Value::of_json(&json)).unwrap_or(Value::Null),
        "urlEncode" => Value::text(url_encode(&text)),
        "urlDecode" => Value::text(percent_decode(text.replace('+', " ").as_bytes()).decode_utf8_lossy()),
        "base64Encode" => Value::text(STANDARD.encode(text)),
        "base64Decode" => match STANDARD.decode(text.trim()) {
            Ok(bytes) => Value::text(String::from_utf8_lossy(&bytes)),
            Err(_) => return Err(Problem("$util.base64Decode was given what is not base64".into())),
        },
        _ => Value::Null,
    })
}

/// Text as it may stand in a JavaScript string: what Java's commons do, which is why `'` is escaped although JSON does not take that.
pub fn escape_java_script(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for unit in text.chars() {
        match unit {
            '"' | '\'' | '\\' | '/' => out.extend(['\\', unit]),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='~' => out.push(unit),
            _ => {
                let mut units = [0u16; 2];
                for unit in unit.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    out
}

/// As `application/x-www-form-urlencoded` has it: letters, digits and `*-._` stay, a space is `+`.
pub fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b if b.is_ascii_alphanumeric() || b"*-._".contains(&b) => out.push(char::from(b)),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
    out
}
