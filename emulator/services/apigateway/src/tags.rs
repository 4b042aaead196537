//! Tags of APIs and stages.

use crate::{ApiGateway, model::*, stages, state::*};
use kit::{Arn, Context, Fault, Read, Tx};
use std::collections::BTreeMap;

impl ApiGateway {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        let of = tagged(&input.resource_arn)?;
        cx.store()
            .write(|tx| {
                change_tags(cx, tx, &of, |tags| {
                    tags.extend(input.tags);
                    if tags.len() > 50 { Err(bad("A resource can have at most 50 tags.")) } else { Ok(()) }
                })
            })
            .await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        let of = tagged(&input.resource_arn)?;
        cx.store()
            .write(|tx| {
                change_tags(cx, tx, &of, |tags| {
                    tags.retain(|key, _| !input.tag_keys.contains(key));
                    Ok(())
                })
            })
            .await?;
        Ok(UntagResourceOutput {})
    }

    /// All tags.
    pub async fn get_tags(&self, cx: &Context, input: GetTagsInput) -> Result<GetTagsOutput, Fault> {
        let tags = cx.store().read(|s| match tagged(&input.resource_arn)? {
            Tagged::Api(id) => Ok::<_, Fault>(api(s, cx.scope(), &id)?.settings.tags),
            Tagged::Stage(key) => Ok(s.get(&STAGES, cx.scope(), &key)?.ok_or_else(stages::no_such_stage)?.settings.tags),
        })?;
        Ok(GetTagsOutput { tags: Some(tags.unwrap_or_default()) })
    }
}

enum Tagged {
    Api(String),
    Stage((String, String)),
}

fn tagged(arn: &str) -> Result<Tagged, Fault> {
    let path = Arn::parse(arn).filter(|a| a.service == "apigateway").and_then(|a| a.after("/restapis/"));
    let path = path.ok_or_else(|| bad("Invalid ARN specified in the request"))?;
    match path.split('/').collect::<Vec<_>>()[..] {
        [id] => Ok(Tagged::Api(id.to_owned())),
        [id, "stages", stage] => Ok(Tagged::Stage((id.to_owned(), stage.to_owned()))),
        _ => Err(bad("Invalid ARN specified in the request")),
    }
}

fn change_tags(
    cx: &Context,
    tx: &mut Tx<'_>,
    of: &Tagged,
    f: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match of {
        Tagged::Api(id) => change_in(cx, tx, id, |api| f(api.settings.tags.get_or_insert_default())),
        Tagged::Stage(key) => {
            let mut stage = tx.get(&STAGES, cx.scope(), key)?.ok_or_else(stages::no_such_stage)?;
            f(stage.settings.tags.get_or_insert_default())?;
            tx.put(&STAGES, cx.scope(), key, &stage)
        }
    }
}
