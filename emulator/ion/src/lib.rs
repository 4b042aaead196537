//! Amazon Ion 1.0, read: streams of values in text or in binary, with their symbol tables. Nothing is written.
//!
//! Pure: knows neither Hive nor AWS. Annotations are dropped. What comes from outside is bounded: a value may be [`MOST_DEPTH`] deep and have
//! [`MOST_PARTS`] parts, its symbols stand for [`MOST_SYMBOL_BYTES`] at most, and a symbol table may have [`MOST_SYMBOLS`] symbols.
//!
//! ```
//! use ion::{Reader, Value};
//!
//! let mut reader = Reader::new(b"{id: 1, tags: [red, \"blue\"]} // one value");
//! let Some(Value::Struct(fields)) = reader.next().unwrap() else { panic!() };
//! assert_eq!(fields[0], ("id".into(), Value::Int(1)));
//! assert_eq!(reader.next(), Ok(None));
//! ```
#![deny(missing_docs)]

mod binary;
mod moment;
mod reader;
mod symbols;
mod text;
mod tokens;
mod value;

pub use moment::Moment;
pub use reader::Reader;
pub use value::{Decimal, Value};

/// Containers inside containers.
pub const MOST_DEPTH: usize = 100;
/// Values inside one value of the stream: a byte of input may be one.
pub const MOST_PARTS: usize = 1 << 20;
/// Bytes of text that the symbols of one value of the stream may stand for, where they are told by their numbers.
pub const MOST_SYMBOL_BYTES: usize = 64 << 20;
/// Symbols that a stream may define at a time.
pub const MOST_SYMBOLS: usize = 1 << 20;

/// Why a stream is not read on.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The bytes end inside a value.
    Cut,
    /// The bytes from here on are not what the format says.
    Broken(&'static str, usize),
    /// Sound, but nothing that is read here; names it.
    Unsupported(&'static str),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Cut => write!(f, "Malformed Ion: it ends inside a value"),
            Error::Broken(what, at) => write!(f, "Malformed Ion: {what} at byte {at}"),
            Error::Unsupported(what) => write!(f, "NOT_SUPPORTED: windtunnel does not read {what} in Ion yet"),
        }
    }
}
impl std::error::Error for Error {}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Whether these are the first bytes of binary Ion.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(&binary::MARKER)
}
