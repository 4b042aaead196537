//! Metadata: the one broker, and topics with their partitions. Topics are made by being named, where the broker allows it.

use crate::{
    auth::Resource,
    call::{Call, text},
    shared::NODE,
    topics::{Topic, TopicError},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        BrokerId, MetadataRequest, MetadataResponse, TopicName,
        metadata_request::MetadataRequestTopic,
        metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic},
    },
};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) async fn answer(call: &Call<'_>, request: MetadataRequest) -> MetadataResponse {
    let create = call.version < 4 || request.allow_auto_topic_creation;
    let topics = match request.topics {
        None => all(call),
        // Before version 1 an empty list asked for all.
        Some(topics) if topics.is_empty() && call.version == 0 => all(call),
        Some(topics) => super::once(topics, |t| (t.name.clone(), t.topic_id)).map(|topic| one(call, &topic, create)).collect(),
    };
    let broker = MetadataResponseBroker::default()
        .with_node_id(BrokerId(NODE))
        .with_host(text(call.listener.host.as_str()))
        .with_port(call.listener.port.into());
    let mut response = MetadataResponse::default().with_brokers(vec![broker]).with_topics(topics);
    if call.version >= 1 {
        response = response.with_controller_id(BrokerId(NODE));
    }
    if call.version >= 2 {
        response = response.with_cluster_id(Some(text(call.broker.cluster_id())));
    }
    response
}

fn all(call: &Call<'_>) -> Vec<MetadataResponseTopic> {
    let seen = |topic: &std::sync::Arc<Topic>| call.may("DescribeTopic", Resource::Topic(&topic.name));
    call.broker.topics.all().iter().filter(|topic| seen(topic)).map(|topic| shown(call, topic)).collect()
}

/// A topic, or the error that a fault rule has for whoever asks.
fn shown(call: &Call<'_>, topic: &Topic) -> MetadataResponseTopic {
    match call.refused() {
        Ok(()) => described(call, topic),
        Err(error) => {
            let told = missing(call, Some(&TopicName(text(&*topic.name))), error);
            if call.version >= 10 { told.with_topic_id(Uuid::from_bytes(topic.id)) } else { told }
        }
    }
}

fn one(call: &Call<'_>, asked: &MetadataRequestTopic, create: bool) -> MetadataResponseTopic {
    let topics = &call.broker.topics;
    let Some(name) = &asked.name else {
        return match topics.by_id(asked.topic_id.as_bytes()).filter(|t| call.may("DescribeTopic", Resource::Topic(&t.name))) {
            Some(topic) => shown(call, &topic),
            None => missing(call, None, E::UnknownTopicId).with_topic_id(asked.topic_id),
        };
    };
    if !call.may("DescribeTopic", Resource::Topic(name)) {
        return missing(call, Some(name), E::TopicAuthorizationFailed);
    }
    if let Err(error) = call.refused() {
        return missing(call, Some(name), error);
    }
    if let Some(topic) = topics.get(name) {
        return described(call, &topic);
    }
    let defaults = &call.broker.options.defaults;
    if !create || !defaults.auto_create || !call.listener.auto_create {
        return missing(call, Some(name), E::UnknownTopicOrPartition);
    }
    if !call.may("CreateTopic", Resource::Topic(name)) {
        return missing(call, Some(name), E::TopicAuthorizationFailed);
    }
    match topics.create(name, defaults.partitions, BTreeMap::new()) {
        Ok(topic) => described(call, &topic),
        // Somebody else was quicker.
        Err(TopicError::Exists(_)) => missing(call, Some(name), E::LeaderNotAvailable),
        Err(error) => missing(call, Some(name), super::create_topics::code_of(&error)),
    }
}

fn missing(call: &Call<'_>, name: Option<&TopicName>, error: E) -> MetadataResponseTopic {
    // Before version 12 a topic without a name could not be told.
    let name = name.cloned().or_else(|| (call.version < 12).then(TopicName::default));
    MetadataResponseTopic::default().with_name(name).with_error_code(error.code())
}

fn described(call: &Call<'_>, topic: &Topic) -> MetadataResponseTopic {
    let node = || vec![BrokerId(NODE)];
    let partition = |n: i32| {
        let told = MetadataResponsePartition::default().with_partition_index(n).with_replica_nodes(node());
        match topic.partition(n).is_none_or(|partition| partition.led()) {
            true => told.with_leader_id(BrokerId(NODE)).with_leader_epoch(if call.version >= 7 { 0 } else { -1 }).with_isr_nodes(node()),
            false => told.with_leader_id(BrokerId(-1)).with_error_code(E::LeaderNotAvailable.code()),
        }
    };
    let mut out = MetadataResponseTopic::default()
        .with_name(Some(TopicName(text(&*topic.name))))
        .with_partitions((0..topic.count()).map(partition).collect());
    if call.version >= 10 {
        out = out.with_topic_id(Uuid::from_bytes(topic.id));
    }
    out
}
