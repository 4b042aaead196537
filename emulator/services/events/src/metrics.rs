//! What EventBridge tells CloudWatch of rules and their invocations: `AWS/Events`, by rule and in all.

use kit::Context;
use kit::ports::Measured;

/// Counts something of a rule. A rule of another bus than the default one is told with its bus, as AWS does.
pub(crate) fn count(cx: &Context, bus: &str, rule: &str, metrics: &[&str]) {
    let values: Vec<(&str, &str, f64)> = metrics.iter().map(|name| (*name, "Count", 1.0)).collect();
    let named = [("EventBusName", bus), ("RuleName", rule)];
    let own = if bus == crate::names::DEFAULT_BUS { &named[1..] } else { &named[..] };
    cx.measure(&Measured { namespace: "AWS/Events", under: &[&[], own], values: &values });
}

/// The bus of a rule's ARN: `rule/name` on the default bus, else `rule/bus/name`.
pub(crate) fn bus_of(rule_arn: &str) -> &str {
    let path = kit::Arn::parse(rule_arn).and_then(|arn| arn.after("rule/")).unwrap_or_default();
    path.rsplit_once('/').map_or(crate::names::DEFAULT_BUS, |(bus, _)| bus)
}
