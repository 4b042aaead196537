//! Tags of keys.

use crate::{Error, Kms, find, keys::change, model::*, rules};
use kit::{Context, Fault};
use std::collections::BTreeMap;

/// Tags of one key; AWS's quota.
const MOST: usize = 50;

impl Kms {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, &input.key_id, |_, key| {
            find::not_pending(key)?;
            key.tags = merged(std::mem::take(&mut key.tags), input.tags)?;
            Ok(())
        })
        .await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away; keys that aren't there are passed over.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.key_id, |_, key| {
            find::not_pending(key)?;
            key.tags.retain(|name, _| !input.tag_keys.contains(name));
            Ok(())
        })
        .await?;
        Ok(UntagResourceOutput {})
    }

    /// Tags in the order of their keys.
    pub async fn list_resource_tags(&self, cx: &Context, input: ListResourceTagsInput) -> Result<ListResourceTagsOutput, Fault> {
        let key = cx.store().read(|s| find::own(s, cx, &input.key_id))?;
        let tags = key.tags.into_iter().map(|(tag_key, tag_value)| Tag { tag_key, tag_value });
        let page = rules::page(tags, |tag| tag.tag_key.clone(), &input.marker, rules::limit(input.limit, MOST))?;
        Ok(ListResourceTagsOutput { tags: Some(page.items), truncated: Some(page.next.is_some()), next_marker: page.next })
    }
}

/// Tags with new ones laid over them, within AWS's rules.
pub(crate) fn merged(mut tags: BTreeMap<String, String>, new: Vec<Tag>) -> Result<BTreeMap<String, String>, Fault> {
    let mut seen = Vec::with_capacity(new.len());
    for Tag { tag_key, tag_value } in new {
        if tag_key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Error::Tag.says("Tags beginning with aws: are reserved"));
        }
        if seen.contains(&tag_key) {
            return Err(Error::Tag.says("Duplicate tag keys"));
        }
        seen.push(tag_key.clone());
        tags.insert(tag_key, tag_value);
    }
    match tags.len() > MOST {
        true => Err(Error::LimitExceeded.says(format!("A key can have at most {MOST} tags"))),
        false => Ok(tags),
    }
}
