//! Single messages: sent, deleted, kept hidden for longer.

use crate::{Sqs, duplicates, limits, metrics, model::*, rows, state::*, sums, urls};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{Context, Fault, Read, Scope, Tx};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A message on its way in.
pub(crate) struct NewMessage {
    pub body: String,
    pub delay_secs: Option<i32>,
    pub attributes: BTreeMap<String, MessageAttributeValue>,
    pub system: BTreeMap<String, MessageSystemAttributeValue>,
    pub group: Option<String>,
    pub deduplication: Option<String>,
    /// What the body is encrypted with.
    pub data_key: Option<crate::kms::DataKey>,
}

/// A message that was stored, or had been before.
pub(crate) struct Sent {
    pub id: String,
    pub body_md5: String,
    pub attributes_md5: Option<String>,
    pub system_md5: Option<String>,
    /// Of FIFO queues.
    pub number: Option<String>,
    /// Bytes of body and attributes; 0 where a FIFO queue knew the message already.
    pub bytes: usize,
}

impl Sqs {
    /// Sends a message.
    pub async fn send_message(&self, cx: &Context, input: SendMessageInput) -> Result<SendMessageOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let queue = cx.store().read(|s| queue(s, &scope, &name))?;
        self.pace.take(cx, &queue, "send")?;
        let message = NewMessage {
            body: input.message_body,
            delay_secs: input.delay_seconds,
            attributes: input.message_attributes.unwrap_or_default(),
            system: traced(cx, input.message_system_attributes),
            group: input.message_group_id,
            deduplication: input.message_deduplication_id,
            data_key: self.data_keys.seal(cx, &scope, &queue).await?,
        };
        let sent = self.send(cx, &scope, &name, message).await?;
        Ok(SendMessageOutput {
            md5_of_message_body: Some(sent.body_md5),
            md5_of_message_attributes: sent.attributes_md5,
            md5_of_message_system_attributes: sent.system_md5,
            message_id: Some(sent.id),
            sequence_number: sent.number,
        })
    }

    /// Stores one message and wakes who waits for it.
    pub(crate) async fn send(&self, cx: &Context, scope: &Scope, name: &str, message: NewMessage) -> Result<Sent, Fault> {
        let sent = cx
            .store()
            .write(|tx| {
                let queue = queue(tx, scope, name)?;
                limits::message(&message.body, &message.attributes, queue.number("MaximumMessageSize"), "are invalid")?;
                if queue.is_fifo() && message.group.is_none() {
                    return Err(limits::missing("MessageGroupId"));
                }
                store(cx, tx, scope, &queue, message)
            })
            .await?;
        self.arrivals.notify_waiters();
        match sent.bytes {
            0 => metrics::request(cx, scope, name, &[("NumberOfDeduplicatedSentMessages", "Count", 1.0)]),
            bytes => metrics::sent(cx, scope, name, &[bytes]),
        }
        Ok(sent)
    }

    /// Deletes a message that was received.
    pub async fn delete_message(&self, cx: &Context, input: DeleteMessageInput) -> Result<DeleteMessageOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        self.pace.take(cx, &cx.store().read(|s| queue(s, &scope, &name))?, "delete")?;
        cx.store().write(|tx| delete(cx, tx, &scope, &queue(tx, &scope, &name)?, &input.receipt_handle)).await?;
        // The next of its group may be received now.
        self.arrivals.notify_waiters();
        metrics::request(cx, &scope, &name, &[("NumberOfMessagesDeleted", "Count", 1.0)]);
        Ok(DeleteMessageOutput {})
    }

    /// Keeps a message hidden until so many seconds from now.
    pub async fn change_message_visibility(
        &self,
        cx: &Context,
        input: ChangeMessageVisibilityInput,
    ) -> Result<ChangeMessageVisibilityOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let secs = limits::between("VisibilityTimeout", input.visibility_timeout, 0, 43_200)?;
        cx.store().write(|tx| hide(cx, tx, &scope, &queue(tx, &scope, &name)?, &input.receipt_handle, secs)).await?;
        self.arrivals.notify_waiters();
        Ok(ChangeMessageVisibilityOutput {})
    }
}

/// The system attributes of a request: a trace header of HTTP is taken where no attribute tells one.
pub(crate) fn traced(
    cx: &Context,
    given: Option<BTreeMap<String, MessageSystemAttributeValue>>,
) -> BTreeMap<String, MessageSystemAttributeValue> {
    let mut system = given.unwrap_or_default();
    if let (Some(trace), false) = (&cx.source().trace_header, system.contains_key(TRACE)) {
        system.insert(TRACE.into(), trace_value(trace));
    }
    system
}

/// The system attribute that carries a trace.
pub(crate) const TRACE: &str = "AWSTraceHeader";

pub(crate) fn trace_value(trace: &str) -> MessageSystemAttributeValue {
    MessageSystemAttributeValue { data_type: "String".into(), string_value: Some(trace.to_owned()), ..Default::default() }
}

/// Stores a message whose body and attributes were checked; one that a FIFO queue knows already is not stored again.
pub(crate) fn store(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, new: NewMessage) -> Result<Sent, Fault> {
    let delay = delay(queue, new.delay_secs)?;
    let now = cx.now();
    let mut system = BTreeMap::new();
    for (name, value) in &new.system {
        if name != TRACE {
            return Err(bad_value(format!("Message system attribute name '{name}' is invalid.")));
        }
        system.insert(name.clone(), value.string_value.clone().unwrap_or_default());
    }
    let place = place(queue, &new)?;
    let mut sent = Sent {
        id: cx.ids().uuid(),
        body_md5: sums::body(&new.body),
        attributes_md5: sums::attributes(&new.attributes),
        system_md5: sums::attributes(&new.system.into_iter().map(|(name, value)| (name, plain(value))).collect()),
        number: None,
        bytes: limits::size(&new.body, &new.attributes),
    };
    let seq = tx.next_seq("sqs.messages");
    if let Some((group, deduplication)) = &place {
        if let Some((id, number)) = duplicates::sent(tx, scope, queue, now, group, deduplication)? {
            return Ok(Sent { id, number: Some(number), bytes: 0, ..sent });
        }
        let number = number(seq);
        duplicates::remember_sent(tx, scope, queue, now, group, deduplication, (&sent.id, &number))?;
        system.insert("MessageDeduplicationId".into(), deduplication.clone());
        system.insert("SequenceNumber".into(), number.clone());
        sent.number = Some(number);
    }
    if let Some(group) = new.group {
        system.insert("MessageGroupId".into(), group);
    }
    let (sealed, body) = match &new.data_key {
        Some(key) => key.encrypt(cx, &new.body).map(|(sealed, body)| (Some(sealed), body))?,
        None => (None, new.body),
    };
    let message = StoredMessage {
        queue_id: queue.id.clone(),
        seq,
        id: sent.id.clone(),
        body,
        attributes: new.attributes,
        system,
        group: place.map(|(group, _)| group),
        sealed,
        sender: cx.principal().user_id(),
        sent: now,
        kept_since: now,
        visible_at: now.plus_ns(seconds(delay)),
        receives: 0,
        first_received: None,
    };
    rows::add(tx, scope, queue, &message)?;
    metrics::watch(cx, tx, scope, queue);
    Ok(sent)
}

/// Messages of FIFO queues have no delay of their own; 0 stands for the queue's (test_fifo_queue_send_message_with_zero_delay...).
fn delay(queue: &Queue, own: Option<i32>) -> Result<i64, Fault> {
    match own {
        Some(secs) if queue.is_fifo() && secs != 0 => Err(limits::wrong_type("DelaySeconds", secs)),
        Some(secs) if !queue.is_fifo() => limits::between("DelaySeconds", secs, 0, 900),
        _ => Ok(queue.number("DelaySeconds")),
    }
}

/// Group and deduplication id of a message for a FIFO queue; `None` for a standard queue, where a group only tells fair queues whose message
/// it is.
fn place(queue: &Queue, new: &NewMessage) -> Result<Option<(String, String)>, Fault> {
    if let Some(group) = &new.group {
        limits::token("MessageGroupId", group)?;
    }
    if !queue.is_fifo() {
        return match &new.deduplication {
            Some(id) => Err(limits::wrong_type("MessageDeduplicationId", id)),
            None => Ok(None),
        };
    }
    let group = new.group.clone().ok_or_else(|| bad_value("The request must contain the parameter MessageGroupId."))?;
    let id = match &new.deduplication {
        Some(id) => limits::token("MessageDeduplicationId", id).map(|()| id.clone())?,
        None if queue.text("ContentBasedDeduplication").as_deref() == Some("true") => kit::hex(&Sha256::digest(new.body.as_bytes())),
        None => {
            return Err(bad_value(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            ));
        }
    };
    Ok(Some((group, id)))
}

/// A sequence number: 20 digits that grow, with gaps, as AWS's do.
pub(crate) fn number(seq: u64) -> String {
    (18_850_000_000_000_000_000_u128 + u128::from(seq) * 256).to_string()
}

fn plain(value: MessageSystemAttributeValue) -> MessageAttributeValue {
    MessageAttributeValue {
        data_type: value.data_type,
        string_value: value.string_value,
        binary_value: value.binary_value,
        ..Default::default()
    }
}

/// The handle of one receive of a message.
pub(crate) fn handle(message: &StoredMessage) -> String {
    BASE64_STANDARD.encode(format!("{}/{}/{}", message.queue_id, message.seq, message.receives))
}

/// The message that a handle names, if it is still there, and whether the handle is of its last receive.
fn received(tx: &Tx<'_>, scope: &Scope, queue: &Queue, handle: &str) -> Result<Option<(StoredMessage, bool)>, Fault> {
    let invalid =
        || crate::Error::ReceiptHandleIsInvalid.says(format!("The input receipt handle \"{handle}\" is not a valid receipt handle."));
    let text = BASE64_STANDARD.decode(handle).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let mut parts = text.split('/');
    let (Some(queue_id), Some(seq), Some(receives)) =
        (parts.next(), parts.next().and_then(|p| p.parse().ok()), parts.next().and_then(|p| p.parse::<u32>().ok()))
    else {
        return Err(invalid());
    };
    if queue_id != queue.id {
        return Err(invalid());
    }
    let found = tx.get(&MESSAGES, scope, &(queue.id.clone(), seq))?;
    Ok(found.map(|message| (message.receives == receives, message)).map(|(last, message)| (message, last)))
}

/// Deletes by handle. One of an earlier receive succeeds on a standard queue and deletes nothing, as AWS reserves to itself; on a FIFO queue
/// it has expired, and so has the last one when the message is visible again (test_fifo_delete_after_visibility_timeout).
pub(crate) fn delete(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, handle: &str) -> Result<(), Fault> {
    let Some((message, last)) = received(tx, scope, queue, handle)? else { return Ok(()) };
    if queue.is_fifo() && (!last || message.visible_at <= cx.now()) {
        return Err(bad_value(format!("Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.")));
    }
    match last {
        true => rows::remove(tx, scope, queue, &message),
        false => Ok(()),
    }
}

/// Hides a message for so many seconds from now.
pub(crate) fn hide(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, handle: &str, secs: i64) -> Result<(), Fault> {
    let now = cx.now();
    // A FIFO queue goes by the last receive; a standard one takes the handle of a message that is visible again (recorded).
    let found = received(tx, scope, queue, handle)?;
    let Some((mut message, _)) = found.filter(|(message, last)| !queue.is_fifo() || (*last && message.visible_at > now)) else {
        return Err(bad_value(format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
        )));
    };
    message.visible_at = now.plus_ns(seconds(secs));
    rows::change(tx, scope, queue, &message)
}
