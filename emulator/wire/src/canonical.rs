//! Values as JSON by the model's own member names: how the house speaks about them among itself.

use crate::fill::{BASE64, Done, Fill, Path, Seen, float_of, float_text, malformed, schema_format, time_of};
use crate::value::{List, Map, Slot, Structure, View};
use crate::{DecodeError, Decoded, Kind, Member, Schema, TimestampFormat};
use base64::Engine;
use serde_json::Value as Json;

/// A structure as JSON: every member whatever its place, by model name; timestamps in RFC 3339, blobs in base64, absent members left out.
pub fn to_json(schema: &Schema, value: &dyn Structure) -> Json {
    let mut map = serde_json::Map::new();
    for (index, member) in schema.members().iter().enumerate() {
        let view = value.member(index);
        if !matches!(view, View::None) {
            map.insert(member.name.to_string(), value_to_json(member.schema, view));
        }
    }
    Json::Object(map)
}

fn value_to_json(schema: &Schema, view: View) -> Json {
    match (view, &schema.kind) {
        (View::None, _) => Json::Null,
        (View::Bool(value), _) => value.into(),
        (View::Int(value), _) => value.into(),
        (View::Float(value), Kind::Float) if value.is_finite() => float_text(&Kind::Float, value).parse::<f64>().unwrap_or(value).into(),
        (View::Float(value), _) if value.is_finite() => value.into(),
        (View::Float(value), kind) => float_text(kind, value).into(),
        (View::Str(value), _) => value.into(),
        (View::Blob(value), _) => BASE64.encode(value).into(),
        (View::Time(value), _) => exact_time(value).into(),
        (View::Document(value), _) => value.clone(),
        (View::List(list), Kind::List(item)) => (0..list.len()).map(|index| value_to_json(item.schema, list.get(index))).collect(),
        (View::Map(map), Kind::Map(_, item)) => {
            let mut out = serde_json::Map::new();
            map.each(&mut |key, value| {
                out.insert(key.to_string(), value_to_json(item.schema, value));
            });
            out.into()
        }
        (View::Structure(value), _) => to_json(schema, value),
        _ => Json::Null,
    }
}

/// RFC 3339 with as many digits as the moment has: kept values come back to the nanosecond.
fn exact_time(time: crate::Timestamp) -> String {
    let nanos = time.unix_ns.rem_euclid(1_000_000_000);
    if nanos % 1_000_000 == 0 {
        return time.format(TimestampFormat::DateTime);
    }
    let whole = crate::Timestamp::from_secs(time.secs()).format(TimestampFormat::DateTime);
    format!("{}.{nanos:09}Z", whole.trim_end_matches('Z'))
}

/// Fills a structure from JSON. Takes model names and wire names, either case of the first letter; timestamps as RFC 3339 or epoch seconds;
/// numbers and booleans also as text, as CloudFormation's templates have them.
///
/// Members travel anywhere: labels and headers of the operation are members like the others. Constraints are checked as for requests.
pub fn from_json(schema: &'static Schema, json: &Json, into: &mut dyn Structure) -> Result<Decoded, DecodeError> {
    let mut fill = Fill::new(true);
    structure(&mut fill, &Path::ROOT, schema, json, into)?;
    fill.finish()
}

/// As [`from_json`], without checking constraints: for what was accepted before and is read back.
pub fn fill_unchecked(schema: &'static Schema, json: &Json, into: &mut dyn Structure) -> Result<Decoded, DecodeError> {
    let mut fill = Fill::new(false);
    structure(&mut fill, &Path::ROOT, schema, json, into)?;
    fill.finish()
}

fn structure(fill: &mut Fill, path: &Path, schema: &'static Schema, json: &Json, into: &mut dyn Structure) -> Done {
    path.check_depth()?;
    let Json::Object(map) = json else { return Err(wrong(path, "a structure")) };
    let mut seen = Seen::new();
    let members = schema.members();
    for (name, json) in map {
        // A streamed member has no slot: bodies do not travel in JSON.
        let found = find(members, name).filter(|i| !members[*i].schema.traits.streaming && !members[*i].schema.traits.event_stream);
        let Some(index) = found else {
            fill.unknown(path, name);
            continue;
        };
        if json.is_null() {
            continue;
        }
        if !seen.insert(index) {
            return Err(malformed(format!("The member {name} is there twice")));
        }
        let member = &members[index];
        value(fill, &path.member(member), member, json, into.member_mut(index))?;
    }
    fill.check_union(schema, &seen)?;
    fill.check_required(path, schema, &seen, |_| true);
    Ok(())
}

/// By model name, then by wire name, then with the other case of the first letter.
fn find(members: &[Member], name: &str) -> Option<usize> {
    let by = |is: &dyn Fn(&Member) -> bool| members.iter().position(is);
    by(&|m| m.name == name)
        .or_else(|| by(&|m| m.wire_name() == name))
        .or_else(|| by(&|m| same_but_first(m.name, name)))
        .or_else(|| by(&|m| same_but_first(m.wire_name(), name)))
}

fn same_but_first(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.chars(), b.chars());
    let firsts = (a.next(), b.next());
    matches!(firsts, (Some(x), Some(y)) if x.eq_ignore_ascii_case(&y)) && a.as_str() == b.as_str()
}

fn value(fill: &mut Fill, path: &Path, member: &'static Member, json: &Json, slot: Slot) -> Done {
    let schema = member.schema;
    match (slot, json) {
        (Slot::Structure(into), json) => structure(fill, path, schema, json, into),
        (Slot::List(into), json) => list(fill, path, schema, json, into),
        (Slot::Map(into), json) => map(fill, path, schema, json, into),
        (Slot::Document(into), json) => {
            *into = json.clone();
            Ok(())
        }
        (slot, Json::Bool(value)) => match slot {
            Slot::Str(_) | Slot::Enum(_) => fill.string(path, schema, slot, value.to_string().into()),
            slot => fill.boolean(slot, *value),
        },
        (Slot::Time(into), Json::Number(number)) => {
            *into = time_of(&number.to_string(), TimestampFormat::EpochSeconds)?;
            Ok(())
        }
        (slot @ (Slot::Str(_) | Slot::Enum(_)), Json::Number(number)) => fill.string(path, schema, slot, number.to_string().into()),
        (slot, Json::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => fill.integer(path, schema, slot, number),
            (_, Some(number)) => fill.float(path, schema, slot, number),
            _ => Err(wrong(path, "a number in range")),
        },
        (slot @ (Slot::F32(_) | Slot::F64(_)), Json::String(text)) => match float_of(text) {
            Some(number) => fill.float(path, schema, slot, number),
            None => Err(wrong(path, "a number")),
        },
        (Slot::Time(into), Json::String(text)) => {
            *into = time_of(text, member.timestamp_format.or(schema_format(schema)).unwrap_or(TimestampFormat::DateTime))?;
            Ok(())
        }
        (slot, Json::String(text)) => fill.text(path, member, TimestampFormat::DateTime, slot, text.into()),
        _ => Err(wrong(path, "a simple value")),
    }
}

fn list(fill: &mut Fill, path: &Path, schema: &'static Schema, json: &Json, into: &mut dyn List) -> Done {
    let (Kind::List(item), Json::Array(items)) = (&schema.kind, json) else { return Err(wrong(path, "a list")) };
    path.check_depth()?;
    let mark = fill.mark();
    for (index, json) in items.iter().enumerate() {
        let path = path.item(index);
        if !json.is_null() {
            value(fill, &path, item, json, into.push())?;
        } else if !into.push_none() {
            fill.missing(&path);
        }
    }
    fill.list_done(path, schema, into, mark);
    Ok(())
}

fn map(fill: &mut Fill, path: &Path, schema: &'static Schema, json: &Json, into: &mut dyn Map) -> Done {
    let (Kind::Map(_, item), Json::Object(entries)) = (&schema.kind, json) else { return Err(wrong(path, "a map")) };
    path.check_depth()?;
    let mark = fill.mark();
    for (key, json) in entries {
        let path = path.key(key);
        if !json.is_null() {
            value(fill, &path, item, json, into.entry(key.clone()))?;
        } else if !into.entry_none(key.clone()) {
            fill.missing(&path);
        }
    }
    fill.map_done(path, schema, into, mark);
    Ok(())
}

fn wrong(path: &Path, wanted: &str) -> DecodeError {
    malformed(format!("Expected {wanted} at '{}'", path.text()))
}
