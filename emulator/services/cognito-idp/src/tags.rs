//! Tags of pools.

use crate::{CognitoIdp, model::*, state::*};
use kit::{Arn, Context, Fault, Tx};
use std::collections::BTreeMap;

impl CognitoIdp {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        cx.store()
            .write(|tx| {
                change(cx, tx, &input.resource_arn, |tags| {
                    tags.extend(input.tags);
                    match tags.len() > 50 {
                        true => Err(bad("A resource can have at most 50 tags.")),
                        false => Ok(()),
                    }
                })
            })
            .await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        cx.store()
            .write(|tx| {
                change(cx, tx, &input.resource_arn, |tags| {
                    tags.retain(|key, _| !input.tag_keys.contains(key));
                    Ok(())
                })
            })
            .await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let pool = cx.store().read(|s| pool(s, cx.scope(), pool_of(&input.resource_arn)?))?;
        Ok(ListTagsForResourceOutput { tags: Some(pool.settings.user_pool_tags.unwrap_or_default()) })
    }
}

fn change(
    cx: &Context,
    tx: &mut Tx<'_>,
    arn: &str,
    f: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut pool = pool(tx, cx.scope(), pool_of(arn)?)?;
    f(pool.settings.user_pool_tags.get_or_insert_default())?;
    tx.put(&POOLS, cx.scope(), &pool.id, &pool)
}

fn pool_of(arn: &str) -> Result<&str, Fault> {
    let of = Arn::parse(arn).filter(|a| a.service == "cognito-idp").and_then(|a| a.after("userpool/"));
    of.ok_or_else(|| bad(format!("Invalid resource ARN: {arn}")))
}
