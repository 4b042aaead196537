//! The values that a projection of a partition key makes: those alone that the query's tests leave are written out, however long the range.

use super::{KeyTest, MOST_PROJECTED};
use crate::engine::trino::{functions::formats, time};
use kit::Context;

/// A range of integers.
pub(super) struct Integers {
    low: i64,
    high: i64,
    step: i64,
    /// Digits that each is written with at least.
    digits: usize,
}

impl Integers {
    /// By the table's properties: `0,99`, and maybe `interval` and `digits`.
    pub(super) fn of(range: &str, interval: Option<String>, digits: Option<String>) -> Result<Integers, String> {
        let wrong = || format!("{range} is not a range of integers");
        let (low, high) = range.split_once(',').ok_or_else(wrong)?;
        let (low, high): (i64, i64) = (low.trim().parse().map_err(|_| wrong())?, high.trim().parse().map_err(|_| wrong())?);
        let step = interval.and_then(|i| i.parse().ok()).unwrap_or(1).max(1);
        let digits = digits.and_then(|d| d.parse().ok()).unwrap_or(0).min(32);
        if high < low { Err(wrong()) } else { Ok(Integers { low, high, step, digits }) }
    }

    fn shown(&self, n: i64) -> String {
        format!("{n:0width$}", width = self.digits)
    }

    /// The values that the tests may leave. Numbers are compared as numbers where the key is one of `numbers`; texts are not.
    pub(super) fn values(&self, tests: &[&KeyTest], numbers: bool) -> Result<Vec<String>, String> {
        let offset = |n: i64| i128::from(n) - i128::from(self.low);
        if let Some(equal) = tests.iter().find(|t| t.operator == "=") {
            let made = |n: &i64| (self.low..=self.high).contains(n) && offset(*n) % i128::from(self.step) == 0;
            let mut found: Vec<i64> = equal.values.iter().filter_map(|v| v.trim().parse().ok()).filter(made).collect();
            found.sort_unstable();
            found.dedup();
            return Ok(found.into_iter().map(|n| self.shown(n)).collect());
        }
        let (mut low, mut high) = (self.low, self.high);
        for test in tests.iter().filter(|_| numbers) {
            let Some(bound) = test.values.first().and_then(|v| v.trim().parse::<i64>().ok()) else { continue };
            match test.operator {
                "<" | "<=" => high = high.min(bound),
                ">" | ">=" => low = low.max(bound),
                _ => {}
            }
        }
        // On to the next that the steps from the range's start come by.
        let ahead = offset(low).rem_euclid(i128::from(self.step));
        let first = i128::from(low) + if ahead == 0 { 0 } else { i128::from(self.step) - ahead };
        if (i128::from(high) - first) / i128::from(self.step) >= MOST_PROJECTED as i128 {
            return Err(format!("the partition projection makes more than {MOST_PROJECTED} partitions"));
        }
        let mut all = Vec::new();
        let mut next = first;
        while next <= i128::from(high) {
            all.push(self.shown(next as i64));
            next += i128::from(self.step);
        }
        Ok(all)
    }
}

/// A range of dates: microseconds since 1970.
pub(super) struct Dates<'a> {
    low: i64,
    high: i64,
    format: &'a str,
    step: i64,
    unit: String,
}

impl<'a> Dates<'a> {
    /// By the table's properties; `NOW`, with something added or taken off, is the clock's.
    pub(super) fn of(
        cx: &Context,
        range: &str,
        format: &'a str,
        (interval, unit): (Option<String>, Option<String>),
    ) -> Result<Dates<'a>, String> {
        let wrong = || format!("{range} is not a range of dates in the form {format}");
        let (low, high) = range.split_once(',').ok_or_else(wrong)?;
        let now = (cx.now().unix_ns / 1000) as i64;
        let at = |text: &str| -> Option<i64> {
            let text = text.trim();
            let Some(relative) = text.strip_prefix("NOW") else { return parsed(text, format) };
            let relative = relative.replace(' ', "");
            if relative.is_empty() {
                return Some(now);
            }
            let (amount, unit) = relative.split_at(relative.find(|c: char| c.is_ascii_alphabetic())?);
            shift(now, amount.parse().ok()?, unit)
        };
        let (low, high) = (at(low).ok_or_else(wrong)?, at(high).ok_or_else(wrong)?);
        // A format without days steps by months, one with hours by hours only where the table says so.
        let default = if format.contains('d') {
            "DAYS"
        } else if format.contains('M') {
            "MONTHS"
        } else {
            "YEARS"
        };
        let (unit, step) = (unit.unwrap_or_else(|| default.into()), interval.and_then(|i| i.parse::<i64>().ok()).unwrap_or(1).max(1));
        shift(low, step, &unit).ok_or_else(|| format!("{unit} is not a unit of dates"))?;
        Ok(Dates { low, high, format, step, unit })
    }

    /// The moment that so many steps lead to.
    fn moment(&self, steps: i64) -> Option<i64> {
        shift(self.low, steps.checked_mul(self.step)?, &self.unit)
    }

    /// Steps from the range's start to the first moment that is not before `bound`.
    fn steps(&self, bound: i64) -> i64 {
        let (mut before, mut after) = (-1, 1);
        while self.moment(after).is_some_and(|m| m < bound) {
            (before, after) = (after, after * 2);
        }
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.moment(middle).is_some_and(|m| m < bound) { before = middle } else { after = middle }
        }
        after
    }

    fn shown(&self, at: i64) -> Result<String, String> {
        formats::joda(at, "UTC", 0, self.format)
    }

    /// The values that the tests may leave: more than that, never less.
    pub(super) fn values(&self, tests: &[&KeyTest]) -> Result<Vec<String>, String> {
        // The range's end belongs to it, wherever in its period it lies.
        let end = (self.step == 1 && self.high >= self.low).then(|| self.shown(self.high)).transpose()?;
        if let Some(equal) = tests.iter().find(|t| t.operator == "=") {
            let mut all = Vec::new();
            for value in &equal.values {
                let Some(at) = parsed(value, self.format) else { continue };
                let found = self.moment(self.steps(at)).filter(|m| *m <= self.high).map(|m| self.shown(m)).transpose()?;
                // The same number may be written with other digits.
                let number = |v: &String| v.parse::<i64>().ok();
                let same = |v: &String| v == value || (number(v).is_some() && number(v) == number(value));
                if let Some(found) = found.into_iter().chain(end.clone()).find(same)
                    && !all.contains(&found)
                {
                    all.push(found);
                }
            }
            return Ok(all);
        }
        let (mut from, mut to) = (self.low, self.high);
        for test in tests.iter().filter(|_| sortable(self.format)) {
            let Some((text, at)) = test.values.first().and_then(|v| Some((v, parsed(v, self.format)?))) else { continue };
            if self.shown(at)? != *text {
                continue;
            }
            match test.operator {
                "<" | "<=" => to = to.min(shift(at, 1, period(self.format)).unwrap_or(to)),
                ">" | ">=" => from = from.max(at),
                _ => {}
            }
        }
        let mut all: Vec<String> = Vec::new();
        for steps in self.steps(from).. {
            let Some(moment) = self.moment(steps).filter(|m| *m <= to) else { break };
            if all.len() > MOST_PROJECTED {
                return Err(format!("the partition projection makes more than {MOST_PROJECTED} partitions"));
            }
            let shown = self.shown(moment)?;
            if all.last() != Some(&shown) {
                all.push(shown);
            }
        }
        if to == self.high
            && let Some(end) = end
            && all.last() != Some(&end)
        {
            all.push(end);
        }
        Ok(all)
    }
}

fn parsed(text: &str, format: &str) -> Option<i64> {
    formats::parse_joda(text, format).ok().map(|(at, _)| at)
}

/// The fields of a format from the largest to the smallest, as far as it has them, in its own order.
fn fields(format: &str) -> Vec<&str> {
    let mut all = Vec::new();
    for (place, piece) in format.split('\'').enumerate() {
        if place % 2 == 0 {
            all.extend(piece.split(|c: char| !c.is_ascii_alphabetic()).flat_map(runs));
        }
    }
    all
}

/// Runs of the same letter.
fn runs(word: &str) -> impl Iterator<Item = &str> {
    word.as_bytes().chunk_by(|a, b| a == b).filter_map(|run| std::str::from_utf8(run).ok())
}

const FIELDS: [(&str, &str); 6] =
    [("yyyy", "YEARS"), ("MM", "MONTHS"), ("dd", "DAYS"), ("HH", "HOURS"), ("mm", "MINUTES"), ("ss", "SECONDS")];

/// Whether dates in a format stand in time's order when they stand in their texts'.
fn sortable(format: &str) -> bool {
    let fields = fields(format);
    !fields.is_empty() && fields.len() <= FIELDS.len() && fields.iter().zip(FIELDS).all(|(field, (known, _))| *field == known)
}

/// The span that a text in a sortable format stands for.
fn period(format: &str) -> &'static str {
    FIELDS[fields(format).len().clamp(1, FIELDS.len()) - 1].1
}

fn shift(at: i64, amount: i64, unit: &str) -> Option<i64> {
    let months = |count: i64| {
        // Further than any date that is meant: the calendar's arithmetic ends there.
        (count.abs() < 12 * 100_000).then(|| time::add_months(at.div_euclid(time::DAY), count) * time::DAY + at.rem_euclid(time::DAY))
    };
    let plain = |unit: i64| at.checked_add(amount.checked_mul(unit)?);
    match unit.to_ascii_uppercase().trim_end_matches('S') {
        "SECOND" => plain(time::SECOND),
        "MINUTE" => plain(time::MINUTE),
        "HOUR" => plain(time::HOUR),
        "DAY" => plain(time::DAY),
        "WEEK" => plain(7 * time::DAY),
        "MONTH" => months(amount),
        "YEAR" => months(amount.checked_mul(12)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(operator: &'static str, values: &[&str]) -> KeyTest {
        KeyTest { key: "k".into(), operator, values: values.iter().map(|v| v.to_string()).collect() }
    }

    #[test]
    fn of_a_long_range_only_what_is_asked_is_made() {
        let all = Integers::of("0,1000000", Some("5".into()), Some("3".into())).unwrap();
        assert_eq!(all.values(&[&test("=", &["10", "7", "5", "2000000"])], true), Ok(vec!["005".into(), "010".into()]));
        assert_eq!(all.values(&[&test(">", &["11"]), &test("<=", &["20"])], true), Ok(vec!["015".into(), "020".into()]));
        assert!(all.values(&[&test(">", &["11"])], false).is_err(), "texts have another order");
    }

    #[test]
    fn minutes_of_years_are_made_for_the_hour_that_is_asked() {
        let format = "yyyy-MM-dd-HH-mm";
        let at = |text: &str| parsed(text, format).unwrap();
        let dates = Dates { low: at("2020-01-01-00-00"), high: at("2029-12-31-23-59"), format, step: 1, unit: "MINUTES".into() };
        assert!(dates.values(&[]).is_err());
        assert_eq!(dates.values(&[&test("=", &["2024-02-29-05-07", "2031-01-01-00-00"])]), Ok(vec!["2024-02-29-05-07".into()]));
        let hour = dates.values(&[&test(">=", &["2024-02-29-05-00"]), &test("<", &["2024-02-29-06-00"])]).unwrap();
        assert!(hour.len() >= 60 && hour.len() < 63 && hour[0] == "2024-02-29-05-00", "{hour:?}");
        assert!(sortable("yyyy/MM/dd") && sortable("yyyyMMddHH") && !sortable("dd-MM-yyyy") && !sortable("yyyy-M-d"));
        let days = Dates { low: at("2020-01-01-14-23"), high: at("2020-01-05-09-00"), format: "yyyy-MM-dd", step: 1, unit: "DAYS".into() };
        assert_eq!(days.values(&[]).unwrap().len(), 5);
        assert_eq!(days.values(&[&test("=", &["2020-01-05"])]), Ok(vec!["2020-01-05".into()]));
        assert_eq!(days.values(&[&test("=", &["2020-01-03"])]), Ok(vec!["2020-01-03".into()]));
    }
}
