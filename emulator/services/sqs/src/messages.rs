//! Single messages: sent, deleted, kept hidden for longer; and their end when the retention period is over.

use crate::{Sqs, limits, model::*, state::*, sums, urls};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Context, Fault, Read, Scope, Tx,
    store::{NewTask, TaskRow},
};
use std::collections::BTreeMap;

/// A message on its way in.
pub(crate) struct NewMessage {
    pub body: String,
    pub delay_secs: Option<i32>,
    pub attributes: BTreeMap<String, MessageAttributeValue>,
    pub system: BTreeMap<String, MessageSystemAttributeValue>,
    pub group: Option<String>,
}

/// A message that was stored.
pub(crate) struct Sent {
    pub id: String,
    pub body_md5: String,
    pub attributes_md5: Option<String>,
    pub system_md5: Option<String>,
}

impl Sqs {
    /// Sends a message.
    pub async fn send_message(&self, cx: &Context, input: SendMessageInput) -> Result<SendMessageOutput, Fault> {
        no_deduplication(&input.message_deduplication_id)?;
        let (scope, name) = urls::read(cx, &input.queue_url);
        let message = NewMessage {
            body: input.message_body,
            delay_secs: input.delay_seconds,
            attributes: input.message_attributes.unwrap_or_default(),
            system: input.message_system_attributes.unwrap_or_default(),
            group: input.message_group_id,
        };
        let sent = cx
            .store()
            .write(|tx| {
                let queue = queue(tx, &scope, &name)?;
                limits::message(&message.body, &message.attributes, queue.number("MaximumMessageSize"), "are invalid")?;
                store(cx, tx, &scope, &queue, message)
            })
            .await?;
        self.arrivals.notify_waiters();
        Ok(SendMessageOutput {
            md5_of_message_body: Some(sent.body_md5),
            md5_of_message_attributes: sent.attributes_md5,
            md5_of_message_system_attributes: sent.system_md5,
            message_id: Some(sent.id),
            sequence_number: None,
        })
    }

    /// Deletes a message that was received.
    pub async fn delete_message(&self, cx: &Context, input: DeleteMessageInput) -> Result<DeleteMessageOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        cx.store().write(|tx| delete(tx, &scope, &queue(tx, &scope, &name)?, &input.receipt_handle)).await?;
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

    /// The task of a queue whose oldest message may be past its retention period.
    pub(crate) async fn expire(&self, cx: &Context, task: TaskRow) -> Result<(), Fault> {
        let name: String = task.payload()?;
        let (scope, now) = (task.scope.clone(), cx.now());
        cx.store()
            .write(|tx| {
                let Some(queue) = tx.get(&QUEUES, &scope, &name)? else { return Ok(()) };
                let oldest = now.plus_ns(-seconds(queue.number("MessageRetentionPeriod")));
                let rows: Vec<((String, u64), StoredMessage)> = tx
                    .scan(&MESSAGES, &scope)
                    .prefix(&(queue.id.as_str(),))
                    .take_while(|row| row.as_ref().map_or(true, |(_, m)| m.sent <= oldest))
                    .collect::<Result<_, _>>()?;
                for (key, _) in &rows {
                    tx.delete(&MESSAGES, &scope, key)?;
                }
                match tx.scan(&MESSAGES, &scope).prefix(&(queue.id.as_str(),)).first()? {
                    Some((_, next)) => plan_expiry(tx, &scope, &queue, &next),
                    None => Ok(()),
                }
            })
            .await
    }
}

pub(crate) fn no_deduplication(id: &Option<String>) -> Result<(), Fault> {
    match id {
        Some(id) => Err(bad_value(format!(
            "Value {id} for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type."
        ))),
        None => Ok(()),
    }
}

/// Stores a message that was checked.
pub(crate) fn store(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, new: NewMessage) -> Result<Sent, Fault> {
    let delay = match new.delay_secs {
        Some(secs) => limits::between("DelaySeconds", secs, 0, 900)?,
        None => queue.number("DelaySeconds"),
    };
    let mut system = BTreeMap::new();
    for (name, value) in &new.system {
        if name != "AWSTraceHeader" {
            return Err(bad_value(format!("Message system attribute name '{name}' is invalid.")));
        }
        system.insert(name.clone(), value.string_value.clone().unwrap_or_default());
    }
    if let Some(group) = new.group {
        system.insert("MessageGroupId".into(), group);
    }
    let sent = Sent {
        id: cx.ids().uuid(),
        body_md5: sums::body(&new.body),
        attributes_md5: sums::attributes(&new.attributes),
        system_md5: sums::attributes(&new.system.into_iter().map(|(name, value)| (name, plain(value))).collect()),
    };
    let message = StoredMessage {
        queue_id: queue.id.clone(),
        seq: tx.next_seq("sqs.messages"),
        id: sent.id.clone(),
        body: new.body,
        attributes: new.attributes,
        system,
        sender: cx.principal().user_id(),
        sent: cx.now(),
        visible_at: cx.now().plus_ns(seconds(delay)),
        receives: 0,
        first_received: None,
    };
    put(tx, scope, queue, &message)?;
    Ok(sent)
}

fn plain(value: MessageSystemAttributeValue) -> MessageAttributeValue {
    MessageAttributeValue {
        data_type: value.data_type,
        string_value: value.string_value,
        binary_value: value.binary_value,
        ..Default::default()
    }
}

/// Writes a message and sees to it that the queue's expiry is planned.
pub(crate) fn put(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, message: &StoredMessage) -> Result<(), Fault> {
    tx.put(&MESSAGES, scope, &(queue.id.clone(), message.seq), message)?;
    match tx.tasks_keyed("sqs", "expire", &queue.id).is_empty() {
        true => plan_expiry(tx, scope, queue, message),
        false => Ok(()),
    }
}

fn plan_expiry(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, oldest: &StoredMessage) -> Result<(), Fault> {
    let due = oldest.sent.plus_ns(seconds(queue.number("MessageRetentionPeriod")));
    tx.task(NewTask::new(scope, "sqs", "expire", &queue.name).at(due).key(queue.id.clone()));
    Ok(())
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

/// Deletes by handle. One of an earlier receive succeeds and deletes nothing, as AWS reserves to itself.
pub(crate) fn delete(tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, handle: &str) -> Result<(), Fault> {
    if let Some((message, true)) = received(tx, scope, queue, handle)? {
        tx.delete(&MESSAGES, scope, &(queue.id.clone(), message.seq))?;
    }
    Ok(())
}

/// Hides a message for so many seconds from now.
pub(crate) fn hide(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, queue: &Queue, handle: &str, secs: i64) -> Result<(), Fault> {
    let Some((mut message, _)) = received(tx, scope, queue, handle)? else {
        return Err(bad_value(format!(
            "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
        )));
    };
    message.visible_at = cx.now().plus_ns(seconds(secs));
    tx.put(&MESSAGES, scope, &(queue.id.clone(), message.seq), &message)
}
