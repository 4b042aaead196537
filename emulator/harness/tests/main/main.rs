//! The library from outside, as its users have it.

mod cli;
mod scenario;
