//! The parser's tools: what stands next, what must stand there, and AWS's sentence when it doesn't.

use super::{
    ast::*,
    lex::{Kind, Token, place, tokens},
};
use std::collections::BTreeMap;

/// Words that end a column's type.
const ENDS: [&str; 5] = ["COMMENT", "FIRST", "AFTER", "CASCADE", "RESTRICT"];

/// A sentence for MALFORMED_QUERY.
pub(crate) type Malformed = String;

/// Walks the tokens of one statement.
pub(crate) struct Parser<'a> {
    pub sql: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(sql: &'a str, hive: bool) -> Parser<'a> {
        let mut tokens = tokens(sql, hive);
        while tokens.last().is_some_and(|t| t.sign(';')) {
            tokens.pop();
        }
        Parser { sql, tokens, at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }
    pub(crate) fn ahead(&self, by: usize) -> Option<&Token> {
        self.tokens.get(self.at + by)
    }
    /// Where the next token starts.
    pub(crate) fn offset(&self) -> usize {
        self.peek().map_or(self.sql.len(), |t| t.start)
    }
    pub(crate) fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }
    pub(crate) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Whether these keywords stand next.
    pub(crate) fn sees(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(i, word)| self.ahead(i).is_some_and(|t| t.is(word)))
    }
    /// Takes these keywords if they stand next.
    pub(crate) fn takes(&mut self, words: &[&str]) -> bool {
        let found = self.sees(words);
        if found {
            self.at += words.len();
        }
        found
    }
    pub(crate) fn must(&mut self, words: &[&str]) -> Result<(), Malformed> {
        for word in words {
            if !self.takes(&[word]) {
                return Err(self.wrong(&format!("'{word}'")));
            }
        }
        Ok(())
    }
    pub(crate) fn takes_sign(&mut self, sign: char) -> bool {
        let found = self.peek().is_some_and(|t| t.sign(sign));
        if found {
            self.at += 1;
        }
        found
    }
    pub(crate) fn must_sign(&mut self, sign: char) -> Result<(), Malformed> {
        if self.takes_sign(sign) { Ok(()) } else { Err(self.wrong(&format!("'{sign}'"))) }
    }
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.done() { Ok(()) } else { Err(self.wrong("<EOF>")) }
    }

    /// AWS's sentence for what stands next.
    pub(crate) fn wrong(&self, expecting: &str) -> Malformed {
        let found = self.peek().map_or("<EOF>".to_owned(), |t| self.sql[t.start..t.end].to_owned());
        format!("line {}: mismatched input '{found}'. Expecting: {expecting}", place(self.sql, self.offset()))
    }

    pub(crate) fn name(&mut self) -> Result<String, Malformed> {
        match self.peek() {
            Some(t) if t.kind != Kind::Sign && t.kind != Kind::Text => {
                let name = t.text.to_lowercase();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.wrong("<identifier>")),
        }
    }
    /// A text in quotes of either kind.
    pub(crate) fn text(&mut self) -> Result<String, Malformed> {
        match self.peek() {
            Some(t) if matches!(t.kind, Kind::Text | Kind::Double) => {
                let text = t.text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.wrong("<string>")),
        }
    }
    /// `[catalog.][database.]table`; a dotted name may stand in one pair of backticks.
    pub(crate) fn table(&mut self) -> Result<TableName, Malformed> {
        let mut parts = vec![self.name()?];
        while self.takes_sign('.') {
            parts.push(self.name()?);
        }
        if parts.len() == 1 && parts[0].contains('.') {
            parts = parts[0].split('.').map(str::to_owned).collect();
        }
        let table = parts.pop().unwrap_or_default();
        Ok(TableName { database: parts.pop(), table })
    }

    /// `(a, b, ...)` of something.
    pub(crate) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        self.must_sign('(')?;
        let mut all = vec![one(self)?];
        while self.takes_sign(',') {
            all.push(one(self)?);
        }
        self.must_sign(')')?;
        Ok(all)
    }
    /// `('a' = 'b', ...)`.
    pub(crate) fn properties(&mut self) -> Result<Properties, Malformed> {
        if self.ahead(1).is_some_and(|t| t.sign(')')) {
            self.must_sign('(')?;
            self.must_sign(')')?;
            return Ok(Properties::new());
        }
        let pairs = self.list(|p| {
            let name = p.text()?;
            p.must_sign('=')?;
            Ok((name, p.text()?))
        })?;
        Ok(pairs.into_iter().collect())
    }
    /// `(name type [COMMENT 'x'], ...)`.
    pub(crate) fn columns(&mut self) -> Result<Vec<ColumnDef>, Malformed> {
        self.list(Parser::column)
    }
    /// A column: its name, its type, what is said of it.
    pub(crate) fn column(&mut self) -> Result<ColumnDef, Malformed> {
        let name = self.name()?;
        let kind = self.kind()?;
        let comment = if self.takes(&["COMMENT"]) { Some(self.text()?) } else { None };
        Ok(ColumnDef { name, kind, comment })
    }
    /// A type: everything up to the comma, bracket or word that ends it.
    fn kind(&mut self) -> Result<String, Malformed> {
        let (mut kind, mut depth) = (String::new(), 0usize);
        while let Some(token) = self.peek() {
            let at_end = depth == 0 && (token.sign(',') || token.sign(')') || (!kind.is_empty() && ENDS.iter().any(|word| token.is(word))));
            if at_end {
                break;
            }
            if token.sign('<') || token.sign('(') {
                depth += 1;
            } else if token.sign('>') || token.sign(')') {
                depth = depth.saturating_sub(1);
            }
            kind.push_str(&token.text.to_lowercase());
            self.at += 1;
        }
        match kind.is_empty() {
            true => Err(self.wrong("<type>")),
            false => Ok(kind),
        }
    }
    /// `(key = 'value', ...)`; values may be numbers.
    pub(crate) fn partition(&mut self) -> Result<PartitionSpec, Malformed> {
        self.list(|p| {
            let key = p.name()?;
            p.must_sign('=')?;
            Ok((key, p.value()?))
        })
    }
    /// A literal: a text, a number with a sign, DATE '...' as its text.
    pub(crate) fn value(&mut self) -> Result<String, Malformed> {
        if self.sees(&["DATE"]) || self.sees(&["TIMESTAMP"]) {
            self.at += 1;
        }
        let minus = if self.takes_sign('-') { "-" } else { "" };
        match self.peek() {
            Some(t) if t.kind != Kind::Sign && t.kind != Kind::Tick => {
                let mut value = format!("{minus}{}", t.text);
                self.at += 1;
                if self.peek().is_some_and(|t| t.sign('.')) && self.ahead(1).is_some_and(|t| t.kind == Kind::Word) {
                    self.at += 1;
                    value = format!("{value}.{}", self.next().map(|t| t.text).unwrap_or_default());
                }
                Ok(value)
            }
            _ => Err(self.wrong("<constant>")),
        }
    }
    /// `(name = value, ...)` of WITH: texts, numbers, ARRAY['a', 'b'].
    pub(crate) fn settings(&mut self) -> Result<BTreeMap<String, Setting>, Malformed> {
        let pairs = self.list(|p| {
            let name = p.name()?;
            p.must_sign('=')?;
            if !p.takes(&["ARRAY"]) {
                return Ok((name, Setting::Text(p.value()?)));
            }
            p.must_sign('[')?;
            let mut all = Vec::new();
            while !p.takes_sign(']') {
                all.push(p.text()?);
                if !p.takes_sign(',') && !p.peek().is_some_and(|t| t.sign(']')) {
                    return Err(p.wrong("','"));
                }
            }
            Ok((name, Setting::List(all)))
        })?;
        Ok(pairs.into_iter().collect())
    }

    /// What stands between two places, the rest of the statement blanked out.
    pub(crate) fn window(&self, from: usize, to: usize) -> String {
        let blank = |text: &str| text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect::<String>();
        format!("{}{}", blank(&self.sql[..from]), self.sql[from..to].trim_end())
    }
    /// All that is left, as a query.
    pub(crate) fn rest(&mut self) -> Result<String, Malformed> {
        let (from, to) = (self.offset(), self.tokens.last().map_or(self.sql.len(), |t| t.end));
        if self.done() {
            return Err(self.wrong("<query>"));
        }
        self.at = self.tokens.len();
        Ok(self.window(from, to))
    }
    /// A query in brackets, and the bracket behind it.
    pub(crate) fn bracketed(&mut self) -> Result<String, Malformed> {
        self.must_sign('(')?;
        let (from, mut depth) = (self.offset(), 1usize);
        while let Some(token) = self.next() {
            if token.sign('(') {
                depth += 1;
            } else if token.sign(')') {
                depth -= 1;
                if depth == 0 {
                    return Ok(self.window(from, token.start));
                }
            }
        }
        Err(self.wrong("')'"))
    }
    /// Leaves these last keywords off what [`rest`](Self::rest) gives.
    pub(crate) fn drop_tail(&mut self, words: &[&str]) -> bool {
        let Some(start) = self.tokens.len().checked_sub(words.len()).filter(|start| *start > self.at) else { return false };
        let found = words.iter().zip(&self.tokens[start..]).all(|(word, token)| token.is(word));
        if found {
            self.tokens.truncate(start);
        }
        found
    }
    /// Commas at the outermost level cut the rest into texts, none of them empty.
    pub(crate) fn arguments(&mut self) -> Result<Vec<String>, Malformed> {
        let (mut all, mut depth) = (Vec::new(), 0usize);
        let (mut from, mut to) = (self.offset(), self.offset());
        loop {
            let token = self.peek().cloned();
            if token.as_ref().is_none_or(|token| depth == 0 && token.sign(',')) {
                if to == from {
                    return Err(self.wrong("<expression>"));
                }
                all.push(self.sql[from..to].to_owned());
            }
            self.next();
            match token {
                None => return Ok(all),
                Some(token) if depth == 0 && token.sign(',') => (from, to) = (self.offset(), self.offset()),
                Some(token) => {
                    if token.sign('(') || token.sign('[') {
                        depth += 1;
                    } else if token.sign(')') || token.sign(']') {
                        depth = depth.saturating_sub(1);
                    }
                    to = token.end;
                }
            }
        }
    }
}
