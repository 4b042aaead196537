//! The rule of a composite alarm: states of other alarms joined by AND, OR and NOT. Pure.

use crate::model::StateValue;

const MOST_DEPTH: usize = 50;
const MOST_CHILDREN: usize = 100;

/// A parsed rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    Always(bool),
    Is(StateValue, String),
    Not(Box<Rule>),
    And(Box<Rule>, Box<Rule>),
    Or(Box<Rule>, Box<Rule>),
}

impl Rule {
    /// Names of the alarms in it, each once.
    pub fn names(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.collect(&mut all);
        all.sort();
        all.dedup();
        all
    }
    fn collect(&self, into: &mut Vec<String>) {
        match self {
            Rule::Always(_) => {}
            Rule::Is(_, name) => into.push(name.clone()),
            Rule::Not(inner) => inner.collect(into),
            Rule::And(left, right) | Rule::Or(left, right) => {
                left.collect(into);
                right.collect(into);
            }
        }
    }
    /// Whether it holds; `state` tells an alarm's state, nothing for one that is gone.
    pub fn holds(&self, state: &impl Fn(&str) -> Option<StateValue>) -> bool {
        match self {
            Rule::Always(truth) => *truth,
            Rule::Is(wanted, name) => state(name) == Some(*wanted),
            Rule::Not(inner) => !inner.holds(state),
            Rule::And(left, right) => left.holds(state) && right.holds(state),
            Rule::Or(left, right) => left.holds(state) || right.holds(state),
        }
    }
}

/// Whether a rule holds where every alarm rings. For tests of what readers make of bad input; the error is a sentence.
pub fn describe_rule(text: &str) -> Result<bool, String> {
    parse(text).map(|rule| rule.holds(&|_| Some(StateValue::Alarm)))
}

/// Reads a rule; the error says what is wrong, `refused: ` before what is not built.
pub(crate) fn parse(text: &str) -> Result<Rule, String> {
    let mut reader = Reader { rest: text };
    let rule = reader.or(0)?;
    if !reader.rest.trim_start().is_empty() {
        return Err(format!("{:?} is not expected", reader.rest.trim_start()));
    }
    match rule.names().len() > MOST_CHILDREN {
        true => Err(format!("a rule may be about {MOST_CHILDREN} alarms at most")),
        false => Ok(rule),
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn or(&mut self, depth: usize) -> Result<Rule, String> {
        let mut left = self.and(depth)?;
        while self.word("OR") {
            left = Rule::Or(Box::new(left), Box::new(self.and(depth + 1)?));
        }
        Ok(left)
    }
    fn and(&mut self, depth: usize) -> Result<Rule, String> {
        let mut left = self.not(depth)?;
        while self.word("AND") {
            left = Rule::And(Box::new(left), Box::new(self.not(depth + 1)?));
        }
        Ok(left)
    }
    fn not(&mut self, depth: usize) -> Result<Rule, String> {
        if depth > MOST_DEPTH {
            return Err("it is nested too deeply".into());
        }
        if self.word("NOT") {
            return Ok(Rule::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.mark('(') {
            let inner = self.or(depth + 1)?;
            return if self.mark(')') { Ok(inner) } else { Err("a closing parenthesis is missing".into()) };
        }
        if self.word("TRUE") {
            return Ok(Rule::Always(true));
        }
        if self.word("FALSE") {
            return Ok(Rule::Always(false));
        }
        if self.word("AT_LEAST") {
            return Err("refused: AT_LEAST in composite alarms' rules".into());
        }
        for state in [StateValue::Alarm, StateValue::Ok, StateValue::InsufficientData] {
            if self.word(state.as_str()) {
                return self.name().map(|name| Rule::Is(state, name));
            }
        }
        Err(format!("a state with an alarm is expected at {:?}", self.rest.trim_start()))
    }

    /// `(name)`, `("name")` or an ARN in its place.
    fn name(&mut self) -> Result<String, String> {
        if !self.mark('(') {
            return Err("a parenthesis with an alarm is expected".into());
        }
        self.rest = self.rest.trim_start();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let name = match quote {
            Some(quote) => {
                let inner = &self.rest[1..];
                let end = inner.find(quote).ok_or("a quoted name is not ended")?;
                self.rest = &inner[end + 1..];
                &inner[..end]
            }
            None => {
                let end = self.rest.find(')').ok_or("a closing parenthesis is missing")?;
                let name = &self.rest[..end];
                self.rest = &self.rest[end..];
                name.trim()
            }
        };
        if !self.mark(')') {
            return Err("a closing parenthesis is missing".into());
        }
        let name = kit::Arn::parse(name).and_then(|arn| arn.after("alarm:")).unwrap_or(name);
        if name.is_empty() { Err("an alarm has no name".into()) } else { Ok(name.to_owned()) }
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let after = rest.strip_prefix(word).filter(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
        if let Some(after) = after {
            self.rest = after;
        }
        after.is_some()
    }
    fn mark(&mut self, mark: char) -> bool {
        let after = self.rest.trim_start().strip_prefix(mark);
        if let Some(after) = after {
            self.rest = after;
        }
        after.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_decides() {
        let rule =
            parse(r#"ALARM("arn:aws:cloudwatch:us-east-1:111111111111:alarm:one") AND NOT (OK(two) OR INSUFFICIENT_DATA('t h'))"#).unwrap();
        assert_eq!(rule.names(), ["one", "t h", "two"]);
        let state = |_: &str| Some(StateValue::Alarm);
        assert!(rule.holds(&state));
        assert!(!rule.holds(&|_| Some(StateValue::Ok)));
        assert!(parse("TRUE OR ALARM(x)").unwrap().holds(&|_| None));
    }

    #[test]
    fn says_what_is_wrong() {
        for text in ["", "ALARM", "ALARM()", "ALARM(a) ALARM(b)", "ALARM(\"a)", "(ALARM(a)", "a OR b", &"(".repeat(200)] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("AT_LEAST(2, ALARM, (a, b))").unwrap_err().starts_with("refused: "));
    }
}
