//! Attributes of subscriptions, checked with AWS's sentences.

use crate::{Error, Sns, arns, delivery_policy, model::*, state::*};
use kit::{
    Arn, Context, Fault, Read,
    filters::{Dialect, Filter, Invalid},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most values that a filter policy may multiply to, and most keys of it.
const MOST_COMBINATIONS: u64 = 150;
const MOST_KEYS: usize = 5;
/// Filter policies of one topic.
pub(crate) const MOST_POLICIES: usize = 200;

impl Sns {
    /// All attributes.
    pub async fn get_subscription_attributes(
        &self,
        cx: &Context,
        input: GetSubscriptionAttributesInput,
    ) -> Result<GetSubscriptionAttributesOutput, Fault> {
        arns::check_subscription(&input.subscription_arn)?;
        let (subscription, topic) = cx.store().read(|s| {
            let subscription = subscription(s, &input.subscription_arn)?;
            belongs(cx, &[&subscription.owner])?;
            let (scope, name) = arns::of_topic(&subscription.topic_arn)?;
            let topic = s.get(&TOPICS, &scope, &name)?.filter(|topic| topic.id == subscription.topic_id);
            Ok::<_, Fault>((subscription, topic))
        })?;
        Ok(GetSubscriptionAttributesOutput { attributes: Some(shown(&subscription, topic.as_ref())) })
    }

    /// Sets one; an empty value takes policies away.
    pub async fn set_subscription_attributes(
        &self,
        cx: &Context,
        input: SetSubscriptionAttributesInput,
    ) -> Result<SetSubscriptionAttributesOutput, Fault> {
        arns::check_subscription(&input.subscription_arn)?;
        let (name, value) = (input.attribute_name, input.attribute_value.unwrap_or_default());
        cx.store()
            .write(|tx| {
                let mut kept = subscription(tx, &input.subscription_arn)?;
                belongs(cx, &[&kept.owner])?;
                let value = one(cx, &kept, &name, value).map_err(Reason::alone)?;
                if name == "FilterPolicy" && !value.is_empty() && kept.attribute("FilterPolicy").is_none() {
                    room_for_policy(tx, &kept.topic_id)?;
                }
                set(&mut kept, name, value);
                scope_fits(&kept)?;
                tx.put(&SUBSCRIPTIONS, &everywhere(), &input.subscription_arn, &kept)
            })
            .await?;
        Ok(SetSubscriptionAttributesOutput {})
    }
}

fn shown(subscription: &StoredSubscription, topic: Option<&StoredTopic>) -> BTreeMap<String, String> {
    let mut all = subscription.attributes.clone();
    if !all.contains_key("FilterPolicy") {
        all.remove("FilterPolicyScope");
    } else {
        all.entry("FilterPolicyScope".into()).or_insert_with(|| "MessageAttributes".into());
    }
    all.entry("RawMessageDelivery".into()).or_insert_with(|| "false".into());
    if matches!(subscription.protocol.as_str(), "http" | "https") {
        all.insert("EffectiveDeliveryPolicy".into(), delivery_policy::effective_of_subscription(topic, subscription).to_string());
    }
    let facts = [
        ("SubscriptionArn", subscription.arn.clone()),
        ("TopicArn", subscription.topic_arn.clone()),
        ("Owner", subscription.owner.clone()),
        ("Protocol", subscription.protocol.clone()),
        ("Endpoint", subscription.endpoint.clone()),
        ("SubscriptionPrincipal", subscription.principal.clone()),
        ("PendingConfirmation", subscription.pending.to_string()),
        ("ConfirmationWasAuthenticated", subscription.authenticated.to_string()),
    ];
    all.extend(facts.map(|(name, value)| (name.to_owned(), value)));
    all
}

/// Why an attribute is refused. Subscribe and SetSubscriptionAttributes introduce it differently.
pub(crate) enum Reason {
    /// With the attribute's name and a colon before it.
    Told(String),
    Whole(Fault),
}

impl Reason {
    fn alone(self) -> Fault {
        match self {
            Reason::Told(text) => invalid(text),
            Reason::Whole(fault) => fault,
        }
    }
    fn among_others(self) -> Fault {
        match self {
            Reason::Told(text) => invalid(format!("Attributes Reason: {text}")),
            Reason::Whole(fault) => fault,
        }
    }
}

/// The attributes of a new subscription, set on it.
pub(crate) fn set_all(cx: &Context, subscription: &mut StoredSubscription, given: BTreeMap<String, String>) -> Result<(), Fault> {
    for (name, value) in given {
        let value = one(cx, subscription, &name, value).map_err(Reason::among_others)?;
        set(subscription, name, value);
    }
    scope_fits(subscription)
}

/// Whether a topic may have one filter policy more.
pub(crate) fn room_for_policy(read: &impl Read, topic_id: &str) -> Result<(), Fault> {
    let all = read.by_index(&SUBSCRIPTIONS, &everywhere(), "topic", &(topic_id,));
    let mut with_policy = 0;
    for row in all {
        with_policy += usize::from(row?.1.attributes.contains_key("FilterPolicy"));
    }
    match with_policy < MOST_POLICIES {
        true => Ok(()),
        false => Err(Error::FilterPolicyLimitExceeded.says("Filter policy limit exceeded")),
    }
}

fn set(subscription: &mut StoredSubscription, name: String, value: String) {
    match value.is_empty() {
        true => subscription.attributes.remove(&name),
        false => subscription.attributes.insert(name, value),
    };
}

/// Whether scope and policy fit together: message attributes have no depth.
fn scope_fits(subscription: &StoredSubscription) -> Result<(), Fault> {
    let Some(policy) = subscription.attribute("FilterPolicy") else { return Ok(()) };
    let by_body = subscription.attribute("FilterPolicyScope") == Some("MessageBody");
    match !by_body && filter_of(policy).is_ok_and(|filter| filter.is_nested()) {
        true => Err(invalid("Filter policy scope MessageAttributes does not support nested filter policy")),
        false => Ok(()),
    }
}

/// The filter of a policy.
pub(crate) fn filter_of(policy: &str) -> Result<Filter, Invalid> {
    Filter::parse(policy, Dialect::Topics)
}

fn one(cx: &Context, subscription: &StoredSubscription, name: &str, value: String) -> Result<String, Reason> {
    let told = |text: String| Reason::Told(text);
    match name {
        "RawMessageDelivery" => match value.to_ascii_lowercase().as_str() {
            lower @ ("true" | "false") => Ok(lower.to_owned()),
            _ => Err(told(format!("RawMessageDelivery: Invalid value [{value}]. Must be true or false."))),
        },
        "FilterPolicyScope" if matches!(value.as_str(), "MessageBody" | "MessageAttributes") => Ok(value),
        "FilterPolicyScope" => {
            Err(told(format!("FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes")))
        }
        "FilterPolicy" if value.is_empty() => Ok(value),
        "FilterPolicy" => filter_policy(&value).map(|()| value).map_err(|why| told(format!("FilterPolicy: {why}"))),
        "RedrivePolicy" if value.is_empty() => Ok(value),
        "RedrivePolicy" => redrive_policy(subscription, &value).map(|()| value).map_err(|why| told(format!("RedrivePolicy: {why}"))),
        "DeliveryPolicy" => delivery_policy::of_subscription(&value).map_err(Reason::Whole),
        "SubscriptionRoleArn" => {
            cx.warn("SubscriptionRoleArn has no effect: only deliveries to Firehose use it, and there are none here");
            Ok(value)
        }
        "ReplayPolicy" => Err(Reason::Whole(refused("the replay of archived messages (ReplayPolicy)"))),
        _ => Err(told("AttributeName".into())),
    }
}

fn filter_policy(text: &str) -> Result<(), String> {
    let filter = filter_of(text).map_err(|why| if why.syntax { unreadable(&why) } else { why.sentence(text) })?;
    if filter.keys() > MOST_KEYS {
        return Err(format!("Filter policy can not have more than {MOST_KEYS} keys"));
    }
    match filter.combinations() > MOST_COMBINATIONS {
        true => Err("Filter policy is too complex".into()),
        false => Ok(()),
    }
}

/// As AWS tells that a text is no JSON; it does not quote the text there.
fn unreadable(why: &Invalid) -> String {
    let place = why.place.map_or(String::new(), |p| {
        format!(
            "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]",
            p.line, p.column
        )
    });
    format!("failed to parse JSON. {}{place}", why.reason)
}

fn redrive_policy(subscription: &StoredSubscription, text: &str) -> Result<(), String> {
    let policy: Value = match serde_json::from_str(text) {
        Ok(policy) => policy,
        // The filters' reader names the place where AWS's reader gives up.
        Err(_) => {
            let why = filter_of(text).err().filter(|why| why.syntax);
            return Err(why.map_or("failed to parse JSON.".to_owned(), |why| unreadable(&why)));
        }
    };
    let target = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
    if policy.as_object().is_none_or(|p| p.keys().any(|name| name != "deadLetterTargetArn")) {
        return Err("only deadLetterTargetArn may stand in it".into());
    }
    if Arn::parse(target).is_none_or(|arn| arn.service != "sqs" || arn.account.is_empty()) {
        return Err("deadLetterTargetArn is an invalid arn".into());
    }
    let all_fifo = subscription.topic_arn.ends_with(".fifo") && subscription.endpoint.ends_with(".fifo");
    if all_fifo && !target.ends_with(".fifo") {
        return Err("must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.".into());
    }
    Ok(())
}
