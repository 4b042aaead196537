//! What a request is about, in words that fault rules are held against: topics and partitions by name, groups, transactional ids. It knows the
//! requests of the protocol and nothing of rules; newer requests name topics by id, and who asks says what an id is the name of.

use crate::api::{decode, decode_produce};
use bytes::Bytes;
use kafka_protocol::messages::{
    self as m, ApiKey, DeleteTopicsRequest, FetchRequest, FindCoordinatorRequest, MetadataRequest, OffsetFetchRequest,
};
use uuid::Uuid;

/// The name of the topic of an id; nothing where there is none.
pub type Named<'a> = &'a dyn Fn(Uuid) -> Option<String>;

/// Each word that a request names, parted by spaces: `photo-ingest-3` for a partition, else a topic, a group or a transactional id. Empty where it
/// names nothing, or can't be read.
pub fn about(key: ApiKey, version: i16, body: &Bytes, named: Named<'_>) -> String {
    words(key, version, body.clone(), named).unwrap_or_default().join(" ")
}

/// Partitions of a topic.
fn partitions(topic: &str, numbers: impl Iterator<Item = i32>) -> Vec<String> {
    numbers.map(|n| format!("{topic}-{n}")).collect()
}

/// The name that stands there, or that of the id.
fn topic(name: Option<&m::TopicName>, id: Uuid, named: Named<'_>) -> Option<String> {
    name.map(|name| name.to_string()).filter(|name| !name.is_empty()).or_else(|| named(id))
}

fn words(key: ApiKey, version: i16, body: Bytes, named: Named<'_>) -> Option<Vec<String>> {
    /// One word of a request, or some.
    macro_rules! told {
        ($request:ident, |$r:ident| $words:expr) => {{
            let $r: m::$request = decode(body, version).ok()?;
            Some($words.into_iter().map(|word| word.to_string()).collect())
        }};
    }
    /// Partitions of a request's topics.
    macro_rules! placed {
        ($request:ident, $topics:ident, $name:ident, $number:ident) => {{
            let r: m::$request = decode(body, version).ok()?;
            Some(r.$topics.iter().flat_map(|t| partitions(&t.$name, t.partitions.iter().map(|p| p.$number))).collect())
        }};
    }
    match key {
        ApiKey::Produce => {
            let r = decode_produce(body, version).ok()?;
            Some(r.topic_data.iter().flat_map(|t| partitions(&t.name, t.partition_data.iter().map(|p| p.index))).collect())
        }
        ApiKey::Fetch => {
            let r: FetchRequest = decode(body, version).ok()?;
            let of = |t: &m::fetch_request::FetchTopic| {
                let name = topic(Some(&t.topic), t.topic_id, named).unwrap_or_default();
                partitions(&name, t.partitions.iter().map(|p| p.partition))
            };
            Some(r.topics.iter().flat_map(of).collect())
        }
        ApiKey::Metadata => {
            let r: MetadataRequest = decode(body, version).ok()?;
            Some(r.topics.iter().flatten().filter_map(|t| topic(t.name.as_ref(), t.topic_id, named)).collect())
        }
        ApiKey::DeleteTopics => {
            let r: DeleteTopicsRequest = decode(body, version).ok()?;
            let newer = r.topics.iter().filter_map(|t| topic(t.name.as_ref(), t.topic_id, named));
            Some(r.topic_names.iter().map(|name| name.to_string()).chain(newer).collect())
        }
        ApiKey::OffsetFetch => {
            let r: OffsetFetchRequest = decode(body, version).ok()?;
            Some(
                std::iter::once(&r.group_id)
                    .chain(r.groups.iter().map(|g| &g.group_id))
                    .map(|g| g.to_string())
                    .filter(|g| !g.is_empty())
                    .collect(),
            )
        }
        ApiKey::FindCoordinator => {
            let r: FindCoordinatorRequest = decode(body, version).ok()?;
            Some(std::iter::once(&r.key).chain(&r.coordinator_keys).map(|key| key.to_string()).filter(|key| !key.is_empty()).collect())
        }
        ApiKey::ListOffsets => placed!(ListOffsetsRequest, topics, name, partition_index),
        ApiKey::DeleteRecords => placed!(DeleteRecordsRequest, topics, name, partition_index),
        ApiKey::OffsetForLeaderEpoch => placed!(OffsetForLeaderEpochRequest, topics, topic, partition),
        ApiKey::CreateTopics => told!(CreateTopicsRequest, |r| r.topics.iter().map(|t| t.name.to_string())),
        ApiKey::CreatePartitions => told!(CreatePartitionsRequest, |r| r.topics.iter().map(|t| t.name.to_string())),
        ApiKey::OffsetCommit => told!(OffsetCommitRequest, |r| [r.group_id]),
        ApiKey::OffsetDelete => told!(OffsetDeleteRequest, |r| [r.group_id]),
        ApiKey::JoinGroup => told!(JoinGroupRequest, |r| [r.group_id]),
        ApiKey::SyncGroup => told!(SyncGroupRequest, |r| [r.group_id]),
        ApiKey::Heartbeat => told!(HeartbeatRequest, |r| [r.group_id]),
        ApiKey::LeaveGroup => told!(LeaveGroupRequest, |r| [r.group_id]),
        ApiKey::ConsumerGroupHeartbeat => told!(ConsumerGroupHeartbeatRequest, |r| [r.group_id]),
        ApiKey::ConsumerGroupDescribe => told!(ConsumerGroupDescribeRequest, |r| r.group_ids),
        ApiKey::DescribeGroups => told!(DescribeGroupsRequest, |r| r.groups),
        ApiKey::DeleteGroups => told!(DeleteGroupsRequest, |r| r.groups_names),
        ApiKey::InitProducerId => told!(InitProducerIdRequest, |r| r.transactional_id),
        ApiKey::AddPartitionsToTxn => told!(AddPartitionsToTxnRequest, |r| [r.v3_and_below_transactional_id]),
        ApiKey::AddOffsetsToTxn => told!(AddOffsetsToTxnRequest, |r| [r.transactional_id.to_string(), r.group_id.to_string()]),
        ApiKey::TxnOffsetCommit => told!(TxnOffsetCommitRequest, |r| [r.transactional_id.to_string(), r.group_id.to_string()]),
        ApiKey::EndTxn => told!(EndTxnRequest, |r| [r.transactional_id]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use kafka_protocol::protocol::Encodable;
    use m::{delete_topics_request::DeleteTopicState, fetch_request::*, metadata_request::MetadataRequestTopic};

    fn of(key: ApiKey, version: i16, request: impl Encodable) -> String {
        let mut bytes = BytesMut::new();
        request.encode(&mut bytes, version).unwrap();
        about(key, version, &bytes.freeze(), &|id| (id == Uuid::from_u128(7)).then(|| "photo-ingest".to_owned()))
    }

    #[test]
    fn topics_are_told_by_name_where_a_request_has_only_their_ids() {
        let id = Uuid::from_u128(7);
        let topic = FetchTopic::default().with_partitions(vec![FetchPartition::default().with_partition(3)]);
        assert_eq!(of(ApiKey::Fetch, 13, FetchRequest::default().with_topics(vec![topic.clone().with_topic_id(id)])), "photo-ingest-3");
        let by_name = topic.with_topic(m::TopicName("t".into()));
        assert_eq!(of(ApiKey::Fetch, 12, FetchRequest::default().with_topics(vec![by_name])), "t-3");
        let topic = MetadataRequestTopic::default().with_name(None).with_topic_id(id);
        assert_eq!(of(ApiKey::Metadata, 12, MetadataRequest::default().with_topics(Some(vec![topic]))), "photo-ingest");
        let topic = DeleteTopicState::default().with_name(None).with_topic_id(id);
        assert_eq!(of(ApiKey::DeleteTopics, 6, DeleteTopicsRequest::default().with_topics(vec![topic])), "photo-ingest");
    }

    #[test]
    fn groups_and_transactions_are_told_in_each_version_of_a_request() {
        let key = |name: &'static str| FindCoordinatorRequest::default().with_key(name.into());
        assert_eq!(of(ApiKey::FindCoordinator, 3, key("g")), "g");
        let keys = FindCoordinatorRequest::default().with_coordinator_keys(vec!["g".into(), "h".into()]);
        assert_eq!(of(ApiKey::FindCoordinator, 4, keys), "g h");
        let none = m::InitProducerIdRequest::default().with_transactional_id(None);
        assert_eq!(of(ApiKey::InitProducerId, 4, none), "", "a producer without transactions names nothing");
        assert_eq!(about(ApiKey::EndTxn, 3, &Bytes::from_static(b"\x00"), &|_| None), "", "what can't be read names nothing");
    }
}
