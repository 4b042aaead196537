//! OffsetCommit: written down before it is answered.

use crate::{
    auth::Resource,
    call::Call,
    groups::offsets::{self, Committer},
    ledger::Change,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        OffsetCommitRequest, OffsetCommitResponse,
        offset_commit_request::OffsetCommitRequestPartition,
        offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let who = Committer {
        group: &request.group_id,
        member: &request.member_id,
        instance: request.group_instance_id.as_ref().map(|i| i.as_str()),
        generation: request.generation_id_or_member_epoch,
    };
    let allowed = match call.may("AlterGroup", Resource::Group(who.group)) {
        true => call.refused().and_then(|()| offsets::check(call.broker, &who)),
        false => Err(E::GroupAuthorizationFailed),
    };
    let mut changes = Vec::new();
    let mut topics: Vec<OffsetCommitResponseTopic> = Vec::new();
    for topic in &request.topics {
        let mut partitions = Vec::new();
        for asked in &topic.partitions {
            let outcome = allowed.and_then(|()| change(call, who.group, &topic.name, asked)).map(|change| changes.push(change));
            let response = OffsetCommitResponsePartition::default().with_partition_index(asked.partition_index);
            partitions.push(response.with_error_code(super::code(&outcome)));
        }
        topics.push(OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions));
    }
    if offsets::commit(call.broker, &request.group_id, changes).is_err() {
        topics.iter_mut().flat_map(|t| &mut t.partitions).for_each(|p| p.error_code = E::KafkaStorageError.code());
    }
    let code = topics.iter().flat_map(|t| &t.partitions).map(|p| p.error_code).find(|code| *code != 0).unwrap_or(0);
    call.done("OffsetCommit", &request.group_id, code, None);
    OffsetCommitResponse::default().with_topics(topics)
}

fn change(call: &Call<'_>, group: &str, topic: &str, asked: &OffsetCommitRequestPartition) -> Result<Change, E> {
    if !call.may("ReadData", Resource::Topic(topic)) {
        return Err(E::TopicAuthorizationFailed);
    }
    call.broker.topics.partition(topic, asked.partition_index).ok_or(E::UnknownTopicOrPartition)?;
    let epoch = if call.version >= 6 { asked.committed_leader_epoch } else { -1 };
    let metadata = asked.committed_metadata.as_ref().map(|m| m.as_str());
    let row = offsets::row(call.broker, asked.committed_offset, epoch, metadata)?;
    Ok(Change::Offset(group.to_owned(), topic.to_owned(), asked.partition_index, row))
}
