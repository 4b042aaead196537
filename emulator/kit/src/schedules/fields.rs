//! The six fields of a cron expression: which numbers each of them names.

/// Numbers that a field may name, with their three-letter names.
pub(super) struct Range {
    pub least: u16,
    pub most: u16,
    pub names: &'static [&'static str],
    /// Whether `a-b` may run over the end (`FRI-MON`).
    pub wraps: bool,
}

pub(super) const MINUTES: Range = Range { least: 0, most: 59, names: &[], wraps: false };
pub(super) const HOURS: Range = Range { least: 0, most: 23, names: &[], wraps: false };
pub(super) const DAYS: Range = Range { least: 1, most: 31, names: &[], wraps: false };
pub(super) const MONTHS: Range = Range {
    least: 1,
    most: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    wraps: false,
};
/// Sunday is 1, as on AWS.
pub(super) const WEEKDAYS: Range = Range { least: 1, most: 7, names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], wraps: true };
pub(super) const YEARS: Range = Range { least: 1970, most: 2199, names: &[], wraps: false };

/// A set of the numbers of a range: sorted, without doubles.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set(Vec<u16>);

impl Set {
    pub(super) fn has(&self, number: u16) -> bool {
        self.0.binary_search(&number).is_ok()
    }
    /// The first that is at least `number`.
    pub(super) fn from(&self, number: u16) -> Option<u16> {
        self.0.get(self.0.partition_point(|n| *n < number)).copied()
    }
    pub(super) fn add(&mut self, numbers: impl IntoIterator<Item = u16>) {
        self.0.extend(numbers);
        self.0.sort_unstable();
        self.0.dedup();
    }
}

impl Range {
    /// Reads a whole field: items between commas.
    pub(super) fn set(&self, text: &str) -> Option<Set> {
        let mut set = Set::default();
        for item in text.split(',') {
            set.add(self.item(item)?);
        }
        Some(set)
    }

    /// `*`, `5`, `MON-FRI`, `0/15`, `*/2`, `8-17/3`.
    pub(super) fn item(&self, text: &str) -> Option<Vec<u16>> {
        let (span, step) = match text.split_once('/') {
            Some((span, step)) => (span, Some(number(step).filter(|n| *n >= 1 && *n <= self.most - self.least + 1)?)),
            None => (text, None),
        };
        let (from, to) = match span.split_once('-') {
            _ if span == "*" => (self.least, self.most),
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            // `5/10` goes on to the end of the range, `5` alone does not.
            None => (self.value(span)?, if step.is_some() { self.most } else { self.value(span)? }),
        };
        let step = step.unwrap_or(1) as usize;
        if from <= to {
            return Some((from..=to).step_by(step).collect());
        }
        self.wraps.then(|| (from..=self.most).chain(self.least..=to).step_by(step).collect())
    }

    /// A number of the range or one of its names.
    pub(super) fn value(&self, text: &str) -> Option<u16> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|at| at as u16 + self.least);
        named.or_else(|| number(text)).filter(|n| (self.least..=self.most).contains(n))
    }
}

fn number(text: &str) -> Option<u16> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}
