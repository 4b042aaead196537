//! Filter patterns: terms, phrases, exclusions, alternatives, and JSON selectors. What is not among them is refused by name.

use crate::Error;
use kit::Fault;
use serde_json::Value;

/// A filter pattern.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Everything.
    All,
    /// Plain text.
    Terms { every: Vec<String>, any: Vec<String>, none: Vec<String> },
    /// `{ $.a = 1 && $.b = "x*" }`
    Json(Expr),
}

/// A condition on a JSON event.
#[derive(Debug)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare { path: Vec<Step>, op: Op, value: Literal },
    Is { path: Vec<Step>, what: &'static str },
    NotExists(Vec<Step>),
}

#[derive(Debug)]
pub(crate) enum Step {
    Member(String),
    Item(usize),
    AnyItem,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug)]
pub(crate) enum Literal {
    Number(f64),
    Text(String),
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Pattern, Fault> {
        let text = text.trim();
        match text.chars().next() {
            None => Ok(Pattern::All),
            Some('{') => Parser::json(text).map(Pattern::Json),
            Some('[') => Err(crate::groups::refused("filter patterns for space-delimited events ([...])")),
            Some('%') => Err(crate::groups::refused("regular expressions in filter patterns (%...%)")),
            Some(_) => terms(text),
        }
    }

    /// Whether an event's message matches.
    pub fn matches(&self, message: &str) -> bool {
        match self {
            Pattern::All => true,
            Pattern::Terms { every, any, none } => {
                every.iter().all(|term| message.contains(term.as_str()))
                    && none.iter().all(|term| !message.contains(term.as_str()))
                    && (any.is_empty() || any.iter().any(|term| message.contains(term.as_str())))
            }
            Pattern::Json(expr) => serde_json::from_str(message).is_ok_and(|event: Value| event.is_object() && expr.holds(&event)),
        }
    }
}

fn invalid(why: impl Into<String>) -> Fault {
    Error::InvalidParameter.says(why)
}

fn terms(text: &str) -> Result<Pattern, Fault> {
    let (mut every, mut any, mut none) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        let (list, after) = match rest.as_bytes()[0] {
            b'?' => (&mut any, &rest[1..]),
            b'-' => (&mut none, &rest[1..]),
            _ => (&mut every, rest),
        };
        let (term, after) = term(after)?;
        list.push(term);
        rest = after.trim_start();
    }
    // AWS ignores alternatives beside required or excluded terms.
    if !every.is_empty() || !none.is_empty() {
        any.clear();
    }
    Ok(Pattern::Terms { every, any, none })
}

fn term(text: &str) -> Result<(String, &str), Fault> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted_text(quoted).ok_or_else(|| invalid("Invalid filter pattern"));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let term = &text[..end];
    if term.is_empty() || !term.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(invalid(format!("Invalid character(s) in term '{term}'")));
    }
    Ok((term.to_owned(), &text[end..]))
}

/// Text up to the closing quote, which may be escaped inside.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => out.push(chars.next()?.1),
            c => out.push(c),
        }
    }
    None
}

impl Expr {
    fn holds(&self, event: &Value) -> bool {
        match self {
            Expr::And(a, b) => a.holds(event) && b.holds(event),
            Expr::Or(a, b) => a.holds(event) || b.holds(event),
            Expr::NotExists(path) => found(event, path).is_empty(),
            Expr::Is { path, what } => found(event, path).iter().any(|v| match *what {
                "NULL" => v.is_null(),
                "TRUE" => **v == Value::Bool(true),
                _ => **v == Value::Bool(false),
            }),
            Expr::Compare { path, op, value } => found(event, path).iter().any(|v| compare(v, *op, value)),
        }
    }
}

fn found<'a>(event: &'a Value, path: &[Step]) -> Vec<&'a Value> {
    path.iter().fold(vec![event], |values, step| {
        values
            .into_iter()
            .flat_map(|value| match step {
                Step::Member(name) => value.get(name).into_iter().collect::<Vec<_>>(),
                Step::Item(at) => value.get(at).into_iter().collect(),
                Step::AnyItem => value.as_array().map(|items| items.iter().collect()).unwrap_or_default(),
            })
            .collect()
    })
}

fn compare(found: &Value, op: Op, wanted: &Literal) -> bool {
    match wanted {
        Literal::Number(number) => found.as_f64().is_some_and(|f| match op {
            Op::Eq => f == *number,
            Op::Ne => f != *number,
            Op::Lt => f < *number,
            Op::Le => f <= *number,
            Op::Gt => f > *number,
            Op::Ge => f >= *number,
        }),
        Literal::Text(text) => {
            let same = found.as_str().is_some_and(|f| like(f, text));
            match op {
                Op::Eq => same,
                Op::Ne => !same,
                _ => false,
            }
        }
    }
}

/// Text with `*` standing for anything.
fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or("")) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn json(text: &'a str) -> Result<Expr, Fault> {
        let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or_else(|| invalid("Invalid filter pattern"))?;
        let mut parser = Parser { rest: inner, depth: 0 };
        let expr = parser.or()?;
        parser.skip();
        if parser.rest.is_empty() { Ok(expr) } else { Err(parser.wrong()) }
    }
    fn wrong(&self) -> Fault {
        invalid(format!("Invalid filter pattern at '{}'", self.rest.chars().take(40).collect::<String>()))
    }
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }
    fn takes(&mut self, text: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
    fn or(&mut self) -> Result<Expr, Fault> {
        let mut left = self.and()?;
        while self.takes("||") {
            left = Expr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }
    fn and(&mut self) -> Result<Expr, Fault> {
        let mut left = self.condition()?;
        while self.takes("&&") {
            left = Expr::And(Box::new(left), Box::new(self.condition()?));
        }
        Ok(left)
    }
    fn condition(&mut self) -> Result<Expr, Fault> {
        if self.takes("(") {
            self.depth += 1;
            if self.depth > 32 {
                return Err(invalid("Invalid filter pattern: too deep"));
            }
            let inner = self.or()?;
            self.depth -= 1;
            return if self.takes(")") { Ok(inner) } else { Err(self.wrong()) };
        }
        let path = self.path()?;
        if self.takes("NOT EXISTS") {
            return Ok(Expr::NotExists(path));
        }
        if self.takes("IS") {
            let what = ["NULL", "TRUE", "FALSE"].into_iter().find(|what| self.takes(what)).ok_or_else(|| self.wrong())?;
            return Ok(Expr::Is { path, what });
        }
        const OPS: [(&str, Op); 6] = [("!=", Op::Ne), ("<=", Op::Le), (">=", Op::Ge), ("=", Op::Eq), ("<", Op::Lt), (">", Op::Gt)];
        let op = OPS.into_iter().find(|(text, _)| self.takes(text)).ok_or_else(|| self.wrong())?.1;
        Ok(Expr::Compare { path, op, value: self.literal()? })
    }
    fn path(&mut self) -> Result<Vec<Step>, Fault> {
        if !self.takes("$") {
            return Err(self.wrong());
        }
        let mut path = Vec::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix('.') {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '@'))).unwrap_or(rest.len());
                path.push(Step::Member(rest[..end].to_owned()));
                self.rest = &rest[end..];
            } else if let Some(rest) = self.rest.strip_prefix('[') {
                let (inner, after) = rest.split_once(']').ok_or_else(|| self.wrong())?;
                path.push(match inner.trim_matches(['\'', '"']) {
                    "*" => Step::AnyItem,
                    text => text.parse().map_or_else(|_| Step::Member(text.to_owned()), Step::Item),
                });
                self.rest = after;
            } else {
                return Ok(path);
            }
        }
    }
    fn literal(&mut self) -> Result<Literal, Fault> {
        self.skip();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, rest) = quoted_text(quoted).ok_or_else(|| self.wrong())?;
            self.rest = rest;
            return Ok(Literal::Text(text));
        }
        if self.rest.starts_with('%') {
            return Err(crate::groups::refused("regular expressions in filter patterns (%...%)"));
        }
        let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | '&' | '|')).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        if word.is_empty() {
            return Err(self.wrong());
        }
        self.rest = &self.rest[end..];
        Ok(word.parse().map_or_else(|_| Literal::Text(word.to_owned()), Literal::Number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(message)
    }

    #[test]
    fn terms_phrases_exclusions_and_alternatives() {
        assert!(matches("", "anything"));
        assert!(matches("ERROR", "[ERROR] disk"));
        assert!(!matches("error", "[ERROR] disk"));
        assert!(matches("ERROR disk", "disk ERROR"));
        assert!(!matches("ERROR -disk", "disk ERROR"));
        assert!(matches("\"went wrong\"", "it went wrong"));
        assert!(matches("?warn ?ERROR", "ERROR"));
        assert!(!matches("?warn ?fail", "ERROR"));
        assert!(Pattern::parse("a/b").unwrap_err().message.contains("Invalid character(s) in term 'a/b'"));
        assert_eq!(Pattern::parse("[a, b]").unwrap_err().status, 501);
    }

    #[test]
    fn json_selectors() {
        let event = r#"{"level":"error","code":42,"at":{"file":"a.rs"},"list":[{"x":1},{"x":2}],"none":null}"#;
        assert!(matches("{ $.level = \"error\" }", event));
        assert!(matches("{ $.level = err* && $.code >= 42 }", event));
        assert!(matches("{ ($.code = 1) || ($.at.file = \"*.rs\") }", event));
        assert!(matches("{ $.list[1].x = 2 }", event));
        assert!(matches("{ $.list[*].x = 2 }", event));
        assert!(matches("{ $.none IS NULL }", event));
        assert!(matches("{ $.gone NOT EXISTS }", event));
        assert!(!matches("{ $.code != 42 }", event));
        assert!(!matches("{ $.level = \"error\" }", "level error"));
        assert!(Pattern::parse("{ $.a ~ 1 }").is_err());
    }
}
