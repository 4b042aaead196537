//! The integration tests of kit, one binary.

mod crash;
mod needs;
mod store;
