//! CreateTopics. One broker holds every replica: up to three may be asked for, as on the smallest MSK cluster, and one is what there is and
//! what is told.

use crate::{
    auth::Resource,
    call::{Call, text},
    configs,
    ledger::REPLICAS_MAX,
    topics::TopicError,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        CreateTopicsRequest, CreateTopicsResponse,
        create_topics_request::CreatableTopic,
        create_topics_response::{CreatableTopicConfigs, CreatableTopicResult},
    },
};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) async fn answer(call: &Call<'_>, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let topics = request.topics.iter().map(|topic| {
        let result = CreatableTopicResult::default().with_name(topic.name.clone());
        match create(call, topic, request.validate_only) {
            Ok(Some(id)) if call.version >= 7 => made(call, topic, result).with_topic_id(Uuid::from_bytes(id)),
            Ok(_) => made(call, topic, result),
            Err((error, why)) => {
                // The codec knows these two from version 5 and 7 on; empty is not its default.
                let result = if call.version >= 5 { result.with_configs(Some(Vec::new())) } else { result };
                result.with_error_code(error.code()).with_error_message(Some(text(why)))
            }
        }
    });
    let topics: Vec<CreatableTopicResult> = topics.collect();
    topics.iter().for_each(|topic| call.done("CreateTopics", &topic.name, topic.error_code, None));
    CreateTopicsResponse::default().with_topics(topics)
}

fn create(call: &Call<'_>, topic: &CreatableTopic, only_check: bool) -> Result<Option<[u8; 16]>, (E, String)> {
    let refused = |error: TopicError| (code_of(&error), error.to_string());
    if !call.may("CreateTopic", Resource::Topic(&topic.name)) {
        return Err((E::TopicAuthorizationFailed, "Authorization failed.".into()));
    }
    let count = partitions(call, topic)?;
    let mut configs = BTreeMap::new();
    for config in &topic.configs {
        configs::check(&config.name, config.value.as_ref().map(|v| v.as_str())).map_err(|why| (E::InvalidConfig, why))?;
        configs.insert(config.name.to_string(), config.value.as_ref().map(|v| v.to_string()).unwrap_or_default());
    }
    let topics = &call.broker.topics;
    match only_check {
        true => topics.check(&topic.name, count, &configs).map(|()| None).map_err(refused),
        false => {
            // Of those who name no number, or a place for each, the broker decides.
            let replicas = if topic.replication_factor == -1 { REPLICAS_MAX } else { topic.replication_factor };
            let made = topics.create_of(&topic.name, count, replicas, configs).map_err(refused)?;
            call.broker.housekeeping.notify_one();
            Ok(Some(made.id))
        }
    }
}

fn partitions(call: &Call<'_>, topic: &CreatableTopic) -> Result<i32, (E, String)> {
    if topic.assignments.is_empty() {
        return match topic.replication_factor {
            -1 | 1..=REPLICAS_MAX if topic.num_partitions == -1 => Ok(call.broker.options.defaults.partitions),
            -1 | 1..=REPLICAS_MAX => Ok(topic.num_partitions),
            other => Err((
                E::InvalidReplicationFactor,
                format!("Unable to replicate the partition {other} time(s): a replication factor from 1 to {REPLICAS_MAX} is taken."),
            )),
        };
    }
    if topic.num_partitions != -1 || topic.replication_factor != -1 {
        let why = "A manual partition assignment was specified, but numPartitions or replicationFactor was not set to -1.";
        return Err((E::InvalidRequest, why.into()));
    }
    let mut indexes: Vec<i32> = topic.assignments.iter().map(|a| a.partition_index).collect();
    indexes.sort_unstable();
    let here = topic.assignments.iter().all(|a| a.broker_ids.len() == 1 && *a.broker_ids[0] == crate::shared::NODE);
    match here && indexes.iter().enumerate().all(|(at, n)| at as i32 == *n) {
        true => Ok(indexes.len() as i32),
        false => Err((E::InvalidReplicaAssignment, "the one broker is 1, and partitions count from 0".into())),
    }
}

fn made(call: &Call<'_>, topic: &CreatableTopic, result: CreatableTopicResult) -> CreatableTopicResult {
    if call.version < 5 {
        return result;
    }
    let set = |name: &str| topic.configs.iter().find(|c| c.name.as_str() == name).and_then(|c| c.value.clone());
    let config = |setting: &configs::Setting| {
        let mine = set(setting.name);
        CreatableTopicConfigs::default()
            .with_name(text(setting.name))
            .with_config_source(if mine.is_some() { 1 } else { 5 })
            .with_value(Some(mine.unwrap_or_else(|| text(setting.default))))
    };
    result
        .with_num_partitions(partitions(call, topic).unwrap_or(-1))
        .with_replication_factor(1)
        .with_configs(Some(configs::SETTINGS.iter().map(config).collect()))
}

/// The code of what went wrong with a topic.
pub(super) fn code_of(error: &TopicError) -> E {
    match error {
        TopicError::Exists(_) => E::TopicAlreadyExists,
        TopicError::Unknown => E::UnknownTopicOrPartition,
        TopicError::Name(_) => E::InvalidTopicException,
        TopicError::Config(_) => E::InvalidConfig,
        TopicError::Partitions(_) => E::InvalidPartitions,
        TopicError::TooMany(_) => E::PolicyViolation,
        TopicError::Disk(_) => E::KafkaStorageError,
    }
}
