//! Whether an alarm's datapoints cross its threshold: M out of N, with missing ones treated as asked. Pure; AWS's documentation has the tables.

use crate::model::{ComparisonOperator, StateValue};

/// What an alarm asks of its datapoints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub operator: ComparisonOperator,
    pub threshold: f64,
    /// N, and M where it was given.
    pub periods: usize,
    pub to_alarm: Option<usize>,
    /// `breaching`, `notBreaching`, `ignore` or `missing`.
    pub missing: &'a str,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub state: StateValue,
    pub reason: String,
}

impl Question<'_> {
    fn crossed(&self, value: f64) -> bool {
        match self.operator {
            ComparisonOperator::GreaterThanOrEqualToThreshold => value >= self.threshold,
            ComparisonOperator::GreaterThanThreshold => value > self.threshold,
            ComparisonOperator::LessThanThreshold => value < self.threshold,
            ComparisonOperator::LessThanOrEqualToThreshold => value <= self.threshold,
            // PutMetricAlarm refuses bands.
            _ => false,
        }
    }
    fn words(&self) -> &'static str {
        match self.operator {
            ComparisonOperator::GreaterThanOrEqualToThreshold => "greater than or equal to",
            ComparisonOperator::GreaterThanThreshold => "greater than",
            ComparisonOperator::LessThanThreshold => "less than",
            _ => "less than or equal to",
        }
    }

    /// Judges the datapoints of the evaluation range, newest first, each with its moment in words. `None`: the state stays.
    pub fn judge(&self, points: &[(String, Option<f64>)]) -> Option<Verdict> {
        let least = self.to_alarm.unwrap_or(self.periods);
        let real: Vec<(usize, f64, &str)> =
            points.iter().enumerate().filter_map(|(age, (at, value))| Some((age, (*value)?, at.as_str()))).take(self.periods).collect();
        if real.is_empty() {
            return self.nothing();
        }
        let filled = self.periods - real.len();
        let crossed = real.iter().filter(|(_, value, _)| self.crossed(*value)).count();
        let alarm = match self.missing {
            "breaching" => crossed + filled >= least,
            "notBreaching" => crossed >= least,
            _ if crossed >= least => true,
            _ if crossed < real.len() => false,
            // All that is there crosses, but there is too little of it.
            "ignore" => return None,
            _ if real.last().is_some_and(|(age, _, _)| age + 1 >= least) => true,
            _ => return None,
        };
        let state = if alarm { StateValue::Alarm } else { StateValue::Ok };
        Some(Verdict { state, reason: self.reason(alarm, &real, filled, least) })
    }

    fn nothing(&self) -> Option<Verdict> {
        let count = self.periods;
        let (state, treated) = match self.missing {
            "ignore" => return None,
            "breaching" => (StateValue::Alarm, "Breaching"),
            "notBreaching" => (StateValue::Ok, "NonBreaching"),
            _ => {
                let (noun, verb) = if count == 1 { ("datapoint", "was") } else { ("datapoints", "were") };
                let reason = format!("Insufficient Data: {count} {noun} {verb} unknown.");
                return Some(Verdict { state: StateValue::InsufficientData, reason });
            }
        };
        let (periods, points, verb) = if count == 1 { ("period", "datapoint", "was") } else { ("periods", "datapoints", "were") };
        let reason = format!(
            "Threshold Crossed: no datapoints were received for {count} {periods} and {count} missing {points} {verb} treated as [{treated}]."
        );
        Some(Verdict { state, reason })
    }

    fn reason(&self, alarm: bool, real: &[(usize, f64, &str)], filled: usize, least: usize) -> String {
        let telling: Vec<&(usize, f64, &str)> = real.iter().filter(|(_, value, _)| self.crossed(*value) == alarm).collect();
        // Missing datapoints alone may have decided; then all that was measured is told.
        let telling = if telling.is_empty() { real.iter().collect() } else { telling };
        let shown: Vec<String> = telling.iter().take(5).map(|(_, value, at)| format!("{value:?} ({at})")).collect();
        let count = telling.len();
        let held = telling.first().is_some_and(|(_, value, _)| self.crossed(*value));
        let verb = match (count, held) {
            (1, true) => "was",
            (1, false) => "was not",
            (_, true) => "were",
            (_, false) => "were not",
        };
        let points = if count == 1 { "datapoint" } else { "datapoints" };
        let subject = match self.to_alarm {
            Some(_) => format!("{count} out of the last {} datapoints", real.len() + filled),
            None => format!("{count} {points}"),
        };
        let more = match (self.to_alarm, filled, self.missing) {
            (_, 1.., "breaching" | "notBreaching") => {
                let treated = if self.missing == "breaching" { "Breaching" } else { "NonBreaching" };
                let (points, verb) = if filled == 1 { ("datapoint", "was") } else { ("datapoints", "were") };
                format!(" and {filled} missing {points} {verb} treated as [{treated}]")
            }
            (Some(_), ..) => {
                let (points, way) =
                    (if least == 1 { "datapoint" } else { "datapoints" }, if alarm { "OK -> ALARM" } else { "ALARM -> OK" });
                let least = if alarm { least } else { self.periods - least + 1 };
                format!(" (minimum {least} {points} for {way} transition)")
            }
            _ => String::new(),
        };
        format!("Threshold Crossed: {subject} [{}] {verb} {} the threshold ({:?}){more}.", shown.join(", "), self.words(), self.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's notation: `0` is well, `X` crosses, `-` is missing; oldest first.
    fn state(points: &str, periods: usize, to_alarm: Option<usize>, missing: &str) -> &'static str {
        let points: Vec<(String, Option<f64>)> = points
            .chars()
            .rev()
            .map(|c| {
                (
                    String::new(),
                    match c {
                        '0' => Some(0.0),
                        'X' => Some(9.0),
                        _ => None,
                    },
                )
            })
            .collect();
        let question = Question { operator: ComparisonOperator::GreaterThanThreshold, threshold: 5.0, periods, to_alarm, missing };
        question.judge(&points).map_or("retain", |verdict| verdict.state.as_str())
    }

    #[test]
    fn the_tables_of_the_documentation() {
        for (points, expected) in [
            ("0-X-X", ["OK", "OK", "OK", "OK"]),
            ("0----", ["OK", "OK", "OK", "OK"]),
            ("-----", ["INSUFFICIENT_DATA", "retain", "ALARM", "OK"]),
            ("0XX-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            ("--X--", ["ALARM", "retain", "ALARM", "OK"]),
        ] {
            let ours = ["missing", "ignore", "breaching", "notBreaching"].map(|missing| state(points, 3, None, missing));
            assert_eq!(ours, expected, "{points} 3 of 3");
        }
        for (points, expected) in [
            ("0-X-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            ("00X0X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            ("0-X--", ["OK", "OK", "ALARM", "OK"]),
            ("----0", ["OK", "OK", "ALARM", "OK"]),
            ("---X-", ["ALARM", "retain", "ALARM", "OK"]),
        ] {
            let ours = ["missing", "ignore", "breaching", "notBreaching"].map(|missing| state(points, 3, Some(2), missing));
            assert_eq!(ours, expected, "{points} 2 of 3");
        }
    }
}
