//! ConsumerGroupHeartbeat: all that a member of a KIP-848 group says and hears.

use crate::{
    auth::Resource,
    call::{Call, text},
    groups::{
        self, Group, Kind,
        consumer::{At, Beat, Consumer, HEARTBEAT_MS},
    },
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
        consumer_group_heartbeat_request::TopicPartitions as Held,
        consumer_group_heartbeat_response::{Assignment, TopicPartitions},
    },
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) async fn answer(call: &Call<'_>, request: ConsumerGroupHeartbeatRequest) -> ConsumerGroupHeartbeatResponse {
    // In version 0 the broker gives the id; since version 1 the client brings it.
    let id = match request.member_id.is_empty() && request.member_epoch == 0 {
        true => text(call.broker.ids.uuid()),
        false => request.member_id.clone(),
    };
    let response = ConsumerGroupHeartbeatResponse::default().with_heartbeat_interval_ms(HEARTBEAT_MS);
    match beat(call, id.to_string(), request) {
        Ok((epoch, assignment)) => {
            response.with_member_id(Some(id)).with_member_epoch(epoch).with_assignment(assignment.map(|parts| told(call, &parts)))
        }
        Err(error) => response.with_error_code(error.code()).with_error_message(Some(text(error.to_string()))),
    }
}

fn beat(call: &Call<'_>, id: String, request: ConsumerGroupHeartbeatRequest) -> Result<(i32, Option<BTreeSet<At>>), E> {
    let broker = call.broker;
    let name = request.group_id.as_str();
    if !call.may("AlterGroup", Resource::Group(name)) {
        return Err(E::GroupAuthorizationFailed);
    }
    if id.is_empty() {
        return Err(E::InvalidRequest);
    }
    let held = request.topic_partitions.map(|held| held.iter().flat_map(|held| named(call, held)).collect());
    let beat = Beat {
        id,
        epoch: request.member_epoch,
        instance: request.instance_id.map(|i| i.to_string()),
        rack: request.rack_id.map(|r| r.to_string()),
        client: call.client.to_string(),
        host: format!("/{}", call.ip),
        rebalance_ms: request.rebalance_timeout_ms,
        topics: request.subscribed_topic_names.map(|names| names.iter().map(|n| n.to_string()).collect()),
        pattern: request.subscribed_topic_regex.map(|p| p.to_string()),
        assignor: request.server_assignor.map(|a| a.to_string()),
        holds: held,
    };
    let enter = |group: &Group, kind: &mut Kind| {
        if matches!(&*kind, Kind::Classic(classic) if classic.is_empty()) {
            *kind = Kind::Consumer(Consumer::default());
        }
        let Kind::Consumer(consumer) = &mut *kind else { return Err(E::InconsistentGroupProtocol) };
        let before = consumer.epoch;
        let answer = consumer.beat(beat, &broker.topics, broker.options.limits.members_max, broker.real_ms());
        broker.metrics.count(|m| &m.rebalances, (consumer.epoch - before).max(0) as u64);
        groups::note(broker, group, kind);
        answer
    };
    let (group, answer) = broker.groups.enter(name, &broker.options.limits, || Kind::Consumer(Consumer::default()), enter)?;
    if request.member_epoch < 0 {
        groups::forget_if_nothing(broker, &group.name);
    }
    answer.map(|answer| (answer.epoch, answer.assignment))
}

fn named(call: &Call<'_>, held: &Held) -> Vec<At> {
    let topic = call.broker.topics.by_id(held.topic_id.as_bytes());
    topic.map(|topic| held.partitions.iter().map(|n| (topic.name.to_string(), *n)).collect()).unwrap_or_default()
}

fn told(call: &Call<'_>, parts: &BTreeSet<At>) -> Assignment {
    let mut by_topic: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    parts.iter().for_each(|(topic, n)| by_topic.entry(topic).or_default().push(*n));
    let each = |(topic, partitions): (&str, Vec<i32>)| {
        let topic = call.broker.topics.get(topic)?;
        Some(TopicPartitions::default().with_topic_id(Uuid::from_bytes(topic.id)).with_partitions(partitions))
    };
    Assignment::default().with_topic_partitions(by_topic.into_iter().filter_map(each).collect())
}
