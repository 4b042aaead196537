//! Dead-letter queues: which queue's messages go where, and after how many receives.

use crate::{Error, Sqs, limits, messages, model::*, rows, state::*, urls};
use kit::{Context, Fault, Read, Scope, Tx};
use serde_json::Value;
use std::collections::BTreeMap;

/// A queue's RedrivePolicy.
pub(crate) struct Policy {
    pub dead_letter_arn: String,
    pub max_receives: u32,
}

impl Policy {
    /// The policy of a queue, if it has one.
    pub fn of(queue: &Queue) -> Option<Policy> {
        Policy::read(queue.attributes.get("RedrivePolicy")?)
    }
    fn read(text: &str) -> Option<Policy> {
        let json: Value = serde_json::from_str(text).ok()?;
        let count = &json["maxReceiveCount"];
        let max_receives = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
        let dead_letter_arn = json["deadLetterTargetArn"].as_str()?.to_owned();
        (1..=1000).contains(&max_receives).then_some(Policy { dead_letter_arn, max_receives: max_receives as u32 })
    }
}

impl Sqs {
    /// The queues whose messages end in this one.
    pub async fn list_dead_letter_source_queues(
        &self,
        cx: &Context,
        input: ListDeadLetterSourceQueuesInput,
    ) -> Result<ListDeadLetterSourceQueuesOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let limit = input.max_results.map_or(Ok(1000), |n| limits::between("MaxResults", n, 1, 1000))? as usize;
        let sources = cx.store().read(|s| sources(s, &scope, &queue(s, &scope, &name)?))?;
        let page =
            kit::pages::page(sources, String::clone, input.next_token.as_deref(), limit, || bad_value("Invalid or expired next token."))?;
        let queue_urls = page.items.iter().map(|name| urls::url(cx, &scope, name)).collect();
        Ok(ListDeadLetterSourceQueuesOutput { queue_urls, next_token: page.next.filter(|_| input.max_results.is_some()) })
    }
}

/// Checks RedrivePolicy and RedriveAllowPolicy among attributes that are to be set on a queue.
pub(crate) fn check(read: &impl Read, scope: &Scope, name: &str, attributes: &BTreeMap<String, String>) -> Result<(), Fault> {
    let given = |attribute: &str| attributes.get(attribute).filter(|text| !text.is_empty());
    if let Some(text) = given("RedriveAllowPolicy") {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        if !matches!(json["redrivePermission"].as_str(), Some("allowAll" | "denyAll" | "byQueue")) {
            return Err(bad(
                text,
                "RedriveAllowPolicy",
                "Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.",
            ));
        }
    }
    let Some(text) = given("RedrivePolicy") else { return Ok(()) };
    let policy =
        Policy::read(text).ok_or_else(|| bad(text, "RedrivePolicy", "Invalid value for maxReceiveCount or deadLetterTargetArn."))?;
    let target = of_arn(&policy.dead_letter_arn).filter(|(other, _)| other == scope);
    let target = match target {
        Some((_, target)) => read.get(&QUEUES, scope, &target)?,
        None => None,
    };
    let target = target.ok_or_else(|| bad(text, "RedrivePolicy", "Dead letter target does not exist."))?;
    if target.is_fifo() != name.ends_with(".fifo") {
        return Err(bad(text, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source."));
    }
    match allows(&target, &arn(scope, name)) {
        true => Ok(()),
        false => Err(bad(text, "RedrivePolicy", "Queue does not have permission to use the dead letter target.")),
    }
}

fn bad(text: &str, name: &str, reason: &str) -> Fault {
    Error::InvalidAttributeValue.says(format!("Value {text} for parameter {name} is invalid. Reason: {reason}"))
}

fn allows(target: &Queue, source_arn: &str) -> bool {
    let Some(text) = target.attributes.get("RedriveAllowPolicy") else { return true };
    let json: Value = serde_json::from_str(text).unwrap_or_default();
    match json["redrivePermission"].as_str() {
        Some("denyAll") => false,
        Some("byQueue") => json["sourceQueueArns"].as_array().is_some_and(|arns| arns.iter().any(|arn| arn == source_arn)),
        _ => true,
    }
}

/// The queues whose messages end in this one.
pub(crate) fn sources(read: &impl Read, scope: &Scope, queue: &Queue) -> Result<Vec<String>, Fault> {
    let arn = queue.arn(scope);
    let all = read.scan(&QUEUES, scope).collect::<Result<Vec<_>, _>>()?;
    let mine = |queue: &Queue| Policy::of(queue).is_some_and(|policy| policy.dead_letter_arn == arn);
    Ok(all.into_iter().filter(|(_, queue)| mine(queue)).map(|(name, _)| name).collect())
}

/// Moves a message to the dead-letter queue with its id and its time of sending; false when that queue is gone. A FIFO queue keeps it for its
/// whole retention period anew, as AWS documents, and under a sequence number of its own.
pub(crate) fn bury(
    cx: &Context,
    tx: &mut Tx<'_>,
    scope: &Scope,
    queue: &Queue,
    policy: &Policy,
    message: &StoredMessage,
) -> Result<bool, Fault> {
    let Some((_, name)) = of_arn(&policy.dead_letter_arn) else { return Ok(false) };
    let Some(target) = tx.get(&QUEUES, scope, &name)? else { return Ok(false) };
    rows::remove(tx, scope, queue, message)?;
    let mut moved = StoredMessage { queue_id: target.id.clone(), seq: tx.next_seq("sqs.messages"), ..message.clone() };
    moved.system.entry("DeadLetterQueueSourceArn".into()).or_insert_with(|| queue.arn(scope));
    if target.is_fifo() {
        moved.kept_since = cx.now();
        moved.system.insert("SequenceNumber".into(), messages::number(moved.seq));
    }
    rows::add(tx, scope, &target, &moved)?;
    Ok(true)
}
