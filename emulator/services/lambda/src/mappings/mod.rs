//! Event source mappings: queues and topics that Lambda polls for a function. `api` and `check` are the mappings themselves, `pollers` says when to look
//! into which queue, `poll` takes messages out of it, `filter` says which of them the function wants, `batch` runs the function.
//!
//! `kafka` is all that is another thing with topics. Queues are reached as AWS's pollers reach them: with the function's role, by SQS's own API. Nothing here knows how SQS keeps messages.

mod api;
pub(crate) mod batch;
mod check;
mod filter;
pub(crate) mod kafka;
mod poll;
pub(crate) mod pollers;

pub(crate) use api::by_arn;
pub(crate) use pollers::Pollers;

use crate::{model::*, names::Name};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Mappings by UUID.
pub(crate) const MAPPINGS: Table<String, Mapping> = Table::new("lambda.mappings", TableScope::Region);

/// A mapping as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Mapping {
    pub uuid: String,
    /// The queue, or MSK's cluster.
    pub queue_arn: String,
    pub function: String,
    pub qualifier: Option<String>,
    pub enabled: bool,
    pub batch_size: i32,
    pub window_secs: i32,
    /// Patterns; a message is wanted that one of them matches.
    pub filters: Vec<String>,
    pub max_concurrency: Option<i32>,
    /// ReportBatchItemFailures.
    pub reports_failures: bool,
    pub modified: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// What a mapping of a topic has beside.
    pub kafka: Option<kafka::Topic>,
}

impl Mapping {
    /// The function as the mapping names it.
    pub fn name(&self, scope: &Scope) -> Name {
        Name { scope: scope.clone(), function: self.function.clone(), qualifier: self.qualifier.clone() }
    }
    /// `arn:aws:lambda:R:A:event-source-mapping:UUID`
    pub fn arn(&self, scope: &Scope) -> String {
        arn(scope, &self.uuid)
    }
    /// The mapping as AWS shows it, in a state. Order and members are those of mappings of queues, as recorded.
    pub fn show(&self, scope: &Scope, state: &str) -> EventSourceMappingConfiguration {
        let filters = self.filters.iter().map(|p| Filter { pattern: Some(p.clone()) }).collect::<Vec<_>>();
        EventSourceMappingConfiguration {
            uuid: Some(self.uuid.clone()),
            batch_size: Some(self.batch_size),
            maximum_batching_window_in_seconds: Some(self.window_secs),
            event_source_arn: Some(self.queue_arn.clone()),
            filter_criteria: (!filters.is_empty()).then_some(FilterCriteria { filters: Some(filters) }),
            function_arn: Some(self.name(scope).arn()),
            last_modified: Some(self.modified),
            state: Some(state.to_owned()),
            state_transition_reason: Some("USER_INITIATED".into()),
            function_response_types: Some(match self.reports_failures {
                true => vec![FunctionResponseType::ReportBatchItemFailures],
                false => Vec::new(),
            }),
            scaling_config: self.max_concurrency.map(|n| ScalingConfig { maximum_concurrency: Some(n) }),
            event_source_mapping_arn: Some(self.arn(scope)),
            ..EventSourceMappingConfiguration::default()
        }
    }
    /// The state once what was asked for is done.
    pub fn state(&self) -> &'static str {
        if self.enabled { "Enabled" } else { "Disabled" }
    }
}

/// The ARN of a mapping.
pub(crate) fn arn(scope: &Scope, uuid: &str) -> String {
    format!("arn:aws:lambda:{}:{}:event-source-mapping:{uuid}", scope.region, scope.account)
}

/// A mapping of the account and region.
pub(crate) fn find(read: &impl Read, cx: &Context, uuid: &str) -> Result<Mapping, Fault> {
    let found = read.get(&MAPPINGS, cx.scope(), &uuid.to_owned())?;
    found.ok_or_else(|| crate::state::user(Error::ResourceNotFound.says("The resource you requested does not exist.")))
}
