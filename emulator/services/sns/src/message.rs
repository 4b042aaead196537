//! A message on its way in: what a caller may publish, checked with AWS's sentences.

use crate::{Error, model::MessageAttributeValue, state::*};
use kit::{Context, Fault};
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of a message with its attributes, and of all messages of a batch.
pub(crate) const MOST_BYTES: usize = 262_144;

/// What Publish and an entry of PublishBatch have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub body: String,
    pub subject: Option<String>,
    pub structure: Option<String>,
    pub attributes: BTreeMap<String, MessageAttributeValue>,
    pub group: Option<String>,
    pub deduplication: Option<String>,
}

impl Draft {
    /// Bytes that count.
    pub fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| {
            name.len()
                + value.data_type.len()
                + value.string_value.as_ref().map_or(0, String::len)
                + value.binary_value.as_ref().map_or(0, |b| b.len())
        });
        self.body.len() + attributes.sum::<usize>()
    }

    /// Refuses what no topic takes.
    pub fn check(&self) -> Result<(), Fault> {
        if self.body.is_empty() {
            return Err(invalid("Empty message"));
        }
        self.subject.as_deref().map_or(Ok(()), subject)?;
        self.attributes.iter().try_for_each(|(name, value)| attribute(name, value))?;
        match self.structure.as_deref() {
            None => Ok(()),
            Some("json") => structured(&self.body).map(drop),
            Some(_) => Err(invalid("MessageStructure")),
        }
    }

    /// Refuses what this topic doesn't take.
    pub fn check_for(&self, topic: &StoredTopic) -> Result<(), Fault> {
        for (parameter, id) in [("MessageGroupId", &self.group), ("MessageDeduplicationId", &self.deduplication)] {
            let printable = |id: &String| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
            if id.as_ref().is_some_and(|id| !printable(id)) {
                return Err(invalid(format!(
                    "{parameter} Reason: The request includes a {parameter} that is not valid: 1 to 128 letters, digits and punctuation"
                )));
            }
        }
        if !topic.is_fifo() {
            return match self.deduplication {
                Some(_) => Err(invalid(
                    "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
                )),
                None => Ok(()),
            };
        }
        if self.group.is_none() {
            return Err(invalid("The MessageGroupId parameter is required for FIFO topics"));
        }
        if self.deduplication.is_none() && !topic.is("ContentBasedDeduplication") {
            return Err(invalid(
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            ));
        }
        Ok(())
    }

    /// The message as it is kept.
    pub fn stored(self, cx: &Context, topic: &StoredTopic, topic_arn: &str) -> Result<StoredMessage, Fault> {
        let by_protocol = match self.structure {
            Some(_) => structured(&self.body)?,
            None => BTreeMap::new(),
        };
        let body = by_protocol.get("default").cloned().unwrap_or(self.body);
        let deduplication = match topic.is_fifo() {
            true => Some(self.deduplication.unwrap_or_else(|| content_hash(&body))),
            false => None,
        };
        Ok(StoredMessage {
            id: cx.ids().uuid(),
            topic_arn: topic_arn.to_owned(),
            subject: self.subject,
            body,
            by_protocol,
            attributes: self.attributes,
            group: self.group,
            deduplication,
            sequence: None,
            published: cx.now(),
            signature_version: topic.attributes.get("SignatureVersion").cloned().unwrap_or_else(|| "1".into()),
            trace: cx.trace().to_string(),
            trace_header: cx.source().trace_header.clone(),
            waiting: 0,
            sealed: None,
        })
    }
}

fn content_hash(body: &str) -> String {
    use sha2::{Digest, Sha256};
    kit::hex(&Sha256::digest(body.as_bytes()))
}

/// A message by protocol. Members that are no texts are passed over, as AWS does; of a member that comes twice the last counts.
fn structured(body: &str) -> Result<BTreeMap<String, String>, Fault> {
    let Ok(Value::Object(members)) = serde_json::from_str(body) else {
        return Err(invalid("Message Structure - JSON message body failed to parse"));
    };
    let texts = members.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    let by_protocol: BTreeMap<String, String> = texts.collect();
    match by_protocol.contains_key("default") {
        true => Ok(by_protocol),
        false => Err(invalid("Message Structure - No default entry in JSON message body")),
    }
}

/// At most 100 characters of one line.
fn subject(text: &str) -> Result<(), Fault> {
    let fits = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) && !text.starts_with(' ');
    if fits { Ok(()) } else { Err(invalid("Subject")) }
}

fn attribute(name: &str, value: &MessageAttributeValue) -> Result<(), Fault> {
    let bad = |why: String| Err(Error::InvalidParameterValue.says(why));
    if name.is_empty() || name.len() > 256 {
        return bad("Length of message attribute name must be less than 256 bytes.".into());
    }
    if let Some(c) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))) {
        return bad(format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.",
            u32::from(c)
        ));
    }
    if name.starts_with('.') {
        return bad("Invalid message attribute name starting with character '.' was found.".into());
    }
    if name.ends_with('.') {
        return bad("Invalid message attribute name ending with character '.' was found.".into());
    }
    if name.contains("..") {
        return bad("Message attribute name can not have successive '.' character.".into());
    }
    let (kind, label) = value.data_type.split_once('.').map_or((value.data_type.as_str(), None), |(kind, label)| (kind, Some(label)));
    if !matches!(kind, "String" | "Number" | "Binary") || label == Some("") {
        return bad(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
        ));
    }
    let (right, wrong) = match kind {
        "Binary" => (value.binary_value.as_ref().map(|b| b.len()), value.string_value.as_ref().map(String::len)),
        _ => (value.string_value.as_ref().map(String::len), value.binary_value.as_ref().map(|b| b.len())),
    };
    let field = if kind == "Binary" { "Binary" } else { "String" };
    match (right.unwrap_or(0), wrong) {
        (0, Some(length)) if length > 0 => bad(format!("The message attribute '{name}' with type '{kind}' must use field '{field}'.")),
        (0, _) => bad(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{kind}'."
        )),
        _ if kind == "Number" && value.string_value.as_ref().is_none_or(|v| v.parse::<f64>().is_err()) => {
            bad(format!("Could not cast message attribute '{name}' value to number."))
        }
        _ => Ok(()),
    }
}
