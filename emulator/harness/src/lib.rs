//! Windtunnel: a serverless AWS system on one machine, offline, as it will run in the cloud.
//!
//! [`Emulator`] is the library: many in one process, each with a clock of its own. The binary `windtunnel` stands on it: stack
//! deployment, scenarios, time, faults, snapshots.

pub mod admin;
pub mod cli;
#[cfg(feature = "lambda")]
mod closures;
pub mod deploy;
pub mod durations;
mod emulator;
pub mod env;
pub mod package;
pub mod scenario;
pub mod sdk;
pub mod services;
pub mod up;

#[cfg(feature = "cognito-idp")]
pub use cognito_idp::Issuer;
pub use emulator::{Builder, Emulator, StartError};
pub use kit;
#[cfg(feature = "lambda")]
pub use lambda::in_process;
