//! Clusters that are names for somebody else's brokers (`--kafka-bootstrap`): clients are sent there, topics are made and listed there, over
//! Kafka's own protocol without authentication. What the wire client can't do is refused by name.

use crate::{Kafka, model::*, state};
use broker::client::{Client, ClientError, TopicView};
use kit::{Context, Fault};
use std::collections::BTreeMap;

impl Kafka {
    /// Clusters are names for the brokers at `HOST:PORT[,HOST:PORT...]` and not for the one of this process.
    pub fn external(mut self, servers: impl Into<String>) -> Kafka {
        self.external = Some(servers.into());
        self
    }

    /// A client of the brokers outside, where clusters are names for them.
    pub(crate) fn outside(&self, cx: &Context) -> Option<Client> {
        self.external.as_ref().map(|servers| Client::new(servers, cx.cloud().clock().clone()))
    }
}

/// Makes a topic outside.
pub(crate) async fn create(client: &mut Client, input: &CreateTopicInput, configs: &BTreeMap<String, String>) -> Result<(), Fault> {
    let replicas = i16::try_from(input.replication_factor).unwrap_or(i16::MAX);
    client.create_topic(&input.topic_name, input.partition_count, replicas, configs).await.map_err(fault)
}

/// Deletes a topic outside.
pub(crate) async fn delete(client: &mut Client, name: &str) -> Result<(), Fault> {
    client.delete_topic(name).await.map_err(fault)
}

/// A topic outside.
pub(crate) async fn topic(client: &mut Client, name: &str) -> Result<TopicView, Fault> {
    let unknown = || Error::NotFound.says("The specified topic does not exist.").with("InvalidParameter", "topicName");
    client.topics().await.map_err(fault)?.into_iter().find(|topic| topic.name == name).ok_or_else(unknown)
}

/// Topics outside, a page of them.
pub(crate) async fn list(client: &mut Client, input: &ListTopicsInput) -> Result<ListTopicsOutput, Fault> {
    let filter = input.topic_name_filter.clone().unwrap_or_default();
    let named = client.topics().await.map_err(fault)?.into_iter().filter(|topic| !topic.internal && topic.name.starts_with(&filter));
    let token = input.next_token.as_deref();
    let page = kit::pages::page(named, |t| t.name.clone(), token, state::limit(input.max_results), state::bad_token)?;
    let show = |topic: TopicView| TopicInfo {
        topic_arn: Some(state::inside(&input.cluster_arn, "topic", &topic.name)),
        topic_name: Some(topic.name),
        partition_count: Some(topic.leaders.len() as i32),
        out_of_sync_replica_count: Some(topic.leaders.iter().filter(|leader| **leader < 0).count() as i32),
        ..TopicInfo::default()
    };
    Ok(ListTopicsOutput { topics: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
}

/// A partition as MSK tells it; who replicates it isn't known here.
pub(crate) fn partition((n, leader): (i32, i32)) -> TopicPartitionInfo {
    TopicPartitionInfo { partition: Some(n), leader: Some(leader), ..TopicPartitionInfo::default() }
}

fn fault(error: ClientError) -> Fault {
    let says = error.to_string();
    match error.code() {
        "TOPIC_ALREADY_EXISTS" => Error::TopicExists.says(says),
        "UNKNOWN_TOPIC_OR_PARTITION" => Error::UnknownTopicOrPartition.says(says),
        "NETWORK_EXCEPTION" => Error::ServiceUnavailable.says(says),
        _ => Error::BadRequest.says(says),
    }
}
