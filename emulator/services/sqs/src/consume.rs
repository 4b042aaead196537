//! Receiving for others in the house: what the API does, without its JSON.

use crate::{Sqs, model::*, state, urls};
use kit::{
    Context, Fault, Grant,
    ports::{QueueAttribute, ReceivedMessage},
};

impl Sqs {
    /// Up to ten messages that are visible now.
    pub(crate) async fn receive_for(&self, cx: &Context, grant: Grant, arn: &str, most: usize) -> Result<Vec<ReceivedMessage>, Fault> {
        grant.covers("sqs:ReceiveMessage", arn)?;
        let (cx, queue_url) = of(cx, arn)?;
        let input = ReceiveMessageInput {
            queue_url,
            max_number_of_messages: Some(most.clamp(1, 10) as i32),
            wait_time_seconds: Some(0),
            message_system_attribute_names: Some(vec![MessageSystemAttributeName::All]),
            message_attribute_names: Some(vec!["All".into()]),
            ..ReceiveMessageInput::default()
        };
        let received = self.receive_message(&cx, input).await?.messages.unwrap_or_default();
        Ok(received.into_iter().map(shown).collect())
    }

    /// Deletes by receipt, ten at a time; what could not be deleted is the fault of the last.
    pub(crate) async fn delete_for(&self, cx: &Context, grant: Grant, arn: &str, receipts: Vec<String>) -> Result<(), Fault> {
        grant.covers("sqs:DeleteMessage", arn)?;
        let (cx, queue_url) = of(cx, arn)?;
        let mut result = Ok(());
        for ten in receipts.chunks(10) {
            let entry =
                |(n, receipt): (usize, &String)| DeleteMessageBatchRequestEntry { id: n.to_string(), receipt_handle: receipt.clone() };
            let entries = ten.iter().enumerate().map(entry).collect();
            let done = self.delete_message_batch(&cx, DeleteMessageBatchInput { queue_url: queue_url.clone(), entries }).await?;
            if let Some(failed) = done.failed.iter().flatten().next() {
                result = Err(Fault::new(failed.code.clone(), 400, failed.message.clone().unwrap_or_default()));
            }
        }
        result
    }

    /// The queue's visibility timeout.
    pub(crate) fn visibility_for(&self, cx: &Context, grant: Grant, arn: &str) -> Result<i64, Fault> {
        grant.covers("sqs:GetQueueAttributes", arn)?;
        Ok(state::by_arn(cx, arn).ok_or_else(state::no_such_queue)?.number("VisibilityTimeout"))
    }
}

/// The context in the queue's account and region, and the queue's URL.
fn of(cx: &Context, arn: &str) -> Result<(Context, String), Fault> {
    let (scope, name) = state::of_arn(arn).ok_or_else(state::no_such_queue)?;
    let url = urls::url(cx, &scope, &name);
    Ok((cx.in_scope(scope), url))
}

fn shown(message: Message) -> ReceivedMessage {
    let attribute = |(name, value): (String, MessageAttributeValue)| QueueAttribute {
        name,
        value: value.binary_value.unwrap_or_else(|| value.string_value.unwrap_or_default().into()),
        kind: value.data_type,
    };
    ReceivedMessage {
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        md5: message.md5_of_body.unwrap_or_default(),
        system: message.attributes.unwrap_or_default(),
        attributes: message.message_attributes.unwrap_or_default().into_iter().map(attribute).collect(),
        attributes_md5: message.md5_of_message_attributes,
    }
}
