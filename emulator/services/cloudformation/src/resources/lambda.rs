//! AWS Lambda's functions.

use super::{Handler, Job, Kind, Made, inline_code};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "AWS::Lambda::Function",
    made_by: Some(("lambda", "CreateFunction")),
    properties: &[
        "FunctionName",
        "Architectures",
        "Code.S3Bucket",
        "Code.S3Key",
        "Code.ZipFile",
        "DeadLetterConfig",
        "Description",
        "Environment",
        "EphemeralStorage",
        "Handler",
        "KmsKeyArn",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "RecursiveLoop",
        "ReservedConcurrentExecutions",
        "Role",
        "Runtime",
        "RuntimeManagementConfig",
        "Tags",
        "Timeout",
        "TracingConfig",
    ],
    attributes: &["Arn"],
    handler: &Function,
}];

/// Members of both CreateFunction and UpdateFunctionConfiguration.
const CONFIGURATION: &[&str] = &[
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
];

struct Function;

impl Function {
    fn arn(job: &Job<'_>, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", job.cx.region(), job.cx.account())
    }

    /// The code as the API takes it: a place in S3, or inline source in a zip.
    fn code(job: &Job<'_>) -> Result<Map<String, Json>, Fault> {
        let code = job.get("Code");
        let mut out = Map::new();
        for name in ["S3Bucket", "S3Key", "S3ObjectVersion"] {
            if let Some(value) = code.get(name) {
                out.insert(name.into(), value.clone());
            }
        }
        if let Some(source) = code.get("ZipFile").and_then(Json::as_str) {
            let runtime = job.get("Runtime").as_str().unwrap_or_default();
            let zip = inline_code::zip(runtime, source).ok_or_else(|| {
                Fault::new(
                    "InvalidRequest",
                    400,
                    format!("ZipFile can only be used when Runtime is set to a nodejs or python runtime, not {runtime}."),
                )
            })?;
            out.insert("ZipFile".into(), BASE64_STANDARD.encode(zip).into());
        }
        Ok(out)
    }

    fn configuration(job: &Job<'_>) -> Map<String, Json> {
        let mut out = job.take(CONFIGURATION);
        if let Some(key) = job.after.get("KmsKeyArn") {
            out.insert("KMSKeyArn".into(), key.clone());
        }
        out
    }

    /// Whether it may run in a loop, and when it gets a new build of its runtime.
    async fn policies(job: &Job<'_>, name: &str) -> Result<(), Fault> {
        if job.changed("RecursiveLoop") {
            let wanted = job.get("RecursiveLoop").as_str().unwrap_or("Terminate");
            let input = json!({ "FunctionName": name, "RecursiveLoop": wanted });
            job.call("lambda", "PutFunctionRecursionConfig", input).await?;
        }
        if job.changed("RuntimeManagementConfig") {
            let mut input = json!({ "FunctionName": name, "UpdateRuntimeOn": "Auto" });
            for member in ["UpdateRuntimeOn", "RuntimeVersionArn"] {
                if let Some(value) = job.get("RuntimeManagementConfig").get(member) {
                    input[member] = value.clone();
                }
            }
            job.call("lambda", "PutRuntimeManagementConfig", input).await?;
        }
        Ok(())
    }

    async fn concurrency(job: &Job<'_>, name: &str) -> Result<(), Fault> {
        if !job.changed("ReservedConcurrentExecutions") {
            return Ok(());
        }
        match job.get("ReservedConcurrentExecutions") {
            Json::Null => job.call_gone("lambda", "DeleteFunctionConcurrency", json!({ "FunctionName": name })).await,
            reserved => {
                let input = json!({ "FunctionName": name, "ReservedConcurrentExecutions": reserved });
                job.call("lambda", "PutFunctionConcurrency", input).await.map(drop)
            }
        }
    }
}

#[async_trait]
impl Handler for Function {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("FunctionName", 64);
        let mut input = Self::configuration(job);
        input.extend(job.take(&["Architectures", "PackageType"]));
        input.insert("FunctionName".into(), name.clone().into());
        input.insert("Code".into(), Json::Object(Self::code(job)?));
        input.insert("Tags".into(), job.tag_map("Tags"));
        job.call_made("lambda", "CreateFunction", Json::Object(input)).await?;
        let rest = async {
            Self::concurrency(job, &name).await?;
            Self::policies(job, &name).await
        };
        if let Err(fault) = rest.await {
            let _ = job.call_gone("lambda", "DeleteFunction", json!({ "FunctionName": name })).await;
            return Err(fault);
        }
        let arn = Self::arn(job, &name);
        Ok(Made::new(name).with("Arn", arn))
    }

    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.physical();
        if job.changed("Code") || job.changed("Architectures") {
            let mut input = Self::code(job)?;
            input.extend(job.take(&["Architectures"]));
            input.insert("FunctionName".into(), name.into());
            job.call("lambda", "UpdateFunctionCode", Json::Object(input)).await?;
        }
        if CONFIGURATION.iter().chain(&["KmsKeyArn"]).any(|property| job.changed(property)) {
            let mut input = Self::configuration(job);
            // A property that goes away goes back to what a new function has.
            let defaults = json!({
                "DeadLetterConfig": { "TargetArn": "" }, "Description": "", "Environment": { "Variables": {} }, "EphemeralStorage": { "Size": 512 },
                "Layers": [], "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") }, "MemorySize": 128, "Timeout": 3, "TracingConfig": { "Mode": "PassThrough" },
            });
            for (property, default) in
                defaults.as_object().into_iter().flatten().filter(|(p, _)| job.get(p).is_null() && !job.was(p).is_null())
            {
                input.insert(property.clone(), default.clone());
            }
            input.insert("FunctionName".into(), name.into());
            job.call("lambda", "UpdateFunctionConfiguration", Json::Object(input)).await?;
        }
        Self::concurrency(job, name).await?;
        Self::policies(job, name).await?;
        let arn = Self::arn(job, name);
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("lambda", "UntagResource", json!({ "Resource": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_map("Tags").is_null() {
            job.call("lambda", "TagResource", json!({ "Resource": arn, "Tags": job.tag_map("Tags") })).await?;
        }
        Ok(Made::new(name).with("Arn", arn))
    }

    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("lambda", "DeleteFunction", json!({ "FunctionName": job.physical() })).await
    }
}
