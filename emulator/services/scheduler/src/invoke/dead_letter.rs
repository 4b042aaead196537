//! The end of an invocation that could not be made: into the dead-letter queue with AWS's attributes, sent by the schedule's role, or gone.

use super::{Exhausted, Invocation, assume, payload::payload, send::owned};
use kit::{Context, Fault, RecordKind};
use serde_json::json;

/// Most characters of a message beside a dead letter.
const MOST_CHARS: usize = 1024;

/// Sends what the target should have got to the dead-letter queue. What can't be sent there is lost, as on AWS; the journal tells.
pub(super) async fn bury(cx: &Context, invocation: &Invocation, fault: &Fault, why: Exhausted) {
    let config = invocation.schedule.target.dead_letter_config.as_ref();
    let Some(queue) = config.and_then(|config| config.arn.as_deref()) else { return };
    let result = send_letter(cx, invocation, queue, fault, why).await;
    let outcome = result.as_ref().err().map_or("ok", |fault| fault.code.as_ref());
    let message = result.as_ref().err().map(|fault| fault.message.as_str());
    let detail = json!({ "schedule": invocation.arn, "message": message });
    cx.cloud().journal().write(cx, RecordKind::Event, "scheduler", "DeadLetter", queue, outcome, detail);
}

async fn send_letter(cx: &Context, invocation: &Invocation, queue: &str, fault: &Fault, why: Exhausted) -> Result<(), Fault> {
    let role = assume(cx, &invocation.schedule).await?;
    let grant = role.grant(&owned("sqs:SendMessage", queue))?;
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut attributes = vec![
        text("SCHEDULE_ARN", &invocation.arn),
        text("TARGET_ARN", &invocation.schedule.target.arn),
        text("EXECUTION_ID", &invocation.execution_id),
        text("SCHEDULED_TIME", &kit::time::iso_secs(invocation.scheduled)),
        text("ERROR_CODE", &fault.code),
        text("RETRY_ATTEMPTS", &invocation.retries.to_string()),
        text("IS_PAYLOAD_TRUNCATED", "false"),
    ];
    if !fault.message.is_empty() {
        attributes.push(("ERROR_MESSAGE".to_owned(), fault.message.chars().take(MOST_CHARS).collect()));
    }
    match why {
        Exhausted::No => {}
        Exhausted::Retries => attributes.push(text("EXHAUSTED_RETRY_CONDITION", "MaximumRetryAttempts")),
        Exhausted::Age => attributes.push(text("EXHAUSTED_RETRY_CONDITION", "MaximumEventAgeInSeconds")),
    }
    role.cloud().ports().queues()?.send(&role, grant, queue, payload(cx, invocation), attributes).await.map(drop)
}
