//! How Lambda's pollers reach Kafka: topics of MSK's clusters, and of brokers that are named by their addresses. Nothing here knows how a
//! broker keeps its logs, or what a poller does with a record.

use crate::Context;
use futures_util::future::BoxFuture;
use std::{collections::BTreeMap, sync::Arc};
use wire::{Bytes, Timestamp};

/// Topics of Kafka (MSK). Where a cluster's access is IAM's, `cx` is asked for `kafka-cluster:...` as the broker asks its clients.
pub trait KafkaTopics: Send + Sync {
    /// Connects: the brokers answer, the login counts, the topic is there.
    fn open<'a>(&'a self, cx: &'a Context, source: &'a KafkaSource) -> BoxFuture<'a, Result<KafkaTopic, KafkaTrouble>>;
    /// The next offset of each partition for the source's group. Where the group has committed nothing, `start` decides, and that is committed.
    fn positions<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        start: KafkaStart,
    ) -> BoxFuture<'a, Result<BTreeMap<i32, i64>, KafkaTrouble>>;
    /// Records of a partition from an offset on, whole batches of about `most_bytes`; aborted transactions and open ones are left out.
    /// An offset that is no longer there goes on at the start of the log.
    fn read<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        partition: i32,
        offset: i64,
        most_bytes: usize,
    ) -> BoxFuture<'a, Result<KafkaRead, KafkaTrouble>>;
    /// Commits next offsets for the source's group.
    fn commit<'a>(&'a self, cx: &'a Context, source: &'a KafkaSource, offsets: Vec<(i32, i64)>) -> BoxFuture<'a, Result<(), KafkaTrouble>>;
    /// Writes records to another topic of the source's cluster; each goes to the partition of its number, or by turns.
    fn write<'a>(
        &'a self,
        cx: &'a Context,
        source: &'a KafkaSource,
        topic: &'a str,
        records: Vec<KafkaRecord>,
    ) -> BoxFuture<'a, Result<(), KafkaTrouble>>;
    /// Rings a bell each time that a topic may have grown: of a broker in this process before whoever wrote is answered, of brokers elsewhere
    /// when it was noticed, in real time, as long as the topic is opened now and then.
    fn watch(&self, bell: Arc<dyn Fn() + Send + Sync>);
}

/// A topic, and who reads it how.
#[derive(Clone)]
pub struct KafkaSource {
    /// Where the brokers are.
    pub place: KafkaPlace,
    /// Topic.
    pub topic: String,
    /// Consumer group.
    pub group: String,
    /// How the reader says who it is.
    pub login: KafkaLogin,
    /// Certificate (PEM) of the authority that the brokers' certificates are checked by, where it is not AWS's own.
    pub root_ca: Option<String>,
    /// Whether one of Lambda's pollers reads, of which AWS asks more than of clients.
    pub poller: bool,
}

/// Where brokers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KafkaPlace {
    /// An MSK cluster by ARN.
    Cluster(String),
    /// `HOST:PORT` of brokers.
    Servers(Vec<String>),
}

/// How a reader says who it is. No `Debug`: passwords stay out of logs.
#[derive(Clone, PartialEq, Eq)]
pub enum KafkaLogin {
    /// IAM where the cluster has it, nobody otherwise.
    Default,
    /// SASL PLAIN.
    Plain {
        /// User.
        user: String,
        /// Password.
        password: String,
    },
    /// SASL SCRAM.
    Scram {
        /// SHA-256 rather than SHA-512.
        short: bool,
        /// User.
        user: String,
        /// Password.
        password: String,
    },
}

/// Where a group begins that has committed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KafkaStart {
    /// The oldest record.
    Oldest,
    /// What comes from now on.
    Newest,
    /// The first record of this time or later.
    At(Timestamp),
}

/// A topic that was reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KafkaTopic {
    /// Number of partitions.
    pub partitions: i32,
    /// `HOST:PORT,HOST:PORT`
    pub bootstrap: String,
    /// Another one after the topic was deleted and made anew; `None` where that is not told.
    pub id: Option<[u8; 16]>,
}

/// What was read of a partition.
#[derive(Clone, Debug, Default)]
pub struct KafkaRead {
    /// Records in order.
    pub records: Vec<KafkaRecord>,
    /// The offset to go on at.
    pub next: i64,
    /// The end of what can be read.
    pub end: i64,
}

/// A record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KafkaRecord {
    /// Partition; negative where the writer does not choose.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Milliseconds.
    pub time_ms: i64,
    /// When the broker took it, milliseconds of the cloud's clock: producers outside of the cloud know another time.
    pub appended_ms: i64,
    /// The time is the log's and not the producer's.
    pub log_time: bool,
    /// Key.
    pub key: Option<Bytes>,
    /// Value; absent is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order; names may come twice.
    pub headers: Vec<(String, Bytes)>,
}

/// Why Kafka could not be used. The texts say what happened to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KafkaTrouble {
    /// No such cluster.
    NoCluster,
    /// No such topic, or partition of it.
    NoTopic,
    /// The brokers don't answer.
    Connection(String),
    /// Who reads is not believed.
    Authentication(String),
    /// Who reads may not: the action and resource that were refused.
    Authorization(String),
    /// Something else that the broker said.
    Broker(String),
}

impl std::fmt::Display for KafkaTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KafkaTrouble::NoCluster => write!(f, "the cluster does not exist"),
            KafkaTrouble::NoTopic => write!(f, "the topic does not exist"),
            KafkaTrouble::Connection(why)
            | KafkaTrouble::Authentication(why)
            | KafkaTrouble::Authorization(why)
            | KafkaTrouble::Broker(why) => write!(f, "{why}"),
        }
    }
}
