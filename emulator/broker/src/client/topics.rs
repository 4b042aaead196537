//! Topics: made, deleted, told with where they begin and end.

use super::{ANY, Client, ClientError, check};
use crate::call::text;
use kafka_protocol::messages::{
    CreateTopicsRequest, DeleteTopicsRequest, ListOffsetsRequest, TopicName,
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
};
use std::{collections::BTreeMap, time::Duration};

/// How long a broker may take over a topic, milliseconds.
const TIMEOUT_MS: i32 = 30_000;

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicView {
    /// Name.
    pub name: String,
    /// The broker that leads each partition; -1 where none does.
    pub leaders: Vec<i32>,
    /// Of Kafka's own.
    pub internal: bool,
}

impl Client {
    /// Makes a topic.
    pub async fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        replicas: i16,
        configs: &BTreeMap<String, String>,
    ) -> Result<(), ClientError> {
        let config = |(name, value): (&String, &String)| {
            CreatableTopicConfig::default().with_name(text(name.as_str())).with_value(Some(text(value.as_str())))
        };
        let topic = CreatableTopic::default()
            .with_name(TopicName(text(name)))
            .with_num_partitions(partitions)
            .with_replication_factor(replicas)
            .with_configs(configs.iter().map(config).collect());
        let node = self.controller().await?;
        let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(TIMEOUT_MS);
        let answer = self.ask(node, 5, request, Duration::ZERO).await?;
        let made = answer.topics.into_iter().next().unwrap_or_default();
        check(made.error_code, || name.to_owned(), made.error_message.as_ref().map(|m| m.as_str()))
    }

    /// Deletes a topic.
    pub async fn delete_topic(&mut self, name: &str) -> Result<(), ClientError> {
        let node = self.controller().await?;
        let request = DeleteTopicsRequest::default().with_topic_names(vec![TopicName(text(name))]).with_timeout_ms(TIMEOUT_MS);
        let answer = self.ask(node, 5, request, Duration::ZERO).await?;
        let gone = answer.responses.into_iter().next().unwrap_or_default();
        check(gone.error_code, || name.to_owned(), gone.error_message.as_ref().map(|m| m.as_str()))
    }

    async fn controller(&mut self) -> Result<i32, ClientError> {
        let answer = self.metadata(Some(&[])).await?;
        Ok(if *answer.controller_id >= 0 { *answer.controller_id } else { ANY })
    }

    /// Topics by name.
    pub async fn topics(&mut self) -> Result<Vec<TopicView>, ClientError> {
        let answer = self.metadata(None).await?;
        let mut topics: Vec<TopicView> = answer
            .topics
            .into_iter()
            .map(|topic| {
                let mut leaders: Vec<(i32, i32)> = topic.partitions.iter().map(|p| (p.partition_index, *p.leader_id)).collect();
                leaders.sort_unstable();
                TopicView {
                    name: topic.name.map(|name| name.to_string()).unwrap_or_default(),
                    leaders: leaders.into_iter().map(|(_, leader)| leader).collect(),
                    internal: topic.is_internal,
                }
            })
            .collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(topics)
    }

    /// The number of a topic's partitions.
    pub async fn partitions(&mut self, topic: &str) -> Result<i32, ClientError> {
        self.leaders(topic).await.map(|leaders| leaders.len() as i32)
    }

    /// The offset of each partition at a time, milliseconds; -1 is the end, -2 the beginning. `committed` counts what is stable only.
    pub async fn offsets(&mut self, topic: &str, time_ms: i64, committed: bool) -> Result<Vec<i64>, ClientError> {
        let leaders = self.leaders(topic).await?;
        let mut offsets = Vec::new();
        for (n, leader) in leaders.into_iter().enumerate() {
            let n = n as i32;
            let partition = ListOffsetsPartition::default().with_partition_index(n).with_timestamp(time_ms);
            let asked = ListOffsetsTopic::default().with_name(TopicName(text(topic))).with_partitions(vec![partition]);
            let request = ListOffsetsRequest::default().with_isolation_level(i8::from(committed)).with_topics(vec![asked]);
            let answer = self.ask(leader, 6, request, Duration::ZERO).await?;
            let found = answer.topics.into_iter().next().and_then(|t| t.partitions.into_iter().next()).unwrap_or_default();
            check(found.error_code, || format!("{topic}-{n}"), None)?;
            offsets.push(found.offset);
        }
        Ok(offsets)
    }
}
