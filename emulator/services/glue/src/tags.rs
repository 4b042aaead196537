//! Tags of crawlers.

use crate::{Glue, crawlers::state as crawlers, model::*};
use kit::{Arn, Context, Fault};
use std::collections::BTreeMap;

/// Tags that one resource may have.
const MOST: usize = 50;

/// Checks how many there are.
pub(crate) fn checked(tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    match tags.len() > MOST {
        true => Err(Error::InvalidInput.says(format!("A resource can have at most {MOST} tags."))),
        false => Ok(tags),
    }
}

impl Glue {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.extend(input.tags_to_add)).await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.retain(|key, _| !input.tags_to_remove.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }

    /// All tags of a resource.
    pub async fn get_tags(&self, cx: &Context, input: GetTagsInput) -> Result<GetTagsOutput, Fault> {
        let name = crawler(&input.resource_arn)?;
        let row = cx.store().read(|s| crawlers::must_find(s, cx, &name))?;
        Ok(GetTagsOutput { tags: Some(row.tags) })
    }
}

/// The crawler that an ARN names.
fn crawler(arn: &str) -> Result<String, Fault> {
    let parsed = Arn::parse(arn).filter(|arn| arn.service == "glue");
    let parsed = parsed.ok_or_else(|| Error::InvalidInput.says(format!("{arn} is not the ARN of a Glue resource.")))?;
    let other = || Fault::new("NotImplemented", 501, format!("windtunnel keeps tags of crawlers only, not of {arn}."));
    parsed.after("crawler/").map(str::to_owned).ok_or_else(other)
}

async fn change(cx: &Context, arn: &str, f: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    let name = crawler(arn)?;
    cx.store()
        .write(|tx| {
            let mut row = crawlers::must_find(tx, cx, &name)?;
            f(&mut row.tags);
            row.tags = checked(std::mem::take(&mut row.tags))?;
            tx.put(&crawlers::CRAWLERS, cx.scope(), &name, &row)
        })
        .await
}
