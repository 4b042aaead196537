//! From a bus to its rules: which of them take an event, and a task row for each of their targets.

use crate::{EventBridge, archives, deliver::Delivery, metrics, names::BusName, state::*};
use kit::{Context, Fault, Read, Scope, Tx};
use serde_json::Value;

/// An event that comes to a bus.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub event: Value,
    /// X-Ray header of whoever put it.
    pub trace: Option<String>,
    /// Another bus sent it here; AWS lets it go no further than one bus.
    pub forwarded: bool,
}

impl EventBridge {
    /// Hands an event to the rules of a bus and to its archives, inside the transaction of its cause.
    pub(crate) fn route(&self, cx: &Context, tx: &mut Tx<'_>, bus: &BusName, arrival: &Arrival) -> Result<(), Fault> {
        archives::keep(cx, tx, bus, &arrival.event, &self.patterns)?;
        self.replay(cx, tx, bus, arrival, &[])
    }

    /// Hands an event to those rules of a bus whose ARNs are listed, or to all.
    pub(crate) fn replay(&self, cx: &Context, tx: &mut Tx<'_>, bus: &BusName, arrival: &Arrival, only: &[String]) -> Result<(), Fault> {
        let rules: Vec<StoredRule> =
            tx.scan(&RULES, &bus.scope).prefix(&(bus.name.as_str(),)).map(|row| row.map(|(_, rule)| rule)).collect::<Result<_, _>>()?;
        for rule in rules.into_iter().filter(|rule| only.is_empty() || only.contains(&rule.arn(&bus.scope))) {
            let Some(pattern) = rule.pattern.as_deref().filter(|_| rule.enabled && !rule.targets.is_empty()) else { continue };
            if self.patterns.matches(pattern, &arrival.event)? {
                hand_over(cx, tx, &bus.scope, &rule, arrival);
            }
        }
        Ok(())
    }
}

/// Writes a task for each target of a rule.
pub(crate) fn hand_over(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, rule: &StoredRule, arrival: &Arrival) {
    let text = arrival.event.to_string();
    metrics::count(&cx.in_scope(scope.clone()), &rule.bus, &rule.name, &["MatchedEvents", "TriggeredRules"]);
    for target in &rule.targets {
        let delivery = Delivery {
            rule_arn: rule.arn(scope),
            rule: rule.name.clone(),
            target: target.clone(),
            event: text.clone(),
            taken: cx.now(),
            retries: 0,
            trace: arrival.trace.clone(),
            forwarded: arrival.forwarded,
        };
        tx.task(delivery.task(scope).cause(cx.ids().number()));
    }
}
