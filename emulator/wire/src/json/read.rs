//! A JSON reader that is asked for what comes next. Strict: no comments, no trailing commas, no lone surrogates, no control characters.

use crate::fill::{DEPTH_LIMIT, malformed};
use crate::request::DecodeError;
use std::borrow::Cow;

/// A number as it stands in the text.
pub(crate) enum Number {
    Whole(i64),
    Real(f64),
}

pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Reader<'a>, DecodeError> {
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("The request body is not valid UTF-8"))?;
        Ok(Reader { text: text.strip_prefix('\u{feff}').unwrap_or(text), at: 0 })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte of the next token; 0 at the end.
    pub(crate) fn peek(&mut self) -> u8 {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte().unwrap_or(0)
    }

    fn unexpected<T>(&self) -> Result<T, DecodeError> {
        Err(malformed(match self.text[self.at..].chars().next() {
            Some(c) => format!("Unexpected character '{}' at offset {} of the JSON body", c.escape_default(), self.at),
            None => "Unexpected end of the JSON body".to_string(),
        }))
    }

    /// Takes one byte of punctuation.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), DecodeError> {
        if self.peek() != byte {
            return self.unexpected();
        }
        self.at += 1;
        Ok(())
    }

    /// Takes a byte of punctuation if it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        self.at += usize::from(there);
        there
    }

    /// After an item: true when another follows, false when `close` was taken.
    pub(crate) fn more(&mut self, close: u8) -> Result<bool, DecodeError> {
        match self.peek() {
            b',' => {
                self.at += 1;
                Ok(true)
            }
            b if b == close => {
                self.at += 1;
                Ok(false)
            }
            _ => self.unexpected(),
        }
    }

    /// Nothing but white space is left.
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        if self.peek() == 0 && self.at >= self.text.len() { Ok(()) } else { self.unexpected() }
    }

    fn literal(&mut self, word: &str) -> Result<(), DecodeError> {
        if !self.text[self.at..].starts_with(word) {
            return self.unexpected();
        }
        self.at += word.len();
        Ok(())
    }

    /// Takes `null` if it is next.
    pub(crate) fn null(&mut self) -> Result<bool, DecodeError> {
        if self.peek() != b'n' {
            return Ok(false);
        }
        self.literal("null").map(|()| true)
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, DecodeError> {
        if self.peek() == b't' { self.literal("true").map(|()| true) } else { self.literal("false").map(|()| false) }
    }

    /// A string; borrowed when it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.expect(b'"')?;
        let from = self.at;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    let text = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => return self.escaped(from).map(Cow::Owned),
                Some(0..0x20) | None => return self.unexpected(),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escaped(&mut self, from: usize) -> Result<String, DecodeError> {
        let mut out = String::with_capacity(self.at - from + 16);
        out.push_str(&self.text[from..self.at]);
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    let c = self.escape()?;
                    out.push(c);
                }
                Some(0..0x20) | None => return self.unexpected(),
                Some(_) => {
                    let start = self.at;
                    while !matches!(self.byte(), Some(b'"' | b'\\' | 0..0x20) | None) {
                        self.at += 1;
                    }
                    out.push_str(&self.text[start..self.at]);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, DecodeError> {
        let c = match self.byte() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return self.unexpected(),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, DecodeError> {
        let lone = || malformed("A string of the JSON body has half of a surrogate pair");
        let high = self.hex()?;
        if !(0xD800..=0xDFFF).contains(&high) {
            return char::from_u32(high).ok_or_else(lone);
        }
        if high >= 0xDC00 || !self.text[self.at..].starts_with("\\u") {
            return Err(lone());
        }
        self.at += 2;
        let low = self.hex()?;
        if !(0xDC00..=0xDFFF).contains(&low) {
            return Err(lone());
        }
        char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).ok_or_else(lone)
    }

    fn hex(&mut self) -> Result<u32, DecodeError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or(&[]);
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return self.unexpected();
        }
        let value = digits.iter().fold(0, |n, d| n * 16 + (*d as char).to_digit(16).unwrap_or(0));
        self.at += 4;
        Ok(value)
    }

    /// The text of a number, checked against JSON's grammar.
    fn number_text(&mut self) -> Result<(&'a str, bool), DecodeError> {
        self.peek();
        let from = self.at;
        let bytes = self.text.as_bytes();
        let digits = |at: &mut usize| {
            let start = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at - start
        };
        let mut at = from + usize::from(bytes.get(from) == Some(&b'-'));
        let leading_zero = bytes.get(at) == Some(&b'0');
        let count = digits(&mut at);
        let mut whole = true;
        let mut fine = count > 0 && !(leading_zero && count > 1);
        if bytes.get(at) == Some(&b'.') {
            whole = false;
            at += 1;
            fine &= digits(&mut at) > 0;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            whole = false;
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            fine &= digits(&mut at) > 0;
        }
        if !fine {
            return self.unexpected();
        }
        self.at = at;
        Ok((&self.text[from..at], whole))
    }

    pub(crate) fn number(&mut self) -> Result<Number, DecodeError> {
        let (text, whole) = self.number_text()?;
        if whole
            && text != "-0"
            && let Ok(number) = text.parse()
        {
            return Ok(Number::Whole(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Number::Real(number)),
            _ => Err(malformed(format!("The number {} is out of range", &text[..text.len().min(40)]))),
        }
    }

    /// Passes over one value of any kind.
    pub(crate) fn skip(&mut self, depth: u16) -> Result<(), DecodeError> {
        if depth > DEPTH_LIMIT {
            return Err(malformed(format!("The request is nested deeper than {DEPTH_LIMIT} levels")));
        }
        match self.peek() {
            b'{' => {
                self.at += 1;
                if self.take(b'}') {
                    return Ok(());
                }
                loop {
                    self.string()?;
                    self.expect(b':')?;
                    self.skip(depth + 1)?;
                    if !self.more(b'}')? {
                        return Ok(());
                    }
                }
            }
            b'[' => {
                self.at += 1;
                if self.take(b']') {
                    return Ok(());
                }
                loop {
                    self.skip(depth + 1)?;
                    if !self.more(b']')? {
                        return Ok(());
                    }
                }
            }
            b'"' => self.string().map(|_| ()),
            b't' | b'f' => self.boolean().map(|_| ()),
            b'n' => self.literal("null"),
            _ => self.number_text().map(|_| ()),
        }
    }

    /// Any value, kept.
    pub(crate) fn document(&mut self, depth: u16) -> Result<serde_json::Value, DecodeError> {
        if depth > DEPTH_LIMIT {
            return Err(malformed(format!("The request is nested deeper than {DEPTH_LIMIT} levels")));
        }
        Ok(match self.peek() {
            b'{' => {
                self.at += 1;
                let mut map = serde_json::Map::new();
                if !self.take(b'}') {
                    loop {
                        let key = self.string()?.into_owned();
                        self.expect(b':')?;
                        map.insert(key, self.document(depth + 1)?);
                        if !self.more(b'}')? {
                            break;
                        }
                    }
                }
                map.into()
            }
            b'[' => {
                self.at += 1;
                let mut list = Vec::new();
                if !self.take(b']') {
                    loop {
                        list.push(self.document(depth + 1)?);
                        if !self.more(b']')? {
                            break;
                        }
                    }
                }
                list.into()
            }
            b'"' => self.string()?.into_owned().into(),
            b't' | b'f' => self.boolean()?.into(),
            b'n' => {
                self.literal("null")?;
                serde_json::Value::Null
            }
            _ => match self.number()? {
                Number::Whole(number) => number.into(),
                Number::Real(number) => number.into(),
            },
        })
    }
}

/// One whole JSON text as a document.
pub(crate) fn document(text: &str) -> Result<serde_json::Value, DecodeError> {
    let mut reader = Reader::new(text.as_bytes())?;
    let value = reader.document(0)?;
    reader.finish()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_serde_reads_and_refuses_what_it_refuses() {
        let texts = [
            r#"{"a":[1,-2.5,1e3,true,false,null],"b":{"c":"\u00e9\n\ud83d\ude39 \"x\""}}"#,
            r#" [ ] "#,
            "{}",
            "0",
            "-0",
            "1.5E-3",
            "9223372036854775807",
            r#""é😹""#,
            "",
            "{",
            "[1,]",
            "{\"a\":}",
            "01",
            "1.",
            "+1",
            "\"\\ud83d\"",
            "\"\t\"",
            "nul",
            "tru",
            "[1 2]",
            "{} x",
            "'a'",
            "{\"a\" 1}",
            "\"\\x\"",
            "-",
            "1e",
        ];
        for text in texts {
            match (document(text), serde_json::from_str::<serde_json::Value>(text)) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
                (Err(_), Err(_)) => {}
                (ours, theirs) => panic!("{text}: {ours:?} {theirs:?}"),
            }
        }
    }

    #[test]
    fn depth_is_limited() {
        assert!(document(&"[".repeat(100_000)).is_err());
        let mut reader = Reader::new(b"[[[[").unwrap();
        assert!(reader.skip(DEPTH_LIMIT - 1).is_err());
    }

    #[test]
    fn huge_numbers_are_refused() {
        assert!(document("1e400").is_err());
        assert!(document(&"9".repeat(5000)).is_err());
        assert!(document(&"9".repeat(30)).is_ok());
    }
}
