//! What a stream holds: Ion's data model without its annotations, nulls of all types being one.

use crate::{Error, Moment, Result};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of any type.
    Null,
    /// `true`
    Bool(bool),
    /// Ion's are of any length; longer ones than this are refused.
    Int(i128),
    /// `1e0`
    Float(f64),
    /// `1.0`
    Decimal(Decimal),
    /// `2026-01-01T`
    Timestamp(Moment),
    /// `"text"`
    String(String),
    /// `name`; in binary a number that stands for a text.
    Symbol(String),
    /// `{{ aGk= }}`
    Blob(Vec<u8>),
    /// `{{ "hi" }}`
    Clob(Vec<u8>),
    /// `[1, 2]`
    List(Vec<Value>),
    /// `(1 2)`
    Sexp(Vec<Value>),
    /// `{a: 1}`; a name may come more than once.
    Struct(Vec<(String, Value)>),
}

/// `coefficient * 10^exponent`. The sign of a zero is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decimal {
    /// Digits.
    pub coefficient: i128,
    /// Power of ten.
    pub exponent: i32,
}

/// How many values one value of the stream has been made of, and how deep it goes.
#[derive(Default)]
pub(crate) struct Budget {
    parts: usize,
    depth: usize,
    /// Bytes of texts that numbers stood for.
    text: usize,
}

impl Budget {
    /// One value more.
    pub(crate) fn part(&mut self) -> Result<()> {
        self.parts += 1;
        if self.parts > crate::MOST_PARTS { Err(Error::Unsupported("values of more than a million parts")) } else { Ok(()) }
    }
    /// The text that a number stands for: a few bytes of input may stand for a long one, again and again.
    pub(crate) fn symbol(&mut self, text: &str) -> Result<String> {
        self.text += text.len();
        match self.text > crate::MOST_SYMBOL_BYTES {
            true => Err(Error::Unsupported("values whose symbols stand for more than 64 MiB of text")),
            false => Ok(text.to_owned()),
        }
    }
    /// Into a container.
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > crate::MOST_DEPTH { Err(Error::Unsupported("values of more than a hundred levels")) } else { Ok(()) }
    }
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }
}
