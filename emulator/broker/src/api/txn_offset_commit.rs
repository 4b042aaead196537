//! TxnOffsetCommit: offsets that become the group's when the transaction is committed.

use crate::{
    auth::Resource,
    call::Call,
    groups::offsets::{self, Committer},
    transactions::{self, Producer},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        TxnOffsetCommitRequest, TxnOffsetCommitResponse,
        txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: TxnOffsetCommitRequest) -> TxnOffsetCommitResponse {
    let outcome = commit(call, &request);
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|p| {
            TxnOffsetCommitResponsePartition::default().with_partition_index(p.partition_index).with_error_code(super::code(&outcome))
        });
        let partitions = partitions.collect();
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}

fn commit(call: &Call<'_>, request: &TxnOffsetCommitRequest) -> Result<(), E> {
    let group = request.group_id.as_str();
    if !call.may("AlterGroup", Resource::Group(group)) {
        return Err(E::GroupAuthorizationFailed);
    }
    if !call.may("AlterTransactionalId", Resource::TransactionalId(&request.transactional_id)) {
        return Err(E::TransactionalIdAuthorizationFailed);
    }
    let instance = request.group_instance_id.as_ref().map(|i| i.as_str());
    // Before version 3 producers did not say which member they work for.
    if call.version >= 3 && (request.generation_id >= 0 || !request.member_id.is_empty()) {
        let who = Committer { group, member: &request.member_id, instance, generation: request.generation_id };
        offsets::check(call.broker, &who)?;
    } else {
        offsets::room(call.broker, group)?;
    }
    let mut rows = Vec::new();
    for topic in &request.topics {
        if !call.may("ReadData", Resource::Topic(&topic.name)) {
            return Err(E::TopicAuthorizationFailed);
        }
        for p in &topic.partitions {
            call.broker.topics.partition(&topic.name, p.partition_index).ok_or(E::UnknownTopicOrPartition)?;
            let epoch = if call.version >= 2 { p.committed_leader_epoch } else { -1 };
            let metadata = p.committed_metadata.as_ref().map(|m| m.as_str());
            rows.push((topic.name.to_string(), p.partition_index, offsets::row(call.broker, p.committed_offset, epoch, metadata)?));
        }
    }
    let producer = Producer { transactional_id: &request.transactional_id, id: *request.producer_id, epoch: request.producer_epoch };
    transactions::add_offsets(call.broker, &producer, group, rows)
}
