//! Trino's side of the engine: types, values, casts, and the functions that the engine lacks or has otherwise. Knows no SQL text and no catalog.

pub(crate) mod aggregates;
pub(crate) mod cast;
mod fast;
pub(crate) mod functions;
pub(crate) mod json;
pub(crate) mod lambdas;
mod percentile;
mod running;
mod sig;
pub(crate) mod sums;
pub(crate) mod time;
pub(crate) mod ty;
pub(crate) mod udf;
pub(crate) mod val;
