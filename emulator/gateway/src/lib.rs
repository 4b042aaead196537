//! HTTP: from socket to dispatch and back. Names no service; receives them as trait objects from a [`kit::Cloud`].
//!
//! [`request`] is the life of a request as one list of steps; the other rooms are what the steps are made of. Nothing outside this crate
//! (but doors and own endpoints, whose subject it is) sees HTTP.
#![deny(missing_docs)]

mod answer;
mod auth;
pub mod body;
mod context;
mod cors;
mod faults;
mod form;
mod house;
mod inflate;
mod request;
mod server;
mod sig_v2;
pub mod sig_v4;
mod visit;
mod which;

pub use house::Options;
pub use server::{DEFAULT_ADDRESS, Gateway, OwnEndpoints, Server};
