//! DescribeTransactions: where transactional producers stand.

use crate::{
    auth::Resource,
    call::{Call, text},
    ledger::TransactionState as S,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        DescribeTransactionsRequest, DescribeTransactionsResponse, ProducerId, TopicName, TransactionalId,
        describe_transactions_response::{TopicData, TransactionState},
    },
};
use std::collections::BTreeMap;

pub(super) async fn answer(call: &Call<'_>, request: DescribeTransactionsRequest) -> DescribeTransactionsResponse {
    let states = request.transactional_ids.into_iter().map(|id| describe(call, id)).collect();
    DescribeTransactionsResponse::default().with_transaction_states(states)
}

fn describe(call: &Call<'_>, id: TransactionalId) -> TransactionState {
    let state = TransactionState::default().with_transactional_id(id.clone());
    if !call.may("DescribeTransactionalId", Resource::TransactionalId(&id)) {
        return state.with_error_code(E::TransactionalIdAuthorizationFailed.code());
    }
    let Some(row) = call.broker.ledger.read(|s| s.transactions.get(id.as_str()).cloned()) else {
        return state.with_error_code(E::TransactionalIdNotFound.code());
    };
    let mut topics: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    row.partitions.into_iter().for_each(|(topic, n)| topics.entry(topic).or_default().push(n));
    let topic = |(name, partitions): (String, Vec<i32>)| TopicData::default().with_topic(TopicName(text(name))).with_partitions(partitions);
    state
        .with_transaction_state(text(name(row.state)))
        .with_transaction_timeout_ms(i32::try_from(row.timeout_ms).unwrap_or(i32::MAX))
        .with_transaction_start_time_ms(if row.state == S::Ongoing { row.begun } else { -1 })
        .with_producer_id(ProducerId(row.producer))
        .with_producer_epoch(row.epoch)
        .with_topics(topics.into_iter().map(topic).collect())
}

/// A state as Kafka names it.
pub(super) fn name(state: S) -> &'static str {
    match state {
        S::Empty => "Empty",
        S::Ongoing => "Ongoing",
        S::PrepareCommit => "PrepareCommit",
        S::PrepareAbort => "PrepareAbort",
        S::CompleteCommit => "CompleteCommit",
        S::CompleteAbort => "CompleteAbort",
    }
}
