//! What CloudWatch Logs keeps: groups, streams, and events in the order of their times.

use crate::{Error, LogGroupClass};
use kit::{Context, Fault, Index, Read, Scope, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Groups by name.
pub(crate) const GROUPS: Table<String, Group> = Table::new("logs.groups", TableScope::Region);
/// Streams by group id and name.
pub(crate) const STREAMS: Table<(String, String), Stream> = Table::new("logs.streams", TableScope::Region);
/// Events by group id, time in milliseconds, and arrival.
pub(crate) const EVENTS: Table<EventKey, Event> = Table::new("logs.events", TableScope::Region)
    .indexes(&[Index { name: "stream", keys: |e| vec![key_bytes(&(e.group_id.as_str(), e.stream.as_str(), e.at_ms, e.seq))] }]);

/// Group id, milliseconds, arrival.
pub(crate) type EventKey = (String, i64, u64);

/// A log group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Group {
    /// Differs from that of an earlier group of the same name.
    pub id: String,
    pub name: String,
    pub created_ms: i64,
    pub retention_days: Option<i32>,
    pub class: Option<LogGroupClass>,
    pub tags: BTreeMap<String, String>,
}

/// A log stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Stream {
    pub name: String,
    pub created_ms: i64,
    pub first_ms: Option<i64>,
    pub last_ms: Option<i64>,
    pub ingested_ms: Option<i64>,
    pub bytes: u64,
}

/// A log event.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    pub group_id: String,
    pub stream: String,
    pub at_ms: i64,
    pub seq: u64,
    pub ingested_ms: i64,
    pub message: String,
}

impl Event {
    pub fn key(&self) -> EventKey {
        (self.group_id.clone(), self.at_ms, self.seq)
    }
    /// The id that FilterLogEvents shows: digits that sort as the events do.
    pub fn id(&self) -> String {
        format!("{:028}{:028}", self.at_ms, self.seq)
    }
}

impl Group {
    /// Events before this moment are past the group's retention.
    pub fn oldest_ms(&self, now: Timestamp) -> i64 {
        self.retention_days.map_or(i64::MIN, |days| now.millis() - days as i64 * 86_400_000)
    }
}

/// `arn:aws:logs:R:A:log-group:G`
pub(crate) fn arn(scope: &Scope, group: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{group}", scope.region, scope.account)
}

/// A group's name out of a name or an ARN, with or without `:*`.
pub(crate) fn name_of(identifier: &str) -> &str {
    match kit::Arn::parse(identifier) {
        Some(arn) => {
            let name = arn.after("log-group:").unwrap_or(identifier);
            name.strip_suffix(":*").unwrap_or(name)
        }
        None => identifier,
    }
}

/// The group that a request names in one of two ways.
pub(crate) fn named<'a>(name: &'a Option<String>, identifier: &'a Option<String>) -> Result<&'a str, Fault> {
    match (name, identifier) {
        (Some(_), Some(_)) => Err(Error::Validation.says("LogGroup name and LogGroup ARN are mutually exclusive parameters.")),
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => Ok(name_of(identifier)),
        (None, None) => Err(Error::InvalidParameter.says("Log group name or identifier must be provided.")),
    }
}

/// A group, or AWS's fault.
pub(crate) fn group(read: &impl Read, cx: &Context, name: &str) -> Result<Group, Fault> {
    read.get(&GROUPS, cx.scope(), &name.to_owned())?.ok_or_else(|| Error::ResourceNotFound.says("The specified log group does not exist."))
}

/// A stream, or AWS's fault.
pub(crate) fn stream(read: &impl Read, cx: &Context, group: &Group, name: &str) -> Result<Stream, Fault> {
    read.get(&STREAMS, cx.scope(), &(group.id.clone(), name.to_owned()))?
        .ok_or_else(|| Error::ResourceNotFound.says("The specified log stream does not exist."))
}
