//! The filter of GetPartitions: comparisons of partition keys with literals, IN, BETWEEN, LIKE, AND, OR, NOT and parentheses.

use crate::model::Column;
use std::cmp::Ordering;

/// Nesting and length from outside are bounded.
const MOST_DEPTH: usize = 32;

/// Whether a filter over the keys `year` (a number) and `name` (a text) takes their values. For tests of what readers make of bad input; the error
/// is a sentence.
pub fn describe_filter(text: &str, year: &str, name: &str) -> Result<bool, String> {
    let key = |name: &str, kind: &str| Column { name: name.into(), r#type: Some(kind.into()), ..Column::default() };
    let filter = Filter::parse(text, &[key("year", "int"), key("name", "string")])?;
    Ok(filter.fits(&[year.to_owned(), name.to_owned()]))
}

/// A parsed filter over the values of a partition.
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    /// Key index, whether it compares as a number, operator, literal.
    Compare(usize, bool, Operator, String),
    In(usize, bool, Vec<String>),
    Between(usize, bool, String, String),
    Like(usize, String),
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Filter {
    /// Reads a filter over these partition keys; the error is a sentence.
    pub(crate) fn parse(text: &str, keys: &[Column]) -> Result<Filter, String> {
        let mut parser = Parser { words: words(text)?, at: 0, keys, text };
        let filter = parser.any(0)?;
        match parser.at == parser.words.len() {
            true => Ok(filter),
            false => Err(parser.wrong()),
        }
    }

    pub(crate) fn fits(&self, values: &[String]) -> bool {
        let value = |i: usize| values.get(i).map_or("", String::as_str);
        match self {
            Filter::All(parts) => parts.iter().all(|p| p.fits(values)),
            Filter::Any(parts) => parts.iter().any(|p| p.fits(values)),
            Filter::Not(part) => !part.fits(values),
            Filter::Compare(i, number, operator, literal) => operator.holds(order(value(*i), literal, *number)),
            Filter::In(i, number, literals) => literals.iter().any(|l| order(value(*i), l, *number) == Ordering::Equal),
            Filter::Between(i, number, low, high) => {
                order(value(*i), low, *number) != Ordering::Less && order(value(*i), high, *number) != Ordering::Greater
            }
            Filter::Like(i, pattern) => like(pattern, value(*i)),
        }
    }
}

impl Operator {
    fn of(word: &str) -> Option<Operator> {
        Some(match word {
            "=" => Operator::Eq,
            "<>" | "!=" => Operator::Ne,
            "<" => Operator::Lt,
            "<=" => Operator::Le,
            ">" => Operator::Gt,
            ">=" => Operator::Ge,
            _ => return None,
        })
    }
    fn holds(self, order: Ordering) -> bool {
        match self {
            Operator::Eq => order == Ordering::Equal,
            Operator::Ne => order != Ordering::Equal,
            Operator::Lt => order == Ordering::Less,
            Operator::Le => order != Ordering::Greater,
            Operator::Gt => order == Ordering::Greater,
            Operator::Ge => order != Ordering::Less,
        }
    }
}

fn order(a: &str, b: &str, number: bool) -> Ordering {
    if number && let (Ok(a), Ok(b)) = (a.parse::<f64>(), b.parse::<f64>()) {
        return a.total_cmp(&b);
    }
    a.cmp(b)
}

/// `%` is any text and `_` any character.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                back = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '_' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}

#[derive(Clone, PartialEq)]
enum Word {
    Name(String),
    Literal(String),
    Sign(&'static str),
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if c.is_whitespace() {
            i += 1;
        } else if c == '\'' || c == '"' {
            let mut literal = String::new();
            i += 1;
            loop {
                match chars.get(i) {
                    None => return Err(format!("Unterminated text in expression: {text}")),
                    Some(q) if *q == c && chars.get(i + 1) == Some(&c) => {
                        literal.push(c);
                        i += 2;
                    }
                    Some(q) if *q == c => break,
                    Some(other) => {
                        literal.push(*other);
                        i += 1;
                    }
                }
            }
            i += 1;
            words.push(Word::Literal(literal));
        } else if c.is_alphanumeric() || c == '_' || c == '-' || c == '.' || c == '`' {
            let start = i;
            while i < chars.len() && (chars[i].is_alphanumeric() || "_-.`".contains(chars[i])) {
                i += 1;
            }
            let word: String = chars[start..i].iter().filter(|c| **c != '`').collect();
            words.push(if word.parse::<f64>().is_ok() { Word::Literal(word) } else { Word::Name(word) });
        } else {
            let two: String = chars[i..chars.len().min(i + 2)].iter().collect();
            let sign = ["<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ","].into_iter().find(|s| two.starts_with(s));
            let sign = sign.ok_or_else(|| format!("Unexpected character {c} in expression: {text}"))?;
            i += sign.len();
            words.push(Word::Sign(sign));
        }
    }
    Ok(words)
}

struct Parser<'a> {
    words: Vec<Word>,
    at: usize,
    keys: &'a [Column],
    text: &'a str,
}

impl Parser<'_> {
    fn wrong(&self) -> String {
        format!("Unsupported expression: {}", self.text)
    }
    fn word(&mut self, keyword: &str) -> bool {
        let found = matches!(self.words.get(self.at), Some(Word::Name(name)) if name.eq_ignore_ascii_case(keyword));
        self.at += found as usize;
        found
    }
    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.words.get(self.at), Some(Word::Sign(s)) if *s == sign);
        self.at += found as usize;
        found
    }
    fn must(&mut self, found: bool) -> Result<(), String> {
        if found { Ok(()) } else { Err(self.wrong()) }
    }
    fn literal(&mut self) -> Result<String, String> {
        match self.words.get(self.at) {
            Some(Word::Literal(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.wrong()),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Filter, String> {
        let mut parts = vec![self.all(depth)?];
        while self.word("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(Filter::Any(parts))
    }
    fn all(&mut self, depth: usize) -> Result<Filter, String> {
        let mut parts = vec![self.one(depth)?];
        while self.word("AND") {
            parts.push(self.one(depth)?);
        }
        Ok(Filter::All(parts))
    }
    fn one(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > MOST_DEPTH {
            return Err(format!("The expression is nested deeper than {MOST_DEPTH} levels."));
        }
        if self.word("NOT") {
            return Ok(Filter::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.sign("(") {
            let inner = self.any(depth + 1)?;
            let closed = self.sign(")");
            self.must(closed)?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Filter, String> {
        let Some(Word::Name(name)) = self.words.get(self.at).cloned() else { return Err(self.wrong()) };
        self.at += 1;
        let key = self.keys.iter().position(|k| k.name.eq_ignore_ascii_case(&name));
        let key = key.ok_or_else(|| format!("Unknown partition key {name} in expression: {}", self.text))?;
        let kind = self.keys[key].r#type.as_deref().unwrap_or("string").to_lowercase();
        let number = ["int", "bigint", "smallint", "tinyint", "long", "integer"].contains(&kind.as_str()) || kind.starts_with("decimal");
        let not = self.word("NOT");
        let filter = if self.word("IN") {
            let open = self.sign("(");
            self.must(open)?;
            let mut literals = vec![self.literal()?];
            while self.sign(",") {
                literals.push(self.literal()?);
            }
            let closed = self.sign(")");
            self.must(closed)?;
            Filter::In(key, number, literals)
        } else if self.word("BETWEEN") {
            let low = self.literal()?;
            let and = self.word("AND");
            self.must(and)?;
            Filter::Between(key, number, low, self.literal()?)
        } else if self.word("LIKE") {
            Filter::Like(key, self.literal()?)
        } else {
            let operator = match self.words.get(self.at) {
                Some(Word::Sign(sign)) if !not => Operator::of(sign),
                _ => None,
            };
            let operator = operator.ok_or_else(|| self.wrong())?;
            self.at += 1;
            Filter::Compare(key, number, operator, self.literal()?)
        };
        Ok(if not { Filter::Not(Box::new(filter)) } else { filter })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_keep_the_partitions_they_describe() {
        let key = |name: &str, kind: &str| Column { name: name.into(), r#type: Some(kind.into()), ..Column::default() };
        let keys = [key("dt", "string"), key("hour", "int")];
        let fits = |text: &str, dt: &str, hour: &str| Filter::parse(text, &keys).unwrap().fits(&[dt.into(), hour.into()]);
        for (text, expected) in [
            ("dt = '2026-01-02'", true),
            ("dt <> '2026-01-02'", false),
            ("hour < 10", true),
            ("hour > 10", false),
            ("dt >= '2026-01-01' AND hour in (8, 9)", true),
            ("dt between '2026-01-01' and '2026-01-03'", true),
            ("NOT (dt like '2026-02%') and dt like '____-01-%'", true),
            ("dt = 'x' or (hour = 9 and dt not in ('a','b'))", true),
        ] {
            assert_eq!(fits(text, "2026-01-02", "9"), expected, "{text}");
        }
        for text in ["nope = 1", "dt =", "dt = 'x' garbage", "(dt = 'x'", "dt = 'x", "", "dt ~ 'x'"] {
            assert!(Filter::parse(text, &keys).is_err(), "{text}");
        }
        assert!(Filter::parse(&"(".repeat(10_000), &keys).is_err());
    }
}
