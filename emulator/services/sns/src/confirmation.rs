//! Confirmation: endpoints that have to say yes get a token; the link in the message, or ConfirmSubscription, brings it back.

use crate::{
    Error, Sns, arns,
    delivery::{self, Post},
    model::*,
    state::*,
    subscriptions,
};
use kit::{
    Context, Fault, Need, Read, RecordKind, Tx,
    ports::QueueMessage,
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How long a token is good, and how long a subscription waits; AWS's documentation says two days.
const TOKEN_SECS: i128 = 2 * 24 * 3600;
/// Attempts to tell an endpoint, with 20 seconds between them.
const ATTEMPTS: u32 = 4;

/// A message about a subscription that its endpoint gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Notice {
    /// `SubscriptionConfirmation` or `UnsubscribeConfirmation`.
    kind: String,
    message_id: String,
    topic_arn: String,
    subscription_arn: String,
    protocol: String,
    endpoint: String,
    token: String,
}

impl Sns {
    /// Confirms a subscription by its token, for a caller who has signed.
    pub async fn confirm_subscription(&self, cx: &Context, input: ConfirmSubscriptionInput) -> Result<ConfirmSubscriptionOutput, Fault> {
        let guarded = input.authenticate_on_unsubscribe.as_deref().is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let arn = confirm(cx, &input.topic_arn, &input.token, Some(guarded)).await?;
        Ok(ConfirmSubscriptionOutput { subscription_arn: Some(arn) })
    }
}

/// Confirms; `signed` is `None` for a caller who has not signed, else whether only owners may end the subscription.
pub(crate) async fn confirm(cx: &Context, topic_arn: &str, token: &str, signed: Option<bool>) -> Result<String, Fault> {
    let (asked, _) = arns::of_topic(topic_arn).map_err(|_| invalid("Topic"))?;
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::InvalidParameter.says("Invalid token"));
    }
    cx.store()
        .write(|tx| {
            let found = tx.by_index(&SUBSCRIPTIONS, &everywhere(), "token", &(token,)).first()?;
            let mut subscription = match found {
                Some((_, subscription)) => subscription,
                None => revived(tx, token)?,
            };
            // AWS asks that the topic be of the same account and region; its name may even be wrong (recorded).
            let (scope, _) = arns::of_topic(&subscription.topic_arn)?;
            if scope != asked {
                return Err(invalid("Topic"));
            }
            if subscription.pending {
                subscription.pending = false;
                subscription.authenticated = signed.is_some();
                subscription.guarded = signed == Some(true);
            }
            tx.put(&SUBSCRIPTIONS, &everywhere(), &subscription.arn, &subscription)?;
            Ok(subscription.arn)
        })
        .await
}

/// A subscription that was ended by somebody who had not signed, back again.
fn revived(tx: &mut Tx<'_>, token: &str) -> Result<StoredSubscription, Fault> {
    let ended = tx.delete(&ENDED, &everywhere(), &token.to_owned())?.ok_or_else(|| invalid("Token"))?;
    let (scope, name) = arns::of_topic(&ended.topic_arn)?;
    let topic = topic(tx, &scope, &name)?;
    match topic.id == ended.topic_id {
        true => Ok(ended),
        false => Err(no_such_topic()),
    }
}

/// Gives a subscription a token and has its endpoint asked.
pub(crate) fn ask(cx: &Context, tx: &mut Tx<'_>, subscription: &mut StoredSubscription) {
    let token = cx.ids().hex(256);
    subscription.tokens.push(token.clone());
    // Whoever subscribes again and again shall not make the row grow.
    let surplus = subscription.tokens.len().saturating_sub(5);
    subscription.tokens.drain(..surplus);
    send(cx, tx, "SubscriptionConfirmation", subscription, token);
    let due = cx.now().plus_ns(TOKEN_SECS * 1_000_000_000);
    tx.cancel_keyed("sns", "forget-pending", &subscription.arn);
    let task = NewTask::new(cx.scope(), "sns", "forget-pending", &subscription.arn).at(due).key(subscription.arn.clone());
    tx.task(task.cause(cx.cause()));
}

/// Ends a subscription for a caller who has not signed: its endpoint is told, with a token that brings it back.
pub(crate) async fn unsubscribe_unsigned(cx: &Context, arn: &str) -> Result<(), Fault> {
    arns::check_subscription(arn)?;
    cx.store()
        .write(|tx| {
            let Some(there) = tx.get(&SUBSCRIPTIONS, &everywhere(), &arn.to_owned())? else { return Ok(()) };
            if there.guarded {
                return Err(Error::AuthorizationError.says(
                    "Unsubscribe requires a signed request of the topic's or the subscription's owner: it was confirmed with AuthenticateOnUnsubscribe",
                ));
            }
            subscriptions::end(tx, arn)?;
            let token = cx.ids().hex(256);
            send(cx, tx, "UnsubscribeConfirmation", &there, token.clone());
            tx.put(&ENDED, &everywhere(), &token, &there)?;
            let due = cx.now().plus_ns(TOKEN_SECS * 1_000_000_000);
            tx.task(NewTask::new(cx.scope(), "sns", "forget-ended", &token).at(due).cause(cx.cause()));
            Ok(())
        })
        .await
}

fn send(cx: &Context, tx: &mut Tx<'_>, kind: &str, subscription: &StoredSubscription, token: String) {
    let notice = Notice {
        kind: kind.to_owned(),
        message_id: cx.ids().uuid(),
        topic_arn: subscription.topic_arn.clone(),
        subscription_arn: subscription.arn.clone(),
        protocol: subscription.protocol.clone(),
        endpoint: subscription.endpoint.clone(),
        token,
    };
    tx.task(NewTask::new(cx.scope(), "sns", "confirm", &notice).cause(cx.cause()));
}

/// The task that tells an endpoint.
pub(crate) async fn run(sns: &Sns, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let notice: Notice = task.payload()?;
    let account = arns::account(&notice.topic_arn).unwrap_or_default();
    let cx = &cx.as_service("sns.amazonaws.com", &notice.topic_arn, account);
    let url = format!("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", delivery::base_url(cx), notice.topic_arn, notice.token);
    let result = tell(sns, cx, &notice, &url).await;
    let (outcome, message) = result.as_ref().err().map_or(("ok", None), |(fault, _)| (&*fault.code, Some(fault.message.as_str())));
    let detail = json!({
        "subscription": notice.subscription_arn, "type": notice.kind, "token": notice.token, "SubscribeURL": url, "message": message,
    });
    cx.cloud().journal().write(cx, RecordKind::Event, "sns", "Confirm", &notice.endpoint, outcome, detail);
    let again = matches!(result, Err((_, true))) && task.attempts + 1 < ATTEMPTS;
    if again {
        let due = cx.now().plus_ns(20_000_000_000);
        cx.store()
            .write(|tx| {
                tx.retry(&task.id, due);
                Ok(())
            })
            .await?;
    }
    Ok(())
}

/// Tells an endpoint; the error says whether another attempt may help.
async fn tell(sns: &Sns, cx: &Context, notice: &Notice, url: &str) -> Result<(), (Fault, bool)> {
    let body = envelope(sns, cx, notice, url).await.map_err(|fault| (fault, true))?;
    match notice.protocol.as_str() {
        "http" | "https" => {
            let post = Post {
                url: &notice.endpoint,
                body,
                content_type: "text/plain; charset=UTF-8".into(),
                kind: &notice.kind,
                message_id: &notice.message_id,
                topic_arn: &notice.topic_arn,
                // Recorded: the message that asks does not name the subscription, the one that tells of its end does.
                subscription_arn: (notice.kind == "UnsubscribeConfirmation").then_some(notice.subscription_arn.as_str()),
                raw: false,
            };
            delivery::post_once(cx, post).await
        }
        "sqs" => {
            let owner = arns::account(&notice.endpoint).unwrap_or_default();
            let grant = cx.grant(&Need::on("sqs:SendMessage", &notice.endpoint).owned_by(owner)).map_err(|fault| (fault, false))?;
            let queues = cx.cloud().ports().queues().map_err(|fault| (fault, false))?;
            let sent = queues.deliver(cx, grant, &notice.endpoint, QueueMessage { body, ..QueueMessage::default() }).await;
            sent.map(drop).map_err(|fault| {
                let later = fault.status >= 500;
                (fault, later)
            })
        }
        other => Err((refused(format!("messages by {other}")), false)),
    }
}

async fn envelope(sns: &Sns, cx: &Context, notice: &Notice, url: &str) -> Result<String, Fault> {
    let message = match notice.kind.as_str() {
        "SubscriptionConfirmation" => format!(
            "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
            notice.topic_arn
        ),
        _ => format!(
            "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
            notice.subscription_arn
        ),
    };
    let timestamp = kit::time::iso_millis(cx.now());
    let version = topic_by_arn(cx, &notice.topic_arn).and_then(|topic| topic.attributes.get("SignatureVersion").cloned());
    let fields = [
        ("Message", message.as_str()),
        ("MessageId", &notice.message_id),
        ("SubscribeURL", url),
        ("Timestamp", &timestamp),
        ("Token", &notice.token),
        ("TopicArn", &notice.topic_arn),
        ("Type", &notice.kind),
    ];
    let signed = sns.signers.sign(cx, version.as_deref().unwrap_or("1"), &fields).await?;
    Ok(delivery::set_out(&[
        ("Type", notice.kind.as_str().into()),
        ("MessageId", notice.message_id.as_str().into()),
        ("Token", notice.token.as_str().into()),
        ("TopicArn", notice.topic_arn.as_str().into()),
        ("Message", message.as_str().into()),
        ("SubscribeURL", url.into()),
        ("Timestamp", timestamp.as_str().into()),
        ("SignatureVersion", signed.version.into()),
        ("Signature", signed.signature.into()),
        ("SigningCertURL", signed.cert_url.into()),
    ]))
}

/// The task that forgets a subscription which nobody confirmed.
pub(crate) async fn forget_pending(cx: &Context, arn: String) -> Result<(), Fault> {
    cx.store()
        .write(|tx| match tx.get(&SUBSCRIPTIONS, &everywhere(), &arn)? {
            Some(there) if there.pending => tx.delete(&SUBSCRIPTIONS, &everywhere(), &arn).map(drop),
            _ => Ok(()),
        })
        .await
}

/// The task that forgets a subscription which nobody brought back.
pub(crate) async fn forget_ended(cx: &Context, token: String) -> Result<(), Fault> {
    cx.store().write(|tx| tx.delete(&ENDED, &everywhere(), &token).map(drop)).await
}
