//! Functions as a caller sees them, below HTTP: real processes, with stand-ins for the services behind the ports.

mod api;
mod closures;
mod desk;
mod environments;
mod execution;
mod figures;
mod queue;
mod runtimes;
mod server;
mod streams;
mod urls;
