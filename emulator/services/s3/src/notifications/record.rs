//! The event as functions, queues and topics read it, member for member as recorded.

use super::Happening;
use crate::{
    listing::url_encoded,
    state::{self, Found},
};
use kit::{Context, Fault, Principal, Read, Scope, Table, TableScope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How events are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventVersion {
    /// As recorded in January 2025: 2.1, and 2.3 for the younger kinds.
    #[default]
    Recorded,
    /// One number for all kinds, as AWS's documentation shows since: 2.6.
    Unified,
}

/// The numbering of this cloud, where it isn't the default.
pub(crate) const NUMBERING: Table<(), EventVersion> = Table::new("s3.event_version", TableScope::Global);

/// The version of an event of this name.
pub(super) fn version(read: &impl Read, event: &str) -> Result<String, Fault> {
    let numbering = read.get(&NUMBERING, &Scope::new("", ""), &())?.unwrap_or_default();
    Ok(match numbering {
        EventVersion::Recorded => recorded_version(event).into(),
        EventVersion::Unified => "2.6".into(),
    })
}

/// `{"Records":[...]}` as text.
pub(super) fn records(
    cx: &Context,
    found: &Found,
    configuration_id: &str,
    happening: &Happening<'_>,
    data: &[(&str, Value)],
    version: &str,
) -> String {
    let mut record = record(cx, found, configuration_id, happening, version);
    data.iter().for_each(|(name, value)| record[*name] = value.clone());
    json!({ "Records": [record] }).to_string()
}

fn record(cx: &Context, found: &Found, configuration_id: &str, happening: &Happening<'_>, version: &str) -> Value {
    json!({
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": found.bucket.region,
        "eventTime": kit::time::iso_millis(cx.now()),
        "eventName": happening.name,
        "userIdentity": { "principalId": principal_id(cx, found, happening.name) },
        "requestParameters": { "sourceIPAddress": source_address(cx) },
        "responseElements": { "x-amz-request-id": cx.request_id(), "x-amz-id-2": host_id(cx) },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": found.name,
                "ownerIdentity": { "principalId": owner_id(&found.scope.account) },
                "arn": found.arn(),
            },
            "object": object(happening),
        },
    })
}

/// AWS numbers the younger kinds of events 2.3.
fn recorded_version(event: &str) -> &'static str {
    let young = ["ObjectTagging", "ObjectAcl", "Lifecycle", "IntelligentTiering"].iter().any(|kind| event.starts_with(kind));
    if young { "2.3" } else { "2.1" }
}

fn object(happening: &Happening<'_>) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("key".into(), url_encoded(happening.key).into());
    if let Some(size) = happening.size {
        object.insert("size".into(), size.into());
    }
    if let Some(etag) = happening.etag {
        object.insert("eTag".into(), etag.into());
    }
    if let Some(id) = happening.version_id {
        object.insert("versionId".into(), id.into());
    }
    if let Some(sequencer) = happening.sequencer {
        object.insert("sequencer".into(), self::sequencer(sequencer).into());
    }
    object
}

/// Hexadecimal digits that order the events of one key.
pub(super) fn sequencer(sequence: u64) -> String {
    format!("00{sequence:016X}")
}

fn principal_id(cx: &Context, found: &Found, event: &str) -> String {
    match cx.principal() {
        // What becomes of a restore is told in the owner's name, as recorded.
        Principal::Service { .. } if event.starts_with("ObjectRestore") => format!("AmazonCustomer:{}", owner_id(&found.scope.account)),
        Principal::Anonymous => "Anonymous".into(),
        Principal::Service { name, .. } => name.to_string(),
        principal => format!("AWS:{}", principal.user_id()),
    }
}

pub(super) fn source_address(cx: &Context) -> String {
    match (cx.source().ip, cx.principal()) {
        (Some(ip), _) => ip.to_string(),
        (None, Principal::Service { name, .. }) => name.to_string(),
        (None, _) => "127.0.0.1".into(),
    }
}

/// The owner as events name it: a short id, not the canonical one.
fn owner_id(account: &str) -> String {
    format!("A{}", state::canonical_id(account)[..13].to_ascii_uppercase())
}

/// The id of the host that answered, as the answer itself tells it.
pub(super) fn host_id(cx: &Context) -> String {
    wire::fault_response::host_id(cx.request_id())
}
