//! Space-delimited events: `[ip, user, ..., request = "*.html*", status >= 400 && status < 500, bytes]`. A word of the event, or what stands
//! in quotes or brackets, is a field.

use super::{Literal, Op, Parser, invalid};
use kit::Fault;
use std::collections::BTreeMap;

/// The fields of a pattern.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    /// Those before the ellipsis, or all.
    first: Vec<Field>,
    /// Those behind it.
    last: Option<Vec<Field>>,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    condition: Option<Condition>,
}

#[derive(Clone, Debug)]
enum Condition {
    Compare(Op, Literal),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

impl Condition {
    fn holds(&self, text: &str) -> bool {
        match self {
            Condition::And(a, b) => a.holds(text) && b.holds(text),
            Condition::Or(a, b) => a.holds(text) || b.holds(text),
            Condition::Compare(op, literal) => literal.holds(*op, text, text.parse().ok()),
        }
    }
}

impl Fields {
    /// The values by name, where the event has the fields and they hold.
    pub(super) fn matched(&self, message: &str) -> Option<BTreeMap<String, String>> {
        let words = words(message);
        let last = self.last.as_deref().unwrap_or(&[]);
        // `[]` takes any event, as one without conditions.
        let counts = match &self.last {
            Some(_) => words.len() >= self.first.len() + last.len(),
            None => self.first.is_empty() || words.len() == self.first.len(),
        };
        if !counts {
            return None;
        }
        let behind = words.len().saturating_sub(last.len());
        let pairs = self.first.iter().zip(&words).chain(last.iter().zip(words.iter().skip(behind)));
        let mut values = BTreeMap::new();
        for (field, word) in pairs {
            if field.condition.as_ref().is_some_and(|condition| !condition.holds(word)) {
                return None;
            }
            values.insert(field.name.clone(), (*word).to_owned());
        }
        Some(values)
    }
}

/// An event's words; quotes and square brackets hold several together and are not part of the value.
fn words(message: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = message.trim_start();
    while let Some(open) = rest.chars().next() {
        let close = match open {
            '"' => Some('"'),
            '[' => Some(']'),
            _ => None,
        };
        let held = close.and_then(|close| rest[1..].find(close).map(|end| (&rest[1..=end], &rest[end + 2..])));
        let (word, after) = held.unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest.split_at(end)
        });
        words.push(word);
        rest = after.trim_start();
    }
    words
}

pub(super) fn parse(text: &str) -> Result<Fields, Fault> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or_else(|| invalid("Invalid filter pattern"))?;
    let mut parser = Parser::new(inner);
    let (mut first, mut last) = (Vec::new(), None);
    parser.skip();
    while !parser.rest.is_empty() {
        if parser.takes("...") {
            if last.is_some() {
                return Err(invalid("Invalid filter pattern: more than one ellipsis"));
            }
            last = Some(Vec::new());
        } else {
            let place = first.len() + last.as_ref().map_or(0, Vec::len);
            let field = field(&mut parser, place)?;
            last.as_mut().unwrap_or(&mut first).push(field);
        }
        parser.skip();
        if !parser.takes(",") && !parser.rest.is_empty() {
            return Err(parser.wrong());
        }
        parser.skip();
    }
    Ok(Fields { first, last })
}

/// `name`, or conditions on it. A field without a name is called by its place.
fn field(parser: &mut Parser<'_>, place: usize) -> Result<Field, Fault> {
    parser.skip();
    if parser.rest.starts_with(',') {
        return Ok(Field { name: (place + 1).to_string(), condition: None });
    }
    let name = peek(parser)?.to_owned();
    let bare = parser.rest[name.len()..].trim_start();
    if bare.is_empty() || bare.starts_with(',') {
        parser.rest = bare;
        return Ok(Field { name, condition: None });
    }
    let condition = or(parser, &name)?;
    Ok(Field { name: name.trim_start_matches('(').to_owned(), condition: Some(condition) })
}

fn peek<'a>(parser: &Parser<'a>) -> Result<&'a str, Fault> {
    let rest = parser.rest;
    let start = rest.len() - rest.trim_start_matches('(').len();
    let end = rest[start..].find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | '.'))).unwrap_or(rest.len() - start);
    match end {
        0 => Err(parser.wrong()),
        end => Ok(&rest[..start + end]),
    }
}

fn or(parser: &mut Parser<'_>, name: &str) -> Result<Condition, Fault> {
    let mut left = and(parser, name)?;
    while parser.takes("||") {
        left = Condition::Or(Box::new(left), Box::new(and(parser, name)?));
    }
    Ok(left)
}

fn and(parser: &mut Parser<'_>, name: &str) -> Result<Condition, Fault> {
    let mut left = one(parser, name)?;
    while parser.takes("&&") {
        left = Condition::And(Box::new(left), Box::new(one(parser, name)?));
    }
    Ok(left)
}

fn one(parser: &mut Parser<'_>, name: &str) -> Result<Condition, Fault> {
    if parser.takes("(") {
        parser.deeper()?;
        let inner = or(parser, name)?;
        parser.depth -= 1;
        return if parser.takes(")") { Ok(inner) } else { Err(parser.wrong()) };
    }
    if !parser.takes(name.trim_start_matches('(')) {
        return Err(parser.wrong());
    }
    let op = parser.op()?;
    Ok(Condition::Compare(op, parser.literal(&[',', ')', '&', '|'])?))
}
