//! AWS Lambda's versions, aliases, permissions and event configurations.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Lambda::Version",
        made_by: Some(("lambda", "PublishVersion")),
        properties: &["FunctionName", "CodeSha256", "Description"],
        attributes: &["Version", "FunctionArn"],
        handler: &Version,
    },
    Kind {
        name: "AWS::Lambda::Alias",
        made_by: Some(("lambda", "CreateAlias")),
        properties: &["FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig"],
        attributes: &["AliasArn"],
        handler: &Alias,
    },
    Kind {
        name: "AWS::Lambda::Permission",
        made_by: Some(("lambda", "AddPermission")),
        properties: &[
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ],
        attributes: &["Id"],
        handler: &Permission,
    },
    Kind {
        name: "AWS::Lambda::EventInvokeConfig",
        made_by: Some(("lambda", "PutFunctionEventInvokeConfig")),
        properties: &["FunctionName", "Qualifier", "DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"],
        attributes: &[],
        handler: &EventInvokeConfig,
    },
    Kind {
        name: "AWS::Lambda::EventSourceMapping",
        made_by: Some(("lambda", "CreateEventSourceMapping")),
        properties: &[
            "BatchSize",
            "BisectBatchOnFunctionError",
            "DestinationConfig",
            "Enabled",
            "EventSourceArn",
            "FilterCriteria",
            "FunctionName",
            "FunctionResponseTypes",
            "MaximumBatchingWindowInSeconds",
            "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts",
            "ParallelizationFactor",
            "Queues",
            "ScalingConfig",
            "SelfManagedEventSource",
            "SelfManagedKafkaEventSourceConfig",
            "AmazonManagedKafkaEventSourceConfig",
            "SourceAccessConfigurations",
            "StartingPosition",
            "StartingPositionTimestamp",
            "Tags",
            "Topics",
            "TumblingWindowInSeconds",
        ],
        attributes: &["Id", "EventSourceMappingArn"],
        handler: &EventSourceMapping,
    },
];

struct Version;

#[async_trait]
impl Handler for Version {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = job.call("lambda", "PublishVersion", Json::Object(job.take(&["FunctionName", "CodeSha256", "Description"]))).await?;
        let arn = made["FunctionArn"].as_str().unwrap_or_default();
        Ok(Made::new(arn).with("FunctionArn", arn).with("Version", made["Version"].clone()))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone(
            "lambda",
            "DeleteFunction",
            json!({ "FunctionName": job.text("FunctionName"), "Qualifier": job.attributes.get("Version") }),
        )
        .await
    }
}

struct Alias;

impl Alias {
    /// The API wants weights as a map, the template has a list.
    fn input(job: &Job<'_>) -> Map<String, Json> {
        let mut out = job.take(&["FunctionName", "FunctionVersion", "Name", "Description"]);
        let weights = job.get("RoutingConfig")["AdditionalVersionWeights"].as_array();
        let weights: Map<String, Json> = weights
            .into_iter()
            .flatten()
            .map(|w| (w["FunctionVersion"].as_str().unwrap_or_default().to_owned(), w["FunctionWeight"].clone()))
            .collect();
        if !weights.is_empty() || !job.was("RoutingConfig").is_null() {
            out.insert("RoutingConfig".into(), json!({ "AdditionalVersionWeights": weights }));
        }
        out
    }
    fn made(made: &Json) -> Made {
        let arn = made["AliasArn"].as_str().unwrap_or_default();
        Made::new(arn).with("AliasArn", arn)
    }
}

#[async_trait]
impl Handler for Alias {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = match job.call_made("lambda", "CreateAlias", Json::Object(Self::input(job))).await? {
            Some(made) => made,
            None => job.call("lambda", "GetAlias", json!({ "FunctionName": job.get("FunctionName"), "Name": job.get("Name") })).await?,
        };
        Ok(Self::made(&made))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Self::made(&job.call("lambda", "UpdateAlias", Json::Object(Self::input(job))).await?))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("lambda", "DeleteAlias", json!({ "FunctionName": job.text("FunctionName"), "Name": job.text("Name") })).await
    }
}

struct Permission;

#[async_trait]
impl Handler for Permission {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.after.as_object().cloned().unwrap_or_default();
        let id = job.generated(100);
        input.insert("StatementId".into(), id.clone().into());
        job.call_made("lambda", "AddPermission", Json::Object(input)).await?;
        Ok(Made::new(id.clone()).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()).with("Id", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("lambda", "RemovePermission", json!({ "FunctionName": job.text("FunctionName"), "StatementId": job.physical() }))
            .await
    }
}

struct EventInvokeConfig;

impl EventInvokeConfig {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        job.call("lambda", "PutFunctionEventInvokeConfig", job.after.clone()).await?;
        Ok(Made::new(format!("{}|{}", job.text("FunctionName"), job.text("Qualifier"))))
    }
}

#[async_trait]
impl Handler for EventInvokeConfig {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "FunctionName": job.text("FunctionName"), "Qualifier": job.text("Qualifier") });
        job.call_gone("lambda", "DeleteFunctionEventInvokeConfig", input).await
    }
}

struct EventSourceMapping;

impl EventSourceMapping {
    fn made(job: &Job<'_>, made: &Json) -> Made {
        let id = made["UUID"].as_str().unwrap_or_default();
        let arn = format!("arn:aws:lambda:{}:{}:event-source-mapping:{id}", job.cx.region(), job.cx.account());
        Made::new(id).with("Id", id).with("EventSourceMappingArn", arn)
    }
}

#[async_trait]
impl Handler for EventSourceMapping {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.after.as_object().cloned().unwrap_or_default();
        input.insert("Tags".into(), job.tag_map("Tags"));
        let made = job.call("lambda", "CreateEventSourceMapping", Json::Object(input)).await?;
        Ok(Self::made(job, &made))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.after.as_object().cloned().unwrap_or_default();
        for fixed in
            ["EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "SelfManagedEventSource", "Queues", "Topics", "Tags"]
        {
            input.remove(fixed);
        }
        input.insert("UUID".into(), job.physical().into());
        let made = job.call("lambda", "UpdateEventSourceMapping", Json::Object(input)).await?;
        Ok(Self::made(job, &made))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("lambda", "DeleteEventSourceMapping", json!({ "UUID": job.physical() })).await
    }
}
