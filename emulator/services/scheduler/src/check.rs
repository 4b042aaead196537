//! What Scheduler refuses, and its sentences. Those for expressions are recorded; where AWS's own words aren't known, ours say what is wrong.

use crate::invoke::universal::Universal;
use crate::model::*;
use crate::{state::Schedule, zones};
use kit::schedules::Expression;
use kit::{Arn, Context, Fault};
use std::collections::BTreeMap;

const MOST_TAGS: usize = 50;
const MINUTE_NS: i128 = 60 * 1_000_000_000;

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Error::Validation.says(message)
}

/// The 501 for a part of an operation.
pub(crate) fn not_implemented(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} in EventBridge Scheduler."))
}

pub(crate) fn bad_token() -> Fault {
    invalid("Invalid NextToken.")
}

/// The length of a page.
pub(crate) fn limit(asked: Option<i32>) -> usize {
    asked.map_or(100, |n| n.clamp(1, 100) as usize)
}

/// Tags of a request as they are kept.
pub(crate) fn tags(given: Vec<Tag>) -> Result<BTreeMap<String, String>, Fault> {
    let tags: BTreeMap<String, String> = given.into_iter().map(|tag| (tag.key, tag.value)).collect();
    if tags.keys().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid("Tag keys that begin with aws: are reserved."));
    }
    count(&tags).map(|()| tags)
}

pub(crate) fn count(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    match tags.len() > MOST_TAGS {
        true => Err(Error::ServiceQuotaExceeded.says(format!("At most {MOST_TAGS} tags are allowed."))),
        false => Ok(()),
    }
}

/// An expression as Scheduler reads it. Its rates may have either form of the unit in either case (`rate(1 minutes)`), which EventBridge
/// refuses: of EventBridge's recorded refusals those are missing among Scheduler's.
pub(crate) fn expression(text: &str) -> Option<Expression> {
    Expression::parse(text).or_else(|| {
        let inner = text.strip_prefix("rate(")?.strip_suffix(')')?;
        let (number, unit) = inner.split_once(' ')?;
        let unit = unit.to_ascii_lowercase();
        let singular = unit.strip_suffix('s').unwrap_or(&unit);
        let plural = if number == "1" { "" } else { "s" };
        Expression::parse(&format!("rate({number} {singular}{plural})"))
    })
}

/// Refuses a schedule that can't run as it says. `old` is what it is to replace.
pub(crate) fn schedule(cx: &Context, new: &Schedule, old: Option<&Schedule>) -> Result<(), Fault> {
    let expression = expression(&new.expression).ok_or_else(|| invalid(format!("Invalid Schedule Expression {}.", new.expression)))?;
    let zone = zones::find(&new.zone).ok_or_else(|| invalid(format!("Invalid Schedule Expression Timezone {}.", new.zone)))?;
    window(&new.window)?;
    let moved = |old: &Schedule| old.start != new.start;
    if new.start.is_some_and(|start| start.plus_ns(5 * MINUTE_NS) < cx.now()) && old.is_none_or(moved) {
        return Err(invalid("The StartDate you specify cannot be earlier than 5 minutes ago."));
    }
    if let (Some(start), Some(end)) = (new.start, new.end)
        && end <= start
    {
        return Err(invalid("The EndDate you specify must come after the StartDate."));
    }
    if new.end.is_some_and(|end| end < cx.now()) {
        return Err(invalid("The EndDate you specify cannot be in the past."));
    }
    if matches!(expression, Expression::At(_)) && expression.next(cx.now(), cx.now(), &zone).is_none() && new.enabled {
        cx.warn("member ScheduleExpression names a moment that has passed: the schedule will not run");
    }
    target(cx, &new.target)
}

fn window(window: &FlexibleTimeWindow) -> Result<(), Fault> {
    match (window.mode, window.maximum_window_in_minutes) {
        (Some(FlexibleTimeWindowMode::Flexible), None) => {
            Err(invalid("MaximumWindowInMinutes is required when the Mode of FlexibleTimeWindow is FLEXIBLE."))
        }
        (Some(FlexibleTimeWindowMode::Off), Some(_)) => {
            Err(invalid("MaximumWindowInMinutes must not be given when the Mode of FlexibleTimeWindow is OFF."))
        }
        _ => Ok(()),
    }
}

/// Takes the targets that are called, and refuses the others by name.
fn target(cx: &Context, target: &Target) -> Result<(), Fault> {
    let unknown = || invalid(format!("Provided Arn is not in correct format: {}.", target.arn));
    let arn = Arn::parse(&target.arn).ok_or_else(unknown)?;
    parameters(target, arn.service)?;
    let known = match arn.service {
        "lambda" => arn.resource.starts_with("function:"),
        "events" => arn.resource.starts_with("event-bus/"),
        "sqs" | "sns" => true,
        "scheduler" => return universal(cx, target),
        _ => false,
    };
    match known {
        true => Ok(()),
        false => Err(not_implemented(&format!("templated targets of {} ({})", arn.service, target.arn))),
    }
}

fn universal(cx: &Context, target: &Target) -> Result<(), Fault> {
    let found = Universal::read(&target.arn).ok_or_else(|| invalid(format!("{} is not a universal target.", target.arn)))?;
    if found.reads() {
        return Err(invalid(format!("The operation {} only reads, which universal targets do not support.", found.operation)));
    }
    let Some(service) = cx.cloud().service(found.service) else {
        return Err(not_implemented(&format!("the service of the universal target {}", target.arn)));
    };
    if !service.schema().operations.iter().any(|operation| operation.name == found.operation) {
        return Err(not_implemented(&format!("the operation of the universal target {}", target.arn)));
    }
    let input = target.input.as_deref().unwrap_or("{}");
    match serde_json::from_str::<serde_json::Value>(input).is_ok_and(|input| input.is_object()) {
        true => Ok(()),
        false => Err(invalid("The Input of a universal target must be a JSON object.")),
    }
}

fn parameters(target: &Target, service: &str) -> Result<(), Fault> {
    let others = [
        ("EcsParameters", target.ecs_parameters.is_some()),
        ("KinesisParameters", target.kinesis_parameters.is_some()),
        ("SageMakerPipelineParameters", target.sage_maker_pipeline_parameters.is_some()),
        ("SqsParameters", target.sqs_parameters.is_some() && service != "sqs"),
        ("EventBridgeParameters", target.event_bridge_parameters.is_some() && service != "events"),
    ];
    if let Some((name, _)) = others.iter().find(|(_, given)| *given) {
        return Err(invalid(format!("{name} is not a parameter of the target {}.", target.arn)));
    }
    match service == "events" && target.event_bridge_parameters.is_none() {
        true => Err(invalid("EventBridgeParameters is required for an event bus as the target.")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_more_freely_than_by_eventbridge() {
        for good in ["rate(1 minutes)", "rate(10 minute)", "rate(10 MINUTES)", "rate(5 minutes)", "rate(1 day)", "cron(0 9 * * ? *)"] {
            assert!(expression(good).is_some(), "{good}");
        }
        // Recorded refusals.
        let bad = "cron(0 1 * * * *)|cron(7 20 * * NOT *)|cron(INVALID)|cron(0 dummy ? * MON-FRI *)|cron(71 8 1 * ? *)|cron()|rate(10 seconds)|\
                   rate(10 years)|rate()|rate(10)|rate(10 minutess)|rate(foo minutes)|rate(-10 minutes)|rate( 10 minutes )| rate(10 minutes)|\
                   at(2021-12-31T23:59:59Z)|at(2021-12-31)";
        for bad in bad.split('|') {
            assert_eq!(expression(bad), None, "{bad}");
        }
    }
}
