//! ListOffsets: the ends of partitions, and the first offset at or after a time.

use crate::{auth::Resource, call::Call, transactions};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        ListOffsetsRequest, ListOffsetsResponse,
        list_offsets_request::ListOffsetsPartition,
        list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse},
    },
};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const WITH_MAX_TIME: i64 = -3;
/// The earliest that is not on tiered storage, which there is none of.
const EARLIEST_LOCAL: i64 = -4;

pub(super) async fn answer(call: &Call<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let committed = request.isolation_level == 1;
    // What is too old by now is in nobody's way.
    let expired = transactions::expire(call.broker);
    let topics = request.topics.into_iter().map(|topic| {
        let seen = call.may("DescribeTopic", Resource::Topic(&topic.name));
        let partitions = topic.partitions.iter().map(|asked| {
            let outcome = match seen {
                true => expired.and_then(|()| find(call, &topic.name, asked, committed)),
                false => Err(E::TopicAuthorizationFailed),
            };
            let response = ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
            match outcome {
                Ok((offset, time)) => {
                    let epoch = if call.version >= 4 { 0 } else { -1 };
                    response.with_offset(offset).with_timestamp(time).with_leader_epoch(epoch)
                }
                Err(error) => response.with_error_code(error.code()).with_offset(-1).with_timestamp(-1),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn find(call: &Call<'_>, name: &str, asked: &ListOffsetsPartition, committed: bool) -> Result<(i64, i64), E> {
    let (topic, partition) = call.broker.topics.partition(name, asked.partition_index).ok_or(E::UnknownTopicOrPartition)?;
    if !partition.led() {
        return Err(E::NotLeaderOrFollower);
    }
    let found = partition.trimmed(&topic.keeping(), call.now_ms(), |log| {
        let end = if committed { log.stable() } else { log.next() };
        Ok(match asked.timestamp {
            LATEST => (end, -1),
            EARLIEST | EARLIEST_LOCAL => (log.start(), -1),
            WITH_MAX_TIME => log.latest_time()?.filter(|(offset, _)| *offset < end).unwrap_or((-1, -1)),
            time => log.find_time(time)?.filter(|(offset, _)| *offset < end).unwrap_or((-1, -1)),
        })
    });
    found.map_err(|_| E::KafkaStorageError)
}
