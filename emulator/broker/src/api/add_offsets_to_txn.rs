//! AddOffsetsToTxn: a group's offsets are to be committed with the transaction.

use crate::{
    auth::Resource,
    call::Call,
    transactions::{self, Producer},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse},
};

pub(super) async fn answer(call: &Call<'_>, request: AddOffsetsToTxnRequest) -> AddOffsetsToTxnResponse {
    let who = Producer { transactional_id: &request.transactional_id, id: *request.producer_id, epoch: request.producer_epoch };
    let outcome = match () {
        () if !call.may("AlterTransactionalId", Resource::TransactionalId(who.transactional_id)) => {
            Err(E::TransactionalIdAuthorizationFailed)
        }
        () if !call.may("AlterGroup", Resource::Group(&request.group_id)) => Err(E::GroupAuthorizationFailed),
        () => transactions::add(call.broker, &who, &[], &[request.group_id.to_string()]),
    };
    let outcome = outcome.map_err(|e| super::fencing(call, e));
    AddOffsetsToTxnResponse::default().with_error_code(super::code(&outcome))
}
