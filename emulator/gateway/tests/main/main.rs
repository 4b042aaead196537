//! The gateway through a socket: fake services of three protocols, a door and an own endpoint, raw HTTP against them.

mod support;

mod auth;
mod browsers;
mod chunked;
mod garbage;
mod limits;
mod overhead;
mod presigned;
mod routing;
mod vectors;
