//! Where partitions begin: at what the group has committed, and where it has committed nothing at the start that the configuration names, which
//! is committed before the first record is read. Otherwise a group that begins at the end would begin at a later end after a restart, and the
//! records that came between would be nobody's.

use crate::{commit, config::Start, context::Context, log, record::Place};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaResult,
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

/// How long each question to the cluster may take. It is asked while the group waits for us.
const PATIENCE: Duration = Duration::from_secs(10);

/// Next offsets of partitions that are about to be ours. One whose position can't be learned is left out: it begins where librdkafka says, and its
/// first record is what is committed then.
pub fn learn(consumer: &BaseConsumer<Context>, places: &[Place], start: Start) -> BTreeMap<Place, i64> {
    learned(consumer, places, start).unwrap_or_else(|error| {
        log::warn("PositionUnknown", json!({ "error": error.to_string(), "then": "partitions begin at their first record" }));
        BTreeMap::new()
    })
}

fn learned(consumer: &BaseConsumer<Context>, places: &[Place], start: Start) -> KafkaResult<BTreeMap<Place, i64>> {
    let mut list = TopicPartitionList::with_capacity(places.len());
    places.iter().for_each(|place| {
        list.add_partition(&place.topic, place.partition);
    });
    let mut known = BTreeMap::new();
    if !places.is_empty() {
        known.extend(offsets(&consumer.committed_offsets(list, PATIENCE)?));
    }
    let fresh: Vec<Place> = places.iter().filter(|place| !known.contains_key(place)).cloned().collect();
    if !fresh.is_empty() {
        let from = if start == Start::Earliest { Offset::Beginning } else { Offset::End };
        let begins: Vec<(Place, i64)> = find(consumer, &fresh, from, PATIENCE)?.into_iter().collect();
        commit::before_they_come(consumer, &begins);
        known.extend(begins);
    }
    Ok(known)
}

/// Ends or beginnings of partitions, as far as who reads committed records only may read.
pub fn find(consumer: &BaseConsumer<Context>, places: &[Place], what: Offset, patience: Duration) -> KafkaResult<BTreeMap<Place, i64>> {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for place in places {
        list.add_partition_offset(&place.topic, place.partition, what)?;
    }
    Ok(offsets(&consumer.offsets_for_times(list, patience)?).collect())
}

/// Those partitions of a list that have an offset.
fn offsets(list: &TopicPartitionList) -> impl Iterator<Item = (Place, i64)> {
    let elements: Vec<_> = list.elements().iter().map(|e| (e.topic().into(), e.partition(), e.offset(), e.error().is_ok())).collect();
    elements.into_iter().filter_map(|(topic, partition, offset, good)| match offset {
        Offset::Offset(offset) if good => Some((Place { topic, partition }, offset)),
        _ => None,
    })
}
