//! Dates, times and intervals.

use super::{
    super::{
        time::{self, DAY, HOUR, MINUTE, SECOND},
        ty::Ty,
        udf::Call,
        val::Val,
    },
    Plain, Typed, bad, formats,
};

/// What clocks show at a value: local micros.
fn local(v: &Val, ty: &Ty) -> i64 {
    match (v, ty) {
        (Val::Date(d), _) => *d as i64 * DAY,
        (Val::Ts(t), Ty::TimestampTz(zone)) => t + time::offset(*t, zone),
        (Val::Ts(t), _) | (Val::Time(t), _) => *t,
        _ => 0,
    }
}
/// Back from what clocks show.
fn global(local: i64, ty: &Ty) -> Val {
    match ty {
        Ty::Date => Val::Date(local.div_euclid(DAY) as i32),
        Ty::Time => Val::Time(local.rem_euclid(DAY)),
        Ty::TimestampTz(zone) => Val::Ts(time::from_local(local, zone)),
        _ => Val::Ts(local),
    }
}

fn part(name: &str, v: &Val, ty: &Ty) -> Result<i64, String> {
    if let Val::Interval(months, ms) = v {
        return Ok(match name {
            "year" => *months as i64 / 12,
            "month" => *months as i64 % 12,
            "day" => ms / 86_400_000,
            "hour" => ms / 3_600_000 % 24,
            "minute" => ms / 60_000 % 60,
            "second" => ms / 1000 % 60,
            _ => ms % 1000,
        });
    }
    let at = local(v, ty);
    let day = at.div_euclid(DAY);
    let ((y, m, d), (h, min, s, f)) = (time::civil(day), time::clock(at));
    Ok(match name {
        "year" => y,
        "quarter" => (m as i64 - 1) / 3 + 1,
        "month" => m as i64,
        "week" | "week_of_year" => time::iso_week(day).1,
        "year_of_week" | "yow" => time::iso_week(day).0,
        "day" | "day_of_month" => d as i64,
        "day_of_week" | "dow" => time::weekday(day),
        "day_of_year" | "doy" => time::day_of_year(day),
        "hour" => h,
        "minute" => min,
        "second" => s,
        "millisecond" => f / 1000,
        "timezone_hour" => offset(v, ty) / 3600,
        "timezone_minute" => offset(v, ty) / 60 % 60,
        _ => return Err(bad(format!("Invalid EXTRACT field: {name}"))),
    })
}
fn offset(v: &Val, ty: &Ty) -> i64 {
    if let (Val::Ts(t), Ty::TimestampTz(zone)) = (v, ty) { time::offset(*t, zone) / SECOND } else { 0 }
}

macro_rules! parts {
    ($($name:literal)*) => {
        &[$(
            (concat!($name, "(date)->bigint"), |c, a| Ok(Val::Int(part($name, &a[0], &c.args[0])?))),
            (concat!($name, "(timestamp)->bigint"), |c, a| Ok(Val::Int(part($name, &a[0], &c.args[0])?))),
            (concat!($name, "(timestamptz)->bigint"), |c, a| Ok(Val::Int(part($name, &a[0], &c.args[0])?))),
            (concat!($name, "(time)->bigint"), |c, a| Ok(Val::Int(part($name, &a[0], &c.args[0])?))),
            (concat!($name, "(interval)->bigint"), |c, a| Ok(Val::Int(part($name, &a[0], &c.args[0])?))),
        )*]
    };
}

/// Months or micros of a unit.
enum Unit {
    Months(i64),
    Micros(i64),
}
fn unit(name: &str) -> Result<Unit, String> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "millisecond" => Unit::Micros(1000),
        "second" => Unit::Micros(SECOND),
        "minute" => Unit::Micros(MINUTE),
        "hour" => Unit::Micros(HOUR),
        "day" => Unit::Micros(DAY),
        "week" => Unit::Micros(7 * DAY),
        "month" => Unit::Months(1),
        "quarter" => Unit::Months(3),
        "year" => Unit::Months(12),
        other => return Err(bad(format!("'{other}' is not a valid Timestamp field"))),
    })
}

fn add(c: &Call<'_>, a: &[Val]) -> Result<Val, String> {
    let (count, v, ty) = (a[1].int(), &a[2], &c.args[2]);
    // Further than the calendar goes.
    const MOST_DAYS: i64 = 366 * 280_000;
    let days = match unit(a[0].str())? {
        Unit::Micros(size) if size < DAY => count / (DAY / size),
        Unit::Micros(size) => count.saturating_mul(size / DAY),
        Unit::Months(size) => count.saturating_mul(size).saturating_mul(31),
    };
    if days.checked_abs().is_none_or(|days| days > MOST_DAYS) {
        return Err(bad(format!("{count} is more than a date or time can be moved by")));
    }
    Ok(match (unit(a[0].str())?, ty) {
        (Unit::Micros(size), Ty::Date) if size < DAY => return Err(bad(format!("'{}' is not a valid DATE field", a[0].str()))),
        // Hours are counted on the line of time, days on the calendar.
        (Unit::Micros(size), Ty::TimestampTz(_)) if size < DAY => Val::Ts(v.int() + count * size),
        (Unit::Micros(size), _) => global(local(v, ty) + count.saturating_mul(size), ty),
        (Unit::Months(size), _) => {
            let at = local(v, ty);
            global(time::add_months(at.div_euclid(DAY), count * size) * DAY + at.rem_euclid(DAY), ty)
        }
    })
}

fn diff(c: &Call<'_>, a: &[Val]) -> Result<Val, String> {
    let (x, y) = match unit(a[0].str())? {
        Unit::Micros(size) if size < DAY => {
            (a[1].int() * if c.args[1] == Ty::Date { DAY } else { 1 }, a[2].int() * if c.args[2] == Ty::Date { DAY } else { 1 })
        }
        _ => (local(&a[1], &c.args[1]), local(&a[2], &c.args[2])),
    };
    Ok(Val::Int(match unit(a[0].str())? {
        Unit::Micros(size) => (y - x) / size,
        Unit::Months(size) => {
            let whole = |from: i64, to: i64| {
                let ((y1, m1, _), (y2, m2, _)) = (time::civil(from.div_euclid(DAY)), time::civil(to.div_euclid(DAY)));
                let months = (y2 - y1) * 12 + m2 as i64 - m1 as i64;
                let reached = time::add_months(from.div_euclid(DAY), months) * DAY + from.rem_euclid(DAY);
                if reached > to { months - 1 } else { months }
            };
            let months = if x <= y { whole(x, y) } else { -whole(y, x) };
            months / size
        }
    }))
}

fn trunc(c: &Call<'_>, a: &[Val]) -> Result<Val, String> {
    let (name, v, ty) = (a[0].str().to_ascii_lowercase(), &a[1], &c.args[1]);
    let at = local(v, ty);
    let day = at.div_euclid(DAY);
    let (y, m, _) = time::civil(day);
    let cut = match name.as_str() {
        "millisecond" => at.div_euclid(1000) * 1000,
        "second" => at.div_euclid(SECOND) * SECOND,
        "minute" => at.div_euclid(MINUTE) * MINUTE,
        "hour" => at.div_euclid(HOUR) * HOUR,
        "day" => day * DAY,
        "week" => (day - time::weekday(day) + 1) * DAY,
        "month" => time::days(y, m as i64, 1) * DAY,
        "quarter" => time::days(y, (m as i64 - 1) / 3 * 3 + 1, 1) * DAY,
        "year" => time::days(y, 1, 1) * DAY,
        other => return Err(bad(format!("'{other}' is not a valid Timestamp field"))),
    };
    Ok(global(cut, ty))
}

/// `2020-05-11T11:15:05.055+01:00` and its shorter forms.
fn iso(text: &str) -> Result<(i64, Option<String>), String> {
    let wrong = || bad(format!("Invalid format: \"{text}\""));
    let (day, rest) = text.split_once('T').unwrap_or((text, ""));
    let day = iso_day(day).ok_or_else(wrong)? * DAY;
    if rest.is_empty() {
        return Ok((day, None));
    }
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ":.,".contains(c))).unwrap_or(rest.len());
    let clock = rest[..end].replace(',', ".");
    let clock = if clock.len() == 2 { format!("{clock}:00") } else { clock };
    let (micros, _) = time::parse_clock(&clock).ok_or_else(wrong)?;
    let zone = match &rest[end..] {
        "" => None,
        name if time::is_zone(name) => Some(time::zone_name(name)),
        _ => return Err(wrong()),
    };
    Ok((day + micros, zone))
}
/// `2020-05-11`, `2020-W10`, `2020-W10-1`, `2020-123`, `2020-05`, `2020`.
fn iso_day(text: &str) -> Option<i64> {
    if let Some((year, week)) = text.split_once("-W") {
        let (week, day) = week.split_once('-').unwrap_or((week, "1"));
        let (year, week, day): (i64, i64, i64) = (year.parse().ok()?, week.parse().ok()?, day.parse().ok()?);
        let fourth = time::days(year, 1, 4);
        return ((1..=53).contains(&week) && (1..=7).contains(&day)).then(|| fourth - time::weekday(fourth) + 1 + (week - 1) * 7 + day - 1);
    }
    let parts: Vec<&str> = text.split('-').collect();
    match parts[..] {
        [year, day] if day.len() == 3 => Some(time::days(year.parse().ok()?, 1, day.parse().ok()?)),
        [year, month] => time::date(year.parse().ok()?, month.parse().ok()?, 1),
        [year] if year.len() == 4 => time::date(year.parse().ok()?, 1, 1),
        _ => time::parse_date(text),
    }
}

fn zone_of(constant: Option<&Val>) -> Ty {
    match constant {
        Some(Val::Str(name)) if time::is_zone(name) => Ty::TimestampTz(time::zone_name(name).into()),
        _ => Ty::utc(),
    }
}
fn known(name: &str) -> Result<(), String> {
    if time::is_zone(name) { Ok(()) } else { Err(bad(format!("'{name}' is not a valid time zone"))) }
}
fn duration(text: &str) -> Result<i64, String> {
    let wrong = || bad(format!("duration is not a valid data duration string: {text}"));
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let count: f64 = text[..at].trim().parse().map_err(|_| wrong())?;
    let ms = match &text[at..] {
        "ns" => 1e-6,
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 6e4,
        "h" => 3.6e6,
        "d" => 8.64e7,
        _ => return Err(wrong()),
    };
    Ok((count * ms).round() as i64)
}

/// `INTERVAL 'text' from [TO to]`.
fn interval(text: &str, from: &str, to: &str) -> Result<Val, String> {
    let wrong = || format!("INVALID_LITERAL: {{}}: '{text}' is not a valid INTERVAL literal");
    let (negative, plain) = text.trim().strip_prefix('-').map_or((false, text.trim()), |t| (true, t));
    let numbers: Vec<f64> = plain.split([' ', ':', '-']).map(|n| n.parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    let sign = if negative { -1.0 } else { 1.0 };
    let units = ["year", "month", "day", "hour", "minute", "second"];
    let at = |name: &str| units.iter().position(|u| *u == name).ok_or_else(wrong);
    if from == "week" {
        return Ok(Val::Interval(0, (sign * numbers[0] * 6.048e8) as i64));
    }
    let first = at(from)?;
    let last = if to.is_empty() { first } else { at(to)? };
    if numbers.len() > last + 1 - first {
        return Err(wrong());
    }
    let (mut months, mut ms) = (0.0, 0.0);
    for (number, unit) in numbers.iter().zip(&units[first..=last]) {
        match *unit {
            "year" => months += number * 12.0,
            "month" => months += number,
            "day" => ms += number * 8.64e7,
            "hour" => ms += number * 3.6e6,
            "minute" => ms += number * 6e4,
            _ => ms += number * 1e3,
        }
    }
    Ok(Val::Interval((sign * months) as i32, (sign * ms).round() as i64))
}

const PARTS: Plain = parts!(
    "year" "quarter" "month" "week" "week_of_year" "year_of_week" "yow" "day" "day_of_month" "day_of_week" "dow" "day_of_year" "doy"
    "hour" "minute" "second" "millisecond" "timezone_hour" "timezone_minute"
);

const OTHERS: &[(&str, super::Eval)] = &[
    ("$interval(varchar,varchar,varchar)->interval", |_, a| interval(a[0].str(), a[1].str(), a[2].str())),
    ("date(date)->date", |_, a| Ok(a[0].clone())),
    ("date(timestamp)->date", |c, a| Ok(Val::Date(local(&a[0], &c.args[0]).div_euclid(DAY) as i32))),
    ("date(timestamptz)->date", |c, a| Ok(Val::Date(local(&a[0], &c.args[0]).div_euclid(DAY) as i32))),
    ("date(varchar)->date", |_, a| super::super::cast::cast(&a[0], &Ty::VARCHAR, &Ty::Date)),
    ("last_day_of_month(date)->date", |c, a| last_day(c, a)),
    ("last_day_of_month(timestamp)->date", |c, a| last_day(c, a)),
    ("last_day_of_month(timestamptz)->date", |c, a| last_day(c, a)),
    ("from_iso8601_date(varchar)->date", |_, a| {
        iso_day(a[0].str()).map(|d| Val::Date(d as i32)).ok_or_else(|| bad(format!("Invalid format: \"{}\"", a[0].str())))
    }),
    ("to_iso8601(date)->varchar", |_, a| Ok(Val::Str(time::date_text(a[0].int())))),
    ("to_iso8601(timestamp)->varchar", |_, a| Ok(Val::Str(time::timestamp_text(a[0].int(), 3).replace(' ', "T")))),
    ("to_iso8601(timestamptz)->varchar", |c, a| {
        let text = time::timestamp_text(local(&a[0], &c.args[0]), 3).replace(' ', "T");
        Ok(Val::Str(match offset(&a[0], &c.args[0]) {
            0 => format!("{text}Z"),
            s => format!("{text}{}{:02}:{:02}", if s < 0 { '-' } else { '+' }, s.abs() / 3600, s.abs() / 60 % 60),
        }))
    }),
    ("to_unixtime(timestamp)->double", |_, a| Ok(Val::Double(a[0].int() as f64 / 1e6))),
    ("to_unixtime(timestamptz)->double", |_, a| Ok(Val::Double(a[0].int() as f64 / 1e6))),
    ("from_unixtime(double)->timestamptz", |_, a| Ok(Val::Ts((a[0].double() * 1000.0).round() as i64 * 1000))),
    ("from_unixtime_nanos(bigint)->timestamptz", |_, a| Ok(Val::Ts(a[0].int().div_euclid(1000)))),
    ("date_diff(varchar,date,date)->bigint", |c, a| diff(c, a)),
    ("date_diff(varchar,timestamp,timestamp)->bigint", |c, a| diff(c, a)),
    ("date_diff(varchar,timestamptz,timestamptz)->bigint", |c, a| diff(c, a)),
    ("date_diff(varchar,time,time)->bigint", |c, a| diff(c, a)),
    ("date_format(timestamp,varchar)->varchar", |c, a| formats::mysql(local(&a[0], &c.args[0]), a[1].str()).map(Val::Str)),
    ("date_format(timestamptz,varchar)->varchar", |c, a| formats::mysql(local(&a[0], &c.args[0]), a[1].str()).map(Val::Str)),
    ("date_parse(varchar,varchar)->timestamp(3)", |_, a| formats::parse_mysql(a[0].str(), a[1].str()).map(Val::Ts)),
    ("format_datetime(timestamp,varchar)->varchar", |c, a| formats::joda(local(&a[0], &c.args[0]), "UTC", 0, a[1].str()).map(Val::Str)),
    ("format_datetime(timestamptz,varchar)->varchar", |c, a| {
        let Ty::TimestampTz(zone) = &c.args[0] else { return Ok(Val::Null) };
        formats::joda(local(&a[0], &c.args[0]), zone, offset(&a[0], &c.args[0]), a[1].str()).map(Val::Str)
    }),
    ("parse_datetime(varchar,varchar)->timestamptz", |_, a| {
        let (local, zone) = formats::parse_joda(a[0].str(), a[1].str())?;
        Ok(Val::Ts(time::from_local(local, zone.as_deref().unwrap_or("UTC"))))
    }),
    ("parse_duration(varchar)->interval", |_, a| Ok(Val::Interval(0, duration(a[0].str())?))),
    ("to_milliseconds(interval)->bigint", |_, a| if let Val::Interval(_, ms) = &a[0] { Ok(Val::Int(*ms)) } else { Ok(Val::Null) }),
    ("timezone(timestamptz)->varchar", |c, _| {
        Ok(if let Ty::TimestampTz(zone) = &c.args[0] { Val::Str(time::zone_name(zone)) } else { Val::Null })
    }),
];

pub(super) static PLAIN_ALL: std::sync::LazyLock<Vec<(&'static str, super::Eval)>> =
    std::sync::LazyLock::new(|| PARTS.iter().chain(OTHERS).copied().collect());

fn last_day(c: &Call<'_>, a: &[Val]) -> Result<Val, String> {
    let (y, m, _) = time::civil(local(&a[0], &c.args[0]).div_euclid(DAY));
    Ok(Val::Date((time::days(y, m as i64 + 1, 1) - 1) as i32))
}

fn third(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(args[2].clone())
}
fn second(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(args[1].clone())
}
fn literal(_: &[Ty], constants: &[Option<Val>]) -> Result<Ty, String> {
    let Some(Some(Val::Str(text))) = constants.first() else { return Ok(Ty::Timestamp(3)) };
    match time::parse_timestamp(text) {
        Some((_, Some(zone), _)) => Ok(Ty::TimestampTz(zone.into())),
        Some((_, None, digits)) => Ok(Ty::Timestamp(if digits <= 3 {
            3
        } else if digits <= 6 {
            6
        } else {
            9
        })),
        None => Err(format!("INVALID_LITERAL: {{}}: '{text}' is not a valid TIMESTAMP literal")),
    }
}
fn of_iso(_: &[Ty], constants: &[Option<Val>]) -> Result<Ty, String> {
    Ok(match constants.first() {
        Some(Some(Val::Str(text))) => iso(text).ok().and_then(|(_, zone)| zone).map_or_else(Ty::utc, |z| Ty::TimestampTz(z.into())),
        _ => Ty::utc(),
    })
}
fn in_zone(_: &[Ty], constants: &[Option<Val>]) -> Result<Ty, String> {
    Ok(zone_of(constants.get(1).and_then(Option::as_ref)))
}

pub(super) const TYPED: Typed = &[
    ("$timestamp(varchar)->unknown", literal, |c, a| {
        let (local, _, _) = time::parse_timestamp(a[0].str()).ok_or_else(|| bad(a[0].str()))?;
        Ok(global(local, c.ret))
    }),
    ("date_add(varchar,bigint,date)->unknown", third, |c, a| add(c, a)),
    ("date_add(varchar,bigint,timestamp)->unknown", third, |c, a| add(c, a)),
    ("date_add(varchar,bigint,timestamptz)->unknown", third, |c, a| add(c, a)),
    ("date_add(varchar,bigint,time)->unknown", third, |c, a| add(c, a)),
    ("date_trunc(varchar,date)->unknown", second, |c, a| trunc(c, a)),
    ("date_trunc(varchar,timestamp)->unknown", second, |c, a| trunc(c, a)),
    ("date_trunc(varchar,timestamptz)->unknown", second, |c, a| trunc(c, a)),
    ("date_trunc(varchar,time)->unknown", second, |c, a| trunc(c, a)),
    ("from_iso8601_timestamp(varchar)->unknown", of_iso, |_, a| {
        let (local, zone) = iso(a[0].str())?;
        Ok(Val::Ts(time::from_local(local, zone.as_deref().unwrap_or("UTC"))))
    }),
    ("from_iso8601_timestamp_nanos(varchar)->unknown", of_iso, |_, a| {
        let (local, zone) = iso(a[0].str())?;
        Ok(Val::Ts(time::from_local(local, zone.as_deref().unwrap_or("UTC"))))
    }),
    ("from_unixtime(double,varchar)->unknown", in_zone, |_, a| {
        known(a[1].str())?;
        Ok(Val::Ts((a[0].double() * 1000.0).round() as i64 * 1000))
    }),
    ("at_timezone(timestamptz,varchar)->unknown", in_zone, |_, a| {
        known(a[1].str())?;
        Ok(a[0].clone())
    }),
    ("with_timezone(timestamp,varchar)->unknown", in_zone, |_, a| {
        known(a[1].str())?;
        Ok(Val::Ts(time::from_local(a[0].int(), a[1].str())))
    }),
];
