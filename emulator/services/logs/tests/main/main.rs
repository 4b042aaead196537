//! Log groups as their callers see them.

mod desk;
mod events;
mod follow;
mod queries;
mod recorded;
mod tail;
