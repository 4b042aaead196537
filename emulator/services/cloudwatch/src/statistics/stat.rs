//! Statistics by their names: `Average`, `p99.9`, `tm90`, `TM(10%:90%)`, `PR(:300)`, `IQM` and their kin, and their values. Pure.

use crate::{model::Statistic, stats::Stats};

/// A statistic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stat {
    Simple(Statistic),
    /// The value below which so many percent lie.
    Percentile(f64),
    /// What lies between two bounds: mean, winsorised mean, count, sum, or share in percent.
    Trimmed(Trim, Bounds),
}

/// What is told of the values between bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trim {
    Mean,
    Winsorised,
    Count,
    Sum,
    Rank,
}

/// From (exclusive) and to (inclusive), as percentiles or as values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    percent: bool,
    from: Option<f64>,
    to: Option<f64>,
}

impl Stat {
    /// Reads a name; `None` when CloudWatch knows no such statistic.
    pub fn parse(text: &str) -> Option<Stat> {
        if let Some(simple) = Statistic::parse(text) {
            return Some(Stat::Simple(simple));
        }
        if text.eq_ignore_ascii_case("IQM") {
            return Some(Stat::Trimmed(Trim::Mean, Bounds { percent: true, from: Some(25.0), to: Some(75.0) }));
        }
        if let Some(number) = text.strip_prefix('p') {
            return percent(number).map(Stat::Percentile);
        }
        let (kind, rest) = text.split_at_checked(2)?;
        let trim = match kind {
            "tm" | "TM" => Trim::Mean,
            "wm" | "WM" => Trim::Winsorised,
            "tc" | "TC" => Trim::Count,
            "ts" | "TS" => Trim::Sum,
            "PR" => Trim::Rank,
            _ => return None,
        };
        if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            return bounds(inner, trim).map(|bounds| Stat::Trimmed(trim, bounds));
        }
        let to = percent(rest).filter(|_| kind.starts_with(char::is_lowercase))?;
        Some(Stat::Trimmed(trim, Bounds { percent: true, from: None, to: Some(to) }))
    }

    /// Its value; `None` where nothing was measured or the values are not known.
    pub fn of(&self, stats: &Stats) -> Option<f64> {
        if stats.count <= 0.0 {
            return None;
        }
        match self {
            Stat::Simple(Statistic::SampleCount) => Some(stats.count),
            Stat::Simple(Statistic::Average) => Some(stats.sum / stats.count),
            Stat::Simple(Statistic::Sum) => Some(stats.sum),
            Stat::Simple(Statistic::Minimum) => Some(stats.min),
            Stat::Simple(Statistic::Maximum) => Some(stats.max),
            Stat::Percentile(percent) => Some(at_rank(stats.values.as_ref()?, stats.count * percent / 100.0)),
            Stat::Trimmed(trim, bounds) => trimmed(*trim, bounds, stats.values.as_ref()?, stats.count),
        }
    }
}

fn percent(text: &str) -> Option<f64> {
    // Ten decimals are the most that AWS takes.
    let plain = !text.is_empty() && text.len() <= 14 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse().ok().filter(|number| plain && (0.0..=100.0).contains(number))
}

fn bounds(inner: &str, trim: Trim) -> Option<Bounds> {
    let (from, to) = inner.split_once(':')?;
    let percents = [from, to].iter().filter(|text| text.ends_with('%')).count();
    let given = [from, to].iter().filter(|text| !text.is_empty()).count();
    if given == 0 || (percents != 0 && percents != given) || (trim == Trim::Rank && percents != 0) {
        return None;
    }
    let read = |text: &str| match text {
        "" => Some(None),
        text => match text.strip_suffix('%') {
            Some(number) => percent(number).map(Some),
            None => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Some),
        },
    };
    let (from, to) = (read(from)?, read(to)?);
    let in_order = from.zip(to).is_none_or(|(from, to)| from < to);
    in_order.then_some(Bounds { percent: percents != 0, from, to })
}

/// The value at a rank of all values, counted from 0.
fn at_rank(values: &[(f64, f64)], rank: f64) -> f64 {
    let mut passed = 0.0;
    for (value, count) in values {
        passed += count;
        if passed >= rank {
            return *value;
        }
    }
    values.last().map_or(0.0, |(value, _)| *value)
}

fn trimmed(trim: Trim, bounds: &Bounds, values: &[(f64, f64)], all: f64) -> Option<f64> {
    let (mut count, mut sum, mut below, mut above) = (0.0, 0.0, 0.0, 0.0);
    let mut passed = 0.0;
    for (value, times) in values {
        let (under, over) = outside(bounds, *value, *times, passed, all);
        let inside = times - under - over;
        (count, sum) = (count + inside, sum + value * inside);
        (below, above) = (below + under, above + over);
        passed += times;
    }
    let edge = |bound: Option<f64>, open: f64| match bound {
        Some(bound) if bounds.percent => at_rank(values, all * bound / 100.0),
        Some(bound) => bound,
        None => open,
    };
    match trim {
        Trim::Mean => (count > 0.0).then(|| sum / count),
        Trim::Count => Some(count),
        Trim::Sum => Some(sum),
        Trim::Rank => Some(count / all * 100.0),
        Trim::Winsorised => Some((sum + below * edge(bounds.from, 0.0) + above * edge(bounds.to, 0.0)) / all),
    }
}

/// How many of a value's occurrences lie below and above the bounds.
fn outside(bounds: &Bounds, value: f64, times: f64, passed: f64, all: f64) -> (f64, f64) {
    if bounds.percent {
        let from = all * bounds.from.unwrap_or(0.0) / 100.0;
        let to = all * bounds.to.unwrap_or(100.0) / 100.0;
        return ((from - passed).clamp(0.0, times), (passed + times - to).clamp(0.0, times));
    }
    if bounds.from.is_some_and(|from| value <= from) {
        return (times, 0.0);
    }
    match bounds.to.is_some_and(|to| value > to) {
        true => (0.0, times),
        false => (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<f64> {
        let mut stats = Stats::default();
        (1..=100).for_each(|n| stats.add(f64::from(n), 1.0));
        Stat::parse(name)?.of(&stats)
    }

    #[test]
    fn percentiles_and_trimmed_statistics() {
        assert_eq!(of("p50"), Some(50.0));
        assert_eq!(of("p99.9"), Some(100.0));
        assert_eq!(of("tm90"), Some(45.5));
        assert_eq!(of("TM(10%:90%)"), Some(50.5));
        assert_eq!(of("TM(10:20)"), Some(15.5));
        assert_eq!(of("IQM"), Some(50.5));
        assert_eq!(of("tc90"), Some(90.0));
        assert_eq!(of("TS(98%:)"), Some(199.0));
        assert_eq!(of("PR(:30)"), Some(30.0));
        assert_eq!(of("WM(:50)"), Some((1275.0 + 50.0 * 50.0) / 100.0));
    }

    #[test]
    fn refuses_what_is_no_statistic() {
        for name in ["p101", "p", "tm", "TM90", "TM(90%:10%)", "TM(10%:90)", "PR(10%:)", "TM(:)", "Median", "xé"] {
            assert_eq!(of(name), None, "{name}");
        }
    }
}
