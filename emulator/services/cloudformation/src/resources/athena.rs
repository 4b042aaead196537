//! Amazon Athena.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Athena::WorkGroup",
        made_by: Some(("athena", "CreateWorkGroup")),
        properties: &[
            "Name",
            "Description",
            "State",
            "RecursiveDeleteOption",
            "Tags",
            "WorkGroupConfiguration.BytesScannedCutoffPerQuery",
            "WorkGroupConfiguration.EnforceWorkGroupConfiguration",
            "WorkGroupConfiguration.EngineConfiguration.Classifications",
            "WorkGroupConfiguration.EngineVersion.SelectedEngineVersion",
            "WorkGroupConfiguration.PublishCloudWatchMetricsEnabled",
            "WorkGroupConfiguration.RequesterPaysEnabled",
            "WorkGroupConfiguration.ResultConfiguration",
        ],
        attributes: &["CreationTime"],
        handler: &WorkGroup,
    },
    Kind {
        name: "AWS::Athena::NamedQuery",
        made_by: Some(("athena", "CreateNamedQuery")),
        properties: &["Name", "Description", "Database", "QueryString", "WorkGroup"],
        attributes: &["NamedQueryId"],
        handler: &NamedQuery,
    },
];

struct WorkGroup;

impl WorkGroup {
    async fn made(job: &Job<'_>, name: &str) -> Result<Made, Fault> {
        let found = job.call("athena", "GetWorkGroup", json!({ "WorkGroup": name })).await?;
        Ok(Made::new(name).with("CreationTime", found["WorkGroup"]["CreationTime"].clone()))
    }
    /// UpdateWorkGroup has names of its own for parts of the configuration, and a flag for each part that goes away.
    fn updates(before: &Json, after: &Json) -> Json {
        let mut out = after.as_object().cloned().unwrap_or_default();
        if let Some(result) = out.remove("ResultConfiguration") {
            out.insert("ResultConfigurationUpdates".into(), Self::with_removals(&before["ResultConfiguration"], &result));
        } else if before.get("ResultConfiguration").is_some() {
            out.insert("ResultConfigurationUpdates".into(), Self::with_removals(&before["ResultConfiguration"], &Json::Object(Map::new())));
        }
        if before.get("BytesScannedCutoffPerQuery").is_some() && after.get("BytesScannedCutoffPerQuery").is_none() {
            out.insert("RemoveBytesScannedCutoffPerQuery".into(), true.into());
        }
        // There is no flag for this part: an empty one says nothing of DPUs any more.
        if before.get("EngineConfiguration").is_some() && after.get("EngineConfiguration").is_none() {
            out.insert("EngineConfiguration".into(), json!({ "Classifications": [] }));
        }
        Json::Object(out)
    }
    fn with_removals(before: &Json, after: &Json) -> Json {
        let mut out = after.clone();
        for part in ["OutputLocation", "EncryptionConfiguration", "ExpectedBucketOwner", "AclConfiguration"] {
            if before.get(part).is_some() && after.get(part).is_none() {
                out[format!("Remove{part}")] = true.into();
            }
        }
        out
    }
}

#[async_trait]
impl Handler for WorkGroup {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 128);
        let input = json!({
            "Name": name,
            "Description": job.get("Description"),
            "Configuration": job.get("WorkGroupConfiguration"),
            "Tags": job.tag_list("Tags"),
        });
        job.call_made("athena", "CreateWorkGroup", input).await?;
        if job.get("State") == "DISABLED" {
            job.call("athena", "UpdateWorkGroup", json!({ "WorkGroup": name, "State": "DISABLED" })).await?;
        }
        Self::made(job, &name).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.physical();
        let updates = Self::updates(job.was("WorkGroupConfiguration"), job.get("WorkGroupConfiguration"));
        let input =
            json!({ "WorkGroup": name, "Description": job.get("Description"), "State": job.get("State"), "ConfigurationUpdates": updates });
        job.call("athena", "UpdateWorkGroup", input).await?;
        let arn = format!("arn:aws:athena:{}:{}:workgroup/{name}", job.cx.region(), job.cx.account());
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            job.call("athena", "UntagResource", json!({ "ResourceARN": arn, "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
            job.call("athena", "TagResource", json!({ "ResourceARN": arn, "Tags": job.tag_list("Tags") })).await?;
        }
        Self::made(job, name).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "WorkGroup": job.physical(), "RecursiveDeleteOption": job.was("RecursiveDeleteOption") });
        match job.call_gone("athena", "DeleteWorkGroup", input).await {
            // Athena says it with a code that says nothing.
            Err(fault) if fault.message.contains("is not found") => Ok(()),
            other => other,
        }
    }
}

struct NamedQuery;

#[async_trait]
impl Handler for NamedQuery {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&["Description", "Database", "QueryString", "WorkGroup"]);
        input.insert("Name".into(), job.name("Name", 128).into());
        let made = job.call("athena", "CreateNamedQuery", Json::Object(input)).await?;
        let id = made["NamedQueryId"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("NamedQueryId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()).with("NamedQueryId", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("athena", "DeleteNamedQuery", json!({ "NamedQueryId": job.physical() })).await
    }
}
