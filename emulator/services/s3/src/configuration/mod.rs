//! Settings of a bucket that are one small document each: ownership controls, the public access block, default encryption.

mod encryption;
mod ownership;
pub(crate) mod public_access;
