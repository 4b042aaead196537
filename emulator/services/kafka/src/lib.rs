//! Amazon MSK: clusters, their topics and configurations, over the Kafka broker of this process (crate `broker`).
//!
//! Every cluster is a name for the one broker, with listeners of its own: where they ask who one is, IAM decides by the cluster's ARNs
//! ([`gate`]) and tokens are checked as signatures are ([`token`]), or the users are those of secrets ([`users`]). The broker runs from the cloud's start to its end; its logs lie beside the
//! cloud's store.

mod access;
mod clusters;
mod configurations;
mod elsewhere;
mod gate;
mod host;
#[allow(missing_docs)]
mod model;
mod networks;
mod outside;
mod owners;
mod policies;
mod reader;
mod scram;
mod state;
mod tags;
mod token;
mod topics;
mod users;

pub use broker::{Broker, client};
pub use model::*;

use broker::{Limits, Listener, Options};
use kit::{BoxFuture, Context, Fault, ports::Ports, store::Durability};
use parking_lot::Mutex;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

/// The service, and the broker that it runs.
#[derive(Default)]
pub struct Kafka {
    address: Option<SocketAddr>,
    /// What clients of that listener are told to connect to, where it isn't the address.
    advertised: Option<(String, u16)>,
    /// Brokers of somebody else that clusters are names for.
    external: Option<String>,
    dir: Option<(PathBuf, Durability)>,
    memory_bytes: Option<u64>,
    broker: OnceLock<Arc<Broker>>,
    /// The plaintext listener: known beyond a broker that is down on purpose.
    bootstrap: OnceLock<String>,
    /// Bells that were given before the broker started.
    bells: Mutex<Vec<broker::inside::Bell>>,
    /// Brokers that are read over the wire.
    elsewhere: Arc<elsewhere::Elsewhere>,
}

impl Kafka {
    /// The service, with a broker on the heap that listens nowhere until a cluster is made.
    pub fn new() -> Kafka {
        Kafka::default()
    }
    /// The broker listens here too, for whoever knows nothing of MSK: plaintext, nobody is asked. Port 0 takes a free one.
    pub fn listen(mut self, address: SocketAddr) -> Kafka {
        self.address = Some(address);
        self
    }
    /// Clients of that listener are told to connect here: from outside of a container.
    pub fn advertise(mut self, host: impl Into<String>, port: u16) -> Kafka {
        self.advertised = Some((host.into(), port));
        self
    }
    /// Logs lie in this folder.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>, durability: Durability) -> Kafka {
        self.dir = Some((dir.into(), durability));
        self
    }
    /// The broker keeps so many bytes in memory, of logs, requests and answers (see [`broker::Limits::within`]); 768 MiB without.
    pub fn memory(mut self, bytes: u64) -> Kafka {
        self.memory_bytes = Some(bytes);
        self
    }
    /// The broker, once the cloud has started.
    pub fn broker(&self) -> Result<&Arc<Broker>, Fault> {
        self.broker.get().ok_or_else(|| Fault::internal("the Kafka broker has not started yet"))
    }

    /// A client of the listener that [`listen`](Self::listen) asked for.
    pub fn client(&self) -> Option<broker::client::Client> {
        let clock = self.broker.get()?.clock().clone();
        Some(broker::client::Client::new(&self.bootstrap()?, clock))
    }
    /// `HOST:PORT` of the listener that [`listen`](Self::listen) asked for, or of the brokers outside.
    pub fn bootstrap(&self) -> Option<String> {
        self.external.clone().or_else(|| self.bootstrap.get().cloned())
    }

    /// Listens for the clusters that there are and for no others: the cloud's whole state is another one now (a snapshot, a reset).
    pub async fn listen_anew(&self, cx: &Context) -> Result<(), Fault> {
        let broker = self.broker()?;
        let own = usize::from(self.address.is_some());
        broker.listeners().iter().skip(own).for_each(|bound| broker.hang_up(bound.address));
        clusters::listen_again(self, cx).await
    }

    async fn begin(&self, cx: &Context) -> Result<(), Fault> {
        let mut options = Options::new(cx.cloud().clock().clone(), cx.cloud().work().clone());
        options.seed = cx.cloud().seed();
        options.dir = self.dir.clone();
        options.limits = self.memory_bytes.map_or_else(Limits::default, Limits::within);
        options.host = Some(host::CloudHost::new(cx.cloud()));
        let listener = |address| Listener { advertised: self.advertised.clone(), ..Listener::plaintext(address) };
        options.listeners = self.address.map(listener).into_iter().collect();
        let started = Broker::start(options).await;
        let why = |e: std::io::Error| match self.address {
            Some(address) => Fault::internal(format!("the Kafka broker does not start on {address}: {e}. Choose another port.")),
            None => Fault::internal(format!("the Kafka broker does not start: {e}")),
        };
        let broker = Arc::new(started.map_err(why)?);
        if self.address.is_some() {
            let _ = self.bootstrap.set(broker.bootstrap());
        }
        let bells = std::mem::take(&mut *self.bells.lock());
        bells.iter().for_each(|bell| broker.watch(bell.clone()));
        let _ = self.broker.set(broker);
        // Who looked before the broker was there looks again.
        bells.iter().for_each(|bell| bell());
        clusters::listen_again(self, cx).await
    }
}

kit::service! {
    /// Amazon Managed Streaming for Apache Kafka.
    Kafka, model = "kafka", invalid_input = "BadRequestException";
    // clusters/
    CreateCluster => create_cluster,
    CreateClusterV2 => create_cluster_v2,
    DescribeCluster => describe_cluster,
    DescribeClusterV2 => describe_cluster_v2,
    ListClusters => list_clusters,
    ListClustersV2 => list_clusters_v2,
    DeleteCluster => delete_cluster,
    GetBootstrapBrokers => get_bootstrap_brokers,
    ListNodes => list_nodes,
    ListKafkaVersions => list_kafka_versions,
    // topics.rs
    CreateTopic => create_topic,
    DeleteTopic => delete_topic,
    DescribeTopic => describe_topic,
    DescribeTopicPartitions => describe_topic_partitions,
    ListTopics => list_topics,
    UpdateTopic => update_topic,
    // configurations.rs
    CreateConfiguration => create_configuration,
    UpdateConfiguration => update_configuration,
    DeleteConfiguration => delete_configuration,
    DescribeConfiguration => describe_configuration,
    DescribeConfigurationRevision => describe_configuration_revision,
    ListConfigurations => list_configurations,
    ListConfigurationRevisions => list_configuration_revisions,
    // scram.rs
    BatchAssociateScramSecret => batch_associate_scram_secret,
    BatchDisassociateScramSecret => batch_disassociate_scram_secret,
    ListScramSecrets => list_scram_secrets,
    // policies.rs
    PutClusterPolicy => put_cluster_policy,
    GetClusterPolicy => get_cluster_policy,
    DeleteClusterPolicy => delete_cluster_policy,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl kit::Service for Kafka {
    fn action_prefixes(&self) -> &'static [&'static str] {
        &["kafka-cluster"]
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        policies::of(cx, resource)
    }
    /// Clusters, topics and groups are of the account in their ARN, whoever asks for them: another account needs the cluster's policy, too.
    fn resource_view(&self, cx: &Context, need: &kit::Need) -> kit::ResourceView {
        let owner = kit::Arn::parse(&need.resource).map(|arn| arn.account.to_owned()).filter(|account| !account.is_empty());
        kit::ResourceView { policy: policies::of(cx, &need.resource), owner }
    }
    fn complete(&self, cx: &Context, need: &kit::Need) -> Option<kit::Need> {
        tags::completed(cx, need)
    }
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_kafka_topics(self);
    }
    fn start<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.begin(cx))
    }
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(broker) = self.broker.get() {
                // Logs that were not closed in order are read at the next start; nothing is lost.
                let _ = broker.stop().await;
            }
        })
    }
}
