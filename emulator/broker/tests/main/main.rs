//! The broker from outside: over sockets, by its own small client and by other people's.

mod client;
mod clients;
mod clock;
mod crash;
mod faults;
mod figures;
mod memory;
mod secured;
mod settings;
mod site;
mod stalled;
