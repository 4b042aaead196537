//! Delivery: one task for each message and subscription, with AWS's retries on the clock, then the dead-letter queue.
//!
//! A FIFO topic's messages stand in a row for each subscription and group, and one task works it off: what waits for a retry holds up what
//! comes after it.

mod dead_letter;
mod envelope;
mod http;
mod pace;
mod row;
mod target;

pub(crate) use envelope::{base_url, set_out};
pub(crate) use http::{Post, is_local};
pub(crate) use pace::forget as forget_pace;
pub(crate) use row::run as run_row;

use crate::{Sns, delivery_policy, state::*};
use kit::{
    Context, Fault, Read, RecordKind, Scope, Tx,
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};

/// The principal under which SNS delivers.
const PRINCIPAL: &str = "sns.amazonaws.com";

/// A message for a subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Delivery {
    message: String,
    subscription: String,
}

/// How an attempt ended.
enum Outcome {
    Delivered,
    /// May succeed later: the other side was down or busy.
    Later(Fault),
    /// Will never succeed: the target is gone or says no.
    Never(Fault),
}

/// What is needed to try.
struct Attempt {
    message: StoredMessage,
    subscription: StoredSubscription,
    topic: Option<StoredTopic>,
}

/// Writes the row for one delivery.
pub(crate) fn queue(
    cx: &Context,
    tx: &mut Tx<'_>,
    scope: &Scope,
    topic: &StoredTopic,
    subscription: &StoredSubscription,
    message: &StoredMessage,
) -> Result<(), Fault> {
    if topic.is_fifo() {
        return row::append(cx, tx, scope, subscription, message);
    }
    let delivery = Delivery { message: message.id.clone(), subscription: subscription.arn.clone() };
    let task = NewTask::new(scope, "sns", "deliver", &delivery).cause(cx.cause());
    let task = match pace::due(cx, tx, topic, subscription)? {
        Some(due) => task.at(due),
        None => task,
    };
    tx.task(task);
    Ok(())
}

/// The task of one delivery.
pub(crate) async fn run(sns: &Sns, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let delivery: Delivery = task.payload()?;
    let Some(attempt) = load(sns, cx, &delivery.message, &delivery.subscription).await? else {
        return cx.store().write(|tx| finish(tx, &delivery.message)).await;
    };
    let wait = match attempt.try_it(sns, cx, task.attempts).await {
        Outcome::Delivered => None,
        Outcome::Later(fault) => match attempt.wait_secs(task.attempts + 1) {
            Some(secs) => Some(secs),
            None => attempt.give_up(sns, cx, &fault).await,
        },
        Outcome::Never(fault) => attempt.give_up(sns, cx, &fault).await,
    };
    cx.store()
        .write(|tx| match wait {
            Some(secs) => {
                tx.retry(&task.id, cx.now().plus_ns(secs * 1_000_000_000));
                Ok(())
            }
            None => {
                tx.cancel(&task.id);
                finish(tx, &delivery.message)
            }
        })
        .await
}

/// One delivery less to wait for; the last takes the message away.
fn finish(tx: &mut Tx<'_>, message: &String) -> Result<(), Fault> {
    let Some(mut kept) = tx.get(&MESSAGES, &everywhere(), message)? else { return Ok(()) };
    kept.waiting = kept.waiting.saturating_sub(1);
    match kept.waiting {
        0 => tx.delete(&MESSAGES, &everywhere(), message).map(drop),
        _ => tx.put(&MESSAGES, &everywhere(), message, &kept),
    }
}

/// Message and subscription; `None` when one of them is gone, and with it the delivery.
async fn load(sns: &Sns, cx: &Context, message: &String, subscription: &String) -> Result<Option<Attempt>, Fault> {
    let found: Result<Option<Attempt>, Fault> = cx.store().read(|s| {
        let message = s.get(&MESSAGES, &everywhere(), message)?;
        let subscription = s.get(&SUBSCRIPTIONS, &everywhere(), subscription)?;
        let Some((message, subscription)) = message.zip(subscription) else { return Ok(None) };
        let (scope, name) = crate::arns::of_topic(&subscription.topic_arn)?;
        let topic = s.get(&TOPICS, &scope, &name)?.filter(|topic| topic.id == subscription.topic_id);
        Ok(Some(Attempt { message, subscription, topic }))
    });
    let Some(attempt) = found? else { return Ok(None) };
    let message = sns.data_keys.opened(cx, attempt.message).await?;
    Ok(Some(Attempt { message, ..attempt }))
}

impl Attempt {
    /// Tries once, as SNS acting because of the topic.
    async fn try_it(&self, sns: &Sns, cx: &Context, attempts: u32) -> Outcome {
        let cx = &self.as_sns(cx);
        let outcome = target::deliver(sns, cx, self).await;
        let (word, message) = match &outcome {
            Outcome::Delivered => ("ok", None),
            Outcome::Later(fault) | Outcome::Never(fault) => (&*fault.code, Some(&fault.message)),
        };
        let detail = serde_json::json!({
            "topic": self.subscription.topic_arn, "subscription": self.subscription.arn, "messageId": self.message.id,
            "attempt": attempts + 1, "message": message,
        });
        cx.cloud().journal().write(cx, RecordKind::Event, "sns", "Deliver", &self.subscription.endpoint, word, detail);
        match outcome {
            Outcome::Delivered => self.count(cx, "NumberOfNotificationsDelivered"),
            // HTTP counts every attempt that fails, the others the end of all attempts (AWS's documentation).
            _ if self.is_http() => self.count(cx, "NumberOfNotificationsFailed"),
            _ => {}
        }
        outcome
    }

    fn as_sns(&self, cx: &Context) -> Context {
        let account = crate::arns::account(&self.subscription.topic_arn).unwrap_or_default();
        cx.as_service(PRINCIPAL, &self.subscription.topic_arn, account).with_trace(self.message.trace.clone())
    }

    /// Seconds before a retry. AWS's own targets: 3 at once, 2 after a second, 10 backing off from 1 to 20 seconds, then every 20 seconds,
    /// 100,015 in all (AWS's documentation). HTTP: the delivery policy.
    fn wait_secs(&self, attempt: u32) -> Option<i128> {
        match self.subscription.protocol.as_str() {
            "sqs" | "lambda" => match attempt {
                1..=3 => Some(0),
                4..=5 => Some(1),
                6..=15 => Some(20f64.powf(f64::from(attempt - 6) / 9.0).round() as i128),
                16..=100_015 => Some(20),
                _ => None,
            },
            _ => delivery_policy::wait_secs(&delivery_policy::effective_of_subscription(self.topic.as_ref(), &self.subscription), attempt),
        }
    }

    /// The end of it: the dead-letter queue, if there is one. Seconds to wait where that queue can't be reached now.
    async fn give_up(&self, sns: &Sns, cx: &Context, why: &Fault) -> Option<i128> {
        if !self.is_http() {
            self.count(cx, "NumberOfNotificationsFailed");
        }
        dead_letter::bury(sns, &self.as_sns(cx), self, why).await
    }

    fn is_http(&self) -> bool {
        self.subscription.protocol.starts_with("http")
    }

    /// Counts something of the topic.
    fn count(&self, cx: &Context, metric: &str) {
        if let Ok((scope, name)) = crate::arns::of_topic(&self.subscription.topic_arn) {
            crate::metrics::count(cx, &scope, &name, metric);
        }
    }
}

/// Posts once; the error says whether another attempt may help.
pub(crate) async fn post_once(cx: &Context, post: Post<'_>) -> Result<(), (Fault, bool)> {
    match http::post(cx, post).await {
        Outcome::Delivered => Ok(()),
        Outcome::Later(fault) => Err((fault, true)),
        Outcome::Never(fault) => Err((fault, false)),
    }
}

/// Whether a fault of another service may pass.
fn outcome_of(result: Result<(), Fault>) -> Outcome {
    match result {
        Ok(()) => Outcome::Delivered,
        Err(fault) if fault.code == "NotImplemented" => Outcome::Never(fault),
        Err(fault) if fault.status >= 500 || fault.status == 429 || fault.code.contains("Throttl") => Outcome::Later(fault),
        Err(fault) => Outcome::Never(fault),
    }
}
