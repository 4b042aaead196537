//! What a crawler's policies and its configuration text say, checked.

use crate::model::*;
use kit::Fault;
use serde_json::Value;

/// Which folders a crawl looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recrawl {
    Everything,
    NewFolders,
    Events,
}

/// How a crawler works.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Changes of schemas are written; else they are logged.
    pub update: bool,
    /// What is gone is deleted.
    pub delete: bool,
    /// What is gone is marked.
    pub deprecate: bool,
    pub recrawl: Recrawl,
    /// CombineCompatibleSchemas.
    pub combine: bool,
    /// TableLevelConfiguration; the bucket is level 1.
    pub level: Option<usize>,
    /// MergeNewColumns: columns are added, never changed.
    pub merge_new_columns: bool,
    /// InheritFromTable: partitions have the table's columns.
    pub inherit: bool,
    /// CreatePartitionIndex: new tables with partitions get an index over all keys.
    pub index: bool,
    /// TableThreshold: a crawl that finds more tables fails.
    pub most_tables: Option<u64>,
}

impl Settings {
    /// Reads a crawler's settings; refuses what Glue refuses.
    pub fn of(crawler: &Crawler) -> Result<Settings, Fault> {
        let recrawl = match crawler.recrawl_policy.as_ref().and_then(|p| p.recrawl_behavior) {
            Some(RecrawlBehavior::CrawlNewFoldersOnly) => Recrawl::NewFolders,
            Some(RecrawlBehavior::CrawlEventMode) => Recrawl::Events,
            _ => Recrawl::Everything,
        };
        let policy = crawler.schema_change_policy.clone().unwrap_or_default();
        let mut settings = Settings {
            update: policy.update_behavior != Some(UpdateBehavior::Log),
            delete: policy.delete_behavior == Some(DeleteBehavior::DeleteFromDatabase),
            deprecate: matches!(policy.delete_behavior, None | Some(DeleteBehavior::DeprecateInDatabase)),
            recrawl,
            combine: false,
            level: None,
            merge_new_columns: false,
            inherit: false,
            index: false,
            most_tables: None,
        };
        if let Some(text) = crawler.configuration.as_deref().filter(|text| !text.trim().is_empty()) {
            settings.configure(text)?;
        }
        Ok(settings)
    }

    /// The configuration text, version 1.0.
    fn configure(&mut self, text: &str) -> Result<(), Fault> {
        let wrong = |what: String| Error::InvalidInput.says(format!("Crawler configuration is not valid: {what}"));
        let all: Value = serde_json::from_str(text).map_err(|e| wrong(format!("it is no JSON: {e}")))?;
        let members = all.as_object().ok_or_else(|| wrong("it is no object".into()))?;
        if all["Version"].as_f64() != Some(1.0) {
            return Err(wrong("Version must be 1.0".into()));
        }
        for (name, value) in members {
            match name.as_str() {
                "Version" => {}
                "Grouping" => self.grouping(value).map_err(wrong)?,
                "CrawlerOutput" => self.output(value).map_err(wrong)?,
                "CreatePartitionIndex" if value.is_boolean() => self.index = value == &Value::Bool(true),
                other => return Err(wrong(format!("{other} is not known"))),
            }
        }
        Ok(())
    }

    fn grouping(&mut self, value: &Value) -> Result<(), String> {
        for (name, value) in value.as_object().ok_or("Grouping is no object")? {
            match (name.as_str(), value.as_str(), value.as_u64()) {
                ("TableGroupingPolicy", Some("CombineCompatibleSchemas"), _) => self.combine = true,
                ("TableLevelConfiguration", _, Some(level @ 1..=100)) => self.level = Some(level as usize),
                _ => return Err(format!("Grouping can't have {name} = {value}")),
            }
        }
        Ok(())
    }

    fn output(&mut self, value: &Value) -> Result<(), String> {
        for (kind, value) in value.as_object().ok_or("CrawlerOutput is no object")? {
            for (name, value) in value.as_object().ok_or(format!("{kind} is no object"))? {
                match (kind.as_str(), name.as_str(), value.as_str()) {
                    ("Tables", "AddOrUpdateBehavior", Some("MergeNewColumns")) => self.merge_new_columns = true,
                    ("Partitions", "AddOrUpdateBehavior", Some("InheritFromTable")) => self.inherit = true,
                    ("Tables", "TableThreshold", _) if value.as_u64().is_some_and(|n| n > 0) => self.most_tables = value.as_u64(),
                    _ => return Err(format!("{kind} can't have {name} = {value}")),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_read_or_refused() {
        let of = |text: &str| Settings::of(&Crawler { configuration: Some(text.into()), ..Crawler::default() });
        let all = r#"{"Version":1.0,"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas","TableLevelConfiguration":3},
            "CrawlerOutput":{"Tables":{"AddOrUpdateBehavior":"MergeNewColumns"},"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"}}}"#;
        let settings = of(all).unwrap();
        assert!(settings.combine && settings.merge_new_columns && settings.inherit && settings.deprecate && settings.update);
        assert_eq!(settings.level, Some(3));
        for bad in [
            "x",
            "[]",
            "{}",
            r#"{"Version":2.0}"#,
            r#"{"Version":1.0,"Other":1}"#,
            r#"{"Version":1.0,"Grouping":{"TableLevelConfiguration":0}}"#,
        ] {
            assert_eq!(of(bad).unwrap_err().code, "InvalidInputException", "{bad}");
        }
    }
}
