//! Security groups.

use crate::{
    Ec2,
    faults::{dry, fault, missing},
    filters::{Filters, Says},
    model::*,
    permissions,
    state::{self, GROUPS, Group, Peer, Rule},
    tags, vpcs,
};
use kit::{Context, Fault, Read};

const PAGE: usize = 1000;

/// A group by id, or by name in the default VPC.
pub(crate) fn find(read: &impl Read, cx: &Context, id: Option<&str>, name: Option<&str>) -> Result<Group, Fault> {
    if let Some(id) = id {
        let found = read.get(&GROUPS, cx.scope(), &id.to_owned())?;
        return found.ok_or_else(|| fault("InvalidGroup.NotFound", format!("The security group '{id}' does not exist")));
    }
    let name = name.ok_or_else(|| missing("groupName or groupId"))?;
    let vpc = state::default_vpc(read, cx)?.map(|vpc| vpc.id).unwrap_or_default();
    let all = read.scan(&GROUPS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
    let found = all.into_iter().map(|(_, group)| group).find(|group| group.vpc == vpc && group.name == name);
    found.ok_or_else(|| fault("InvalidGroup.NotFound", format!("The security group '{name}' does not exist in default VPC '{vpc}'")))
}

fn show(cx: &Context, group: Group) -> SecurityGroup {
    SecurityGroup {
        ip_permissions_egress: Some(permissions::shown(&group.rules, true)),
        ip_permissions: Some(permissions::shown(&group.rules, false)),
        tags: Some(tags::shown(group.tags)),
        security_group_arn: Some(state::arn(cx, "security-group", &group.id)),
        group_id: Some(group.id),
        vpc_id: Some(group.vpc),
        owner_id: Some(cx.account().to_owned()),
        group_name: Some(group.name),
        description: Some(group.description),
    }
}

impl Ec2 {
    /// Makes a group that lets everything out and nothing in.
    pub async fn create_security_group(&self, cx: &Context, input: CreateSecurityGroupInput) -> Result<CreateSecurityGroupOutput, Fault> {
        state::begin(cx).await?;
        if input.group_name == "default" || input.group_name.starts_with("sg-") {
            return Err(fault("InvalidParameterValue", format!("Cannot use reserved security group name: {}", input.group_name)));
        }
        let given = tags::given(input.tag_specifications, "security-group")?;
        dry(input.dry_run)?;
        let group = cx
            .store()
            .write(|tx| {
                let vpc = match &input.vpc_id {
                    Some(id) => vpcs::find(tx, cx, id)?.id,
                    None => {
                        let none = || fault("VPCIdNotSpecified", "No default VPC for this user");
                        state::default_vpc(tx, cx)?.ok_or_else(none)?.id
                    }
                };
                for row in tx.scan(&GROUPS, cx.scope()) {
                    let (_, other) = row?;
                    if other.vpc == vpc && other.name == input.group_name {
                        let message = format!("The security group '{}' already exists for VPC '{vpc}'", other.name);
                        return Err(fault("InvalidGroup.Duplicate", message));
                    }
                }
                let group = Group {
                    id: state::id(cx, "sg"),
                    name: input.group_name.clone(),
                    description: input.description.clone(),
                    vpc,
                    rules: vec![Rule::all_out(cx)],
                    tags: given.clone(),
                };
                tx.put(&GROUPS, cx.scope(), &group.id, &group)?;
                Ok(group)
            })
            .await?;
        Ok(CreateSecurityGroupOutput {
            security_group_arn: Some(state::arn(cx, "security-group", &group.id)),
            group_id: Some(group.id),
            tags: Some(tags::shown(group.tags)),
        })
    }

    /// Groups by id, name and filter.
    pub async fn describe_security_groups(
        &self,
        cx: &Context,
        input: DescribeSecurityGroupsInput,
    ) -> Result<DescribeSecurityGroupsOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let (ids, names) = (input.group_ids.unwrap_or_default(), input.group_names.unwrap_or_default());
        let filters = Filters::of(input.filters, SAYS)?;
        let mut all = Vec::new();
        cx.store().read(|s| -> Result<(), Fault> {
            ids.iter().try_for_each(|id| find(s, cx, Some(id), None).map(drop))?;
            names.iter().try_for_each(|name| find(s, cx, None, Some(name)).map(drop))?;
            for row in s.scan(&GROUPS, cx.scope()) {
                let (_, group) = row?;
                let named = names.is_empty() || names.contains(&group.name);
                let wanted = (ids.is_empty() || ids.contains(&group.id)) && named;
                if wanted && filters.pass(cx, &group.tags, &group) {
                    all.push(group);
                }
            }
            Ok(())
        })?;
        let limit = input.max_results.map_or(PAGE, |n| n.clamp(1, PAGE as i32) as usize);
        let page = kit::pages::page(all, |g| g.id.clone(), input.next_token.as_deref(), limit, vpcs::bad_token)?;
        let groups = page.items.into_iter().map(|group| show(cx, group)).collect();
        Ok(DescribeSecurityGroupsOutput { next_token: page.next, security_groups: Some(groups) })
    }

    /// Deletes a group that no other group names.
    pub async fn delete_security_group(&self, cx: &Context, input: DeleteSecurityGroupInput) -> Result<DeleteSecurityGroupOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let id = cx
            .store()
            .write(|tx| {
                let group = find(tx, cx, input.group_id.as_deref(), input.group_name.as_deref())?;
                if group.name == "default" {
                    let message = format!("the specified group: \"{}\" name: \"default\" cannot be deleted by a user", group.id);
                    return Err(fault("CannotDelete", message));
                }
                let others = tx.scan(&GROUPS, cx.scope()).collect::<Result<Vec<_>, Fault>>()?;
                let names = |rule: &Rule| matches!(&rule.peer, Peer::Group(_, id) if *id == group.id);
                if others.iter().any(|(id, other)| *id != group.id && other.rules.iter().any(names)) {
                    return Err(fault("DependencyViolation", format!("resource {} has a dependent object", group.id)));
                }
                crate::endpoints::unused(
                    tx,
                    cx,
                    |endpoint| endpoint.groups.contains(&group.id),
                    || format!("resource {} has a dependent object", group.id),
                )?;
                tx.delete(&GROUPS, cx.scope(), &group.id)?;
                Ok(group.id)
            })
            .await?;
        Ok(DeleteSecurityGroupOutput { r#return: Some(true), group_id: Some(id) })
    }
}

/// What a group says to filters.
const SAYS: Says<Group> = &[
    (&["group-id"], |_, group| vec![group.id.clone()]),
    (&["group-name"], |_, group| vec![group.name.clone()]),
    (&["description"], |_, group| vec![group.description.clone()]),
    (&["vpc-id"], |_, group| vec![group.vpc.clone()]),
    (&["owner-id"], |cx, _| vec![cx.account().to_owned()]),
    (&["ip-permission.cidr"], |_, group| of_rules(group, false, ipv4)),
    (&["ip-permission.ipv6-cidr"], |_, group| of_rules(group, false, ipv6)),
    (&["ip-permission.group-id"], |_, group| of_rules(group, false, peer)),
    (&["ip-permission.from-port"], |_, group| of_rules(group, false, from)),
    (&["ip-permission.to-port"], |_, group| of_rules(group, false, to)),
    (&["ip-permission.protocol"], |_, group| of_rules(group, false, protocol)),
    (&["egress.ip-permission.cidr"], |_, group| of_rules(group, true, ipv4)),
    (&["egress.ip-permission.ipv6-cidr"], |_, group| of_rules(group, true, ipv6)),
    (&["egress.ip-permission.group-id"], |_, group| of_rules(group, true, peer)),
    (&["egress.ip-permission.from-port"], |_, group| of_rules(group, true, from)),
    (&["egress.ip-permission.to-port"], |_, group| of_rules(group, true, to)),
    (&["egress.ip-permission.protocol"], |_, group| of_rules(group, true, protocol)),
];

fn of_rules(group: &Group, egress: bool, part: fn(&Rule) -> Option<String>) -> Vec<String> {
    group.rules.iter().filter(|rule| rule.egress == egress).filter_map(part).collect()
}
fn ipv4(rule: &Rule) -> Option<String> {
    if let Peer::Ipv4(cidr) = &rule.peer { Some(cidr.clone()) } else { None }
}
fn ipv6(rule: &Rule) -> Option<String> {
    if let Peer::Ipv6(cidr) = &rule.peer { Some(cidr.clone()) } else { None }
}
fn peer(rule: &Rule) -> Option<String> {
    if let Peer::Group(_, id) = &rule.peer { Some(id.clone()) } else { None }
}
fn from(rule: &Rule) -> Option<String> {
    rule.from.map(|port| port.to_string())
}
fn to(rule: &Rule) -> Option<String> {
    rule.to.map(|port| port.to_string())
}
fn protocol(rule: &Rule) -> Option<String> {
    Some(rule.protocol.clone())
}
