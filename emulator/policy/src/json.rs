//! JSON as AWS reads policies: no duplicate members, no bottomless nesting. Knows nothing of policies.

use std::collections::HashSet;

use serde_json::Value;

/// Parses a text.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn read(text: &str, max_depth: usize) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    inspect(text, max_depth)?;
    Ok(value)
}

/// A container that is open while scanning; objects keep the names they have had.
enum Open {
    Object(HashSet<String>),
    List,
}

/// Looks for duplicate names and depth. The text is known to be sound JSON, so braces, commas and strings are enough.
fn inspect(text: &str, max_depth: usize) -> Result<(), String> {
    let bytes = text.as_bytes();
    let mut open: Vec<Open> = Vec::new();
    let mut name_expected = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' => {
                open.push(Open::Object(HashSet::new()));
                name_expected = true;
            }
            b'[' => {
                open.push(Open::List);
                name_expected = false;
            }
            b'}' | b']' => {
                open.pop();
                name_expected = false;
            }
            b',' => name_expected = matches!(open.last(), Some(Open::Object(_))),
            b'"' => {
                let end = string_end(bytes, at);
                if name_expected && let Some(Open::Object(names)) = open.last_mut() {
                    let name: String = serde_json::from_str(&text[at..end]).map_err(|error| error.to_string())?;
                    if !names.insert(name.clone()) {
                        return Err(format!("the member {name:?} stands twice in one object"));
                    }
                    name_expected = false;
                }
                at = end;
                continue;
            }
            _ => {}
        }
        if open.len() > max_depth {
            return Err(format!("nested more than {max_depth} deep"));
        }
        at += 1;
    }
    Ok(())
}

/// The position after a string's closing quote.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn duplicates_and_depth() {
        let table = [
            (r#"{"a":1,"b":{"a":2}}"#, true),
            (r#"{"a":1,"a":2}"#, false),
            (r#"{"a":1,"\u0061":2}"#, false),
            (r#"[{"a":"a"},{"a":"a,"}]"#, true),
            (r#"{"a":["a","a"],"b":"a"}"#, true),
            (r#"{"a\"":1,"a":{"x":[],"x":1}}"#, false),
            (r#"[[[[[[]]]]]]"#, false),
            (r#"[[[[[]]]]]"#, true),
            ("", false),
            ("{} {}", false),
        ];
        for (text, sound) in table {
            assert_eq!(read(text, 5).is_ok(), sound, "{text}");
        }
        assert!(read(&"[".repeat(100_000), 32).is_err());
    }
}
