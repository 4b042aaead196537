//! Batches: every entry succeeds or fails by itself.

use crate::{Error, Sqs, kms::DataKey, limits, messages, metrics, model::*, state::*, urls};
use kit::{Context, Fault};

impl Sqs {
    /// Sends up to ten messages.
    pub async fn send_message_batch(&self, cx: &Context, input: SendMessageBatchInput) -> Result<SendMessageBatchOutput, Fault> {
        limits::batch(input.entries.iter().map(|e| e.id.as_str()))?;
        let all: usize = input.entries.iter().map(bytes).sum();
        if all > limits::MOST_BYTES {
            return Err(Error::BatchRequestTooLong
                .says(format!("Batch requests cannot be longer than {} bytes. You have sent {all} bytes.", limits::MOST_BYTES)));
        }
        let (scope, name) = urls::read(cx, &input.queue_url);
        let there = cx.store().read(|s| queue(s, &scope, &name))?;
        ordered(&there, &input.entries)?;
        self.pace.take(cx, &there, "send")?;
        let data_key = self.data_keys.seal(cx, &scope, &there).await?;
        let (output, sizes) = cx
            .store()
            .write(|tx| {
                let queue = queue(tx, &scope, &name)?;
                let (mut output, mut sizes) = (SendMessageBatchOutput::default(), Vec::new());
                for entry in input.entries {
                    let id = entry.id.clone();
                    let result = checked(cx, &queue, entry, data_key.clone()).and_then(|new| messages::store(cx, tx, &scope, &queue, new));
                    match result {
                        Ok(sent) => {
                            sizes.extend((sent.bytes > 0).then_some(sent.bytes));
                            output.successful.get_or_insert_default().push(SendMessageBatchResultEntry {
                                id,
                                message_id: sent.id,
                                md5_of_message_body: sent.body_md5,
                                md5_of_message_attributes: sent.attributes_md5,
                                md5_of_message_system_attributes: sent.system_md5,
                                sequence_number: sent.number,
                            });
                        }
                        Err(fault) => output.failed.get_or_insert_default().push(failed(id, fault)?),
                    }
                }
                Ok((output, sizes))
            })
            .await?;
        self.arrivals.notify_waiters();
        metrics::sent(cx, &scope, &name, &sizes);
        Ok(output)
    }

    /// Deletes up to ten messages.
    pub async fn delete_message_batch(&self, cx: &Context, input: DeleteMessageBatchInput) -> Result<DeleteMessageBatchOutput, Fault> {
        limits::batch(input.entries.iter().map(|e| e.id.as_str()))?;
        let (scope, name) = urls::read(cx, &input.queue_url);
        self.pace.take(cx, &cx.store().read(|s| queue(s, &scope, &name))?, "delete")?;
        let output = cx
            .store()
            .write(|tx| {
                let queue = queue(tx, &scope, &name)?;
                let mut output = DeleteMessageBatchOutput::default();
                for entry in input.entries {
                    match messages::delete(cx, tx, &scope, &queue, &entry.receipt_handle) {
                        Ok(()) => output.successful.get_or_insert_default().push(DeleteMessageBatchResultEntry { id: entry.id }),
                        Err(fault) => output.failed.get_or_insert_default().push(failed(entry.id, fault)?),
                    }
                }
                Ok(output)
            })
            .await?;
        self.arrivals.notify_waiters();
        let deleted = output.successful.as_ref().map_or(0, Vec::len);
        metrics::request(cx, &scope, &name, &[("NumberOfMessagesDeleted", "Count", deleted as f64)]);
        Ok(output)
    }

    /// Keeps up to ten messages hidden.
    pub async fn change_message_visibility_batch(
        &self,
        cx: &Context,
        input: ChangeMessageVisibilityBatchInput,
    ) -> Result<ChangeMessageVisibilityBatchOutput, Fault> {
        limits::batch(input.entries.iter().map(|e| e.id.as_str()))?;
        let (scope, name) = urls::read(cx, &input.queue_url);
        let output = cx
            .store()
            .write(|tx| {
                let queue = queue(tx, &scope, &name)?;
                let mut output = ChangeMessageVisibilityBatchOutput::default();
                for entry in input.entries {
                    let secs = limits::between("VisibilityTimeout", entry.visibility_timeout.unwrap_or(0), 0, 43_200);
                    match secs.and_then(|secs| messages::hide(cx, tx, &scope, &queue, &entry.receipt_handle, secs)) {
                        Ok(()) => output.successful.get_or_insert_default().push(ChangeMessageVisibilityBatchResultEntry { id: entry.id }),
                        Err(fault) => output.failed.get_or_insert_default().push(failed(entry.id, fault)?),
                    }
                }
                Ok(output)
            })
            .await?;
        self.arrivals.notify_waiters();
        Ok(output)
    }
}

fn bytes(entry: &SendMessageBatchRequestEntry) -> usize {
    entry.message_attributes.as_ref().map_or(entry.message_body.len(), |attributes| limits::size(&entry.message_body, attributes))
}

/// A batch for a FIFO queue is refused whole where an entry lacks its group or its deduplication id (recorded).
fn ordered(queue: &Queue, entries: &[SendMessageBatchRequestEntry]) -> Result<(), Fault> {
    if !queue.is_fifo() {
        return Ok(());
    }
    if entries.iter().any(|entry| entry.message_group_id.is_none()) {
        return Err(bad_value("The request must contain the parameter MessageGroupId."));
    }
    let by_content = queue.text("ContentBasedDeduplication").as_deref() == Some("true");
    match !by_content && entries.iter().any(|entry| entry.message_deduplication_id.is_none()) {
        true => {
            Err(bad_value("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"))
        }
        false => Ok(()),
    }
}

fn checked(
    cx: &Context,
    queue: &Queue,
    entry: SendMessageBatchRequestEntry,
    data_key: Option<DataKey>,
) -> Result<messages::NewMessage, Fault> {
    let attributes = entry.message_attributes.unwrap_or_default();
    limits::message(&entry.message_body, &attributes, queue.number("MaximumMessageSize"), "cannot be validated")?;
    Ok(messages::NewMessage {
        body: entry.message_body,
        delay_secs: entry.delay_seconds,
        attributes,
        system: messages::traced(cx, entry.message_system_attributes),
        group: entry.message_group_id,
        deduplication: entry.message_deduplication_id,
        data_key,
    })
}

/// The entry that tells of a fault of the caller; a fault of ours fails the whole batch.
fn failed(id: String, fault: Fault) -> Result<BatchResultErrorEntry, Fault> {
    if fault.status >= 500 && fault.code != "NotImplemented" {
        return Err(fault);
    }
    let code = fault.query_code.unwrap_or(fault.code).into_owned();
    Ok(BatchResultErrorEntry { id, sender_fault: true, code, message: Some(fault.message) })
}
