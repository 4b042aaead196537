//! What each operation needs to be allowed, as AWS's service authorization reference has it.

use crate::{Wafv2, model::*, state};
use kit::{Access, Authorize, Context, Need};

fn named(cx: &Context, action: &'static str, scope: Scope, kind: &str, name: &str, id: &str) -> Access {
    let place = match scope {
        Scope::Cloudfront => kit::Scope::new(cx.account(), "global"),
        Scope::Regional => cx.scope().clone(),
    };
    Access::on(action, state::arn(&place, kind, name, id))
}

/// By ARN, or by scope, name and id; without either the handler refuses.
fn either(
    cx: &Context,
    action: &'static str,
    kind: &str,
    arn: Option<&String>,
    scope: Option<Scope>,
    name: Option<&String>,
    id: Option<&String>,
) -> Access {
    let text = |text: Option<&String>| text.map_or("*", String::as_str).to_owned();
    match arn {
        Some(arn) => Access::on(action, arn),
        None => named(cx, action, scope.unwrap_or(Scope::Regional), kind, &text(name), &text(id)),
    }
}

/// A rule that refers to something needs the permission to use it.
fn with_references(cx: &Context, mut access: Access, action: &'static str, rules: Option<&Vec<Rule>>) -> Access {
    for statement in rules.into_iter().flatten().filter_map(|rule| rule.statement.as_ref()) {
        if let Some(group) = &statement.rule_group_reference_statement {
            access = access.and(Need::on(action, &group.arn));
        }
        if let Some(managed) = &statement.managed_rule_group_statement {
            let arn = format!("arn:aws:wafv2:{}:{}:regional/managedruleset/{}/*", cx.region(), cx.account(), managed.name);
            access = access.and(Need::on(action, arn));
        }
    }
    access
}

/// Who guards a resource has to be allowed to set its web ACL as well.
fn with_resource(access: Access, resource_arn: &str) -> Access {
    match resource_arn.split(':').nth(2) {
        Some("apigateway") => access.and(Need::on("apigateway:SetWebACL", resource_arn)),
        Some("cognito-idp") => access.and(Need::on("cognito-idp:AssociateWebACL", resource_arn)),
        _ => access,
    }
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<Wafv2> for $input {
            fn access(&self, _: &Wafv2, $cx: &Context) -> Access {
                let $me = self;
                $access
            }
        }
    )*};
}
access! {
    CreateWebACLInput(me, cx) => with_references(cx, named(cx, "wafv2:CreateWebACL", me.scope, "webacl", &me.name, "*"), "wafv2:CreateWebACL", me.rules.as_ref());
    GetWebACLInput(me, cx) => either(cx, "wafv2:GetWebACL", "webacl", me.arn.as_ref(), me.scope, me.name.as_ref(), me.id.as_ref());
    UpdateWebACLInput(me, cx) => with_references(cx, named(cx, "wafv2:UpdateWebACL", me.scope, "webacl", &me.name, &me.id), "wafv2:UpdateWebACL", me.rules.as_ref());
    DeleteWebACLInput(me, cx) => named(cx, "wafv2:DeleteWebACL", me.scope, "webacl", &me.name, &me.id);
    ListWebACLsInput(_me, _cx) => Access::any("wafv2:ListWebACLs");
    CreateRuleGroupInput(me, cx) => named(cx, "wafv2:CreateRuleGroup", me.scope, "rulegroup", &me.name, "*");
    GetRuleGroupInput(me, cx) => either(cx, "wafv2:GetRuleGroup", "rulegroup", me.arn.as_ref(), me.scope, me.name.as_ref(), me.id.as_ref());
    UpdateRuleGroupInput(me, cx) => named(cx, "wafv2:UpdateRuleGroup", me.scope, "rulegroup", &me.name, &me.id);
    DeleteRuleGroupInput(me, cx) => named(cx, "wafv2:DeleteRuleGroup", me.scope, "rulegroup", &me.name, &me.id);
    ListRuleGroupsInput(_me, _cx) => Access::any("wafv2:ListRuleGroups");
    CreateIPSetInput(me, cx) => named(cx, "wafv2:CreateIPSet", me.scope, "ipset", &me.name, "*");
    GetIPSetInput(me, cx) => named(cx, "wafv2:GetIPSet", me.scope, "ipset", &me.name, &me.id);
    UpdateIPSetInput(me, cx) => named(cx, "wafv2:UpdateIPSet", me.scope, "ipset", &me.name, &me.id);
    DeleteIPSetInput(me, cx) => named(cx, "wafv2:DeleteIPSet", me.scope, "ipset", &me.name, &me.id);
    ListIPSetsInput(_me, _cx) => Access::any("wafv2:ListIPSets");
    CreateRegexPatternSetInput(me, cx) => named(cx, "wafv2:CreateRegexPatternSet", me.scope, "regexpatternset", &me.name, "*");
    GetRegexPatternSetInput(me, cx) => named(cx, "wafv2:GetRegexPatternSet", me.scope, "regexpatternset", &me.name, &me.id);
    UpdateRegexPatternSetInput(me, cx) => named(cx, "wafv2:UpdateRegexPatternSet", me.scope, "regexpatternset", &me.name, &me.id);
    DeleteRegexPatternSetInput(me, cx) => named(cx, "wafv2:DeleteRegexPatternSet", me.scope, "regexpatternset", &me.name, &me.id);
    ListRegexPatternSetsInput(_me, _cx) => Access::any("wafv2:ListRegexPatternSets");
    CheckCapacityInput(_me, _cx) => Access::any("wafv2:CheckCapacity");
    AssociateWebACLInput(me, _cx) => with_resource(Access::on("wafv2:AssociateWebACL", &me.web_acl_arn), &me.resource_arn);
    DisassociateWebACLInput(me, _cx) => with_resource(Access::on("wafv2:DisassociateWebACL", &me.resource_arn), &me.resource_arn);
    GetWebACLForResourceInput(me, _cx) => Access::on("wafv2:GetWebACLForResource", &me.resource_arn);
    ListResourcesForWebACLInput(me, _cx) => Access::on("wafv2:ListResourcesForWebACL", &me.web_acl_arn);
    PutLoggingConfigurationInput(me, _cx) => Access::on("wafv2:PutLoggingConfiguration", &me.logging_configuration.resource_arn);
    GetLoggingConfigurationInput(me, _cx) => Access::on("wafv2:GetLoggingConfiguration", &me.resource_arn);
    DeleteLoggingConfigurationInput(me, _cx) => Access::on("wafv2:DeleteLoggingConfiguration", &me.resource_arn);
    ListLoggingConfigurationsInput(_me, _cx) => Access::any("wafv2:ListLoggingConfigurations");
    ListAvailableManagedRuleGroupsInput(_me, _cx) => Access::any("wafv2:ListAvailableManagedRuleGroups");
    ListAvailableManagedRuleGroupVersionsInput(_me, _cx) => Access::any("wafv2:ListAvailableManagedRuleGroupVersions");
    DescribeManagedRuleGroupInput(_me, _cx) => Access::any("wafv2:DescribeManagedRuleGroup");
    GetSampledRequestsInput(me, _cx) => Access::on("wafv2:GetSampledRequests", &me.web_acl_arn);
    GetRateBasedStatementManagedKeysInput(me, cx) => named(cx, "wafv2:GetRateBasedStatementManagedKeys", me.scope, "webacl", &me.web_acl_name, &me.web_acl_id);
    TagResourceInput(me, _cx) => Access::on("wafv2:TagResource", &me.resource_arn);
    UntagResourceInput(me, _cx) => Access::on("wafv2:UntagResource", &me.resource_arn);
    ListTagsForResourceInput(me, _cx) => Access::on("wafv2:ListTagsForResource", &me.resource_arn);
}
