//! What SQS keeps: queues by name, messages by queue and arrival, and the orders in which messages are looked for.

use crate::{Error, MessageAttributeValue, settings};
use kit::{Arn, Context, Fault, Index, Read, Scope, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Queues by name.
pub(crate) const QUEUES: Table<String, Queue> = Table::new("sqs.queues", TableScope::Region);
/// Messages by queue id and arrival. Written by `rows` alone.
pub(crate) const MESSAGES: Table<(String, u64), StoredMessage> = Table::new("sqs.messages", TableScope::Region).indexes(&[
    // When a message can be received; of FIFO queues too, where its group may forbid it.
    Index { name: "visible", keys: |m| vec![key_bytes(&(m.queue_id.as_str(), m.visible_at, m.seq))] },
    // Those that were received: in flight as long as they are hidden.
    Index {
        name: "received",
        keys: |m| if m.receives == 0 { vec![] } else { vec![key_bytes(&(m.queue_id.as_str(), m.visible_at, m.seq))] },
    },
    // By age, for their end.
    Index { name: "age", keys: |m| vec![key_bytes(&(m.queue_id.as_str(), m.kept_since, m.seq))] },
    // The groups of FIFO queues in order.
    Index { name: "group", keys: |m| m.group.iter().map(|group| key_bytes(&(m.queue_id.as_str(), group.as_str(), m.seq))).collect() },
]);

/// A queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Queue {
    /// Differs from that of an earlier queue of the same name, whose messages must not come back.
    pub id: String,
    pub name: String,
    /// Attributes as the caller set them, by AWS's names.
    pub attributes: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub purged: Option<Timestamp>,
    /// The DeduplicationScope before the last change, and when it changed: AWS takes a minute to act on it.
    pub scope_before: Option<(String, Timestamp)>,
}

/// A message in a queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredMessage {
    pub queue_id: String,
    pub seq: u64,
    pub id: String,
    pub body: String,
    #[serde(with = "wire::kept")]
    pub attributes: BTreeMap<String, MessageAttributeValue>,
    /// AWSTraceHeader, DeadLetterQueueSourceArn, MessageGroupId, MessageDeduplicationId, SequenceNumber.
    pub system: BTreeMap<String, String>,
    /// The group whose order counts; of FIFO queues only.
    pub group: Option<String>,
    /// Where the queue had a key of KMS: what the body is encrypted with.
    pub sealed: Option<crate::kms::Sealed>,
    pub sender: String,
    pub sent: Timestamp,
    /// What the retention period counts from: the sending, for FIFO queues the arrival in the dead-letter queue.
    pub kept_since: Timestamp,
    pub visible_at: Timestamp,
    pub receives: u32,
    pub first_received: Option<Timestamp>,
}

impl Queue {
    /// A number attribute, or AWS's default.
    pub fn number(&self, name: &str) -> i64 {
        let default = crate::limits::NUMBERS.iter().find(|n| n.name == name).map_or(0, |n| n.default);
        self.attributes.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
    /// A text attribute, or the default that a FIFO queue has.
    pub fn text(&self, name: &str) -> Option<String> {
        let default = || settings::fifo_default(name).filter(|_| self.is_fifo()).map(str::to_owned);
        self.attributes.get(name).cloned().or_else(default)
    }
    pub fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }
    pub fn arn(&self, scope: &Scope) -> String {
        arn(scope, &self.name)
    }
    /// Messages kept since then or longer are at their end.
    pub fn oldest(&self, now: Timestamp) -> Timestamp {
        now.plus_ns(-seconds(self.number("MessageRetentionPeriod")))
    }
}

/// The ARN of a queue.
pub(crate) fn arn(scope: &Scope, name: &str) -> String {
    format!("arn:aws:sqs:{}:{}:{name}", scope.region, scope.account)
}

/// Scope and name in a queue's ARN.
pub(crate) fn of_arn(text: &str) -> Option<(Scope, String)> {
    let arn = Arn::parse(text).filter(|arn| arn.service == "sqs")?;
    Some((Scope::new(arn.account, arn.region), arn.resource.to_owned()))
}

/// The queue of an ARN.
pub(crate) fn by_arn(cx: &Context, text: &str) -> Option<Queue> {
    let (scope, name) = of_arn(text)?;
    cx.store().read(|s| s.get(&QUEUES, &scope, &name)).ok().flatten()
}

/// A queue, or AWS's fault.
pub(crate) fn queue(read: &impl Read, scope: &Scope, name: &str) -> Result<Queue, Fault> {
    read.get(&QUEUES, scope, &name.to_owned())?.ok_or_else(no_such_queue)
}

pub(crate) fn no_such_queue() -> Fault {
    Error::QueueDoesNotExist.says("The specified queue does not exist.")
}

/// The general fault for a parameter's value.
pub(crate) fn bad_value(message: impl Into<String>) -> Fault {
    let mut fault = Fault::new("InvalidParameterValueException", 400, message);
    fault.query_code = Some("InvalidParameterValue".into());
    fault
}

pub(crate) fn seconds(n: i64) -> i128 {
    n as i128 * 1_000_000_000
}
