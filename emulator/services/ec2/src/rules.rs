//! Rules of security groups: added, taken away, told one by one.

use crate::{
    Ec2,
    faults::{dry, fault, missing},
    filters::passes,
    groups,
    model::*,
    permissions,
    state::{self, GROUPS, Group, Peer, Rule},
    tags, vpcs,
};
use kit::{Context, Fault, Read};

const PAGE: usize = 1000;
/// Rules of a group in one direction; AWS's quota.
const MOST_RULES: usize = 60;

/// The members by which a request names one rule without a list.
struct Short {
    protocol: Option<String>,
    from: Option<i32>,
    to: Option<i32>,
    cidr: Option<String>,
}

impl Short {
    /// The request's permissions, however it wrote them.
    fn or(self, list: Option<Vec<IpPermission>>) -> Result<Vec<IpPermission>, Fault> {
        match (list.filter(|list| !list.is_empty()), self.protocol) {
            (Some(list), _) => Ok(list),
            (None, Some(protocol)) => {
                let range = IpRange { cidr_ip: self.cidr, description: None };
                Ok(vec![IpPermission {
                    ip_protocol: Some(protocol),
                    from_port: self.from,
                    to_port: self.to,
                    ip_ranges: Some(vec![range]),
                    ..Default::default()
                }])
            }
            (None, None) => Err(missing("ipPermissions")),
        }
    }
}

async fn authorize(
    cx: &Context,
    group: (Option<String>, Option<String>),
    new: Vec<Rule>,
    dry_run: Option<bool>,
) -> Result<Vec<SecurityGroupRule>, Fault> {
    dry(dry_run)?;
    cx.store()
        .write(|tx| {
            let mut found = groups::find(tx, cx, group.0.as_deref(), group.1.as_deref())?;
            for rule in &new {
                if let Peer::Group(account, id) = &rule.peer
                    && account == cx.account()
                {
                    groups::find(tx, cx, Some(id), None)?;
                }
                if found.rules.iter().any(|known| known.same(rule)) {
                    return Err(fault("InvalidPermission.Duplicate", format!("the specified rule \"{}\" already exists", told(rule))));
                }
                found.rules.push(rule.clone());
            }
            let most = [true, false].into_iter().any(|egress| found.rules.iter().filter(|r| r.egress == egress).count() > MOST_RULES);
            if most {
                return Err(fault(
                    "RulesPerSecurityGroupLimitExceeded",
                    "The maximum number of rules per security group has been reached.",
                ));
            }
            tx.put(&GROUPS, cx.scope(), &found.id, &found)?;
            Ok(new.iter().map(|rule| permissions::one(cx, &found.id, rule)).collect())
        })
        .await
}

/// A rule in AWS's sentence.
fn told(rule: &Rule) -> String {
    let peer = match &rule.peer {
        Peer::Ipv4(text) | Peer::Ipv6(text) | Peer::PrefixList(text) | Peer::Group(_, text) => text,
    };
    let protocol = if rule.protocol == "-1" { "ALL".to_owned() } else { rule.protocol.to_uppercase() };
    let ports = rule.from.zip(rule.to).map(|(from, to)| format!(", from port: {from}, to port: {to}")).unwrap_or_default();
    format!("peer: {peer}, {protocol}{ports}, ALLOW")
}

async fn revoke(
    cx: &Context,
    group: (Option<String>, Option<String>),
    ids: Option<Vec<String>>,
    old: Option<Vec<Rule>>,
    egress: bool,
    dry_run: Option<bool>,
) -> Result<Vec<RevokedSecurityGroupRule>, Fault> {
    dry(dry_run)?;
    cx.store()
        .write(|tx| {
            let mut found = groups::find(tx, cx, group.0.as_deref(), group.1.as_deref())?;
            let mut gone = Vec::new();
            for id in ids.iter().flatten() {
                let at = found.rules.iter().position(|rule| rule.id == *id && rule.egress == egress);
                let none = || fault("InvalidSecurityGroupRuleId.NotFound", format!("The security group rule ID '{id}' does not exist"));
                gone.push(found.rules.remove(at.ok_or_else(none)?));
            }
            for rule in old.iter().flatten() {
                let at = found.rules.iter().position(|known| known.same(rule));
                let none = || fault("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
                gone.push(found.rules.remove(at.ok_or_else(none)?));
            }
            tx.put(&GROUPS, cx.scope(), &found.id, &found)?;
            Ok(gone.iter().map(|rule| revoked(&found, rule)).collect())
        })
        .await
}

fn revoked(group: &Group, rule: &Rule) -> RevokedSecurityGroupRule {
    let mut out = RevokedSecurityGroupRule {
        security_group_rule_id: Some(rule.id.clone()),
        group_id: Some(group.id.clone()),
        is_egress: Some(rule.egress),
        ip_protocol: Some(rule.protocol.clone()),
        from_port: Some(rule.from.unwrap_or(-1)),
        to_port: Some(rule.to.unwrap_or(-1)),
        description: rule.description.clone(),
        ..Default::default()
    };
    match &rule.peer {
        Peer::Ipv4(cidr) => out.cidr_ipv4 = Some(cidr.clone()),
        Peer::Ipv6(cidr) => out.cidr_ipv6 = Some(cidr.clone()),
        Peer::Group(_, id) => out.referenced_group_id = Some(id.clone()),
        Peer::PrefixList(id) => out.prefix_list_id = Some(id.clone()),
    }
    out
}

impl Ec2 {
    /// Lets peers in.
    pub async fn authorize_security_group_ingress(
        &self,
        cx: &Context,
        input: AuthorizeSecurityGroupIngressInput,
    ) -> Result<AuthorizeSecurityGroupIngressOutput, Fault> {
        state::begin(cx).await?;
        crate::faults::only(&[("SourceSecurityGroupName (EC2-Classic)", input.source_security_group_name.is_some())])?;
        let short = Short { protocol: input.ip_protocol, from: input.from_port, to: input.to_port, cidr: input.cidr_ip };
        let mut new = permissions::asked(cx, &short.or(input.ip_permissions)?, false)?;
        let given = tags::given(input.tag_specifications, "security-group-rule")?;
        new.iter_mut().for_each(|rule| rule.tags.clone_from(&given));
        let made = authorize(cx, (input.group_id, input.group_name), new, input.dry_run).await?;
        Ok(AuthorizeSecurityGroupIngressOutput { r#return: Some(true), security_group_rules: Some(made) })
    }

    /// Lets members out.
    pub async fn authorize_security_group_egress(
        &self,
        cx: &Context,
        input: AuthorizeSecurityGroupEgressInput,
    ) -> Result<AuthorizeSecurityGroupEgressOutput, Fault> {
        state::begin(cx).await?;
        let short = Short { protocol: input.ip_protocol, from: input.from_port, to: input.to_port, cidr: input.cidr_ip };
        let mut new = permissions::asked(cx, &short.or(input.ip_permissions)?, true)?;
        let given = tags::given(input.tag_specifications, "security-group-rule")?;
        new.iter_mut().for_each(|rule| rule.tags.clone_from(&given));
        let made = authorize(cx, (Some(input.group_id), None), new, input.dry_run).await?;
        Ok(AuthorizeSecurityGroupEgressOutput { r#return: Some(true), security_group_rules: Some(made) })
    }

    /// Takes rules of the way in away, by what they say or by their ids.
    pub async fn revoke_security_group_ingress(
        &self,
        cx: &Context,
        input: RevokeSecurityGroupIngressInput,
    ) -> Result<RevokeSecurityGroupIngressOutput, Fault> {
        state::begin(cx).await?;
        let short = Short { protocol: input.ip_protocol, from: input.from_port, to: input.to_port, cidr: input.cidr_ip };
        let old = match &input.security_group_rule_ids {
            Some(_) => None,
            None => Some(permissions::asked(cx, &short.or(input.ip_permissions)?, false)?),
        };
        let gone = revoke(cx, (input.group_id, input.group_name), input.security_group_rule_ids, old, false, input.dry_run).await?;
        Ok(RevokeSecurityGroupIngressOutput {
            r#return: Some(true),
            unknown_ip_permissions: Some(Vec::new()),
            revoked_security_group_rules: Some(gone),
        })
    }

    /// Takes rules of the way out away.
    pub async fn revoke_security_group_egress(
        &self,
        cx: &Context,
        input: RevokeSecurityGroupEgressInput,
    ) -> Result<RevokeSecurityGroupEgressOutput, Fault> {
        state::begin(cx).await?;
        let short = Short { protocol: input.ip_protocol, from: input.from_port, to: input.to_port, cidr: input.cidr_ip };
        let old = match &input.security_group_rule_ids {
            Some(_) => None,
            None => Some(permissions::asked(cx, &short.or(input.ip_permissions)?, true)?),
        };
        let gone = revoke(cx, (Some(input.group_id), None), input.security_group_rule_ids, old, true, input.dry_run).await?;
        Ok(RevokeSecurityGroupEgressOutput {
            r#return: Some(true),
            unknown_ip_permissions: Some(Vec::new()),
            revoked_security_group_rules: Some(gone),
        })
    }

    /// Rules by id, and by the group that has them.
    pub async fn describe_security_group_rules(
        &self,
        cx: &Context,
        input: DescribeSecurityGroupRulesInput,
    ) -> Result<DescribeSecurityGroupRulesOutput, Fault> {
        state::begin(cx).await?;
        dry(input.dry_run)?;
        let ids = input.security_group_rule_ids.unwrap_or_default();
        let groups = cx.store().read(|s| s.scan(&GROUPS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let mut all = Vec::new();
        for (group, rule) in groups.iter().flat_map(|(_, group)| group.rules.iter().map(move |rule| (group, rule))) {
            let says = |name: &str| match name {
                "group-id" => Some(vec![group.id.clone()]),
                "security-group-rule-id" => Some(vec![rule.id.clone()]),
                _ => None,
            };
            if (ids.is_empty() || ids.contains(&rule.id)) && passes(&input.filters, &rule.tags, &says)? {
                all.push(permissions::one(cx, &group.id, rule));
            }
        }
        if let Some(id) = ids.iter().find(|id| !groups.iter().any(|(_, group)| group.rules.iter().any(|rule| rule.id == **id))) {
            return Err(fault("InvalidSecurityGroupRuleId.NotFound", format!("The security group rule ID '{id}' does not exist")));
        }
        let limit = input.max_results.map_or(PAGE, |n| n.clamp(1, PAGE as i32) as usize);
        all.sort_by(|a, b| a.security_group_rule_id.cmp(&b.security_group_rule_id));
        let key = |rule: &SecurityGroupRule| rule.security_group_rule_id.clone().unwrap_or_default();
        let page = kit::pages::page(all, key, input.next_token.as_deref(), limit, vpcs::bad_token)?;
        Ok(DescribeSecurityGroupRulesOutput { security_group_rules: Some(page.items), next_token: page.next })
    }
}
