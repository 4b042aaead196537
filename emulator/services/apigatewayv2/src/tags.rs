//! Tags of APIs, stages and custom domain names.

use crate::{ApiGatewayV2, domain_names::domain, model::*, state::*};
use kit::{Arn, Context, Fault, Read, Tx};
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

impl ApiGatewayV2 {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        let of = Tagged::read(&input.resource_arn)?;
        cx.store().write(|tx| of.change(cx, tx, |tags| tags.extend(input.tags.unwrap_or_default()))).await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        let of = Tagged::read(&input.resource_arn)?;
        cx.store().write(|tx| of.change(cx, tx, |tags| tags.retain(|key, _| !input.tag_keys.contains(key)))).await?;
        Ok(UntagResourceOutput {})
    }

    /// All tags.
    pub async fn get_tags(&self, cx: &Context, input: GetTagsInput) -> Result<GetTagsOutput, Fault> {
        let of = Tagged::read(&input.resource_arn)?;
        let tags = cx.store().read(|s| match &of {
            Tagged::Api(id) => Ok::<_, Fault>(api(s, cx.scope(), id)?.settings.tags),
            Tagged::Stage(key) => Ok(s.get(&STAGES, cx.scope(), key)?.ok_or_else(|| missing("Stage", &key.1))?.settings.tags),
            Tagged::Domain(name) => Ok(domain(s, cx, name)?.settings.tags),
        })?;
        Ok(GetTagsOutput { tags: Some(tags.unwrap_or_default()) })
    }
}

enum Tagged {
    Api(String),
    Stage((String, String)),
    Domain(String),
}

impl Tagged {
    fn read(arn: &str) -> Result<Tagged, Fault> {
        let wrong = || bad("Invalid ARN specified in the request");
        let arn = Arn::parse(arn).filter(|a| a.service == "apigateway").ok_or_else(wrong)?;
        match arn.resource.trim_start_matches('/').split('/').collect::<Vec<_>>()[..] {
            ["apis", id] => Ok(Tagged::Api(id.to_owned())),
            ["apis", id, "stages", stage] => Ok(Tagged::Stage((id.to_owned(), stage.to_owned()))),
            ["domainnames", name] => Ok(Tagged::Domain(name.to_ascii_lowercase())),
            _ => Err(wrong()),
        }
    }

    fn change(&self, cx: &Context, tx: &mut Tx<'_>, f: impl FnOnce(&mut Tags)) -> Result<(), Fault> {
        let limited = |tags: &mut Option<Tags>| {
            let tags = tags.get_or_insert_default();
            f(tags);
            if tags.len() > 50 { Err(bad("A resource can have at most 50 tags.")) } else { Ok(()) }
        };
        match self {
            Tagged::Api(id) => {
                let mut api = api(tx, cx.scope(), id)?;
                limited(&mut api.settings.tags)?;
                tx.put(&APIS, cx.scope(), id, &api)
            }
            Tagged::Stage(key) => {
                let mut stage = tx.get(&STAGES, cx.scope(), key)?.ok_or_else(|| missing("Stage", &key.1))?;
                limited(&mut stage.settings.tags)?;
                tx.put(&STAGES, cx.scope(), key, &stage)
            }
            Tagged::Domain(name) => {
                let mut domain = domain(tx, cx, name)?;
                limited(&mut domain.settings.tags)?;
                tx.put(&DOMAINS, cx.scope(), name, &domain)
            }
        }
    }
}
