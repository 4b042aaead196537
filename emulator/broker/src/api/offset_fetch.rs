//! OffsetFetch: what was committed; since version 8 for several groups at once.

use crate::{
    auth::Resource,
    call::{Call, text},
    ledger::OffsetRow,
    transactions,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        OffsetFetchRequest, OffsetFetchResponse, TopicName,
        offset_fetch_response::{
            OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions, OffsetFetchResponseTopic,
            OffsetFetchResponseTopics,
        },
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// What was committed of a partition, or why it is not told.
type Found = Result<Option<OffsetRow>, E>;

pub(super) async fn answer(call: &Call<'_>, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let stable = call.version >= 7 && request.require_stable;
    if call.version >= 8 {
        let groups = super::once(request.groups, |group| group.group_id.clone()).map(|group| {
            let asked = group.topics.map(|topics| topics.into_iter().map(|t| (t.name, t.partition_indexes)).collect());
            let response = OffsetFetchResponseGroup::default().with_group_id(group.group_id.clone());
            match find(call, &group.group_id, asked, stable) {
                Ok(found) => response.with_topics(found.into_iter().map(new_form).collect()),
                Err(error) => response.with_error_code(error.code()),
            }
        });
        return OffsetFetchResponse::default().with_groups(groups.collect());
    }
    let asked = request.topics.map(|topics| topics.into_iter().map(|t| (t.name, t.partition_indexes)).collect());
    match find(call, &request.group_id, asked, stable) {
        Ok(found) => OffsetFetchResponse::default().with_topics(found.into_iter().map(|topic| old_form(call, topic)).collect()),
        Err(error) if call.version >= 2 => OffsetFetchResponse::default().with_error_code(error.code()),
        Err(_) => OffsetFetchResponse::default(),
    }
}

fn find(
    call: &Call<'_>,
    group: &str,
    asked: Option<Vec<(TopicName, Vec<i32>)>>,
    stable: bool,
) -> Result<Vec<(TopicName, Vec<(i32, Found)>)>, E> {
    if !call.may("DescribeGroup", Resource::Group(group)) {
        return Err(E::GroupAuthorizationFailed);
    }
    call.refused()?;
    let committed = call.broker.ledger.read(|state| state.offsets.get(group).cloned()).unwrap_or_default();
    let asked = asked.unwrap_or_else(|| {
        let mut all: BTreeMap<String, Vec<i32>> = BTreeMap::new();
        committed.keys().for_each(|(topic, n)| all.entry(topic.clone()).or_default().push(*n));
        all.into_iter().map(|(topic, partitions)| (TopicName(text(topic)), partitions)).collect()
    });
    let pending = if stable { transactions::pending(call.broker, group) } else { BTreeSet::new() };
    let one = |may: bool, topic: &TopicName, n: i32| {
        let at = (topic.to_string(), n);
        match () {
            () if !may => Err(E::TopicAuthorizationFailed),
            () if pending.contains(&at) => Err(E::UnstableOffsetCommit),
            () => Ok(committed.get(&at).cloned()),
        }
    };
    Ok(asked
        .into_iter()
        .map(|(topic, ns)| {
            let may = call.may("DescribeTopic", Resource::Topic(&topic));
            let found = ns.into_iter().map(|n| (n, one(may, &topic, n))).collect();
            (topic, found)
        })
        .collect())
}

/// Offset, epoch, metadata and error of a partition.
fn parts(found: Found) -> (i64, i32, String, i16) {
    match found {
        Ok(Some(row)) => (row.offset, row.leader_epoch, row.metadata, 0),
        Ok(None) => (-1, -1, String::new(), 0),
        Err(error) => (-1, -1, String::new(), error.code()),
    }
}

fn new_form((name, partitions): (TopicName, Vec<(i32, Found)>)) -> OffsetFetchResponseTopics {
    let partition = |(n, found): (i32, Found)| {
        let (offset, epoch, metadata, error) = parts(found);
        OffsetFetchResponsePartitions::default()
            .with_partition_index(n)
            .with_committed_offset(offset)
            .with_committed_leader_epoch(epoch)
            .with_metadata(Some(text(metadata)))
            .with_error_code(error)
    };
    OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.into_iter().map(partition).collect())
}

fn old_form(call: &Call<'_>, (name, partitions): (TopicName, Vec<(i32, Found)>)) -> OffsetFetchResponseTopic {
    let partition = |(n, found): (i32, Found)| {
        let (offset, epoch, metadata, error) = parts(found);
        OffsetFetchResponsePartition::default()
            .with_partition_index(n)
            .with_committed_offset(offset)
            .with_committed_leader_epoch(if call.version >= 5 { epoch } else { -1 })
            .with_metadata(Some(text(metadata)))
            .with_error_code(error)
    };
    OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions.into_iter().map(partition).collect())
}
