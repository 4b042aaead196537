//! Tags of topics.

use crate::{Error, Sns, arns, model::*, state::*};
use kit::{Context, Fault, Scope};
use std::collections::BTreeMap;

impl Sns {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        let tags = checked(input.tags)?;
        change(cx, &input.resource_arn, |topic| {
            topic.tags.extend(tags);
            match topic.tags.len() > 50 {
                true => Err(Error::TagLimitExceeded.says("Could not complete request: tag quota of per resource exceeded")),
                false => Ok(()),
            }
        })
        .await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |topic| {
            topic.tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(UntagResourceOutput {})
    }

    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let (scope, name) = place(&input.resource_arn)?;
        let tags = cx.store().read(|s| topic(s, &scope, &name)).map_err(|_| gone())?.tags;
        Ok(ListTagsForResourceOutput { tags: Some(tags.into_iter().map(|(key, value)| Tag { key, value }).collect()) })
    }
}

/// Tags by key; the same key twice is refused.
pub(crate) fn checked(given: Vec<Tag>) -> Result<BTreeMap<String, String>, Fault> {
    let count = given.len();
    let mut tags = BTreeMap::new();
    for Tag { key, value } in given {
        let fits = (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256 && !key.starts_with("aws:");
        if !fits {
            return Err(invalid("Tags Reason: a key has 1 to 128 characters and no prefix aws:, a value at most 256"));
        }
        tags.insert(key, value);
    }
    match tags.len() == count {
        true => Ok(tags),
        false => Err(invalid("Duplicated keys are not allowed.")),
    }
}

async fn change(cx: &Context, arn: &str, f: impl FnOnce(&mut StoredTopic) -> Result<(), Fault>) -> Result<(), Fault> {
    let (scope, name) = place(arn)?;
    cx.store()
        .write(|tx| {
            let mut topic = topic(tx, &scope, &name).map_err(|_| gone())?;
            f(&mut topic)?;
            tx.put(&TOPICS, &scope, &name, &topic)
        })
        .await
}

fn place(arn: &str) -> Result<(Scope, String), Fault> {
    arns::of_topic_named("ResourceArn", arn)
}

fn gone() -> Fault {
    Error::ResourceNotFound.says("Resource does not exist")
}
