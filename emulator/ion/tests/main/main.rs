//! Ion by the examples of its specification, and by streams that another writer made.

mod broken;
mod spec;
mod streams;
