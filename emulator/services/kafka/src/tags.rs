//! Tags of clusters.

use crate::{Kafka, model::*, state};
use kit::{Arn, Context, Fault, Need, Read, Scope};
use std::collections::BTreeMap;

const MOST_TAGS: usize = 50;

impl Kafka {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.extend(input.tags.clone())).await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let row = cx.store().read(|s| state::cluster(s, cx, &input.resource_arn))?;
        Ok(ListTagsForResourceOutput { tags: Some(state::told(&row)?.tags.unwrap_or_default()) })
    }
}

/// A need with the tags of the cluster that is its resource, whoever's cluster it is.
pub(crate) fn completed(cx: &Context, need: &Need) -> Option<Need> {
    let arn = Arn::parse(&need.resource).filter(|arn| arn.service == "kafka" && arn.resource.starts_with("cluster/"))?;
    let scope = Scope::new(arn.account, arn.region);
    let row = cx.store().read(|s| s.get(&state::CLUSTERS, &scope, &need.resource)).ok()??;
    let tags = state::told(&row).ok()?.tags?;
    Some(tags.into_iter().fold(need.clone(), |need, (key, value)| need.key(format!("aws:ResourceTag/{key}"), value)))
}

/// Refuses more tags than AWS takes.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    match tags.len() > MOST_TAGS {
        true => Err(Error::BadRequest.says(format!("At most {MOST_TAGS} tags are allowed.")).with("InvalidParameter", "tags")),
        false => Ok(()),
    }
}

async fn change(cx: &Context, arn: &str, edit: impl Fn(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let row = state::cluster(tx, cx, arn)?;
            let mut cluster = state::told(&row)?;
            let mut tags = cluster.tags.take().unwrap_or_default();
            edit(&mut tags);
            check(&tags)?;
            cluster.tags = Some(tags);
            tx.put(&state::CLUSTERS, &state::scope_of(cx, arn)?, &arn.to_owned(), &state::row(&cluster, row.listeners))
        })
        .await
}
