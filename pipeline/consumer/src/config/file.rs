//! The tables of the file, with their defaults. A key that isn't known is an error: a typing mistake must not become a default.

use crate::{backoff::Backoff, partition::Shape, policy::Policy};
use serde::Deserialize;
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// All of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[kafka]`
    pub kafka: Kafka,
    /// `[aws]`
    #[serde(default)]
    pub aws: Aws,
    /// `[[routes]]`
    pub routes: Vec<Route>,
    /// `[dead_letter]`
    pub dead_letter: Option<DeadLetter>,
    /// `[limits]`
    #[serde(default)]
    pub limits: Limits,
    /// `[http]`
    #[serde(default)]
    pub http: Http,
}

/// The cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// `HOST:PORT`, several with commas.
    pub bootstrap_servers: String,
    /// The consumer group.
    pub group_id: String,
    /// Where a group without committed offsets begins.
    #[serde(default)]
    pub start: Start,
    /// How the consumer says who it is; everything but MSK's IAM goes through `options`.
    #[serde(default)]
    pub auth: Auth,
    /// Region of the cluster for `msk-iam`; without one that of the AWS configuration.
    pub region: Option<String>,
    /// ARN of the cluster, for the envelope `msk-event`: with one it looks as from MSK, without as from a self-managed cluster.
    pub cluster_arn: Option<String>,
    /// Options of librdkafka by their own names.
    #[serde(default)]
    pub options: BTreeMap<String, toml::Value>,
}

/// librdkafka's `auto.offset.reset`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At the oldest record that there is.
    #[default]
    Earliest,
    /// After the newest.
    Latest,
}

/// Who says who the consumer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// librdkafka, by its options.
    #[default]
    Options,
    /// The AWS SDK's credentials, as MSK wants them (SASL_SSL, OAUTHBEARER).
    MskIam,
}

/// What the AWS SDK isn't to find out by itself: it reads its own variables, files and roles.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aws {
    /// Region of the functions.
    pub region: Option<String>,
    /// Profile of the shared configuration.
    pub profile: Option<String>,
    /// Endpoint of Lambda.
    pub endpoint_url: Option<String>,
}

/// Where records of some topics go, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Names; one that begins with ^ is a regular expression.
    pub topics: Vec<String>,
    /// Name, `name:alias`, `name:version` or ARN.
    pub function: String,
    /// Whether the consumer waits for the function to end.
    #[serde(default)]
    pub invocation: Invocation,
    /// What the function gets.
    #[serde(default)]
    pub envelope: EnvelopeName,
    /// `[routes.batch]`
    #[serde(default)]
    pub batch: BatchTable,
    /// Bytes of a payload at most; Lambda's own limit where it isn't said.
    pub max_payload_bytes: Option<usize>,
    /// How long an invocation may take: 30 s, or 16 minutes where the function is waited for.
    pub timeout_ms: Option<u64>,
    /// `[routes.retry]`
    #[serde(default)]
    pub retry: Retry,
    /// `[routes.errors]`
    #[serde(default)]
    pub errors: Policy,
}

/// Lambda's invocation type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Invocation {
    /// Lambda queues the event and answers 202.
    #[default]
    Event,
    /// The function has run when Lambda answers.
    RequestResponse,
}

/// The form of a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvelopeName {
    /// As Lambda's event source mappings for Kafka.
    #[default]
    MskEvent,
    /// The value, which has to be JSON.
    Raw,
    /// Records with texts and JSON instead of base64.
    Json,
}

/// When a batch is full.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchTable {
    /// Records at most.
    pub records: usize,
    /// Bytes of payload at most; `max_payload_bytes` where it isn't said.
    pub bytes: Option<usize>,
    /// How long the oldest record waits for company.
    pub wait_ms: u64,
}

impl Default for BatchTable {
    fn default() -> Self {
        BatchTable { records: 1, bytes: None, wait_ms: 0 }
    }
}

/// How often it is tried again.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Wait before the second try.
    pub first_ms: u64,
    /// Longest wait; each is twice the one before, with jitter.
    pub longest_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Retry { first_ms: 200, longest_ms: 30_000 }
    }
}

/// Where records go that no function takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// A topic of the same cluster.
    pub topic: String,
}

/// How much at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Invocations at once.
    pub in_flight: usize,
    /// Those of one partition; with one they are accepted in order.
    pub in_flight_per_partition: usize,
    /// Bytes of records that wait or are under way.
    pub buffered_bytes: usize,
    /// Bytes that librdkafka fetches ahead.
    pub prefetched_bytes: usize,
    /// Records of one partition that wait, or are settled and wait for an earlier one.
    pub partition_records: usize,
    /// How long what is under way may take when partitions are taken away or the consumer stops.
    pub drain_timeout_ms: u64,
    /// How often offsets are committed.
    pub commit_interval_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            in_flight: 64,
            in_flight_per_partition: 1,
            buffered_bytes: 64 << 20,
            prefetched_bytes: 16 << 20,
            partition_records: 10_000,
            drain_timeout_ms: 20_000,
            commit_interval_ms: 500,
        }
    }
}

/// `/metrics`, `/health` and `/ready`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Where to listen; nowhere if it isn't said.
    pub listen: Option<SocketAddr>,
}

impl Route {
    /// Bytes of a payload at most.
    pub fn max_payload_bytes(&self) -> usize {
        self.max_payload_bytes.unwrap_or(match self.invocation {
            Invocation::Event => super::EVENT_MAX_BYTES,
            Invocation::RequestResponse => super::REQUEST_MAX_BYTES,
        })
    }
    /// How long an invocation may take, milliseconds.
    pub fn timeout_ms(&self) -> u64 {
        self.timeout_ms.unwrap_or(match self.invocation {
            Invocation::Event => 30_000,
            Invocation::RequestResponse => 960_000,
        })
    }
    /// When its batches are full.
    pub fn shape(&self, limits: &Limits) -> Shape {
        Shape {
            records: self.batch.records,
            bytes: self.batch.bytes.unwrap_or(usize::MAX).min(self.max_payload_bytes()),
            wait: Duration::from_millis(self.batch.wait_ms),
            in_flight: limits.in_flight_per_partition,
        }
    }
    /// How long between tries.
    pub fn backoff(&self) -> Backoff {
        Backoff { first: Duration::from_millis(self.retry.first_ms), longest: Duration::from_millis(self.retry.longest_ms) }
    }
}
