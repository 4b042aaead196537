//! OffsetForLeaderEpoch: there was never another leader than this broker, so that epoch 0 ends where the log does.

use crate::{auth::Resource, call::Call};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
        offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let seen = call.may("DescribeTopic", Resource::Topic(&topic.topic));
        let partitions = topic.partitions.iter().map(|asked| {
            let response = EpochEndOffset::default().with_partition(asked.partition);
            let found = call.broker.topics.partition(&topic.topic, asked.partition);
            match found {
                _ if !seen => response.with_error_code(E::TopicAuthorizationFailed.code()),
                None => response.with_error_code(E::UnknownTopicOrPartition.code()),
                Some(_) if asked.leader_epoch > 0 => response,
                Some((_, partition)) => response.with_leader_epoch(0).with_end_offset(partition.with(|log| log.next())),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}
