//! What is kept of crawlers, their runs, and the folders they have seen.

use crate::crawl::objects::Include;
use crate::model::*;
use kit::{Context, Fault, Read, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Crawlers by name.
pub(crate) const CRAWLERS: Table<String, Row> = Table::new("glue.crawlers", TableScope::Region);
/// Runs by crawler and number, oldest first.
pub(crate) const RUNS: Table<(String, u64), Run> = Table::new("glue.crawls", TableScope::Region);
/// Folders that were crawled: (crawler, folder), for crawls that look at new ones only.
pub(crate) const FOLDERS: Table<(String, String), ()> = Table::new("glue.folders", TableScope::Region);

/// A crawler.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(with = "wire::kept")]
    pub crawler: Crawler,
    /// The run under way.
    #[serde(default)]
    pub running: Option<u64>,
    /// StopCrawler was asked for.
    #[serde(default)]
    pub stopping: bool,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// One crawl.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    /// CRAWL_RUN_ID, and the prefix of its log lines.
    pub id: String,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    /// `None` while it runs; else why it ended.
    pub outcome: Option<Outcome>,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub created: u32,
    #[serde(default)]
    pub updated: u32,
    #[serde(default)]
    pub deleted: u32,
    /// Set where a trigger started it.
    #[serde(default)]
    pub cause: Option<Cause>,
}

/// What started a run other than a caller or a schedule of the crawler's own.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Cause {
    pub trigger: String,
    /// The workflow and its run.
    pub workflow: Option<(String, String)>,
}

#[derive(Clone, Serialize, Deserialize, PartialEq)]
pub(crate) enum Outcome {
    Succeeded,
    Cancelled,
    Failed(String),
}

pub(crate) fn must_find(store: &impl Read, cx: &Context, name: &str) -> Result<Row, Fault> {
    store.get(&CRAWLERS, cx.scope(), &name.to_owned())?.ok_or_else(|| Error::EntityNotFound.says(format!("Crawler {name} not found.")))
}

/// The runs of a crawler, oldest first.
pub(crate) fn runs(store: &impl Read, cx: &Context, name: &str) -> Result<Vec<(u64, Run)>, Fault> {
    store.scan(&RUNS, cx.scope()).prefix(&(name.to_owned(),)).map(|row| row.map(|((_, number), run)| (number, run))).collect()
}

pub(crate) fn arn(cx: &Context, name: &str) -> String {
    format!("arn:aws:glue:{}:{}:crawler/{name}", cx.region(), cx.account())
}

/// A crawl as it runs.
pub(crate) struct Crawling {
    pub crawler: Crawler,
    pub number: u64,
    /// The run's id.
    pub run: String,
}

impl Crawling {
    pub fn name(&self) -> &str {
        self.crawler.name.as_deref().unwrap_or_default()
    }

    /// Whether the crawl was stopped, or its crawler is gone.
    pub fn is_cancelled(&self, cx: &Context) -> Result<bool, Fault> {
        let row = cx.store().read(|s| s.get(&CRAWLERS, cx.scope(), &self.name().to_owned()))?;
        Ok(row.is_none_or(|row| row.stopping || row.running != Some(self.number)))
    }

    /// Whether an earlier run succeeded.
    pub fn has_run(&self, cx: &Context) -> Result<bool, Fault> {
        let all = cx.store().read(|s| runs(s, cx, self.name()))?;
        Ok(all.iter().any(|(_, run)| run.outcome == Some(Outcome::Succeeded)))
    }

    /// Keeps the folders that were crawled.
    pub async fn remember(&self, cx: &Context, include: &Include, folders: BTreeSet<Vec<String>>) -> Result<(), Fault> {
        cx.store()
            .write(|tx| {
                for folder in &folders {
                    tx.put(&FOLDERS, cx.scope(), &(self.name().to_owned(), include.location(folder, None)), &())?;
                }
                Ok(())
            })
            .await
    }

    /// The folders below an include path that were crawled.
    pub fn remembered(&self, cx: &Context, include: &Include) -> Result<BTreeSet<Vec<String>>, Fault> {
        let root = include.location(&[], None);
        let below = |location: String| {
            let rest = location.strip_prefix(&root)?.trim_end_matches('/');
            Some(rest.split('/').filter(|f| !f.is_empty()).map(str::to_owned).collect())
        };
        cx.store().read(|s| {
            let rows = s.scan(&FOLDERS, cx.scope()).prefix(&(self.name().to_owned(),));
            rows.into_iter().map(|row| row.map(|((_, folder), ())| below(folder))).filter_map(Result::transpose).collect()
        })
    }
}
