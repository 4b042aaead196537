//! Filter patterns, AWS's whole grammar: terms and phrases, JSON selectors, space-delimited events, regular expressions in all of them.
//! Pure: it knows messages and nothing of where they are kept.

mod delimited;
mod json;
mod terms;
#[cfg(test)]
mod tests;

use crate::Error;
use kit::Fault;
use regex::Regex;

/// A filter pattern.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// Everything.
    All,
    /// Plain text.
    Terms(terms::Terms),
    /// `{ $.a = 1 && $.b = "x*" }`
    Json(json::Expr),
    /// `[ip, user, ..., status = 4*]`
    Delimited(delimited::Fields),
}

/// Whether a pattern matches a message, and what it takes out of it. For tests of what readers make of bad input; the error is a sentence.
pub fn describe_pattern(pattern: &str, message: &str) -> Result<(bool, usize), String> {
    let pattern = Pattern::parse(pattern).map_err(|fault| fault.message)?;
    Ok((pattern.matches(message), pattern.extracted(message).len()))
}

/// Longest pattern, in characters.
const MOST_CHARS: usize = 1024;
/// Expressions in one pattern.
const MOST_REGEXES: usize = 2;

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Pattern, Fault> {
        if text.chars().count() > MOST_CHARS {
            return Err(invalid(format!("Filter pattern is longer than {MOST_CHARS} characters")));
        }
        let text = text.trim();
        let pattern = match text.chars().next() {
            None => Pattern::All,
            Some('{') => Pattern::Json(json::parse(text)?),
            Some('[') => Pattern::Delimited(delimited::parse(text)?),
            Some(_) => Pattern::Terms(terms::parse(text)?),
        };
        Ok(pattern)
    }

    /// Whether an event's message matches.
    pub fn matches(&self, message: &str) -> bool {
        match self {
            Pattern::All => true,
            Pattern::Terms(terms) => terms.match_text(message),
            Pattern::Json(expr) => json::event(message).is_some_and(|event| expr.holds(&event)),
            Pattern::Delimited(fields) => fields.matched(message).is_some(),
        }
    }

    /// What `$.path` or `$field` stands for in a message that matches.
    pub fn value(&self, selector: &str, message: &str) -> Option<String> {
        match self {
            Pattern::Delimited(fields) => fields.matched(message)?.remove(selector.strip_prefix('$')?),
            _ => json::select(selector, &json::event(message)?),
        }
    }

    /// All that a matching message was taken apart into, as TestMetricFilter shows it.
    pub fn extracted(&self, message: &str) -> Vec<(String, String)> {
        match self {
            Pattern::Delimited(fields) => {
                fields.matched(message).into_iter().flatten().map(|(name, value)| (format!("${name}"), value)).collect()
            }
            Pattern::Json(expr) => json::event(message).map(|event| expr.selected(&event)).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

fn invalid(why: impl Into<String>) -> Fault {
    Error::InvalidParameter.says(why)
}

/// A regular expression between percent signs, and what is behind it. AWS knows a part of the grammar; all of that is here.
fn regex(text: &str) -> Result<(Regex, &str), Fault> {
    let rest = text.strip_prefix('%').unwrap_or(text);
    let mut escaped = false;
    let end = rest
        .char_indices()
        .find(|(_, c)| {
            let ends = *c == '%' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        })
        .map(|(at, _)| at)
        .ok_or_else(|| invalid("Invalid filter pattern: a regular expression has no end"))?;
    let built = kit::regex(&rest[..end]);
    let regex = built.map_err(|_| invalid(format!("Invalid regular expression in filter pattern: '{}'", &rest[..end])))?;
    Ok((regex, &rest[end + 1..]))
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

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// The longer ones first.
const OPS: [(&str, Op); 6] = [("!=", Op::Ne), ("<=", Op::Le), (">=", Op::Ge), ("=", Op::Eq), ("<", Op::Lt), (">", Op::Gt)];

/// What a value is compared with.
#[derive(Clone, Debug)]
enum Literal {
    Number(f64),
    Text(String),
    Regex(Regex),
}

impl Literal {
    /// Whether a text, which may be a number, stands so to the literal.
    fn holds(&self, op: Op, text: &str, number: Option<f64>) -> bool {
        match self {
            Literal::Number(wanted) => number.is_some_and(|found| match op {
                Op::Eq => found == *wanted,
                Op::Ne => found != *wanted,
                Op::Lt => found < *wanted,
                Op::Le => found <= *wanted,
                Op::Gt => found > *wanted,
                Op::Ge => found >= *wanted,
            }),
            Literal::Text(wanted) => match op {
                Op::Eq => like(text, wanted),
                Op::Ne => !like(text, wanted),
                _ => false,
            },
            Literal::Regex(regex) => match op {
                Op::Eq => regex.is_match(text),
                Op::Ne => !regex.is_match(text),
                _ => false,
            },
        }
    }
}

/// Reads conditions: what JSON selectors and space-delimited fields have in common.
struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    regexes: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parser<'a> {
        Parser { rest: text, depth: 0, regexes: 0 }
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
    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        match self.depth > 32 {
            true => Err(invalid("Invalid filter pattern: too deep")),
            false => Ok(()),
        }
    }
    fn op(&mut self) -> Result<Op, Fault> {
        OPS.into_iter().find(|(text, _)| self.takes(text)).map(|(_, op)| op).ok_or_else(|| self.wrong())
    }
    /// A number, a word, a quoted text, a regular expression. A word ends before any of these.
    fn literal(&mut self, ends: &[char]) -> Result<Literal, Fault> {
        self.skip();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (text, rest) = quoted_text(quoted).ok_or_else(|| self.wrong())?;
            self.rest = rest;
            return Ok(Literal::Text(text));
        }
        if self.rest.starts_with('%') {
            self.regexes += 1;
            if self.regexes > MOST_REGEXES {
                return Err(invalid("Invalid filter pattern: at most two regular expressions are allowed"));
            }
            let (regex, rest) = regex(self.rest)?;
            self.rest = rest;
            return Ok(Literal::Regex(regex));
        }
        let end = self.rest.find(|c: char| c.is_whitespace() || ends.contains(&c)).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        if word.is_empty() {
            return Err(self.wrong());
        }
        self.rest = &self.rest[end..];
        Ok(word.parse().map_or_else(|_| Literal::Text(word.to_owned()), Literal::Number))
    }
}
