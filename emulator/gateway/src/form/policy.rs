//! The policy of a browser upload: what the form's signer allows its fields to be. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>; sentences of refusals as recorded from AWS, those
//! about the document's form that have no recording are marked.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use wire::{Fault, Timestamp, TimestampFormat};

/// More conditions are refused.
const MOST_CONDITIONS: usize = 1000;

/// A policy that was read.
#[derive(Debug)]
pub(super) struct Policy {
    pub expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    kind: Kind,
    /// The condition as AWS repeats it.
    text: String,
}

#[derive(Debug)]
enum Kind {
    Equals {
        field: String,
        value: String,
    },
    StartsWith {
        field: String,
        value: String,
    },
    Length {
        least: u64,
        most: u64,
    },
    /// Can hold for nothing: the field has no `$`, the bounds are no numbers.
    Never,
}

impl Policy {
    /// Reads the value of the form's field `policy`.
    pub fn read(base64: &str) -> Result<Policy, Fault> {
        let bytes = STANDARD.decode(base64.trim()).map_err(|_| invalid("Invalid Base64 encoding."))?;
        // serde_json bounds the depth; the form's limit bounds the size.
        let document: Value = serde_json::from_slice(&bytes).map_err(|_| invalid("Invalid JSON."))?;
        // Sentences about missing members: from memory.
        let expiration = document.get("expiration").ok_or_else(|| invalid("Policy missing expiration."))?;
        // ISO 8601 in UTC and nothing else: `2007-12-01T12:00:00.000Z`.
        let strict = expiration.as_str().filter(|text| text.as_bytes().get(10) == Some(&b'T') && text.ends_with('Z'));
        let expiration = strict.and_then(|text| Timestamp::parse(text, TimestampFormat::DateTime));
        let expiration = expiration.ok_or_else(|| invalid("Invalid 'expiration' value."))?;
        let list = document.get("conditions").ok_or_else(|| invalid("Policy missing conditions."))?;
        let list = list.as_array().ok_or_else(|| invalid("Invalid 'conditions' value: must be a List."))?;
        if list.len() > MOST_CONDITIONS {
            return Err(invalid("Too many conditions."));
        }
        let conditions = list.iter().map(condition).collect::<Result<_, _>>()?;
        Ok(Policy { expiration, conditions })
    }

    /// Whether the fields (names in lower case) are as the policy wants them, and none is there that it doesn't speak of.
    pub fn check(&self, fields: &[(String, String)]) -> Result<(), Fault> {
        let value = |field: &str| fields.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value);
        let failing = self.conditions.iter().find(|condition| !match &condition.kind {
            Kind::Equals { field, value: wanted } => value(field) == wanted,
            Kind::StartsWith { field, value: wanted } if field == "content-type" => {
                value(field).split(',').all(|word| word.trim().starts_with(wanted.as_str()))
            }
            Kind::StartsWith { field, value: wanted } => value(field).starts_with(wanted.as_str()),
            Kind::Length { .. } => true,
            Kind::Never => false,
        });
        if let Some(condition) = failing {
            return Err(against(&format!("Policy Condition failed: {}", condition.text)));
        }
        let extra: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).filter(|name| self.is_silent_about(name)).collect();
        match extra.is_empty() {
            true => Ok(()),
            false => Err(against(&format!("Extra input fields: {}", extra.join(", ")))),
        }
    }

    fn is_silent_about(&self, name: &str) -> bool {
        const FREE: [&str; 6] = ["policy", "signature", "awsaccesskeyid", "x-amz-signature", "file", "bucket"];
        if FREE.contains(&name) || name.starts_with("x-ignore-") {
            return false;
        }
        !self
            .conditions
            .iter()
            .any(|condition| matches!(&condition.kind, Kind::Equals { field, .. } | Kind::StartsWith { field, .. } if field == name))
    }

    /// The lengths that the file may have, in bytes.
    pub fn lengths(&self) -> (u64, u64) {
        self.conditions.iter().fold((0, u64::MAX), |(low, high), condition| match condition.kind {
            Kind::Length { least, most } => (low.max(least), high.min(most)),
            _ => (low, high),
        })
    }
}

fn condition(value: &Value) -> Result<Condition, Fault> {
    match value {
        Value::Object(pairs) => simple(pairs),
        Value::Array(words) => list(words),
        _ => Err(invalid("Invalid Condition: must be a Simple-Condition or a List.")),
    }
}

/// `{"acl": "private"}`
fn simple(pairs: &Map<String, Value>) -> Result<Condition, Fault> {
    let mut pairs = pairs.iter();
    let (Some((name, value)), None) = (pairs.next(), pairs.next()) else {
        return Err(invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."));
    };
    let Some(value) = value.as_str() else { return Err(invalid("Invalid Simple-Condition: value must be a string.")) };
    let text = spelled(&["eq".into(), format!("${name}").into(), value.into()]);
    Ok(Condition { kind: Kind::Equals { field: name.to_ascii_lowercase(), value: value.to_owned() }, text })
}

/// `["starts-with", "$key", "user/"]`
fn list(words: &[Value]) -> Result<Condition, Fault> {
    let [operator, first, second] = words else { return Err(invalid("Invalid Condition: wrong number of arguments.")) };
    let operator = operator.as_str().unwrap_or_default().to_ascii_lowercase();
    let kind = match operator.as_str() {
        "content-length-range" => match (bound(first), bound(second)) {
            (Some(least), Some(most)) if least >= 0 && most >= 0 => Kind::Length { least: least as u64, most: most as u64 },
            (Some(_), Some(_)) => return Err(invalid("Invalid Condition: content-length-range must not be negative.")),
            _ => Kind::Never,
        },
        "eq" | "starts-with" => {
            let (Some(field), Some(value)) = (first.as_str(), second.as_str()) else {
                return Err(invalid("Invalid Condition: arguments must be strings."));
            };
            match (field.strip_prefix('$').map(str::to_ascii_lowercase), operator.as_str()) {
                (None, _) => Kind::Never,
                (Some(field), "eq") => Kind::Equals { field, value: value.to_owned() },
                (Some(field), _) => Kind::StartsWith { field, value: value.to_owned() },
            }
        }
        _ => return Err(invalid("Invalid Condition: unknown operation.")),
    };
    Ok(Condition { kind, text: spelled(words) })
}

/// A bound of a length: a number, or one in a string, which AWS takes too.
fn bound(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn spelled(words: &[Value]) -> String {
    let words: Vec<String> = words.iter().map(Value::to_string).collect();
    format!("[{}]", words.join(", "))
}

fn invalid(what: &str) -> Fault {
    Fault::new("InvalidPolicyDocument", 400, format!("Invalid Policy: {what}"))
}

/// A form that its policy forbids.
pub(super) fn against(what: &str) -> Fault {
    Fault::new("AccessDenied", 403, format!("Invalid according to Policy: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(conditions: &str) -> Result<Policy, Fault> {
        Policy::read(&STANDARD.encode(format!("{{\"expiration\":\"2030-01-01T00:00:00Z\",\"conditions\":{conditions}}}")))
    }
    fn check(conditions: &str, fields: &[(&str, &str)]) -> Result<(), String> {
        let fields: Vec<(String, String)> = fields.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        policy(conditions).and_then(|p| p.check(&fields)).map_err(|f| f.message)
    }

    #[test]
    fn conditions_hold_or_are_named() {
        assert_eq!(
            check(r#"[{"ACL":"private"},["Starts-With","$Key","u/"]]"#, &[("acl", "private"), ("key", "u/a"), ("x-ignore-me", "")]),
            Ok(())
        );
        assert_eq!(
            check(r#"[["eq", "$key",  "v"]]"#, &[("key", "w")]).unwrap_err(),
            "Invalid according to Policy: Policy Condition failed: [\"eq\", \"$key\", \"v\"]"
        );
        assert_eq!(
            check(r#"[["eq", "key", "v"]]"#, &[("key", "v")]).unwrap_err(),
            "Invalid according to Policy: Policy Condition failed: [\"eq\", \"key\", \"v\"]"
        );
        assert_eq!(
            check(r#"[{"key":"v"}]"#, &[("key", "v"), ("x-amz-meta-a", "1"), ("acl", "private")]).unwrap_err(),
            "Invalid according to Policy: Extra input fields: x-amz-meta-a, acl"
        );
        assert_eq!(check(r#"[["starts-with","$content-type","image/"]]"#, &[("content-type", "image/png, image/gif")]), Ok(()));
        assert!(check(r#"[["starts-with","$content-type","image/"]]"#, &[("content-type", "image/png, text/html")]).is_err());
    }

    #[test]
    fn lengths_narrow_one_another() {
        let policy = policy(r#"[["content-length-range",5,10],["content-length-range","7",100]]"#).unwrap();
        assert_eq!(policy.lengths(), (7, 10));
    }

    #[test]
    fn documents_that_are_none() {
        for bad in [
            "{}",
            r#"[{"a":"1","b":"2"}]"#,
            "[{}]",
            r#"[["eq","$a"]]"#,
            r#"[["content-length-range",-1,0]]"#,
            r#"[["ends-with","$a","b"]]"#,
            "[1]",
        ] {
            assert_eq!(policy(bad).unwrap_err().code, "InvalidPolicyDocument", "{bad}");
        }
        for bad in ["", "e30=", "!!", "eyJleHBpcmF0aW9uIjoieCIsImNvbmRpdGlvbnMiOltdfQ=="] {
            assert_eq!(Policy::read(bad).unwrap_err().code, "InvalidPolicyDocument", "{bad}");
        }
        for (expiration, good) in [
            ("2026-11-22T10:00:00Z", true),
            ("2026-11-22T10:00:00.000Z", true),
            ("2026-11-22 10:00:00+00:00", false),
            ("2026-11-22T10:00:00+00:00", false),
        ] {
            let text = STANDARD.encode(format!(r#"{{"expiration":"{expiration}","conditions":[]}}"#));
            assert_eq!(Policy::read(&text).is_ok(), good, "{expiration}");
        }
    }
}
