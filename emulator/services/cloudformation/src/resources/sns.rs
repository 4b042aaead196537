//! Amazon SNS.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::SNS::Topic",
        made_by: Some(("sns", "CreateTopic")),
        properties: &[
            "ArchivePolicy",
            "ContentBasedDeduplication",
            "DisplayName",
            "FifoThroughputScope",
            "FifoTopic",
            "KmsMasterKeyId",
            "SignatureVersion",
            "Subscription",
            "Tags",
            "TopicName",
            "TracingConfig",
        ],
        attributes: &["TopicArn", "TopicName"],
        handler: &Topic,
    },
    Kind {
        name: "AWS::SNS::Subscription",
        made_by: Some(("sns", "Subscribe")),
        properties: &[
            "DeliveryPolicy",
            "Endpoint",
            "FilterPolicy",
            "FilterPolicyScope",
            "Protocol",
            "RawMessageDelivery",
            "RedrivePolicy",
            "ReplayPolicy",
            "SubscriptionRoleArn",
            "TopicArn",
        ],
        attributes: &["Arn"],
        handler: &Subscription,
    },
    Kind {
        name: "AWS::SNS::TopicPolicy",
        made_by: Some(("sns", "SetTopicAttributes")),
        properties: &["PolicyDocument", "Topics"],
        attributes: &["Id"],
        handler: &TopicPolicy,
    },
];

/// Properties of topics that are attributes of the same name.
const TOPIC_ATTRIBUTES: &[&str] = &[
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
];
/// Properties of subscriptions that are attributes of the same name. The scope comes before the policy, which is read in its light.
const SUBSCRIPTION_ATTRIBUTES: &[&str] =
    &["DeliveryPolicy", "FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy", "ReplayPolicy", "SubscriptionRoleArn"];

/// A property as the text of an attribute; `None` when absent.
fn text(value: &Json) -> Option<Json> {
    match value {
        Json::Null => None,
        Json::Bool(b) => Some(b.to_string().into()),
        other => Some(document(other)),
    }
}

fn attributes(job: &Job<'_>, names: &[&str]) -> Map<String, Json> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), text(job.get(name))?))).collect()
}

struct Topic;

impl Topic {
    fn made(arn: &str) -> Made {
        Made::new(arn).with("TopicArn", arn).with("TopicName", arn.rsplit(':').next().unwrap_or_default())
    }
    async fn subscribe(job: &Job<'_>, arn: &str, wanted: &Json) -> Result<(), Fault> {
        let input = json!({ "TopicArn": arn, "Protocol": wanted["Protocol"], "Endpoint": wanted["Endpoint"] });
        job.call("sns", "Subscribe", input).await.map(drop)
    }
    /// Ends the subscriptions of this endpoint and protocol.
    async fn unsubscribe(job: &Job<'_>, arn: &str, gone: &Json) -> Result<(), Fault> {
        let mut token = Json::Null;
        loop {
            let page = job.call("sns", "ListSubscriptionsByTopic", json!({ "TopicArn": arn, "NextToken": token })).await?;
            for found in page["Subscriptions"].as_array().into_iter().flatten() {
                let confirmed = found["SubscriptionArn"].as_str().is_some_and(|a| a.starts_with("arn:"));
                if confirmed && found["Endpoint"] == gone["Endpoint"] && found["Protocol"] == gone["Protocol"] {
                    job.call_gone("sns", "Unsubscribe", json!({ "SubscriptionArn": found["SubscriptionArn"] })).await?;
                }
            }
            token = page["NextToken"].clone();
            if token.is_null() {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl Handler for Topic {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut name = job.name("TopicName", 256);
        if job.get("FifoTopic") == &Json::Bool(true) && !name.ends_with(".fifo") {
            name = format!("{}.fifo", job.generated(251));
        }
        let arn = format!("arn:aws:sns:{}:{}:{name}", job.cx.region(), job.cx.account());
        // SNS answers an equal topic as if it had made it; a stack must not take what it did not make.
        if !job.again && job.call("sns", "GetTopicAttributes", json!({ "TopicArn": arn })).await.is_ok() {
            return Err(Fault::new(
                "AlreadyExists",
                400,
                format!("Resource of type 'AWS::SNS::Topic' with identifier '{arn}' already exists."),
            ));
        }
        let input = json!({ "Name": name, "Attributes": attributes(job, TOPIC_ATTRIBUTES), "Tags": job.tag_list("Tags") });
        job.call("sns", "CreateTopic", input).await?;
        for wanted in job.get("Subscription").as_array().into_iter().flatten() {
            Self::subscribe(job, &arn, wanted).await?;
        }
        Ok(Self::made(&arn))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let arn = job.physical();
        for name in TOPIC_ATTRIBUTES.iter().filter(|name| job.changed(name)) {
            // What goes away goes back to AWS's default.
            let value = text(job.get(name)).unwrap_or_else(|| match *name {
                "ContentBasedDeduplication" => "false".into(),
                "FifoThroughputScope" => "Topic".into(),
                "SignatureVersion" => "1".into(),
                "TracingConfig" => "PassThrough".into(),
                _ => "".into(),
            });
            job.call("sns", "SetTopicAttributes", json!({ "TopicArn": arn, "AttributeName": name, "AttributeValue": value })).await?;
        }
        let (before, after) = (job.was("Subscription"), job.get("Subscription"));
        let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
        for gone in list(before).iter().filter(|s| !list(after).contains(s)) {
            Self::unsubscribe(job, arn, gone).await?;
        }
        for wanted in list(after).iter().filter(|s| !list(before).contains(s)) {
            Self::subscribe(job, arn, wanted).await?;
        }
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("sns", "UntagResource", json!({ "ResourceArn": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
            job.call("sns", "TagResource", json!({ "ResourceArn": arn, "Tags": job.tag_list("Tags") })).await?;
        }
        Ok(Self::made(arn))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("sns", "DeleteTopic", json!({ "TopicArn": job.physical() })).await
    }
}

struct Subscription;

#[async_trait]
impl Handler for Subscription {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({
            "TopicArn": job.get("TopicArn"), "Protocol": job.get("Protocol"), "Endpoint": job.get("Endpoint"),
            "Attributes": attributes(job, SUBSCRIPTION_ATTRIBUTES), "ReturnSubscriptionArn": true,
        });
        let made = job.call("sns", "Subscribe", input).await?;
        let arn = made["SubscriptionArn"].as_str().unwrap_or_default();
        Ok(Made::new(arn).with("Arn", arn))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let arn = job.physical();
        let set = async |name: &str, value: Json| {
            let input = json!({ "SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value });
            job.call("sns", "SetSubscriptionAttributes", input).await.map(drop)
        };
        // A policy with depth can't stand under the scope of attributes, not even for a moment.
        if job.changed("FilterPolicyScope") && !job.was("FilterPolicy").is_null() {
            set("FilterPolicy", "".into()).await?;
        }
        for name in SUBSCRIPTION_ATTRIBUTES {
            let anew = *name == "FilterPolicy" && job.changed("FilterPolicyScope") && !job.get(name).is_null();
            if !job.changed(name) && !anew {
                continue;
            }
            let value = text(job.get(name)).unwrap_or_else(|| match *name {
                "RawMessageDelivery" => "false".into(),
                "FilterPolicyScope" => "MessageAttributes".into(),
                _ => "".into(),
            });
            set(name, value).await?;
        }
        Ok(Made::new(arn).with("Arn", arn))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("sns", "Unsubscribe", json!({ "SubscriptionArn": job.physical() })).await
    }
}

struct TopicPolicy;

impl TopicPolicy {
    async fn put(job: &Job<'_>) -> Result<(), Fault> {
        for topic in job.get("Topics").as_array().into_iter().flatten() {
            let input = json!({
                "TopicArn": topic, "AttributeName": "Policy", "AttributeValue": document(job.get("PolicyDocument")),
            });
            job.call("sns", "SetTopicAttributes", input).await?;
        }
        Ok(())
    }
    /// Gives the default policy back to topics that are no longer meant.
    async fn take(job: &Job<'_>, kept: &Json) -> Result<(), Fault> {
        let kept = kept.as_array().cloned().unwrap_or_default();
        for topic in job.was("Topics").as_array().into_iter().flatten().filter(|topic| !kept.contains(topic)) {
            let input = json!({ "TopicArn": topic, "AttributeName": "Policy", "AttributeValue": "" });
            job.call_gone("sns", "SetTopicAttributes", input).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for TopicPolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await?;
        let id = job.generated(255);
        Ok(Made::new(id.clone()).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::take(job, job.get("Topics")).await?;
        Self::put(job).await?;
        Ok(Made::new(job.physical()).with("Id", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        Self::take(job, &Json::Null).await
    }
}
