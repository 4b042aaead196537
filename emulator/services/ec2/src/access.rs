//! What each operation needs to be allowed: an action of its own name, on what it names. Describing is asked about as a whole.
//!
//! Source: AWS's Service Authorization Reference for EC2.

use crate::{Ec2, model::*, state};
use kit::{Access, Authorize, Context, Need};

fn on(cx: &Context, action: &'static str, kind: &str, id: &str) -> Need {
    Need::on(action, state::arn(cx, kind, id))
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<Ec2> for $input {
            fn access(&self, _: &Ec2, $cx: &Context) -> Access {
                let $me = self;
                $access.into()
            }
        }
    )*};
}
access! {
    CreateVpcInput(_me, cx) => on(cx, "ec2:CreateVpc", "vpc", "*");
    CreateDefaultVpcInput(_me, _cx) => Access::any("ec2:CreateDefaultVpc");
    DescribeVpcsInput(_me, _cx) => Access::any("ec2:DescribeVpcs");
    DeleteVpcInput(me, cx) => on(cx, "ec2:DeleteVpc", "vpc", &me.vpc_id);
    DescribeVpcAttributeInput(me, cx) => on(cx, "ec2:DescribeVpcAttribute", "vpc", &me.vpc_id);
    ModifyVpcAttributeInput(me, cx) => on(cx, "ec2:ModifyVpcAttribute", "vpc", &me.vpc_id);
    CreateSubnetInput(me, cx) => Access::from(on(cx, "ec2:CreateSubnet", "vpc", &me.vpc_id)).and(on(cx, "ec2:CreateSubnet", "subnet", "*"));
    DescribeSubnetsInput(_me, _cx) => Access::any("ec2:DescribeSubnets");
    DeleteSubnetInput(me, cx) => on(cx, "ec2:DeleteSubnet", "subnet", &me.subnet_id);
    CreateSecurityGroupInput(me, cx) => {
        let access = Access::from(on(cx, "ec2:CreateSecurityGroup", "security-group", "*"));
        match &me.vpc_id {
            Some(vpc) => access.and(on(cx, "ec2:CreateSecurityGroup", "vpc", vpc)),
            None => access,
        }
    };
    DescribeSecurityGroupsInput(_me, _cx) => Access::any("ec2:DescribeSecurityGroups");
    DeleteSecurityGroupInput(me, cx) => on(cx, "ec2:DeleteSecurityGroup", "security-group", me.group_id.as_deref().unwrap_or("*"));
    AuthorizeSecurityGroupIngressInput(me, cx) =>
        on(cx, "ec2:AuthorizeSecurityGroupIngress", "security-group", me.group_id.as_deref().unwrap_or("*"));
    AuthorizeSecurityGroupEgressInput(me, cx) => on(cx, "ec2:AuthorizeSecurityGroupEgress", "security-group", &me.group_id);
    RevokeSecurityGroupIngressInput(me, cx) =>
        on(cx, "ec2:RevokeSecurityGroupIngress", "security-group", me.group_id.as_deref().unwrap_or("*"));
    RevokeSecurityGroupEgressInput(me, cx) => on(cx, "ec2:RevokeSecurityGroupEgress", "security-group", &me.group_id);
    DescribeSecurityGroupRulesInput(_me, _cx) => Access::any("ec2:DescribeSecurityGroupRules");
    CreateVpcEndpointInput(me, cx) => {
        let service = me.service_name.as_deref().unwrap_or_default();
        let new = on(cx, "ec2:CreateVpcEndpoint", "vpc-endpoint", "*").key("ec2:VpceServiceName", service);
        let access = Access::from(on(cx, "ec2:CreateVpcEndpoint", "vpc", &me.vpc_id)).and(new);
        let within = [("subnet", &me.subnet_ids), ("security-group", &me.security_group_ids)];
        let within = within.into_iter().flat_map(|(kind, ids)| ids.iter().flatten().map(move |id| (kind, id)));
        within.fold(access, |access, (kind, id)| access.and(on(cx, "ec2:CreateVpcEndpoint", kind, id)))
    };
    DescribeVpcEndpointsInput(_me, _cx) => Access::any("ec2:DescribeVpcEndpoints");
    ModifyVpcEndpointInput(me, cx) => on(cx, "ec2:ModifyVpcEndpoint", "vpc-endpoint", &me.vpc_endpoint_id);
    DeleteVpcEndpointsInput(me, cx) => {
        let one = |id: &String| on(cx, "ec2:DeleteVpcEndpoints", "vpc-endpoint", id);
        let mut all = me.vpc_endpoint_ids.iter().map(one);
        let first = Access::from(all.next().unwrap_or_else(|| on(cx, "ec2:DeleteVpcEndpoints", "vpc-endpoint", "*")));
        all.fold(first, Access::and)
    };
    CreateTagsInput(_me, _cx) => Access::any("ec2:CreateTags");
    DeleteTagsInput(_me, _cx) => Access::any("ec2:DeleteTags");
    DescribeTagsInput(_me, _cx) => Access::any("ec2:DescribeTags");
    DescribeAvailabilityZonesInput(_me, _cx) => Access::any("ec2:DescribeAvailabilityZones");
}
