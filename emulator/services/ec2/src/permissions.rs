//! Rules as requests write them (permissions with lists of peers) and as they are told.

use crate::{
    cidr,
    faults::{invalid, missing, only},
    model::*,
    state::{self, Peer, Rule},
};
use ipnet::Ipv6Net;
use kit::{Context, Fault};
use std::collections::BTreeMap;

/// Rules that a request asks for, each with an id of its own.
pub(crate) fn asked(cx: &Context, permissions: &[IpPermission], egress: bool) -> Result<Vec<Rule>, Fault> {
    let mut rules = Vec::new();
    for permission in permissions {
        let protocol = protocol(permission.ip_protocol.as_deref().ok_or_else(|| missing("ipProtocol"))?)?;
        let (from, to) = ports(&protocol, permission.from_port, permission.to_port)?;
        let mut peers: Vec<(Peer, Option<String>)> = Vec::new();
        for range in permission.ip_ranges.iter().flatten() {
            let text = range.cidr_ip.as_deref().unwrap_or_default();
            let block = cidr::parse(text).ok_or_else(|| malformed(text))?;
            peers.push((Peer::Ipv4(block.to_string()), range.description.clone()));
        }
        for range in permission.ipv6_ranges.iter().flatten() {
            let text = range.cidr_ipv6.as_deref().unwrap_or_default();
            let block: Ipv6Net = text.parse().map_err(|_| malformed(text))?;
            peers.push((Peer::Ipv6(block.trunc().to_string()), range.description.clone()));
        }
        for pair in permission.user_id_group_pairs.iter().flatten() {
            only(&[
                ("GroupName of a pair (name the group by GroupId)", pair.group_name.is_some()),
                ("VpcId of a pair", pair.vpc_id.is_some()),
                ("VPC peering", pair.vpc_peering_connection_id.is_some() || pair.peering_status.is_some()),
            ])?;
            let account = pair.user_id.clone().unwrap_or_else(|| cx.account().to_owned());
            let id = pair.group_id.clone().ok_or_else(|| missing("groupId"))?;
            peers.push((Peer::Group(account, id), pair.description.clone()));
        }
        only(&[("prefix lists", permission.prefix_list_ids.as_ref().is_some_and(|lists| !lists.is_empty()))])?;
        if peers.is_empty() {
            return Err(missing("cidrIp or groupId of a permission"));
        }
        let rule = |(peer, description)| Rule {
            id: state::id(cx, "sgr"),
            egress,
            protocol: protocol.clone(),
            from,
            to,
            peer,
            description,
            ..Rule::default()
        };
        rules.extend(peers.into_iter().map(rule));
    }
    Ok(rules)
}

fn malformed(text: &str) -> Fault {
    invalid(format!("CIDR block {text} is malformed"))
}

/// Names of the protocols that have one; numbers otherwise.
fn protocol(text: &str) -> Result<String, Fault> {
    Ok(match text {
        "tcp" | "6" => "tcp".into(),
        "udp" | "17" => "udp".into(),
        "icmp" | "1" => "icmp".into(),
        "icmpv6" | "58" => "icmpv6".into(),
        "-1" | "all" => "-1".into(),
        number if number.parse::<u8>().is_ok() => number.into(),
        other => return Err(invalid(format!("Invalid value '{other}' for IP protocol. Unknown protocol."))),
    })
}

/// Ports of protocols that have some; types and codes of ICMP.
fn ports(protocol: &str, from: Option<i32>, to: Option<i32>) -> Result<(Option<i32>, Option<i32>), Fault> {
    match protocol {
        "tcp" | "udp" => match (from, to) {
            (Some(from), Some(to)) if (0..=65_535).contains(&from) && from <= to && to <= 65_535 => Ok((Some(from), Some(to))),
            // All ports.
            (Some(-1), Some(-1)) => Ok((Some(0), Some(65_535))),
            (Some(from), Some(to)) => Err(invalid(format!("Invalid TCP port range: {from} to {to}"))),
            _ => Err(invalid("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")),
        },
        "icmp" | "icmpv6" => Ok((Some(from.unwrap_or(-1)), Some(to.unwrap_or(-1)))),
        // Rules of all protocols have no ports, whatever was said.
        _ => Ok((None, None)),
    }
}

/// Rules of one direction as AWS tells them of a group: by protocol and ports.
pub(crate) fn shown(rules: &[Rule], egress: bool) -> Vec<IpPermission> {
    let mut by: BTreeMap<(String, Option<i32>, Option<i32>), IpPermission> = BTreeMap::new();
    for rule in rules.iter().filter(|rule| rule.egress == egress) {
        let key = (rule.protocol.clone(), rule.from, rule.to);
        let permission = by.entry(key).or_insert_with(|| IpPermission {
            ip_protocol: Some(rule.protocol.clone()),
            from_port: rule.from,
            to_port: rule.to,
            user_id_group_pairs: Some(Vec::new()),
            ip_ranges: Some(Vec::new()),
            ipv6_ranges: Some(Vec::new()),
            prefix_list_ids: Some(Vec::new()),
        });
        let description = rule.description.clone();
        match &rule.peer {
            Peer::Ipv4(cidr) => permission.ip_ranges.get_or_insert_default().push(IpRange { description, cidr_ip: Some(cidr.clone()) }),
            Peer::Ipv6(cidr) => {
                permission.ipv6_ranges.get_or_insert_default().push(Ipv6Range { description, cidr_ipv6: Some(cidr.clone()) })
            }
            Peer::Group(account, id) => permission.user_id_group_pairs.get_or_insert_default().push(UserIdGroupPair {
                description,
                user_id: Some(account.clone()),
                group_id: Some(id.clone()),
                ..Default::default()
            }),
        }
    }
    by.into_values().collect()
}

/// A rule by itself.
pub(crate) fn one(cx: &Context, group: &str, rule: &Rule) -> SecurityGroupRule {
    let mut out = SecurityGroupRule {
        security_group_rule_id: Some(rule.id.clone()),
        group_id: Some(group.to_owned()),
        group_owner_id: Some(cx.account().to_owned()),
        is_egress: Some(rule.egress),
        ip_protocol: Some(rule.protocol.clone()),
        // Rules of all protocols are told with -1.
        from_port: Some(rule.from.unwrap_or(-1)),
        to_port: Some(rule.to.unwrap_or(-1)),
        description: rule.description.clone(),
        tags: Some(crate::tags::shown(rule.tags.clone())),
        security_group_rule_arn: Some(state::arn(cx, "security-group-rule", &rule.id)),
        ..Default::default()
    };
    match &rule.peer {
        Peer::Ipv4(cidr) => out.cidr_ipv4 = Some(cidr.clone()),
        Peer::Ipv6(cidr) => out.cidr_ipv6 = Some(cidr.clone()),
        Peer::Group(account, id) => {
            let group = ReferencedSecurityGroup { group_id: Some(id.clone()), user_id: Some(account.clone()), ..Default::default() };
            out.referenced_group_info = Some(group);
        }
    }
    out
}
