//! How services ask whether the subnets and security groups that a request names are there (EC2). Nothing is routed here.

use crate::{Context, Fault, Grant};
use futures_util::future::BoxFuture;

/// Networks of the account and region of `cx` (EC2).
pub trait Networks: Send + Sync {
    /// Subnets by id, in the order of the ids; one that isn't there is EC2's own fault. Grant: `ec2:DescribeSubnets` on `*`.
    fn subnets<'a>(&'a self, cx: &'a Context, grant: Grant, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<SubnetInfo>, Fault>>;
    /// Security groups by id, in the order of the ids; one that isn't there is EC2's own fault. Grant: `ec2:DescribeSecurityGroups` on `*`.
    fn security_groups<'a>(
        &'a self,
        cx: &'a Context,
        grant: Grant,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<SecurityGroupInfo>, Fault>>;
    /// Id of a VPC's default security group. Grant: `ec2:DescribeSecurityGroups` on `*`.
    fn default_group<'a>(&'a self, cx: &'a Context, grant: Grant, vpc: &'a str) -> BoxFuture<'a, Result<String, Fault>>;
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetInfo {
    /// `subnet-...`
    pub id: String,
    /// `vpc-...`
    pub vpc: String,
    /// `us-east-1a`
    pub zone: String,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroupInfo {
    /// `sg-...`
    pub id: String,
    /// `vpc-...`
    pub vpc: String,
}
