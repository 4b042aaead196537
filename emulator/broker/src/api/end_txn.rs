//! EndTxn: commit or abort.

use crate::{
    auth::Resource,
    call::Call,
    transactions::{self, Producer},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{EndTxnRequest, EndTxnResponse},
};

pub(super) async fn answer(call: &Call<'_>, request: EndTxnRequest) -> EndTxnResponse {
    let who = Producer { transactional_id: &request.transactional_id, id: *request.producer_id, epoch: request.producer_epoch };
    let outcome = match call.may("AlterTransactionalId", Resource::TransactionalId(who.transactional_id)) {
        false => Err(E::TransactionalIdAuthorizationFailed),
        // What is too late by now is aborted, whether somebody has looked or not.
        true => transactions::expire(call.broker).and_then(|()| transactions::end(call.broker, &who, request.committed)),
    };
    let outcome = outcome.map_err(|e| super::fencing(call, e));
    EndTxnResponse::default().with_error_code(super::code(&outcome))
}
