//! ARNs of topics and subscriptions, with AWS's sentences for texts that are none.

use crate::state::invalid;
use kit::{Arn, Context, Fault, Scope};

/// `arn:aws:sns:region:account:name`
pub(crate) fn topic(scope: &Scope, name: &str) -> String {
    format!("arn:aws:sns:{}:{}:{name}", scope.region, scope.account)
}

/// Scope and name in a topic's ARN.
pub(crate) fn of_topic(text: &str) -> Result<(Scope, String), Fault> {
    of_topic_named("TopicArn", text)
}

/// As [`of_topic`], for a parameter of another name.
pub(crate) fn of_topic_named(parameter: &str, text: &str) -> Result<(Scope, String), Fault> {
    elements(parameter, text)?;
    let arn = Arn::parse(text).filter(|arn| arn.service == "sns" && !arn.resource.contains([':', '/']));
    let arn = arn.ok_or_else(|| invalid(parameter))?;
    Ok((Scope::new(arn.account, arn.region), arn.resource.to_owned()))
}

/// Scope and name of a topic that must be of the region asked: an endpoint of SNS knows its own region only.
pub(crate) fn of_topic_here(cx: &Context, text: &str) -> Result<(Scope, String), Fault> {
    let (scope, name) = of_topic(text)?;
    match *scope.region == *cx.region() {
        true => Ok((scope, name)),
        false => Err(invalid("TopicArn")),
    }
}

/// Refuses what can't be the ARN of a subscription.
pub(crate) fn check_subscription(text: &str) -> Result<(), Fault> {
    elements("SubscriptionArn", text)?;
    let parts = text.split(':').count();
    match parts == 7 && Arn::parse(text).is_some_and(|arn| arn.service == "sns") {
        true => Ok(()),
        false => Err(invalid("SubscriptionId")),
    }
}

/// The account in an ARN, where it has one.
pub(crate) fn account(text: &str) -> Option<&str> {
    Arn::parse(text).map(|arn| arn.account).filter(|account| !account.is_empty())
}

/// The topic's ARN in a subscription's.
pub(crate) fn topic_of_subscription(text: &str) -> &str {
    text.rsplit_once(':').map_or(text, |(topic, _)| topic)
}

fn elements(parameter: &str, text: &str) -> Result<(), Fault> {
    let elements = text.split(':').count();
    match elements < 6 {
        true => Err(invalid(format!("{parameter} Reason: An ARN must have at least 6 elements, not {elements}"))),
        false => Ok(()),
    }
}
