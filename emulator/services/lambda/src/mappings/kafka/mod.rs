//! Mappings of Kafka topics, in MSK's clusters and in brokers that a mapping names. `check` says what a mapping may ask for, `login` makes the
//! secrets and roles that it names into a way to the brokers, `pollers` says when to look, `poll` reads and gathers, `deliver` runs the
//! function, `discard` is where records go that it can't deal with.
//!
//! A mapping reads its topic in lanes: one, or as many as it asks pollers for, each with partitions of its own: the fewest, up to the most once it
//! is behind, and the fewest again when it has caught up for a while. A lane has one batch under way at a time, so each partition is dealt with in
//! order, and commits what was dealt with and nothing beyond.

pub(super) mod check;
mod deliver;
mod discard;
mod event;
mod login;
mod poll;
pub(crate) mod pollers;

pub(crate) use pollers::Pollers;

use super::Mapping;
use crate::model::*;
use kit::Timestamp;
use serde::{Deserialize, Serialize};

/// The window of a mapping that says none, milliseconds (the service model of Lambda).
const DEFAULT_WINDOW_MS: i64 = 500;
/// Most pollers of a mapping that has a ProvisionedPollerConfig and names no other number (AWS's guide).
const MOST_POLLERS: i32 = 200;
/// Retries of a mapping that has a destination for failures and no limit of its own (AWS's documentation of retries for Kafka).
const RETRIES_BEFORE_DESTINATION: i32 = 10;

/// What a mapping of a topic says beside what mappings of queues say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Topic {
    /// `HOST:PORT` of brokers that the mapping names; none for a cluster of MSK.
    pub servers: Vec<String>,
    pub topic: String,
    pub group: String,
    /// TRIM_HORIZON, LATEST or AT_TIMESTAMP.
    pub start: String,
    pub start_at: Option<Timestamp>,
    /// Types and URIs of SourceAccessConfigurations.
    pub access: Vec<(String, String)>,
    /// The window was asked for: without, it is half a second and not shown.
    pub has_window: bool,
    pub max_retries: Option<i32>,
    pub max_age_secs: Option<i32>,
    pub bisects: Option<bool>,
    /// ARN, or `kafka://topic`.
    pub on_failure: Option<String>,
    /// Fewest and most pollers.
    pub pollers: Option<(Option<i32>, Option<i32>)>,
}

impl Topic {
    /// Fewest and most pollers, each with a lane of its own; one without ProvisionedPollerConfig.
    fn pollers(&self) -> (usize, usize) {
        let Some((fewest, most)) = self.pollers else { return (1, 1) };
        let fewest = fewest.unwrap_or(1).max(1);
        (fewest as usize, most.unwrap_or(MOST_POLLERS).max(fewest) as usize)
    }
    /// Lanes of a mapping that is behind: there is no use in more than the topic has partitions.
    fn most_lanes(&self, partitions: i32) -> usize {
        let (fewest, most) = self.pollers();
        (partitions.max(1) as usize).clamp(fewest, most)
    }
    /// How long records are gathered.
    fn window_ms(&self, mapping: &Mapping) -> i64 {
        if self.has_window { i64::from(mapping.window_secs) * 1000 } else { DEFAULT_WINDOW_MS }
    }
    /// How often a batch is tried again; `None` without end.
    fn retries(&self) -> Option<u32> {
        match (self.max_retries.unwrap_or(-1), &self.on_failure) {
            (-1, None) => None,
            (-1, Some(_)) => Some(RETRIES_BEFORE_DESTINATION as u32),
            (most, _) => Some(most.max(0) as u32),
        }
    }
    /// What brokers and sentences call the source: the cluster's ARN or the list of servers.
    pub fn source(&self, mapping: &Mapping) -> String {
        if self.servers.is_empty() { mapping.queue_arn.clone() } else { self.servers.join(",") }
    }

    /// Puts what is Kafka's into what AWS shows of a mapping, as recorded.
    pub fn show(&self, mapping: &Mapping, status: &Status, shown: &mut EventSourceMappingConfiguration) {
        // Recorded: an empty list is not shown, as it is for queues.
        shown.function_response_types = shown.function_response_types.take().filter(|types| !types.is_empty());
        shown.maximum_batching_window_in_seconds = self.has_window.then_some(mapping.window_secs);
        shown.event_source_arn = self.servers.is_empty().then(|| mapping.queue_arn.clone());
        shown.last_processing_result = Some(status.result.clone());
        if let Some(reason) = &status.reason {
            shown.state_transition_reason = Some(reason.clone());
        }
        shown.starting_position = EventSourcePosition::parse(&self.start);
        shown.starting_position_timestamp = self.start_at;
        shown.topics = Some(vec![self.topic.clone()]);
        let group = Some(self.group.clone());
        match self.servers.is_empty() {
            true => {
                shown.amazon_managed_kafka_event_source_config =
                    Some(AmazonManagedKafkaEventSourceConfig { consumer_group_id: group, ..Default::default() });
            }
            false => {
                let endpoints = [(check::ENDPOINTS.to_owned(), self.servers.clone())].into();
                shown.self_managed_event_source = Some(SelfManagedEventSource { endpoints: Some(endpoints) });
                shown.self_managed_kafka_event_source_config =
                    Some(SelfManagedKafkaEventSourceConfig { consumer_group_id: group, ..Default::default() });
            }
        }
        let access = self
            .access
            .iter()
            .map(|(kind, uri)| SourceAccessConfiguration { r#type: SourceAccessType::parse(kind), uri: Some(uri.clone()) });
        shown.source_access_configurations = (!self.access.is_empty()).then(|| access.collect());
        shown.maximum_retry_attempts = self.max_retries;
        shown.maximum_record_age_in_seconds = self.max_age_secs;
        shown.bisect_batch_on_function_error = self.bisects;
        shown.destination_config = self
            .on_failure
            .as_ref()
            .map(|target| DestinationConfig { on_failure: Some(OnFailure { destination: Some(target.clone()) }), ..Default::default() });
        shown.provisioned_poller_config = self.pollers.map(|(fewest, most)| ProvisionedPollerConfig {
            minimum_pollers: fewest,
            maximum_pollers: most,
            ..Default::default()
        });
    }
}

/// How a mapping fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// Why it does not work, as AWS's codes name it; `None` where it does.
    pub reason: Option<String>,
    /// `No records processed`, `OK` or `PROBLEM: ...`
    pub result: String,
}

impl Default for Status {
    fn default() -> Status {
        Status { reason: None, result: "No records processed".into() }
    }
}

/// Connects once and notes what comes of it, for whoever asks after the mapping was made.
pub(super) async fn test(lambda: &crate::Lambda, cx: &kit::Context, mapping: &Mapping) {
    if mapping.kafka.is_none() || !mapping.enabled {
        return;
    }
    let key = (cx.scope().clone(), mapping.uuid.clone());
    let house = super::pollers::context(cx.cloud(), cx.scope());
    if let Err(problem) = poll::open(&lambda.topics, &house, &key, pollers::Turn::default()).await {
        lambda.topics.note(&house, &key, problem.status());
    }
}
