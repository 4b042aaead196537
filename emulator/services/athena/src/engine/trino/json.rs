//! JSON as Trino keeps it: text with sorted keys, paths into it, casts from and to it.

use super::{
    cast,
    ty::Ty,
    val::{Val, decimal_text},
};
use serde_json::{Map, Number, Value, json};

/// Steps that a path may have.
const MOST_STEPS: usize = 64;

/// Reads JSON; keys are sorted, as Trino's parser leaves them.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str::<Value>(text)
        .map(sorted)
        .map_err(|_| format!("INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{text}'"))
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut all: Vec<(String, Value)> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(all.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

enum Step {
    Key(String),
    Index(usize),
    All,
    /// Any depth below.
    Deep(String),
}

/// What a path finds: one value for a plain path, a list of all for one with `*` or `..`.
pub(crate) fn extract(value: &Value, path: &str) -> Result<Option<Value>, String> {
    let steps = steps(path).ok_or_else(|| format!("INVALID_FUNCTION_ARGUMENT: Invalid JSON path: '{path}'"))?;
    let many = steps.iter().any(|s| matches!(s, Step::All | Step::Deep(_)));
    let mut found = vec![value];
    for step in &steps {
        found = found.into_iter().flat_map(|v| walk(v, step)).collect();
    }
    Ok(if many { Some(Value::Array(found.into_iter().cloned().collect())) } else { found.first().map(|v| (*v).clone()) })
}

fn walk<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    match (value, step) {
        (Value::Object(map), Step::Key(key)) => map.get(key).into_iter().collect(),
        (Value::Array(items), Step::Index(i)) => items.get(*i).into_iter().collect(),
        (Value::Array(items), Step::All) => items.iter().collect(),
        (Value::Object(map), Step::All) => map.values().collect(),
        (Value::Object(map), Step::Deep(key)) => map.get(key).into_iter().chain(map.values().flat_map(|v| walk(v, step))).collect(),
        (Value::Array(items), Step::Deep(_)) => items.iter().flat_map(|v| walk(v, step)).collect(),
        _ => Vec::new(),
    }
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() && steps.len() < MOST_STEPS {
        let name = |rest: &str| rest.find(['.', '[']).unwrap_or(rest.len());
        if let Some(after) = rest.strip_prefix("..") {
            let end = name(after);
            steps.push(Step::Deep(after[..end].to_owned()));
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = name(after);
            if end == 0 {
                return None;
            }
            steps.push(if &after[..end] == "*" { Step::All } else { Step::Key(after[..end].to_owned()) });
            rest = &after[end..];
        } else {
            let after = rest.strip_prefix('[')?;
            let quote = after.chars().next().filter(|c| "\"'".contains(*c));
            if let Some(quote) = quote {
                let end = after[1..].find(quote)?;
                steps.push(Step::Key(after[1..=end].to_owned()));
                rest = after[end + 2..].strip_prefix(']')?;
            } else {
                let end = after.find(']')?;
                steps.push(match after[..end].trim() {
                    "*" => Step::All,
                    index => index.parse().map(Step::Index).unwrap_or_else(|_| Step::Key(index.to_owned())),
                });
                rest = &after[end + 1..];
            }
        }
    }
    rest.is_empty().then_some(steps)
}

/// The text of a scalar; `None` for NULL, lists and objects.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

/// CAST(json AS varchar).
pub(crate) fn to_varchar(text: &str) -> Result<Option<String>, String> {
    match parse(text)? {
        Value::Null => Ok(None),
        Value::Number(n) if n.is_f64() => Ok(Some(cast::java_double(n.as_f64().unwrap_or(f64::NAN)))),
        value => scalar(&value).map(Some).ok_or_else(|| wrong(text, &Ty::VARCHAR)),
    }
}

fn wrong(text: &str, to: &Ty) -> String {
    format!("INVALID_CAST_ARGUMENT: Cannot cast '{text}' to {to}")
}

/// CAST(json AS something else).
pub(crate) fn cast(text: &str, to: &Ty) -> Result<Val, String> {
    of_json(&parse(text)?, to).map_err(|e| if e.is_empty() { wrong(text, to) } else { e })
}

fn of_json(value: &Value, to: &Ty) -> Result<Val, String> {
    match (value, to) {
        (value, Ty::Json) => Ok(Val::Str(value.to_string())),
        (Value::Null, _) => Ok(Val::Null),
        (Value::Array(items), Ty::Array(item)) => items.iter().map(|v| of_json(v, item)).collect::<Result<_, _>>().map(Val::Arr),
        (Value::Object(map), Ty::Map(key, inner)) => {
            let entry = |(k, v): (&String, &Value)| Ok((cast::cast(&Val::Str(k.clone()), &Ty::VARCHAR, key)?, of_json(v, inner)?));
            map.iter().map(entry).collect::<Result<_, String>>().map(Val::Map)
        }
        (Value::Array(items), Ty::Row(fields)) if items.len() == fields.len() => {
            items.iter().zip(fields).map(|(v, (_, ty))| of_json(v, ty)).collect::<Result<_, _>>().map(Val::Row)
        }
        (Value::Object(map), Ty::Row(fields)) => {
            let field = |(name, ty): &(Option<String>, Ty)| {
                let found = map.iter().find(|(k, _)| name.as_ref().is_some_and(|n| k.eq_ignore_ascii_case(n)));
                found.map_or(Ok(Val::Null), |(_, v)| of_json(v, ty))
            };
            fields.iter().map(field).collect::<Result<_, _>>().map(Val::Row)
        }
        (Value::Array(_) | Value::Object(_), _) => Err(String::new()),
        (Value::Number(n), to) => match n.as_i64() {
            Some(n) => cast::cast(&Val::Int(n), &Ty::Bigint, to),
            None => cast::cast(&Val::Double(n.as_f64().unwrap_or(f64::NAN)), &Ty::Double, to),
        },
        (Value::Bool(b), to) => cast::cast(&Val::Bool(*b), &Ty::Boolean, to),
        (Value::String(s), to) => cast::cast(&Val::Str(s.clone()), &Ty::VARCHAR, to),
    }
}

/// CAST(something AS json).
pub(crate) fn from(value: &Val, ty: &Ty) -> Result<Value, String> {
    Ok(match (value, ty) {
        (Val::Null, _) => Value::Null,
        (Val::Str(s), Ty::Json) => parse(s)?,
        (Val::Str(s), _) => Value::String(s.clone()),
        (Val::Bool(b), _) => Value::Bool(*b),
        (Val::Int(n), _) => json!(n),
        (Val::Double(_) | Val::Real(_), _) => {
            Number::from_f64(value.double()).map_or_else(|| Value::String(cast::java_double(value.double())), Value::Number)
        }
        (Val::Dec(n, s), _) => serde_json::from_str(&decimal_text(*n, *s)).unwrap_or(Value::Null),
        (Val::Arr(items), Ty::Array(item)) => items.iter().map(|v| from(v, item)).collect::<Result<_, _>>()?,
        (Val::Map(entries), Ty::Map(key, inner)) => {
            let entry = |(k, v): &(Val, Val)| Ok((cast::text(k, key)?, from(v, inner)?));
            let map: Map<String, Value> = entries.iter().map(entry).collect::<Result<_, String>>()?;
            sorted(Value::Object(map))
        }
        (Val::Row(parts), Ty::Row(fields)) => {
            let field = |(v, (name, ty)): (&Val, &(Option<String>, Ty))| Ok((name.clone().unwrap_or_default(), from(v, ty)?));
            Value::Object(parts.iter().zip(fields).map(field).collect::<Result<_, String>>()?)
        }
        (value, ty) => Value::String(cast::text(value, ty)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_what_they_name() {
        let value = parse(r#"{"store":{"book":[{"title":"A b"},{"title":"C"}],"a.b":1}}"#).unwrap();
        let found = |path: &str| extract(&value, path).unwrap().map(|v| v.to_string()).unwrap_or_default();
        assert_eq!(found("$.store.book[1].title"), "\"C\"");
        assert_eq!(found("$.store[\"a.b\"]"), "1");
        assert_eq!(found("$.store.book[*].title"), "[\"A b\",\"C\"]");
        assert_eq!(found("$..title"), "[\"A b\",\"C\"]");
        assert_eq!(found("$.nothing"), "");
        assert!(extract(&value, "store").is_err());
    }
}
