//! JSON lines, as the openx and Hive SerDes read them: an object a line, names without regard to case, values bent to the column's type.

use super::rows::{Lines, Records, Wrong};
use crate::engine::trino::{cast, time, ty::Ty, val::Val};
use datafusion::arrow::datatypes::{Field, SchemaRef};
use serde_json::Value;
use std::collections::BTreeMap;

/// The lines of an object as rows.
pub(super) struct Objects {
    names: Vec<String>,
    types: Vec<Ty>,
    lenient: bool,
    dots: bool,
    line: Vec<u8>,
    /// Lines so far that hold anything.
    number: usize,
}

impl Objects {
    /// Rows of the columns of a schema, whose names `mappings` may change.
    pub(super) fn new(schema: &SchemaRef, lenient: bool, mappings: &BTreeMap<String, String>, dots: bool) -> Objects {
        let name = |f: &std::sync::Arc<Field>| mappings.get(f.name()).unwrap_or(f.name()).clone();
        let names = schema.fields().iter().map(name).collect();
        Objects { names, types: schema.fields().iter().map(|f| Ty::of(f)).collect(), lenient, dots, line: Vec::new(), number: 0 }
    }
}

impl Records for Objects {
    fn next(&mut self, lines: &mut Lines) -> Result<Option<Vec<Val>>, Wrong> {
        let line = loop {
            let Some(line) = lines.next(&mut self.line)? else { return Ok(None) };
            if !line.iter().all(u8::is_ascii_whitespace) {
                break line;
            }
        };
        self.number += 1;
        let number = self.number;
        let row: Value = match serde_json::from_slice(line) {
            Ok(row @ Value::Object(_)) => row,
            _ if self.lenient => Value::Null,
            Ok(_) => {
                return Err(format!(
                    "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: A JSONObject text must begin with '{{' at line {number}"
                )
                .into());
            }
            Err(e) => {
                return Err(format!("HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException: line {number}: {e}").into());
            }
        };
        let column = |(name, ty): (&String, &Ty)| {
            let found = member(&row, name, self.dots);
            value(found, ty).map_err(|e| format!("HIVE_BAD_DATA: Error parsing field value for field {name}: {e}"))
        };
        Ok(Some(self.names.iter().zip(&self.types).map(column).collect::<Result<_, String>>()?))
    }
}

/// A member by name; where dots are allowed in keys, columns have underscores for them.
fn member<'a>(row: &'a Value, name: &str, dots: bool) -> &'a Value {
    let Value::Object(map) = row else { return &Value::Null };
    map.get(name)
        .or_else(|| {
            map.iter()
                .find(|(k, _)| k.eq_ignore_ascii_case(name) || (dots && k.replace('.', "_").eq_ignore_ascii_case(name)))
                .map(|(_, v)| v)
        })
        .unwrap_or(&Value::Null)
}

fn value(json: &Value, ty: &Ty) -> Result<Val, String> {
    let scalar = |text: &str| cast::cast(&Val::text(text), &Ty::VARCHAR, ty);
    Ok(match (json, ty) {
        (Value::Null, _) => Val::Null,
        (Value::String(s), Ty::Varchar(_) | Ty::Char(_)) => Val::text(s.as_str()),
        // A list or an object in a column of texts is its JSON.
        (other, Ty::Varchar(_) | Ty::Char(_)) => Val::Str(other.to_string()),
        (Value::Array(items), Ty::Array(item)) => Val::Arr(items.iter().map(|v| value(v, item)).collect::<Result<_, _>>()?),
        (Value::Object(map), Ty::Map(key, inner)) => {
            let entry = |(k, v): (&String, &Value)| Ok((cast::cast(&Val::text(k.as_str()), &Ty::VARCHAR, key)?, value(v, inner)?));
            Val::Map(map.iter().map(entry).collect::<Result<_, String>>()?)
        }
        (Value::Object(_), Ty::Row(fields)) => Val::Row(
            fields.iter().map(|(name, ty)| value(member(json, name.as_deref().unwrap_or(""), false), ty)).collect::<Result<_, _>>()?,
        ),
        (Value::Array(items), Ty::Row(fields)) => Val::Row(
            fields.iter().enumerate().map(|(i, (_, ty))| value(items.get(i).unwrap_or(&Value::Null), ty)).collect::<Result<_, _>>()?,
        ),
        (Value::Bool(b), Ty::Boolean) => Val::Bool(*b),
        (Value::Number(n), Ty::Timestamp(_)) => Val::Ts(n.as_i64().unwrap_or_default().saturating_mul(1000)),
        (Value::String(s), Ty::Timestamp(_)) => moment(s)?,
        (Value::String(s), Ty::Varbinary) => Val::Bin(s.as_bytes().to_vec()),
        (Value::String(s), _) if s.is_empty() => Val::Null,
        (Value::String(s), _) => scalar(s)?,
        (Value::Number(n), _) if ty.is_numeric() => match n.as_i64() {
            Some(n) => cast::cast(&Val::Int(n), &Ty::Bigint, ty)?,
            None if ty.is_integer() => cast::cast(&Val::Double(n.as_f64().unwrap_or(0.0).trunc()), &Ty::Double, ty)?,
            None => scalar(&n.to_string())?,
        },
        (other, ty) => return Err(format!("{other} is no {ty}")),
    })
}

/// `2020-01-01 00:00:00.000`, or ISO's form with its zone.
pub(super) fn moment(text: &str) -> Result<Val, String> {
    let (local, zone, _) = time::parse_timestamp(text).ok_or_else(|| format!("'{text}' is no timestamp"))?;
    Ok(Val::Ts(zone.map_or(local, |zone| time::from_local(local, &zone))))
}
