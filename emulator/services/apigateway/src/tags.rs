//! Tags of APIs, stages, API keys, usage plans, VPC links and custom domain names.

use crate::{ApiGateway, api_keys, domain_names, model::*, stages, state::*, usage_plans, vpc_links};
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
            Tagged::Key(id) => Ok(api_keys::key(s, cx, &id)?.tags),
            Tagged::Plan(id) => Ok(usage_plans::plan(s, cx, &id)?.tags),
            Tagged::Domain(name) => Ok(domain_names::domain(s, cx, &name)?.settings.tags),
            Tagged::Link(id) => Ok(vpc_links::link(s, cx, &id)?.settings.tags),
        })?;
        Ok(GetTagsOutput { tags: Some(tags.unwrap_or_default()) })
    }
}

enum Tagged {
    Api(String),
    Stage((String, String)),
    Key(String),
    Plan(String),
    Domain(String),
    Link(String),
}

fn tagged(arn: &str) -> Result<Tagged, Fault> {
    let wrong = || bad("Invalid ARN specified in the request");
    let arn = Arn::parse(arn).filter(|a| a.service == "apigateway").ok_or_else(wrong)?;
    match arn.resource.trim_start_matches('/').split('/').collect::<Vec<_>>()[..] {
        ["restapis", id] => Ok(Tagged::Api(id.to_owned())),
        ["restapis", id, "stages", stage] => Ok(Tagged::Stage((id.to_owned(), stage.to_owned()))),
        ["apikeys", id] => Ok(Tagged::Key(id.to_owned())),
        ["usageplans", id] => Ok(Tagged::Plan(id.to_owned())),
        ["domainnames", name] => Ok(Tagged::Domain(name.to_ascii_lowercase())),
        ["vpclinks", id] => Ok(Tagged::Link(id.to_owned())),
        _ => Err(wrong()),
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
        Tagged::Key(id) => {
            let mut settings = api_keys::key(tx, cx, id)?;
            f(settings.tags.get_or_insert_default())?;
            tx.put(&API_KEYS, cx.scope(), id, &StoredKey { settings })
        }
        Tagged::Plan(id) => {
            let mut settings = usage_plans::plan(tx, cx, id)?;
            f(settings.tags.get_or_insert_default())?;
            tx.put(&USAGE_PLANS, cx.scope(), id, &StoredPlan { settings })
        }
        Tagged::Link(id) => {
            let mut link = vpc_links::link(tx, cx, id)?;
            f(link.settings.tags.get_or_insert_default())?;
            tx.put(&VPC_LINKS, cx.scope(), id, &link)
        }
        Tagged::Domain(name) => {
            let mut domain = domain_names::domain(tx, cx, name)?;
            f(domain.settings.tags.get_or_insert_default())?;
            tx.put(&DOMAINS, cx.scope(), name, &domain)
        }
    }
}
