//! Moments as AWS writes them: RFC 3339, HTTP dates, seconds since the epoch. Proleptic Gregorian, UTC, no leap seconds.

use crate::{Timestamp, TimestampFormat};
use std::fmt::Write;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Timestamp {
    /// The moment in one of AWS's formats. Milliseconds are written when they are not zero; finer parts are dropped.
    pub fn format(self, format: TimestampFormat) -> String {
        let mut out = String::with_capacity(32);
        write(self, format, &mut out);
        out
    }

    /// Reads one of AWS's formats; `None` when the text is not in it. RFC 3339 offsets and fractions are understood.
    pub fn parse(text: &str, format: TimestampFormat) -> Option<Timestamp> {
        match format {
            TimestampFormat::DateTime => parse_date_time(text),
            TimestampFormat::HttpDate => parse_http_date(text),
            TimestampFormat::EpochSeconds => parse_epoch(text),
        }
    }
}

/// Appends the moment to `out`.
pub(crate) fn write(time: Timestamp, format: TimestampFormat, out: &mut String) {
    let secs = time.secs();
    let millis = time.millis().rem_euclid(1000);
    let (year, month, day) = civil(secs.div_euclid(86_400));
    let of_day = secs.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let _ = match format {
        TimestampFormat::DateTime => write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
        TimestampFormat::HttpDate => {
            let weekday = DAYS[(secs.div_euclid(86_400) + 3).rem_euclid(7) as usize];
            write!(out, "{weekday}, {day:02} {} {year:04} {hour:02}:{minute:02}:{second:02}", MONTHS[month as usize - 1])
        }
        TimestampFormat::EpochSeconds if secs < 0 && millis > 0 => return write_negative(time.millis(), out),
        TimestampFormat::EpochSeconds => write!(out, "{secs}"),
    };
    // An HTTP date has no fraction on AWS's wire.
    if millis != 0 && format != TimestampFormat::HttpDate {
        let _ = write!(out, ".{millis:03}");
        if format == TimestampFormat::EpochSeconds {
            out.truncate(out.trim_end_matches('0').len());
        }
    }
    match format {
        TimestampFormat::DateTime => out.push('Z'),
        TimestampFormat::HttpDate => out.push_str(" GMT"),
        TimestampFormat::EpochSeconds => {}
    }
}

fn write_negative(millis: i64, out: &mut String) {
    let _ = write!(out, "-{}.{:03}", millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
    out.truncate(out.trim_end_matches('0').len());
}

/// A moment from seconds that may have a fraction; microseconds are the finest that a double holds truly.
pub(crate) fn from_f64(secs: f64) -> Option<Timestamp> {
    if !secs.is_finite() || secs.abs() > 253_402_300_800.0 {
        return None;
    }
    Some(Timestamp { unix_ns: (secs * 1e6).round() as i128 * 1000 })
}

fn parse_epoch(text: &str) -> Option<Timestamp> {
    if let Ok(secs) = text.parse::<i64>() {
        return (secs.unsigned_abs() <= 253_402_300_800).then(|| Timestamp::from_secs(secs));
    }
    from_f64(text.parse::<f64>().ok()?)
}

fn parse_date_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() == 10 {
        // A date alone is midnight: Lifecycle's `<Date>` comes so from some clients.
        return moment(date(bytes)?, (0, 0, 0));
    }
    let separator = *bytes.get(10)?;
    if !matches!(separator, b'T' | b't' | b' ') || *bytes.get(13)? != b':' || *bytes.get(16)? != b':' {
        return None;
    }
    let clock = (digits(bytes, 11, 2)?, digits(bytes, 14, 2)?, digits(bytes, 17, 2)?);
    let mut at = 19;
    let mut nanos = 0i128;
    if bytes.get(at) == Some(&b'.') {
        let from = at + 1;
        at = from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        nanos = fraction(&bytes[from..at])?;
    }
    let offset = match *bytes.get(at)? {
        b'Z' | b'z' if bytes.len() == at + 1 => 0,
        sign @ (b'+' | b'-') => {
            // `+01:00` and `+0100`.
            let colon = usize::from(bytes.get(at + 3) == Some(&b':'));
            if bytes.len() != at + 5 + colon {
                return None;
            }
            let secs = digits(bytes, at + 1, 2)? * 3600 + digits(bytes, at + 3 + colon, 2)? * 60;
            if sign == b'-' { -secs } else { secs }
        }
        _ => return None,
    };
    Some(moment(date(bytes)?, clock)?.plus_ns(nanos - offset as i128 * 1_000_000_000))
}

fn date(bytes: &[u8]) -> Option<(i64, i64, i64)> {
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    Some((digits(bytes, 0, 4)?, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, with or without a fraction.
fn parse_http_date(text: &str) -> Option<Timestamp> {
    let rest = text.split_once(", ")?.1;
    let mut parts = rest.split(' ');
    let day = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name))? as i64 + 1;
    let year = parts.next()?.parse().ok()?;
    let clock = parts.next()?;
    if !matches!(parts.next()?, "GMT" | "UTC" | "+0000") || parts.next().is_some() {
        return None;
    }
    let (clock, nanos) = match clock.split_once('.') {
        Some((clock, digits)) => (clock, fraction(digits.as_bytes())?),
        None => (clock, 0),
    };
    let bytes = clock.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let clock = (digits(bytes, 0, 2)?, digits(bytes, 3, 2)?, digits(bytes, 6, 2)?);
    Some(moment((year, month, day), clock)?.plus_ns(nanos))
}

fn fraction(digits: &[u8]) -> Option<i128> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((0..9).fold(0i128, |nanos, i| nanos * 10 + digits.get(i).map_or(0, |d| (d - b'0') as i128)))
}

fn digits(bytes: &[u8], from: usize, count: usize) -> Option<i64> {
    let part = bytes.get(from..from + count)?;
    part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, b| n * 10 + (b - b'0') as i64))
}

fn moment((year, month, day): (i64, i64, i64), (hour, minute, second): (i64, i64, i64)) -> Option<Timestamp> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(0..=9999).contains(&year) || !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(Timestamp::from_secs(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second))
}

/// Days since the epoch of a civil date (Howard Hinnant's algorithm).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of a day since the epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use TimestampFormat::*;

    #[test]
    fn writes_and_reads_each_format() {
        let time = Timestamp::from_millis(946_845_296_123);
        for (format, text) in [(DateTime, "2000-01-02T20:34:56.123Z"), (EpochSeconds, "946845296.123")] {
            assert_eq!(time.format(format), text);
            assert_eq!(Timestamp::parse(text, format), Some(time));
        }
        assert_eq!(time.format(HttpDate), "Sun, 02 Jan 2000 20:34:56 GMT");
        assert_eq!(Timestamp::parse("Sun, 02 Jan 2000 20:34:56.123 GMT", HttpDate), Some(time));
        assert_eq!(Timestamp::parse("2000-01-02T21:34:56.123+01:00", DateTime), Some(time));
        assert_eq!(Timestamp::from_millis(-1500).format(EpochSeconds), "-1.5");
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for day in -146_097..146_097 {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m, d), day);
        }
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "",
            "2000",
            "2000-13-01T00:00:00Z",
            "2001-02-29T00:00:00Z",
            "2000-01-01T24:00:00Z",
            "2000-01-01T00:00:00",
            "2000-01-01T00:00:00.Z",
            "２000-01-01",
        ] {
            assert_eq!(Timestamp::parse(text, DateTime), None, "{text}");
        }
        assert_eq!(Timestamp::parse("1e30", EpochSeconds), None);
        assert_eq!(Timestamp::parse("NaN", EpochSeconds), None);
    }
}
