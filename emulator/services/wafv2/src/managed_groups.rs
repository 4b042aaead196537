//! What is told of managed rule groups.

use crate::{
    Wafv2, check,
    engine::{Action, RuleKind},
    managed::{self, Managed},
    model::*,
    state,
};
use kit::{Context, Fault};
use std::collections::BTreeSet;

/// The one version of each group. The name says that patterns which AWS keeps to itself are approximated.
const VERSION: &str = "Version_1.0-approximated";

impl Wafv2 {
    /// Groups that are executed here.
    pub async fn list_available_managed_rule_groups(
        &self,
        cx: &Context,
        input: ListAvailableManagedRuleGroupsInput,
    ) -> Result<ListAvailableManagedRuleGroupsOutput, Fault> {
        state::place(cx, input.scope)?;
        let mut groups: Vec<&Managed> = managed::all().iter().collect();
        groups.sort_by_key(|group| group.name);
        let key = |group: &&Managed| group.name.to_owned();
        let page = kit::pages::page(groups, key, input.next_marker.as_deref(), check::page_length(input.limit), check::bad_marker)?;
        let shown = page.items.into_iter().map(|group| ManagedRuleGroupSummary {
            vendor_name: Some("AWS".into()),
            name: Some(group.name.into()),
            versioning_supported: Some(group.versioned),
            description: Some(described(group)),
        });
        Ok(ListAvailableManagedRuleGroupsOutput { next_marker: page.next, managed_rule_groups: Some(shown.collect()) })
    }

    /// Versions of a group: one.
    pub async fn list_available_managed_rule_group_versions(
        &self,
        cx: &Context,
        input: ListAvailableManagedRuleGroupVersionsInput,
    ) -> Result<ListAvailableManagedRuleGroupVersionsOutput, Fault> {
        state::place(cx, input.scope)?;
        let group = find(&input.vendor_name, &input.name)?;
        if !group.versioned {
            return Err(Error::WAFInvalidOperation.says("The operation isn't valid: the rule group has no versions."));
        }
        let version = ManagedRuleGroupVersion { name: Some(VERSION.into()), last_update_timestamp: None };
        Ok(ListAvailableManagedRuleGroupVersionsOutput {
            next_marker: None,
            versions: Some(vec![version]),
            current_default_version: Some(VERSION.into()),
        })
    }

    /// Rules and labels of a group.
    pub async fn describe_managed_rule_group(
        &self,
        cx: &Context,
        input: DescribeManagedRuleGroupInput,
    ) -> Result<DescribeManagedRuleGroupOutput, Fault> {
        state::place(cx, input.scope)?;
        let group = find(&input.vendor_name, &input.name)?;
        if input.version_name.as_deref().is_some_and(|version| version != VERSION) {
            cx.warn("member VersionName has no effect: windtunnel has one version of each managed rule group");
        }
        let compiled = group.compiled();
        let labels: BTreeSet<&String> = compiled.rules.iter().flat_map(|rule| &rule.labels).collect();
        let rules = compiled.rules.iter().map(|rule| {
            let counts = matches!(&rule.kind, RuleKind::Plain(_, Action::Count(_)));
            let action = match counts {
                true => RuleAction { count: Some(CountAction::default()), ..RuleAction::default() },
                false => RuleAction { block: Some(BlockAction::default()), ..RuleAction::default() },
            };
            RuleSummary { name: Some(rule.name.clone()), action: Some(action) }
        });
        Ok(DescribeManagedRuleGroupOutput {
            version_name: group.versioned.then(|| VERSION.to_owned()),
            sns_topic_arn: None,
            capacity: Some(group.capacity),
            rules: Some(rules.collect()),
            label_namespace: Some(group.prefix.to_owned()),
            available_labels: Some(labels.into_iter().map(|name| LabelSummary { name: Some(name.clone()) }).collect()),
            consumed_labels: None,
        })
    }
}

fn find(vendor: &str, name: &str) -> Result<&'static Managed, Fault> {
    managed::find(vendor, name).map_err(check::of_problem)?.ok_or_else(check::nonexistent)
}

/// AWS's words, and which rules are approximated.
fn described(group: &Managed) -> String {
    let approximated = group.approximated();
    match approximated.is_empty() {
        true => group.description.to_owned(),
        false => format!("{} Approximated by windtunnel: {}.", group.description, approximated.join(", ")),
    }
}
