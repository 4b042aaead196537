//! Schedules: made, changed, deleted; read and listed.

mod put;
mod read;
