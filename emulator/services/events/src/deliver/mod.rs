//! Delivery: one task row for each event, rule and target. Tried again on the clock while that may help, then dead-lettered.

mod bus;
mod dead_letter;
mod failure;
mod input;
pub(crate) mod path;
mod send;

use crate::{EventBridge, metrics, model::Target};
use failure::{Exhausted, Failure};
use kit::store::{NewTask, TaskRow};
use kit::{Context, Fault, RecordKind, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The task of a delivery.
pub(crate) const KIND: &str = "deliver";

/// AWS's defaults, which are also the most that may be asked for.
const MOST_RETRIES: i32 = 185;
const MOST_AGE_SECS: i32 = 86_400;
/// Longest pause between attempts. Doubling up to it spreads 185 retries over AWS's 24 hours; AWS adds jitter, a replay must not.
const MOST_PAUSE_SECS: i128 = 480;

/// An event on its way to one target. The target is as it was when the event came.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Delivery {
    pub rule_arn: String,
    pub rule: String,
    #[serde(with = "wire::kept")]
    pub target: Target,
    /// The event, JSON.
    pub event: String,
    /// When it came; its age counts from here.
    pub taken: Timestamp,
    pub retries: u32,
    pub trace: Option<String>,
    pub forwarded: bool,
}

impl Delivery {
    /// Its task, due at once.
    pub fn task(&self, scope: &Scope) -> NewTask {
        NewTask::new(scope, "events", KIND, self)
    }
}

impl EventBridge {
    /// One attempt.
    pub(crate) async fn deliver(&self, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
        let delivery: Delivery = task.payload()?;
        let cx = match delivery.trace.as_deref().and_then(root_of) {
            Some(root) => cx.clone().with_trace(root),
            None => cx.clone(),
        };
        let result = self.attempt(&cx, &delivery).await;
        let outcome = result.as_ref().err().map_or("ok", |failure| failure.code);
        let detail = match &result {
            Ok(()) => json!({ "rule": delivery.rule_arn, "retries": delivery.retries }),
            Err(failure) => json!({ "rule": delivery.rule_arn, "retries": delivery.retries, "message": failure.message }),
        };
        cx.cloud().journal().write(&cx, RecordKind::Event, "events", "Deliver", &delivery.target.arn, outcome, detail);
        tell(&cx, &delivery, result.is_ok());
        match result {
            Ok(()) => Ok(()),
            Err(failure) => again_or_bury(&cx, task, delivery, failure).await,
        }
    }

    async fn attempt(&self, cx: &Context, delivery: &Delivery) -> Result<(), Failure> {
        cx.cloud().apply_faults("events", "Deliver", &delivery.target.arn).await.map_err(Failure::of)?;
        let payload = input::payload(delivery)?;
        self.send(cx, delivery, payload).await
    }
}

async fn again_or_bury(cx: &Context, task: &TaskRow, mut delivery: Delivery, failure: Failure) -> Result<(), Fault> {
    let policy = delivery.target.retry_policy.clone().unwrap_or_default();
    let most = policy.maximum_retry_attempts.unwrap_or(MOST_RETRIES).clamp(0, MOST_RETRIES) as u32;
    let age = policy.maximum_event_age_in_seconds.unwrap_or(MOST_AGE_SECS).clamp(60, MOST_AGE_SECS);
    let pause = (1i128 << delivery.retries.min(9)).min(MOST_PAUSE_SECS) * 1_000_000_000;
    let due = cx.now().plus_ns(pause);
    let exhausted = match () {
        _ if !failure.passing => Exhausted::No,
        _ if delivery.retries >= most => Exhausted::Retries,
        _ if due.unix_ns - delivery.taken.unix_ns > age as i128 * 1_000_000_000 => Exhausted::Age,
        _ => {
            delivery.retries += 1;
            let next = delivery.task(&task.scope).at(due).cause(cx.ids().number());
            return cx
                .store()
                .write(|tx| {
                    tx.cancel(&task.id);
                    tx.task(next);
                    Ok(())
                })
                .await;
        }
    };
    let letters = delivery.target.dead_letter_config.as_ref().and_then(|config| config.arn.as_ref());
    let lost: &[&str] = if letters.is_some() { &["FailedInvocations", "InvocationsSentToDlq"] } else { &["FailedInvocations"] };
    metrics::count(cx, metrics::bus_of(&delivery.rule_arn), &delivery.rule, lost);
    dead_letter::bury(cx, &delivery, &failure, exhausted).await
}

/// The first attempt is the invocation; the others are told as such.
fn tell(cx: &Context, delivery: &Delivery, ok: bool) {
    let mut counted = vec![if delivery.retries == 0 { "Invocations" } else { "RetryInvocationAttempts" }, "InvocationAttempts"];
    if ok {
        counted.push("SuccessfulInvocationAttempts");
    }
    metrics::count(cx, metrics::bus_of(&delivery.rule_arn), &delivery.rule, &counted);
}

/// The trace of an X-Ray header: `Root=1-...;Sampled=1`.
fn root_of(header: &str) -> Option<String> {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="))?;
    Some(root.to_owned())
}
