//! Values as Iceberg writes them into bounds, and what a partition's value says of the column that it was made of.

use crate::engine::trino::{time, val::Val};
use datafusion::{
    arrow::datatypes::{DataType, TimeUnit},
    common::ScalarValue,
};

type Ends = (ScalarValue, ScalarValue);

/// A bound of a column. `None` where it is not understood.
pub(super) fn value(kind: &DataType, bytes: &[u8]) -> Option<ScalarValue> {
    let int = || match bytes.len() {
        4 => Some(i64::from(i32::from_le_bytes(bytes.try_into().ok()?))),
        _ => Some(i64::from_le_bytes(bytes.try_into().ok()?)),
    };
    Some(match kind {
        DataType::Boolean => ScalarValue::Boolean(Some(*bytes.first()? != 0)),
        DataType::Int32 => ScalarValue::Int32(Some(i32::try_from(int()?).ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(int()?)),
        DataType::Float32 => ScalarValue::Float32(Some(f32::from_le_bytes(bytes.try_into().ok()?))),
        // A column may have been widened after the file was written.
        DataType::Float64 if bytes.len() == 4 => ScalarValue::Float64(Some(f32::from_le_bytes(bytes.try_into().ok()?).into())),
        DataType::Float64 => ScalarValue::Float64(Some(f64::from_le_bytes(bytes.try_into().ok()?))),
        DataType::Date32 => ScalarValue::Date32(Some(i32::try_from(int()?).ok()?)),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => ScalarValue::TimestampMicrosecond(Some(int()?), zone.clone()),
        DataType::Utf8 => ScalarValue::Utf8(Some(std::str::from_utf8(bytes).ok()?.to_owned())),
        DataType::Decimal128(p, s) if (1..=16).contains(&bytes.len()) => {
            let first = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
            ScalarValue::Decimal128(Some(bytes.iter().fold(first, |n: i128, b| n << 8 | i128::from(*b))), *p, *s)
        }
        _ => return None,
    })
}

/// The ends of a column where its transform's values lie between two.
pub(super) fn transformed(transform: &str, kind: &DataType, low: &[u8], high: &[u8]) -> Option<Ends> {
    if transform == "identity" {
        return Some((value(kind, low)?, value(kind, high)?));
    }
    let int = |bytes: &[u8]| bytes.try_into().ok().map(i32::from_le_bytes).map(i64::from);
    period(transform, kind, int(low)?, int(high)?)
}

/// The ends of a column in a file with this value of a partition's field.
pub(super) fn of_partition(transform: &str, kind: &DataType, found: &Val) -> Option<Ends> {
    if matches!(found, Val::Null) {
        return None;
    }
    if transform != "identity" {
        let at = match found {
            Val::Date(day) => i64::from(*day),
            other => other.int(),
        };
        return period(transform, kind, at, at);
    }
    let one = match (found, kind) {
        (Val::Str(text), DataType::Utf8) => ScalarValue::Utf8(Some(text.clone())),
        (Val::Int(n), DataType::Int32) => ScalarValue::Int32(i32::try_from(*n).ok()),
        (Val::Int(n), DataType::Int64) => ScalarValue::Int64(Some(*n)),
        (Val::Date(day), DataType::Date32) => ScalarValue::Date32(Some(*day)),
        (Val::Bool(b), DataType::Boolean) => ScalarValue::Boolean(Some(*b)),
        _ => return None,
    };
    Some((one.clone(), one))
}

/// The first and the last moment of the years, months, days or hours from one to another, counted from 1970.
fn period(transform: &str, kind: &DataType, low: i64, high: i64) -> Option<Ends> {
    let start = |n: i64| -> Option<i64> {
        match transform {
            "year" => Some(time::add_months(0, n.checked_mul(12)?).checked_mul(time::DAY)?),
            "month" => time::add_months(0, n).checked_mul(time::DAY),
            "day" => n.checked_mul(time::DAY),
            "hour" => n.checked_mul(time::HOUR),
            _ => None,
        }
    };
    let (from, to) = (start(low)?, start(high.checked_add(1)?)? - 1);
    Some(match kind {
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            (ScalarValue::TimestampMicrosecond(Some(from), zone.clone()), ScalarValue::TimestampMicrosecond(Some(to), zone.clone()))
        }
        DataType::Date32 => {
            let day = |t: i64| i32::try_from(t.div_euclid(time::DAY)).ok();
            (ScalarValue::Date32(day(from)), ScalarValue::Date32(day(to)))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_and_periods_have_ends() {
        assert_eq!(value(&DataType::Int64, &[5, 0, 0, 0]), Some(ScalarValue::Int64(Some(5))), "widened");
        assert_eq!(value(&DataType::Int64, &[1, 2]), None);
        assert_eq!(value(&DataType::Decimal128(9, 2), &[0xff, 0x38]), Some(ScalarValue::Decimal128(Some(-200), 9, 2)));
        let day = |n| ScalarValue::Date32(Some(n));
        assert_eq!(period("month", &DataType::Date32, 1, 1), Some((day(31), day(58))));
        assert_eq!(period("year", &DataType::Date32, -1, 0), Some((day(-365), day(364))));
        assert_eq!(transformed("bucket[16]", &DataType::Int64, &[1, 0, 0, 0], &[1, 0, 0, 0]), None);
        let at = |n| ScalarValue::TimestampMicrosecond(Some(n), None);
        let kind = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(transformed("hour", &kind, &[1, 0, 0, 0], &[1, 0, 0, 0]), Some((at(time::HOUR), at(2 * time::HOUR - 1))));
    }
}
