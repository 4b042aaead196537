//! Trino's casts: which values become which, in whose text, and Trino's sentences for those that can't.

use super::{
    json, time,
    ty::Ty,
    val::{Val, decimal_double, decimal_text},
};
use std::time::Duration;

/// Casts a value. The error is Trino's sentence.
pub(crate) fn cast(value: &Val, from: &Ty, to: &Ty) -> Result<Val, String> {
    if value.is_null() {
        return Ok(Val::Null);
    }
    if from == to && !matches!(to, Ty::Json) {
        return Ok(value.clone());
    }
    match (from, to) {
        (_, Ty::Varchar(length)) => {
            let text = if *from == Ty::Json { json::to_varchar(value.str())? } else { Some(text(value, from)?) };
            Ok(text.map_or(Val::Null, |t| cut(t, *length)))
        }
        (_, Ty::Char(length)) => {
            let text = text(value, from)?;
            let cut: String = text.trim_end_matches(' ').chars().take(*length as usize).collect();
            let missing = *length as usize - cut.chars().count();
            Ok(Val::Str(cut + &" ".repeat(missing)))
        }
        (Ty::Json, Ty::Json) => Ok(value.clone()),
        (Ty::Json, to) => json::cast(value.str(), to),
        (from, Ty::Json) => Ok(Val::Str(json::from(value, from)?.to_string())),
        (Ty::Array(a), Ty::Array(b)) => value.arr().iter().map(|v| cast(v, a, b)).collect::<Result<_, _>>().map(Val::Arr),
        (Ty::Map(a, b), Ty::Map(c, d)) => {
            value.entries().iter().map(|(k, v)| Ok((cast(k, a, c)?, cast(v, b, d)?))).collect::<Result<_, String>>().map(Val::Map)
        }
        (Ty::Row(a), Ty::Row(b)) if a.len() == b.len() => {
            let field = |(v, ((_, a), (_, b))): (&Val, (&(Option<String>, Ty), &(Option<String>, Ty)))| cast(v, a, b);
            value.arr().iter().zip(a.iter().zip(b)).map(field).collect::<Result<_, _>>().map(Val::Row)
        }
        (_, Ty::Boolean) => boolean(value, from),
        (_, to) if to.is_integer() => integer(value, from, to),
        (_, Ty::Real) => double(value, from, to).map(|d| Val::Real(d as f32)),
        (_, Ty::Double) => double(value, from, to).map(Val::Double),
        (_, Ty::Decimal(p, s)) => decimal(value, from, *p, *s),
        (f, Ty::Varbinary) if f.is_text() => Ok(Val::Bin(value.str().as_bytes().to_vec())),
        _ => moment(value, from, to),
    }
}

fn cut(text: String, length: Option<u32>) -> Val {
    match length {
        Some(length) if text.chars().count() > length as usize => Val::Str(text.chars().take(length as usize).collect()),
        _ => Val::Str(text),
    }
}

fn wrong(shown: &str, to: &Ty) -> String {
    let name = match to {
        Ty::Integer => "INT".to_owned(),
        to => to.to_string(),
    };
    let name = if to.is_integer() || matches!(to, Ty::Double | Ty::Real | Ty::Boolean) { name.to_uppercase() } else { name };
    format!("INVALID_CAST_ARGUMENT: Cannot cast '{shown}' to {name}")
}
fn outside(shown: &str, to: &Ty) -> String {
    format!("NUMERIC_VALUE_OUT_OF_RANGE: Out of range for {to}: {shown}")
}
fn never(from: &Ty, to: &Ty) -> String {
    format!("TYPE_MISMATCH: Cannot cast {from} to {to}")
}

fn boolean(value: &Val, from: &Ty) -> Result<Val, String> {
    match value {
        Val::Str(s) => match s.to_ascii_lowercase().as_str() {
            "t" | "true" | "1" => Ok(Val::Bool(true)),
            "f" | "false" | "0" => Ok(Val::Bool(false)),
            _ => Err(wrong(s, &Ty::Boolean)),
        },
        v @ (Val::Int(_) | Val::Double(_) | Val::Real(_) | Val::Dec(..)) => Ok(Val::Bool(v.double() != 0.0)),
        _ => Err(never(from, &Ty::Boolean)),
    }
}

fn integer(value: &Val, from: &Ty, to: &Ty) -> Result<Val, String> {
    let number: i128 = match value {
        Val::Int(n) => *n as i128,
        Val::Bool(b) => *b as i128,
        Val::Double(_) | Val::Real(_) => {
            let d = value.double();
            if !d.is_finite() {
                return Err(format!("INVALID_CAST_ARGUMENT: Cannot cast {d} to {to}"));
            }
            // Half away from zero, as Java's rounding of the magnitude does.
            d.round() as i128
        }
        Val::Dec(n, s) => rescale(*n, *s, 0).ok_or_else(|| outside(&decimal_text(*n, *s), to))?,
        Val::Str(s) => s.trim().parse().map_err(|_| wrong(s, to))?,
        _ => return Err(never(from, to)),
    };
    let (low, high) = match to {
        Ty::Tinyint => (i8::MIN as i128, i8::MAX as i128),
        Ty::Smallint => (i16::MIN as i128, i16::MAX as i128),
        Ty::Integer => (i32::MIN as i128, i32::MAX as i128),
        _ => (i64::MIN as i128, i64::MAX as i128),
    };
    match (low..=high).contains(&number) {
        true => Ok(Val::Int(number as i64)),
        false if from.is_text() => Err(wrong(value.str(), to)),
        false => Err(outside(&number.to_string(), to)),
    }
}

fn double(value: &Val, from: &Ty, to: &Ty) -> Result<f64, String> {
    match value {
        Val::Str(s) => match s.trim() {
            "NaN" => Ok(f64::NAN),
            "Infinity" | "+Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            t if t.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => t.parse().map_err(|_| wrong(s, to)),
            _ => Err(wrong(s, to)),
        },
        Val::Bool(b) => Ok(*b as i32 as f64),
        // A float as a double keeps its bits.
        Val::Int(_) | Val::Double(_) | Val::Real(_) => Ok(value.double()),
        Val::Dec(n, s) => Ok(decimal_double(*n, *s)),
        _ => Err(never(from, to)),
    }
}

/// The same number with another scale, half up; `None` where it doesn't fit.
pub(crate) fn rescale(unscaled: i128, from: i8, to: i8) -> Option<i128> {
    if to >= from {
        return unscaled.checked_mul(10i128.checked_pow((to - from) as u32)?);
    }
    let by = 10i128.checked_pow((from - to) as u32)?;
    let (quotient, rest) = (unscaled / by, unscaled % by);
    Some(quotient + if rest.unsigned_abs() * 2 >= by.unsigned_abs() { unscaled.signum() } else { 0 })
}

fn decimal(value: &Val, from: &Ty, p: u8, s: i8) -> Result<Val, String> {
    let to = Ty::Decimal(p, s);
    let (unscaled, scale, shown) = match value {
        Val::Int(n) => (*n as i128, 0, n.to_string()),
        Val::Bool(b) => (*b as i128, 0, b.to_string()),
        Val::Dec(n, t) => (*n, *t, decimal_text(*n, *t)),
        Val::Double(_) | Val::Real(_) => {
            let shown = if let Val::Real(r) = value { r.to_string() } else { value.double().to_string() };
            let (n, t) = parse_decimal(&shown)
                .ok_or_else(|| format!("INVALID_CAST_ARGUMENT: Cannot cast {from} '{shown}' to {}", to.to_string().to_uppercase()))?;
            (n, t, shown)
        }
        Val::Str(text) => {
            let (n, t) = parse_decimal(text.trim()).ok_or_else(|| {
                format!("INVALID_CAST_ARGUMENT: Cannot cast VARCHAR '{text}' to {}. Value is not a number.", shown_decimal(p, s))
            })?;
            (n, t, text.clone())
        }
        _ => return Err(never(from, &to)),
    };
    let most = 10i128.pow(p as u32);
    match rescale(unscaled, scale, s).filter(|n| n.unsigned_abs() < most.unsigned_abs()) {
        Some(n) => Ok(Val::Dec(n, s)),
        None => Err(format!("INVALID_CAST_ARGUMENT: Cannot cast {} '{shown}' to {}", from.to_string().to_uppercase(), shown_decimal(p, s))),
    }
}

fn shown_decimal(p: u8, s: i8) -> String {
    format!("DECIMAL({p}, {s})")
}

/// Unscaled and scale of a number's text, an exponent included.
pub(crate) fn parse_decimal(text: &str) -> Option<(i128, i8)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or(Some((text, 0)), |(m, e)| Some((m, e.parse::<i32>().ok()?)))?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let plain = digits.strip_prefix(['-', '+']).unwrap_or(&digits);
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let unscaled: i128 = digits.parse().ok()?;
    let scale = fraction.len() as i32 - exponent;
    match scale {
        ..0 => Some((unscaled.checked_mul(10i128.checked_pow(-scale as u32)?)?, 0)),
        0..=38 => Some((unscaled, scale as i8)),
        // More digits than any decimal has: those that no scale can hold go.
        _ => Some((rescale(unscaled, 38, (76 - scale).max(0) as i8)?, 38)),
    }
}

fn moment(value: &Val, from: &Ty, to: &Ty) -> Result<Val, String> {
    let invalid = |what: &str| format!("INVALID_CAST_ARGUMENT: Value cannot be cast to {what}: {}", value.str());
    Ok(match (value, from, to) {
        (Val::Str(s), _, Ty::Date) => {
            let day = time::parse_date(s)
                .or_else(|| time::parse_timestamp(s).filter(|_| s.len() > 10).map(|_| i64::MIN))
                .filter(|d| *d != i64::MIN);
            Val::Date(day.ok_or_else(|| invalid("date"))? as i32)
        }
        (Val::Str(s), _, Ty::Time) => Val::Time(time::parse_clock(s.trim()).ok_or_else(|| invalid("time"))?.0),
        (Val::Str(s), _, Ty::Timestamp(digits)) => {
            let (local, zone, _) = time::parse_timestamp(s).ok_or_else(|| invalid("timestamp"))?;
            if zone.is_some() {
                return Err(invalid("timestamp"));
            }
            Val::Ts(rounded(local, *digits))
        }
        (Val::Str(s), _, Ty::TimestampTz(zone)) => {
            let (local, named, _) = time::parse_timestamp(s).ok_or_else(|| invalid("timestamp with time zone"))?;
            Val::Ts(time::from_local(local, named.as_deref().unwrap_or(zone)))
        }
        (Val::Date(d), _, Ty::Timestamp(_)) => Val::Ts(*d as i64 * time::DAY),
        (Val::Date(d), _, Ty::TimestampTz(zone)) => Val::Ts(time::from_local(*d as i64 * time::DAY, zone)),
        (Val::Ts(t), Ty::Timestamp(_), Ty::Date) => Val::Date(t.div_euclid(time::DAY) as i32),
        (Val::Ts(t), Ty::Timestamp(_), Ty::Time) => Val::Time(t.rem_euclid(time::DAY)),
        (Val::Ts(t), Ty::Timestamp(_), Ty::Timestamp(digits)) => Val::Ts(rounded(*t, *digits)),
        (Val::Ts(t), Ty::Timestamp(_), Ty::TimestampTz(zone)) => Val::Ts(time::from_local(*t, zone)),
        (Val::Ts(t), Ty::TimestampTz(zone), Ty::Date) => Val::Date((t + time::offset(*t, zone)).div_euclid(time::DAY) as i32),
        (Val::Ts(t), Ty::TimestampTz(zone), Ty::Time) => Val::Time((t + time::offset(*t, zone)).rem_euclid(time::DAY)),
        (Val::Ts(t), Ty::TimestampTz(zone), Ty::Timestamp(_)) => Val::Ts(t + time::offset(*t, zone)),
        (Val::Ts(t), Ty::TimestampTz(_), Ty::TimestampTz(_)) => Val::Ts(*t),
        _ => return Err(never(from, to)),
    })
}

/// Half up to so many digits of the second's fraction.
pub(crate) fn rounded(micros: i64, digits: u8) -> i64 {
    match digits {
        0..=3 => (micros + 500).div_euclid(1000) * 1000,
        _ => micros,
    }
}

/// A value as text, as CAST to varchar writes it.
pub(crate) fn text(value: &Val, ty: &Ty) -> Result<String, String> {
    Ok(match (value, ty) {
        (Val::Str(s), _) => s.clone(),
        (Val::Bool(b), _) => b.to_string(),
        (Val::Int(n), _) => n.to_string(),
        (Val::Double(d), _) => java_double(*d),
        (Val::Real(r), _) => java_real(*r),
        (Val::Dec(n, s), _) => decimal_text(*n, *s),
        (Val::Date(d), _) => time::date_text(*d as i64),
        (Val::Time(t), _) => time::clock_text(*t, 3),
        (Val::Ts(t), Ty::TimestampTz(zone)) => format!("{} {}", time::timestamp_text(t + time::offset(*t, zone), 3), time::zone_name(zone)),
        (Val::Ts(t), Ty::Timestamp(digits)) => time::timestamp_text(*t, *digits),
        (Val::Interval(months, ms), _) => interval_text(*months, *ms),
        (Val::Bin(b), _) => {
            String::from_utf8(b.clone()).map_err(|_| "INVALID_CAST_ARGUMENT: Cannot cast varbinary to varchar".to_owned())?
        }
        _ => return Err(never(ty, &Ty::VARCHAR)),
    })
}

/// `2 03:04:05.000`, or `1-2` where there are months.
pub(crate) fn interval_text(months: i32, ms: i64) -> String {
    if months != 0 && ms == 0 {
        let size = months.unsigned_abs();
        return format!("{}{}-{}", if months < 0 { "-" } else { "" }, size / 12, size % 12);
    }
    let size = Duration::from_millis(ms.unsigned_abs());
    let seconds = size.as_secs();
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{} {:02}:{:02}:{:02}.{:03}", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, size.subsec_millis())
}

/// A double in Java's form.
pub(crate) fn java_double(d: f64) -> String {
    java(d, format!("{d:?}"), format!("{d:E}"))
}
/// A float in Java's form.
pub(crate) fn java_real(r: f32) -> String {
    java(r as f64, format!("{r:?}"), format!("{r:E}"))
}

fn java(size: f64, plain: String, scientific: String) -> String {
    if size.is_nan() {
        return "NaN".into();
    }
    if size.is_infinite() {
        return if size > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if size != 0.0 && !(1e-3..1e7).contains(&size.abs()) {
        let (mantissa, exponent) = scientific.split_once('E').unwrap_or((&scientific, "0"));
        let point = if mantissa.contains('.') { "" } else { ".0" };
        return format!("{mantissa}{point}E{exponent}");
    }
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}
