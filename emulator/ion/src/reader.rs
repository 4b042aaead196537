//! A stream as whoever calls sees it: one value after the other, its symbol tables taken in on the way.

use crate::{Error, Result, Value, binary, is_binary, symbols::Symbols, text};

/// Reads the values of a stream in their order. After an error there is nothing more.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    binary: bool,
    symbols: Symbols,
    failed: Option<Error>,
}

/// What stands at the top of a stream.
pub(crate) enum Item {
    Value(Value),
    /// A struct that defines symbols.
    Table(Vec<(String, Value)>),
    /// A version marker: all symbols are forgotten.
    Version,
    /// Nothing.
    Padding,
}

impl<'a> Reader<'a> {
    /// A reader of text or binary, which the first bytes tell apart.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, binary: is_binary(bytes), symbols: Symbols::default(), failed: None }
    }

    /// Bytes that were read: where the next value begins, or the space before it.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next value; `None` at the end.
    #[allow(clippy::should_implement_trait, reason = "an error ends it, which an iterator of results leaves open")]
    pub fn next(&mut self) -> Result<Option<Value>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let next = self.step();
        self.failed = next.as_ref().err().cloned();
        next
    }

    fn step(&mut self) -> Result<Option<Value>> {
        loop {
            let read = match self.binary {
                true => binary::item(self.bytes, self.at, &self.symbols)?,
                false => text::item(self.bytes, self.at, &self.symbols)?,
            };
            let Some((item, end)) = read else {
                self.at = self.bytes.len();
                return Ok(None);
            };
            match item {
                Item::Value(value) => {
                    self.at = end;
                    return Ok(Some(value));
                }
                Item::Table(table) => self.symbols.define(table)?,
                Item::Version => self.symbols.clear(),
                Item::Padding => {}
            }
            self.at = end;
        }
    }
}
