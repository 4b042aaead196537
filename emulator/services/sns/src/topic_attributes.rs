//! Attributes of topics: what was set, and what follows from the rest.

use crate::{Sns, arns, delivery_policy, model::*, state::*, topics};
use kit::{Context, Fault, policy};
use std::collections::BTreeMap;

/// Attributes that are stored, checked and given back without effect: they tell where delivery is logged, which nothing does here.
const FEEDBACK: [&str; 3] = ["SuccessFeedbackRoleArn", "FailureFeedbackRoleArn", "SuccessFeedbackSampleRate"];
const FEEDBACK_PROTOCOLS: [&str; 5] = ["HTTP", "Firehose", "Lambda", "Application", "SQS"];

impl Sns {
    /// All attributes.
    pub async fn get_topic_attributes(&self, cx: &Context, input: GetTopicAttributesInput) -> Result<GetTopicAttributesOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        let (topic, subscriptions) = cx.store().read(|s| {
            let topic = topic(s, &scope, &name)?;
            let subscriptions = subscriptions_of(s, &topic)?;
            Ok::<_, Fault>((topic, subscriptions))
        })?;
        let pending = subscriptions.iter().filter(|s| s.pending).count();
        let mut all = topic.attributes.clone();
        all.retain(|name, value| name != "DisplayName" && !(name == "FifoTopic" && value == "false"));
        all.insert("TopicArn".into(), input.topic_arn.clone());
        all.insert("Owner".into(), scope.account.to_string());
        all.insert("DisplayName".into(), topic.attributes.get("DisplayName").cloned().unwrap_or_default());
        all.insert("Policy".into(), topics::policy(&topic, &input.topic_arn));
        all.insert("SubscriptionsConfirmed".into(), (subscriptions.len() - pending).to_string());
        all.insert("SubscriptionsPending".into(), pending.to_string());
        all.insert("SubscriptionsDeleted".into(), topic.deleted.to_string());
        all.insert("EffectiveDeliveryPolicy".into(), delivery_policy::effective_of_topic(&topic).to_string());
        Ok(GetTopicAttributesOutput { attributes: Some(all) })
    }

    /// Sets one; an empty value takes it away.
    pub async fn set_topic_attributes(&self, cx: &Context, input: SetTopicAttributesInput) -> Result<SetTopicAttributesOutput, Fault> {
        let (scope, name) = arns::of_topic_here(cx, &input.topic_arn)?;
        let (attribute, value) = (input.attribute_name, input.attribute_value.unwrap_or_default());
        if attribute == "FifoTopic" {
            return Err(invalid("AttributeName"));
        }
        let given = checked(cx, &input.topic_arn, BTreeMap::from([(attribute, value)]));
        cx.store()
            .write(|tx| {
                let mut topic = topic(tx, &scope, &name)?;
                for (attribute, value) in given? {
                    if attribute == "ContentBasedDeduplication" && !topic.is_fifo() {
                        return Err(invalid("Content-based deduplication can only be set for FIFO topics"));
                    }
                    match value.is_empty() {
                        true => topic.attributes.remove(&attribute),
                        false => topic.attributes.insert(attribute, value),
                    };
                }
                tx.put(&TOPICS, &scope, &name, &topic)
            })
            .await?;
        Ok(SetTopicAttributesOutput {})
    }
}

/// Attributes that may be set on a topic, in the form in which they are kept.
pub(crate) fn checked(cx: &Context, arn: &str, given: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    given.into_iter().map(|(name, value)| one(cx, arn, &name, value).map(|value| (name, value))).collect()
}

fn one(cx: &Context, arn: &str, name: &str, value: String) -> Result<String, Fault> {
    let bad = |why: &str| invalid(format!("Attributes Reason: {name}: {why}"));
    match name {
        "DisplayName" if value.chars().count() <= 100 => Ok(value),
        "DisplayName" => Err(bad("Display Name must be at most 100 characters long")),
        "FifoTopic" | "ContentBasedDeduplication" => match value.to_ascii_lowercase().as_str() {
            lower @ ("true" | "false") => Ok(lower.to_owned()),
            _ => Err(bad(&format!("Invalid value [{value}]. Must be true or false."))),
        },
        "FifoThroughputScope" if matches!(value.as_str(), "Topic" | "MessageGroup") => Ok(value),
        "FifoThroughputScope" => Err(bad("must be Topic or MessageGroup")),
        "SignatureVersion" if matches!(value.as_str(), "1" | "2") => Ok(value),
        "SignatureVersion" => Err(invalid("SignatureVersion")),
        "TracingConfig" if matches!(value.as_str(), "PassThrough" | "Active") => {
            if value == "Active" {
                cx.warn("TracingConfig=Active has no effect: no segments are written");
            }
            Ok(value)
        }
        "TracingConfig" => Err(invalid("TracingConfig")),
        "Policy" if value.is_empty() => Ok(value),
        "Policy" => resource_policy(arn, value),
        "DeliveryPolicy" => delivery_policy::of_topic(&value),
        // The key itself is looked for when somebody publishes.
        "KmsMasterKeyId" => Ok(value),
        "ArchivePolicy" | "DataProtectionPolicy" if value.is_empty() => Ok(value),
        "ArchivePolicy" | "DataProtectionPolicy" => Err(refused(format!("the topic attribute {name}"))),
        other if is_feedback(other) => {
            cx.warn(format!("{other} has no effect: deliveries are in the journal, not in CloudWatch Logs"));
            Ok(value)
        }
        _ => Err(invalid("AttributeName")),
    }
}

fn is_feedback(name: &str) -> bool {
    FEEDBACK_PROTOCOLS.iter().any(|protocol| name.strip_prefix(protocol).is_some_and(|rest| FEEDBACK.contains(&rest)))
}

fn resource_policy(arn: &str, text: String) -> Result<String, Fault> {
    if text.len() > 30_720 {
        return Err(invalid("Policy Error: policy is longer than 30720 bytes"));
    }
    let document = policy::Document::parse(&text, policy::DocumentKind::Resource).map_err(|_| invalid("Policy Error: null"))?;
    drop(document);
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|_| invalid("Policy Error: null"))?;
    let elsewhere = |statement: &serde_json::Value| match &statement["Resource"] {
        serde_json::Value::String(one) => !covers(one, arn),
        serde_json::Value::Array(many) => !many.iter().any(|r| r.as_str().is_some_and(|r| covers(r, arn))),
        _ => true,
    };
    let statements = match &json["Statement"] {
        serde_json::Value::Array(many) => many.iter().collect(),
        one => vec![one],
    };
    match statements.into_iter().any(elsewhere) {
        true => Err(invalid("Policy statement resource must match the topic")),
        false => Ok(text),
    }
}

/// Whether a statement's resource can mean this topic.
fn covers(pattern: &str, arn: &str) -> bool {
    let (start, _) = pattern.split_once(['*', '?']).unwrap_or((pattern, ""));
    if start.len() == pattern.len() { pattern == arn } else { arn.starts_with(start) }
}
