//! Moments of signatures: reading them, and judging them where two clocks may be meant, the machine's and the cloud's.

use wire::Timestamp;

/// How far a header's signature may lie from now.
pub const MAX_SKEW_NS: i128 = 15 * 60 * 1_000_000_000;
/// Processes of one machine share its clock: a moment later than this cannot have been read from it.
const SAME_MACHINE_NS: i128 = 2_000_000_000;

/// Reads `20130524T000000Z`.
pub fn parse_amz_date(text: &str) -> Option<Timestamp> {
    let b = text.as_bytes();
    if b.len() != 16 || b[8] != b'T' || b[15] != b'Z' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        b[range].iter().try_fold(0i64, |n, d| d.is_ascii_digit().then(|| n * 10 + (d - b'0') as i64))
    };
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(Timestamp::from_secs(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Reads the `Date` header (`Fri, 24 May 2013 00:00:00 GMT`).
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    // S3 doesn't look whether the day of the week is right, and knows no time before the epoch.
    static PARSER: jiff::fmt::rfc2822::DateTimeParser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let zoned = PARSER.parse_zoned(text).ok()?;
    Some(Timestamp { unix_ns: zoned.timestamp().as_nanosecond() }).filter(|at| at.unix_ns >= 0)
}

/// The two readings of now.
#[derive(Clone, Copy, Debug)]
pub struct Nows {
    /// The machine's clock.
    pub real: Timestamp,
    /// The cloud's clock.
    pub virtual_: Timestamp,
}

impl Nows {
    /// Nanoseconds between a signature's moment and the nearer of the two nows; negative for moments to come.
    pub fn age_ns(&self, signed: Timestamp) -> i128 {
        let (real, virtual_) = (self.real.unix_ns - signed.unix_ns, self.virtual_.unix_ns - signed.unix_ns);
        if real.abs() < virtual_.abs() { real } else { virtual_ }
    }

    /// Whether a moment was read from the machine's clock rather than from the cloud's: it is not to come, and it lies nearer.
    pub fn is_real(&self, at: Timestamp) -> bool {
        let (real, virtual_) = (self.real.unix_ns - at.unix_ns, self.virtual_.unix_ns - at.unix_ns);
        real >= -SAME_MACHINE_NS && real.abs() <= virtual_.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i128 = 3_600_000_000_000;
    const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn reads_dates() {
        assert_eq!(parse_amz_date("20130524T000000Z"), Some(Timestamp::from_secs(1_369_353_600)));
        assert_eq!(parse_amz_date("19700101T000000Z"), Some(Timestamp::from_secs(0)));
        assert_eq!(parse_amz_date("20240229T235959Z"), Some(Timestamp::from_secs(1_709_251_199)));
        assert_eq!(parse_http_date("Fri, 24 May 2013 00:00:00 GMT"), Some(Timestamp::from_secs(1_369_353_600)));
        assert_eq!(parse_http_date("Tue, 24 May 2013 00:00:00 GMT"), Some(Timestamp::from_secs(1_369_353_600)), "a Friday");
        assert_eq!(parse_http_date("Fri, 07 Jul 1950 21:53:04 GMT"), None);
        for bad in ["", "2013-05-24T00:00:00Z", "20131324T000000Z", "20130524T250000Z", "2013052aT000000Z"] {
            assert_eq!(parse_amz_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_nearer_clock_counts() {
        let nows = Nows { real: T0, virtual_: T0.plus_ns(7 * 24 * HOUR) };
        assert_eq!(nows.age_ns(T0.plus_ns(-5)), 5);
        assert_eq!(nows.age_ns(T0.plus_ns(7 * 24 * HOUR - 5)), 5);
        assert!(nows.age_ns(T0.plus_ns(3 * 24 * HOUR)) < -MAX_SKEW_NS);
    }

    #[test]
    fn tells_the_domain_of_a_moment() {
        let nows = Nows { real: T0, virtual_: T0.plus_ns(4 * HOUR) };
        assert!(nows.is_real(T0));
        assert!(!nows.is_real(T0.plus_ns(HOUR)), "the machine has not been there yet");
        let past = Nows { real: T0, virtual_: T0.plus_ns(-1000 * HOUR) };
        assert!(!past.is_real(T0.plus_ns(-1000 * HOUR)));
    }
}
