//! JSON as a row of tokens with places. A reader that AWS's own error places can be told from: a text's place is behind its opening quote until
//! somebody reads it, a name's place is that of the value behind it, because AWS's reader looks one value ahead.

use super::{Invalid, Place};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Name,
    Text,
    Number,
    /// `true`, `false`, `null`.
    Word,
    /// The end, or where the text stops being JSON.
    Broken,
}

/// A token: its text (unescaped for names and texts) and the places before and behind it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub text: String,
    start: Place,
    end: Place,
}

/// The tokens of a text, read one after the other.
pub(super) struct Tokens {
    all: Vec<Token>,
    at: usize,
}

impl Tokens {
    pub(super) fn of(text: &str) -> Tokens {
        let mut lexer = Lexer { rest: text, place: Place { line: 1, column: 1 }, open: Vec::new(), all: Vec::new() };
        if let Err(broken) = lexer.run() {
            let place = broken.place.unwrap_or(lexer.place);
            lexer.all.push(Token { kind: Kind::Broken, text: broken.reason, start: place, end: place });
        }
        Tokens { all: lexer.all, at: 0 }
    }

    /// The next token; an error where the text stops being JSON.
    pub(super) fn next(&mut self) -> Result<Token, Invalid> {
        let token = match self.all.get(self.at) {
            Some(token) => token.clone(),
            None => return Err(Invalid::plain("Unexpected end-of-input")),
        };
        self.at += 1;
        match token.kind {
            Kind::Broken => Err(Invalid::syntax(token.text, token.end)),
            _ => Ok(token),
        }
    }

    /// The kind of the next token, not taken.
    pub(super) fn peek(&self) -> Option<Kind> {
        self.all.get(self.at).map(|t| t.kind)
    }

    /// The kinds that follow the next token at its own level, when it opens an array.
    pub(super) fn opens_array(&self) -> bool {
        self.peek() == Some(Kind::StartArray)
    }

    /// Where AWS's reader stands at the token that was taken last, its text not read yet.
    pub(super) fn place(&self) -> Place {
        let last = self.at.saturating_sub(1);
        let seen = match self.all.get(last) {
            Some(token) if token.kind == Kind::Name => self.all.get(last + 1).or(Some(token)),
            other => other,
        };
        match seen {
            Some(Token { kind: Kind::Text, start, .. }) => Place { column: start.column + 1, ..*start },
            Some(token) => token.end,
            None => Place { line: 1, column: 1 },
        }
    }

    /// Where it stands once the text of the token taken last was read.
    pub(super) fn place_read(&self) -> Place {
        self.all.get(self.at.saturating_sub(1)).map_or(Place { line: 1, column: 1 }, |t| t.end)
    }
}

struct Lexer<'a> {
    rest: &'a str,
    place: Place,
    open: Vec<char>,
    all: Vec<Token>,
}

impl Lexer<'_> {
    /// Reads one value and nothing behind it but space.
    fn run(&mut self) -> Result<(), Invalid> {
        self.value("a value")?;
        while let Some(bracket) = self.open.last().copied() {
            self.space();
            match bracket {
                '{' => self.member()?,
                _ => self.element()?,
            }
        }
        self.space();
        match self.rest.chars().next() {
            None => Ok(()),
            Some(c) => Err(self.unexpected(c, "end of content")),
        }
    }

    fn member(&mut self) -> Result<(), Invalid> {
        let first = self.all.last().is_some_and(|t| t.kind == Kind::StartObject);
        match self.rest.chars().next() {
            Some('}') => return self.close(Kind::EndObject),
            Some(',') if !first => {
                self.take(1);
                self.space();
            }
            Some(c) if !first => return Err(self.unexpected(c, "comma to separate Object entries")),
            _ => {}
        }
        match self.rest.chars().next() {
            Some('"') => self.quoted(Kind::Name)?,
            Some(c) => return Err(self.unexpected(c, "double-quote to start field name")),
            None => return Err(self.ended()),
        }
        self.space();
        match self.rest.chars().next() {
            Some(':') => self.take(1),
            Some(c) => return Err(self.unexpected(c, "a colon to separate field name and value")),
            None => return Err(self.ended()),
        }
        self.space();
        self.value("a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")
    }

    fn element(&mut self) -> Result<(), Invalid> {
        let first = self.all.last().is_some_and(|t| t.kind == Kind::StartArray);
        match self.rest.chars().next() {
            Some(']') => return self.close(Kind::EndArray),
            Some(',') if !first => {
                self.take(1);
                self.space();
            }
            Some(c) if !first => return Err(self.unexpected(c, "comma to separate Array entries")),
            _ => {}
        }
        self.value("a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")
    }

    fn value(&mut self, wanted: &str) -> Result<(), Invalid> {
        self.space();
        let start = self.place;
        match self.rest.chars().next() {
            Some(open @ ('{' | '[')) => {
                if self.open.len() > 2 * super::DEPTH_LIMIT {
                    return Err(Invalid::at(format!("nested deeper than {}", 2 * super::DEPTH_LIMIT), self.place));
                }
                self.take(1);
                self.open.push(open);
                self.push(if open == '{' { Kind::StartObject } else { Kind::StartArray }, open.to_string(), start);
                Ok(())
            }
            Some('"') => self.quoted(Kind::Text),
            Some(c) if c == '-' || c.is_ascii_digit() => self.number(),
            Some(c) if c.is_alphabetic() || c == '_' || c == '$' => self.word(),
            Some(c) => Err(self.unexpected(c, wanted)),
            None => Err(self.ended()),
        }
    }

    fn close(&mut self, kind: Kind) -> Result<(), Invalid> {
        let start = self.place;
        self.take(1);
        self.open.pop();
        self.push(kind, if kind == Kind::EndObject { "}" } else { "]" }.into(), start);
        Ok(())
    }

    fn quoted(&mut self, kind: Kind) -> Result<(), Invalid> {
        let start = self.place;
        let mut escaped = false;
        let inside = &self.rest[1..];
        let end = inside.char_indices().find(|(_, c)| match (*c, escaped) {
            ('"', false) => true,
            ('\\', false) => {
                escaped = true;
                false
            }
            _ => {
                escaped = false;
                false
            }
        });
        let Some((end, _)) = end else { return Err(self.ended()) };
        let raw = &self.rest[..end + 2];
        let text = serde_json::from_str::<String>(raw)
            .map_err(|_| Invalid::syntax("Illegal character or escape in a string value", self.place))?;
        self.take(raw.chars().count());
        self.push(kind, text, start);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Invalid> {
        let start = self.place;
        let length = self.rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(self.rest.len());
        let raw = &self.rest[..length];
        let finite = serde_json::from_str::<serde_json::Number>(raw).ok().and_then(|n| n.as_f64()).is_some_and(f64::is_finite);
        if !finite {
            return Err(Invalid::syntax(format!("Invalid numeric value: {raw}"), self.place));
        }
        let text = raw.to_owned();
        self.take(length);
        self.push(Kind::Number, text, start);
        Ok(())
    }

    fn word(&mut self) -> Result<(), Invalid> {
        let start = self.place;
        let length = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(self.rest.len());
        let text = self.rest[..length].to_owned();
        self.take(text.chars().count());
        if !matches!(text.as_str(), "true" | "false" | "null") {
            let reason = format!(
                "Unrecognized token '{text}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
            );
            return Err(Invalid::syntax(reason, self.place));
        }
        self.push(Kind::Word, text, start);
        Ok(())
    }

    fn push(&mut self, kind: Kind, text: String, start: Place) {
        self.all.push(Token { kind, text, start, end: self.place });
    }

    fn take(&mut self, characters: usize) {
        for c in self.rest.chars().take(characters) {
            self.place = match c {
                '\n' => Place { line: self.place.line + 1, column: 1 },
                _ => Place { column: self.place.column + 1, ..self.place },
            };
        }
        let bytes = self.rest.char_indices().nth(characters).map_or(self.rest.len(), |(at, _)| at);
        self.rest = &self.rest[bytes..];
    }

    fn space(&mut self) {
        let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.take(self.rest.len() - trimmed.len());
    }

    fn unexpected(&self, c: char, wanted: &str) -> Invalid {
        let place = Place { column: self.place.column, ..self.place };
        Invalid::syntax(format!("Unexpected character ('{c}' (code {})): was expecting {wanted}", u32::from(c)), place)
    }

    fn ended(&self) -> Invalid {
        Invalid::syntax("Unexpected end-of-input", self.place)
    }
}
