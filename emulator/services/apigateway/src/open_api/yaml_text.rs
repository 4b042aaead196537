//! JSON values as YAML text: block style, every text in quotation marks but for keys that need none. Pure.

use serde_json::Value;
use std::fmt::Write;

/// The text of a document.
pub(super) fn written(document: &Value) -> String {
    let mut out = String::from("---\n");
    node(document, 0, &mut out);
    out
}

/// A value that begins a line, with its line's end.
fn node(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (at, (name, value)) in map.iter().enumerate() {
                // The first entry of a list's item stands behind its dash.
                if at > 0 || out.ends_with('\n') {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                let name = if is_plain(name) { name.clone() } else { Value::from(name.as_str()).to_string() };
                let _ = write!(out, "{name}:");
                below(value, indent + 2, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 || out.ends_with('\n') {
                    out.extend(std::iter::repeat_n(' ', indent));
                }
                out.push_str("- ");
                node(item, indent + 2, out);
            }
        }
        // JSON's way of writing what has nothing below it is YAML's, too.
        other => {
            let _ = writeln!(out, "{other}");
        }
    }
}

/// A value behind a key.
fn below(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            node(value, indent, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            node(value, indent, out);
        }
        _ => {
            out.push(' ');
            node(value, indent, out);
        }
    }
}

/// Whether a key can stand as it is: it begins like a word or a path, and is no word that YAML takes for something else.
fn is_plain(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_' | '$'));
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./{}+$".contains(&b));
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].iter().any(|w| w.eq_ignore_ascii_case(name));
    begins && word && !other
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let document = json!({
            "swagger": "2.0", "info": { "title": "a: b # c\n\"d\"", "version": "2023-11-14T22:13:20Z" }, "n": 1, "off": false, "none": null,
            "paths": { "/pets/{id+}": { "get": { "parameters": [{ "name": "id", "in": "path", "required": true }, [1, [2], {}], []], "responses": { "200": {} } } } },
            "x-amazon-apigateway-policy": { "Statement": [{ "Principal": "*", "Action": ["a", "b"] }] }, "application/json": "{}", "": "x", "- a": 1.5,
        });
        let text = written(&document);
        assert_eq!(yaml::parse(&text).unwrap().to_json(), document, "{text}");
        assert!(text.starts_with("---\nswagger: \"2.0\"\ninfo:\n  title: "), "{text}");
        assert!(text.contains("      parameters:\n        - name: \"id\"\n          in: \"path\"\n"), "{text}");
    }
}
