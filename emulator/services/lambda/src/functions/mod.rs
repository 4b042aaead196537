//! Functions: made, changed, shown, deleted. One file for each of these; `check` holds what a configuration may say.

mod check;
mod create;
mod delete;
mod read;
pub(crate) mod secrets;
mod show;
mod update;

pub(crate) use check::tags as check_tags;
pub(crate) use read::bad_marker;
pub(crate) use show::{listed, runtime_version_arn, show};
