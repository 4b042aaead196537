//! DescribeProducers: who writes to partitions, and where open transactions begin.

use crate::{auth::Resource, call::Call};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        DescribeProducersRequest, DescribeProducersResponse, ProducerId,
        describe_producers_response::{PartitionResponse, ProducerState, TopicResponse},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: DescribeProducersRequest) -> DescribeProducersResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let seen = call.may("ReadData", Resource::Topic(&topic.name));
        let partitions = topic.partition_indexes.iter().map(|n| {
            let response = PartitionResponse::default().with_partition_index(*n);
            match call.broker.topics.partition(&topic.name, *n) {
                _ if !seen => response.with_error_code(E::TopicAuthorizationFailed.code()),
                None => response.with_error_code(E::UnknownTopicOrPartition.code()),
                Some((_, partition)) => {
                    response.with_active_producers(partition.with(|log| log.producers()).into_iter().map(told).collect())
                }
            }
        });
        let partitions = partitions.collect();
        TopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    DescribeProducersResponse::default().with_topics(topics.collect())
}

fn told(producer: crate::log::producers::ProducerView) -> ProducerState {
    ProducerState::default()
        .with_producer_id(ProducerId(producer.id))
        .with_producer_epoch(producer.epoch.into())
        .with_last_sequence(producer.sequence)
        .with_last_timestamp(producer.seen)
        .with_coordinator_epoch(0)
        .with_current_txn_start_offset(producer.open.unwrap_or(-1))
}
