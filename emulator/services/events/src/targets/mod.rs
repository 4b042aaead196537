//! Targets of rules: put, removed, listed.

pub(crate) mod check;
mod put;
pub(crate) mod template;
