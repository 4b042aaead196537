//! What SNS keeps: topics, subscriptions, messages on their way, and what a FIFO topic remembers against duplicates.

use crate::{Error, MessageAttributeValue, arns};
use kit::{Context, Fault, Index, Read, Scope, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Topics by name.
pub(crate) const TOPICS: Table<String, StoredTopic> = Table::new("sns.topics", TableScope::Region);
/// Subscriptions by ARN, in one place: subscriber and topic may be of two accounts.
pub(crate) const SUBSCRIPTIONS: Table<String, StoredSubscription> = Table::new("sns.subscriptions", TableScope::Global).indexes(&[
    Index { name: "topic", keys: |s| vec![key_bytes(&(s.topic_id.as_str(), s.arn.as_str()))] },
    Index { name: "owner", keys: |s| vec![key_bytes(&(s.owner.as_str(), s.region.as_str(), s.arn.as_str()))] },
    Index { name: "endpoint", keys: |s| vec![key_bytes(&(s.topic_id.as_str(), s.protocol.as_str(), s.endpoint.as_str()))] },
    Index { name: "token", keys: |s| s.tokens.iter().map(|token| key_bytes(&(token.as_str(),))).collect() },
]);
/// Subscriptions that were ended by somebody who had not signed, by the token that brings them back.
pub(crate) const ENDED: Table<String, StoredSubscription> = Table::new("sns.ended", TableScope::Global);
/// Messages that still wait for a subscription, by id.
pub(crate) const MESSAGES: Table<String, StoredMessage> = Table::new("sns.messages", TableScope::Global);
/// Where a FIFO subscription's messages wait in order: by subscription and group, and place in the row.
pub(crate) const ROWS: Table<(String, u64), Waiting> = Table::new("sns.rows", TableScope::Global);
/// What FIFO topics took in the last five minutes, by topic id and deduplication id.
pub(crate) const TAKEN: Table<(String, String), Taken> = Table::new("sns.taken", TableScope::Global);

/// A topic.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredTopic {
    /// Differs from that of an earlier topic of the same name, whose subscriptions must not come back.
    pub id: String,
    pub name: String,
    /// Attributes as the caller set them, by AWS's names.
    pub attributes: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub created: Timestamp,
    /// Subscriptions that were ended.
    pub deleted: u64,
}

/// A subscription.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredSubscription {
    pub arn: String,
    pub topic_arn: String,
    pub topic_id: String,
    /// Account and region under which it is listed.
    pub owner: String,
    pub region: String,
    pub protocol: String,
    pub endpoint: String,
    /// Attributes as they were set, by AWS's names.
    pub attributes: BTreeMap<String, String>,
    /// Who subscribed.
    pub principal: String,
    pub pending: bool,
    /// Whether who confirmed had signed.
    pub authenticated: bool,
    /// Whether only the owners may end it.
    pub guarded: bool,
    /// Tokens that confirm it.
    pub tokens: Vec<String>,
    pub created: Timestamp,
}

/// A message as it was published.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredMessage {
    pub id: String,
    pub topic_arn: String,
    pub subject: Option<String>,
    pub body: String,
    /// With MessageStructure `json`: what each protocol gets instead of the body.
    pub by_protocol: BTreeMap<String, String>,
    #[serde(with = "wire::kept")]
    pub attributes: BTreeMap<String, MessageAttributeValue>,
    pub group: Option<String>,
    pub deduplication: Option<String>,
    pub sequence: Option<String>,
    pub published: Timestamp,
    /// `1` or `2`.
    pub signature_version: String,
    pub trace: String,
    /// X-Amzn-Trace-Id of the publisher, which queues get as AWSTraceHeader.
    pub trace_header: Option<String>,
    /// Deliveries that are still to be made.
    pub waiting: u32,
    /// Subject, body and attributes, where the topic is under a key of KMS; they are empty then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<crate::encryption::Sealed>,
}

/// A message in a FIFO subscription's row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Waiting {
    pub message: String,
    pub attempts: u32,
}

/// A message that a FIFO topic has taken.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Taken {
    pub message: String,
    pub sequence: String,
    pub at: Timestamp,
}

impl StoredTopic {
    pub fn is_fifo(&self) -> bool {
        self.attributes.get("FifoTopic").is_some_and(|v| v == "true")
    }
    /// An attribute that is `true` or not.
    pub fn is(&self, attribute: &str) -> bool {
        self.attributes.get(attribute).is_some_and(|v| v == "true")
    }
}

impl StoredSubscription {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
    pub fn is_raw(&self) -> bool {
        self.attribute("RawMessageDelivery") == Some("true")
    }
    /// The dead-letter queue, where there is one.
    pub fn dead_letter_queue(&self) -> Option<String> {
        let policy: serde_json::Value = serde_json::from_str(self.attribute("RedrivePolicy")?).ok()?;
        Some(policy["deadLetterTargetArn"].as_str()?.to_owned())
    }
    /// The ARN, or AWS's words for one that waits.
    pub fn shown_arn(&self) -> String {
        if self.pending { "PendingConfirmation".into() } else { self.arn.clone() }
    }
}

/// The global table's scope; it is ignored.
pub(crate) fn everywhere() -> Scope {
    Scope::new(kit::cloud::DEFAULT_ACCOUNT, kit::cloud::DEFAULT_REGION)
}

/// A topic, or AWS's fault.
pub(crate) fn topic(read: &impl Read, scope: &Scope, name: &str) -> Result<StoredTopic, Fault> {
    read.get(&TOPICS, scope, &name.to_owned())?.ok_or_else(no_such_topic)
}

/// The topic of an ARN.
pub(crate) fn topic_by_arn(cx: &Context, arn: &str) -> Option<StoredTopic> {
    let (scope, name) = arns::of_topic(arn).ok()?;
    cx.store().read(|s| s.get(&TOPICS, &scope, &name)).ok().flatten()
}

/// A subscription, or AWS's fault.
pub(crate) fn subscription(read: &impl Read, arn: &str) -> Result<StoredSubscription, Fault> {
    read.get(&SUBSCRIPTIONS, &everywhere(), &arn.to_owned())?.ok_or_else(|| Error::NotFound.says("Subscription does not exist"))
}

/// Refuses callers of accounts that have no say in a subscription, as AWS does whatever their policies allow.
pub(crate) fn belongs(cx: &Context, accounts: &[&str]) -> Result<(), Fault> {
    match accounts.contains(&cx.account()) {
        true => Ok(()),
        false => Err(Error::AuthorizationError.says("Not authorized to access this subscription")),
    }
}

/// All subscriptions of a topic.
pub(crate) fn subscriptions_of(read: &impl Read, topic: &StoredTopic) -> Result<Vec<StoredSubscription>, Fault> {
    read.by_index(&SUBSCRIPTIONS, &everywhere(), "topic", &(topic.id.as_str(),)).map(|row| row.map(|(_, s)| s)).collect()
}

pub(crate) fn no_such_topic() -> Fault {
    Error::NotFound.says("Topic does not exist")
}

/// `Invalid parameter: ...`
pub(crate) fn invalid(what: impl std::fmt::Display) -> Fault {
    Error::InvalidParameter.says(format!("Invalid parameter: {what}"))
}

/// The 501 for something that is no part of this build.
pub(crate) fn refused(what: impl std::fmt::Display) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what}."))
}
