//! EnableRule and DisableRule. A disabled rule takes no event, and its schedule stands.

use crate::{EventBridge, model::*, names::RuleName, schedule, state::*};
use kit::{Context, Fault};

impl EventBridge {
    /// Switches a rule on.
    pub async fn enable_rule(&self, cx: &Context, input: EnableRuleInput) -> Result<EnableRuleOutput, Fault> {
        switch(cx, RuleName::read(cx, input.event_bus_name.as_deref(), &input.name), true).await?;
        Ok(EnableRuleOutput {})
    }
    /// Switches a rule off.
    pub async fn disable_rule(&self, cx: &Context, input: DisableRuleInput) -> Result<DisableRuleOutput, Fault> {
        switch(cx, RuleName::read(cx, input.event_bus_name.as_deref(), &input.name), false).await?;
        Ok(DisableRuleOutput {})
    }
}

async fn switch(cx: &Context, name: RuleName, enabled: bool) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            let old = rule(tx, &name)?;
            if old.enabled == enabled {
                return Ok(());
            }
            let new = StoredRule { enabled, scheduled_from: cx.now(), ..old.clone() };
            tx.put(&RULES, &name.bus.scope, &name.key(), &new)?;
            schedule::plan(cx, tx, &name.bus.scope, Some(&old), &new)
        })
        .await
}
