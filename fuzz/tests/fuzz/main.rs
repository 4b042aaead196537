//! Bad input of every kind, against everything that reads what strangers send.
//!
//! `cargo test` gives each target a second. With BOLERO_RANDOM_TEST_TIME_MS=60000 in the environment each gets a minute; CI tries the same
//! inputs each time. `BOLERO_RANDOM_SEED`, printed with a failure, brings the failure back.
//!
//! A target is a list of sound samples, a list of words that mean something to its reader, and what has to hold of any bytes. The inputs are
//! samples with a few edits ([`edit`]), so that most get past the first byte.

// How long an input takes is part of what is asserted.
#![allow(clippy::disallowed_methods)]

mod api_definitions;
mod budget;
mod crawls;
mod edit;
mod event_streams;
mod expressions;
mod filters;
mod house;
mod ion_streams;
mod kafka;
mod mapping_templates;
mod orc_files;
mod pictures;
mod policies;
mod requests;
mod signatures;
mod statements;
mod target;
mod templates;
mod waf;
mod wire_bodies;
mod wire_model;
