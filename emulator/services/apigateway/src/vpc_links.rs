//! VPC links: the way from an API into a VPC. This machine is taken for the VPC, so a link leads to the address that the integration names;
//! its load balancers are kept as they were told and never looked for.

use crate::{ApiGateway, Error, model::*, patch, state::*};
use kit::{Arn, Context, Fault, Read};
use std::time::Duration;

/// How long AWS takes to make a link: some minutes.
const MAKING: Duration = Duration::from_secs(120);
/// AWS's limit for an account and region.
const MOST_LINKS: usize = 20;

impl ApiGateway {
    /// Makes a link; it is ready after two minutes of the clock.
    pub async fn create_vpc_link(&self, cx: &Context, input: CreateVpcLinkInput) -> Result<CreateVpcLinkOutput, Fault> {
        if input.name.trim().is_empty() {
            return Err(bad("Name cannot be empty"));
        }
        if input.target_arns.len() != 1 {
            return Err(bad("Exactly one target ARN must be specified for a VPC link"));
        }
        if let Some(wrong) = input.target_arns.iter().find(|arn| Arn::parse(arn).is_none_or(|arn| arn.service != "elasticloadbalancing")) {
            return Err(bad(format!("Invalid ARN. ARN is not well formed {wrong}")));
        }
        let link = VpcLink {
            id: Some(cx.ids().lower(6)),
            name: Some(input.name),
            description: input.description,
            target_arns: Some(input.target_arns),
            tags: input.tags.filter(|tags| !tags.is_empty()),
            ..Default::default()
        };
        let stored = StoredLink { settings: link, ready: cx.now().plus_ns(MAKING.as_nanos() as i128) };
        let id = stored.settings.id.clone().unwrap_or_default();
        cx.store()
            .write(|tx| {
                if tx.scan(&VPC_LINKS, cx.scope()).keys().count() >= MOST_LINKS {
                    return Err(Error::LimitExceeded.says("Maximum number of VPC links for this account has been reached"));
                }
                tx.put(&VPC_LINKS, cx.scope(), &id, &stored)
            })
            .await?;
        Ok(shown(cx, stored))
    }

    /// Describes a link.
    pub async fn get_vpc_link(&self, cx: &Context, input: GetVpcLinkInput) -> Result<GetVpcLinkOutput, Fault> {
        let stored = cx.store().read(|s| link(s, cx, &input.vpc_link_id))?;
        Ok(with_tags(shown(cx, stored)))
    }

    /// Links of the account and region.
    pub async fn get_vpc_links(&self, cx: &Context, input: GetVpcLinksInput) -> Result<GetVpcLinksOutput, Fault> {
        let all: Vec<StoredLink> =
            cx.store().read(|s| s.scan(&VPC_LINKS, cx.scope()).map(|row| row.map(|(_, link)| link)).collect::<Result<_, _>>())?;
        let id = |stored: &StoredLink| stored.settings.id.clone().unwrap_or_default();
        let (items, position) = page(all, id, input.position.as_deref(), input.limit)?;
        Ok(GetVpcLinksOutput { items: Some(items.into_iter().map(|stored| shown(cx, stored)).collect()), position })
    }

    /// Changes name and description.
    pub async fn update_vpc_link(&self, cx: &Context, input: UpdateVpcLinkInput) -> Result<UpdateVpcLinkOutput, Fault> {
        let patches = patch::read(input.patch_operations)?;
        let id = input.vpc_link_id;
        let stored = cx
            .store()
            .write(|tx| {
                let mut stored = link(tx, cx, &id)?;
                for patch in &patches {
                    match patch.parts()[..] {
                        ["name"] => stored.settings.name = Some(patch.value()?.to_owned()),
                        ["description"] => patch.text(&mut stored.settings.description)?,
                        _ => return Err(patch.none_of("/name, /description")),
                    }
                }
                tx.put(&VPC_LINKS, cx.scope(), &id, &stored)?;
                Ok(stored)
            })
            .await?;
        Ok(with_tags(shown(cx, stored)))
    }

    /// Deletes a link; integrations that go by it fail from then on.
    pub async fn delete_vpc_link(&self, cx: &Context, input: DeleteVpcLinkInput) -> Result<DeleteVpcLinkOutput, Fault> {
        let id = input.vpc_link_id;
        cx.store()
            .write(|tx| {
                link(tx, cx, &id)?;
                tx.delete(&VPC_LINKS, cx.scope(), &id)
            })
            .await?;
        Ok(DeleteVpcLinkOutput {})
    }
}

/// Whether requests may go by a link.
pub(crate) fn is_ready(cx: &Context, id: &str) -> bool {
    cx.store().read(|s| link(s, cx, id)).is_ok_and(|stored| stored.ready <= cx.now())
}

pub(crate) fn link(read: &impl Read, cx: &Context, id: &str) -> Result<StoredLink, Fault> {
    read.get(&VPC_LINKS, cx.scope(), &id.to_owned())?.ok_or_else(|| Error::NotFound.says("Invalid Vpc Link identifier specified"))
}

fn shown(cx: &Context, stored: StoredLink) -> VpcLink {
    let ready = stored.ready <= cx.now();
    VpcLink {
        status: Some(if ready { VpcLinkStatus::Available } else { VpcLinkStatus::Pending }),
        status_message: ready.then(|| "Your vpc link is ready for use".into()),
        ..stored.settings
    }
}

/// Where one link is described its tags are there, even if it has none.
fn with_tags(mut link: VpcLink) -> VpcLink {
    link.tags.get_or_insert_default();
    link
}
