//! Archives: events of a bus, kept to be replayed.

mod keep;
mod put;
mod read;
mod replay;
mod replays;
mod rows;

pub(crate) use keep::{SWEEP, clear, keep, sweep};
pub(crate) use replay::run;
pub(crate) use rows::{archive_arn, replay_arn};

/// Deletes what a deleted archive held.
pub(crate) const CLEAR: &str = "clear";
/// Runs a replay.
pub(crate) const REPLAY: &str = "replay";
