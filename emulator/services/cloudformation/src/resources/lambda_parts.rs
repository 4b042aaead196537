//! AWS Lambda's versions, aliases, permissions and event configurations.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Lambda::Version",
        made_by: Some(("lambda", "PublishVersion")),
        properties: &["FunctionName", "CodeSha256", "Description", "ProvisionedConcurrencyConfig", "RuntimePolicy"],
        attributes: &["Version", "FunctionArn"],
        handler: &Version,
    },
    Kind {
        name: "AWS::Lambda::Alias",
        made_by: Some(("lambda", "CreateAlias")),
        properties: &["FunctionName", "FunctionVersion", "Name", "Description", "ProvisionedConcurrencyConfig", "RoutingConfig"],
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
            "DocumentDBEventSourceConfig",
            "Enabled",
            "EventSourceArn",
            "FilterCriteria",
            "FunctionName",
            "FunctionResponseTypes",
            "KmsKeyArn",
            "LoggingConfig",
            "MaximumBatchingWindowInSeconds",
            "MaximumRecordAgeInSeconds",
            "MaximumRetryAttempts",
            "MetricsConfig",
            "ParallelizationFactor",
            "ProvisionedPollerConfig",
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

/// Asks for environments of a version or alias as the template says, or gives them back.
async fn provision(job: &Job<'_>, qualifier: &str) -> Result<(), Fault> {
    if !job.changed("ProvisionedConcurrencyConfig") {
        return Ok(());
    }
    let of = json!({ "FunctionName": job.get("FunctionName"), "Qualifier": qualifier });
    match job.get("ProvisionedConcurrencyConfig").get("ProvisionedConcurrentExecutions") {
        None => job.call_gone("lambda", "DeleteProvisionedConcurrencyConfig", of).await,
        Some(wanted) => {
            let mut input = of;
            input["ProvisionedConcurrentExecutions"] = wanted.clone();
            job.call("lambda", "PutProvisionedConcurrencyConfig", input).await.map(drop)
        }
    }
}

struct Version;

impl Version {
    /// What goes with a version after it is published.
    async fn rest(job: &Job<'_>, version: &str) -> Result<(), Fault> {
        if job.changed("RuntimePolicy") {
            let policy = job.get("RuntimePolicy");
            let mut input = json!({ "FunctionName": job.get("FunctionName"), "Qualifier": version, "UpdateRuntimeOn": "Auto" });
            for member in ["UpdateRuntimeOn", "RuntimeVersionArn"] {
                if let Some(value) = policy.get(member) {
                    input[member] = value.clone();
                }
            }
            job.call("lambda", "PutRuntimeManagementConfig", input).await?;
        }
        provision(job, version).await
    }
}

#[async_trait]
impl Handler for Version {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = job.call("lambda", "PublishVersion", Json::Object(job.take(&["FunctionName", "CodeSha256", "Description"]))).await?;
        let arn = made["FunctionArn"].as_str().unwrap_or_default();
        Self::rest(job, made["Version"].as_str().unwrap_or_default()).await?;
        Ok(Made::new(arn).with("FunctionArn", arn).with("Version", made["Version"].clone()))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::rest(job, job.attributes.get("Version").and_then(Json::as_str).unwrap_or_default()).await?;
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
        provision(job, job.text("Name")).await?;
        Ok(Self::made(&made))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let made = job.call("lambda", "UpdateAlias", Json::Object(Self::input(job))).await?;
        provision(job, job.text("Name")).await?;
        Ok(Self::made(&made))
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

/// Properties that name a consumer group.
const GROUP_CONFIGS: [&str; 2] = ["AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"];

impl EventSourceMapping {
    /// The API writes some members otherwise than the template.
    fn input(job: &Job<'_>) -> Map<String, Json> {
        let mut input = job.after.as_object().cloned().unwrap_or_default();
        if let Some(servers) = input.get("SelfManagedEventSource").and_then(|source| source.pointer("/Endpoints/KafkaBootstrapServers")) {
            let endpoints = json!({ "Endpoints": { "KAFKA_BOOTSTRAP_SERVERS": servers } });
            input.insert("SelfManagedEventSource".into(), endpoints);
        }
        if let Some(key) = input.remove("KmsKeyArn") {
            input.insert("KMSKeyArn".into(), key);
        }
        input
    }
    /// A mapping keeps its consumer group. A change of the properties that name it is refused by name, unless it ends at what the mapping has
    /// all the while, as the way back from a change that was refused does.
    async fn same_group(job: &Job<'_>) -> Result<(), Fault> {
        for property in GROUP_CONFIGS.into_iter().filter(|property| job.changed(property)) {
            let is = job.call("lambda", "GetEventSourceMapping", json!({ "UUID": job.physical() })).await?;
            let wanted = job.get(property);
            let more = wanted.as_object().is_some_and(|config| config.keys().any(|member| member != "ConsumerGroupId"));
            // A mapping that names no group has one of its own name.
            let group = wanted["ConsumerGroupId"].as_str().unwrap_or(job.physical());
            if more || is[property]["ConsumerGroupId"] != group {
                return Err(Fault::new("InvalidRequest", 400, format!("Updates are not allowed for property - {property}.")));
            }
        }
        Ok(())
    }
    fn made(job: &Job<'_>, made: &Json) -> Made {
        let id = made["UUID"].as_str().unwrap_or_default();
        let arn = format!("arn:aws:lambda:{}:{}:event-source-mapping:{id}", job.cx.region(), job.cx.account());
        Made::new(id).with("Id", id).with("EventSourceMappingArn", arn)
    }
}

#[async_trait]
impl Handler for EventSourceMapping {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = Self::input(job);
        input.insert("Tags".into(), job.tag_map("Tags"));
        let made = job.call("lambda", "CreateEventSourceMapping", Json::Object(input)).await?;
        Ok(Self::made(job, &made))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = Self::input(job);
        // What the template no longer says goes back to what a new mapping has.
        let of_topic = !job.get("Topics").is_null();
        let defaults = json!({
            "BatchSize": if of_topic { 100 } else { 10 }, "MaximumBatchingWindowInSeconds": 0, "FilterCriteria": { "Filters": [] }, "FunctionResponseTypes": [],
            "ScalingConfig": {}, "Enabled": true, "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1,
            "BisectBatchOnFunctionError": false, "DestinationConfig": { "OnFailure": {} }, "ProvisionedPollerConfig": {},
            // Of brokers elsewhere Lambda refuses that, and says so.
            "SourceAccessConfigurations": [],
        });
        for (property, default) in defaults.as_object().into_iter().flatten() {
            if job.get(property).is_null() && !job.was(property).is_null() {
                input.insert(property.clone(), default.clone());
            }
        }
        Self::same_group(job).await?;
        let fixed =
            ["EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "SelfManagedEventSource", "Queues", "Topics", "Tags"];
        fixed.iter().chain(&GROUP_CONFIGS).for_each(|property| drop(input.remove(*property)));
        input.insert("UUID".into(), job.physical().into());
        let made = job.call("lambda", "UpdateEventSourceMapping", Json::Object(input)).await?;
        let made = Self::made(job, &made);
        let arn = made.attributes["EventSourceMappingArn"].clone();
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("lambda", "UntagResource", json!({ "Resource": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_map("Tags").is_null() {
            job.call("lambda", "TagResource", json!({ "Resource": arn, "Tags": job.tag_map("Tags") })).await?;
        }
        Ok(made)
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("lambda", "DeleteEventSourceMapping", json!({ "UUID": job.physical() })).await
    }
}
