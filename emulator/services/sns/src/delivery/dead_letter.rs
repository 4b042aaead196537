//! The end of deliveries that failed for good: the subscription's dead-letter queue, or the journal alone.

use super::{Attempt, Outcome, outcome_of, target};
use crate::Sns;
use kit::{Context, Fault, RecordKind};
use serde_json::json;

/// How long until a dead-letter queue that can't be reached now is tried again.
const AGAIN_SECS: i128 = 20;

/// Sends the message to the dead-letter queue as the subscription would have had it. Seconds to wait where that has to be tried again.
pub(super) async fn bury(sns: &Sns, cx: &Context, attempt: &Attempt, why: &Fault) -> Option<i128> {
    let subscription = &attempt.subscription;
    let told = |resource: &str, outcome: &str, message: &str| {
        let detail = json!({ "subscription": subscription.arn, "messageId": attempt.message.id, "message": message, "after": why.code });
        cx.cloud().journal().write(cx, RecordKind::Event, "sns", "DeadLetter", resource, outcome, detail);
    };
    let Some(queue) = subscription.dead_letter_queue() else {
        told(&subscription.endpoint, "Lost", "the delivery failed for good, and the subscription has no RedrivePolicy");
        return None;
    };
    const FAILED: &str = "NumberOfNotificationsFailedToRedriveToDlq";
    match outcome_of(target::to_queue(sns, cx, attempt, &queue).await) {
        Outcome::Delivered => {
            told(&queue, "ok", "");
            attempt.count(cx, "NumberOfNotificationsRedrivenToDlq");
        }
        Outcome::Never(fault) => {
            told(&queue, &fault.code, &fault.message);
            attempt.count(cx, FAILED);
        }
        Outcome::Later(fault) => {
            told(&queue, &fault.code, &fault.message);
            attempt.count(cx, FAILED);
            return Some(AGAIN_SECS);
        }
    }
    None
}
