//! Alarms: made, described, switched, set and deleted; what becomes of a change of state. Whether a metric alarm's state changes is decided
//! in `evaluation.rs`.

mod actions;
mod change;
mod check;
mod composite;
mod delete;
mod describe;
mod history;
mod notice;
mod put;
mod rule;
mod set_state;
mod state;
mod switch;

pub(crate) use actions::{KIND as ACT, act, repeat_scaling};
pub(crate) use change::{News, change};
pub(crate) use check::period;
pub(crate) use composite::{KIND as COMPOSITE, evaluate as evaluate_composite};
pub(crate) use notice::{moment, own_query};
pub use rule::describe_rule;
pub(crate) use state::{ALARMS, Alarm, exists};
