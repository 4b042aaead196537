//! The words of text Ion: names, numbers, timestamps, texts and bytes, with the space and the comments between them.

use crate::{
    Decimal, Error, Result, Value,
    moment::{self, Fields},
};
use base64::prelude::{BASE64_STANDARD, Engine};

/// Text on its way.
pub(crate) struct Text<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

/// A word.
pub(crate) enum Word {
    /// A value that is whole.
    Value(Value),
    /// A name as it stands, or a word of Ion's: `null`.
    Plain(String),
    /// `'a name'`
    Quoted(String),
    /// `$10`, a symbol by its number.
    Number(u64),
    /// `{`, `[` or `(`.
    Open(u8),
}

const TYPES: [&str; 13] =
    ["null", "bool", "int", "float", "decimal", "timestamp", "symbol", "string", "clob", "blob", "list", "sexp", "struct"];

fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$'
}
fn in_name(byte: u8) -> bool {
    begins_name(byte) || byte.is_ascii_digit()
}
fn is_operator(byte: u8) -> bool {
    b"!#%&*+-./;<=>?@^`|~".contains(&byte)
}
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

impl<'a> Text<'a> {
    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.bytes.len()
    }
    pub(crate) fn peek(&self) -> Result<u8> {
        self.bytes.get(self.at).copied().ok_or(Error::Cut)
    }
    /// Goes on behind these bytes where they stand here.
    pub(crate) fn takes(&mut self, wanted: &[u8]) -> bool {
        let found = self.bytes[self.at.min(self.bytes.len())..].starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }
    fn broken<T>(&self, what: &'static str) -> Result<T> {
        Err(Error::Broken(what, self.at))
    }
    /// Bytes from here on that fit.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        let run = &rest[..rest.iter().position(|byte| !fits(*byte)).unwrap_or(rest.len())];
        self.at += run.len();
        run
    }

    /// Over white space and comments.
    pub(crate) fn space(&mut self) -> Result<()> {
        loop {
            self.run(is_space);
            if self.takes(b"//") {
                self.run(|byte| byte != b'\n' && byte != b'\r');
            } else if self.takes(b"/*") {
                let end = self.bytes[self.at..].windows(2).position(|pair| pair == b"*/").ok_or(Error::Cut)?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    /// The next word; there has to be one.
    pub(crate) fn word(&mut self, operators: bool) -> Result<Word> {
        let first = self.peek()?;
        let second = self.bytes.get(self.at + 1).copied().unwrap_or(b' ');
        match first {
            b'{' if second == b'{' => self.bytes_value().map(Word::Value),
            b'{' | b'[' | b'(' => {
                self.at += 1;
                Ok(Word::Open(first))
            }
            b'"' => {
                self.at += 1;
                Ok(Word::Value(Value::String(self.until(b"\"", false).and_then(|bytes| self.utf8(bytes))?)))
            }
            b'\'' if self.bytes[self.at..].starts_with(b"'''") => {
                let bytes = self.long(false)?;
                Ok(Word::Value(Value::String(self.utf8(bytes)?)))
            }
            b'\'' => {
                self.at += 1;
                Ok(Word::Quoted(self.until(b"'", false).and_then(|bytes| self.utf8(bytes))?))
            }
            b'0'..=b'9' => self.number(),
            b'-' if second.is_ascii_digit() => self.number(),
            b'+' | b'-' if self.is_infinity() => {
                self.at += 4;
                Ok(Word::Value(Value::Float(if first == b'-' { f64::NEG_INFINITY } else { f64::INFINITY })))
            }
            _ if begins_name(first) => self.name(),
            _ if operators && is_operator(first) => {
                let run = self.run(is_operator);
                Ok(Word::Quoted(String::from_utf8_lossy(run).into_owned()))
            }
            _ => self.broken("a sign that begins no value"),
        }
    }

    fn is_infinity(&self) -> bool {
        let rest = &self.bytes[self.at + 1..];
        rest.starts_with(b"inf") && !rest.get(3).is_some_and(|byte| in_name(*byte))
    }

    fn name(&mut self) -> Result<Word> {
        let name = String::from_utf8_lossy(self.run(in_name)).into_owned();
        match name.strip_prefix('$').filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())) {
            Some(number) => number.parse().map(Word::Number).or_else(|_| self.broken("a symbol that no table has")),
            None => Ok(Word::Plain(name)),
        }
    }

    /// What may stand behind `null`: `.int`.
    pub(crate) fn null_type(&mut self) -> Result<()> {
        if !self.takes(b".") {
            return Ok(());
        }
        let name = String::from_utf8_lossy(self.run(in_name)).into_owned();
        match TYPES.contains(&name.as_str()) {
            true => Ok(()),
            false if self.is_done() && TYPES.iter().any(|kind| kind.starts_with(&name)) => Err(Error::Cut),
            false => self.broken("a null of no type"),
        }
    }

    fn number(&mut self) -> Result<Word> {
        let place = self.at;
        let run = self.run(|byte| !is_space(byte) && !b"{}[](),\"'/".contains(&byte));
        let text = String::from_utf8_lossy(run);
        // A number that goes on to the end of the bytes may be one that was cut: whoever asked for more finds the end then.
        scalar(&text, place).map(Word::Value)
    }

    fn utf8(&self, bytes: Vec<u8>) -> Result<String> {
        String::from_utf8(bytes).or_else(|_| self.broken("a text that is not UTF-8"))
    }

    /// The bytes up to a closing mark, which is taken.
    fn until(&mut self, close: &[u8], clob: bool) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            if self.takes(close) {
                return Ok(out);
            }
            match self.peek()? {
                b'\\' => self.escape(&mut out, clob)?,
                b'\r' | b'\n' if close.len() == 1 => return self.broken("a text that ends with its line"),
                // The ends of lines are one in long texts, however they were written.
                b'\r' => {
                    self.at += 1;
                    self.takes(b"\n");
                    out.push(b'\n');
                }
                byte if byte < b' ' && !is_space(byte) => return self.broken("a control sign in a text"),
                byte if clob && !byte.is_ascii() => return self.broken("a sign beyond ASCII in a clob"),
                byte => {
                    self.at += 1;
                    out.push(byte);
                }
            }
        }
    }

    /// `'''one''' '''text'''`
    fn long(&mut self, clob: bool) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            let end = self.at;
            match clob {
                true => drop(self.run(is_space)),
                false => self.space()?,
            }
            if !self.takes(b"'''") {
                self.at = end;
                return Ok(out);
            }
            out.extend(self.until(b"'''", clob)?);
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>, clob: bool) -> Result<()> {
        self.at += 1;
        let sign = self.peek()?;
        self.at += 1;
        let simple = match sign {
            b'0' => 0,
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            b'v' => 11,
            b'"' | b'\'' | b'?' | b'\\' | b'/' => sign,
            b'\n' => return Ok(()),
            b'\r' => {
                self.takes(b"\n");
                return Ok(());
            }
            b'x' => {
                let code = self.hex(2)?;
                match clob {
                    true => out.push(code as u8),
                    false => self.push(out, code)?,
                }
                return Ok(());
            }
            b'u' if !clob => {
                let code = self.code()?;
                return self.push(out, code);
            }
            b'U' if !clob => {
                let code = self.hex(8)?;
                return self.push(out, code);
            }
            _ => return self.broken("an escape that Ion has not"),
        };
        out.push(simple);
        Ok(())
    }

    /// Behind `\u`: one code, or two that are one sign.
    fn code(&mut self) -> Result<u32> {
        let high = self.hex(4)?;
        if !(0xd800..0xdc00).contains(&high) {
            return Ok(high);
        }
        if !self.takes(b"\\u") {
            return self.broken("half of a sign");
        }
        let low = self.hex(4)?;
        match low {
            0xdc00..0xe000 => Ok(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
            _ => self.broken("half of a sign"),
        }
    }

    fn hex(&mut self, digits: usize) -> Result<u32> {
        let text = self.bytes.get(self.at..self.at + digits).ok_or(Error::Cut)?;
        let code = text.iter().try_fold(0u32, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?));
        self.at += digits;
        code.map_or_else(|| self.broken("an escape without its digits"), Ok)
    }

    fn push(&self, out: &mut Vec<u8>, code: u32) -> Result<()> {
        let Some(sign) = char::from_u32(code) else { return self.broken("no sign of Unicode") };
        out.extend_from_slice(sign.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// `{{ aGk= }}` or `{{ "hi" }}`
    fn bytes_value(&mut self) -> Result<Value> {
        self.at += 2;
        self.run(is_space);
        let value = match self.peek()? {
            b'"' => {
                self.at += 1;
                Value::Clob(self.until(b"\"", true)?)
            }
            b'\'' if self.bytes[self.at..].starts_with(b"'''") => Value::Clob(self.long(true)?),
            _ => {
                let place = self.at;
                let mut signs = self.run(|byte| byte != b'}').to_vec();
                signs.retain(|byte| !is_space(*byte));
                if self.is_done() {
                    return Err(Error::Cut);
                }
                Value::Blob(BASE64_STANDARD.decode(signs).map_err(|_| Error::Broken("a blob that is not Base64", place))?)
            }
        };
        self.run(is_space);
        match self.takes(b"}}") {
            true => Ok(value),
            false if self.bytes.len() - self.at < 2 => Err(Error::Cut),
            false => self.broken("a blob or clob without its end"),
        }
    }
}

/// A number or a timestamp.
fn scalar(text: &str, place: usize) -> Result<Value> {
    let wrong = Error::Broken("no number", place);
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let bytes = digits.as_bytes();
    if !negative && bytes.len() > 4 && bytes[..4].iter().all(u8::is_ascii_digit) && matches!(bytes[4], b'-' | b'T') {
        return timestamp(digits).ok_or(Error::Broken("no timestamp", place))?.moment(true, place).map(Value::Timestamp);
    }
    let between_digits = |at: usize| at > 0 && bytes[at - 1].is_ascii_hexdigit() && bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit);
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'_' && !between_digits(at)) {
        return Err(wrong);
    }
    let digits = digits.replace('_', "");
    let signed = |value: i128| Value::Int(if negative { -value } else { value });
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return whole(rest, radix, wrong).map(signed);
        }
    }
    if digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit() {
        return Err(Error::Broken("a number with a zero before it", place));
    }
    if digits.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
        let fits = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
        let value: f64 = fits.then(|| digits.parse().ok()).flatten().ok_or(wrong)?;
        return Ok(Value::Float(if negative { -value } else { value }));
    }
    if !digits.bytes().any(|byte| matches!(byte, b'.' | b'd' | b'D')) {
        return whole(&digits, 10, wrong).map(signed);
    }
    let (number, exponent) = digits.split_once(['d', 'D']).unwrap_or((&digits, "0"));
    let (before, behind) = number.split_once('.').unwrap_or((number, ""));
    let exponent: i32 = exponent.parse().map_err(|_| wrong.clone())?;
    let scale = i32::try_from(behind.len()).ok().and_then(|scale| exponent.checked_sub(scale)).ok_or(wrong.clone())?;
    if before.is_empty() {
        return Err(wrong);
    }
    let coefficient = whole(&format!("{before}{behind}"), 10, wrong)?;
    Ok(Value::Decimal(Decimal { coefficient: if negative { -coefficient } else { coefficient }, exponent: scale }))
}

fn whole(digits: &str, radix: u32, wrong: Error) -> Result<i128> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(wrong);
    }
    i128::from_str_radix(digits, radix).map_err(|_| Error::Unsupported("numbers of more than 127 bits"))
}

/// `2026T`, `2026-01T`, `2026-01-01`, `2026-01-01T10:00Z`, `2026-01-01T10:00:00.123+01:00`
fn timestamp(text: &str) -> Option<Fields> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let mut fields = Fields::of_year(number(text.get(..4)?)?);
    if &text[4..] == "T" {
        return Some(fields);
    }
    fields.month = number(text.get(5..7)?)?;
    if text.get(7..)? == "T" {
        return Some(fields);
    }
    (text.get(7..8)? == "-").then_some(())?;
    fields.day = number(text.get(8..10)?)?;
    let Some(rest) = text[10..].strip_prefix('T').filter(|rest| !rest.is_empty()) else {
        return matches!(&text[10..], "" | "T").then_some(fields);
    };
    let zone = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone);
    (clock.get(2..3)? == ":").then_some(())?;
    fields.time = Some((number(clock.get(..2)?)?, number(clock.get(3..5)?)?));
    if let Some(seconds) = clock.get(5..).filter(|rest| !rest.is_empty()) {
        fields.second = number(seconds.get(1..3).filter(|_| seconds.starts_with(':'))?)?;
        if let Some(fraction) = seconds.get(3..).filter(|rest| !rest.is_empty()) {
            let digits = fraction.strip_prefix('.').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))?;
            fields.micros = moment::micros(digits);
        }
    }
    if zone == "Z" {
        fields.offset_minutes = Some(0);
        return Some(fields);
    }
    let (hours, minutes) = zone[1..].split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (minutes < 60).then_some(())?;
    let offset = hours * 60 + minutes;
    fields.offset_minutes = match zone.starts_with('-') {
        true if offset == 0 => None,
        true => Some(-offset),
        false => Some(offset),
    };
    Some(fields)
}
