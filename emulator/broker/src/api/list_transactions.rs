//! ListTransactions: transactional producers, by state, id and how long they have been at it.

use super::describe_transactions::name;
use crate::{
    auth::Resource,
    call::{Call, text},
    ledger::TransactionState as S,
};
use kafka_protocol::messages::{
    ListTransactionsRequest, ListTransactionsResponse, ProducerId, TransactionalId, list_transactions_response::TransactionState,
};

const STATES: [&str; 6] = ["Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"];

pub(super) async fn answer(call: &Call<'_>, request: ListTransactionsRequest) -> ListTransactionsResponse {
    let now = call.now_ms();
    let (known, unknown): (Vec<_>, Vec<_>) = request.state_filters.iter().cloned().partition(|s| STATES.contains(&s.as_str()));
    let longest = if call.version >= 1 { request.duration_filter } else { -1 };
    let all = call.broker.ledger.read(|s| s.transactions.clone());
    let states = all.into_iter().filter(|(id, row)| {
        let state = request.state_filters.is_empty() || known.iter().any(|s| s.as_str() == name(row.state));
        let producer = request.producer_id_filters.is_empty() || request.producer_id_filters.iter().any(|p| **p == row.producer);
        let long = longest < 0 || (row.state == S::Ongoing && now - row.begun > longest);
        state && producer && long && call.may("DescribeTransactionalId", Resource::TransactionalId(id))
    });
    let states = states.map(|(id, row)| {
        TransactionState::default()
            .with_transactional_id(TransactionalId(text(id)))
            .with_producer_id(ProducerId(row.producer))
            .with_transaction_state(text(name(row.state)))
    });
    ListTransactionsResponse::default().with_unknown_state_filters(unknown).with_transaction_states(states.collect())
}
