//! The port by which other services ask for subnets and security groups.

use crate::{Ec2, groups, state, subnets};
use kit::{
    BoxFuture, Context, Fault, Grant, Read,
    ports::{Networks, SecurityGroupInfo, SubnetInfo},
};

impl Networks for Ec2 {
    fn subnets<'a>(&'a self, cx: &'a Context, grant: Grant, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<SubnetInfo>, Fault>> {
        Box::pin(async move {
            grant.covers("ec2:DescribeSubnets", "*")?;
            // The default VPC is there from its first use.
            state::begin(cx).await?;
            let one = |found: state::Subnet| SubnetInfo { id: found.id, vpc: found.vpc, zone: found.zone };
            cx.store().read(|s| ids.iter().map(|id| subnets::find(s, cx, id).map(one)).collect())
        })
    }

    fn security_groups<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<SecurityGroupInfo>, Fault>> {
        Box::pin(async move {
            grant.covers("ec2:DescribeSecurityGroups", "*")?;
            state::begin(cx).await?;
            let one = |found: state::Group| SecurityGroupInfo { id: found.id, vpc: found.vpc };
            cx.store().read(|s| ids.iter().map(|id| groups::find(s, cx, Some(id), None).map(one)).collect())
        })
    }

    fn default_group<'a>(&'a self, cx: &'a Context, grant: Grant, vpc: &'a str) -> BoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            grant.covers("ec2:DescribeSecurityGroups", "*")?;
            let all = cx.store().read(|s| s.scan(&state::GROUPS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
            let default = all.into_iter().map(|(_, group)| group).find(|group| group.vpc == vpc && group.name == "default");
            let none = || crate::faults::fault("InvalidGroup.NotFound", format!("The VPC '{vpc}' has no default security group"));
            default.map(|group| group.id).ok_or_else(none)
        })
    }
}
