//! Subscriptions: made, ended, listed.

use crate::{
    Sns, arns, confirmation, delivery,
    model::*,
    state::*,
    subscription_attributes as attributes,
    topics::{PAGE, bad_token},
};
use kit::{Arn, Context, Fault, Read, Tx};

impl Sns {
    /// Subscribes an endpoint. The same endpoint with the same attributes answers the subscription that is there.
    pub async fn subscribe(&self, cx: &Context, input: SubscribeInput) -> Result<SubscribeOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        let endpoint = input.endpoint.unwrap_or_default();
        let given = input.attributes.unwrap_or_default();
        let subscription = cx
            .store()
            .write(|tx| {
                let topic = topic(tx, &scope, &name)?;
                check_endpoint(&input.topic_arn, &input.protocol, &endpoint)?;
                let mut new = StoredSubscription {
                    arn: format!("{}:{}", input.topic_arn, cx.ids().uuid()),
                    topic_arn: input.topic_arn.clone(),
                    topic_id: topic.id.clone(),
                    owner: cx.account().to_owned(),
                    region: cx.region().to_owned(),
                    protocol: input.protocol.clone(),
                    endpoint: endpoint.clone(),
                    principal: cx.principal().arn(),
                    created: cx.now(),
                    ..StoredSubscription::default()
                };
                let wanted: Vec<String> = given.keys().cloned().collect();
                attributes::set_all(cx, &mut new, given)?;
                if let Some(there) = same_endpoint(tx, &topic, &new)? {
                    return again(cx, tx, there, &new, &wanted);
                }
                if new.attributes.contains_key("FilterPolicy") {
                    attributes::room_for_policy(tx, &topic.id)?;
                }
                new.pending = needs_confirmation(cx, &new);
                new.authenticated = !new.pending;
                if new.pending {
                    confirmation::ask(cx, tx, &mut new);
                }
                tx.put(&SUBSCRIPTIONS, &everywhere(), &new.arn, &new)?;
                Ok(new)
            })
            .await?;
        warn_of_silence(cx, &subscription);
        let shown = match subscription.pending && input.return_subscription_arn != Some(true) {
            true => "pending confirmation".to_owned(),
            false => subscription.arn,
        };
        Ok(SubscribeOutput { subscription_arn: Some(shown) })
    }

    /// Ends a subscription; one that is not there is fine.
    pub async fn unsubscribe(&self, cx: &Context, input: UnsubscribeInput) -> Result<UnsubscribeOutput, Fault> {
        arns::check_subscription(&input.subscription_arn)?;
        cx.store()
            .write(|tx| {
                if let Some(there) = tx.get(&SUBSCRIPTIONS, &everywhere(), &input.subscription_arn)? {
                    belongs(cx, &[&there.owner, arns::account(&there.topic_arn).unwrap_or_default()])?;
                }
                end(tx, &input.subscription_arn).map(drop)
            })
            .await?;
        Ok(UnsubscribeOutput {})
    }

    /// The account's subscriptions in the region.
    pub async fn list_subscriptions(&self, cx: &Context, input: ListSubscriptionsInput) -> Result<ListSubscriptionsOutput, Fault> {
        let mine: Vec<StoredSubscription> = cx.store().read(|s| {
            let rows = s.by_index(&SUBSCRIPTIONS, &everywhere(), "owner", &(cx.account(), cx.region()));
            rows.map(|row| row.map(|(_, s)| s)).collect::<Result<_, _>>()
        })?;
        let page = kit::pages::page(mine, |s| s.arn.clone(), input.next_token.as_deref(), PAGE, bad_token)?;
        Ok(ListSubscriptionsOutput { subscriptions: Some(page.items.iter().map(shown).collect()), next_token: page.next })
    }

    /// A topic's subscriptions.
    pub async fn list_subscriptions_by_topic(
        &self,
        cx: &Context,
        input: ListSubscriptionsByTopicInput,
    ) -> Result<ListSubscriptionsByTopicOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        let all = cx.store().read(|s| subscriptions_of(s, &topic(s, &scope, &name)?))?;
        let page = kit::pages::page(all, |s| s.arn.clone(), input.next_token.as_deref(), PAGE, bad_token)?;
        Ok(ListSubscriptionsByTopicOutput { subscriptions: Some(page.items.iter().map(shown).collect()), next_token: page.next })
    }
}

fn shown(subscription: &StoredSubscription) -> Subscription {
    Subscription {
        subscription_arn: Some(subscription.shown_arn()),
        owner: Some(subscription.owner.clone()),
        protocol: Some(subscription.protocol.clone()),
        endpoint: Some(subscription.endpoint.clone()),
        topic_arn: Some(subscription.topic_arn.clone()),
    }
}

/// Takes a subscription out of its topic; the one that was there.
pub(crate) fn end(tx: &mut Tx<'_>, arn: &str) -> Result<Option<StoredSubscription>, Fault> {
    let Some(gone) = tx.delete(&SUBSCRIPTIONS, &everywhere(), &arn.to_owned())? else { return Ok(None) };
    delivery::forget_pace(tx, arn)?;
    let (scope, name) = arns::of_topic(&gone.topic_arn)?;
    if let Some(mut topic) = tx.get(&TOPICS, &scope, &name)?.filter(|topic| topic.id == gone.topic_id) {
        topic.deleted += 1;
        tx.put(&TOPICS, &scope, &name, &topic)?;
    }
    Ok(Some(gone))
}

fn same_endpoint(tx: &Tx<'_>, topic: &StoredTopic, new: &StoredSubscription) -> Result<Option<StoredSubscription>, Fault> {
    let key = (topic.id.as_str(), new.protocol.as_str(), new.endpoint.as_str());
    Ok(tx.by_index(&SUBSCRIPTIONS, &everywhere(), "endpoint", &key).first()?.map(|(_, s)| s))
}

/// Subscribe for an endpoint that is subscribed: the attributes given must be as they are; one that waits is asked again.
fn again(
    cx: &Context,
    tx: &mut Tx<'_>,
    mut there: StoredSubscription,
    new: &StoredSubscription,
    wanted: &[String],
) -> Result<StoredSubscription, Fault> {
    let default = |name: &str| match name {
        "RawMessageDelivery" => "false",
        "FilterPolicyScope" => "MessageAttributes",
        _ => "",
    };
    let value = |s: &StoredSubscription, name: &str| s.attribute(name).unwrap_or(default(name)).to_owned();
    if wanted.iter().any(|name| value(&there, name) != value(new, name)) {
        return Err(invalid("Attributes Reason: Subscription already exists with different attributes"));
    }
    if there.pending {
        confirmation::ask(cx, tx, &mut there);
        tx.put(&SUBSCRIPTIONS, &everywhere(), &there.arn, &there)?;
    }
    Ok(there)
}

fn check_endpoint(topic_arn: &str, protocol: &str, endpoint: &str) -> Result<(), Fault> {
    let arn = Arn::parse(endpoint).filter(|arn| !arn.region.is_empty() && !arn.account.is_empty());
    match protocol {
        "sqs" if arn.is_none_or(|arn| arn.service != "sqs" || arn.resource.contains([':', '/'])) => Err(invalid("SQS endpoint ARN")),
        "sqs" if endpoint.ends_with(".fifo") && !topic_arn.ends_with(".fifo") => {
            Err(invalid("Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"))
        }
        "sqs" => Ok(()),
        "lambda" | "http" | "https" | "email" | "email-json" if topic_arn.ends_with(".fifo") => {
            Err(invalid(format!("Invalid parameter: Endpoint Reason: FIFO topics deliver to SQS queues only, not by {protocol}")))
        }
        "lambda" if arn.is_none_or(|arn| arn.service != "lambda" || !arn.resource.starts_with("function:")) => {
            Err(invalid("Lambda endpoint ARN"))
        }
        "lambda" => Ok(()),
        "http" | "https" => match endpoint.strip_prefix(protocol).is_some_and(|rest| rest.starts_with("://")) && endpoint.len() <= 2048 {
            true => Ok(()),
            false => Err(invalid("Endpoint must match the specified protocol")),
        },
        "email" | "email-json" => match endpoint.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')) {
            true => Ok(()),
            false => Err(invalid("Email address")),
        },
        "sms" if !is_phone(endpoint) => Err(crate::Error::InvalidParameter.says(format!("Invalid SMS endpoint: {endpoint}"))),
        "sms" | "application" | "firehose" => Err(refused(format!("subscriptions by {protocol}"))),
        other => Err(invalid(format!("Amazon SNS does not support this protocol string: {other}"))),
    }
}

/// E.164, with the signs that AWS lets stand between digits.
fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let clean = text.strip_prefix('+').unwrap_or(text);
    let separated = clean.as_bytes().windows(2).all(|pair| pair[0].is_ascii_digit() || pair[1].is_ascii_digit());
    let allowed = clean.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'/'));
    allowed
        && separated
        && (7..=15).contains(&digits)
        && [clean.bytes().next(), clean.bytes().last()].iter().flatten().all(u8::is_ascii_digit)
}

/// Queues and functions of the caller's own account are confirmed by the call itself.
fn needs_confirmation(cx: &Context, subscription: &StoredSubscription) -> bool {
    match subscription.protocol.as_str() {
        "lambda" => false,
        "sqs" => arns::account(&subscription.endpoint) != Some(cx.account()),
        _ => true,
    }
}

/// Says what will not be delivered, as soon as it can be known.
fn warn_of_silence(cx: &Context, subscription: &StoredSubscription) {
    match subscription.protocol.as_str() {
        "email" | "email-json" => cx.warn("no email is sent: the subscription waits; its token is in the journal (sns Confirm)"),
        "http" | "https" => {
            if let Err(why) = delivery::is_local(&subscription.endpoint) {
                cx.warn(format!("deliveries to {} will fail: {why}", subscription.endpoint));
            }
        }
        _ => {}
    }
}
