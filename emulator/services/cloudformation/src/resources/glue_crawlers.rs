//! AWS Glue beside the catalog's tables: crawlers, classifiers, triggers, workflows; partitions and connections.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Glue::Crawler",
        made_by: Some(("glue", "CreateCrawler")),
        properties: &[
            "Name",
            "Role",
            "DatabaseName",
            "Description",
            "Targets",
            "Schedule.ScheduleExpression",
            "Classifiers",
            "TablePrefix",
            "SchemaChangePolicy",
            "RecrawlPolicy",
            "Configuration",
            "CrawlerSecurityConfiguration",
            "LakeFormationConfiguration",
            "Tags",
        ],
        attributes: &[],
        handler: &Crawler,
    },
    Kind {
        name: "AWS::Glue::Classifier",
        made_by: Some(("glue", "CreateClassifier")),
        properties: &["CsvClassifier", "GrokClassifier", "JsonClassifier", "XMLClassifier"],
        attributes: &[],
        handler: &Classifier,
    },
    Kind {
        name: "AWS::Glue::Trigger",
        made_by: Some(("glue", "CreateTrigger")),
        properties: &[
            "Name",
            "Type",
            "Description",
            "WorkflowName",
            "Schedule",
            "StartOnCreation",
            "Predicate",
            "Actions",
            "EventBatchingCondition",
            "Tags",
        ],
        attributes: &[],
        handler: &Trigger,
    },
    Kind {
        name: "AWS::Glue::Workflow",
        made_by: Some(("glue", "CreateWorkflow")),
        properties: &["Name", "Description", "DefaultRunProperties", "MaxConcurrentRuns", "Tags"],
        attributes: &[],
        handler: &Workflow,
    },
    Kind {
        name: "AWS::Glue::Partition",
        made_by: Some(("glue", "CreatePartition")),
        properties: &["CatalogId", "DatabaseName", "TableName", "PartitionInput"],
        attributes: &[],
        handler: &Partition,
    },
    Kind {
        name: "AWS::Glue::Connection",
        made_by: Some(("glue", "CreateConnection")),
        properties: &["CatalogId", "ConnectionInput"],
        attributes: &[],
        handler: &Connection,
    },
];

struct Crawler;

impl Crawler {
    fn input(job: &Job<'_>, name: &str) -> Json {
        const GIVEN: &[&str] = &[
            "Role",
            "DatabaseName",
            "Description",
            "Targets",
            "Classifiers",
            "TablePrefix",
            "SchemaChangePolicy",
            "RecrawlPolicy",
            "Configuration",
            "CrawlerSecurityConfiguration",
            "LakeFormationConfiguration",
        ];
        let mut input = job.take(GIVEN);
        input.insert("Name".into(), name.into());
        // What the template doesn't say any more is taken away.
        input.insert("Schedule".into(), job.get("Schedule")["ScheduleExpression"].as_str().unwrap_or_default().into());
        Json::Object(input)
    }
}

#[async_trait]
impl Handler for Crawler {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 255);
        let mut input = Self::input(job, &name);
        input["Tags"] = job.tag_map("Tags");
        if job.call_made("glue", "CreateCrawler", input).await?.is_none() {
            job.call("glue", "UpdateCrawler", Self::input(job, &name)).await?;
        }
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = Self::input(job, job.physical());
        if !job.changed("Targets") {
            // Crawlers of new folders only take no targets, not even the same.
            input.as_object_mut().map(|members| members.remove("Targets"));
        }
        job.call("glue", "UpdateCrawler", input).await?;
        if job.retagged("Tags") {
            retag(job, &format!("crawler/{}", job.physical())).await?;
        }
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("glue", "DeleteCrawler", json!({ "Name": job.physical() })).await
    }
}

/// Makes the tags of a resource those of the template.
async fn retag(job: &Job<'_>, resource: &str) -> Result<(), Fault> {
    let arn = format!("arn:aws:glue:{}:{}:{resource}", job.cx.region(), job.cx.account());
    let there = job.call("glue", "GetTags", json!({ "ResourceArn": arn })).await?;
    let wanted = job.tag_map("Tags");
    let gone: Vec<&String> =
        there["Tags"].as_object().into_iter().flatten().map(|(key, _)| key).filter(|key| wanted[key.as_str()].is_null()).collect();
    if !gone.is_empty() {
        job.call("glue", "UntagResource", json!({ "ResourceArn": arn, "TagsToRemove": gone })).await?;
    }
    if !wanted.is_null() {
        job.call("glue", "TagResource", json!({ "ResourceArn": arn, "TagsToAdd": wanted })).await?;
    }
    Ok(())
}

struct Classifier;

/// The kinds of classifiers, of which one is given.
const CLASSIFIERS: [&str; 4] = ["CsvClassifier", "GrokClassifier", "JsonClassifier", "XMLClassifier"];

impl Classifier {
    /// The kind and what it holds, with its name.
    fn input(job: &Job<'_>, name: Option<&str>) -> (Json, String) {
        let kind = CLASSIFIERS.into_iter().find(|kind| !job.get(kind).is_null()).unwrap_or(CLASSIFIERS[0]);
        let mut value = job.get(kind).clone();
        let name = name.or(value["Name"].as_str()).map_or_else(|| job.generated(255), str::to_owned);
        value["Name"] = name.clone().into();
        // The template spells two members in its own way.
        if let Some(members) = value.as_object_mut() {
            for (template, model) in
                [("ContainsCustomDatatype", "CustomDatatypes"), ("CustomDatatypeConfigured", "CustomDatatypeConfigured")]
            {
                if let Some(given) = members.remove(template) {
                    members.insert(model.into(), given);
                }
            }
        }
        (json!({ kind: value }), name)
    }
}

#[async_trait]
impl Handler for Classifier {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = Self::input(job, None);
        job.call_made("glue", "CreateClassifier", input).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = Self::input(job, Some(job.physical()));
        job.call("glue", "UpdateClassifier", input).await?;
        Ok(Made::new(name))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("glue", "DeleteClassifier", json!({ "Name": job.physical() })).await
    }
}

struct Trigger;

#[async_trait]
impl Handler for Trigger {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 255);
        const GIVEN: &[&str] =
            &["Type", "Description", "WorkflowName", "Schedule", "StartOnCreation", "Predicate", "Actions", "EventBatchingCondition"];
        let mut input = job.take(GIVEN);
        input.insert("Name".into(), name.clone().into());
        input.insert("Tags".into(), job.tag_map("Tags"));
        job.call_made("glue", "CreateTrigger", Json::Object(input)).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        // A trigger that waits is changed while it is stopped, and waits again then.
        let there = job.call("glue", "GetTrigger", json!({ "Name": job.physical() })).await?;
        let waits = there["Trigger"]["State"] == "ACTIVATED";
        if waits {
            job.call("glue", "StopTrigger", json!({ "Name": job.physical() })).await?;
        }
        let update = job.take(&["Description", "Schedule", "Actions", "Predicate", "EventBatchingCondition"]);
        job.call("glue", "UpdateTrigger", json!({ "Name": job.physical(), "TriggerUpdate": update })).await?;
        if waits || job.get("StartOnCreation") == true && job.changed("StartOnCreation") {
            job.call("glue", "StartTrigger", json!({ "Name": job.physical() })).await?;
        }
        if job.retagged("Tags") {
            retag(job, &format!("trigger/{}", job.physical())).await?;
        }
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("glue", "DeleteTrigger", json!({ "Name": job.physical() })).await
    }
}

struct Workflow;

impl Workflow {
    fn input(job: &Job<'_>, name: &str) -> Json {
        let mut input = job.take(&["Description", "DefaultRunProperties", "MaxConcurrentRuns"]);
        input.insert("Name".into(), name.into());
        Json::Object(input)
    }
}

#[async_trait]
impl Handler for Workflow {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name("Name", 255);
        let mut input = Self::input(job, &name);
        input["Tags"] = job.tag_map("Tags");
        job.call_made("glue", "CreateWorkflow", input).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        job.call("glue", "UpdateWorkflow", Self::input(job, job.physical())).await?;
        if job.retagged("Tags") {
            retag(job, &format!("workflow/{}", job.physical())).await?;
        }
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("glue", "DeleteWorkflow", json!({ "Name": job.physical() })).await
    }
}

struct Partition;

impl Partition {
    fn values(properties: &Json) -> &Json {
        &properties["PartitionInput"]["Values"]
    }
    /// As AWS makes the id: the values behind each other.
    fn id(properties: &Json) -> String {
        let values = Self::values(properties).as_array().into_iter().flatten().filter_map(Json::as_str);
        values.collect::<Vec<_>>().join("-")
    }
    fn of(job: &Job<'_>) -> Json {
        json!({ "CatalogId": job.get("CatalogId"), "DatabaseName": job.text("DatabaseName"), "TableName": job.text("TableName") })
    }
}

#[async_trait]
impl Handler for Partition {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = Self::of(job);
        input["PartitionInput"] = job.get("PartitionInput").clone();
        job.call_made("glue", "CreatePartition", input).await?;
        Ok(Made::new(Self::id(job.after)))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = Self::of(job);
        input["PartitionValueList"] = Self::values(job.before).clone();
        input["PartitionInput"] = job.get("PartitionInput").clone();
        job.call("glue", "UpdatePartition", input).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let mut input = Self::of(job);
        input["CatalogId"] = job.was("CatalogId").clone();
        input["PartitionValues"] = Self::values(job.before).clone();
        job.call_gone("glue", "DeletePartition", input).await
    }
}

struct Connection;

impl Connection {
    fn input(job: &Job<'_>, name: Option<&str>) -> (Json, String) {
        let mut value = job.get("ConnectionInput").clone();
        let name = name.or(value["Name"].as_str()).map_or_else(|| job.generated(255), str::to_owned);
        value["Name"] = name.clone().into();
        if value["ConnectionProperties"].is_null() {
            value["ConnectionProperties"] = json!({});
        }
        (value, name)
    }
}

#[async_trait]
impl Handler for Connection {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = Self::input(job, None);
        job.call_made("glue", "CreateConnection", json!({ "CatalogId": job.get("CatalogId"), "ConnectionInput": input })).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = Self::input(job, Some(job.physical()));
        let whole = json!({ "CatalogId": job.get("CatalogId"), "Name": name, "ConnectionInput": input });
        job.call("glue", "UpdateConnection", whole).await?;
        Ok(Made::new(name))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("glue", "DeleteConnection", json!({ "CatalogId": job.was("CatalogId"), "ConnectionName": job.physical() })).await
    }
}
