//! InitProducerId: an id for an idempotent producer; with a transactional id the one that it always has, and a new epoch.

use crate::{auth::Resource, call::Call, transactions};
use kafka_protocol::{
    ResponseError as E,
    messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId},
};

pub(super) async fn answer(call: &Call<'_>, request: InitProducerIdRequest) -> InitProducerIdResponse {
    match init(call, &request) {
        Ok((id, epoch)) => InitProducerIdResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(epoch),
        Err(error) => {
            InitProducerIdResponse::default().with_error_code(error.code()).with_producer_id(ProducerId(-1)).with_producer_epoch(-1)
        }
    }
}

fn init(call: &Call<'_>, request: &InitProducerIdRequest) -> Result<(i64, i16), E> {
    let known = (call.version >= 3 && *request.producer_id >= 0).then_some((*request.producer_id, request.producer_epoch));
    let Some(transactional_id) = &request.transactional_id else {
        if !call.may("WriteDataIdempotently", Resource::Cluster) {
            return Err(E::ClusterAuthorizationFailed);
        }
        return transactions::new_producer(call.broker).map(|id| (id, 0));
    };
    if !call.may("AlterTransactionalId", Resource::TransactionalId(transactional_id)) {
        return Err(E::TransactionalIdAuthorizationFailed);
    }
    if !(1..=call.broker.options.limits.transaction_max_ms).contains(&request.transaction_timeout_ms) {
        return Err(E::InvalidTransactionTimeout);
    }
    transactions::init(call.broker, transactional_id, request.transaction_timeout_ms.into(), known)
}
