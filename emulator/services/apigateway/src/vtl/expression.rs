//! Expressions: operators by rank, literals, lists, maps, ranges; and the reader of characters below them.

use super::{
    MOST_DEPTH, Problem,
    parse::Template,
    reference::{self, Reference},
};
use std::collections::HashSet;

#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Bool(bool),
    Null,
    Int(i64),
    Float(f64),
    Text(String),
    /// Text in double quotation marks with references in it.
    Filled(Box<Template>),
    Reference(Reference),
    List(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    Range(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Minus(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// Operators by rank, weakest first; words and signs. Longer ones stand before their beginnings.
const RANKS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or), ("or", Operator::Or)],
    &[("&&", Operator::And), ("and", Operator::And)],
    &[("==", Operator::Equal), ("eq", Operator::Equal), ("!=", Operator::Unequal), ("ne", Operator::Unequal)],
    &[
        ("<=", Operator::LessEqual),
        ("le", Operator::LessEqual),
        ("<", Operator::Less),
        ("lt", Operator::Less),
        (">=", Operator::GreaterEqual),
        ("ge", Operator::GreaterEqual),
        (">", Operator::Greater),
        ("gt", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Modulo)],
];

/// Operators of one directive or reference, with all that is nested in it: each may make the tree one deeper.
const MOST_TERMS: usize = 1000;

impl Expression {
    /// Reads an expression.
    pub fn read(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, Problem> {
        if depth > MOST_DEPTH {
            return Err(reader.too_deep());
        }
        ranked(reader, 0, depth)
    }
}

fn ranked(reader: &mut Reader<'_>, rank: usize, depth: usize) -> Result<Expression, Problem> {
    let Some(operators) = RANKS.get(rank) else { return unary(reader, depth) };
    let mut left = ranked(reader, rank + 1, depth)?;
    let mut chained = 0;
    loop {
        reader.spaces();
        let Some((_, operator)) = operators.iter().find(|(text, _)| reader.operator(text)) else { return Ok(left) };
        chained += 1;
        reader.terms += 1;
        if chained > MOST_DEPTH || reader.terms > MOST_TERMS {
            return Err(reader.refused("an expression has too many terms"));
        }
        let right = ranked(reader, rank + 1, depth)?;
        left = Expression::Binary(*operator, Box::new(left), Box::new(right));
    }
}

fn unary(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, Problem> {
    if depth > MOST_DEPTH {
        return Err(reader.too_deep());
    }
    reader.spaces();
    if (reader.rest().starts_with('!') && !reader.rest().starts_with("!=") && reader.take("!")) || reader.operator("not") {
        return Ok(Expression::Not(Box::new(unary(reader, depth + 1)?)));
    }
    if reader.take("-") {
        return Ok(Expression::Minus(Box::new(unary(reader, depth + 1)?)));
    }
    primary(reader, depth)
}

fn primary(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, Problem> {
    let rest = reader.rest();
    match rest.chars().next() {
        Some('$') => match reference::read(reader, depth + 1)? {
            Some(found) => Ok(Expression::Reference(found)),
            None => Err(reader.problem("a reference is expected")),
        },
        Some('(') => {
            reader.take("(");
            let inner = Expression::read(reader, depth + 1)?;
            reader.spaces();
            reader.expect(")")?;
            Ok(inner)
        }
        Some('\'') => Ok(Expression::Text(reader.quoted('\'')?)),
        Some('"') => {
            let text = reader.quoted('"')?;
            match text.contains(['$', '#']) {
                true => Ok(Expression::Filled(Box::new(Template::parse_within(&text, reader, depth + 1)?))),
                false => Ok(Expression::Text(text)),
            }
        }
        Some('[') => list(reader, depth),
        Some('{') => map(reader, depth),
        Some(c) if c.is_ascii_digit() => number(reader),
        _ => match reader.name() {
            Some("true") => Ok(Expression::Bool(true)),
            Some("false") => Ok(Expression::Bool(false)),
            Some("null") => Ok(Expression::Null),
            _ => Err(reader.problem("an expression is expected")),
        },
    }
}

fn number(reader: &mut Reader<'_>) -> Result<Expression, Problem> {
    let rest = reader.rest();
    let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
    let fraction = rest[whole..].strip_prefix('.').map_or(0, |f| f.bytes().take_while(u8::is_ascii_digit).count());
    let length = if fraction > 0 { whole + 1 + fraction } else { whole };
    let text = &rest[..length];
    let value = match fraction {
        0 => text.parse().map(Expression::Int).ok(),
        _ => text.parse().map(Expression::Float).ok(),
    };
    reader.skip(length);
    value.ok_or_else(|| reader.problem("a number is too large"))
}

fn list(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, Problem> {
    reader.take("[");
    let mut items = Vec::new();
    loop {
        reader.separators();
        if reader.take("]") {
            return Ok(Expression::List(items));
        }
        items.push(Expression::read(reader, depth + 1)?);
        reader.spaces();
        if items.len() == 1 && reader.take("..") {
            let to = Expression::read(reader, depth + 1)?;
            reader.spaces();
            reader.expect("]")?;
            return Ok(Expression::Range(Box::new(items.remove(0)), Box::new(to)));
        }
    }
}

fn map(reader: &mut Reader<'_>, depth: usize) -> Result<Expression, Problem> {
    reader.take("{");
    let mut entries = Vec::new();
    loop {
        reader.separators();
        if reader.take("}") {
            return Ok(Expression::Map(entries));
        }
        let key = Expression::read(reader, depth + 1)?;
        reader.spaces();
        reader.expect(":")?;
        entries.push((key, Expression::read(reader, depth + 1)?));
    }
}

/// Reads characters of a template.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Where brackets behind a reference were found to hold no index. What stands in them is read again, as text or as an item of a list, and would
    /// be tried again at each level that it is nested in.
    no_index: HashSet<usize>,
    /// How many brackets are being tried: what is wrong in them is told to nobody, so its line isn't counted.
    tries: usize,
    /// Operators since the directive or reference began.
    terms: usize,
    /// Whether it reads a text in quotation marks: all that is in it counts where the text stands.
    is_within: bool,
    /// Why the template is refused, whatever else what stands there might be taken for.
    refused: Option<&'static str>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Reader<'a> {
        Reader { text, at: 0, no_index: HashSet::new(), tries: 0, terms: 0, is_within: false, refused: None }
    }
    /// Reads a text in quotation marks that stands in what another reads.
    pub fn within(text: &'a str, outer: &Reader<'_>) -> Reader<'a> {
        Reader { tries: outer.tries, terms: outer.terms, is_within: true, ..Reader::new(text) }
    }
    /// Takes over what a reader within has found.
    pub fn take_over(&mut self, inner: &Reader<'_>) {
        self.terms = inner.terms;
        self.refused = self.refused.or(inner.refused);
    }
    /// A new directive or reference begins.
    pub fn begin_terms(&mut self) {
        if !self.is_within {
            self.terms = 0;
        }
    }
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    pub fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }
    /// Where it stands, for `back_to`.
    pub fn at(&self) -> usize {
        self.at
    }
    pub fn back_to(&mut self, at: usize) {
        self.at = at;
    }
    /// Reads the index that `read` finds here; back to where it stood, and `None`, where there is none.
    pub fn index<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<Option<T>, Problem> {
        let before = self.at;
        if self.no_index.contains(&before) {
            return Ok(None);
        }
        self.tries += 1;
        let found = read(self);
        self.tries -= 1;
        if let Some(why) = self.refused {
            return Err(self.problem(why));
        }
        if found.is_none() {
            self.at = before;
            self.no_index.insert(before);
        }
        Ok(found)
    }
    pub fn too_deep(&mut self) -> Problem {
        self.refused("expressions are nested too deep")
    }
    /// Refuses the whole template.
    pub fn refused(&mut self, why: &'static str) -> Problem {
        self.refused = Some(why);
        self.problem(why)
    }
    pub fn problem(&self, what: &str) -> Problem {
        if self.tries > 0 {
            return Problem(String::new());
        }
        let line = self.text[..self.at].matches('\n').count() + 1;
        Problem(format!("line {line}: {what}"))
    }
    /// Takes a text that stands here.
    pub fn take(&mut self, text: &str) -> bool {
        let there = self.rest().starts_with(text);
        if there {
            self.at += text.len();
        }
        there
    }
    /// Takes an operator; one that is a word must end here.
    pub fn operator(&mut self, text: &str) -> bool {
        let word = text.as_bytes()[0].is_ascii_alphabetic();
        let after = self.rest().strip_prefix(text).and_then(|rest| rest.chars().next());
        !(word && after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')) && self.take(text)
    }
    pub fn expect(&mut self, text: &str) -> Result<(), Problem> {
        self.spaces();
        match self.take(text) {
            true => Ok(()),
            false => Err(self.problem(&format!("{text:?} is expected"))),
        }
    }
    pub fn spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }
    /// Spaces and commas between items.
    pub fn separators(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
    }
    /// Spaces up to the end of the line, if nothing else stands there.
    pub fn eat_line_end(&mut self) {
        let rest = self.rest();
        let after = rest.trim_start_matches([' ', '\t']);
        let line_end = after.strip_prefix("\r\n").or(after.strip_prefix('\n'));
        if let Some(after) = line_end {
            self.at += rest.len() - after.len();
        }
    }
    pub fn name(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        self.at += length;
        Some(&rest[..length])
    }
    /// A text in quotation marks; a doubled mark stands for one.
    pub fn quoted(&mut self, mark: char) -> Result<String, Problem> {
        let mut text = String::new();
        let mut chars = self.rest()[1..].char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c != mark {
                text.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == mark) {
                text.push(c);
                chars.next();
            } else {
                self.at += at + 2;
                return Ok(text);
            }
        }
        Err(self.problem("a text has no end"))
    }
}
