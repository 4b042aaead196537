//! AddPartitionsToTxn: comes before the first batch of a transaction to a partition.

use crate::{
    auth::Resource,
    call::Call,
    transactions::{self, Producer},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
        add_partitions_to_txn_response::{AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: AddPartitionsToTxnRequest) -> AddPartitionsToTxnResponse {
    let who = Producer {
        transactional_id: &request.v3_and_below_transactional_id,
        id: *request.v3_and_below_producer_id,
        epoch: request.v3_and_below_producer_epoch,
    };
    let topics = &request.v3_and_below_topics;
    let all = || topics.iter().flat_map(|t| t.partitions.iter().map(move |n| (t.name.as_str(), *n)));
    let refused = |(topic, n): (&str, i32)| match () {
        () if !call.may("WriteData", Resource::Topic(topic)) => Some(E::TopicAuthorizationFailed),
        () if call.broker.topics.partition(topic, n).is_none() => Some(E::UnknownTopicOrPartition),
        () => None,
    };
    // All or nothing, as in Kafka: the others are told that they were not tried.
    let outcome = match call.may("AlterTransactionalId", Resource::TransactionalId(who.transactional_id)) {
        false => Err(E::TransactionalIdAuthorizationFailed),
        true if all().any(|at| refused(at).is_some()) => Err(E::OperationNotAttempted),
        true => {
            let partitions: Vec<_> = all().map(|(topic, n)| (topic.to_owned(), n)).collect();
            // Before version 2 clients knew no other word for it.
            let error = |e| super::fencing(call, e);
            transactions::add(call.broker, &who, &partitions, &[]).map_err(error)
        }
    };
    let results = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|n| {
            let code = match refused((&topic.name, *n)) {
                Some(error) if outcome == Err(E::OperationNotAttempted) => error.code(),
                _ => super::code(&outcome),
            };
            AddPartitionsToTxnPartitionResult::default().with_partition_index(*n).with_partition_error_code(code)
        });
        let partitions = partitions.collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name.clone()).with_results_by_partition(partitions)
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
}
