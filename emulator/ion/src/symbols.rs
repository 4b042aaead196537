//! The symbol table of a stream: the system's symbols, then those that the stream defines, to which it may add.

use crate::{Error, MOST_SYMBOLS, Result, Value};

/// The annotation of a struct that defines symbols.
pub(crate) const TABLE: &str = "$ion_symbol_table";

const SYSTEM: [&str; 9] = ["$ion", "$ion_1_0", TABLE, "name", "version", "imports", "symbols", "max_id", "$ion_shared_symbol_table"];

/// Symbols by their numbers.
#[derive(Default)]
pub(crate) struct Symbols {
    /// From number 10 on; `None` where the text isn't known.
    own: Vec<Option<String>>,
}

impl Symbols {
    /// The text of a symbol.
    pub(crate) fn text(&self, number: u64, at: usize) -> Result<&str> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        match number {
            0 => Err(Error::Unsupported("symbols without a text")),
            1..=9 => Ok(SYSTEM[number - 1]),
            _ => match self.own.get(number - 10) {
                Some(Some(text)) => Ok(text),
                Some(None) => Err(Error::Unsupported("symbols without a text")),
                None => Err(Error::Broken("a symbol that no table has", at)),
            },
        }
    }

    pub(crate) fn clear(&mut self) {
        self.own.clear();
    }

    /// Takes a struct that defines symbols: anew, or behind those that are there.
    pub(crate) fn define(&mut self, table: Vec<(String, Value)>) -> Result<()> {
        let (mut imports, mut symbols) = (Value::Null, Value::Null);
        for (name, value) in table {
            match name.as_str() {
                "imports" => imports = value,
                "symbols" => symbols = value,
                _ => {}
            }
        }
        match imports {
            Value::Symbol(table) if table == TABLE => {}
            Value::List(shared) if !shared.is_empty() => return Err(Error::Unsupported("shared symbol tables")),
            _ => self.own.clear(),
        }
        let Value::List(symbols) = symbols else { return Ok(()) };
        if self.own.len() + symbols.len() > MOST_SYMBOLS {
            return Err(Error::Unsupported("symbol tables of more than a million symbols"));
        }
        let text = |value| if let Value::String(text) = value { Some(text) } else { None };
        self.own.extend(symbols.into_iter().map(text));
        Ok(())
    }
}
