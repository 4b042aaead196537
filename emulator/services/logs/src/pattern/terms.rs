//! Terms, phrases, exclusions, alternatives.

use super::{MOST_REGEXES, invalid, quoted_text, regex};
use kit::Fault;
use regex::Regex;

/// What a text has to hold, may hold in place of another, and must not hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    every: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Term::Text(text) => message.contains(text.as_str()),
            Term::Regex(regex) => regex.is_match(message),
        }
    }
}

impl Terms {
    pub(super) fn match_text(&self, message: &str) -> bool {
        self.every.iter().all(|term| term.is_in(message))
            && self.none.iter().all(|term| !term.is_in(message))
            && (self.any.is_empty() || self.any.iter().any(|term| term.is_in(message)))
    }
}

pub(super) fn parse(text: &str) -> Result<Terms, Fault> {
    let mut terms = Terms::default();
    let mut rest = text;
    while !rest.is_empty() {
        let (list, after) = match rest.as_bytes()[0] {
            b'?' => (&mut terms.any, &rest[1..]),
            b'-' => (&mut terms.none, &rest[1..]),
            _ => (&mut terms.every, rest),
        };
        let (term, after) = term(after)?;
        list.push(term);
        rest = after.trim_start();
    }
    let all = [&terms.every, &terms.any, &terms.none];
    if all.into_iter().flatten().filter(|term| matches!(term, Term::Regex(_))).count() > MOST_REGEXES {
        return Err(invalid("Invalid filter pattern: at most two regular expressions are allowed"));
    }
    // AWS ignores alternatives beside required or excluded terms.
    if !terms.every.is_empty() || !terms.none.is_empty() {
        terms.any.clear();
    }
    Ok(terms)
}

fn term(text: &str) -> Result<(Term, &str), Fault> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (text, rest) = quoted_text(quoted).ok_or_else(|| invalid("Invalid filter pattern"))?;
        return Ok((Term::Text(text), rest));
    }
    if text.starts_with('%') {
        let (regex, rest) = regex(text)?;
        return Ok((Term::Regex(regex), rest));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let term = &text[..end];
    if term.is_empty() || !term.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(invalid(format!("Invalid character(s) in term '{term}'")));
    }
    Ok((Term::Text(term.to_owned()), &text[end..]))
}
