//! What was found goes to the catalog, by the crawler's policies and with its role.

use super::{
    describe::{self, Writer},
    objects::Include,
    report::Report,
    tree::{Part, Planned},
};
use crate::crawlers::settings::Settings;
use kit::{Context, Fault};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Partitions that one request of the catalog takes.
const BATCH: usize = 100;
/// Members of a table that its input doesn't have.
const ANSWERED: [&str; 10] = [
    "DatabaseName",
    "CreateTime",
    "UpdateTime",
    "CreatedBy",
    "IsRegisteredWithLakeFormation",
    "CatalogId",
    "VersionId",
    "IsMultiDialectView",
    "FederatedTable",
    "LastAccessTime",
];

/// Writes tables of one crawl.
pub(crate) struct Write<'a> {
    pub cx: &'a Context,
    pub database: &'a str,
    pub settings: &'a Settings,
    pub writer: Writer<'a>,
    pub report: &'a mut Report,
}

impl Write<'_> {
    /// Runs an operation of the catalog as the crawler's role.
    async fn catalog(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cx.cloud().call_json(self.cx, "glue", operation, &input).await
    }

    /// Every table of the database.
    pub async fn tables(&self) -> Result<Vec<Value>, Fault> {
        self.all("GetTables", json!({ "DatabaseName": self.database }), "TableList").await
    }

    async fn all(&self, operation: &str, mut input: Value, list: &str) -> Result<Vec<Value>, Fault> {
        let mut items = Vec::new();
        loop {
            let mut page = self.catalog(operation, input.clone()).await?;
            items.extend(page[list].as_array().cloned().unwrap_or_default());
            match page["NextToken"].take() {
                Value::String(token) => input["NextToken"] = token.into(),
                _ => return Ok(items),
            }
        }
    }

    /// Makes or updates a table; its name. A name that another location has gets a hash behind it, as on AWS.
    pub async fn table(&mut self, prefix: &str, include: &Include, planned: &Planned, known: &[Value]) -> Result<String, Fault> {
        let location = include.location(&planned.folders, planned.file.as_deref());
        let mut name = describe::name(prefix, &include.bucket, &include.folders(), planned);
        let here = |table: &Value| table["StorageDescriptor"]["Location"].as_str().map(slashed) == Some(slashed(&location));
        // A table of this crawler that stands at the place is the one, whatever it was named.
        let mine = known.iter().find(|t| here(t) && made_by(t, self.writer.crawler));
        let same_name = |name: &str| known.iter().find(|t| t["Name"] == name);
        if let Some(old) = mine.or_else(|| same_name(&name).filter(|t| here(t))) {
            return self.again(old, include, planned).await;
        }
        if same_name(&name).is_some() || self.report.created.contains(&name) {
            name = format!("{name}_{:x}", Md5::digest(location.as_bytes()));
        }
        let input = describe::table(&name, &location, planned, &self.writer);
        self.catalog("CreateTable", json!({ "DatabaseName": self.database, "TableInput": input })).await?;
        self.report.line(self.cx, &self.writer, "INFO", format!("Created table {name} in database {}", self.database));
        self.report.created.push(name.clone());
        self.index(&name, planned).await?;
        self.partitions(&name, include, planned).await?;
        Ok(name)
    }

    /// The index over all keys that a new table with partitions gets where the crawler is told so.
    async fn index(&self, table: &str, planned: &Planned) -> Result<(), Fault> {
        if !self.settings.index || planned.keys.is_empty() {
            return Ok(());
        }
        let index = json!({ "IndexName": "crawler_partition_index", "Keys": planned.keys });
        let input = json!({ "DatabaseName": self.database, "TableName": table, "PartitionIndex": index });
        self.catalog("CreatePartitionIndex", input).await.map(drop)
    }

    /// Updates a table that is there; its name.
    pub async fn again(&mut self, old: &Value, include: &Include, planned: &Planned) -> Result<String, Fault> {
        let name = old["Name"].as_str().unwrap_or_default().to_owned();
        let location = include.location(&planned.folders, planned.file.as_deref());
        self.update(old, &name, &location, planned).await?;
        self.partitions(&name, include, planned).await?;
        Ok(name)
    }

    /// Changes a table whose data changed.
    async fn update(&mut self, old: &Value, name: &str, location: &str, planned: &Planned) -> Result<(), Fault> {
        let mut next = describe::table(name, location, planned, &self.writer);
        if self.settings.merge_new_columns {
            next["StorageDescriptor"]["Columns"] = with_new(&old["StorageDescriptor"]["Columns"], &next["StorageDescriptor"]["Columns"]);
        }
        let schema = |t: &Value| json!([t["StorageDescriptor"]["Columns"], t["PartitionKeys"], t["StorageDescriptor"]["SerdeInfo"]]);
        let counts = |t: &Value| ["objectCount", "recordCount", "sizeKey"].map(|name| t["Parameters"][name].clone());
        let changed = plain(&schema(old)) != plain(&schema(&next));
        if !changed && counts(old) == counts(&next) && old["Parameters"]["DEPRECATED_BY_CRAWLER"].is_null() {
            return Ok(());
        }
        if changed && !self.settings.update {
            let text = format!("The schema of table {name} in database {} has changed; the crawler's policy is to log it", self.database);
            self.report.line(self.cx, &self.writer, "INFO", text);
            return Ok(());
        }
        // Parameters that others set stay; what the crawler says is new.
        let mut kept = old["Parameters"].as_object().cloned().unwrap_or_default();
        kept.remove("DEPRECATED_BY_CRAWLER");
        kept.extend(next["Parameters"].as_object().cloned().unwrap_or_default());
        next["Parameters"] = kept.into();
        next["Description"] = old["Description"].clone();
        self.catalog("UpdateTable", json!({ "DatabaseName": self.database, "TableInput": next })).await?;
        self.report.line(self.cx, &self.writer, "INFO", format!("Updated table {name} in database {}", self.database));
        self.report.updated.push(name.to_owned());
        Ok(())
    }

    /// The partitions of a table in the catalog, by their values.
    async fn known(&self, table: &str) -> Result<BTreeMap<Vec<String>, Value>, Fault> {
        let all = self.all("GetPartitions", json!({ "DatabaseName": self.database, "TableName": table }), "Partitions").await?;
        let values = |p: &Value| p["Values"].as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        Ok(all.into_iter().map(|p| (values(&p), p)).collect())
    }

    /// The partitions of a table become those that were found.
    async fn partitions(&mut self, table: &str, include: &Include, planned: &Planned) -> Result<(), Fault> {
        if planned.keys.is_empty() {
            return Ok(());
        }
        let inherit = self.settings.inherit;
        let known = self.known(table).await?;
        let found: BTreeSet<Vec<String>> = planned.parts.iter().map(Part::values).collect();
        self.put(table, include, &planned.folders, &planned.parts, &known, inherit.then_some(&planned.found.columns)).await?;
        let gone: Vec<Vec<String>> = known.into_keys().filter(|values| !found.contains(values)).collect();
        self.drop_partitions(table, gone).await
    }

    /// Makes and changes partitions. With `columns` they have the table's.
    async fn put(
        &mut self,
        table: &str,
        include: &Include,
        folders: &[String],
        parts: &[Part],
        known: &BTreeMap<Vec<String>, Value>,
        columns: Option<&Vec<crate::infer::kinds::Column>>,
    ) -> Result<(), Fault> {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for part in parts {
            let location = include.location(&[folders, &part.folders[..]].concat(), None);
            let mut input = describe::partition(&location, part, &self.writer);
            if let Some(columns) = columns {
                input["StorageDescriptor"]["Columns"] = describe::columns(columns).into();
            }
            match known.get(&part.values()) {
                None => new.push(input),
                Some(old) => {
                    let counts = |p: &Value| ["objectCount", "recordCount", "sizeKey"].map(|name| p["Parameters"][name].clone());
                    let columns = |p: &Value| plain(&p["StorageDescriptor"]["Columns"]);
                    let differs = columns(old) != columns(&input);
                    if differs && self.settings.update || !differs && counts(old) != counts(&input) {
                        changed.push(json!({ "PartitionValueList": part.values(), "PartitionInput": input }));
                    }
                }
            }
        }
        for batch in new.chunks(BATCH) {
            let input = json!({ "DatabaseName": self.database, "TableName": table, "PartitionInputList": batch });
            refuse(&self.catalog("BatchCreatePartition", input).await?)?;
        }
        for batch in changed.chunks(BATCH) {
            let input = json!({ "DatabaseName": self.database, "TableName": table, "Entries": batch });
            refuse(&self.catalog("BatchUpdatePartition", input).await?)?;
        }
        if !new.is_empty() {
            let values: Vec<&Value> = new.iter().map(|p| &p["Values"]).collect();
            let text = format!("Created {} partitions with values {} for table {table}", new.len(), json!(values));
            self.report.line(self.cx, &self.writer, "INFO", text);
        }
        self.report.partitions_added += new.len();
        self.report.partitions_updated += changed.len();
        Ok(())
    }

    /// Folders that are new to a table of this crawler become its partitions; the table stays as it is.
    pub async fn add_partitions(&mut self, table: &Value, include: &Include, folders: &[String], parts: &[Part]) -> Result<(), Fault> {
        let name = table["Name"].as_str().unwrap_or_default().to_owned();
        let known = self.known(&name).await?;
        self.put(&name, include, folders, parts, &known, None).await
    }

    /// Columns that a partition has and its table has not become the table's, by the update policy.
    pub async fn add_columns(&mut self, known: &Value, found: &[crate::infer::kinds::Column]) -> Result<(), Fault> {
        let table = known["Name"].as_str().unwrap_or_default();
        let found: Value = describe::columns(found).into();
        let wider = |table: &Value| {
            let old = &table["StorageDescriptor"]["Columns"];
            Some(with_new(old, &found)).filter(|columns| columns != old)
        };
        if wider(known).is_none() {
            return Ok(());
        }
        // Another partition of this crawl may have brought them already.
        let Some(old) = self.tables().await?.into_iter().find(|t| t["Name"] == table) else { return Ok(()) };
        let Some(columns) = wider(&old) else { return Ok(()) };
        if !self.settings.update {
            let text = format!("The schema of table {table} in database {} has changed; the crawler's policy is to log it", self.database);
            self.report.line(self.cx, &self.writer, "INFO", text);
            return Ok(());
        }
        let mut next = as_input(&old);
        next["StorageDescriptor"]["Columns"] = columns;
        self.catalog("UpdateTable", json!({ "DatabaseName": self.database, "TableInput": next })).await?;
        self.report.line(self.cx, &self.writer, "INFO", format!("Updated table {table} in database {}", self.database));
        self.report.updated.push(table.to_owned());
        Ok(())
    }

    /// Partitions whose folders are gone, by the delete policy.
    pub async fn drop_partitions(&mut self, table: &str, gone: Vec<Vec<String>>) -> Result<(), Fault> {
        if gone.is_empty() {
            return Ok(());
        }
        if !self.settings.delete {
            let text = format!("{} partitions of table {table} have no data any more", gone.len());
            self.report.line(self.cx, &self.writer, "INFO", text);
            return Ok(());
        }
        for batch in gone.chunks(25) {
            let values: Vec<Value> = batch.iter().map(|values| json!({ "Values": values })).collect();
            let input = json!({ "DatabaseName": self.database, "TableName": table, "PartitionsToDelete": values });
            refuse(&self.catalog("BatchDeletePartition", input).await?)?;
        }
        self.report.partitions_deleted += gone.len();
        self.report.line(self.cx, &self.writer, "INFO", format!("Deleted {} partitions of table {table}", gone.len()));
        Ok(())
    }

    /// Tables of this crawler below an include path whose data are gone, by the delete policy.
    pub async fn gone(&mut self, include: &Include, known: &[Value], written: &BTreeSet<String>) -> Result<(), Fault> {
        let root = include.location(&[], None);
        for table in known {
            let name = table["Name"].as_str().unwrap_or_default();
            let below =
                table["StorageDescriptor"]["Location"].as_str().is_some_and(|location| slashed(location).starts_with(slashed(&root)));
            if !below || !made_by(table, self.writer.crawler) || written.contains(name) {
                continue;
            }
            if self.settings.delete {
                self.catalog("DeleteTable", json!({ "DatabaseName": self.database, "Name": name })).await?;
                self.report.line(self.cx, &self.writer, "INFO", format!("Deleted table {name} in database {}", self.database));
                self.report.deleted.push(name.to_owned());
            } else if self.settings.deprecate && table["Parameters"]["DEPRECATED_BY_CRAWLER"].is_null() {
                let mut input = as_input(table);
                input["Parameters"]["DEPRECATED_BY_CRAWLER"] = self.cx.now().millis().to_string().into();
                self.catalog("UpdateTable", json!({ "DatabaseName": self.database, "TableInput": input })).await?;
                self.report.line(self.cx, &self.writer, "INFO", format!("Deprecated table {name} in database {}", self.database));
                self.report.updated.push(name.to_owned());
            }
        }
        Ok(())
    }
}

/// A table as UpdateTable takes it.
fn as_input(table: &Value) -> Value {
    let mut input = table.clone();
    if let Some(members) = input.as_object_mut() {
        ANSWERED.iter().for_each(|member| drop(members.remove(*member)));
    }
    input
}

/// Whether a table is this crawler's.
pub(crate) fn made_by(table: &Value, crawler: &str) -> bool {
    table["Parameters"]["UPDATED_BY_CRAWLER"] == crawler
}

/// The first refusal of a batch, which otherwise nobody would hear of.
fn refuse(answer: &Value) -> Result<(), Fault> {
    match answer["Errors"].as_array().and_then(|errors| errors.first()) {
        None => Ok(()),
        Some(error) => {
            let detail = if error["ErrorDetail"].is_null() { error } else { &error["ErrorDetail"] };
            Err(Fault::internal(format!("the catalog refused a partition: {}", detail["ErrorMessage"].as_str().unwrap_or("no reason"))))
        }
    }
}

/// A location without the slash at its end.
fn slashed(location: &str) -> &str {
    location.trim_end_matches('/')
}

/// Columns of a table and those of its data that it lacks.
fn with_new(old: &Value, found: &Value) -> Value {
    let mut all = old.as_array().cloned().unwrap_or_default();
    let new: Vec<Value> = found.as_array().into_iter().flatten().filter(|c| !all.iter().any(|o| o["Name"] == c["Name"])).cloned().collect();
    all.extend(new);
    all.into()
}

/// Without members that are null or empty, which the catalog doesn't keep.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().map(|(name, value)| (name.clone(), plain(value)));
            kept.filter(|(_, value)| !value.is_null() && !value.as_object().is_some_and(|o| o.is_empty()))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}
