//! What is kept of workflows and their runs.

use crate::model::*;
use kit::{Context, Fault, Read, Table as Rows, TableScope, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Workflows by name.
pub(crate) const WORKFLOWS: Rows<String, Row> = Rows::new("glue.workflows", TableScope::Region);
/// Runs by workflow and number, oldest first.
pub(crate) const RUNS: Rows<(String, u64), Run> = Rows::new("glue.workflow_runs", TableScope::Region);

/// A workflow.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub name: String,
    pub description: Option<String>,
    pub properties: BTreeMap<String, String>,
    pub most_runs: Option<i32>,
    pub created: Timestamp,
    pub changed: Timestamp,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A run.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub id: String,
    pub previous: Option<String>,
    pub properties: BTreeMap<String, String>,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub stopping: bool,
    /// What triggers started, in order.
    pub actions: Vec<Action>,
    /// Conditions that were met, by trigger and place.
    pub met: BTreeSet<(String, usize)>,
    /// Triggers that fired.
    pub fired: BTreeSet<String>,
    /// Which condition of a batch of events began it.
    #[serde(default, with = "wire::kept")]
    pub batch: Option<StartingEventBatchCondition>,
    /// Why it could not begin.
    #[serde(default)]
    pub error: Option<String>,
}

/// A crawl in a run.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Action {
    pub crawler: String,
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    /// As CrawlState says it; empty while it runs.
    pub state: String,
}

pub(crate) fn must_find(store: &impl Read, cx: &Context, name: &str) -> Result<Row, Fault> {
    store.get(&WORKFLOWS, cx.scope(), &name.to_owned())?.ok_or_else(|| Error::EntityNotFound.says(format!("Workflow {name} not found.")))
}

/// The runs of a workflow, oldest first.
pub(crate) fn runs(store: &impl Read, cx: &Context, name: &str) -> Result<Vec<(u64, Run)>, Fault> {
    store.scan(&RUNS, cx.scope()).prefix(&(name.to_owned(),)).map(|row| row.map(|((_, number), run)| (number, run))).collect()
}

pub(crate) fn must_find_run(store: &impl Read, cx: &Context, name: &str, id: &str) -> Result<(u64, Run), Fault> {
    must_find(store, cx, name)?;
    let found = runs(store, cx, name)?.into_iter().find(|(_, run)| run.id == id);
    found.ok_or_else(|| Error::EntityNotFound.says(format!("Workflow run {id} not found.")))
}
