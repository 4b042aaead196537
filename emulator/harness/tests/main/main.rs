//! The library from outside, as its users have it.

mod cli;
#[cfg(feature = "kafka")]
mod kafka;
mod scenario;
