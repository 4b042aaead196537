//! Heartbeat of a classic group.

use crate::{auth::Resource, call::Call, groups::Kind};
use kafka_protocol::{
    ResponseError as E,
    messages::{HeartbeatRequest, HeartbeatResponse},
};

pub(super) async fn answer(call: &Call<'_>, request: HeartbeatRequest) -> HeartbeatResponse {
    HeartbeatResponse::default().with_error_code(super::code(&beat(call, &request)))
}

fn beat(call: &Call<'_>, request: &HeartbeatRequest) -> Result<(), E> {
    if !call.may("AlterGroup", Resource::Group(&request.group_id)) {
        return Err(E::GroupAuthorizationFailed);
    }
    let group = call.broker.groups.get(&request.group_id).ok_or(E::UnknownMemberId)?;
    let instance = request.group_instance_id.as_ref().map(|i| i.as_str());
    match &mut *group.kind.lock() {
        Kind::Classic(classic) => classic.heartbeat(&request.member_id, instance, request.generation_id, call.broker.real_ms()),
        Kind::Consumer(_) => Err(E::UnknownMemberId),
    }
}
