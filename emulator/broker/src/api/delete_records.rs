//! DeleteRecords: what is before an offset can't be read any more.

use crate::{auth::Resource, call::Call};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        DeleteRecordsRequest, DeleteRecordsResponse,
        delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        // Kafka wants DELETE on the topic, which AWS's table of actions names DeleteTopic.
        let may = call.may("DeleteTopic", Resource::Topic(&topic.name));
        let partitions = topic.partitions.iter().map(|asked| {
            let outcome =
                if may { delete(call, &topic.name, asked.partition_index, asked.offset) } else { Err(E::TopicAuthorizationFailed) };
            let result = DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
            let code = super::code(&outcome);
            result.with_low_watermark(outcome.unwrap_or(-1)).with_error_code(code)
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    });
    DeleteRecordsResponse::default().with_topics(topics.collect())
}

fn delete(call: &Call<'_>, name: &str, n: i32, offset: i64) -> Result<i64, E> {
    let topics = &call.broker.topics;
    let (topic, partition) = topics.partition(name, n).ok_or(E::UnknownTopicOrPartition)?;
    if !topic.keeping().delete {
        // A compacted topic loses records by compaction alone.
        return Err(E::PolicyViolation);
    }
    let end = partition.with(|log| log.next());
    let offset = if offset == -1 { end } else { offset };
    if !(0..=end).contains(&offset) {
        return Err(E::OffsetOutOfRange);
    }
    topics.delete_before(&topic, n, offset).map_err(|error| super::create_topics::code_of(&error))
}
