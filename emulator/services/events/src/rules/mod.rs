//! Rules: put, switched on and off, deleted; read and listed.

mod put;
mod read;
mod switch;
