//! Groups: who is in them, what they committed, how far behind they are; and committing for one that has no members.

use super::{ANY, Client, ClientError, check};
use crate::call::text;
use bytes::{Buf, Bytes};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, DescribeGroupsRequest, FindCoordinatorRequest, GroupId, ListGroupsRequest, OffsetCommitRequest,
    OffsetFetchRequest, TopicName, consumer_group_describe_response, describe_groups_response,
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
    /// Its members, of either protocol.
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
    /// Partitions that it has to read, by topic.
    pub assigned: BTreeMap<String, Vec<i32>>,
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
        let (mut state, mut members) = (told.group_state.to_string(), told.members.iter().map(classic).collect());
        // To those who ask in this way a group of KIP-848's protocol is dead, or not there.
        if state == "Dead"
            && let Some((its, of)) = self.of_the_new_protocol(node, name).await
        {
            (state, members) = (its, of);
        }
        let offsets = self.committed(node, name).await?;
        Ok(GroupView { name: name.to_owned(), state, members, offsets })
    }

    /// State and members of a group of KIP-848's protocol; none where the broker has no such group, or is too old to be asked.
    async fn of_the_new_protocol(&mut self, node: i32, name: &str) -> Option<(String, Vec<MemberView>)> {
        let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![GroupId(text(name))]);
        let told = self.ask(node, 0, request, Duration::ZERO).await.ok()?.groups.into_iter().next()?;
        (told.error_code == 0).then(|| (told.group_state.to_string(), told.members.iter().map(modern).collect()))
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

fn classic(member: &describe_groups_response::DescribedGroupMember) -> MemberView {
    MemberView {
        id: member.member_id.to_string(),
        client: member.client_id.to_string(),
        host: member.client_host.to_string(),
        assigned: assigned(member.member_assignment.clone()).unwrap_or_default(),
    }
}

fn modern(member: &consumer_group_describe_response::Member) -> MemberView {
    let parts = member.assignment.topic_partitions.iter();
    MemberView {
        id: member.member_id.to_string(),
        client: member.client_id.to_string(),
        host: member.client_host.to_string(),
        assigned: parts.map(|part| (part.topic_name.to_string(), sorted(part.partitions.clone()))).collect(),
    }
}

/// What a leader of a classic group gave a member (ConsumerProtocolAssignment: version, topics with partitions); nothing while the group
/// rebalances, or where its members are no consumers (Connect's). Read by hand: clients wrote it, and the codec believes any count.
fn assigned(mut bytes: Bytes) -> Option<BTreeMap<String, Vec<i32>>> {
    bytes.try_get_i16().ok()?;
    let mut all = BTreeMap::new();
    for _ in 0..bytes.try_get_i32().ok()? {
        let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
        let topic = String::from_utf8((length <= bytes.len()).then(|| bytes.split_to(length))?.to_vec()).ok()?;
        let count = bytes.try_get_i32().ok()?;
        all.insert(topic, sorted((0..count).map(|_| bytes.try_get_i32().ok()).collect::<Option<Vec<i32>>>()?));
    }
    Some(all)
}

fn sorted(mut partitions: Vec<i32>) -> Vec<i32> {
    partitions.sort_unstable();
    partitions
}

#[cfg(test)]
mod tests {
    use super::assigned;
    use bytes::{BufMut, Bytes, BytesMut};

    #[test]
    fn an_assignment_is_read_and_a_broken_one_is_none() {
        let mut out = BytesMut::new();
        out.put_slice(&[0, 3, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff]);
        let whole = out.freeze();
        assert_eq!(assigned(whole.clone()).unwrap()["t"], [2, 7]);
        for end in 2..21 {
            assert_eq!(assigned(whole.slice(..end)), None, "{end} bytes");
        }
        assert_eq!(assigned(Bytes::new()), None);
        let endless = Bytes::from_static(&[0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 1, b't', 0x7f, 0xff, 0xff, 0xff, 0, 0]);
        assert_eq!(assigned(endless), None, "counts that nothing follows cost nothing");
    }
}
