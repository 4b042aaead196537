//! VPCs.

use crate::{
    Ec2, cidr,
    faults::{dry, fault, invalid, missing, only},
    filters::{Filters, Says},
    model::*,
    state::{self, GROUPS, SUBNETS, VPCS, Vpc},
    tags,
};
use kit::{Context, Fault, Read};

/// Entries of a page.
const PAGE: usize = 1000;

/// A VPC, or AWS's refusal.
pub(crate) fn find(read: &impl Read, cx: &Context, id: &str) -> Result<Vpc, Fault> {
    let found = read.get(&VPCS, cx.scope(), &id.to_owned())?;
    found.ok_or_else(|| fault("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist")))
}

fn show(cx: &Context, vpc: Vpc, state: VpcState) -> crate::model::Vpc {
    let associated = VpcCidrBlockState { state: Some(VpcCidrBlockStateCode::Associated), status_message: None };
    let block = VpcCidrBlockAssociation {
        association_id: Some(vpc.association),
        cidr_block: Some(vpc.cidr.clone()),
        cidr_block_state: Some(associated),
    };
    crate::model::Vpc {
        owner_id: Some(cx.account().to_owned()),
        instance_tenancy: Tenancy::parse(&vpc.tenancy),
        ipv6_cidr_block_association_set: Some(Vec::new()),
        cidr_block_association_set: Some(vec![block]),
        is_default: Some(vpc.is_default),
        tags: Some(tags::shown(vpc.tags)),
        vpc_id: Some(vpc.id),
        state: Some(state),
        cidr_block: Some(vpc.cidr),
        // There is one set of options, and it is AWS's own.
        dhcp_options_id: Some("default".into()),
        ..Default::default()
    }
}

/// What a VPC says to filters.
const SAYS: Says<Vpc> = &[
    (&["vpc-id"], |_, vpc| vec![vpc.id.clone()]),
    (&["cidr", "cidr-block-association.cidr-block"], |_, vpc| vec![vpc.cidr.clone()]),
    (&["is-default", "isDefault"], |_, vpc| vec![vpc.is_default.to_string()]),
    (&["state"], |_, _| vec!["available".into()]),
    (&["owner-id"], |cx, _| vec![cx.account().to_owned()]),
    (&["dhcp-options-id"], |_, _| vec!["default".into()]),
];

impl Ec2 {
    /// Makes a VPC with its default security group.
    pub async fn create_vpc(&self, cx: &Context, input: CreateVpcInput) -> Result<CreateVpcOutput, Fault> {
        only(&[
            (
                "IPv6 blocks",
                input.ipv6_pool.is_some()
                    || input.ipv6_cidr_block.is_some()
                    || input.ipv6_cidr_block_network_border_group.is_some()
                    || input.amazon_provided_ipv6_cidr_block == Some(true),
            ),
            ("IPAM pools", input.ipv4_ipam_pool_id.is_some() || input.ipv6_ipam_pool_id.is_some()),
            ("netmask lengths of IPAM pools", input.ipv4_netmask_length.is_some() || input.ipv6_netmask_length.is_some()),
            ("VpcEncryptionControl", input.vpc_encryption_control.is_some()),
        ])?;
        state::begin(cx).await?;
        let text = input.cidr_block.as_deref().ok_or_else(|| missing("cidrBlock"))?;
        let cidr = cidr::parse(text)
            .ok_or_else(|| invalid(format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.")))?;
        if !(16..=28).contains(&cidr.prefix_len()) {
            return Err(fault("InvalidVpc.Range", format!("The CIDR '{text}' is invalid.")));
        }
        let mut vpc = state::new_vpc(cx, &cidr.to_string());
        vpc.tags = tags::given(input.tag_specifications, "vpc")?;
        if let Some(tenancy) = input.instance_tenancy {
            vpc.tenancy = tenancy.as_str().to_owned();
        }
        dry(input.dry_run)?;
        cx.store().write(|tx| state::put_vpc(tx, cx, &vpc)).await?;
        Ok(CreateVpcOutput { vpc: Some(show(cx, vpc, VpcState::Pending)) })
    }

    /// Makes the default VPC again, after it was deleted.
    pub async fn create_default_vpc(&self, cx: &Context, input: CreateDefaultVpcInput) -> Result<CreateDefaultVpcOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let vpc = cx
            .store()
            .write(|tx| match state::default_vpc(tx, cx)? {
                Some(_) => Err(fault("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.")),
                None => state::make_default(tx, cx),
            })
            .await?;
        Ok(CreateDefaultVpcOutput { vpc: Some(show(cx, vpc, VpcState::Pending)) })
    }

    /// VPCs by id and filter.
    pub async fn describe_vpcs(&self, cx: &Context, input: DescribeVpcsInput) -> Result<DescribeVpcsOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let (ids, filters) = (input.vpc_ids.unwrap_or_default(), Filters::of(input.filters, SAYS)?);
        let mut all = Vec::new();
        cx.store().read(|s| -> Result<(), Fault> {
            ids.iter().try_for_each(|id| find(s, cx, id).map(drop))?;
            for row in s.scan(&VPCS, cx.scope()) {
                let (_, vpc) = row?;
                if (ids.is_empty() || ids.contains(&vpc.id)) && filters.pass(cx, &vpc.tags, &vpc) {
                    all.push(vpc);
                }
            }
            Ok(())
        })?;
        let limit = input.max_results.map_or(PAGE, |n| n.clamp(1, PAGE as i32) as usize);
        let page = kit::pages::page(all, |v| v.id.clone(), input.next_token.as_deref(), limit, bad_token)?;
        let vpcs = page.items.into_iter().map(|vpc| show(cx, vpc, VpcState::Available)).collect();
        Ok(DescribeVpcsOutput { next_token: page.next, vpcs: Some(vpcs) })
    }

    /// Deletes a VPC that has nothing in it but its default security group.
    pub async fn delete_vpc(&self, cx: &Context, input: DeleteVpcInput) -> Result<DeleteVpcOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        cx.store()
            .write(|tx| {
                let vpc = find(tx, cx, &input.vpc_id)?;
                let subnets = tx.scan(&SUBNETS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
                let groups = tx.scan(&GROUPS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
                let mut own = groups.into_iter().filter(|(_, group)| group.vpc == vpc.id);
                crate::endpoints::unused(
                    tx,
                    cx,
                    |endpoint| endpoint.vpc == vpc.id,
                    || format!("The vpc '{}' has dependencies and cannot be deleted.", vpc.id),
                )?;
                let used = subnets.iter().any(|(_, s)| s.vpc == vpc.id && !vpc.is_default) || own.clone().any(|(_, g)| g.name != "default");
                if used {
                    let id = &vpc.id;
                    return Err(fault("DependencyViolation", format!("The vpc '{id}' has dependencies and cannot be deleted.")));
                }
                // The subnets of a default VPC go with it.
                subnets.iter().filter(|(_, s)| s.vpc == vpc.id).try_for_each(|(id, _)| tx.delete(&SUBNETS, cx.scope(), id).map(drop))?;
                own.try_for_each(|(id, _)| tx.delete(&GROUPS, cx.scope(), &id).map(drop))?;
                tx.delete(&VPCS, cx.scope(), &vpc.id).map(drop)
            })
            .await?;
        Ok(DeleteVpcOutput {})
    }

    /// One attribute of a VPC.
    pub async fn describe_vpc_attribute(
        &self,
        cx: &Context,
        input: DescribeVpcAttributeInput,
    ) -> Result<DescribeVpcAttributeOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let vpc = cx.store().read(|s| find(s, cx, &input.vpc_id))?;
        let mut out = DescribeVpcAttributeOutput { vpc_id: Some(vpc.id), ..Default::default() };
        let value = |value| Some(AttributeBooleanValue { value: Some(value) });
        match input.attribute {
            VpcAttributeName::EnableDnsSupport => out.enable_dns_support = value(vpc.dns_support),
            VpcAttributeName::EnableDnsHostnames => out.enable_dns_hostnames = value(vpc.dns_hostnames),
            VpcAttributeName::EnableNetworkAddressUsageMetrics => out.enable_network_address_usage_metrics = value(false),
        }
        Ok(out)
    }

    /// Changes an attribute of a VPC.
    pub async fn modify_vpc_attribute(&self, cx: &Context, input: ModifyVpcAttributeInput) -> Result<ModifyVpcAttributeOutput, Fault> {
        state::begin(cx).await?;
        let on = |value: &Option<AttributeBooleanValue>| value.as_ref().and_then(|v| v.value);
        only(&[("EnableNetworkAddressUsageMetrics", on(&input.enable_network_address_usage_metrics) == Some(true))])?;
        cx.store()
            .write(|tx| {
                let mut vpc = find(tx, cx, &input.vpc_id)?;
                vpc.dns_hostnames = on(&input.enable_dns_hostnames).unwrap_or(vpc.dns_hostnames);
                vpc.dns_support = on(&input.enable_dns_support).unwrap_or(vpc.dns_support);
                tx.put(&VPCS, cx.scope(), &vpc.id, &vpc)
            })
            .await?;
        Ok(ModifyVpcAttributeOutput {})
    }
}

/// A token that is none.
pub(crate) fn bad_token() -> Fault {
    invalid("The token is invalid.")
}
