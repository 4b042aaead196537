//! What PutEvents checks: the request as a whole, and each entry for itself.

use crate::{check, model::PutEventsRequestEntry};
use kit::{Fault, Timestamp};
use serde_json::Value;
use std::fmt::Write;

const MOST_ENTRIES: usize = 10;
/// Most bytes of all entries together (the recorded answer refuses more).
const MOST_BYTES: usize = 256 * 1024;
/// A time counts for so many bytes, as AWS documents it.
const TIME_BYTES: usize = 14;

/// Why an entry is not taken.
pub(crate) type Refusal = (&'static str, String);

/// Refuses a request as a whole.
pub(crate) fn check_all(entries: &[PutEventsRequestEntry]) -> Result<(), Fault> {
    let count = |what: &str| {
        check::invalid(format!(
            "1 validation error detected: Value '{}' at 'entries' failed to satisfy constraint: Member must have length {what}",
            listed(entries)
        ))
    };
    match entries.len() {
        0 => return Err(count("greater than or equal to 1")),
        n if n > MOST_ENTRIES => return Err(count("less than or equal to 10")),
        _ => {}
    }
    match entries.iter().map(bytes).sum::<usize>() > MOST_BYTES {
        true => Err(check::invalid("Total size of the entries in the request is over the limit.")),
        false => Ok(()),
    }
}

/// The detail of an entry that may go on.
pub(crate) fn check_one(entry: &PutEventsRequestEntry) -> Result<Value, Refusal> {
    for (name, member) in [("Source", &entry.source), ("DetailType", &entry.detail_type), ("Detail", &entry.detail)] {
        if member.as_ref().is_none_or(String::is_empty) {
            return Err(("InvalidArgument", format!("Parameter {name} is not valid. Reason: {name} is a required argument.")));
        }
    }
    if entry.source.as_ref().is_some_and(|source| source.starts_with("aws.")) {
        return Err(("NotAuthorizedForSourceException", "Not authorized for the source.".into()));
    }
    let detail: Option<Value> = entry.detail.as_deref().and_then(|text| serde_json::from_str(text).ok());
    detail.filter(Value::is_object).ok_or(("MalformedDetail", "Detail is malformed.".into()))
}

fn bytes(entry: &PutEventsRequestEntry) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let resources = entry.resources.iter().flatten().map(String::len).sum::<usize>();
    let time = entry.time.map_or(0, |_| TIME_BYTES);
    time + text(&entry.source) + text(&entry.detail_type) + text(&entry.detail) + resources
}

/// The entries as AWS prints them in its sentence.
fn listed(entries: &[PutEventsRequestEntry]) -> String {
    let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".into());
    let mut out = String::from("[");
    for (at, entry) in entries.iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        let time = entry.time.map_or_else(|| "null".into(), printed);
        let resources = entry.resources.as_ref().map_or_else(|| "null".into(), |all| format!("[{}]", all.join(", ")));
        let _ = write!(
            out,
            "{separator}PutEventsRequestEntry(time={time}, source={}, resources={resources}, detailType={}, detail={}, eventBusName={}, \
             traceHeader={}, kmsKeyIdentifier=null, internalMetadata=null)",
            or_null(&entry.source),
            or_null(&entry.detail_type),
            or_null(&entry.detail),
            or_null(&entry.event_bus_name),
            or_null(&entry.trace_header),
        );
    }
    out.push(']');
    out
}

fn printed(at: Timestamp) -> String {
    kit::time::iso_secs(at)
}
