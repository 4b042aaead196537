//! Scenarios: YAML files whose steps are AWS verbs, HTTP, time, faults and expectations; each runs in a cloud of its own.
//!
//! [`load`] reads one, [`run_one`] runs it and gives a [`Report`]; [`cli`] is `windtunnel run` and `windtunnel replay`. The verbs stand
//! in [`verbs`], the format's JSON Schema is made from them ([`schema`]).

pub mod ast;
pub mod check;
pub mod cli;
mod encode;
pub(crate) mod http_client;
pub mod interpolate;
pub mod matcher;
pub mod outcome;
pub mod path;
pub mod picture;
pub mod programs;
mod read;
pub mod redact;
pub mod replay;
pub mod report;
mod runner;
pub mod schema;
mod sign;
mod stack;
pub mod trace;
pub mod verbs;
mod why;
pub mod world;

pub use ast::Scenario;
pub use read::{LoadError, from_text, load};
pub use runner::{Event, Options, Report, Status, StepReport, Watch, run_one};
