//! Timestamps: a moment, the offset of the clock that was read, and how much of it was said.

use crate::{Error, Result};

/// A timestamp. What was not said (the day of `2026-01T`) is the first there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Microseconds of UTC since 1970; what is finer is dropped.
    pub micros: i64,
    /// Minutes that the local clock was ahead of UTC; `None` where it is unknown (`-00:00`, and without a time).
    pub offset_minutes: Option<i16>,
    /// Whether it says an hour and minute.
    pub has_time: bool,
}

const DAY_MICROS: i64 = 86_400_000_000;

/// The fields of a timestamp on their way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    /// Hour and minute, where they are said.
    pub time: Option<(i64, i64)>,
    pub second: i64,
    pub micros: i64,
    pub offset_minutes: Option<i64>,
}

impl Fields {
    pub(crate) fn of_year(year: i64) -> Fields {
        Fields { year, month: 1, day: 1, time: None, second: 0, micros: 0, offset_minutes: None }
    }

    /// The moment, where the fields are in their ranges. Binary has them in UTC, text on the local clock.
    pub(crate) fn moment(self, local: bool, at: usize) -> Result<Moment> {
        let (hour, minute) = self.time.unwrap_or_default();
        let offset = self.offset_minutes.unwrap_or(0);
        let fits = (1..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_of(self.year, self.month)).contains(&self.day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&self.second)
            && (0..1_000_000).contains(&self.micros)
            && (-1439..=1439).contains(&offset);
        if !fits {
            return Err(Error::Broken("no such timestamp", at));
        }
        let days = days(self.year, self.month, self.day);
        let shift = if local { offset * 60 } else { 0 };
        let seconds = hour * 3600 + minute * 60 + self.second - shift;
        Ok(Moment {
            micros: days * DAY_MICROS + seconds * 1_000_000 + self.micros,
            offset_minutes: self.offset_minutes.map(|minutes| minutes as i16),
            has_time: self.time.is_some(),
        })
    }
}

/// Microseconds of decimal digits behind the point of a second.
pub(crate) fn micros(digits: &str) -> i64 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, by years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        for (date, wanted) in
            [((1970, 1, 1), 0), ((2000, 3, 1), 11_017), ((1969, 12, 31), -1), ((1, 1, 1), -719_162), ((2024, 2, 29), 19_782)]
        {
            assert_eq!(days(date.0, date.1, date.2), wanted, "{date:?}");
        }
        assert_eq!(micros("5"), 500_000);
        assert_eq!(micros("1234567"), 123_456);
    }
}
