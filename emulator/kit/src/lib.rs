//! What every service stands on: clock, store, journal, work, faults, dispatch and ports. Names no service.
//!
//! A *cloud* ([`Cloud`]) is the unit of isolation. A service is a struct with a table ([`service!`]), handlers that take a [`Context`],
//! and the hooks of [`Service`].
#![deny(missing_docs)]

extern crate self as kit;

pub mod access;
pub mod arn;
pub mod clock;
mod clock_page;
pub mod cloud;
pub mod context;
pub mod door;
pub mod faults;
pub mod filters;
pub mod firewall;
pub mod ids;
pub mod journal;
pub mod kafka_topics;
pub mod metrics;
pub mod networks;
pub mod pages;
pub mod ports;
pub mod principal;
mod regexes;
pub mod schedules;
pub mod secrets;
pub mod service;
pub mod store;
pub mod time;
pub mod work;
pub mod workflows;

pub use access::{Access, Authorize, Decider, Decision, Grant, Need, ResourceSide};
pub use arn::Arn;
pub use clock::{Clock, ClockMode, ClockReading};
pub use cloud::{
    AdvanceOptions, Advanced, Call, Cloud, CloudBuilder, DEFAULT_ACCOUNT, DEFAULT_REGION, DROP_CONNECTION, NotQuiet, Settle, caught,
};
pub use context::{Context, Source};
pub use door::{Door, DroppedConnection, RefusedSignature, dropped_connection};
pub use faults::{Effect, FaultRule, Faults};
pub use firewall::{Firewall, Guarded, Inspected, Stopped, Verdict};
#[doc(hidden)]
pub use futures_util::future::BoxFuture;
pub use ids::{Ids, hex};
pub use journal::{Evicted, Journal, Record, RecordKind};
#[doc(hidden)]
pub use pastey::paste;
pub use policy;
pub use ports::Ports;
pub use principal::{Federation, Principal, RoleSession, UserIdentity};
pub use regexes::{MOST_REGEX_BYTES, MOST_REGEX_NESTING, bounded_regex, regex};
#[doc(hidden)]
pub use service::erase;
pub use service::{Answered, AnyReply, Label, Operations, ResourceView, Service, Typed};
pub use store::{Index, Key, Read, Scope, Snapshot, Store, Table, TableScope, Tx};
#[doc(hidden)]
pub use wire;
pub use wire::{Body, Bytes, Fault, Reply, ReplyBody, Timestamp};
pub use work::{Token, Work};
