//! DeleteGroups: without members, with all their offsets.

use crate::{auth::Resource, call::Call, ledger::Change};
use kafka_protocol::{
    ResponseError as E,
    messages::{DeleteGroupsRequest, DeleteGroupsResponse, delete_groups_response::DeletableGroupResult},
};

pub(super) async fn answer(call: &Call<'_>, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
    let results = request.groups_names.into_iter().map(|name| {
        let code = super::code(&delete(call, &name));
        DeletableGroupResult::default().with_group_id(name).with_error_code(code)
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}

fn delete(call: &Call<'_>, name: &str) -> Result<(), E> {
    if !call.may("DeleteGroup", Resource::Group(name)) {
        return Err(E::GroupAuthorizationFailed);
    }
    let broker = call.broker;
    let known = broker.groups.get(name).is_some() || broker.ledger.read(|state| state.offsets.contains_key(name));
    if !known {
        return Err(E::GroupIdNotFound);
    }
    if !broker.groups.forget(name) {
        return Err(E::NonEmptyGroup);
    }
    broker.ledger.write(vec![Change::GroupGone(name.to_owned())]).map_err(|_| E::KafkaStorageError)
}
