//! What each operation needs to be allowed: an action of its own name, on what it names. Describing is asked about as a whole.
//!
//! Source: AWS's Service Authorization Reference for EC2.

use crate::{
    Ec2, groups,
    model::*,
    state::{self, ENDPOINTS, GROUPS, SUBNETS, Tags, VPCS},
};
use kit::{Access, Arn, Authorize, Context, Need, Read};

fn on(cx: &Context, action: &'static str, kind: &str, id: &str) -> Need {
    Need::on(action, state::arn(cx, kind, id))
}

/// On a security group by its id, or by its name in the default VPC: a policy names groups by their ids, whatever the caller calls them. Of a name
/// that is nobody's only those hear who may do it with every group.
fn on_group(cx: &Context, action: &'static str, id: Option<&str>, name: Option<&str>) -> Need {
    let found = match (id, name) {
        (None, Some(name)) => cx.store().read(|s| groups::find(s, cx, None, Some(name))).ok().map(|group| group.id),
        (id, _) => id.map(str::to_owned),
    };
    on(cx, action, "security-group", found.as_deref().unwrap_or("*"))
}

/// With the tags that a request gives: they are condition keys of what it does, and setting them is an action of its own.
fn tagging(access: Access, cx: &Context, does: &str, kind: &str, specifications: &Option<Vec<TagSpecification>>) -> Access {
    let tags: Vec<&Tag> = specifications.iter().flatten().flat_map(|of| of.tags.iter().flatten()).collect();
    let Access::Needs(needs) = access else { return access };
    if tags.is_empty() {
        return Access::Needs(needs);
    }
    let sets = on(cx, "ec2:CreateTags", kind, "*").key("ec2:CreateAction", does);
    Access::Needs(needs.into_iter().chain([sets]).map(|need| request_tags(need, &tags)).collect())
}

fn request_tags(need: Need, tags: &[&Tag]) -> Need {
    let name = |tag: &Tag| tag.key.clone().unwrap_or_default();
    let need = need.keys("aws:TagKeys", tags.iter().map(|tag| name(tag)).collect());
    tags.iter().fold(need, |need, tag| need.key(format!("aws:RequestTag/{}", name(tag)), tag.value.clone().unwrap_or_default()))
}

/// And on the subnets and security groups in which it puts something.
fn within(access: Access, cx: &Context, action: &'static str, [subnets, groups]: [&Option<Vec<String>>; 2]) -> Access {
    let ids = [("subnet", subnets), ("security-group", groups)];
    let ids = ids.into_iter().flat_map(|(kind, ids)| ids.iter().flatten().map(move |id| (kind, id)));
    ids.fold(access, |access, (kind, id)| access.and(on(cx, action, kind, id)))
}

/// An action on each of the resources that a request names by their ids.
fn on_each(cx: &Context, action: &'static str, ids: &[String]) -> Vec<Need> {
    // The longer beginning first: ids of rules begin like those of groups.
    let kinds =
        [("vpce-", "vpc-endpoint"), ("vpc-", "vpc"), ("subnet-", "subnet"), ("sgr-", "security-group-rule"), ("sg-", "security-group")];
    let kind = |id: &str| kinds.iter().find(|(start, _)| id.starts_with(start)).map_or("*", |(_, kind)| kind);
    ids.iter().map(|id| on(cx, action, kind(id), id)).collect()
}

/// A need with what is known of its resource: its tags, and the VPC that it lies in.
pub(crate) fn completed(cx: &Context, need: &Need) -> Option<Need> {
    let arn = Arn::parse(&need.resource).filter(|arn| arn.service == "ec2")?;
    let (kind, id) = arn.resource.split_once('/')?;
    let (tags, vpc) = known(cx, kind, &id.to_owned())?;
    let mut need = need.clone();
    for (key, value) in tags {
        need = need.key(format!("aws:ResourceTag/{key}"), value.clone()).key(format!("ec2:ResourceTag/{key}"), value);
    }
    Some(match vpc {
        Some(vpc) => need.key("ec2:Vpc", state::arn(cx, "vpc", &vpc)),
        None => need,
    })
}

fn known(cx: &Context, kind: &str, id: &String) -> Option<(Tags, Option<String>)> {
    cx.store().read(|s| match kind {
        "vpc" => s.get(&VPCS, cx.scope(), id).ok()?.map(|vpc| (vpc.tags, None)),
        "subnet" => s.get(&SUBNETS, cx.scope(), id).ok()?.map(|subnet| (subnet.tags, Some(subnet.vpc))),
        "security-group" => s.get(&GROUPS, cx.scope(), id).ok()?.map(|group| (group.tags, Some(group.vpc))),
        "vpc-endpoint" => s.get(&ENDPOINTS, cx.scope(), id).ok()?.map(|endpoint| (endpoint.tags, None)),
        "security-group-rule" => {
            let mut groups = s.scan(&GROUPS, cx.scope()).filter_map(Result::ok);
            groups.find_map(|(_, group)| group.rules.into_iter().find(|rule| rule.id == *id)).map(|rule| (rule.tags, None))
        }
        _ => None,
    })
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
    CreateVpcInput(me, cx) => tagging(on(cx, "ec2:CreateVpc", "vpc", "*").into(), cx, "CreateVpc", "vpc", &me.tag_specifications);
    CreateDefaultVpcInput(_me, _cx) => Access::any("ec2:CreateDefaultVpc");
    DescribeVpcsInput(_me, _cx) => Access::any("ec2:DescribeVpcs");
    DeleteVpcInput(me, cx) => on(cx, "ec2:DeleteVpc", "vpc", &me.vpc_id);
    DescribeVpcAttributeInput(me, cx) => on(cx, "ec2:DescribeVpcAttribute", "vpc", &me.vpc_id);
    ModifyVpcAttributeInput(me, cx) => on(cx, "ec2:ModifyVpcAttribute", "vpc", &me.vpc_id);
    CreateSubnetInput(me, cx) => {
        let access = Access::from(on(cx, "ec2:CreateSubnet", "vpc", &me.vpc_id)).and(on(cx, "ec2:CreateSubnet", "subnet", "*"));
        tagging(access, cx, "CreateSubnet", "subnet", &me.tag_specifications)
    };
    DescribeSubnetsInput(_me, _cx) => Access::any("ec2:DescribeSubnets");
    DeleteSubnetInput(me, cx) => on(cx, "ec2:DeleteSubnet", "subnet", &me.subnet_id);
    CreateSecurityGroupInput(me, cx) => {
        let access = Access::from(on(cx, "ec2:CreateSecurityGroup", "security-group", "*"));
        let access = match &me.vpc_id {
            Some(vpc) => access.and(on(cx, "ec2:CreateSecurityGroup", "vpc", vpc)),
            None => access,
        };
        tagging(access, cx, "CreateSecurityGroup", "security-group", &me.tag_specifications)
    };
    DescribeSecurityGroupsInput(_me, _cx) => Access::any("ec2:DescribeSecurityGroups");
    DeleteSecurityGroupInput(me, cx) => on_group(cx, "ec2:DeleteSecurityGroup", me.group_id.as_deref(), me.group_name.as_deref());
    AuthorizeSecurityGroupIngressInput(me, cx) => {
        let need = on_group(cx, "ec2:AuthorizeSecurityGroupIngress", me.group_id.as_deref(), me.group_name.as_deref());
        tagging(need.into(), cx, "AuthorizeSecurityGroupIngress", "security-group-rule", &me.tag_specifications)
    };
    AuthorizeSecurityGroupEgressInput(me, cx) => {
        let need = on(cx, "ec2:AuthorizeSecurityGroupEgress", "security-group", &me.group_id);
        tagging(need.into(), cx, "AuthorizeSecurityGroupEgress", "security-group-rule", &me.tag_specifications)
    };
    RevokeSecurityGroupIngressInput(me, cx) =>
        on_group(cx, "ec2:RevokeSecurityGroupIngress", me.group_id.as_deref(), me.group_name.as_deref());
    RevokeSecurityGroupEgressInput(me, cx) => on(cx, "ec2:RevokeSecurityGroupEgress", "security-group", &me.group_id);
    DescribeSecurityGroupRulesInput(_me, _cx) => Access::any("ec2:DescribeSecurityGroupRules");
    CreateVpcEndpointInput(me, cx) => {
        let service = me.service_name.as_deref().unwrap_or_default();
        let new = on(cx, "ec2:CreateVpcEndpoint", "vpc-endpoint", "*").key("ec2:VpceServiceName", service);
        let access = Access::from(on(cx, "ec2:CreateVpcEndpoint", "vpc", &me.vpc_id)).and(new);
        let access = within(access, cx, "ec2:CreateVpcEndpoint", [&me.subnet_ids, &me.security_group_ids]);
        tagging(access, cx, "CreateVpcEndpoint", "vpc-endpoint", &me.tag_specifications)
    };
    DescribeVpcEndpointsInput(_me, _cx) => Access::any("ec2:DescribeVpcEndpoints");
    ModifyVpcEndpointInput(me, cx) => {
        let access = Access::from(on(cx, "ec2:ModifyVpcEndpoint", "vpc-endpoint", &me.vpc_endpoint_id));
        within(access, cx, "ec2:ModifyVpcEndpoint", [&me.add_subnet_ids, &me.add_security_group_ids])
    };
    DeleteVpcEndpointsInput(me, cx) => {
        let one = |id: &String| on(cx, "ec2:DeleteVpcEndpoints", "vpc-endpoint", id);
        let mut all = me.vpc_endpoint_ids.iter().map(one);
        let first = Access::from(all.next().unwrap_or_else(|| on(cx, "ec2:DeleteVpcEndpoints", "vpc-endpoint", "*")));
        all.fold(first, Access::and)
    };
    CreateTagsInput(me, cx) => {
        let tags: Vec<&Tag> = me.tags.iter().collect();
        Access::Needs(on_each(cx, "ec2:CreateTags", &me.resources).into_iter().map(|need| request_tags(need, &tags)).collect())
    };
    DeleteTagsInput(me, cx) => {
        let tags: Vec<&Tag> = me.tags.iter().flatten().collect();
        let needs = on_each(cx, "ec2:DeleteTags", &me.resources).into_iter();
        Access::Needs(needs.map(|need| if tags.is_empty() { need } else { request_tags(need, &tags) }).collect())
    };
    DescribeTagsInput(_me, _cx) => Access::any("ec2:DescribeTags");
    DescribeAvailabilityZonesInput(_me, _cx) => Access::any("ec2:DescribeAvailabilityZones");
}
