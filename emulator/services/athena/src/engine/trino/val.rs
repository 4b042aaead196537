//! A value of Trino's: how functions see one, from the engine's columns and back.

use super::ty::Ty;
use datafusion::arrow::{
    array::{
        Array, ArrayRef, AsArray, BinaryBuilder, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
        Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray, ListArray, MapArray, NullArray, StringBuilder, StructArray,
        Time64MicrosecondArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, new_null_array,
    },
    buffer::{NullBuffer, OffsetBuffer},
    compute::cast,
    datatypes::*,
};
use std::{cmp::Ordering, sync::Arc};

/// A value. Timestamps are microseconds of UTC, dates days since 1970, times microseconds of the day.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Val {
    Null,
    Bool(bool),
    Int(i64),
    Real(f32),
    Double(f64),
    /// Unscaled, scale.
    Dec(i128, i8),
    Str(String),
    Bin(Vec<u8>),
    Date(i32),
    Time(i64),
    Ts(i64),
    /// Months, milliseconds.
    Interval(i32, i64),
    Arr(Vec<Val>),
    Map(Vec<(Val, Val)>),
    Row(Vec<Val>),
}

impl Val {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Val::Null)
    }
    pub(crate) fn int(&self) -> i64 {
        match self {
            Val::Int(n) => *n,
            Val::Bool(b) => *b as i64,
            Val::Date(d) => *d as i64,
            Val::Ts(t) | Val::Time(t) => *t,
            Val::Double(d) => *d as i64,
            Val::Dec(n, s) => (*n / 10i128.pow(*s as u32)) as i64,
            _ => 0,
        }
    }
    pub(crate) fn double(&self) -> f64 {
        match self {
            Val::Int(n) => *n as f64,
            Val::Real(r) => *r as f64,
            Val::Double(d) => *d,
            Val::Dec(n, s) => decimal_double(*n, *s),
            _ => f64::NAN,
        }
    }
    pub(crate) fn str(&self) -> &str {
        match self {
            Val::Str(s) => s,
            _ => "",
        }
    }
    pub(crate) fn bin(&self) -> &[u8] {
        match self {
            Val::Bin(b) => b,
            Val::Str(s) => s.as_bytes(),
            _ => &[],
        }
    }
    pub(crate) fn bool(&self) -> bool {
        matches!(self, Val::Bool(true))
    }
    pub(crate) fn arr(&self) -> &[Val] {
        match self {
            Val::Arr(a) | Val::Row(a) => a,
            _ => &[],
        }
    }
    pub(crate) fn entries(&self) -> &[(Val, Val)] {
        match self {
            Val::Map(m) => m,
            _ => &[],
        }
    }
    pub(crate) fn text(text: impl Into<String>) -> Val {
        Val::Str(text.into())
    }

    /// Order of two values of a type; NULLs last.
    pub(crate) fn order(&self, other: &Val) -> Ordering {
        use Val::*;
        match (self, other) {
            (Null, Null) => Ordering::Equal,
            (Null, _) => Ordering::Greater,
            (_, Null) => Ordering::Less,
            (Bool(a), Bool(b)) => a.cmp(b),
            (Int(a), Int(b)) | (Time(a), Time(b)) | (Ts(a), Ts(b)) => a.cmp(b),
            (Date(a), Date(b)) => a.cmp(b),
            (Str(a), Str(b)) => a.cmp(b),
            (Bin(a), Bin(b)) => a.cmp(b),
            (Dec(a, s), Dec(b, t)) if s == t => a.cmp(b),
            (Interval(a, b), Interval(c, d)) => (a, b).cmp(&(c, d)),
            (Arr(a), Arr(b)) | (Row(a), Row(b)) => {
                let first = a.iter().zip(b).map(|(x, y)| x.order(y)).find(|o| o.is_ne());
                first.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Int(_) | Real(_) | Double(_) | Dec(..), Int(_) | Real(_) | Double(_) | Dec(..)) => {
                let (a, b) = (self.double(), other.double());
                a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
            }
            (a, b) => format!("{a:?}").cmp(&format!("{b:?}")),
        }
    }
    /// Whether two values are the same to Trino: NaN is itself, NULL is NULL, the order of a map counts for nothing.
    pub(crate) fn same(&self, other: &Val) -> bool {
        match (self, other) {
            (Val::Map(a), Val::Map(b)) => a.len() == b.len() && a.iter().all(|(k, v)| b.iter().any(|(l, w)| k.same(l) && v.same(w))),
            _ => self.order(other).is_eq(),
        }
    }
}

/// A decimal as a double, as near as its text says.
pub(crate) fn decimal_double(unscaled: i128, scale: i8) -> f64 {
    decimal_text(unscaled, scale).parse().unwrap_or(f64::NAN)
}

/// `-12.30`
pub(crate) fn decimal_text(unscaled: i128, scale: i8) -> String {
    if scale <= 0 {
        return unscaled.to_string();
    }
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    format!("{}{whole}.{fraction}", if unscaled < 0 { "-" } else { "" })
}

/// The engine's column in the one form that [`read`] knows for its type.
pub(crate) fn normal(array: &ArrayRef, ty: &Ty) -> Result<ArrayRef, String> {
    let wanted = match ty {
        Ty::Array(_) | Ty::Map(..) | Ty::Row(_) | Ty::Unknown | Ty::Timestamp(_) | Ty::TimestampTz(_) => return plain(array),
        _ => ty.data_type(),
    };
    if *array.data_type() == wanted { Ok(array.clone()) } else { cast(array, &wanted).map_err(|e| e.to_string()) }
}

fn plain(array: &ArrayRef) -> Result<ArrayRef, String> {
    match array.data_type() {
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) | DataType::ListView(item) => {
            cast(array, &DataType::List(item.clone())).map_err(|e| e.to_string())
        }
        DataType::Dictionary(_, value) => cast(array, value).map_err(|e| e.to_string()),
        _ => Ok(array.clone()),
    }
}

/// One value of a column that [`normal`] made.
pub(crate) fn read(array: &ArrayRef, row: usize, ty: &Ty) -> Result<Val, String> {
    if array.is_null(row) {
        return Ok(Val::Null);
    }
    Ok(match ty {
        Ty::Unknown => Val::Null,
        Ty::Boolean => Val::Bool(array.as_boolean().value(row)),
        Ty::Tinyint => Val::Int(array.as_primitive::<Int8Type>().value(row) as i64),
        Ty::Smallint => Val::Int(array.as_primitive::<Int16Type>().value(row) as i64),
        Ty::Integer => Val::Int(array.as_primitive::<Int32Type>().value(row) as i64),
        Ty::Bigint => Val::Int(array.as_primitive::<Int64Type>().value(row)),
        Ty::Real => Val::Real(array.as_primitive::<Float32Type>().value(row)),
        Ty::Double => Val::Double(array.as_primitive::<Float64Type>().value(row)),
        Ty::Decimal(_, s) => Val::Dec(array.as_primitive::<Decimal128Type>().value(row), *s),
        Ty::Varchar(_) | Ty::Char(_) | Ty::Json => Val::Str(array.as_string::<i32>().value(row).to_owned()),
        Ty::Varbinary => Val::Bin(array.as_binary::<i32>().value(row).to_vec()),
        Ty::Date => Val::Date(array.as_primitive::<Date32Type>().value(row)),
        Ty::Time => Val::Time(array.as_primitive::<Time64MicrosecondType>().value(row)),
        Ty::Timestamp(_) | Ty::TimestampTz(_) => Val::Ts(micros(array, row)),
        Ty::Interval => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            Val::Interval(value.months, value.days as i64 * 86_400_000 + value.nanoseconds / 1_000_000)
        }
        Ty::Array(item) => {
            let list = array.as_list_opt::<i32>().ok_or("not a list")?.value(row);
            Val::Arr(all(&list, item)?)
        }
        Ty::Map(key, value) => {
            let entries = array.as_map_opt().ok_or("not a map")?.value(row);
            Val::Map(all(entries.column(0), key)?.into_iter().zip(all(entries.column(1), value)?).collect())
        }
        Ty::Row(fields) => {
            let parts = array.as_struct_opt().ok_or("not a row")?;
            let part = |(i, (_, ty)): (usize, &(Option<String>, Ty))| read(&normal(parts.column(i), ty)?, row, ty);
            Val::Row(fields.iter().enumerate().map(part).collect::<Result<_, _>>()?)
        }
    })
}

/// Bytes that a value holds beside itself, about.
pub(crate) fn beyond(value: &Val) -> usize {
    let list = |items: &[Val]| size_of_val(items) + items.iter().map(beyond).sum::<usize>();
    match value {
        Val::Str(text) => text.len(),
        Val::Bin(bytes) => bytes.len(),
        Val::Arr(items) | Val::Row(items) => list(items),
        Val::Map(entries) => entries.iter().map(|(k, v)| 2 * size_of::<Val>() + beyond(k) + beyond(v)).sum(),
        _ => 0,
    }
}

/// All values of a column.
pub(crate) fn all(array: &ArrayRef, ty: &Ty) -> Result<Vec<Val>, String> {
    let array = normal(array, ty)?;
    (0..array.len()).map(|row| read(&array, row, ty)).collect()
}

fn micros(array: &ArrayRef, row: usize) -> i64 {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => array.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => array.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => array.as_primitive::<TimestampMicrosecondType>().value(row),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => array.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1000),
        _ => 0,
    }
}

/// A column of values of a type.
pub(crate) fn column(values: &[Val], ty: &Ty) -> Result<ArrayRef, String> {
    macro_rules! made {
        ($array:ident, $pattern:pat => $value:expr) => {
            Arc::new($array::from_iter(values.iter().map(|v| match v {
                $pattern => Some($value),
                _ => None,
            })))
        };
    }
    let made: ArrayRef = match ty {
        Ty::Unknown => Arc::new(NullArray::new(values.len())),
        Ty::Boolean => made!(BooleanArray, Val::Bool(b) => *b),
        Ty::Tinyint => made!(Int8Array, Val::Int(n) => *n as i8),
        Ty::Smallint => made!(Int16Array, Val::Int(n) => *n as i16),
        Ty::Integer => made!(Int32Array, Val::Int(n) => *n as i32),
        Ty::Bigint => made!(Int64Array, Val::Int(n) => *n),
        Ty::Real => made!(Float32Array, v @ (Val::Real(_) | Val::Double(_) | Val::Int(_)) => v.double() as f32),
        Ty::Double => made!(Float64Array, v @ (Val::Real(_) | Val::Double(_) | Val::Int(_) | Val::Dec(..)) => v.double()),
        Ty::Decimal(p, s) => {
            let array = Decimal128Array::from_iter(values.iter().map(|v| if let Val::Dec(n, _) = v { Some(*n) } else { None }));
            Arc::new(array.with_precision_and_scale(*p, *s).map_err(|e| e.to_string())?)
        }
        Ty::Varchar(_) | Ty::Char(_) | Ty::Json => {
            let mut builder = StringBuilder::new();
            values.iter().for_each(|v| builder.append_option(if let Val::Str(s) = v { Some(s) } else { None }));
            Arc::new(builder.finish())
        }
        Ty::Varbinary => {
            let mut builder = BinaryBuilder::new();
            values.iter().for_each(|v| builder.append_option(if let Val::Bin(b) = v { Some(b) } else { None }));
            Arc::new(builder.finish())
        }
        Ty::Date => made!(Date32Array, Val::Date(d) => *d),
        Ty::Time => made!(Time64MicrosecondArray, Val::Time(t) => *t),
        Ty::Timestamp(0..=3) => made!(TimestampMillisecondArray, Val::Ts(t) => t.div_euclid(1000)),
        Ty::Timestamp(4..=6) => made!(TimestampMicrosecondArray, Val::Ts(t) => *t),
        Ty::Timestamp(_) => made!(TimestampNanosecondArray, Val::Ts(t) => t.saturating_mul(1000)),
        Ty::TimestampTz(zone) => {
            let array = TimestampMillisecondArray::from_iter(
                values.iter().map(|v| if let Val::Ts(t) = v { Some(t.div_euclid(1000)) } else { None }),
            );
            Arc::new(array.with_timezone(zone.clone()))
        }
        Ty::Interval => made!(IntervalMonthDayNanoArray, Val::Interval(months, ms) => {
            IntervalMonthDayNano::new(*months, (*ms / 86_400_000) as i32, *ms % 86_400_000 * 1_000_000)
        }),
        Ty::Array(item) => list(values, item)?,
        Ty::Map(key, value) => map(values, key, value, ty)?,
        Ty::Row(fields) => row(values, fields, ty)?,
    };
    Ok(made)
}

fn nulls(values: &[Val]) -> Option<NullBuffer> {
    values.iter().any(Val::is_null).then(|| values.iter().map(|v| !v.is_null()).collect())
}

fn list(values: &[Val], item: &Ty) -> Result<ArrayRef, String> {
    let flat: Vec<Val> = values.iter().flat_map(|v| v.arr().iter().cloned()).collect();
    let offsets = OffsetBuffer::from_lengths(values.iter().map(|v| v.arr().len()));
    Ok(Arc::new(ListArray::try_new(item.named("item", true), offsets, column(&flat, item)?, nulls(values)).map_err(|e| e.to_string())?))
}

fn map(values: &[Val], key: &Ty, value: &Ty, ty: &Ty) -> Result<ArrayRef, String> {
    let keys: Vec<Val> = values.iter().flat_map(|v| v.entries().iter().map(|(k, _)| k.clone())).collect();
    let inner: Vec<Val> = values.iter().flat_map(|v| v.entries().iter().map(|(_, v)| v.clone())).collect();
    let DataType::Map(entries, _) = ty.data_type() else { return Err("not a map".into()) };
    let DataType::Struct(fields) = entries.data_type() else { return Err("not a map".into()) };
    let parts = StructArray::try_new(fields.clone(), vec![column(&keys, key)?, column(&inner, value)?], None).map_err(|e| e.to_string())?;
    let offsets = OffsetBuffer::from_lengths(values.iter().map(|v| v.entries().len()));
    Ok(Arc::new(MapArray::try_new(entries.clone(), offsets, parts, nulls(values), false).map_err(|e| e.to_string())?))
}

fn row(values: &[Val], fields: &[(Option<String>, Ty)], ty: &Ty) -> Result<ArrayRef, String> {
    let DataType::Struct(named) = ty.data_type() else { return Err("not a row".into()) };
    if values.is_empty() || fields.is_empty() {
        return Ok(new_null_array(&ty.data_type(), values.len()));
    }
    let part = |(i, (_, ty)): (usize, &(Option<String>, Ty))| {
        let all: Vec<Val> = values.iter().map(|v| v.arr().get(i).cloned().unwrap_or(Val::Null)).collect();
        column(&all, ty)
    };
    let parts = fields.iter().enumerate().map(part).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(StructArray::try_new(named, parts, nulls(values)).map_err(|e| e.to_string())?))
}
