//! Checks of what is put: rules are compiled as they would be applied, so that what is accepted can be executed.

use crate::{
    capacity, check,
    compiled::StoredParts,
    engine::{Compiler, Problem},
    model::*,
};
use kit::{Context, Fault, Read};
use std::collections::BTreeMap;

/// Rules on their own (CheckCapacity). They may name bodies and sets that exist.
pub(crate) fn rules(cx: &Context, read: &impl Read, place: &kit::Scope, rules: &[Rule]) -> Result<(), Fault> {
    versions(cx, rules);
    let parts = StoredParts::new(read, place);
    let compiler = Compiler { parts: &parts, bodies: None, label_prefix: String::new(), takes_groups: true };
    match compiler.rules(rules) {
        // Bodies belong to the web ACL, which CheckCapacity is not told.
        Ok(_) | Err(Problem::Invalid { field: "CUSTOM_RESPONSE_BODY", .. }) => Ok(()),
        Err(problem) => Err(check::of_problem(problem)),
    }
}

/// A web ACL; its capacity.
pub(crate) fn web_acl(cx: &Context, read: &impl Read, place: &kit::Scope, acl: &WebACL) -> Result<i64, Fault> {
    unsupported(acl)?;
    bodies(acl.custom_response_bodies.as_ref())?;
    domains(acl.token_domains.as_deref())?;
    let given = acl.rules.as_deref().unwrap_or_default();
    versions(cx, given);
    let parts = StoredParts::new(read, place);
    let compiler = Compiler {
        parts: &parts,
        bodies: acl.custom_response_bodies.as_ref(),
        label_prefix: acl.label_namespace.clone().unwrap_or_default(),
        takes_groups: true,
    };
    compiler.acl(acl).map_err(check::of_problem)?;
    let capacity = capacity::of_rules(read, place, given)?;
    match capacity <= capacity::MOST {
        true => Ok(capacity),
        false => Err(check::limit(&format!("the rules need {capacity} capacity units of {}", capacity::MOST))),
    }
}

/// A rule group within its capacity.
pub(crate) fn rule_group(cx: &Context, read: &impl Read, place: &kit::Scope, group: &RuleGroup) -> Result<(), Fault> {
    bodies(group.custom_response_bodies.as_ref())?;
    let given = group.rules.as_deref().unwrap_or_default();
    versions(cx, given);
    let parts = StoredParts::new(read, place);
    let compiler = Compiler {
        parts: &parts,
        bodies: group.custom_response_bodies.as_ref(),
        label_prefix: group.label_namespace.clone().unwrap_or_default(),
        takes_groups: false,
    };
    compiler.group(group).map_err(check::of_problem)?;
    let needed = capacity::of_rules(read, place, given)?;
    match needed <= group.capacity {
        true => Ok(()),
        false => Err(check::limit(&format!("the rules need {needed} capacity units and the rule group has {}", group.capacity))),
    }
}

/// Every version of a managed group is the same here; whoever pins one is told.
fn versions(cx: &Context, rules: &[Rule]) {
    let pinned = |rule: &Rule| rule.statement.as_ref()?.managed_rule_group_statement.as_ref()?.version.clone();
    if rules.iter().any(|rule| pinned(rule).is_some()) {
        cx.warn("member Version of ManagedRuleGroupStatement has no effect: windtunnel has one version of each managed rule group");
    }
}

fn unsupported(acl: &WebACL) -> Result<(), Fault> {
    let protections = acl.data_protection_config.as_ref().is_some_and(|c| !c.data_protections.is_empty());
    for (given, what) in [
        (protections, "DataProtectionConfig"),
        (acl.on_source_d_do_s_protection_config.is_some(), "OnSourceDDoSProtectionConfig"),
        (acl.application_config.is_some(), "ApplicationConfig"),
    ] {
        if given {
            return Err(check::not_implemented(&format!("the member {what}")));
        }
    }
    Ok(())
}

fn bodies(bodies: Option<&BTreeMap<String, CustomResponseBody>>) -> Result<(), Fault> {
    let sum: usize = bodies.into_iter().flatten().map(|(_, body)| body.content.len()).sum();
    let count = bodies.map_or(0, BTreeMap::len);
    if count > 50 || sum > 4 << 10 {
        return Err(check::limit("custom response bodies may be 50 at most, with 4 KB together"));
    }
    for (key, body) in bodies.into_iter().flatten() {
        if body.content_type == Some(ResponseContentType::ApplicationJson)
            && serde_json::from_str::<serde::de::IgnoredAny>(&body.content).is_err()
        {
            return Err(check::invalid("CUSTOM_RESPONSE_BODY", key, "The content is not JSON, as its content type says."));
        }
    }
    Ok(())
}

fn domains(domains: Option<&[String]>) -> Result<(), Fault> {
    let plain = |domain: &str| domain.contains('.') && !matches!(domain, "gov.au" | "co.uk");
    match domains.into_iter().flatten().find(|domain| !plain(domain)) {
        Some(domain) => Err(check::invalid("TOKEN_DOMAIN", domain, "The token domain is a public suffix.")),
        None => Ok(()),
    }
}
