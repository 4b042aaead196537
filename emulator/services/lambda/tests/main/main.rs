//! Functions as a caller sees them, below HTTP: real processes, with stand-ins for the services behind the ports.

mod api;
mod closures;
mod crash;
mod desk;
mod environments;
mod execution;
mod figures;
mod kafka;
mod mappings;
mod provisioned;
mod queue;
mod queues;
mod recorded;
mod runtimes;
mod server;
mod streams;
mod topics;
mod urls;
