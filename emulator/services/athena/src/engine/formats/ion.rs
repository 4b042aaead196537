//! Amazon Ion, as its Hive SerDe reads it: a struct of the stream is a row, its fields are found by name or by a path, and each Ion type goes
//! into the Hive types that the SerDe's documentation maps it to. What fits none is an error.

use super::{
    Batches, Wrong, batch,
    rows::{BATCH_BYTES, BATCH_ROWS},
    wanted,
};
use crate::engine::trino::{
    cast,
    ty::Ty,
    val::{self, Val},
};
use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    execution::memory_pool::MemoryReservation,
};
use ion::{Decimal, Reader, Value as Ion};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The SerDe's properties that tell how to read; those for writing say nothing here.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layout {
    case_sensitive: bool,
    /// Names of fields from the row down to a column's value, for columns that have a path.
    paths: BTreeMap<String, Vec<String>>,
    ignore_malformed: bool,
    /// Whether numbers and texts that are too long for their columns are cut, and the columns that say otherwise.
    overflow: bool,
    overflow_unlike: BTreeSet<String>,
    /// Timestamps are shown on a clock that is so far ahead of UTC.
    offset_minutes: i64,
}

impl Layout {
    /// From the SerDe's parameters. The error names what is not read.
    pub(super) fn of(parameters: &Value) -> Result<Layout, String> {
        let mut layout = Layout::default();
        let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
        let mut overflowing = BTreeMap::new();
        for (name, value) in parameters.as_object().into_iter().flatten().filter_map(|(k, v)| Some((k.as_str(), v.as_str()?))) {
            let Some(property) = name.strip_prefix("ion.") else { continue };
            match property {
                "path_extractor.case_sensitive" => layout.case_sensitive = is(value, "true"),
                "ignore_malformed" => layout.ignore_malformed = is(value, "true"),
                "fail_on_overflow" => layout.overflow = is(value, "false"),
                "timestamp.serialization_offset" => {
                    layout.offset_minutes = offset(value).ok_or_else(|| format!("tables with the Ion offset {value}"))?
                }
                "encoding" | "serialize_null" | "symbol_table_imports" => {}
                _ if property.starts_with("catalog.") => return Err(format!("tables with the Ion property {name}")),
                _ if property.starts_with("column[") => {}
                _ => match property.rsplit_once('.') {
                    Some((column, "path_extractor")) => drop(layout.paths.insert(column.to_lowercase(), path(value)?)),
                    Some((column, "fail_on_overflow")) => drop(overflowing.insert(column.to_lowercase(), is(value, "false"))),
                    _ => return Err(format!("tables with the Ion property {name}")),
                },
            }
        }
        layout.overflow_unlike = overflowing.into_iter().filter(|(_, own)| *own != layout.overflow).map(|(column, _)| column).collect();
        Ok(layout)
    }

    /// The value of a column in a row.
    fn find<'a>(&self, row: &'a [(String, Ion)], column: &str) -> &'a Ion {
        let Some(path) = self.paths.get(column) else { return self.field(row, column) };
        let Some((first, rest)) = path.split_first() else { return &Ion::Null };
        rest.iter().fold(self.field(row, first), |value, name| match value {
            Ion::Struct(fields) => self.field(fields, name),
            _ => &Ion::Null,
        })
    }
    fn field<'a>(&self, fields: &'a [(String, Ion)], name: &str) -> &'a Ion {
        let same = |found: &str| if self.case_sensitive { found == name } else { found.eq_ignore_ascii_case(name) };
        fields.iter().find(|(found, _)| same(found)).map_or(&Ion::Null, |(_, value)| value)
    }
}

/// `(identification name)`
fn path(text: &str) -> Result<Vec<String>, String> {
    let unread = || format!("Ion's path extractor {text}");
    let Ok(Some(Ion::Sexp(steps))) = Reader::new(text.as_bytes()).next() else { return Err(unread()) };
    let step = |step| match step {
        Ion::Symbol(name) | Ion::String(name) if name != "*" => Ok(name),
        _ => Err(unread()),
    };
    steps.into_iter().map(step).collect()
}

/// `Z`, `01:00`, `-09:30`
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |rest| (-1, rest));
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
    (hours < 24 && minutes < 60).then(|| sign * (i64::from(hours) * 60 + i64::from(minutes)))
}

/// Bytes of an object that are read before their memory is asked for.
const STEP: usize = 1 << 20;
/// What the values made of an object take up beside it, in lengths of the object.
const COPIES: usize = 3;

/// The batches of an object. Ion's values may be told by symbols that stand far before them: an object is read as a whole, under the query's memory.
pub(super) fn stream(
    mut object: impl std::io::Read,
    file: &SchemaRef,
    columns: &[usize],
    layout: &Layout,
    (held, always): (MemoryReservation, usize),
) -> Result<Batches, Wrong> {
    let (mut bytes, mut step) = (Vec::new(), vec![0; STEP]);
    loop {
        match object.read(&mut step)? {
            0 => break,
            count => {
                held.try_resize(always + (bytes.len() + count) * (1 + COPIES)).map_err(Wrong::Ended)?;
                bytes.extend_from_slice(&step[..count]);
            }
        }
    }
    let mut made = 0;
    let took = |more: usize| {
        made += more;
        held.try_resize(always + bytes.len() * (1 + COPIES) + made).map_err(Wrong::Ended)
    };
    let batches = read(&bytes, file, columns, layout, took)?;
    Ok(Box::new(batches.into_iter().map(move |batch| {
        let _held = &held;
        Ok(batch)
    })))
}

/// `took` is told of the bytes that values take beyond those that they were told by: the symbols' texts.
fn read(
    bytes: &[u8],
    file: &SchemaRef,
    columns: &[usize],
    layout: &Layout,
    mut took: impl FnMut(usize) -> Result<(), Wrong>,
) -> Result<Vec<RecordBatch>, Wrong> {
    let schema = wanted(file, columns)?;
    let types: Vec<Ty> = schema.fields().iter().map(|f| Ty::of(f)).collect();
    let mut made = vec![Vec::new(); types.len()];
    let (mut batches, mut rows, mut texts) = (Vec::new(), 0, 0);
    let mut reader = Reader::new(bytes);
    loop {
        let row = match reader.next() {
            Ok(Some(Ion::Struct(row))) => row,
            Ok(None) => break,
            Ok(Some(_)) if layout.ignore_malformed => continue,
            Ok(Some(_)) => {
                return Err(format!("HIVE_CURSOR_ERROR: the Ion value that ends at byte {} is no struct", reader.position()).into());
            }
            Err(_) if layout.ignore_malformed => break,
            Err(e @ ion::Error::Unsupported(_)) => return Err(e.to_string().into()),
            Err(e) => return Err(format!("HIVE_CURSOR_ERROR: {e}").into()),
        };
        let before = texts;
        for ((field, ty), column) in schema.fields().iter().zip(&types).zip(&mut made) {
            let name = field.name();
            let bend = Bend { layout, overflow: layout.overflow != layout.overflow_unlike.contains(name) };
            let found = bend.value(layout.find(&row, name), ty);
            let found = found.map_err(|e| format!("HIVE_BAD_DATA: Error parsing field value for field {name}: {e}"))?;
            texts += val::beyond(&found);
            column.push(found);
        }
        rows += 1;
        took(texts - before)?;
        if rows == BATCH_ROWS || texts >= BATCH_BYTES {
            texts = 0;
            batches.push(batch(std::mem::replace(&mut made, vec![Vec::new(); types.len()]), rows, &schema)?);
            rows = 0;
        }
    }
    if rows > 0 {
        batches.push(batch(made, rows, &schema)?);
    }
    Ok(batches)
}

/// Values of one column on their way to its type.
struct Bend<'a> {
    layout: &'a Layout,
    overflow: bool,
}

impl Bend<'_> {
    fn value(&self, ion: &Ion, ty: &Ty) -> Result<Val, String> {
        Ok(match (ion, ty) {
            (Ion::Null, _) => Val::Null,
            (Ion::Bool(value), Ty::Boolean) => Val::Bool(*value),
            (Ion::Int(value), ty) if ty.is_integer() => self.int(*value, ty)?,
            (Ion::Int(value), Ty::Double | Ty::Real) => Val::Double(*value as f64),
            (Ion::Float(value), Ty::Double | Ty::Real) => Val::Double(*value),
            (Ion::Decimal(value), Ty::Double | Ty::Real) => Val::Double(double(*value)),
            (Ion::Int(value), Ty::Decimal(..)) => cast::cast(&Val::Dec(*value, 0), &Ty::Decimal(38, 0), ty)?,
            (Ion::Decimal(value), Ty::Decimal(..)) => {
                let (unscaled, scale) = scaled(*value)?;
                cast::cast(&Val::Dec(unscaled, scale), &Ty::Decimal(38, scale), ty)?
            }
            (Ion::String(text) | Ion::Symbol(text), Ty::Varchar(_) | Ty::Char(_)) => self.text(text, ty)?,
            (Ion::Timestamp(at), Ty::Timestamp(_)) => Val::Ts(at.micros.saturating_add(self.layout.offset_minutes * 60_000_000)),
            (Ion::Timestamp(at), Ty::Date) => {
                Val::Date(i32::try_from(at.micros.div_euclid(86_400_000_000)).map_err(|_| "no such day".to_owned())?)
            }
            (Ion::Blob(bytes) | Ion::Clob(bytes), Ty::Varbinary) => Val::Bin(bytes.clone()),
            (Ion::List(items) | Ion::Sexp(items), Ty::Array(item)) => {
                Val::Arr(items.iter().map(|value| self.value(value, item)).collect::<Result<_, _>>()?)
            }
            (Ion::Struct(fields), Ty::Row(wanted)) => {
                let one = |(name, ty): &(Option<String>, Ty)| self.value(self.layout.field(fields, name.as_deref().unwrap_or("")), ty);
                Val::Row(wanted.iter().map(one).collect::<Result<_, _>>()?)
            }
            (Ion::Struct(fields), Ty::Map(key, inner)) => {
                let (mut entries, mut seen) = (Vec::new(), HashSet::new());
                for (name, value) in fields {
                    let name = cast::cast(&Val::text(name.as_str()), &Ty::VARCHAR, key)?;
                    // Of fields with the same name one counts, as the SerDe has it.
                    if seen.insert(format!("{name:?}")) {
                        entries.push((name, self.value(value, inner)?));
                    }
                }
                Val::Map(entries)
            }
            (other, ty) => return Err(format!("Ion's {} is no {ty}", kind(other))),
        })
    }

    fn int(&self, value: i128, ty: &Ty) -> Result<Val, String> {
        let (low, high) = match ty {
            Ty::Tinyint => (i64::from(i8::MIN), i64::from(i8::MAX)),
            Ty::Smallint => (i64::from(i16::MIN), i64::from(i16::MAX)),
            Ty::Integer => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        match i64::try_from(value).ok().filter(|value| (low..=high).contains(value)) {
            Some(value) => Ok(Val::Int(value)),
            // Its lowest bits, which is what becomes of it in a column of the type.
            None if self.overflow => Ok(Val::Int(value as i64)),
            None => Err(format!("{value} overflows {ty}")),
        }
    }

    fn text(&self, text: &str, ty: &Ty) -> Result<Val, String> {
        let most = match ty {
            Ty::Varchar(Some(most)) | Ty::Char(most) => *most as usize,
            _ => return Ok(Val::text(text)),
        };
        match text.chars().count() > most && !self.overflow {
            true => Err(format!("a text of more than {most} signs overflows {ty}")),
            false => cast::cast(&Val::text(text), &Ty::VARCHAR, ty),
        }
    }
}

fn kind(ion: &Ion) -> &'static str {
    match ion {
        Ion::Null => "null",
        Ion::Bool(_) => "bool",
        Ion::Int(_) => "int",
        Ion::Float(_) => "float",
        Ion::Decimal(_) => "decimal",
        Ion::Timestamp(_) => "timestamp",
        Ion::String(_) => "string",
        Ion::Symbol(_) => "symbol",
        Ion::Blob(_) => "blob",
        Ion::Clob(_) => "clob",
        Ion::List(_) => "list",
        Ion::Sexp(_) => "sexp",
        Ion::Struct(_) => "struct",
    }
}

fn double(value: Decimal) -> f64 {
    format!("{}e{}", value.coefficient, value.exponent).parse().unwrap_or(f64::NAN)
}

/// A decimal as digits and a scale of at most 38; what is finer is dropped.
fn scaled(value: Decimal) -> Result<(i128, i8), String> {
    let Decimal { coefficient, exponent } = value;
    match exponent {
        _ if coefficient == 0 => Ok((0, 0)),
        -38..=0 => Ok((coefficient, (-exponent) as i8)),
        ..-38 => {
            let unit = 10i128.checked_pow(exponent.unsigned_abs() - 38);
            Ok((unit.map_or(0, |unit| coefficient / unit), 38))
        }
        1.. => {
            let whole = 10i128.checked_pow(exponent.unsigned_abs()).and_then(|unit| coefficient.checked_mul(unit));
            Ok((whole.ok_or_else(|| format!("{coefficient}d{exponent} overflows a decimal"))?, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn properties_that_tell_how_to_read_are_known() {
        let layout = Layout::of(&json!({
            "serialization.format": "1", "ion.encoding": "TEXT", "ion.name.path_extractor": "(identification 'the name')",
            "ion.fail_on_overflow": "false", "ion.n.fail_on_overflow": "true", "ion.m.fail_on_overflow": "false",
            "ion.timestamp.serialization_offset": "-09:30",
        }));
        let layout = layout.unwrap();
        assert_eq!(layout.paths["name"], ["identification", "the name"]);
        assert_eq!((layout.overflow, layout.overflow_unlike.contains("n"), layout.overflow_unlike.contains("m")), (true, true, false));
        assert_eq!(layout.offset_minutes, -570);
        for (name, value) in [("ion.catalog.url", "x"), ("ion.a.path_extractor", "(*)"), ("ion.a.path_extractor", "a"), ("ion.other", "x")]
        {
            assert!(Layout::of(&json!({ name: value })).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn decimals_find_their_scale() {
        assert_eq!(scaled(Decimal { coefficient: -5, exponent: -2 }), Ok((-5, 2)));
        assert_eq!(scaled(Decimal { coefficient: 5, exponent: 2 }), Ok((500, 0)));
        assert_eq!(scaled(Decimal { coefficient: 1234, exponent: -40 }), Ok((12, 38)));
        assert_eq!(scaled(Decimal { coefficient: 1, exponent: i32::MIN }), Ok((0, 38)));
        assert!(scaled(Decimal { coefficient: 1, exponent: i32::MAX }).is_err());
    }
}
