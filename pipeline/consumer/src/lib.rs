//! A Kafka consumer that invokes Lambda functions and loses nothing: an offset is committed when Lambda has accepted its record and all before
//! it, never earlier. Runs against any Kafka cluster and against MSK with IAM, by configuration alone; knows no emulator.
//!
//! A record's way: [`consume`] polls it, [`partition`] puts it into a batch, [`deliver`] writes its [`envelope`] and has it [`invoke`]d or
//! dead-lettered, [`tracker`] says what may be committed. What can go wrong, and what is done then, stands in [`policy`].

// Real code for real clusters: real time passes here.
#![allow(clippy::disallowed_methods)]

pub mod backoff;
pub mod check;
pub mod commit;
pub mod config;
pub mod consume;
pub mod context;
pub mod dead_letter;
pub mod deliver;
pub mod dry_run;
pub mod engine;
pub mod envelope;
pub mod http;
pub mod iam_token;
pub mod invoke;
pub mod kafka;
pub mod log;
pub mod metrics;
pub mod partition;
pub mod policy;
pub mod position;
pub mod record;
pub mod routes;
pub mod start;
pub mod tracker;

#[cfg(test)]
mod tests;
