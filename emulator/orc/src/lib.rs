//! Apache ORC files, read and written. Read: types, stripes and statistics from the end of a file, then the columns that are asked for, batch by batch.
//!
//! Pure: whoever calls fetches the ranges of bytes that are named here. Knows neither Arrow nor AWS. What comes from outside is bounded:
//! a file never makes it hold more than a batch of the columns asked for and a few chunks.
//!
//! ```text
//! tail_length -> Tail::read -> Stripe::footer -> Stripe::open -> ranges -> Reader::batch ...
//! Writer::new -> stripe ... -> finish
//! ```
#![deny(missing_docs)]

mod batch;
mod bytes;
mod chunks;
mod columns;
mod integers;
mod proto;
mod statistics;
mod stripe;
mod tail;
mod write;
mod zones;

pub use batch::{Data, Slots};
pub use statistics::{Bounds, Statistics};
pub use stripe::{Open, Reader};
pub use tail::{Kind, Stripe, Tail, Type, footer_length, tail_length};
pub use write::{Packing, Writer};

/// Why a file is not read: a sentence without a full stop.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The bytes are not what the format says.
    Broken(&'static str),
    /// Sound, but nothing that is read here; names it.
    Unsupported(String),
    /// Values that the format, or what is written of it, has no place for; names them.
    Unwritable(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Broken(what) => write!(f, "Malformed ORC file: {what}"),
            Error::Unsupported(what) => write!(f, "NOT_SUPPORTED: windtunnel does not read {what} in ORC files yet"),
            Error::Unwritable(what) => write!(f, "NOT_SUPPORTED: ORC files take no {what}"),
        }
    }
}
impl std::error::Error for Error {}

pub(crate) type Result<T> = std::result::Result<T, Error>;
