//! PutRule and DeleteRule.

use crate::{EventBridge, check, model::*, names::*, patterns, schedule, state::*};
use kit::{Context, Fault, Read, Tx, schedules::Expression};

impl EventBridge {
    /// Makes a rule, or puts a new one in place of the old: what is not given is taken away, except targets and tags, as on AWS.
    pub async fn put_rule(&self, cx: &Context, input: PutRuleInput) -> Result<PutRuleOutput, Fault> {
        let name = RuleName::read(cx, input.event_bus_name.as_deref(), &input.name);
        check(&name, &input)?;
        cx.store()
            .write(|tx| {
                bus(tx, &name.bus)?;
                let old = tx.get(&RULES, &name.bus.scope, &name.key())?;
                if old.is_none() && full(tx, &name)? {
                    return Err(check::too_many());
                }
                let rule = merged(cx, &name, input, old.as_ref());
                tx.put(&RULES, &name.bus.scope, &name.key(), &rule)?;
                schedule::plan(cx, tx, &name.bus.scope, old.as_ref(), &rule)
            })
            .await?;
        Ok(PutRuleOutput { rule_arn: Some(name.arn()) })
    }

    /// Deletes a rule without targets; one that isn't there is no error, as on AWS.
    pub async fn delete_rule(&self, cx: &Context, input: DeleteRuleInput) -> Result<DeleteRuleOutput, Fault> {
        let name = RuleName::read(cx, input.event_bus_name.as_deref(), &input.name);
        cx.store()
            .write(|tx| {
                bus(tx, &name.bus)?;
                let Some(rule) = tx.get(&RULES, &name.bus.scope, &name.key())? else { return Ok(()) };
                if !rule.targets.is_empty() {
                    return Err(check::invalid("Rule can't be deleted since it has targets."));
                }
                schedule::forget(tx, &name.arn());
                tx.delete(&RULES, &name.bus.scope, &name.key()).map(drop)
            })
            .await?;
        Ok(DeleteRuleOutput {})
    }
}

fn check(name: &RuleName, input: &PutRuleInput) -> Result<(), Fault> {
    let given = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
    let (pattern, expression) = (given(&input.event_pattern), given(&input.schedule_expression));
    if pattern.is_none() && expression.is_none() {
        return Err(check::invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
    }
    if input.state == Some(RuleState::EnabledWithAllCloudtrailManagementEvents) {
        return Err(check::not_implemented("rules for CloudTrail's read-only management events (State)"));
    }
    if let Some(pattern) = pattern {
        patterns::read(&pattern)?;
    }
    if let Some(expression) = expression {
        if name.bus.name != DEFAULT_BUS {
            return Err(check::invalid("ScheduleExpression is supported only on the default event bus."));
        }
        // `at(...)` is Scheduler's.
        match Expression::parse(&expression) {
            Some(Expression::Rate(_) | Expression::Cron(_)) => {}
            _ => return Err(check::invalid("Parameter ScheduleExpression is not valid.")),
        }
    }
    check::tags(input.tags.as_deref().unwrap_or_default())
}

fn full(tx: &Tx<'_>, name: &RuleName) -> Result<bool, Fault> {
    let keys = tx.scan(&RULES, &name.bus.scope).prefix(&(name.bus.name.as_str(),)).limit(check::MOST_RULES).keys();
    Ok(keys.collect::<Result<Vec<_>, _>>()?.len() >= check::MOST_RULES)
}

fn merged(cx: &Context, name: &RuleName, input: PutRuleInput, old: Option<&StoredRule>) -> StoredRule {
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let schedule = some(input.schedule_expression);
    let same = old.filter(|old| old.schedule == schedule && old.enabled);
    StoredRule {
        bus: name.bus.name.clone(),
        name: name.name.clone(),
        description: some(input.description),
        pattern: some(input.event_pattern),
        enabled: input.state != Some(RuleState::Disabled),
        role_arn: some(input.role_arn),
        created_by: old.map_or_else(|| cx.account().to_owned(), |old| old.created_by.clone()),
        // Tags of an update are ignored, as AWS documents it.
        tags: old.map_or_else(|| tags(input.tags), |old| old.tags.clone()),
        targets: old.map(|old| old.targets.clone()).unwrap_or_default(),
        scheduled_from: same.map_or(cx.now(), |old| old.scheduled_from),
        schedule,
    }
}
