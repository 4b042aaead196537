//! FindCoordinator: this broker coordinates every group and transaction.

use crate::{
    auth::Resource,
    call::{Call, text},
    shared::NODE,
};
use kafka_protocol::{
    ResponseError as E,
    messages::{BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, find_coordinator_response::Coordinator},
};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

pub(super) async fn answer(call: &Call<'_>, request: FindCoordinatorRequest) -> FindCoordinatorResponse {
    let kind = request.key_type;
    if call.version >= 4 {
        let each = |key: &kafka_protocol::protocol::StrBytes| match check(call, kind, key) {
            Ok(()) => Coordinator::default()
                .with_key(key.clone())
                .with_node_id(BrokerId(NODE))
                .with_host(text(call.listener.host.as_str()))
                .with_port(call.listener.port.into()),
            Err(error) => {
                Coordinator::default().with_key(key.clone()).with_error_code(error.code()).with_node_id(BrokerId(-1)).with_port(-1)
            }
        };
        return FindCoordinatorResponse::default().with_coordinators(request.coordinator_keys.iter().map(each).collect());
    }
    match check(call, kind, &request.key) {
        Ok(()) => FindCoordinatorResponse::default()
            .with_node_id(BrokerId(NODE))
            .with_host(text(call.listener.host.as_str()))
            .with_port(call.listener.port.into()),
        Err(error) => FindCoordinatorResponse::default().with_error_code(error.code()).with_node_id(BrokerId(-1)).with_port(-1),
    }
}

fn check(call: &Call<'_>, kind: i8, key: &str) -> Result<(), E> {
    call.refused()?;
    match kind {
        GROUP if !call.may("DescribeGroup", Resource::Group(key)) => Err(E::GroupAuthorizationFailed),
        TRANSACTION if !call.may("DescribeTransactionalId", Resource::TransactionalId(key)) => Err(E::TransactionalIdAuthorizationFailed),
        GROUP | TRANSACTION => Ok(()),
        // Share groups.
        _ => Err(E::InvalidRequest),
    }
}
