//! Tags of web ACLs, rule groups and sets.

use crate::{Wafv2, check, model::*, state};
use kit::{Context, Fault, Read, Table, TableScope, Tx};
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

const TAGS: Table<String, Tags> = Table::new("wafv2.tags", TableScope::Region);
const MOST_TAGS: usize = 50;

impl Wafv2 {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        let place = state::place_of(cx, &input.resource_arn);
        cx.store()
            .write(|tx| {
                there(tx, &place, &input.resource_arn)?;
                put(tx, &place, &input.resource_arn, input.tags)
            })
            .await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        let place = state::place_of(cx, &input.resource_arn);
        cx.store()
            .write(|tx| {
                there(tx, &place, &input.resource_arn)?;
                let mut tags = tx.get(&TAGS, &place, &input.resource_arn)?.unwrap_or_default();
                tags.retain(|key, _| !input.tag_keys.contains(key));
                tx.put(&TAGS, &place, &input.resource_arn, &tags)
            })
            .await?;
        Ok(UntagResourceOutput {})
    }

    /// Tags of a resource.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let place = state::place_of(cx, &input.resource_arn);
        let tags = cx.store().read(|s| {
            there(s, &place, &input.resource_arn)?;
            s.get(&TAGS, &place, &input.resource_arn)
        })?;
        let key = |(key, _): &(String, String)| key.clone();
        let limit = check::page_length(input.limit);
        let page = kit::pages::page(tags.unwrap_or_default(), key, input.next_marker.as_deref(), limit, check::bad_marker)?;
        let list = page.items.into_iter().map(|(key, value)| Tag { key, value }).collect();
        let info = TagInfoForResource { resource_arn: Some(input.resource_arn), tag_list: Some(list) };
        Ok(ListTagsForResourceOutput { next_marker: page.next, tag_info_for_resource: Some(info) })
    }
}

/// Adds tags to those that are there.
pub(crate) fn put(tx: &mut Tx<'_>, place: &kit::Scope, arn: &str, new: Vec<Tag>) -> Result<(), Fault> {
    if new.is_empty() {
        return Ok(());
    }
    let mut tags = tx.get(&TAGS, place, &arn.to_owned())?.unwrap_or_default();
    tags.extend(new.into_iter().map(|tag| (tag.key, tag.value)));
    if tags.len() > MOST_TAGS {
        return Err(check::limit(&format!("{MOST_TAGS} tags on a resource")));
    }
    tx.put(&TAGS, place, &arn.to_owned(), &tags)
}

/// Forgets the tags of what is deleted.
pub(crate) fn forget(tx: &mut Tx<'_>, place: &kit::Scope, arn: &str) -> Result<(), Fault> {
    tx.delete(&TAGS, place, &arn.to_owned()).map(drop)
}

fn there(read: &impl Read, place: &kit::Scope, arn: &str) -> Result<(), Fault> {
    if state::exists(read, place, arn)? { Ok(()) } else { Err(check::nonexistent()) }
}
