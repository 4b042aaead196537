//! The integration tests of kit, one binary.

// Transactions of one short line: `Ok(tx.adopt(&blob))`.
#![allow(clippy::unit_arg)]

mod crash;
mod needs;
mod store;
