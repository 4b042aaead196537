//! ConsumerGroupDescribe: KIP-848 groups with what their members read and shall read.

use crate::{
    auth::Resource,
    call::{Call, text},
    groups::{Kind, consumer},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, GroupId, TopicName,
        consumer_group_describe_response::{Assignment, DescribedGroup, Member, TopicPartitions},
    },
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(super) async fn answer(call: &Call<'_>, request: ConsumerGroupDescribeRequest) -> ConsumerGroupDescribeResponse {
    let groups = super::once(request.group_ids, GroupId::clone).map(|name| describe(call, name)).collect();
    ConsumerGroupDescribeResponse::default().with_groups(groups)
}

fn describe(call: &Call<'_>, name: GroupId) -> DescribedGroup {
    let described = DescribedGroup::default().with_group_id(name.clone());
    if !call.may("DescribeGroup", Resource::Group(&name)) {
        return described.with_error_code(E::GroupAuthorizationFailed.code());
    }
    let Some(group) = call.broker.groups.get(&name) else { return described.with_error_code(E::GroupIdNotFound.code()) };
    let kind = group.kind.lock();
    let Kind::Consumer(consumer) = &*kind else {
        let why = text(format!("Group {} is not a consumer group.", name.as_str()));
        return described.with_error_code(E::GroupIdNotFound.code()).with_error_message(Some(why));
    };
    let members = consumer.members.iter().map(|(id, member)| told(call, id, member));
    described
        .with_group_state(text(kind.state()))
        .with_group_epoch(consumer.epoch)
        .with_assignment_epoch(consumer.epoch)
        .with_assignor_name(text(if consumer.assignor.is_empty() { "uniform" } else { &consumer.assignor }))
        .with_members(members.collect())
}

fn told(call: &Call<'_>, id: &str, member: &consumer::Member) -> Member {
    let told = Member::default()
        .with_member_id(text(id))
        .with_instance_id(member.instance.clone().map(text))
        .with_rack_id(member.rack.clone().map(text))
        .with_member_epoch(member.epoch)
        .with_client_id(text(member.client.as_str()))
        .with_client_host(text(member.host.as_str()))
        .with_subscribed_topic_names(member.topics.iter().map(|name| TopicName(text(name.as_str()))).collect())
        .with_subscribed_topic_regex(member.pattern.clone().map(text))
        .with_assignment(assignment(call, &member.assigned))
        .with_target_assignment(assignment(call, &member.target));
    if call.version >= 1 { told.with_member_type(1) } else { told }
}

fn assignment(call: &Call<'_>, parts: &BTreeSet<consumer::At>) -> Assignment {
    let mut by_topic: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    parts.iter().for_each(|(topic, n)| by_topic.entry(topic).or_default().push(*n));
    let each = |(topic, partitions): (&str, Vec<i32>)| {
        let topic = call.broker.topics.get(topic)?;
        let id = Uuid::from_bytes(topic.id);
        Some(TopicPartitions::default().with_topic_id(id).with_topic_name(TopicName(text(&*topic.name))).with_partitions(partitions))
    };
    Assignment::default().with_topic_partitions(by_topic.into_iter().filter_map(each).collect())
}
