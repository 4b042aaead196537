//! AWS Lambda's layers and function URLs.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Lambda::LayerVersion",
        made_by: Some(("lambda", "PublishLayerVersion")),
        properties: &[
            "CompatibleArchitectures",
            "CompatibleRuntimes",
            "Content.S3Bucket",
            "Content.S3Key",
            "Description",
            "LayerName",
            "LicenseInfo",
        ],
        attributes: &["LayerVersionArn"],
        handler: &LayerVersion,
    },
    Kind {
        name: "AWS::Lambda::LayerVersionPermission",
        made_by: Some(("lambda", "AddLayerVersionPermission")),
        properties: &["Action", "LayerVersionArn", "OrganizationId", "Principal"],
        attributes: &["Id"],
        handler: &LayerVersionPermission,
    },
    Kind {
        name: "AWS::Lambda::Url",
        made_by: Some(("lambda", "CreateFunctionUrlConfig")),
        properties: &["AuthType", "Cors", "InvokeMode", "Qualifier", "TargetFunctionArn"],
        attributes: &["FunctionArn", "FunctionUrl"],
        handler: &Url,
    },
];

/// Layer and number behind the ARN of a version.
fn version(arn: &str) -> Json {
    let (layer, number) = arn.rsplit_once(':').unwrap_or((arn, ""));
    json!({ "LayerName": layer, "VersionNumber": number.parse::<i64>().unwrap_or_default() })
}

struct LayerVersion;

#[async_trait]
impl Handler for LayerVersion {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&["CompatibleArchitectures", "CompatibleRuntimes", "Content", "Description", "LicenseInfo"]);
        input.insert("LayerName".into(), job.name("LayerName", 140).into());
        let made = job.call("lambda", "PublishLayerVersion", Json::Object(input)).await?;
        let arn = made["LayerVersionArn"].as_str().unwrap_or_default();
        Ok(Made::new(arn).with("LayerVersionArn", arn))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("lambda", "DeleteLayerVersion", version(job.physical())).await
    }
}

struct LayerVersionPermission;

#[async_trait]
impl Handler for LayerVersionPermission {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let id = job.generated(100);
        let mut input = version(job.text("LayerVersionArn"));
        input["StatementId"] = id.clone().into();
        for name in ["Action", "OrganizationId", "Principal"] {
            if !job.get(name).is_null() {
                input[name] = job.get(name).clone();
            }
        }
        job.call("lambda", "AddLayerVersionPermission", input).await?;
        let physical = format!("{}#{id}", job.text("LayerVersionArn"));
        Ok(Made::new(physical.clone()).with("Id", physical))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made { physical_id: job.physical().to_owned(), attributes: job.attributes.clone() })
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let (arn, id) = job.physical().rsplit_once('#').unwrap_or_default();
        let mut input = version(arn);
        input["StatementId"] = id.into();
        job.call_gone("lambda", "RemoveLayerVersionPermission", input).await
    }
}

struct Url;

impl Url {
    fn input(job: &Job<'_>) -> Json {
        let mut input = job.take(&["AuthType", "Cors", "InvokeMode", "Qualifier"]);
        input.insert("FunctionName".into(), job.get("TargetFunctionArn").clone());
        // Settings that go away are taken away.
        if job.get("Cors").is_null() && !job.was("Cors").is_null() {
            input.insert("Cors".into(), json!({}));
        }
        if job.get("InvokeMode").is_null() && !job.was("InvokeMode").is_null() {
            input.insert("InvokeMode".into(), "BUFFERED".into());
        }
        Json::Object(input)
    }
    fn made(made: &Json) -> Made {
        let arn = made["FunctionArn"].as_str().unwrap_or_default();
        Made::new(arn).with("FunctionArn", arn).with("FunctionUrl", made["FunctionUrl"].clone())
    }
}

#[async_trait]
impl Handler for Url {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Self::made(&job.call("lambda", "CreateFunctionUrlConfig", Self::input(job)).await?))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Self::made(&job.call("lambda", "UpdateFunctionUrlConfig", Self::input(job)).await?))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("lambda", "DeleteFunctionUrlConfig", json!({ "FunctionName": job.physical() })).await
    }
}
