//! AWS's limits and its sentences for what breaks them, shared by the operations.

use crate::{Error, model::Tag};
use kit::Fault;

/// Targets a rule may have, and rules a bus may have (AWS's quotas).
pub(crate) const MOST_TARGETS: usize = 5;
pub(crate) const MOST_RULES: usize = 300;
const MOST_TAGS: usize = 50;

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", 400, message)
}

/// The 501 for a part of an operation.
pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} in EventBridge."))
}

/// AWS's sentence for every quota, as recorded.
pub(crate) fn too_many() -> Fault {
    Error::LimitExceeded.says("The requested resource exceeds the maximum number allowed.")
}

pub(crate) fn bad_token() -> Fault {
    invalid("Parameter NextToken is not valid.")
}

/// The length of a page.
pub(crate) fn limit(asked: Option<i32>) -> usize {
    asked.map_or(100, |n| n.clamp(1, 100) as usize)
}

pub(crate) fn tags(tags: &[Tag]) -> Result<(), Fault> {
    if tags.iter().any(|tag| tag.key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid("System tags cannot be added/updated by requester."));
    }
    match tags.len() > MOST_TAGS {
        true => Err(too_many()),
        false => Ok(()),
    }
}

/// AWS takes one filter of a listing at a time.
pub(crate) fn one_filter(operation: &str, given: [bool; 3]) -> Result<(), Fault> {
    match given.iter().filter(|given| **given).count() > 1 {
        true => Err(invalid(format!("At most one filter is allowed for {operation}. Use either : State, EventSourceArn, or NamePrefix."))),
        false => Ok(()),
    }
}
