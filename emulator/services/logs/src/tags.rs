//! Tags of log groups, by the newer operations on ARNs and the older ones on names.

use crate::{Error, Logs, model::*, state::*};
use kit::{Context, Fault};
use std::collections::BTreeMap;

impl Logs {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, name_of(&input.resource_arn), |tags| tags.extend(input.tags)).await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, name_of(&input.resource_arn), |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let tags = cx.store().read(|s| group(s, cx, name_of(&input.resource_arn)))?.tags;
        Ok(ListTagsForResourceOutput { tags: Some(tags) })
    }
    /// Sets tags.
    pub async fn tag_log_group(&self, cx: &Context, input: TagLogGroupInput) -> Result<TagLogGroupOutput, Fault> {
        change(cx, &input.log_group_name, |tags| tags.extend(input.tags)).await?;
        Ok(TagLogGroupOutput {})
    }
    /// Takes tags away.
    pub async fn untag_log_group(&self, cx: &Context, input: UntagLogGroupInput) -> Result<UntagLogGroupOutput, Fault> {
        change(cx, &input.log_group_name, |tags| tags.retain(|key, _| !input.tags.contains(key))).await?;
        Ok(UntagLogGroupOutput {})
    }
    /// All tags.
    pub async fn list_tags_log_group(&self, cx: &Context, input: ListTagsLogGroupInput) -> Result<ListTagsLogGroupOutput, Fault> {
        let tags = cx.store().read(|s| group(s, cx, &input.log_group_name))?.tags;
        Ok(ListTagsLogGroupOutput { tags: Some(tags) })
    }
}

async fn change(cx: &Context, name: &str, f: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut group = group(tx, cx, name)?;
            f(&mut group.tags);
            check(&group.tags)?;
            tx.put(&GROUPS, cx.scope(), &group.name, &group)
        })
        .await
}

pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    match tags.len() > 50 {
        true => Err(Error::TooManyTags.says("A resource can have at most 50 tags.")),
        false => Ok(()),
    }
}
