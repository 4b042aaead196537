//! What a cluster says of its networks: subnets and security groups must be there, where the cloud has EC2. Nothing is routed: brokers listen on
//! loopback, whatever the rules of the groups say.

use crate::{clusters::check::bad, scram::SERVICE};
use kit::{Context, Fault, Need};
use std::collections::BTreeSet;

/// Refuses subnets and groups that aren't there, subnets of several VPCs or zones that come twice, and groups of another VPC.
pub(crate) async fn check(cx: &Context, subnets: &[String], groups: &[String]) -> Result<(), Fault> {
    // A cloud without EC2 has no networks to be wrong about.
    let Ok(networks) = cx.cloud().ports().networks() else { return Ok(()) };
    let cx = &cx.via(SERVICE);
    let may = |action: &'static str| cx.grant(&Need::on(action, "*")).map_err(|fault| crate::Error::Forbidden.says(fault.message));
    let found = networks.subnets(cx, may("ec2:DescribeSubnets")?, subnets).await.map_err(|fault| bad("clientSubnets", fault.message))?;
    let vpcs: BTreeSet<&str> = found.iter().map(|subnet| subnet.vpc.as_str()).collect();
    let zones: BTreeSet<&str> = found.iter().map(|subnet| subnet.zone.as_str()).collect();
    if vpcs.len() > 1 {
        return Err(bad("clientSubnets", "All subnets of a cluster must be of the same VPC."));
    }
    if zones.len() < found.len() {
        return Err(bad("clientSubnets", "Each subnet of a cluster must be in an Availability Zone of its own."));
    }
    let groups_found = networks.security_groups(cx, may("ec2:DescribeSecurityGroups")?, groups).await;
    let groups_found = groups_found.map_err(|fault| bad("securityGroups", fault.message))?;
    match groups_found.iter().find(|group| !vpcs.contains(group.vpc.as_str())) {
        Some(group) => Err(bad("securityGroups", format!("The security group {} is not of the VPC of the subnets.", group.id))),
        None => Ok(()),
    }
}
