//! AWS's limits of requests: bodies, message attributes, groups, batches, numbers.

use crate::{Error, MessageAttributeValue, state::bad_value};
use kit::Fault;
use std::collections::BTreeMap;

/// A number among a queue's attributes.
pub(crate) struct Number {
    pub name: &'static str,
    pub default: i64,
    pub least: i64,
    pub most: i64,
}

/// The numbers among a queue's attributes.
pub(crate) const NUMBERS: &[Number] = &[
    Number { name: "DelaySeconds", default: 0, least: 0, most: 900 },
    Number { name: "MaximumMessageSize", default: MOST_BYTES as i64, least: 1024, most: MOST_BYTES as i64 },
    Number { name: "MessageRetentionPeriod", default: 345_600, least: 60, most: 1_209_600 },
    Number { name: "ReceiveMessageWaitTimeSeconds", default: 0, least: 0, most: 20 },
    Number { name: "VisibilityTimeout", default: 30, least: 0, most: 43_200 },
    Number { name: "KmsDataKeyReusePeriodSeconds", default: 300, least: 60, most: 86_400 },
];

/// Largest message, and largest batch in all.
pub(crate) const MOST_BYTES: usize = 1_048_576;

/// A parameter that must be there and isn't.
pub(crate) fn missing(name: &str) -> Fault {
    let mut fault = Fault::new("MissingRequiredParameterException", 400, format!("The request must contain the parameter {name}."));
    fault.query_code = Some("MissingParameter".into());
    fault
}

/// How many bytes a message counts: body and attributes with their names and types.
pub(crate) fn size(body: &str, attributes: &BTreeMap<String, MessageAttributeValue>) -> usize {
    let value = |value: &MessageAttributeValue| {
        value.string_value.as_ref().map_or(0, String::len) + value.binary_value.as_ref().map_or(0, |b| b.len())
    };
    body.len() + attributes.iter().map(|(name, a)| name.len() + a.data_type.len() + value(a)).sum::<usize>()
}

/// Checks a message's body and attributes.
pub(crate) fn message(body: &str, attributes: &BTreeMap<String, MessageAttributeValue>, most: i64, reason: &str) -> Result<(), Fault> {
    if body.is_empty() {
        return Err(missing("MessageBody"));
    }
    if attributes.len() > 10 {
        return Err(bad_value(format!("Number of message attributes [{}] exceeds the allowed maximum [10].", attributes.len())));
    }
    attributes.iter().try_for_each(|(name, value)| attribute(name, value))?;
    if size(body, attributes) as i64 > most {
        return Err(bad_value(format!("One or more parameters {reason}. Reason: Message must be shorter than {most} bytes.")));
    }
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    if !body.chars().all(allowed) {
        return Err(Error::InvalidMessageContents.says(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        ));
    }
    Ok(())
}

fn attribute(name: &str, value: &MessageAttributeValue) -> Result<(), Fault> {
    let lower = name.to_ascii_lowercase();
    let fits = (1..=256).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.");
    if !fits {
        return Err(bad_value(format!("Message (user) attribute name '{name}' is invalid.")));
    }
    let kind = value.data_type.split('.').next().unwrap_or("");
    let full = match kind {
        "String" => value.string_value.as_deref().is_some_and(|v| !v.is_empty()),
        "Number" => value.string_value.as_deref().is_some_and(|v| v.parse::<f64>().is_ok()),
        "Binary" => value.binary_value.as_deref().is_some_and(|v| !v.is_empty()),
        _ => {
            return Err(bad_value(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String."
            )));
        }
    };
    match full {
        true => Ok(()),
        false => Err(bad_value(format!("Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."))),
    }
}

/// A MessageGroupId or MessageDeduplicationId.
pub(crate) fn token(name: &str, value: &str) -> Result<(), Fault> {
    match (1..=128).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(()),
        false => Err(bad_value(format!(
            "Value {value} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        ))),
    }
}

/// A parameter that queues of this type don't take.
pub(crate) fn wrong_type(name: &str, value: impl std::fmt::Display) -> Fault {
    bad_value(format!(
        "Value {value} for parameter {name} is invalid. Reason: The request include parameter that is not valid for this queue type."
    ))
}

/// The ids of a batch's entries.
pub(crate) fn batch<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Fault> {
    if ids.len() == 0 {
        return Err(Error::EmptyBatchRequest.says("There should be at least one entry in the request."));
    }
    if ids.len() > 10 {
        let sent = ids.len();
        return Err(
            Error::TooManyEntriesInBatchRequest.says(format!("Maximum number of entries per request are 10. You have sent {sent}."))
        );
    }
    let mut seen = std::collections::HashSet::new();
    for id in ids {
        if id.is_empty() || id.len() > 80 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(Error::InvalidBatchEntryId.says(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
            ));
        }
        if !seen.insert(id) {
            return Err(Error::BatchEntryIdsNotDistinct.says(format!("Id {id} repeated.")));
        }
    }
    Ok(())
}

/// A number of a request within its bounds.
pub(crate) fn between(name: &str, value: i32, least: i32, most: i32) -> Result<i64, Fault> {
    match (least..=most).contains(&value) {
        true => Ok(value as i64),
        false => {
            let must = match name {
                "MaxNumberOfMessages" => format!("Must be between {least} and {most}, if provided."),
                "VisibilityTimeout" => format!("VisibilityTimeout must be an integer between {least} and {most}"),
                _ => format!("Must be >= {least} and <= {most}, if provided."),
            };
            Err(bad_value(format!("Value {value} for parameter {name} is invalid. Reason: {must}")))
        }
    }
}
