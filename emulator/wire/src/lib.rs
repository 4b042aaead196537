//! Bytes to typed values and back, for the six protocols AWS speaks.
//!
//! Driven by static tables ([`Schema`], [`OperationSchema`]); codecs walk [`View`]s and [`Slot`]s and are not generic, one file a
//! protocol. Not one line here knows a service.
#![deny(missing_docs)]

pub mod body;
pub mod canonical;
pub mod fault;
pub mod kept;
pub mod pattern;
pub mod request;
pub mod response;
pub mod route;
pub mod schema;
pub mod value;

pub use body::{Body, Reply, ReplyBody};
pub use bytes::Bytes;
pub use fault::Fault;
pub use request::{DecodeError, Decoded, Labels, Violation, violations_message};
pub use route::{Route, Router};
pub use schema::*;
#[doc(hidden)]
pub use serde;
pub use value::{Enumeration, List, Map, Shape, Slot, Structure, Timestamp, Value, View};
