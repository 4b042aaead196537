//! CloudWatch Logs' filters of metrics and subscriptions, and saved queries.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Logs::MetricFilter",
        made_by: Some(("logs", "PutMetricFilter")),
        properties: &[
            "ApplyOnTransformedLogs",
            "EmitSystemFieldDimensions",
            "FieldSelectionCriteria",
            "FilterName",
            "FilterPattern",
            "LogGroupName",
            "MetricTransformations",
        ],
        attributes: &[],
        handler: &MetricFilter,
    },
    Kind {
        name: "AWS::Logs::SubscriptionFilter",
        made_by: Some(("logs", "PutSubscriptionFilter")),
        properties: &[
            "ApplyOnTransformedLogs",
            "DestinationArn",
            "Distribution",
            "EmitSystemFields",
            "FieldSelectionCriteria",
            "FilterName",
            "FilterPattern",
            "LogGroupName",
            "RoleArn",
        ],
        attributes: &[],
        handler: &SubscriptionFilter,
    },
    Kind {
        name: "AWS::Logs::QueryDefinition",
        made_by: Some(("logs", "PutQueryDefinition")),
        properties: &["LogGroupNames", "Name", "Parameters", "QueryLanguage", "QueryString"],
        attributes: &["QueryDefinitionId"],
        handler: &QueryDefinition,
    },
];

/// A property's name as Logs' API writes it: it begins small.
fn small(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Properties as the API writes them, down to the last; `Key` and `Value` of a list become a map.
fn lowered(value: &Json) -> Json {
    match value {
        Json::Object(map) => Json::Object(map.iter().map(|(name, inner)| (small(name), lowered(inner))).collect()),
        Json::Array(items) if !items.is_empty() && items.iter().all(|item| item.get("Key").is_some() && item.get("Value").is_some()) => {
            let pair = |item: &Json| (item["Key"].as_str().unwrap_or_default().to_owned(), item["Value"].clone());
            Json::Object(items.iter().map(pair).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(lowered).collect()),
        other => other.clone(),
    }
}

/// All properties as the API's members.
fn members(job: &Job<'_>) -> Map<String, Json> {
    lowered(job.after).as_object().cloned().unwrap_or_default()
}

/// Puts a filter under a name; the group and the filter's name are what finds it.
async fn put(job: &Job<'_>, operation: &str, name: &str) -> Result<Made, Fault> {
    let mut input = members(job);
    input.insert("filterName".into(), name.into());
    job.call("logs", operation, Json::Object(input)).await?;
    Ok(Made::new(name))
}

async fn delete(job: &Job<'_>, operation: &str) -> Result<(), Fault> {
    job.call_gone("logs", operation, json!({ "logGroupName": job.text("LogGroupName"), "filterName": job.physical() })).await
}

struct MetricFilter;

#[async_trait]
impl Handler for MetricFilter {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        put(job, "PutMetricFilter", &job.name("FilterName", 512)).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        put(job, "PutMetricFilter", job.physical()).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        delete(job, "DeleteMetricFilter").await
    }
}

struct SubscriptionFilter;

#[async_trait]
impl Handler for SubscriptionFilter {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        put(job, "PutSubscriptionFilter", &job.name("FilterName", 512)).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        put(job, "PutSubscriptionFilter", job.physical()).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        delete(job, "DeleteSubscriptionFilter").await
    }
}

struct QueryDefinition;

impl QueryDefinition {
    async fn put(job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = members(job);
        if let Some(id) = job.physical_id {
            input.insert("queryDefinitionId".into(), id.into());
        }
        let made = job.call("logs", "PutQueryDefinition", Json::Object(input)).await?;
        let id = made["queryDefinitionId"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("QueryDefinitionId", id))
    }
}

#[async_trait]
impl Handler for QueryDefinition {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Self::put(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("logs", "DeleteQueryDefinition", json!({ "queryDefinitionId": job.physical() })).await
    }
}
