//! Schedule expressions as EventBridge and Scheduler have them: `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)`, `at(2026-11-22T09:00:00)`.
//!
//! Pure: an expression tells the next moment after a moment. Who waits for it, and what happens then, is the business of services.

mod cron;
mod fields;

pub use cron::Cron;
pub use jiff::tz::TimeZone;

use jiff::civil::DateTime;
use wire::Timestamp;

const SECOND: i128 = 1_000_000_000;
/// Longer texts are no expressions; AWS's models end at 256.
const MOST_CHARS: usize = 256;

/// When something recurs, or happens once.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Every so many nanoseconds.
    Rate(i128),
    /// At the moments of a cron expression.
    Cron(Cron),
    /// Once, at a moment of a time zone's wall clock.
    At(DateTime),
}

impl Expression {
    /// Reads `rate(...)`, `cron(...)` or `at(...)`; `None` when the text is none of them, letter for letter.
    pub fn parse(text: &str) -> Option<Expression> {
        if text.len() > MOST_CHARS {
            return None;
        }
        let inner = |name: &str| text.strip_prefix(name)?.strip_suffix(')');
        if let Some(rate) = inner("rate(") {
            return parse_rate(rate).map(Expression::Rate);
        }
        if let Some(fields) = inner("cron(") {
            return Cron::parse(fields).map(Expression::Cron);
        }
        let moment = inner("at(")?;
        // `2026-11-22T09:00:00`: seconds are part of it, a zone is not.
        let well_formed = moment.len() == 19 && moment.as_bytes()[10] == b'T';
        well_formed.then(|| moment.parse().ok()).flatten().map(Expression::At)
    }

    /// The first moment strictly after `after`. Rates count from `anchor`; wall-clock times are those of `zone`. `None`: never again.
    pub fn next(&self, after: Timestamp, anchor: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Expression::Rate(every) => {
                let passed = (after.unix_ns - anchor.unix_ns).div_euclid(*every).max(-1);
                Some(anchor.plus_ns((passed + 1).max(1) * every))
            }
            Expression::Cron(cron) => cron.next(after, zone),
            Expression::At(moment) => {
                let at = zone.to_ambiguous_timestamp(*moment).compatible().ok()?;
                Some(Timestamp { unix_ns: at.as_nanosecond() }).filter(|at| *at > after)
            }
        }
    }
}

/// `5 minutes`: the unit agrees with the number, as EventBridge wants it. Nanoseconds.
fn parse_rate(text: &str) -> Option<i128> {
    let (number, unit) = text.split_once(' ')?;
    let plain = !number.is_empty() && number.len() <= 9 && number.bytes().all(|b| b.is_ascii_digit());
    let number: i128 = plain.then(|| number.parse().ok()).flatten().filter(|n| *n > 0)?;
    let secs = match (unit, number) {
        ("minute", 1) => 60,
        ("hour", 1) => 3600,
        ("day", 1) => 86_400,
        ("minutes", 2..) => 60,
        ("hours", 2..) => 3600,
        ("days", 2..) => 86_400,
        _ => return None,
    };
    Some(number * secs * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        crate::time::parse_iso(text).unwrap()
    }

    #[test]
    fn rates_agree_with_their_number() {
        for good in ["rate(1 minute)", "rate(5 minutes)", "rate(1 hour)", "rate(12 hours)", "rate(1 day)", "rate(30 days)"] {
            assert!(Expression::parse(good).is_some(), "{good}");
        }
        // What AWS refuses, as recorded.
        let bad = "rate(10 seconds)|rate(10 years)|rate(1 minutes)|rate(1 hours)|rate(1 days)|rate(10 minute)|rate(10 hour)|rate(10 day)|\
                   rate()|rate(10)|rate(10 minutess)|rate(foo minutes)|rate(0 minutes)|rate(-10 minutes)|rate(10 MINUTES)|\
                   rate( 10 minutes )| rate(10 minutes)";
        for bad in bad.split('|') {
            assert_eq!(Expression::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_rate_counts_from_its_anchor_and_does_not_drift() {
        let rate = Expression::parse("rate(5 minutes)").unwrap();
        let anchor = at("2026-01-01T00:00:30Z");
        let next = |after: &str| crate::time::iso_secs(rate.next(at(after), anchor, &TimeZone::UTC).unwrap());
        assert_eq!(next("2026-01-01T00:00:30Z"), "2026-01-01T00:05:30Z");
        assert_eq!(next("2026-01-01T00:05:30Z"), "2026-01-01T00:10:30Z");
        assert_eq!(next("2026-01-01T00:07:00Z"), "2026-01-01T00:10:30Z");
        assert_eq!(next("2025-01-01T00:07:00Z"), "2026-01-01T00:05:30Z");
    }

    #[test]
    fn at_is_once() {
        let once = Expression::parse("at(2026-11-22T09:00:00)").unwrap();
        let anchor = at("2026-01-01T00:00:00Z");
        let next = once.next(anchor, anchor, &TimeZone::UTC).unwrap();
        assert_eq!(next, at("2026-11-22T09:00:00Z"));
        assert_eq!(once.next(next, anchor, &TimeZone::UTC), None);
        for bad in
            ["at(2026-11-22)", "at(2026-11-22T09:00)", "at(2026-11-22T09:00:00Z)", "at(2026-13-22T09:00:00)", "at(2026-11-22 09:00:00)"]
        {
            assert_eq!(Expression::parse(bad), None, "{bad}");
        }
    }
}
