//! OffsetDelete: forgets what a group committed of partitions that none of its members reads.

use crate::{auth::Resource, call::Call, groups::Kind, ledger::Change};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        OffsetDeleteRequest, OffsetDeleteResponse,
        offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
    let (broker, name) = (call.broker, request.group_id.as_str());
    if !call.may("DeleteGroup", Resource::Group(name)) {
        return OffsetDeleteResponse::default().with_error_code(E::GroupAuthorizationFailed.code());
    }
    let group = broker.groups.get(name);
    if group.is_none() && !broker.ledger.read(|state| state.offsets.contains_key(name)) {
        return OffsetDeleteResponse::default().with_error_code(E::GroupIdNotFound.code());
    }
    // What a classic member reads is written in its own words; while there are members, their topics are not known here.
    let read = |topic: &str| match group.as_ref().map(|group| group.kind.lock()).as_deref() {
        None => false,
        Some(Kind::Classic(classic)) => !classic.is_empty(),
        Some(Kind::Consumer(consumer)) => consumer.members.values().any(|m| m.topics.contains(topic)),
    };
    let mut changes = Vec::new();
    let topics = request.topics.iter().map(|topic| {
        let error = if read(&topic.name) { E::GroupSubscribedToTopic.code() } else { 0 };
        let partitions = topic.partitions.iter().map(|p| {
            if error == 0 {
                changes.push(Change::OffsetGone(name.to_owned(), topic.name.to_string(), p.partition_index));
            }
            OffsetDeleteResponsePartition::default().with_partition_index(p.partition_index).with_error_code(error)
        });
        let partitions = partitions.collect();
        OffsetDeleteResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions)
    });
    let topics = topics.collect();
    match broker.ledger.write(changes) {
        Ok(()) => OffsetDeleteResponse::default().with_topics(topics),
        Err(_) => OffsetDeleteResponse::default().with_error_code(E::KafkaStorageError.code()),
    }
}
