//! Rule groups of one's own.

use crate::{Wafv2, capacity, check, model::*, state, tags, validate};
use kit::{Context, Fault, Read};
use std::collections::BTreeSet;

const MOST: usize = 100;

impl Wafv2 {
    /// Makes a rule group with a capacity that stays.
    pub async fn create_rule_group(&self, cx: &Context, input: CreateRuleGroupInput) -> Result<CreateRuleGroupOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        if input.capacity > capacity::MOST {
            return Err(check::limit(&format!("a rule group has {} capacity units at most", capacity::MOST)));
        }
        let id = cx.ids().uuid();
        let group = RuleGroup {
            arn: state::arn(&place, "rulegroup", &input.name, &id),
            label_namespace: Some(format!("awswaf:{}:rulegroup:{}:", cx.account(), input.name)),
            name: input.name,
            id,
            capacity: input.capacity,
            description: input.description,
            rules: Some(input.rules.unwrap_or_default()),
            visibility_config: Some(input.visibility_config),
            custom_response_bodies: input.custom_response_bodies,
            ..RuleGroup::default()
        };
        let lock = cx.ids().uuid();
        let summary = cx
            .store()
            .write(|tx| {
                if tx.exists(&state::RULE_GROUPS, &place, &group.name)? {
                    return Err(check::duplicate());
                }
                if tx.scan(&state::RULE_GROUPS, &place).count() >= MOST {
                    return Err(check::limit(&format!("{MOST} rule groups")));
                }
                validate::rule_group(cx, tx, &place, &group)?;
                tags::put(tx, &place, &group.arn, input.tags.unwrap_or_default())?;
                let row = state::GroupRow { lock, group };
                tx.put(&state::RULE_GROUPS, &place, &row.group.name, &row)?;
                state::changed(tx, cx, &place)?;
                Ok(summary(&row))
            })
            .await?;
        Ok(CreateRuleGroupOutput { summary: Some(summary) })
    }

    /// Describes a rule group with the labels that it puts on and asks for.
    pub async fn get_rule_group(&self, cx: &Context, input: GetRuleGroupInput) -> Result<GetRuleGroupOutput, Fault> {
        let mut row = cx.store().read(|s| match (&input.arn, &input.name, &input.id, input.scope) {
            (Some(arn), None, None, _) => state::rule_group_by_arn(s, &state::place_of(cx, arn), arn)?.ok_or_else(check::nonexistent),
            (None, Some(name), Some(id), Some(scope)) => state::row(s, &state::RULE_GROUPS, &state::place(cx, scope)?, name, id),
            _ => Err(check::invalid("ENTITY", "", "Either ARN, or Name, Id and Scope have to be given.")),
        })?;
        let rules = row.group.rules.as_deref().unwrap_or_default();
        let prefix = row.group.label_namespace.clone().unwrap_or_default();
        let put: BTreeSet<String> =
            rules.iter().flat_map(|r| r.rule_labels.iter().flatten()).map(|l| format!("{prefix}{}", l.name)).collect();
        let asked: BTreeSet<String> = rules.iter().filter_map(|r| r.statement.as_ref()).flat_map(labels_asked).collect();
        let listed = |labels: BTreeSet<String>| labels.into_iter().map(|name| LabelSummary { name: Some(name) }).collect::<Vec<_>>();
        row.group.available_labels = Some(listed(put)).filter(|l| !l.is_empty());
        row.group.consumed_labels = Some(listed(asked)).filter(|l| !l.is_empty());
        Ok(GetRuleGroupOutput { rule_group: Some(row.group), lock_token: Some(row.lock) })
    }

    /// Puts other rules in the place of a group's.
    pub async fn update_rule_group(&self, cx: &Context, input: UpdateRuleGroupInput) -> Result<UpdateRuleGroupOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let next = cx.ids().uuid();
        cx.store()
            .write(|tx| {
                let mut row = state::locked(tx, &state::RULE_GROUPS, &place, &input.name, &input.id, &input.lock_token)?;
                row.group = RuleGroup {
                    description: input.description,
                    rules: Some(input.rules.unwrap_or_default()),
                    visibility_config: Some(input.visibility_config),
                    custom_response_bodies: input.custom_response_bodies,
                    ..row.group
                };
                validate::rule_group(cx, tx, &place, &row.group)?;
                row.lock = next.clone();
                tx.put(&state::RULE_GROUPS, &place, &row.group.name, &row)?;
                state::changed(tx, cx, &place)
            })
            .await?;
        Ok(UpdateRuleGroupOutput { next_lock_token: Some(next) })
    }

    /// Deletes a rule group that no web ACL uses.
    pub async fn delete_rule_group(&self, cx: &Context, input: DeleteRuleGroupInput) -> Result<DeleteRuleGroupOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        cx.store()
            .write(|tx| {
                let row = state::locked(tx, &state::RULE_GROUPS, &place, &input.name, &input.id, &input.lock_token)?;
                if state::is_referred_to(tx, &place, &row.group.arn)? {
                    return Err(check::in_use());
                }
                tags::forget(tx, &place, &row.group.arn)?;
                tx.delete(&state::RULE_GROUPS, &place, &row.group.name).map(drop)
            })
            .await?;
        Ok(DeleteRuleGroupOutput {})
    }

    /// Rule groups by name.
    pub async fn list_rule_groups(&self, cx: &Context, input: ListRuleGroupsInput) -> Result<ListRuleGroupsOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let rows = cx.store().read(|s| s.scan(&state::RULE_GROUPS, &place).collect::<Result<Vec<_>, Fault>>())?;
        let key = |(name, _): &(String, state::GroupRow)| name.clone();
        let page = kit::pages::page(rows, key, input.next_marker.as_deref(), check::page_length(input.limit), check::bad_marker)?;
        Ok(ListRuleGroupsOutput { next_marker: page.next, rule_groups: Some(page.items.iter().map(|(_, row)| summary(row)).collect()) })
    }
}

fn labels_asked(s: &Statement) -> Vec<String> {
    let mut found: Vec<String> = s.label_match_statement.iter().map(|l| l.key.clone()).collect();
    let inner = [
        s.not_statement.as_ref().and_then(|n| n.statement.as_deref()),
        s.rate_based_statement.as_ref().and_then(|r| r.scope_down_statement.as_deref()),
    ];
    let several = [s.and_statement.as_ref().map(|a| &a.statements), s.or_statement.as_ref().map(|o| &o.statements)];
    found.extend(inner.into_iter().flatten().flat_map(labels_asked));
    found.extend(several.into_iter().flatten().flatten().flat_map(labels_asked));
    found
}

fn summary(row: &state::GroupRow) -> RuleGroupSummary {
    RuleGroupSummary {
        name: Some(row.group.name.clone()),
        id: Some(row.group.id.clone()),
        description: Some(row.group.description.clone().unwrap_or_default()),
        lock_token: Some(row.lock.clone()),
        arn: Some(row.group.arn.clone()),
    }
}
