//! What a target gets: the schedule's input with AWS's keywords in it filled, or the event that AWS sends where there is no input.

use super::Invocation;
use kit::Context;
use serde_json::json;

/// The text for the target.
pub(super) fn payload(cx: &Context, invocation: &Invocation) -> String {
    match &invocation.schedule.target.input {
        Some(input) => fill(input, invocation),
        None => event(cx, invocation),
    }
}

/// AWS's keywords with their values, in texts of JSON and elsewhere.
pub(super) fn fill(input: &str, invocation: &Invocation) -> String {
    let values = [
        ("<aws.scheduler.schedule-arn>", invocation.arn.clone()),
        ("<aws.scheduler.scheduled-time>", kit::time::iso_secs(invocation.scheduled)),
        ("<aws.scheduler.execution-id>", invocation.execution_id.clone()),
        ("<aws.scheduler.attempt-number>", (invocation.retries + 1).to_string()),
    ];
    values.iter().fold(input.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// The event of a schedule without input, as functions see it; its detail is a text.
fn event(cx: &Context, invocation: &Invocation) -> String {
    json!({
        "version": "0",
        "id": invocation.execution_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": cx.account(),
        "time": kit::time::iso_secs(invocation.scheduled),
        "region": cx.region(),
        "resources": [invocation.arn],
        "detail": "{}",
    })
    .to_string()
}
