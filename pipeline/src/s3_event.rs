//! S3's event notification, and the two other shapes that `process` takes: S3's own test event and a direct request.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// What `process` is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Work {
    /// Objects that were created, in the order of the records.
    Objects(Vec<ObjectRef>),
    /// S3 says hello when a notification is set up: nothing to do.
    TestEvent,
}

/// An object by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ObjectRef {
    /// The bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Shape {
    Notification {
        #[serde(rename = "Records")]
        records: Vec<Record>,
    },
    Test {
        #[serde(rename = "Event")]
        event: String,
    },
    Direct(ObjectRef),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: String,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

/// Reads an event: an S3 notification (keys in it are form-encoded), `s3:TestEvent`, or `{"bucket": ..., "key": ...}` (key as it is).
/// Errors: a sentence saying what the event isn't.
pub fn parse(event: serde_json::Value) -> Result<Work, String> {
    let shape: Shape = serde_json::from_value(event)
        .map_err(|_| "the event is neither an S3 notification nor {\"bucket\": ..., \"key\": ...}".to_owned())?;
    match shape {
        Shape::Notification { records } => records.into_iter().filter_map(object_of).collect::<Result<_, _>>().map(Work::Objects),
        Shape::Test { event } if event == "s3:TestEvent" => Ok(Work::TestEvent),
        Shape::Test { event } => Err(format!("the event '{event}' is not known")),
        Shape::Direct(object) => Ok(Work::Objects(vec![object])),
    }
}

/// The object of a record; records of other events than creation (a removal, say) are none of our business.
fn object_of(record: Record) -> Option<Result<ObjectRef, String>> {
    if !record.event_name.starts_with("ObjectCreated:") {
        return None;
    }
    let raw = record.s3.object.key;
    Some(match decode_key(&raw) {
        Some(key) => Ok(ObjectRef { bucket: record.s3.bucket.name, key }),
        None => Err(format!("the key '{raw}' in the event is not valid UTF-8 once decoded")),
    })
}

/// Undoes form encoding: `+` is a space, `%2B` a plus.
fn decode_key(raw: &str) -> Option<String> {
    let spaced = raw.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(|key| key.into_owned())
}
