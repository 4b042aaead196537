//! Groups: who is in them, what they committed, how far behind they are; and committing for one that has no members.

use super::{ANY, Client, ClientError, check};
use crate::call::text;
use kafka_protocol::messages::{
    DescribeGroupsRequest, FindCoordinatorRequest, GroupId, ListGroupsRequest, OffsetCommitRequest, OffsetFetchRequest, TopicName,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
};
use std::{collections::BTreeMap, time::Duration};

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupView {
    /// Name.
    pub name: String,
    /// As Kafka names it: `Stable`, `Empty`, `PreparingRebalance`, ...
    pub state: String,
    /// Its members; those of the protocol of KIP-848 are not told by this request.
    pub members: Vec<MemberView>,
    /// What it committed.
    pub offsets: Vec<OffsetView>,
}

/// A member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberView {
    /// Id.
    pub id: String,
    /// What the client calls itself.
    pub client: String,
    /// Where it is.
    pub host: String,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetView {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// The next record that the group wants.
    pub committed: i64,
    /// The end of the partition; -1 when the topic is gone.
    pub end: i64,
}

impl GroupView {
    /// Records that the group has not committed, of partitions of which it committed something.
    pub fn lag(&self) -> i64 {
        self.offsets.iter().map(|o| (o.end - o.committed).max(0)).sum()
    }
}

impl Client {
    /// The names of all groups.
    pub async fn group_names(&mut self) -> Result<Vec<String>, ClientError> {
        let nodes: Vec<i32> = self.metadata(Some(&[])).await?.brokers.iter().map(|b| *b.node_id).collect();
        let mut names = Vec::new();
        for node in nodes {
            let answer = self.ask(node, 3, ListGroupsRequest::default(), Duration::ZERO).await?;
            check(answer.error_code, || "groups".into(), None)?;
            names.extend(answer.groups.into_iter().map(|group| group.group_id.to_string()));
        }
        names.sort();
        Ok(names)
    }

    /// A group with its offsets.
    pub async fn group(&mut self, name: &str) -> Result<GroupView, ClientError> {
        let node = self.coordinator(name).await?;
        let request = DescribeGroupsRequest::default().with_groups(vec![GroupId(text(name))]);
        let told = self.ask(node, 4, request, Duration::ZERO).await?.groups.into_iter().next().unwrap_or_default();
        let member = |m: &kafka_protocol::messages::describe_groups_response::DescribedGroupMember| MemberView {
            id: m.member_id.to_string(),
            client: m.client_id.to_string(),
            host: m.client_host.to_string(),
        };
        let members = told.members.iter().map(member).collect();
        let offsets = self.committed(node, name).await?;
        Ok(GroupView { name: name.to_owned(), state: told.group_state.to_string(), members, offsets })
    }

    async fn coordinator(&mut self, group: &str) -> Result<i32, ClientError> {
        self.metadata(Some(&[])).await?;
        let found = self.ask(ANY, 3, FindCoordinatorRequest::default().with_key(text(group)), Duration::ZERO).await?;
        check(found.error_code, || group.to_owned(), found.error_message.as_ref().map(|m| m.as_str()))?;
        Ok(*found.node_id)
    }

    async fn committed(&mut self, node: i32, group: &str) -> Result<Vec<OffsetView>, ClientError> {
        let request = OffsetFetchRequest::default().with_group_id(GroupId(text(group))).with_topics(None);
        let answer = self.ask(node, 5, request, Duration::ZERO).await?;
        check(answer.error_code, || group.to_owned(), None)?;
        let mut all = Vec::new();
        for topic in answer.topics {
            let ends = match self.offsets(&topic.name, -1, false).await {
                // The topic is gone; what was committed of it isn't.
                Err(error) if error.code() == "UNKNOWN_TOPIC_OR_PARTITION" => Vec::new(),
                ends => ends?,
            };
            for partition in topic.partitions.into_iter().filter(|p| p.committed_offset >= 0) {
                let end = usize::try_from(partition.partition_index).ok().and_then(|n| ends.get(n)).copied().unwrap_or(-1);
                let (topic, partition, committed) = (topic.name.to_string(), partition.partition_index, partition.committed_offset);
                all.push(OffsetView { topic, partition, committed, end });
            }
        }
        all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        Ok(all)
    }

    /// What a group committed of a topic, by partition.
    pub async fn committed_of(&mut self, group: &str, topic: &str) -> Result<BTreeMap<i32, i64>, ClientError> {
        let node = self.coordinator(group).await?;
        let all = self.committed(node, group).await?;
        Ok(all.into_iter().filter(|o| o.topic == topic).map(|o| (o.partition, o.committed)).collect())
    }

    /// Commits the offsets of all partitions of a topic for a group; refused while the group has members.
    pub async fn commit(&mut self, group: &str, topic: &str, offsets: &[i64]) -> Result<(), ClientError> {
        let all: Vec<(i32, i64)> = offsets.iter().enumerate().map(|(n, offset)| (n as i32, *offset)).collect();
        self.commit_some(group, topic, &all).await
    }

    /// The same for some partitions.
    pub async fn commit_some(&mut self, group: &str, topic: &str, offsets: &[(i32, i64)]) -> Result<(), ClientError> {
        let node = self.coordinator(group).await?;
        let partition =
            |(n, offset): &(i32, i64)| OffsetCommitRequestPartition::default().with_partition_index(*n).with_committed_offset(*offset);
        let asked =
            OffsetCommitRequestTopic::default().with_name(TopicName(text(topic))).with_partitions(offsets.iter().map(partition).collect());
        let request = OffsetCommitRequest::default()
            .with_group_id(GroupId(text(group)))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![asked]);
        let answer = self.ask(node, 7, request, Duration::ZERO).await?;
        let mut outcomes = answer.topics.iter().flat_map(|t| &t.partitions);
        outcomes.try_for_each(|p| check(p.error_code, || format!("{group} at {topic}-{}", p.partition_index), None))
    }
}
