//! Subnets.

use crate::{
    Ec2, cidr,
    faults::{dry, fault, invalid, missing, only},
    filters::{Filters, Says},
    model::*,
    state::{self, SUBNETS, Subnet, ZONES},
    tags, vpcs, zones,
};
use kit::{Context, Fault, Read};

const PAGE: usize = 1000;
/// Addresses of a subnet that AWS keeps for itself.
const RESERVED: u64 = 5;

pub(crate) fn find(read: &impl Read, cx: &Context, id: &str) -> Result<Subnet, Fault> {
    let found = read.get(&SUBNETS, cx.scope(), &id.to_owned())?;
    found.ok_or_else(|| fault("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist")))
}

fn show(cx: &Context, subnet: Subnet) -> crate::model::Subnet {
    let free = cidr::parse(&subnet.cidr).map_or(0, |block| cidr::size(block).saturating_sub(RESERVED));
    crate::model::Subnet {
        availability_zone_id: zones::id_of(&subnet.zone),
        map_customer_owned_ip_on_launch: Some(false),
        owner_id: Some(cx.account().to_owned()),
        assign_ipv6_address_on_creation: Some(false),
        ipv6_cidr_block_association_set: Some(Vec::new()),
        tags: Some(tags::shown(subnet.tags)),
        subnet_arn: Some(state::arn(cx, "subnet", &subnet.id)),
        enable_dns64: Some(false),
        ipv6_native: Some(false),
        subnet_id: Some(subnet.id),
        state: Some(SubnetState::Available),
        vpc_id: Some(subnet.vpc),
        cidr_block: Some(subnet.cidr),
        available_ip_address_count: Some(free as i32),
        availability_zone: Some(subnet.zone),
        default_for_az: Some(subnet.default_for_zone),
        map_public_ip_on_launch: Some(subnet.default_for_zone),
        ..Default::default()
    }
}

/// What a subnet says to filters.
const SAYS: Says<Subnet> = &[
    (&["subnet-id"], |_, subnet| vec![subnet.id.clone()]),
    (&["vpc-id"], |_, subnet| vec![subnet.vpc.clone()]),
    (&["cidr", "cidr-block", "cidrBlock"], |_, subnet| vec![subnet.cidr.clone()]),
    (&["availability-zone", "availabilityZone"], |_, subnet| vec![subnet.zone.clone()]),
    (&["availability-zone-id"], |_, subnet| zones::id_of(&subnet.zone).into_iter().collect()),
    (&["default-for-az", "defaultForAz", "map-public-ip-on-launch"], |_, subnet| vec![subnet.default_for_zone.to_string()]),
    (&["state"], |_, _| vec!["available".into()]),
    (&["owner-id"], |cx, _| vec![cx.account().to_owned()]),
    (&["subnet-arn"], |cx, subnet| vec![state::arn(cx, "subnet", &subnet.id)]),
];

impl Ec2 {
    /// Makes a subnet in a VPC; the first zone where the request names none.
    pub async fn create_subnet(&self, cx: &Context, input: CreateSubnetInput) -> Result<CreateSubnetOutput, Fault> {
        only(&[
            ("IPv6 blocks", input.ipv6_cidr_block.is_some() || input.ipv6_native == Some(true)),
            ("outposts", input.outpost_arn.is_some()),
            ("IPAM pools", input.ipv4_ipam_pool_id.is_some() || input.ipv6_ipam_pool_id.is_some()),
            ("netmask lengths of IPAM pools", input.ipv4_netmask_length.is_some() || input.ipv6_netmask_length.is_some()),
        ])?;
        state::begin(cx).await?;
        let zone = match (input.availability_zone, input.availability_zone_id) {
            (Some(zone), _) => zone,
            (None, Some(id)) => {
                zones::named(cx, &id).ok_or_else(|| invalid(format!("Value ({id}) for parameter availabilityZoneId is invalid.")))?
            }
            (None, None) => format!("{}{}", cx.region(), ZONES[0]),
        };
        if !ZONES.iter().any(|letter| zone == format!("{}{letter}", cx.region())) {
            return Err(invalid(format!("Value ({zone}) for parameter availabilityZone is invalid.")));
        }
        let text = input.cidr_block.as_deref().ok_or_else(|| missing("cidrBlock"))?;
        let block = cidr::parse(text)
            .ok_or_else(|| invalid(format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.")))?;
        let subnet = Subnet {
            id: state::id(cx, "subnet"),
            vpc: input.vpc_id,
            cidr: block.to_string(),
            zone,
            tags: tags::given(input.tag_specifications, "subnet")?,
            ..Subnet::default()
        };
        dry(input.dry_run)?;
        cx.store()
            .write(|tx| {
                let vpc = vpcs::find(tx, cx, &subnet.vpc)?;
                let inside = cidr::parse(&vpc.cidr).is_some_and(|whole| whole.contains(&block));
                if !inside || !(16..=28).contains(&block.prefix_len()) {
                    return Err(fault("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid.")));
                }
                for row in tx.scan(&SUBNETS, cx.scope()) {
                    let (_, other) = row?;
                    if other.vpc == vpc.id && cidr::parse(&other.cidr).is_some_and(|known| cidr::overlap(known, block)) {
                        return Err(fault("InvalidSubnet.Conflict", format!("The CIDR '{text}' conflicts with another subnet")));
                    }
                }
                tx.put(&SUBNETS, cx.scope(), &subnet.id, &subnet)
            })
            .await?;
        Ok(CreateSubnetOutput { subnet: Some(show(cx, subnet)) })
    }

    /// Subnets by id and filter.
    pub async fn describe_subnets(&self, cx: &Context, input: DescribeSubnetsInput) -> Result<DescribeSubnetsOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let (ids, filters) = (input.subnet_ids.unwrap_or_default(), Filters::of(input.filters, SAYS)?);
        let mut all = Vec::new();
        cx.store().read(|s| -> Result<(), Fault> {
            ids.iter().try_for_each(|id| find(s, cx, id).map(drop))?;
            for row in s.scan(&SUBNETS, cx.scope()) {
                let (_, subnet) = row?;
                if (ids.is_empty() || ids.contains(&subnet.id)) && filters.pass(cx, &subnet.tags, &subnet) {
                    all.push(subnet);
                }
            }
            Ok(())
        })?;
        let limit = input.max_results.map_or(PAGE, |n| n.clamp(1, PAGE as i32) as usize);
        let page = kit::pages::page(all, |s| s.id.clone(), input.next_token.as_deref(), limit, vpcs::bad_token)?;
        let subnets = page.items.into_iter().map(|subnet| show(cx, subnet)).collect();
        Ok(DescribeSubnetsOutput { next_token: page.next, subnets: Some(subnets) })
    }

    /// Deletes a subnet.
    pub async fn delete_subnet(&self, cx: &Context, input: DeleteSubnetInput) -> Result<DeleteSubnetOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        cx.store()
            .write(|tx| {
                let subnet = find(tx, cx, &input.subnet_id)?;
                crate::endpoints::unused(
                    tx,
                    cx,
                    |endpoint| endpoint.subnets.contains_key(&subnet.id),
                    || format!("The subnet '{}' has dependencies and cannot be deleted.", subnet.id),
                )?;
                tx.delete(&SUBNETS, cx.scope(), &subnet.id).map(drop)
            })
            .await?;
        Ok(DeleteSubnetOutput {})
    }
}
