//! Tags of groups; schedules have none.

use crate::{Scheduler, check, model::*, state::*};
use kit::{Arn, Context, Fault};
use std::collections::BTreeMap;

impl Scheduler {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        let set = check::tags(input.tags)?;
        change(cx, &input.resource_arn, |tags| tags.extend(set)).await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let name = name_of(&input.resource_arn)?;
        let tags = cx.store().read(|s| group(s, cx.scope(), name))?.tags;
        Ok(ListTagsForResourceOutput { tags: Some(tags.into_iter().map(|(key, value)| Tag { key, value }).collect()) })
    }
}

fn name_of(arn: &str) -> Result<&str, Fault> {
    let found = Arn::parse(arn).filter(|arn| arn.service == "scheduler").and_then(|arn| arn.after("schedule-group/"));
    found.ok_or_else(|| check::invalid(format!("{arn} is not the ARN of a schedule group: only groups have tags.")))
}

async fn change(cx: &Context, arn: &str, f: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    let name = name_of(arn)?;
    cx.store()
        .write(|tx| {
            let mut group = group(tx, cx.scope(), name)?;
            f(&mut group.tags);
            check::count(&group.tags)?;
            tx.put(&GROUPS, cx.scope(), &group.name, &group)
        })
        .await
}
