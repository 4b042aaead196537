//! Produce: batches are checked, placed and appended; acknowledged when the durability is reached.

use crate::{
    auth::Resource,
    call::{Call, text},
    host::Sabotage,
    log::{
        AppendError, Appended, Keeping,
        admit::Admitted,
        batch::{self, BatchError, Head},
        producers::Refused,
    },
    shared::Shared,
    transactions,
};
use bytes::Bytes;
use kafka_protocol::{
    ResponseError as E,
    messages::{
        ProduceRequest, ProduceResponse,
        produce_request::PartitionProduceData,
        produce_response::{PartitionProduceResponse, TopicProduceResponse},
    },
};
use std::{fs::File, sync::Arc};

pub(super) async fn answer(call: &Call<'_>, request: ProduceRequest) -> Option<ProduceResponse> {
    let transaction = request.transactional_id.as_ref().map(|id| id.as_str());
    let allowed = transaction.is_none_or(|id| call.may("AlterTransactionalId", Resource::TransactionalId(id)));
    let acks = (-1..=1).contains(&request.acks);
    let (mut files, mut responses) = (Vec::new(), Vec::new());
    for topic in request.topic_data {
        let writes = call.may("WriteData", Resource::Topic(&topic.name));
        let mut partitions = Vec::new();
        for data in topic.partition_data {
            let index = data.index;
            let count = data.records.as_ref().and_then(|r| Head::read(r).ok()).map_or(0, |head| head.count);
            let outcome = match () {
                () if !acks => Err((E::InvalidRequiredAcks, None)),
                () if !allowed => Err((E::TransactionalIdAuthorizationFailed, None)),
                () if !writes => Err((E::TopicAuthorizationFailed, None)),
                () => append(call, transaction, request.acks, &topic.name, data),
            };
            let answer = told(call, index, outcome, &mut files);
            let records = (answer.error_code == 0).then_some((answer.base_offset, count));
            call.done("Produce", &format!("{}-{index}", topic.name.as_str()), answer.error_code, records);
            partitions.push(answer);
        }
        responses.push(TopicProduceResponse::default().with_name(topic.name).with_partition_responses(partitions));
    }
    if call.broker.sync(files).await.is_err() || call.broker.relieve().await.is_err() {
        let failed = |p: &mut PartitionProduceResponse| p.error_code = E::KafkaStorageError.code();
        responses.iter_mut().flat_map(|topic| &mut topic.partition_responses).for_each(failed);
    }
    (request.acks != 0).then(|| ProduceResponse::default().with_responses(responses))
}

/// Whether the records' own times are near enough to now, as the topic wants it. Clients outside of the cloud live in real time and those inside
/// by its clock: either will do.
fn in_time(broker: &Shared, keeping: &Keeping, batches: &Admitted<'_>) -> Result<(), (E, Option<String>)> {
    let (now, real) = (broker.now_ms(), broker.real_ms());
    let latest = now.max(real).saturating_add(keeping.after_max_ms);
    let earliest = now.min(real).saturating_sub(keeping.before_max_ms);
    let (first, last) = (batches.earliest_ms, batches.heads.iter().map(|head| head.latest_time).max().unwrap_or(i64::MIN));
    match !keeping.log_time && (last > latest || first < earliest) {
        true => {
            Err((E::InvalidTimestamp, Some(format!("Timestamps from {first} to {last} are out of the range from {earliest} to {latest}."))))
        }
        false => Ok(()),
    }
}

type Outcome = Result<(Appended, i64, Option<Arc<File>>), (E, Option<String>)>;

fn append(call: &Call<'_>, transaction: Option<&str>, acks: i16, topic: &str, data: PartitionProduceData) -> Outcome {
    let broker = call.broker;
    call.refused().map_err(|e| (e, None))?;
    let (found, partition) = broker.topics.partition(topic, data.index).ok_or((E::UnknownTopicOrPartition, None))?;
    if !partition.led() {
        return Err((E::NotLeaderOrFollower, None));
    }
    let records: Bytes = data.records.unwrap_or_default();
    let keeping = found.keeping();
    if acks == -1 && keeping.replicas_least > i32::from(found.replicas()) {
        let why = format!("min.insync.replicas is {}, and {} are there", keeping.replicas_least, found.replicas());
        return Err((E::NotEnoughReplicas, Some(why)));
    }
    let failed = |error: AppendError| (code(&error), Some(error.to_string()));
    let batches = Admitted::check(&records, &keeping).map_err(failed)?;
    let [head] = batches.heads[..] else {
        let why =
            format!("Produce requests with version {} are only allowed to contain exactly one record batch per partition", call.version);
        return Err((E::InvalidRecord, Some(why)));
    };
    in_time(broker, &keeping, &batches)?;
    if head.transactional() {
        transactions::admits(broker, transaction, head.producer, head.epoch, topic, data.index).map_err(|e| (e, None))?;
    }
    let length = records.len() as u64;
    let (appended, file) = partition.append(&batches, &keeping, call.now_ms()).map_err(failed)?;
    if call.sabotage == Sabotage::Twice
        && let Some(again) = batch::unsigned(&records)
    {
        let twice = Admitted::check(&again, &keeping).and_then(|batches| partition.append(&batches, &keeping, call.now_ms()));
        twice.map_err(failed)?;
    }
    if appended.sooner {
        broker.housekeeping.notify_one();
    }
    broker.metrics.count(|m| &m.appends, 1);
    broker.metrics.count(|m| &m.append_bytes, length);
    Ok((appended, partition.with(|log| log.start()), file))
}

fn code(error: &AppendError) -> E {
    match error {
        AppendError::Batch(BatchError::Format(_)) => E::UnsupportedForMessageFormat,
        AppendError::Batch(_) => E::CorruptMessage,
        AppendError::TooLarge(_) => E::MessageTooLarge,
        AppendError::Records(BatchError::Codec(_)) => E::UnsupportedCompressionType,
        AppendError::Records(_) | AppendError::Invalid(_) => E::InvalidRecord,
        AppendError::Refused(Refused::Fenced) => E::InvalidProducerEpoch,
        AppendError::Refused(Refused::Gap) => E::OutOfOrderSequenceNumber,
        AppendError::Refused(Refused::OldDuplicate) => E::DuplicateSequenceNumber,
        AppendError::Disk(_) => E::KafkaStorageError,
    }
}

fn told(call: &Call<'_>, index: i32, outcome: Outcome, files: &mut Vec<Arc<File>>) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index);
    match outcome {
        Ok((appended, start, file)) => {
            files.extend(file);
            let response = response.with_base_offset(appended.base).with_log_append_time_ms(appended.log_time);
            if call.version >= 5 { response.with_log_start_offset(start) } else { response }
        }
        Err((error, why)) => {
            let response = response.with_error_code(error.code()).with_base_offset(-1).with_log_append_time_ms(-1);
            if call.version >= 8 { response.with_error_message(why.map(text)) } else { response }
        }
    }
}
