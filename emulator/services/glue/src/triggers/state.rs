//! What is kept of triggers.

use crate::model::*;
use kit::{Context, Fault, Read, Table as Rows, TableScope};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Triggers by name.
pub(crate) const TRIGGERS: Rows<String, Row> = Rows::new("glue.triggers", TableScope::Region);

/// A trigger.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(with = "wire::kept")]
    pub trigger: Trigger,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Conditions that were met since it last fired, by place; for those outside of workflows.
    #[serde(default)]
    pub met: BTreeSet<usize>,
}

impl Row {
    pub fn name(&self) -> &str {
        self.trigger.name.as_deref().unwrap_or_default()
    }
    /// Whether it begins runs of its workflow; the others wait for what those do.
    pub fn starts(&self) -> bool {
        self.trigger.r#type != Some(TriggerType::Conditional)
    }
    /// Crawlers that it starts.
    pub fn crawlers(&self) -> impl Iterator<Item = &String> {
        self.trigger.actions.iter().flatten().filter_map(|action| action.crawler_name.as_ref())
    }
    /// Places of the conditions that the end of a crawl meets.
    pub fn meets(&self, crawler: &str, state: CrawlState) -> impl Iterator<Item = usize> {
        let conditions = self.trigger.predicate.iter().flat_map(|p| p.conditions.iter().flatten()).enumerate();
        conditions.filter(move |(_, c)| c.crawler_name.as_deref() == Some(crawler) && c.crawl_state == Some(state)).map(|(at, _)| at)
    }
    /// Whether conditions that are met are enough.
    pub fn holds(&self, met: &BTreeSet<usize>) -> bool {
        let predicate = self.trigger.predicate.as_ref();
        let count = predicate.map_or(0, |p| p.conditions.as_ref().map_or(0, Vec::len));
        match predicate.and_then(|p| p.logical) {
            Some(Logical::Any) => !met.is_empty(),
            _ => count > 0 && met.len() == count,
        }
    }
}

pub(crate) fn must_find(store: &impl Read, cx: &Context, name: &str) -> Result<Row, Fault> {
    store.get(&TRIGGERS, cx.scope(), &name.to_owned())?.ok_or_else(|| Error::EntityNotFound.says(format!("Trigger {name} not found.")))
}

/// All triggers, or those of a workflow.
pub(crate) fn all(store: &impl Read, cx: &Context, workflow: Option<&str>) -> Result<Vec<Row>, Fault> {
    let rows: Vec<Row> = store.scan(&TRIGGERS, cx.scope()).map(|row| row.map(|(_, row)| row)).collect::<Result<_, Fault>>()?;
    Ok(rows.into_iter().filter(|row| workflow.is_none() || row.trigger.workflow_name.as_deref() == workflow).collect())
}

pub(crate) fn arn(cx: &Context, name: &str) -> String {
    format!("arn:aws:glue:{}:{}:trigger/{name}", cx.region(), cx.account())
}
