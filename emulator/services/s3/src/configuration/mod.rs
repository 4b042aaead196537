//! Settings of a bucket that are one small document each, and those of which it may have many (`listed`).

pub(crate) mod abac;
mod analytics;
mod encryption;
mod flags;
pub(crate) mod listed;
mod metrics;
mod ownership;
pub(crate) mod public_access;

pub(crate) use metrics::of as metrics_of;
