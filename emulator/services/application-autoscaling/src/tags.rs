//! Tags of scalable targets.

use crate::{ApplicationAutoScaling, model::*, state::TARGETS};
use kit::{Arn, Context, Fault, Read, Scope, Table, TableScope, Tx};
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

const TAGS: Table<String, Tags> = Table::new("application-autoscaling.tags", TableScope::Region);
const MOST_TAGS: usize = 50;

impl ApplicationAutoScaling {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        cx.store()
            .write(|tx| {
                there(tx, cx.scope(), &input.resource_arn)?;
                put(tx, cx.scope(), &input.resource_arn, input.tags)
            })
            .await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        cx.store()
            .write(|tx| {
                there(tx, cx.scope(), &input.resource_arn)?;
                let mut tags = tx.get(&TAGS, cx.scope(), &input.resource_arn)?.unwrap_or_default();
                tags.retain(|key, _| !input.tag_keys.contains(key));
                tx.put(&TAGS, cx.scope(), &input.resource_arn, &tags)
            })
            .await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let tags = cx.store().read(|s| {
            there(s, cx.scope(), &input.resource_arn)?;
            s.get(&TAGS, cx.scope(), &input.resource_arn)
        })?;
        Ok(ListTagsForResourceOutput { tags: Some(tags.unwrap_or_default()) })
    }
}

/// Adds tags to those that are there.
pub(crate) fn put(tx: &mut Tx<'_>, scope: &Scope, arn: &str, new: Tags) -> Result<(), Fault> {
    if new.is_empty() {
        return Ok(());
    }
    let mut tags = tx.get(&TAGS, scope, &arn.to_owned())?.unwrap_or_default();
    tags.extend(new);
    if tags.len() > MOST_TAGS {
        return Err(Error::TooManyTags.says(format!("A scalable target may have at most {MOST_TAGS} tags.")).with("ResourceName", arn));
    }
    tx.put(&TAGS, scope, &arn.to_owned(), &tags)
}

/// Forgets the tags of a target.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, arn: &str) -> Result<(), Fault> {
    tx.delete(&TAGS, scope, &arn.to_owned()).map(drop)
}

fn there(read: &impl Read, scope: &Scope, arn: &str) -> Result<(), Fault> {
    let id = Arn::parse(arn).and_then(|arn| arn.after("scalable-target/"));
    for row in read.scan(&TARGETS, scope) {
        if id == Some(row?.1.id.as_str()) {
            return Ok(());
        }
    }
    Err(Error::ResourceNotFound.says(format!("The specified resource {arn} does not exist.")).with("ResourceName", arn))
}
