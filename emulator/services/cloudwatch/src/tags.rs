//! Tags of alarms and dashboards. They go with the resource; an ARN without one has none, as recorded.

use crate::{CloudWatch, alarms, check, dashboards, model::*};
use kit::{Arn, Context, Fault, Read, Scope, Table, TableScope, Tx};
use std::collections::BTreeMap;

/// Tags by ARN.
pub(crate) const TAGS: Table<String, BTreeMap<String, String>> = Table::new("cloudwatch.tags", TableScope::Account);

impl CloudWatch {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        check::tags(&input.tags)?;
        cx.store()
            .write(|tx| {
                there(tx, cx, &input.resource_arn)?;
                put(tx, cx.scope(), &input.resource_arn, &input.tags)
            })
            .await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        cx.store()
            .write(|tx| {
                there(tx, cx, &input.resource_arn)?;
                let mut tags = tx.get(&TAGS, cx.scope(), &input.resource_arn)?.unwrap_or_default();
                tags.retain(|key, _| !input.tag_keys.contains(key));
                tx.put(&TAGS, cx.scope(), &input.resource_arn, &tags)
            })
            .await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let tags = cx.store().read(|s| s.get(&TAGS, cx.scope(), &input.resource_arn))?.unwrap_or_default();
        Ok(ListTagsForResourceOutput { tags: Some(tags.into_iter().map(|(key, value)| Tag { key, value }).collect()) })
    }
}

/// Adds tags to those that are there.
pub(crate) fn put(tx: &mut Tx<'_>, scope: &Scope, arn: &str, new: &[Tag]) -> Result<(), Fault> {
    let mut tags = tx.get(&TAGS, scope, &arn.to_owned())?.unwrap_or_default();
    tags.extend(new.iter().map(|tag| (tag.key.clone(), tag.value.clone())));
    check::tags(&tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect::<Vec<_>>())?;
    tx.put(&TAGS, scope, &arn.to_owned(), &tags)
}

/// Forgets the tags of what was deleted.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, arn: &str) -> Result<(), Fault> {
    tx.delete(&TAGS, scope, &arn.to_owned()).map(drop)
}

fn there(read: &impl Read, cx: &Context, arn: &str) -> Result<(), Fault> {
    let parsed = Arn::parse(arn).filter(|arn| arn.service == "cloudwatch");
    let found = match parsed {
        Some(parsed) => match (parsed.after("alarm:"), parsed.after("dashboard/")) {
            (Some(name), _) => alarms::exists(read, cx.scope(), name)?,
            (_, Some(name)) => dashboards::exists(read, cx.scope(), name)?,
            _ => false,
        },
        None => false,
    };
    match found {
        true => Ok(()),
        false => Err(Error::ResourceNotFoundException.says("Resource not found").with("ResourceType", "unknown").with("ResourceId", arn)),
    }
}
