//! Faults and checks that operations share; the sentences are AWS's where they are known.

use crate::{engine::Problem, model::*};
use kit::Fault;

pub(crate) fn nonexistent() -> Fault {
    Error::WAFNonexistentItem.says("AWS WAF couldn\u{2019}t perform the operation because your resource doesn\u{2019}t exist.")
}

pub(crate) fn duplicate() -> Fault {
    Error::WAFDuplicateItem
        .says("AWS WAF couldn\u{2019}t perform the operation because some resource in your request is a duplicate of an existing one.")
}

pub(crate) fn stale_token() -> Fault {
    Error::WAFOptimisticLock.says(
        "AWS WAF couldn\u{2019}t save your changes because someone changed the resource after you started to edit it. Reapply your changes.",
    )
}

pub(crate) fn in_use() -> Fault {
    Error::WAFAssociatedItem.says(
        "AWS WAF couldn\u{2019}t perform the operation because your resource is being used by another resource or it\u{2019}s associated with another resource.",
    )
}

pub(crate) fn limit(what: &str) -> Fault {
    Error::WAFLimitsExceeded
        .says(format!("AWS WAF couldn\u{2019}t perform the operation because you exceeded your resource limit: {what}."))
}

/// AWS tells field and parameter in the sentence and in members.
pub(crate) fn invalid(field: &str, parameter: &str, reason: &str) -> Fault {
    let reason = reason.trim_end_matches('.');
    Error::WAFInvalidParameter
        .says(format!("Error reason: {reason}., field: {field}, parameter: {parameter}"))
        .with("Field", field)
        .with("Parameter", parameter)
        .with("Reason", reason)
}

pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} of AWS WAF."))
}

/// A problem of rules as a fault.
pub(crate) fn of_problem(problem: Problem) -> Fault {
    match problem {
        Problem::Invalid { field, parameter, reason } => invalid(field, &parameter, &reason),
        Problem::Missing(_) => nonexistent(),
        Problem::NotImplemented(what) => not_implemented(&what),
    }
}

pub(crate) fn bad_marker() -> Fault {
    invalid("NEXT_MARKER", "NextMarker", "The parameter contains formatting that is not valid.")
}

/// Length of a page.
pub(crate) fn page_length(asked: Option<i32>) -> usize {
    asked.map_or(100, |most| most.clamp(1, 100) as usize)
}
