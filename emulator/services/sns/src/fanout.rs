//! From a published message to the deliveries that it causes: duplicates are taken out, filter policies asked, task rows written, all in the
//! transaction of Publish.

use crate::{
    arns, delivery, encryption::DataKey, metrics::Kept, model::MessageAttributeValue, state::*, subscription_attributes::filter_of,
};
use kit::{Context, Fault, Read, Scope, Timestamp, Tx, filters::Filter, store::NewTask};
use serde_json::{Map, Value};

/// How long a FIFO topic knows a message again.
const DEDUPLICATION_SECS: i128 = 300;

/// What a publisher is told.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub id: String,
    pub sequence: Option<String>,
    /// Why filter policies kept it from subscriptions, for each of these.
    pub kept: Vec<Kept>,
}

/// Takes a message in.
pub(crate) fn publish(
    cx: &Context,
    tx: &mut Tx<'_>,
    scope: &Scope,
    topic: &StoredTopic,
    mut message: StoredMessage,
    key: Option<&DataKey>,
) -> Result<Published, Fault> {
    if topic.is_fifo() {
        if let Some(taken) = known(tx, topic, &message)? {
            return Ok(Published { id: taken.message, sequence: Some(taken.sequence), kept: Vec::new() });
        }
        // AWS's numbers have twenty digits and only grow.
        message.sequence = Some((10_000_000_000_000_000_000u64 + tx.next_seq("sns.sequence")).to_string());
        remember(cx, tx, scope, topic, &message)?;
    }
    let mut published = Published { id: message.id.clone(), sequence: message.sequence.clone(), kept: Vec::new() };
    let mut attributes = None;
    for subscription in subscriptions_of(tx, topic)? {
        if subscription.pending {
            continue;
        }
        if let Some(kept) = keeps(&subscription, &message, &mut attributes) {
            published.kept.push(kept);
            continue;
        }
        message.waiting += 1;
        delivery::queue(cx, tx, scope, topic, &subscription, &message)?;
    }
    if message.waiting > 0 {
        key.map_or(Ok(()), |key| key.seal(cx, &mut message))?;
        tx.put(&MESSAGES, &everywhere(), &message.id, &message)?;
    }
    let journal = cx.cloud().journal();
    let detail = serde_json::json!({ "messageId": message.id, "deliveries": message.waiting });
    journal.write(cx, kit::RecordKind::Event, "sns", "Publish", &arns::topic(scope, &topic.name), "ok", detail);
    Ok(published)
}

/// Why a subscription's filter policy keeps a message; `None` where it passes. `attributes` holds the message's attributes once they are
/// needed.
fn keeps(subscription: &StoredSubscription, message: &StoredMessage, attributes: &mut Option<Value>) -> Option<Kept> {
    let policy = subscription.attribute("FilterPolicy")?;
    let by_body = subscription.attribute("FilterPolicyScope") == Some("MessageBody");
    let Ok(filter): Result<Filter, _> = filter_of(policy) else { return Some(if by_body { Kept::Body } else { Kept::Attributes }) };
    if by_body {
        let body = message.by_protocol.get(&subscription.protocol).unwrap_or(&message.body);
        let Ok(body) = serde_json::from_str::<Value>(body) else { return Some(Kept::BadBody) };
        return (!filter.matches(&body)).then_some(Kept::Body);
    }
    if filter.matches(attributes.get_or_insert_with(|| as_event(message))) {
        return None;
    }
    let unread = |value: &MessageAttributeValue| !value.data_type.starts_with("Binary") && of_attribute(value).is_none();
    Some(match message.attributes.is_empty() {
        true => Kept::NoAttributes,
        false if message.attributes.values().any(unread) => Kept::BadAttributes,
        false => Kept::Attributes,
    })
}

/// A message's attributes as filters see them; binary ones are passed over.
fn as_event(message: &StoredMessage) -> Value {
    let values = message.attributes.iter().filter_map(|(name, value)| Some((name.clone(), of_attribute(value)?)));
    Value::Object(values.collect::<Map<String, Value>>())
}

fn of_attribute(value: &MessageAttributeValue) -> Option<Value> {
    let text = value.string_value.as_ref()?;
    match value.data_type.as_str() {
        "String.Array" => serde_json::from_str(text).ok(),
        kind if kind == "Number" || kind.starts_with("Number.") => Some(serde_json::Number::from_f64(text.parse().ok()?)?.into()),
        kind if kind.starts_with("Binary") => None,
        _ => Some(Value::String(text.clone())),
    }
}

fn taken_key(topic: &StoredTopic, message: &StoredMessage) -> (String, String) {
    let id = message.deduplication.clone().unwrap_or_default();
    // With the throughput scope of a group, ids are compared within a group.
    let id = match topic.attributes.get("FifoThroughputScope").is_some_and(|s| s == "MessageGroup") {
        true => format!("{}\u{1}{id}", message.group.as_deref().unwrap_or_default()),
        false => id,
    };
    (topic.id.clone(), id)
}

fn known(tx: &Tx<'_>, topic: &StoredTopic, message: &StoredMessage) -> Result<Option<Taken>, Fault> {
    let taken = tx.get(&TAKEN, &everywhere(), &taken_key(topic, message))?;
    Ok(taken.filter(|taken| message.published < over(taken.at)))
}

fn over(at: Timestamp) -> Timestamp {
    at.plus_ns(DEDUPLICATION_SECS * 1_000_000_000)
}

fn remember(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, topic: &StoredTopic, message: &StoredMessage) -> Result<(), Fault> {
    let taken = Taken { message: message.id.clone(), sequence: message.sequence.clone().unwrap_or_default(), at: message.published };
    tx.put(&TAKEN, &everywhere(), &taken_key(topic, message), &taken)?;
    if tx.tasks_keyed("sns", "forget-taken", &topic.id).is_empty() {
        let task = NewTask::new(scope, "sns", "forget-taken", &topic.id).at(over(cx.now())).key(topic.id.clone());
        tx.task(task.cause(cx.cause()));
    }
    Ok(())
}

/// The task that forgets what a FIFO topic took more than five minutes ago.
pub(crate) async fn forget_taken(cx: &Context, task: &kit::store::TaskRow) -> Result<(), Fault> {
    let topic_id: String = task.payload()?;
    cx.store()
        .write(|tx| {
            let rows: Vec<((String, String), Taken)> =
                tx.scan(&TAKEN, &everywhere()).prefix(&(topic_id.as_str(),)).collect::<Result<_, _>>()?;
            let (old, young): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, taken)| over(taken.at) <= cx.now());
            old.iter().try_for_each(|(key, _)| tx.delete(&TAKEN, &everywhere(), key).map(drop))?;
            match young.iter().map(|(_, taken)| over(taken.at)).min() {
                Some(next) => drop(tx.retry(&task.id, next)),
                None => tx.cancel(&task.id),
            }
            Ok(())
        })
        .await
}
