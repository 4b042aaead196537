//! Tags of queues.

use crate::{Sqs, model::*, state::*, urls};
use kit::{Context, Fault};

impl Sqs {
    /// Sets tags.
    pub async fn tag_queue(&self, cx: &Context, input: TagQueueInput) -> Result<TagQueueOutput, Fault> {
        change(cx, &input.queue_url, |queue| {
            queue.tags.extend(input.tags);
            match queue.tags.len() > 50 {
                true => Err(bad_value("Too many tags added for queue: at most 50 are allowed.")),
                false => Ok(()),
            }
        })
        .await?;
        Ok(TagQueueOutput {})
    }
    /// Takes tags away.
    pub async fn untag_queue(&self, cx: &Context, input: UntagQueueInput) -> Result<UntagQueueOutput, Fault> {
        change(cx, &input.queue_url, |queue| {
            queue.tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(UntagQueueOutput {})
    }
    /// All tags.
    pub async fn list_queue_tags(&self, cx: &Context, input: ListQueueTagsInput) -> Result<ListQueueTagsOutput, Fault> {
        let (scope, name) = urls::read(cx, &input.queue_url);
        let tags = cx.store().read(|s| queue(s, &scope, &name))?.tags;
        Ok(ListQueueTagsOutput { tags: (!tags.is_empty()).then_some(tags) })
    }
}

async fn change(cx: &Context, url: &str, f: impl FnOnce(&mut Queue) -> Result<(), Fault>) -> Result<(), Fault> {
    let (scope, name) = urls::read(cx, url);
    cx.store()
        .write(|tx| {
            let mut queue = queue(tx, &scope, &name)?;
            f(&mut queue)?;
            tx.put(&QUEUES, &scope, &name, &queue)
        })
        .await
}
