//! Amazon SQS.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::SQS::Queue",
        made_by: Some(("sqs", "CreateQueue")),
        properties: &[
            "QueueName",
            "ContentBasedDeduplication",
            "DeduplicationScope",
            "DelaySeconds",
            "FifoQueue",
            "FifoThroughputLimit",
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "ReceiveMessageWaitTimeSeconds",
            "RedriveAllowPolicy",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "Tags",
            "VisibilityTimeout",
        ],
        attributes: &["Arn", "QueueName", "QueueUrl"],
        handler: &Queue,
    },
    Kind {
        name: "AWS::SQS::QueuePolicy",
        made_by: Some(("sqs", "SetQueueAttributes")),
        properties: &["PolicyDocument", "Queues"],
        attributes: &["Id"],
        handler: &QueuePolicy,
    },
];

/// A property under its attribute's name.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("FifoQueue", "FifoQueue"),
    ("ContentBasedDeduplication", "ContentBasedDeduplication"),
    ("DeduplicationScope", "DeduplicationScope"),
    ("FifoThroughputLimit", "FifoThroughputLimit"),
    ("DelaySeconds", "DelaySeconds"),
    ("KmsDataKeyReusePeriodSeconds", "KmsDataKeyReusePeriodSeconds"),
    ("KmsMasterKeyId", "KmsMasterKeyId"),
    ("MaximumMessageSize", "MaximumMessageSize"),
    ("MessageRetentionPeriod", "MessageRetentionPeriod"),
    ("ReceiveMessageWaitTimeSeconds", "ReceiveMessageWaitTimeSeconds"),
    ("RedriveAllowPolicy", "RedriveAllowPolicy"),
    ("RedrivePolicy", "RedrivePolicy"),
    ("SqsManagedSseEnabled", "SqsManagedSseEnabled"),
    ("VisibilityTimeout", "VisibilityTimeout"),
];

struct Queue;

impl Queue {
    fn attributes(job: &Job<'_>) -> Map<String, Json> {
        ATTRIBUTES
            .iter()
            .filter_map(|(property, attribute)| {
                let value = match job.get(property) {
                    Json::Null => return None,
                    // A queue is standard because it is not said to be FIFO.
                    Json::Bool(false) if *property == "FifoQueue" => return None,
                    Json::Number(n) => Json::String(n.to_string()),
                    Json::Bool(b) => Json::String(b.to_string()),
                    other => document(other),
                };
                Some(((*attribute).to_owned(), value))
            })
            .collect()
    }
    fn made(job: &Job<'_>, url: &str) -> Made {
        let name = url.rsplit('/').next().unwrap_or_default();
        let arn = format!("arn:aws:sqs:{}:{}:{name}", job.cx.region(), job.cx.account());
        Made::new(url).with("Arn", arn).with("QueueName", name).with("QueueUrl", url)
    }
}

#[async_trait]
impl Handler for Queue {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut name = job.name("QueueName", 80);
        if job.get("FifoQueue") == &Json::Bool(true) && !name.ends_with(".fifo") {
            name = format!("{}.fifo", job.generated(75));
        }
        // SQS answers an equal queue as if it had made it; a stack must not take what it did not make.
        if !job.again && job.call("sqs", "GetQueueUrl", json!({ "QueueName": name })).await.is_ok() {
            return Err(Fault::new(
                "AlreadyExists",
                400,
                format!("Resource of type 'AWS::SQS::Queue' with identifier '{name}' already exists."),
            ));
        }
        let made = job
            .call("sqs", "CreateQueue", json!({ "QueueName": name, "Attributes": Self::attributes(job), "tags": job.tag_map("Tags") }))
            .await?;
        Ok(Self::made(job, made["QueueUrl"].as_str().unwrap_or_default()))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut attributes = Self::attributes(job);
        attributes.remove("FifoQueue");
        // A property that goes away goes back to AWS's default.
        for (property, attribute) in ATTRIBUTES.iter().filter(|(p, _)| job.get(p).is_null() && !job.was(p).is_null()) {
            let default = match *property {
                "DelaySeconds" | "ReceiveMessageWaitTimeSeconds" => "0",
                "MaximumMessageSize" => "1048576",
                "MessageRetentionPeriod" => "345600",
                "VisibilityTimeout" => "30",
                "SqsManagedSseEnabled" => "true",
                "KmsDataKeyReusePeriodSeconds" => "300",
                "ContentBasedDeduplication" => "false",
                "DeduplicationScope" => "queue",
                "FifoThroughputLimit" => "perQueue",
                _ => "",
            };
            attributes.insert((*attribute).to_owned(), default.into());
        }
        let url = job.physical();
        if !attributes.is_empty() {
            job.call("sqs", "SetQueueAttributes", json!({ "QueueUrl": url, "Attributes": attributes })).await?;
        }
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("sqs", "UntagQueue", json!({ "QueueUrl": url, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_map("Tags").is_null() {
            job.call("sqs", "TagQueue", json!({ "QueueUrl": url, "Tags": job.tag_map("Tags") })).await?;
        }
        Ok(Self::made(job, url))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("sqs", "DeleteQueue", json!({ "QueueUrl": job.physical() })).await
    }
}

struct QueuePolicy;

impl QueuePolicy {
    async fn put(job: &Job<'_>) -> Result<(), Fault> {
        for queue in job.get("Queues").as_array().into_iter().flatten() {
            job.call(
                "sqs",
                "SetQueueAttributes",
                json!({ "QueueUrl": queue, "Attributes": { "Policy": document(job.get("PolicyDocument")) } }),
            )
            .await?;
        }
        Ok(())
    }
    async fn take(job: &Job<'_>, kept: &Json) -> Result<(), Fault> {
        let kept = kept.as_array().cloned().unwrap_or_default();
        for queue in job.was("Queues").as_array().into_iter().flatten().filter(|queue| !kept.contains(queue)) {
            job.call_gone("sqs", "SetQueueAttributes", json!({ "QueueUrl": queue, "Attributes": { "Policy": "" } })).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Handler for QueuePolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await?;
        let id = job.generated(255);
        Ok(Made::new(id.clone()).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::take(job, job.get("Queues")).await?;
        Self::put(job).await?;
        Ok(Made::new(job.physical()).with("Id", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        Self::take(job, &Json::Null).await
    }
}
