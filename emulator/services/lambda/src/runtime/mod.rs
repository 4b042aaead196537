//! Environments: processes that run functions. They know AWS's Runtime API, a folder of code and a set of variables; which function
//! an event is for, and what becomes of the answer, is `invoke`'s business.

pub(crate) mod api;
mod companions;
pub(crate) mod entry;
pub(crate) mod environment;
mod farewell;
mod limits;
pub(crate) mod output;
pub(crate) mod pools;
pub(crate) mod process;
pub(crate) mod sandbox;
mod shim;
pub(crate) mod start;
mod variables;
pub(crate) mod workdir;
