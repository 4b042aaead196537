//! Attributes of queues: which there are, what they may be, and what a queue without them has.

use crate::{
    Error,
    limits::NUMBERS,
    state::{Queue, bad_value},
};
use kit::{Fault, Timestamp};
use std::collections::BTreeMap;

/// Attributes by name, as callers give them.
pub(crate) type Settings = BTreeMap<String, String>;

/// What is done with the attributes.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    Creating,
    Setting,
}

/// Attributes that AWS computes; they may be asked for, not set.
const COMPUTED: &[&str] = &[
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];
/// Attributes of FIFO queues: default, values.
const FIFO: &[(&str, &str, &[&str])] = &[
    ("FifoQueue", "true", &["true", "false"]),
    ("ContentBasedDeduplication", "false", &["true", "false"]),
    ("DeduplicationScope", "queue", &["queue", "messageGroup"]),
    ("FifoThroughputLimit", "perQueue", &["perQueue", "perMessageGroupId"]),
];
/// Attributes that are neither numbers nor computed.
const TEXTS: &[&str] = &["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "SqsManagedSseEnabled"];

/// A queue's name, and whether it is a FIFO queue, as name and attributes have to say alike.
pub(crate) fn queue_name(name: &str, settings: &Settings) -> Result<bool, Fault> {
    let fifo = settings.get("FifoQueue").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    let stem = match (fifo, name.strip_suffix(".fifo")) {
        (true, None) => {
            return Err(bad_value(
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
            ));
        }
        (true, Some(stem)) => stem,
        (false, _) => name,
    };
    let fits = !stem.is_empty() && name.len() <= 80 && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match fits {
        true => Ok(fifo),
        false => Err(bad_value("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")),
    }
}

/// Names of attributes that a caller asks for.
pub(crate) fn asked<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<(), Fault> {
    let known = |name: &str| {
        let lists = [COMPUTED, TEXTS, &["All"]];
        lists.iter().any(|list| list.contains(&name)) || FIFO.iter().any(|f| f.0 == name) || NUMBERS.iter().any(|n| n.name == name)
    };
    names.into_iter().find(|name| !known(name)).map_or(Ok(()), |name| Err(unknown(name)))
}

/// Checks attributes and writes them as AWS shows them.
pub(crate) fn checked(settings: Settings, fifo: bool, moment: Moment) -> Result<Settings, Fault> {
    let sealed_by_sqs = settings.get("SqsManagedSseEnabled").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    if sealed_by_sqs && settings.get("KmsMasterKeyId").is_some_and(|key| !key.is_empty()) {
        return Err(Error::InvalidAttributeName
            .says("You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."));
    }
    settings.into_iter().map(|(name, value)| Ok((name.clone(), one(&name, value, fifo, moment)?))).collect()
}

fn one(name: &str, value: String, fifo: bool, moment: Moment) -> Result<String, Fault> {
    let bad = || Error::InvalidAttributeValue.says(format!("Invalid value for the parameter {name}."));
    if let Some(number) = NUMBERS.iter().find(|n| n.name == name) {
        let fits = value.parse().is_ok_and(|v| (number.least..=number.most).contains(&v));
        return if fits { Ok(value) } else { Err(bad()) };
    }
    if let Some((_, _, values)) = FIFO.iter().find(|f| f.0 == name) {
        return of_fifo(name, value, values, fifo, moment);
    }
    match name {
        "Policy" if !value.is_empty() => {
            kit::policy::Document::parse(&value, kit::policy::DocumentKind::Resource).map_err(|_| bad())?;
        }
        "RedrivePolicy" | "RedriveAllowPolicy" | "Policy" | "KmsMasterKeyId" => {}
        "SqsManagedSseEnabled" => {
            let lower = value.to_ascii_lowercase();
            return lower.parse::<bool>().map(|_| lower).map_err(|_| bad());
        }
        _ => return Err(unknown(name)),
    }
    Ok(value)
}

/// The sentences are recorded (test_create_standard_queue_with_fifo_attribute_raises_error, test_set_unsupported_attribute_fifo).
fn of_fifo(name: &str, value: String, values: &[&str], fifo: bool, moment: Moment) -> Result<String, Fault> {
    let found = values.iter().find(|v| v.eq_ignore_ascii_case(&value));
    match (fifo, name, found) {
        (false, "FifoQueue" | "ContentBasedDeduplication", _) => Err(unknown(name)),
        (false, ..) => Err(Error::InvalidAttributeName.says(format!("You can specify the {name} only when FifoQueue is set to true."))),
        (true, "FifoQueue", Some(&"false")) if moment == Moment::Setting => {
            Err(Error::InvalidAttributeValue
                .says("Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."))
        }
        (true, _, Some(value)) => Ok((*value).to_owned()),
        (true, _, None) => Err(Error::InvalidAttributeValue.says(format!("Invalid value for the parameter {name}."))),
    }
}

/// What a queue would be with these attributes: high throughput needs deduplication by group.
pub(crate) fn together(queue: &Queue) -> Result<(), Fault> {
    let text = |name| queue.text(name).unwrap_or_default();
    match text("FifoThroughputLimit") == "perMessageGroupId" && text("DeduplicationScope") != "messageGroup" {
        true => Err(Error::InvalidAttributeValue.says(
            "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
        )),
        false => Ok(()),
    }
}

/// Sets checked attributes on a queue; an empty text takes one away.
pub(crate) fn set(queue: &mut Queue, settings: Settings, now: Timestamp) {
    let before = queue.text("DeduplicationScope");
    let kms = settings.get("KmsMasterKeyId").is_some_and(|key| !key.is_empty());
    for (name, value) in settings {
        match value.is_empty() {
            true => queue.attributes.remove(&name),
            false => queue.attributes.insert(name, value),
        };
    }
    // A key of KMS's ends SQS's own, and the end of the key does not bring it back; recorded (test_set_queue_attributes_default_values).
    if kms {
        queue.attributes.insert("SqsManagedSseEnabled".into(), "false".into());
    } else if queue.attributes.get("SqsManagedSseEnabled").is_some_and(|v| v == "true") {
        queue.attributes.remove("KmsMasterKeyId");
    }
    if let Some(before) = before
        && queue.text("DeduplicationScope").is_some_and(|scope| scope != before)
    {
        queue.scope_before = Some((before, now));
    }
}

/// The settings of a queue with their defaults, as GetQueueAttributes shows them.
pub(crate) fn shown(queue: &Queue) -> Settings {
    let mut all = queue.attributes.clone();
    let kms = all.contains_key("KmsMasterKeyId");
    for number in NUMBERS {
        all.insert(number.name.into(), queue.number(number.name).to_string());
    }
    if !kms {
        all.remove("KmsDataKeyReusePeriodSeconds");
    }
    all.entry("SqsManagedSseEnabled".into()).or_insert_with(|| (!kms).to_string());
    if queue.is_fifo() {
        for (name, default, _) in FIFO {
            all.entry((*name).to_owned()).or_insert_with(|| (*default).to_owned());
        }
    }
    all
}

/// The default of a FIFO attribute.
pub(crate) fn fifo_default(name: &str) -> Option<&'static str> {
    FIFO.iter().find(|f| f.0 == name).map(|f| f.1)
}

fn unknown(name: &str) -> Fault {
    Error::InvalidAttributeName.says(format!("Unknown Attribute {name}."))
}
