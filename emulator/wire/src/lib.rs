//! Bytes to typed values and back, for the protocols AWS speaks.
//!
//! Driven by static tables ([`Schema`], [`OperationSchema`]); codecs walk [`View`]s and [`Slot`]s and are not generic, one file or folder
//! a protocol. Not one line here knows a service.
#![deny(missing_docs)]

mod bindings;
pub mod body;
pub mod canonical;
mod cbor;
pub mod dynamic;
pub mod event_stream;
pub mod fault;
pub mod fault_response;
mod fill;
mod form;
mod json;
pub mod kept;
pub mod pattern;
mod query;
pub mod request;
pub mod response;
pub mod route;
pub mod schema;
mod sentence;
mod time;
pub mod value;
mod xml;

pub use body::{Body, Reply, ReplyBody};
pub use bytes::Bytes;
pub use dynamic::Dynamic;
pub use fault::Fault;
pub use kept::Kept;
pub use request::{DecodeError, Decoded, Labels, Violation, violations_message};
pub use route::{Route, Router};
pub use schema::*;
#[doc(hidden)]
pub use serde;
/// Any JSON value.
pub use serde_json::Value as Document;
pub use value::{Enumeration, List, Map, Shape, Slot, Structure, Timestamp, Value, View};
