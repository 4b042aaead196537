//! The APIs of the protocol: which are offered in which versions, and who answers each. One file for each API.
//!
//! Only versions that the black-box suite has seen work are offered.

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod alter_configs;
pub mod api_versions;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_producers;
mod describe_transactions;
mod end_txn;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod list_transactions;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sync_group;
mod txn_offset_commit;

use crate::{call::Call, connection::malformed, guard::Guarded};
use bytes::{Bytes, BytesMut};
use kafka_protocol::{
    ResponseError,
    messages::{self, ApiKey},
    protocol::{Decodable, Encodable},
};
use std::io;

/// An API that is offered.
pub struct Offered {
    /// Which.
    pub key: ApiKey,
    /// First version.
    pub min: i16,
    /// Last version.
    pub max: i16,
}

macro_rules! apis {
    ($($key:ident $min:literal..=$max:literal $module:ident $request:ident,)*) => {
        /// All that are offered. SaslHandshake and SaslAuthenticate are the connection's own.
        pub const OFFERED: &[Offered] = &[
            Offered { key: ApiKey::Produce, min: 0, max: 11 },
            Offered { key: ApiKey::SaslHandshake, min: 0, max: 1 },
            Offered { key: ApiKey::SaslAuthenticate, min: 0, max: 2 },
            $(Offered { key: ApiKey::$key, min: $min, max: $max },)*
        ];

        /// Answers a request; false when it wants no answer.
        pub async fn answer(call: &Call<'_>, key: ApiKey, body: Bytes, out: &mut BytesMut) -> io::Result<bool> {
            match key {
                // The one request that may want no answer.
                ApiKey::Produce => match produce::answer(call, decode_produce(body, call.version)?).await {
                    Some(response) => encode(&response, call.version, out),
                    None => Ok(false),
                },
                $(ApiKey::$key => {
                    let request: messages::$request = decode(body, call.version)?;
                    encode(&$module::answer(call, request).await, call.version, out)
                })*
                _ => Err(malformed("an API that isn't offered")),
            }
        }

        /// Decodes a request of any API that is offered and forgets it: for the fuzz target.
        pub fn try_decode(key: i16, version: i16, body: Bytes) -> io::Result<()> {
            match find(key, version) {
                Some(ApiKey::Produce) => decode_produce(body, version).map(drop),
                $(Some(ApiKey::$key) => decode::<messages::$request>(body, version).map(drop),)*
                _ => Err(malformed("an API that isn't offered")),
            }
        }
    };
}

apis! {
    Fetch 4..=16 fetch FetchRequest,
    ListOffsets 1..=8 list_offsets ListOffsetsRequest,
    Metadata 0..=12 metadata MetadataRequest,
    OffsetCommit 2..=9 offset_commit OffsetCommitRequest,
    OffsetFetch 1..=9 offset_fetch OffsetFetchRequest,
    FindCoordinator 0..=5 find_coordinator FindCoordinatorRequest,
    JoinGroup 0..=9 join_group JoinGroupRequest,
    Heartbeat 0..=4 heartbeat HeartbeatRequest,
    LeaveGroup 0..=5 leave_group LeaveGroupRequest,
    SyncGroup 0..=5 sync_group SyncGroupRequest,
    DescribeGroups 0..=5 describe_groups DescribeGroupsRequest,
    ListGroups 0..=5 list_groups ListGroupsRequest,
    ApiVersions 0..=3 api_versions ApiVersionsRequest,
    CreateTopics 2..=7 create_topics CreateTopicsRequest,
    DeleteTopics 1..=6 delete_topics DeleteTopicsRequest,
    DeleteRecords 0..=2 delete_records DeleteRecordsRequest,
    InitProducerId 0..=4 init_producer_id InitProducerIdRequest,
    OffsetForLeaderEpoch 2..=4 offset_for_leader_epoch OffsetForLeaderEpochRequest,
    AddPartitionsToTxn 0..=3 add_partitions_to_txn AddPartitionsToTxnRequest,
    AddOffsetsToTxn 0..=3 add_offsets_to_txn AddOffsetsToTxnRequest,
    EndTxn 0..=3 end_txn EndTxnRequest,
    TxnOffsetCommit 0..=3 txn_offset_commit TxnOffsetCommitRequest,
    DescribeConfigs 1..=4 describe_configs DescribeConfigsRequest,
    AlterConfigs 0..=2 alter_configs AlterConfigsRequest,
    CreatePartitions 0..=3 create_partitions CreatePartitionsRequest,
    DeleteGroups 0..=2 delete_groups DeleteGroupsRequest,
    IncrementalAlterConfigs 0..=1 incremental_alter_configs IncrementalAlterConfigsRequest,
    OffsetDelete 0..=0 offset_delete OffsetDeleteRequest,
    DescribeCluster 0..=1 describe_cluster DescribeClusterRequest,
    DescribeProducers 0..=0 describe_producers DescribeProducersRequest,
    DescribeTransactions 0..=0 describe_transactions DescribeTransactionsRequest,
    ListTransactions 0..=1 list_transactions ListTransactionsRequest,
    ConsumerGroupHeartbeat 0..=1 consumer_group_heartbeat ConsumerGroupHeartbeatRequest,
    ConsumerGroupDescribe 0..=1 consumer_group_describe ConsumerGroupDescribeRequest,
}

/// The API of a key, where it is offered in this version.
pub fn find(key: i16, version: i16) -> Option<ApiKey> {
    let offered = OFFERED.iter().find(|offered| offered.key as i16 == key)?;
    // Produce is told from version 0 on, because older librdkafka packs only if it is; its first true version is 3.
    let min = if key == ApiKey::Produce as i16 { 3 } else { offered.min };
    (min..=offered.max).contains(&version).then_some(offered.key)
}

/// Decodes a request of one API.
pub(crate) fn decode<T: Decodable>(body: Bytes, version: i16) -> io::Result<T> {
    T::decode(&mut Guarded::new(body.clone()), version).map_err(|e| malformed(e.to_string()))?;
    T::decode(&mut body.clone(), version).map_err(|e| malformed(e.to_string()))
}

/// The same of the one that brings records.
pub(crate) fn decode_produce(body: Bytes, version: i16) -> io::Result<messages::ProduceRequest> {
    messages::ProduceRequest::decode(&mut Guarded::with_batches(body.clone()), version).map_err(|e| malformed(e.to_string()))?;
    messages::ProduceRequest::decode(&mut body.clone(), version).map_err(|e| malformed(e.to_string()))
}

fn encode<T: Encodable>(response: &T, version: i16, out: &mut BytesMut) -> io::Result<bool> {
    response.encode(out, version).map(|()| true).map_err(|e| io::Error::other(e.to_string()))
}

/// What a request names, once: an answer to the same name over and over would be many times as long as the request.
fn once<T, K: Eq + std::hash::Hash>(named: Vec<T>, name: impl Fn(&T) -> K) -> impl Iterator<Item = T> {
    let mut seen = std::collections::HashSet::new();
    named.into_iter().filter(move |one| seen.insert(name(one)))
}

/// Fencing as a transaction's API tells it: before version 2 producers know it as a wrong epoch only.
fn fencing(call: &Call<'_>, error: ResponseError) -> ResponseError {
    match error {
        ResponseError::ProducerFenced if call.version < 2 => ResponseError::InvalidProducerEpoch,
        other => other,
    }
}

/// The code of an outcome: 0 where it went well.
fn code<T>(outcome: &Result<T, ResponseError>) -> i16 {
    outcome.as_ref().err().map_or(0, ResponseError::code)
}
