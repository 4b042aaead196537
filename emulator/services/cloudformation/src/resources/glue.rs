//! AWS Glue's catalog.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Glue::Database",
        made_by: Some(("glue", "CreateDatabase")),
        properties: &["CatalogId", "DatabaseName", "DatabaseInput"],
        attributes: &[],
        handler: &Database,
    },
    Kind {
        name: "AWS::Glue::Table",
        made_by: Some(("glue", "CreateTable")),
        properties: &["CatalogId", "DatabaseName", "Name", "TableInput"],
        attributes: &[],
        handler: &Table,
    },
];

/// The input of a database or table with its name in it, and the name.
fn named(job: &Job<'_>, input: &str, property: &str) -> (Json, String) {
    let mut value = job.get(input).clone();
    let given = value["Name"].as_str().or(job.get(property).as_str()).or(job.physical_id).map(str::to_owned);
    // The catalog keeps names in lower case.
    let name = given.unwrap_or_else(|| job.generated(255).to_lowercase());
    value["Name"] = name.clone().into();
    (value, name)
}

struct Database;

#[async_trait]
impl Handler for Database {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = named(job, "DatabaseInput", "DatabaseName");
        job.call_made("glue", "CreateDatabase", json!({ "CatalogId": job.get("CatalogId"), "DatabaseInput": input })).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = named(job, "DatabaseInput", "DatabaseName");
        job.call("glue", "UpdateDatabase", json!({ "CatalogId": job.get("CatalogId"), "Name": job.physical(), "DatabaseInput": input }))
            .await?;
        Ok(Made::new(name))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("glue", "DeleteDatabase", json!({ "CatalogId": job.was("CatalogId"), "Name": job.physical() })).await
    }
}

struct Table;

#[async_trait]
impl Handler for Table {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = named(job, "TableInput", "Name");
        let table = json!({ "CatalogId": job.get("CatalogId"), "DatabaseName": job.get("DatabaseName"), "TableInput": input });
        job.call_made("glue", "CreateTable", table).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let (input, name) = named(job, "TableInput", "Name");
        let table = json!({ "CatalogId": job.get("CatalogId"), "DatabaseName": job.get("DatabaseName"), "TableInput": input });
        job.call("glue", "UpdateTable", table).await?;
        Ok(Made::new(name))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let table = json!({ "CatalogId": job.was("CatalogId"), "DatabaseName": job.text("DatabaseName"), "Name": job.physical() });
        job.call_gone("glue", "DeleteTable", table).await
    }
}
