//! Topics as publishers and endpoints see them.

mod delivery;
mod desk;
mod endpoints;
mod fifo;
mod recorded;
mod signatures;
