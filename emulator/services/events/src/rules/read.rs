//! DescribeRule, ListRules and ListRuleNamesByTarget.

use crate::{EventBridge, check, model, model::*, names::*, state, state::RULES};
use kit::{Context, Fault, Read};

impl EventBridge {
    /// Describes a rule.
    pub async fn describe_rule(&self, cx: &Context, input: DescribeRuleInput) -> Result<DescribeRuleOutput, Fault> {
        let name = RuleName::read(cx, input.event_bus_name.as_deref(), &input.name);
        let rule = cx.store().read(|s| state::rule(s, &name))?;
        Ok(DescribeRuleOutput {
            arn: Some(name.arn()),
            state: Some(state_of(&rule)),
            name: Some(rule.name),
            event_pattern: rule.pattern,
            schedule_expression: rule.schedule,
            description: rule.description,
            role_arn: rule.role_arn,
            managed_by: None,
            event_bus_name: Some(rule.bus),
            created_by: Some(rule.created_by),
        })
    }

    /// Rules of a bus by name.
    pub async fn list_rules(&self, cx: &Context, input: ListRulesInput) -> Result<ListRulesOutput, Fault> {
        let bus = BusName::read(cx, input.event_bus_name.as_deref());
        let prefix = input.name_prefix.unwrap_or_default();
        let rules: Vec<state::StoredRule> = cx.store().read(|s| {
            state::bus(s, &bus)?;
            let rules = s.scan(&RULES, &bus.scope).prefix(&(bus.name.as_str(),)).map(|row| row.map(|(_, rule)| rule));
            rules.collect::<Result<_, Fault>>()
        })?;
        let named = rules.into_iter().filter(|rule| rule.name.starts_with(&prefix));
        let page = kit::pages::page(named, |r| r.name.clone(), input.next_token.as_deref(), check::limit(input.limit), check::bad_token)?;
        let show = |rule: state::StoredRule| model::Rule {
            arn: Some(rule.arn(&bus.scope)),
            state: Some(state_of(&rule)),
            name: Some(rule.name),
            event_pattern: rule.pattern,
            description: rule.description,
            schedule_expression: rule.schedule,
            role_arn: rule.role_arn,
            managed_by: None,
            event_bus_name: Some(rule.bus),
        };
        Ok(ListRulesOutput { rules: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Names of the rules of a bus that send to a target.
    pub async fn list_rule_names_by_target(
        &self,
        cx: &Context,
        input: ListRuleNamesByTargetInput,
    ) -> Result<ListRuleNamesByTargetOutput, Fault> {
        let bus = BusName::read(cx, input.event_bus_name.as_deref());
        let names: Vec<String> = cx.store().read(|s| {
            state::bus(s, &bus)?;
            let prefix = (input.target_arn.as_str(), bus.name.as_str());
            let rows = s.by_index(&RULES, &bus.scope, "target", &prefix).map(|row| row.map(|(_, rule)| rule.name));
            rows.collect::<Result<_, Fault>>()
        })?;
        let page = kit::pages::page(names, String::clone, input.next_token.as_deref(), check::limit(input.limit), check::bad_token)?;
        Ok(ListRuleNamesByTargetOutput { rule_names: Some(page.items), next_token: page.next })
    }
}

fn state_of(rule: &state::StoredRule) -> RuleState {
    match rule.enabled {
        true => RuleState::Enabled,
        false => RuleState::Disabled,
    }
}
