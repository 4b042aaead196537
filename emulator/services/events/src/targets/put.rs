//! PutTargets, RemoveTargets and ListTargetsByRule.

use super::check::check_target;
use crate::{EventBridge, check, model::*, names::RuleName, state::*};
use kit::{Context, Fault};

impl EventBridge {
    /// Adds targets to a rule, or puts new ones in place of those with the same id.
    pub async fn put_targets(&self, cx: &Context, input: PutTargetsInput) -> Result<PutTargetsOutput, Fault> {
        input.targets.iter().try_for_each(check_target)?;
        let name = RuleName::read(cx, input.event_bus_name.as_deref(), &input.rule);
        change(cx, &name, |targets| {
            for target in input.targets {
                targets.retain(|old| old.id != target.id);
                targets.push(target);
            }
            targets.sort_by(|a, b| a.id.cmp(&b.id));
            match targets.len() > check::MOST_TARGETS {
                true => Err(check::too_many()),
                false => Ok(()),
            }
        })
        .await?;
        Ok(PutTargetsOutput { failed_entry_count: Some(0), failed_entries: Some(Vec::new()) })
    }

    /// Takes targets away; an id that isn't there is passed over, as on AWS.
    pub async fn remove_targets(&self, cx: &Context, input: RemoveTargetsInput) -> Result<RemoveTargetsOutput, Fault> {
        let name = RuleName::read(cx, input.event_bus_name.as_deref(), &input.rule);
        change(cx, &name, |targets| {
            targets.retain(|target| !input.ids.contains(&target.id));
            Ok(())
        })
        .await?;
        Ok(RemoveTargetsOutput { failed_entry_count: Some(0), failed_entries: Some(Vec::new()) })
    }

    /// Targets of a rule by id.
    pub async fn list_targets_by_rule(&self, cx: &Context, input: ListTargetsByRuleInput) -> Result<ListTargetsByRuleOutput, Fault> {
        let name = RuleName::read(cx, input.event_bus_name.as_deref(), &input.rule);
        let targets = cx.store().read(|s| rule(s, &name))?.targets;
        let page = kit::pages::page(targets, |t| t.id.clone(), input.next_token.as_deref(), check::limit(input.limit), check::bad_token)?;
        Ok(ListTargetsByRuleOutput { targets: Some(page.items), next_token: page.next })
    }
}

async fn change(cx: &Context, name: &RuleName, f: impl FnOnce(&mut Vec<Target>) -> Result<(), Fault>) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let mut rule = rule(tx, name)?;
            f(&mut rule.targets)?;
            tx.put(&RULES, &name.bus.scope, &name.key(), &rule)
        })
        .await
}
