//! JSON.

use super::{
    super::{json, val::Val},
    Plain, bad,
};
use serde_json::Value;

fn out(value: Option<Value>) -> Result<Val, String> {
    Ok(value.map_or(Val::Null, |v| Val::Str(v.to_string())))
}
/// A text that is no JSON finds nothing, as Trino has it for the two extracts.
fn lenient(text: &str) -> Option<Value> {
    json::parse(text).ok()
}
fn scalar(a: &[Val]) -> Result<Val, String> {
    let Some(value) = lenient(a[0].str()) else { return Ok(Val::Null) };
    Ok(json::extract(&value, a[1].str())?.as_ref().and_then(json::scalar).map_or(Val::Null, Val::Str))
}
fn found(a: &[Val]) -> Result<Val, String> {
    let Some(value) = lenient(a[0].str()) else { return Ok(Val::Null) };
    out(json::extract(&value, a[1].str())?)
}
fn size(a: &[Val]) -> Result<Val, String> {
    let Some(value) = lenient(a[0].str()) else { return Ok(Val::Null) };
    Ok(match json::extract(&value, a[1].str())? {
        Some(Value::Object(map)) => Val::Int(map.len() as i64),
        Some(Value::Array(items)) => Val::Int(items.len() as i64),
        Some(_) => Val::Int(0),
        None => Val::Null,
    })
}
fn items(text: &str) -> Option<Vec<Value>> {
    if let Some(Value::Array(items)) = lenient(text) { Some(items) } else { None }
}
fn length(a: &[Val]) -> Result<Val, String> {
    Ok(items(a[0].str()).map_or(Val::Null, |i| Val::Int(i.len() as i64)))
}
fn get(a: &[Val]) -> Result<Val, String> {
    let Some(items) = items(a[0].str()) else { return Ok(Val::Null) };
    let at = a[1].int();
    let at = if at < 0 { items.len() as i64 + at } else { at };
    let found = usize::try_from(at).ok().and_then(|i| items.get(i));
    // A text comes out without its quotes: a known oddity of Trino's.
    Ok(match found {
        None | Some(Value::Null) => Val::Null,
        Some(Value::String(s)) => Val::Str(s.clone()),
        Some(v) => Val::Str(v.to_string()),
    })
}
fn holds(a: &[Val], wanted: impl Fn(&Value) -> bool) -> Result<Val, String> {
    Ok(items(a[0].str()).map_or(Val::Null, |i| Val::Bool(i.iter().any(wanted))))
}
fn is_scalar(a: &[Val]) -> Result<Val, String> {
    match json::parse(a[0].str()) {
        Ok(value) => Ok(Val::Bool(!value.is_array() && !value.is_object())),
        Err(_) => Err(bad(format!("Invalid JSON value: {}", a[0].str()))),
    }
}

pub(super) const PLAIN: Plain = &[
    ("json_parse(varchar)->json", |_, a| json::parse(a[0].str()).map(|v| Val::Str(v.to_string()))),
    ("json_format(json)->varchar", |_, a| Ok(a[0].clone())),
    ("json_extract(json,varchar)->json", |_, a| found(a)),
    ("json_extract(varchar,varchar)->json", |_, a| found(a)),
    ("json_extract_scalar(json,varchar)->varchar", |_, a| scalar(a)),
    ("json_extract_scalar(varchar,varchar)->varchar", |_, a| scalar(a)),
    ("json_size(json,varchar)->bigint", |_, a| size(a)),
    ("json_size(varchar,varchar)->bigint", |_, a| size(a)),
    ("json_array_length(json)->bigint", |_, a| length(a)),
    ("json_array_length(varchar)->bigint", |_, a| length(a)),
    ("json_array_get(json,bigint)->json", |_, a| get(a)),
    ("json_array_get(varchar,bigint)->json", |_, a| get(a)),
    ("json_array_contains(json,varchar)->boolean", |_, a| holds(a, |v| v.as_str() == Some(a[1].str()))),
    ("json_array_contains(varchar,varchar)->boolean", |_, a| holds(a, |v| v.as_str() == Some(a[1].str()))),
    ("json_array_contains(json,bigint)->boolean", |_, a| holds(a, |v| v.as_i64() == Some(a[1].int()))),
    ("json_array_contains(varchar,bigint)->boolean", |_, a| holds(a, |v| v.as_i64() == Some(a[1].int()))),
    ("json_array_contains(json,double)->boolean", |_, a| holds(a, |v| v.as_f64() == Some(a[1].double()))),
    ("json_array_contains(varchar,double)->boolean", |_, a| holds(a, |v| v.as_f64() == Some(a[1].double()))),
    ("json_array_contains(json,boolean)->boolean", |_, a| holds(a, |v| v.as_bool() == Some(a[1].bool()))),
    ("json_array_contains(varchar,boolean)->boolean", |_, a| holds(a, |v| v.as_bool() == Some(a[1].bool()))),
    ("is_json_scalar(json)->boolean", |_, a| is_scalar(a)),
    ("is_json_scalar(varchar)->boolean", |_, a| is_scalar(a)),
];
