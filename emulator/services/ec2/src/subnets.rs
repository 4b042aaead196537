//! Subnets.

use crate::{
    Ec2,
    cidr::Cidr,
    faults::{dry, fault, invalid, missing, only},
    filters::passes,
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
    let free = Cidr::parse(&subnet.cidr).map_or(0, |cidr| cidr.size().saturating_sub(RESERVED));
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

impl Ec2 {
    /// Makes a subnet in a VPC; the first zone where the request names none.
    pub async fn create_subnet(&self, cx: &Context, input: CreateSubnetInput) -> Result<CreateSubnetOutput, Fault> {
        only(&[
            ("IPv6 blocks", input.ipv6_cidr_block.is_some() || input.ipv6_native == Some(true)),
            ("outposts", input.outpost_arn.is_some()),
            ("IPAM pools", input.ipv4_ipam_pool_id.is_some() || input.ipv6_ipam_pool_id.is_some()),
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
        let cidr = Cidr::parse(text)
            .ok_or_else(|| invalid(format!("Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block.")))?;
        let subnet = Subnet {
            id: state::id(cx, "subnet"),
            vpc: input.vpc_id,
            cidr: cidr.to_string(),
            zone,
            tags: tags::given(input.tag_specifications, "subnet")?,
            ..Subnet::default()
        };
        dry(input.dry_run)?;
        cx.store()
            .write(|tx| {
                let vpc = vpcs::find(tx, cx, &subnet.vpc)?;
                let inside = Cidr::parse(&vpc.cidr).is_some_and(|block| block.contains(cidr));
                if !inside || !(16..=28).contains(&cidr.length) {
                    return Err(fault("InvalidSubnet.Range", format!("The CIDR '{text}' is invalid.")));
                }
                for row in tx.scan(&SUBNETS, cx.scope()) {
                    let (_, other) = row?;
                    if other.vpc == vpc.id && Cidr::parse(&other.cidr).is_some_and(|block| block.overlaps(cidr)) {
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
        let ids = input.subnet_ids.unwrap_or_default();
        let mut all = Vec::new();
        cx.store().read(|s| -> Result<(), Fault> {
            ids.iter().try_for_each(|id| find(s, cx, id).map(drop))?;
            for row in s.scan(&SUBNETS, cx.scope()) {
                let (_, subnet) = row?;
                let says = |name: &str| {
                    Some(vec![match name {
                        "subnet-id" => subnet.id.clone(),
                        "vpc-id" => subnet.vpc.clone(),
                        "cidr" | "cidr-block" | "cidrBlock" => subnet.cidr.clone(),
                        "availability-zone" | "availabilityZone" => subnet.zone.clone(),
                        "availability-zone-id" => zones::id_of(&subnet.zone).unwrap_or_default(),
                        "default-for-az" | "defaultForAz" => subnet.default_for_zone.to_string(),
                        "map-public-ip-on-launch" => subnet.default_for_zone.to_string(),
                        "state" => "available".into(),
                        "owner-id" => cx.account().to_owned(),
                        "subnet-arn" => state::arn(cx, "subnet", &subnet.id),
                        _ => return None,
                    }])
                };
                if (ids.is_empty() || ids.contains(&subnet.id)) && passes(&input.filters, &subnet.tags, &says)? {
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
                tx.delete(&SUBNETS, cx.scope(), &subnet.id).map(drop)
            })
            .await?;
        Ok(DeleteSubnetOutput {})
    }
}
