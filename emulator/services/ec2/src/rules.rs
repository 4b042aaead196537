//! Rules of security groups: added, taken away, told one by one.

use crate::{
    Ec2,
    faults::{dry, fault, missing, only},
    filters::{Filters, Says},
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

/// The members by which a request names rules: a list, or the parts of one rule.
struct Asked {
    list: Option<Vec<IpPermission>>,
    protocol: Option<String>,
    from: Option<i32>,
    to: Option<i32>,
    cidr: Option<String>,
    /// A group by its name, as in EC2-Classic.
    source: bool,
}

/// The four requests write them alike.
macro_rules! asked {
    ($input:ident) => {
        Asked {
            list: $input.ip_permissions.filter(|list| !list.is_empty()),
            protocol: $input.ip_protocol,
            from: $input.from_port,
            to: $input.to_port,
            cidr: $input.cidr_ip,
            source: $input.source_security_group_name.is_some() || $input.source_security_group_owner_id.is_some(),
        }
    };
}

impl Asked {
    /// The request's permissions, however it wrote them, but in one way.
    fn permissions(self) -> Result<Option<Vec<IpPermission>>, Fault> {
        only(&[("SourceSecurityGroupName and SourceSecurityGroupOwnerId", self.source)])?;
        let short = self.short();
        match (self.list, short, self.protocol) {
            (Some(_), Some(member), _) => Err(not_with(member, "ipPermissions")),
            (Some(list), None, _) => Ok(Some(list)),
            (None, Some(_), Some(protocol)) => {
                let range = IpRange { cidr_ip: self.cidr, description: None };
                Ok(Some(vec![IpPermission {
                    ip_protocol: Some(protocol),
                    from_port: self.from,
                    to_port: self.to,
                    ip_ranges: Some(vec![range]),
                    ..Default::default()
                }]))
            }
            (None, Some(_), None) => Err(missing("ipProtocol")),
            (None, None, _) => Ok(None),
        }
    }

    /// A member of one rule's parts that is given.
    fn short(&self) -> Option<&'static str> {
        let given = [
            ("ipProtocol", self.protocol.is_some()),
            ("fromPort", self.from.is_some()),
            ("toPort", self.to.is_some()),
            ("cidrIp", self.cidr.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(member, _)| member)
    }

    /// Rules to be added.
    fn added(self, cx: &Context, egress: bool) -> Result<Vec<Rule>, Fault> {
        permissions::asked(cx, &self.permissions()?.ok_or_else(|| missing("ipPermissions"))?, egress)
    }

    /// Rules to be taken away: by their ids, or by what they say.
    fn revoked(self, cx: &Context, ids: Option<Vec<String>>, egress: bool) -> Result<Old, Fault> {
        match (ids.filter(|ids| !ids.is_empty()), self.permissions()?) {
            (Some(_), Some(_)) => Err(not_with("securityGroupRuleIds", "ipPermissions")),
            (Some(ids), None) => Ok(Old::Ids(ids)),
            (None, Some(list)) => permissions::asked(cx, &list, egress).map(Old::Rules),
            (None, None) => Err(missing("ipPermissions")),
        }
    }
}

fn not_with(parameter: &str, other: &str) -> Fault {
    fault("InvalidParameterCombination", format!("The parameter {parameter} cannot be used with the parameter {other}"))
}

/// Rules to be taken away.
enum Old {
    Ids(Vec<String>),
    Rules(Vec<Rule>),
}

impl Old {
    /// Takes them out of a group.
    fn out_of(&self, group: &mut Group, egress: bool) -> Result<Vec<Rule>, Fault> {
        let rules = &mut group.rules;
        match self {
            Old::Ids(ids) => {
                let none =
                    |id: &str| fault("InvalidSecurityGroupRuleId.NotFound", format!("The security group rule ID '{id}' does not exist"));
                ids.iter().map(|id| take(rules, |rule| rule.id == *id && rule.egress == egress, || none(id))).collect()
            }
            Old::Rules(old) => {
                let none = || fault("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
                old.iter().map(|rule| take(rules, |known| known.same(rule), none)).collect()
            }
        }
    }
}

fn take(rules: &mut Vec<Rule>, is: impl Fn(&Rule) -> bool, none: impl FnOnce() -> Fault) -> Result<Rule, Fault> {
    let at = rules.iter().position(is).ok_or_else(none)?;
    Ok(rules.remove(at))
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
        Peer::Ipv4(text) | Peer::Ipv6(text) | Peer::Group(_, text) => text,
    };
    let protocol = if rule.protocol == "-1" { "ALL".to_owned() } else { rule.protocol.to_uppercase() };
    let ports = rule.from.zip(rule.to).map(|(from, to)| format!(", from port: {from}, to port: {to}")).unwrap_or_default();
    format!("peer: {peer}, {protocol}{ports}, ALLOW")
}

async fn revoke(
    cx: &Context,
    group: (Option<String>, Option<String>),
    old: Old,
    egress: bool,
    dry_run: Option<bool>,
) -> Result<Vec<RevokedSecurityGroupRule>, Fault> {
    dry(dry_run)?;
    cx.store()
        .write(|tx| {
            let mut found = groups::find(tx, cx, group.0.as_deref(), group.1.as_deref())?;
            let gone = old.out_of(&mut found, egress)?;
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
    }
    out
}

/// What a rule, here its group's id and its own, says to filters.
const SAYS: Says<(String, String)> =
    &[(&["group-id"], |_, (group, _)| vec![group.clone()]), (&["security-group-rule-id"], |_, (_, rule)| vec![rule.clone()])];

impl Ec2 {
    /// Lets peers in.
    pub async fn authorize_security_group_ingress(
        &self,
        cx: &Context,
        input: AuthorizeSecurityGroupIngressInput,
    ) -> Result<AuthorizeSecurityGroupIngressOutput, Fault> {
        state::begin(cx).await?;
        let mut new = asked!(input).added(cx, false)?;
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
        let mut new = asked!(input).added(cx, true)?;
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
        let old = asked!(input).revoked(cx, input.security_group_rule_ids, false)?;
        let gone = revoke(cx, (input.group_id, input.group_name), old, false, input.dry_run).await?;
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
        let old = asked!(input).revoked(cx, input.security_group_rule_ids, true)?;
        let gone = revoke(cx, (Some(input.group_id), None), old, true, input.dry_run).await?;
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
        let (ids, filters) = (input.security_group_rule_ids.unwrap_or_default(), Filters::of(input.filters, SAYS)?);
        let groups = cx.store().read(|s| s.scan(&GROUPS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let mut all = Vec::new();
        for (group, rule) in groups.iter().flat_map(|(_, group)| group.rules.iter().map(move |rule| (group, rule))) {
            if (ids.is_empty() || ids.contains(&rule.id)) && filters.pass(cx, &rule.tags, &(group.id.clone(), rule.id.clone())) {
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
