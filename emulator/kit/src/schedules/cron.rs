//! AWS's cron: minutes, hours, day of month, month, day of week, year; one of the two days is `?`. `L`, `W` and `#` as AWS documents them.

use super::fields::{DAYS, HOURS, MINUTES, MONTHS, Set, WEEKDAYS, YEARS};
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use wire::Timestamp;

/// A cron expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    minutes: Set,
    hours: Set,
    days: Days,
    months: Set,
    years: Set,
}

/// Which days of a month.
#[derive(Clone, Debug, PartialEq)]
enum Days {
    OfMonth(Vec<MonthDay>),
    OfWeek(Vec<WeekDay>),
}

#[derive(Clone, Debug, PartialEq)]
enum MonthDay {
    Numbers(Set),
    /// `L`
    Last,
    /// `LW`
    LastWorkday,
    /// `15W`: the working day nearest to the 15th, within the month.
    Nearest(i8),
}

#[derive(Clone, Debug, PartialEq)]
enum WeekDay {
    Numbers(Set),
    /// `6L`: the month's last Friday.
    Last(u16),
    /// `3#2`: the month's second Tuesday.
    Nth(u16, i8),
}

impl Cron {
    /// Reads the six fields between the brackets of `cron(...)`.
    pub fn parse(text: &str) -> Option<Cron> {
        let fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
        let [minutes, hours, day, month, weekday, year] = fields[..] else { return None };
        let days = match (day, weekday) {
            ("?", "?") => return None,
            (day, "?") => Days::OfMonth(day.split(',').map(month_day).collect::<Option<_>>()?),
            ("?", weekday) => Days::OfWeek(weekday.split(',').map(week_day).collect::<Option<_>>()?),
            // AWS: the days can't both be given, not even as `*`.
            _ => return None,
        };
        Some(Cron { minutes: MINUTES.set(minutes)?, hours: HOURS.set(hours)?, days, months: MONTHS.set(month)?, years: YEARS.set(year)? })
    }

    /// The first moment strictly after `after` by the wall clock of `zone`. A time that the clock skips in spring is skipped; one that it
    /// shows twice in autumn happens once, the first time (as Scheduler documents it).
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = jiff::Timestamp::from_nanosecond(after.unix_ns).ok()?;
        let mut wall = zone.to_datetime(start);
        loop {
            wall = self.next_on_the_wall(wall)?;
            let offset = match zone.to_ambiguous_timestamp(wall).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset,
                AmbiguousOffset::Fold { before, .. } => before,
                AmbiguousOffset::Gap { .. } => continue,
            };
            let at = offset.to_timestamp(wall).ok()?;
            if at > start {
                return Some(Timestamp { unix_ns: at.as_nanosecond() });
            }
        }
    }

    fn next_on_the_wall(&self, after: DateTime) -> Option<DateTime> {
        let mut date = after.date();
        let mut minute = after.hour() as u16 * 60 + after.minute() as u16 + 1;
        loop {
            let year = self.years.from(date.year().max(0) as u16)?;
            if year as i16 != date.year() {
                (date, minute) = (Date::new(year as i16, 1, 1).ok()?, 0);
            }
            if !self.months.has(date.month() as u16) {
                (date, minute) = (date.first_of_month().checked_add(jiff::Span::new().months(1)).ok()?, 0);
                continue;
            }
            if self.days.has(date)
                && let Some(time) = self.time_from(minute)
            {
                return Some(date.to_datetime(time));
            }
            (date, minute) = (date.tomorrow().ok()?, 0);
        }
    }

    /// The first time of day that is at least `minute` minutes after midnight.
    fn time_from(&self, minute: u16) -> Option<Time> {
        let (hour, within) = (minute / 60, minute % 60);
        let now = self.hours.has(hour).then(|| self.minutes.from(within)).flatten().map(|m| (hour, m));
        let (hour, minute) = match now {
            Some(found) => found,
            None => (self.hours.from(hour + 1)?, self.minutes.from(0)?),
        };
        Time::new(hour as i8, minute as i8, 0, 0).ok()
    }
}

fn month_day(text: &str) -> Option<MonthDay> {
    match text.to_ascii_uppercase().as_str() {
        "L" => Some(MonthDay::Last),
        "LW" => Some(MonthDay::LastWorkday),
        upper => match upper.strip_suffix('W') {
            Some(day) => DAYS.value(day).map(|day| MonthDay::Nearest(day as i8)),
            None => DAYS.set(text).map(MonthDay::Numbers),
        },
    }
}

fn week_day(text: &str) -> Option<WeekDay> {
    let upper = text.to_ascii_uppercase();
    if upper == "L" {
        return WEEKDAYS.set("7").map(WeekDay::Numbers);
    }
    if let Some((day, nth)) = upper.split_once('#') {
        let nth: i8 = nth.parse().ok().filter(|n| (1..=5).contains(n))?;
        return Some(WeekDay::Nth(WEEKDAYS.value(day)?, nth));
    }
    match upper.strip_suffix('L') {
        Some(day) => WEEKDAYS.value(day).map(WeekDay::Last),
        None => WEEKDAYS.set(text).map(WeekDay::Numbers),
    }
}

impl Days {
    fn has(&self, date: Date) -> bool {
        match self {
            Days::OfMonth(items) => items.iter().any(|item| item.has(date)),
            Days::OfWeek(items) => items.iter().any(|item| item.has(date)),
        }
    }
}

impl MonthDay {
    fn has(&self, date: Date) -> bool {
        match self {
            MonthDay::Numbers(set) => set.has(date.day() as u16),
            MonthDay::Last => date == date.last_of_month(),
            MonthDay::LastWorkday => date == nearest_workday(date.last_of_month()),
            MonthDay::Nearest(day) => Date::new(date.year(), date.month(), *day).is_ok_and(|day| date == nearest_workday(day)),
        }
    }
}

impl WeekDay {
    fn has(&self, date: Date) -> bool {
        let today = date.weekday().to_sunday_one_offset() as u16;
        match self {
            WeekDay::Numbers(set) => set.has(today),
            WeekDay::Last(day) => today == *day && date.day() + 7 > date.days_in_month(),
            WeekDay::Nth(day, nth) => today == *day && (date.day() - 1) / 7 + 1 == *nth,
        }
    }
}

/// Saturday gives Friday and Sunday Monday, but never one of another month.
fn nearest_workday(day: Date) -> Date {
    let by = |days: i64| day.checked_add(jiff::Span::new().days(days)).unwrap_or(day);
    match day.weekday() {
        Weekday::Saturday if day.day() == 1 => by(2),
        Weekday::Saturday => by(-1),
        Weekday::Sunday if day == day.last_of_month() => by(-2),
        Weekday::Sunday => by(1),
        _ => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(text: &str, after: &str, n: usize, zone: &TimeZone) -> Vec<String> {
        let cron = Cron::parse(text).unwrap_or_else(|| panic!("{text} is cron"));
        let mut at = crate::time::parse_iso(after).unwrap();
        let mut out = Vec::new();
        while out.len() < n {
            let Some(next) = cron.next(at, zone) else { break };
            out.push(crate::time::iso_secs(next));
            at = next;
        }
        out
    }
    fn utc(text: &str, after: &str, n: usize) -> Vec<String> {
        series(text, after, n, &TimeZone::UTC)
    }

    #[test]
    fn the_examples_of_awss_pages() {
        assert_eq!(utc("0 10 * * ? *", "2026-11-22T10:00:00Z", 2), ["2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"]);
        assert_eq!(utc("0 18 ? * MON-FRI *", "2026-11-20T18:00:00Z", 1), ["2026-11-23T18:00:00Z"]);
        assert_eq!(utc("0 8 1 * ? *", "2026-11-22T00:00:00Z", 2), ["2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"]);
        assert_eq!(utc("0/15 * * * ? *", "2026-11-22T23:46:10Z", 2), ["2026-11-23T00:00:00Z", "2026-11-23T00:15:00Z"]);
        assert_eq!(utc("0/5 8-17 ? * MON-FRI *", "2026-11-20T17:51:00Z", 2), ["2026-11-20T17:55:00Z", "2026-11-23T08:00:00Z"]);
        assert_eq!(utc("0/30 20-23 ? * FRI-MON *", "2026-11-23T23:30:00Z", 1), ["2026-11-27T20:00:00Z"]);
        assert_eq!(utc("5,35 14 * * ? *", "2026-11-22T14:05:00Z", 2), ["2026-11-22T14:35:00Z", "2026-11-23T14:05:00Z"]);
    }

    #[test]
    fn last_nearest_and_nth() {
        assert_eq!(utc("0 0 L * ? *", "2028-02-01T00:00:00Z", 2), ["2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z"]);
        // The last Friday of a month, within years.
        assert_eq!(utc("15 10 ? * 6L 2002-2003", "2003-11-01T00:00:00Z", 9), ["2003-11-28T10:15:00Z", "2003-12-26T10:15:00Z"]);
        assert_eq!(utc("0 2 ? * SAT#3 *", "2026-11-01T00:00:00Z", 2), ["2026-11-21T02:00:00Z", "2026-12-19T02:00:00Z"]);
        // 1 August 2026 is a Saturday: the nearest working day within the month is Monday the 3rd. The 15th is one, too.
        assert_eq!(utc("0 0 1W 8 ? 2026", "2026-01-01T00:00:00Z", 2), ["2026-08-03T00:00:00Z"]);
        assert_eq!(utc("0 0 15W 8 ? 2026", "2026-01-01T00:00:00Z", 2), ["2026-08-14T00:00:00Z"]);
        assert_eq!(utc("0 0 LW 5 ? 2026", "2026-01-01T00:00:00Z", 2), ["2026-05-29T00:00:00Z"]);
        assert_eq!(utc("0 0 30 2 ? *", "2026-01-01T00:00:00Z", 1), Vec::<String>::new());
    }

    #[test]
    fn what_aws_refuses() {
        let bad = "0 1 * * * *|7 20 * * NOT *|INVALID|0 dummy ? * MON-FRI *|71 8 1 * ? *|0 1 ? * ? *|0 1 * * ?|0 24 * * ? *|0 0 32 * ? *|\
                   0 0 * 13 ? *|0 0 ? * 8 *|0 0 ? * 2#6 *|0/0 * * * ? *|* * * * ? 1969|5-1 * * * ? *|? * * * ? *|-1 * * * ? *||0 0 0W * ? *";
        for bad in bad.split('|') {
            assert_eq!(Cron::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn clocks_that_change() {
        // New York: 2:30 does not exist on 14 March 2027, and 1:30 comes twice on 7 November 2027.
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        assert_eq!(series("30 2 * * ? *", "2027-03-13T12:00:00Z", 1, &zone), ["2027-03-15T06:30:00Z"]);
        let autumn = series("30 1 * * ? *", "2027-11-07T00:00:00Z", 2, &zone);
        assert_eq!(autumn, ["2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"]);
    }
}
