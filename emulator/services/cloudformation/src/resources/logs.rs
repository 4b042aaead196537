//! CloudWatch Logs: groups, streams, and policies on them.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Logs::LogGroup",
        made_by: Some(("logs", "CreateLogGroup")),
        properties: &["LogGroupName", "RetentionInDays", "LogGroupClass", "Tags"],
        attributes: &["Arn"],
        handler: &LogGroup,
    },
    Kind {
        name: "AWS::Logs::LogStream",
        made_by: Some(("logs", "CreateLogStream")),
        properties: &["LogGroupName", "LogStreamName"],
        attributes: &[],
        handler: &LogStream,
    },
    Kind {
        name: "AWS::Logs::ResourcePolicy",
        made_by: Some(("logs", "PutResourcePolicy")),
        properties: &["PolicyName", "PolicyDocument"],
        attributes: &[],
        handler: &ResourcePolicy,
    },
];

struct LogGroup;

impl LogGroup {
    fn arn(job: &Job<'_>, name: &str) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{name}", job.cx.region(), job.cx.account())
    }
    async fn retention(job: &Job<'_>, name: &str) -> Result<(), Fault> {
        match job.get("RetentionInDays") {
            Json::Null if job.was("RetentionInDays").is_null() => Ok(()),
            Json::Null => job.call("logs", "DeleteRetentionPolicy", json!({ "logGroupName": name })).await.map(drop),
            days => job.call("logs", "PutRetentionPolicy", json!({ "logGroupName": name, "retentionInDays": days })).await.map(drop),
        }
    }
    fn made(job: &Job<'_>, name: &str) -> Made {
        Made::new(name).with("Arn", format!("{}:*", Self::arn(job, name)))
    }
}

#[async_trait]
impl Handler for LogGroup {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("LogGroupName", 512);
        let input = json!({ "logGroupName": name, "logGroupClass": job.get("LogGroupClass"), "tags": job.tag_map("Tags") });
        job.call_made("logs", "CreateLogGroup", input).await?;
        Self::retention(job, &name).await?;
        Ok(Self::made(job, &name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.physical();
        if job.changed("LogGroupClass") {
            return Err(Fault::new("InvalidRequest", 400, "LogGroupClass of a log group cannot be changed"));
        }
        Self::retention(job, name).await?;
        let arn = Self::arn(job, name);
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("logs", "UntagResource", json!({ "resourceArn": arn, "tagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_map("Tags").is_null() {
            job.call("logs", "TagResource", json!({ "resourceArn": arn, "tags": job.tag_map("Tags") })).await?;
        }
        Ok(Self::made(job, name))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("logs", "DeleteLogGroup", json!({ "logGroupName": job.physical() })).await
    }
}

struct LogStream;

#[async_trait]
impl Handler for LogStream {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("LogStreamName", 512);
        job.call_made("logs", "CreateLogStream", json!({ "logGroupName": job.get("LogGroupName"), "logStreamName": name })).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("logs", "DeleteLogStream", json!({ "logGroupName": job.text("LogGroupName"), "logStreamName": job.physical() })).await
    }
}

struct ResourcePolicy;

impl ResourcePolicy {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.text("PolicyName");
        let input = json!({ "policyName": name, "policyDocument": document(job.get("PolicyDocument")) });
        job.call("logs", "PutResourcePolicy", input).await?;
        Ok(Made::new(name))
    }
}

#[async_trait]
impl Handler for ResourcePolicy {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("logs", "DeleteResourcePolicy", json!({ "policyName": job.physical() })).await
    }
}
