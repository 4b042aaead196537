//! PublishBatch: up to ten messages. What is wrong with one of them is told before any is published, as AWS does.

use crate::{
    Error, Sns, arns, fanout,
    message::{self, Draft},
    metrics,
    model::*,
    state::*,
};
use kit::{Context, Fault};
use std::collections::HashSet;

impl Sns {
    /// Publishes a batch in one transaction.
    pub async fn publish_batch(&self, cx: &Context, input: PublishBatchInput) -> Result<PublishBatchOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        let entries = input.publish_batch_request_entries;
        check_ids(&entries)?;
        let drafts: Vec<(String, Draft)> = entries.into_iter().map(draft).collect();
        let there = cx.store().read(|s| topic(s, &scope, &name))?;
        let key = self.data_keys.of_publisher(cx, &there, &input.topic_arn).await?;
        let sizes: Vec<usize> = drafts.iter().map(|(_, draft)| draft.bytes()).collect();
        let published = cx
            .store()
            .write(|tx| {
                let topic = topic(tx, &scope, &name)?;
                if drafts.iter().map(|(_, d)| d.bytes()).sum::<usize>() > message::MOST_BYTES {
                    return Err(Error::BatchRequestTooLong.says("The length of all the messages put together is more than the limit."));
                }
                for (_, draft) in &drafts {
                    draft.check()?;
                    draft.check_for(&topic)?;
                }
                let messages = drafts.into_iter().map(|(id, d)| Ok((id, d.stored(cx, &topic, &input.topic_arn)?)));
                let messages: Vec<(String, StoredMessage)> = messages.collect::<Result<_, Fault>>()?;
                let publish = |(id, message)| Ok((id, fanout::publish(cx, tx, &scope, &topic, message, key.as_ref())?));
                messages.into_iter().map(publish).collect::<Result<Vec<_>, Fault>>()
            })
            .await?;
        for ((_, published), bytes) in published.iter().zip(sizes) {
            metrics::published(cx, &scope, &name, bytes, &published.kept);
        }
        let entry = |(id, published): (String, fanout::Published)| PublishBatchResultEntry {
            id: Some(id),
            message_id: Some(published.id),
            sequence_number: published.sequence,
        };
        let successful = published.into_iter().map(entry).collect();
        Ok(PublishBatchOutput { successful: Some(successful), failed: Some(Vec::new()) })
    }
}

fn draft(entry: PublishBatchRequestEntry) -> (String, Draft) {
    let draft = Draft {
        body: entry.message,
        subject: entry.subject,
        structure: entry.message_structure,
        attributes: entry.message_attributes.unwrap_or_default(),
        group: entry.message_group_id,
        deduplication: entry.message_deduplication_id,
    };
    (entry.id, draft)
}

fn check_ids(entries: &[PublishBatchRequestEntry]) -> Result<(), Fault> {
    if entries.is_empty() {
        return Err(Error::EmptyBatchRequest.says("The batch request doesn't contain any entries."));
    }
    if entries.len() > 10 {
        return Err(Error::TooManyEntriesInBatchRequest.says("The batch request contains more entries than permissible."));
    }
    let mut seen = HashSet::new();
    for PublishBatchRequestEntry { id, .. } in entries {
        if id.len() > 80 {
            return Err(Error::InvalidBatchEntryId.says(format!("The Id of a batch entry in the batch request is too long: {id}")));
        }
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            return Err(Error::InvalidBatchEntryId
                .says(format!("The Id of a batch entry in the batch request contains an impermissible character: {id}")));
        }
        if !seen.insert(id) {
            return Err(Error::BatchEntryIdsNotDistinct.says("Two or more batch entries in the request have the same Id."));
        }
    }
    Ok(())
}
