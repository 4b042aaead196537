//! What is kept: web ACLs, rule groups, IP sets and pattern sets by name, what they are associated with, and their logging.
//!
//! Everything of one scope lies in a place: the account and region, or the account and `global` for CloudFront's.

use crate::{check, model::*};
use kit::{Arn, Context, Fault, Read, Table, TableScope, Tx};
use serde::{Deserialize, Serialize};

type Place = kit::Scope;

pub(crate) const WEB_ACLS: Table<String, AclRow> = Table::new("wafv2.web-acls", TableScope::Region);
pub(crate) const RULE_GROUPS: Table<String, GroupRow> = Table::new("wafv2.rule-groups", TableScope::Region);
pub(crate) const IP_SETS: Table<String, IpSetRow> = Table::new("wafv2.ip-sets", TableScope::Region);
pub(crate) const REGEX_SETS: Table<String, RegexSetRow> = Table::new("wafv2.regex-sets", TableScope::Region);
/// ARN of the web ACL by the resource's ARN.
pub(crate) const ASSOCIATIONS: Table<String, String> = Table::new("wafv2.associations", TableScope::Region);
/// By the web ACL's ARN.
pub(crate) const LOGGING: Table<String, LoggingRow> = Table::new("wafv2.logging", TableScope::Region);
/// A text that changes whenever anything of a place changes that rules are compiled from.
const GENERATION: Table<(), String> = Table::new("wafv2.generation", TableScope::Region);

macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident { $member:ident: $shape:ident })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub(crate) struct $row {
            pub lock: String,
            #[serde(with = "wire::kept")]
            pub $member: $shape,
        }
    )*};
}
rows! {
    /// A web ACL.
    AclRow { acl: WebACL }
    /// A rule group.
    GroupRow { group: RuleGroup }
    /// An IP set.
    IpSetRow { set: IPSet }
    /// A pattern set.
    RegexSetRow { set: RegexPatternSet }
}

/// A logging configuration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LoggingRow {
    #[serde(with = "wire::kept")]
    pub configuration: LoggingConfiguration,
}

/// What has a name, an id and a lock token.
pub(crate) trait Named {
    fn id(&self) -> &str;
    fn lock(&self) -> &str;
    fn arn(&self) -> &str;
}

macro_rules! named {
    ($($row:ident: $id:expr, $arn:expr;)*) => {$(
        impl Named for $row {
            fn id(&self) -> &str { let id: fn(&$row) -> &str = $id; id(self) }
            fn lock(&self) -> &str { &self.lock }
            fn arn(&self) -> &str { let arn: fn(&$row) -> &str = $arn; arn(self) }
        }
    )*};
}
named! {
    AclRow: |row| &row.acl.id, |row| &row.acl.arn;
    GroupRow: |row| &row.group.id, |row| &row.group.arn;
    IpSetRow: |row| &row.set.id, |row| &row.set.arn;
    RegexSetRow: |row| row.set.id.as_deref().unwrap_or_default(), |row| row.set.arn.as_deref().unwrap_or_default();
}

/// Where things of a scope are kept. CloudFront's are managed in us-east-1 only.
pub(crate) fn place(cx: &Context, scope: Scope) -> Result<Place, Fault> {
    match scope {
        Scope::Regional => Ok(cx.scope().clone()),
        Scope::Cloudfront if cx.region() == "us-east-1" => Ok(Place::new(cx.account(), "global")),
        Scope::Cloudfront => {
            Err(check::invalid("SCOPE_VALUE", "CLOUDFRONT", "The scope is not valid., Scope CLOUDFRONT is managed in us-east-1 only"))
        }
    }
}

/// The place that an ARN names.
pub(crate) fn place_of(cx: &Context, arn: &str) -> Place {
    let global = Arn::parse(arn).is_some_and(|arn| arn.resource.starts_with("global/"));
    if global { Place::new(cx.account(), "global") } else { cx.scope().clone() }
}

/// `arn:aws:wafv2:us-east-1:000000000000:regional/webacl/name/id`
pub(crate) fn arn(place: &Place, kind: &str, name: &str, id: &str) -> String {
    let (region, scope) = match &*place.region {
        "global" => ("us-east-1", "global"),
        region => (region, "regional"),
    };
    format!("arn:aws:wafv2:{region}:{}:{scope}/{kind}/{name}/{id}", place.account)
}

/// The name in an ARN of a kind.
pub(crate) fn name_in(arn: &str, kind: &str) -> Option<String> {
    let parts: Vec<&str> = Arn::parse(arn).filter(|arn| arn.service == "wafv2")?.resource.split('/').collect();
    match parts[..] {
        [_, k, name, _] if k == kind => Some(name.to_owned()),
        _ => None,
    }
}

/// A row by name that has this id.
pub(crate) fn row<V: Named + Serialize + serde::de::DeserializeOwned>(
    read: &impl Read,
    table: &Table<String, V>,
    place: &Place,
    name: &str,
    id: &str,
) -> Result<V, Fault> {
    read.get(table, place, &name.to_owned())?.filter(|row| row.id() == id).ok_or_else(check::nonexistent)
}

/// A row whose lock token is the one that the caller has seen.
pub(crate) fn locked<V: Named + Serialize + serde::de::DeserializeOwned>(
    read: &impl Read,
    table: &Table<String, V>,
    place: &Place,
    name: &str,
    id: &str,
    lock: &str,
) -> Result<V, Fault> {
    let row = row(read, table, place, name, id)?;
    if row.lock() == lock { Ok(row) } else { Err(check::stale_token()) }
}

fn by_arn<V: Named + Serialize + serde::de::DeserializeOwned>(
    read: &impl Read,
    table: &Table<String, V>,
    place: &Place,
    kind: &str,
    arn: &str,
) -> Result<Option<V>, Fault> {
    let Some(name) = name_in(arn, kind) else { return Ok(None) };
    Ok(read.get(table, place, &name)?.filter(|row| row.arn() == arn))
}

pub(crate) fn web_acl_by_arn(read: &impl Read, place: &Place, arn: &str) -> Result<Option<AclRow>, Fault> {
    by_arn(read, &WEB_ACLS, place, "webacl", arn)
}
pub(crate) fn rule_group_by_arn(read: &impl Read, place: &Place, arn: &str) -> Result<Option<GroupRow>, Fault> {
    by_arn(read, &RULE_GROUPS, place, "rulegroup", arn)
}
pub(crate) fn ip_set_by_arn(read: &impl Read, place: &Place, arn: &str) -> Result<Option<IpSetRow>, Fault> {
    by_arn(read, &IP_SETS, place, "ipset", arn)
}
pub(crate) fn regex_set_by_arn(read: &impl Read, place: &Place, arn: &str) -> Result<Option<RegexSetRow>, Fault> {
    by_arn(read, &REGEX_SETS, place, "regexpatternset", arn)
}

/// Whether a thing of an ARN exists.
pub(crate) fn exists(read: &impl Read, place: &Place, arn: &str) -> Result<bool, Fault> {
    Ok(web_acl_by_arn(read, place, arn)?.is_some()
        || rule_group_by_arn(read, place, arn)?.is_some()
        || ip_set_by_arn(read, place, arn)?.is_some()
        || regex_set_by_arn(read, place, arn)?.is_some())
}

/// Whether a rule of the place refers to an ARN.
pub(crate) fn is_referred_to(read: &impl Read, place: &Place, arn: &str) -> Result<bool, Fault> {
    let refers = |rules: &Option<Vec<Rule>>| rules.iter().flatten().filter_map(|rule| rule.statement.as_ref()).any(|s| names(s, arn));
    for row in read.scan(&WEB_ACLS, place) {
        if refers(&row?.1.acl.rules) {
            return Ok(true);
        }
    }
    for row in read.scan(&RULE_GROUPS, place) {
        if refers(&row?.1.group.rules) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn names(s: &Statement, arn: &str) -> bool {
    let direct = [
        s.ip_set_reference_statement.as_ref().map(|r| &r.arn),
        s.regex_pattern_set_reference_statement.as_ref().map(|r| &r.arn),
        s.rule_group_reference_statement.as_ref().map(|r| &r.arn),
    ];
    let inner = [
        s.rate_based_statement.as_ref().and_then(|r| r.scope_down_statement.as_deref()),
        s.managed_rule_group_statement.as_ref().and_then(|m| m.scope_down_statement.as_deref()),
        s.not_statement.as_ref().and_then(|n| n.statement.as_deref()),
    ];
    let several = [s.and_statement.as_ref().map(|a| &a.statements), s.or_statement.as_ref().map(|o| &o.statements)];
    direct.into_iter().flatten().any(|a| a == arn)
        || inner.into_iter().flatten().any(|s| names(s, arn))
        || several.into_iter().flatten().flatten().any(|s| names(s, arn))
}

/// Tells that something changed that rules are compiled from.
pub(crate) fn changed(tx: &mut Tx<'_>, cx: &Context, place: &Place) -> Result<(), Fault> {
    tx.put(&GENERATION, place, &(), &cx.ids().uuid())
}

/// The present generation.
pub(crate) fn generation(read: &impl Read, place: &Place) -> Result<String, Fault> {
    Ok(read.get(&GENERATION, place, &())?.unwrap_or_default())
}
