//! What a user of the crate notices: which documents are refused with which words, and who may do what.

mod cases;
mod conditions;
mod elements;
mod messages;
mod order;
mod refusals;
mod support;
mod synthesis;
