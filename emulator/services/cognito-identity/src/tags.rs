//! Tags of pools.

use crate::{CognitoIdentity, model::*, state::*};
use kit::{Arn, Context, Fault};
use std::collections::BTreeMap;

impl CognitoIdentity {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| {
            tags.extend(input.tags);
            match tags.len() > 50 {
                true => Err(bad("A resource can have at most 50 tags.")),
                false => Ok(()),
            }
        })
        .await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| {
            tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let pool = cx.store().read(|s| pool(s, cx.scope(), pool_of(&input.resource_arn)?))?;
        Ok(ListTagsForResourceOutput { tags: Some(pool.settings.identity_pool_tags.unwrap_or_default()) })
    }
}

async fn change(cx: &Context, arn: &str, f: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Fault>) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut pool = pool(tx, cx.scope(), pool_of(arn)?)?;
            f(pool.settings.identity_pool_tags.get_or_insert_default())?;
            tx.put(&POOLS, cx.scope(), &pool.id().to_owned(), &pool)
        })
        .await
}

fn pool_of(arn: &str) -> Result<&str, Fault> {
    let of = Arn::parse(arn).filter(|a| a.service == "cognito-identity").and_then(|a| a.after("identitypool/"));
    of.ok_or_else(|| bad(format!("Invalid resource ARN: {arn}")))
}
