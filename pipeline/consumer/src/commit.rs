//! Commits, and what became of them: the answer of one that isn't waited for gets lost in librdkafka unless it is given a queue.

use crate::{context::Context, log, record::Place};
use rdkafka::{
    Offset, TopicPartitionList, bindings,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{IsError, KafkaError, KafkaResult, RDKafkaErrorCode},
};
use serde_json::json;
use std::ptr;

/// Commits without waiting; `commit_callback` of the context hears the answer inside a later poll. (`CommitMode::Async` would ask for none: librdkafka
/// answers commits of that kind to a callback of its configuration alone, which the crate doesn't set.)
pub fn begin(consumer: &BaseConsumer<Context>, offsets: &[(Place, i64)]) -> KafkaResult<()> {
    let (client, list) = (consumer.client().native_ptr(), list(offsets));
    // SAFETY: client and list outlive the call, which copies the list; the queue is one more reference to that of the consumer, and given back here.
    let code = unsafe {
        let queue = bindings::rd_kafka_queue_get_consumer(client);
        let code = bindings::rd_kafka_commit_queue(client, list.ptr(), queue, None, ptr::null_mut());
        bindings::rd_kafka_queue_destroy(queue);
        code
    };
    if code.is_error() { Err(KafkaError::ConsumerCommit(code.into())) } else { Ok(()) }
}

/// Why a commit failed. Where the cluster refused some of its partitions librdkafka gives their error to all of them, and not always to the commit
/// itself: which were taken can't be told.
pub fn failure(result: &KafkaResult<()>, offsets: &TopicPartitionList) -> Option<KafkaError> {
    let fails = |error: &KafkaError| error.rdkafka_error_code() != Some(RDKafkaErrorCode::NoOffset);
    let whole = result.as_ref().err().cloned().filter(fails);
    whole.or_else(|| offsets.elements().iter().filter_map(|element| element.error().err()).find(fails))
}

/// Commits and waits until the cluster says that it has them. What fails is only logged: the records come again.
pub fn before_they_go(consumer: &BaseConsumer<Context>, offsets: &[(Place, i64)]) {
    if let Err(error) = and_wait(consumer, offsets) {
        log::warn("CommitFailed", json!({ "error": error.to_string(), "then": "these records will come again" }));
    }
}

/// Commits where partitions begin, before their first record comes. What fails is only logged: it goes again with the next commit.
pub fn before_they_come(consumer: &BaseConsumer<Context>, offsets: &[(Place, i64)]) {
    if let Err(error) = and_wait(consumer, offsets) {
        log::warn("CommitFailed", json!({ "error": error.to_string(), "then": "where these partitions begin is committed later" }));
    }
}

/// Commits and waits for the answer. Errors: that of the last partition that was refused.
pub fn and_wait(consumer: &BaseConsumer<Context>, offsets: &[(Place, i64)]) -> KafkaResult<()> {
    if offsets.is_empty() { Ok(()) } else { consumer.commit(&list(offsets), CommitMode::Sync) }
}

/// As librdkafka wants them.
pub fn list(offsets: &[(Place, i64)]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (place, offset) in offsets {
        list.add_partition_offset(&place.topic, place.partition, Offset::Offset(*offset)).expect("an offset isn't negative");
    }
    list
}
