//! The library from outside, as its users have it.

mod scenario;
