//! The end of an event that could not be delivered: into the target's dead-letter queue with AWS's attributes, or gone. The journal tells.

use super::{Delivery, failure::Exhausted, failure::Failure, send};
use kit::{Context, Fault, RecordKind};
use serde_json::json;

/// Most characters of a message beside a dead letter.
const MOST_CHARS: usize = 1024;

/// Sends the event, as it came, to the dead-letter queue. What can't be sent there is lost, as on AWS.
pub(super) async fn bury(cx: &Context, delivery: &Delivery, failure: &Failure, exhausted: Exhausted) -> Result<(), Fault> {
    let Some(queue) = delivery.target.dead_letter_config.as_ref().and_then(|config| config.arn.as_deref()) else { return Ok(()) };
    let result = send_letter(cx, delivery, queue, failure, exhausted).await;
    let outcome = result.as_ref().err().map_or("ok", |fault| fault.code.as_ref());
    let message = result.as_ref().err().map(|fault| fault.message.as_str());
    let detail = json!({ "rule": delivery.rule_arn, "target": delivery.target.arn, "message": message });
    cx.cloud().journal().write(cx, RecordKind::Event, "events", "DeadLetter", queue, outcome, detail);
    Ok(())
}

async fn send_letter(cx: &Context, delivery: &Delivery, queue: &str, failure: &Failure, exhausted: Exhausted) -> Result<(), Fault> {
    let cx = cx.as_service("events.amazonaws.com", &delivery.rule_arn, cx.account());
    let grant = cx.grant(&send::owned("sqs:SendMessage", queue))?;
    let mut attributes = vec![
        ("RULE_ARN".to_owned(), delivery.rule_arn.clone()),
        ("TARGET_ARN".to_owned(), delivery.target.arn.clone()),
        ("ERROR_CODE".to_owned(), failure.code.to_owned()),
    ];
    if !failure.message.is_empty() {
        attributes.push(("ERROR_MESSAGE".to_owned(), failure.message.chars().take(MOST_CHARS).collect()));
    }
    if let Some(condition) = exhausted.name() {
        attributes.push(("EXHAUSTED_RETRY_CONDITION".to_owned(), condition.to_owned()));
    }
    attributes.push(("RETRY_ATTEMPTS:Number".to_owned(), delivery.retries.to_string()));
    cx.cloud().ports().queues()?.send(&cx, grant, queue, delivery.event.clone(), attributes).await.map(drop)
}
