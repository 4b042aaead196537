//! Input templates: `<name>` stands for a value out of the event or for one of AWS's own.
//!
//! In a template that is a JSON object a placeholder between quotes takes the value's text and one outside them its JSON. In a template of
//! quoted lines objects and lists lose their quotes. What comes out must be JSON, or the event is not delivered. All as recorded.

use serde_json::Value;

const PREDEFINED: [&str; 5] =
    ["aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time", "aws.events.event", "aws.events.event.json"];

/// Whether AWS has a value for the name without a path.
pub(crate) fn is_predefined(name: &str) -> bool {
    PREDEFINED.contains(&name)
}

/// The names between `<` and `>`.
pub(crate) fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    pieces(template).filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Text(_) => None,
    })
}

/// The template with values in place of names; `None` when what comes out is not JSON.
pub(crate) fn fill(template: &str, value_of: impl Fn(&str) -> Option<Value>) -> Option<String> {
    let lines_of_text = !template.trim_start().starts_with(['{', '[']);
    let mut out = String::with_capacity(template.len() + 64);
    let mut quoted = false;
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => {
                quoted = after(text, quoted);
                out.push_str(text);
            }
            Piece::Name(name) if quoted => out.push_str(&between_quotes(value_of(name), lines_of_text)),
            // A value that isn't there is an empty text.
            Piece::Name(name) => out.push_str(&value_of(name).unwrap_or_else(|| "".into()).to_string()),
        }
    }
    let mut values = serde_json::Deserializer::from_str(&out).into_iter::<Value>();
    let whole = values.by_ref().try_fold(0, |n, value| value.map(|_| n + 1));
    matches!(whole, Ok(n) if n > 0).then_some(out)
}

fn between_quotes(value: Option<Value>, lines_of_text: bool) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => {
            let json = Value::String(text).to_string();
            json[1..json.len() - 1].to_owned()
        }
        Some(value @ (Value::Object(_) | Value::Array(_))) if lines_of_text => value.to_string().replace('"', ""),
        // In an object's text a list or object breaks the JSON, as it does on AWS.
        Some(value) => value.to_string(),
    }
}

/// Whether a text that began inside (or outside) quotes ends inside them.
fn after(text: &str, mut quoted: bool) -> bool {
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, behind)) = name_at_start(rest) {
            rest = behind;
            return Some(Piece::Name(name));
        }
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let end = rest[first..].find('<').map_or(rest.len(), |at| at + first);
        let (text, behind) = rest.split_at(end);
        rest = behind;
        Some(Piece::Text(text))
    })
}

fn name_at_start(text: &str) -> Option<(&str, &str)> {
    let (name, behind) = text.strip_prefix('<')?.split_once('>')?;
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    fits.then_some((name, behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filled(template: &str) -> Option<String> {
        let detail = json!({ "userId": "0a787ecb-4015", "payload": { "acc_id": "0a787ecb-4015", "sf_id": "baz" }, "one": ["HIGH"],
            "many": ["ACTIVE", "INACTIVE"], "valid": true, "said": "\"so\"" });
        fill(template, |name| detail.get(name).cloned())
    }

    #[test]
    fn objects_take_json_outside_quotes_and_text_inside() {
        let template =
            r#"{"path": "users/<userId>/second/<userId>", "id": <userId>, "body": <payload>, "list": [<userId>, "x"], "no": <none>}"#;
        let out: Value = serde_json::from_str(&filled(template).unwrap()).unwrap();
        let body = json!({ "acc_id": "0a787ecb-4015", "sf_id": "baz" });
        let path = "users/0a787ecb-4015/second/0a787ecb-4015";
        assert_eq!(out, json!({ "path": path, "id": "0a787ecb-4015", "body": body, "list": ["0a787ecb-4015", "x"], "no": "" }));
        assert_eq!(filled(r#"{"a": "<said>"}"#).unwrap(), r#"{"a": "\"so\""}"#);
    }

    #[test]
    fn lines_of_text_lose_the_quotes_of_what_they_take() {
        assert_eq!(filled(r#""<one> single list item""#).unwrap(), r#""[HIGH] single list item""#);
        assert_eq!(filled(r#""<payload> <many><none>""#).unwrap(), r#""{acc_id:0a787ecb-4015,sf_id:baz} [ACTIVE,INACTIVE]""#);
        assert_eq!(filled("\"<userId> a\"\n\"Command is <valid>!\"").unwrap(), "\"0a787ecb-4015 a\"\n\"Command is true!\"");
        assert_eq!(filled(r#""{[/Check <userId>""#).unwrap(), r#""{[/Check 0a787ecb-4015""#);
    }

    #[test]
    fn what_is_not_json_is_not_delivered() {
        for template in [r#"{"payload": "<payload>"}"#, r#"{"one": "<one>"}"#, "<one> single list item", "Payload of <userId>", ""] {
            assert_eq!(filled(template), None, "{template}");
        }
    }

    #[test]
    fn names_are_found() {
        let names: Vec<&str> = placeholders("{\"a\": <x-1>, \"b<\": \"< no > <aws.events.event> <y\"}").collect();
        assert_eq!(names, ["x-1", "aws.events.event"]);
    }
}
