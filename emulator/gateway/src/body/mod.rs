//! Bodies on their way in and out: taking them off the socket within limits, taking transfer framing off, checking what the signature says
//! about them, and sending answers without holding them whole. Knows no operation.

pub mod aws_chunked;
pub mod checksum;
mod file;
pub mod hashed;
pub mod incoming;
pub mod outgoing;

pub use aws_chunked::{AwsChunked, Framing};
pub use hashed::Hashed;
pub use incoming::Incoming;
pub use outgoing::Outgoing;

use std::io;
use wire::Fault;

/// A fault inside an `io::Error`, as [`wire::body::fault_of`] finds it.
pub(crate) fn carrying(fault: Fault) -> io::Error {
    io::Error::other(fault)
}

/// The fault for a body that ended too early.
pub(crate) fn incomplete() -> io::Error {
    carrying(Fault::new("IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header"))
}
