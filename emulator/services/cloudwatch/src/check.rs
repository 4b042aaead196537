//! CloudWatch's limits and sentences that several operations share.

use crate::model::*;
use kit::{Fault, Scope};

/// Dimensions of a metric.
pub(crate) const MOST_DIMENSIONS: usize = 30;
const MOST_TAGS: usize = 50;

/// InvalidParameterValue.
pub(crate) fn value(message: impl Into<String>) -> Fault {
    Error::InvalidParameterValue.says(message)
}

/// The fault of an input that breaks the model or a rule that has no fault of its own.
pub(crate) fn validation(message: impl Into<String>) -> Fault {
    let mut fault = Fault::new("ValidationException", 400, message);
    fault.query_code = Some("ValidationError".into());
    fault
}

/// The 501 for a part of an operation.
pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} in CloudWatch."))
}

pub(crate) fn bad_token() -> Fault {
    Error::InvalidNextToken.says("Invalid nextToken")
}

/// Periods are 1, 5, 10, 20, 30 or a multiple of 60 seconds.
pub(crate) fn period(name: &str, seconds: i32) -> Result<(), Fault> {
    match matches!(seconds, 1 | 5 | 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0 && seconds <= 86_400 * 7) {
        true => Ok(()),
        false => Err(value(format!(
            "The parameter {name} must be 1, 5, 10, 20, 30, or a multiple of 60, and no more than a week: {seconds} is none of them."
        ))),
    }
}

pub(crate) fn dimensions(given: &[Dimension]) -> Result<(), Fault> {
    if given.len() > MOST_DIMENSIONS {
        return Err(value(format!("The collection Dimensions must not have a size greater than {MOST_DIMENSIONS}.")));
    }
    let unclean = |text: &str| text.trim().is_empty() || text.chars().any(char::is_control);
    if let Some(bad) = given.iter().find(|d| unclean(&d.name) || unclean(&d.value) || d.name.starts_with(':')) {
        return Err(value(format!("The dimension {} has an empty name or value, or one with control characters.", bad.name)));
    }
    let mut names: Vec<&str> = given.iter().map(|d| d.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(value(format!("No Dimension name may be included more than once: {} is.", pair[0]))),
        None => Ok(()),
    }
}

pub(crate) fn tags(tags: &[Tag]) -> Result<(), Fault> {
    if tags.len() > MOST_TAGS {
        return Err(value(format!("A resource may have at most {MOST_TAGS} tags.")));
    }
    match tags.iter().find(|tag| tag.key.to_ascii_lowercase().starts_with("aws:")) {
        Some(tag) => Err(value(format!("The tag key {} begins with aws:, which is for AWS's own tags.", tag.key))),
        None => Ok(()),
    }
}

pub(crate) fn alarm_arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", scope.region, scope.account)
}

pub(crate) fn dashboard_arn(account: &str, name: &str) -> String {
    format!("arn:aws:cloudwatch::{account}:dashboard/{name}")
}
