//! SyncGroup: the leader tells who reads what, the others wait for it.

use crate::{
    auth::Resource,
    call::{Call, text},
    groups::Kind,
};
use bytes::Bytes;
use kafka_protocol::{
    ResponseError as E,
    messages::{SyncGroupRequest, SyncGroupResponse},
};
use std::time::Duration;

/// After this it is looked again whether the group still is as it was.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn answer(call: &Call<'_>, request: SyncGroupRequest) -> SyncGroupResponse {
    match sync(call, request).await {
        Ok((assignment, kind, protocol)) => {
            let response = SyncGroupResponse::default().with_assignment(assignment);
            match call.version >= 5 {
                true => response.with_protocol_type(Some(text(kind))).with_protocol_name(Some(text(protocol))),
                false => response,
            }
        }
        Err(error) => SyncGroupResponse::default().with_error_code(error.code()),
    }
}

async fn sync(call: &Call<'_>, request: SyncGroupRequest) -> Result<(Bytes, String, String), E> {
    if !call.may("AlterGroup", Resource::Group(&request.group_id)) {
        return Err(E::GroupAuthorizationFailed);
    }
    let group = call.broker.groups.get(&request.group_id).ok_or(E::UnknownMemberId)?;
    let id = request.member_id.as_str();
    let instance = request.group_instance_id.as_ref().map(|i| i.as_str());
    let mut given = request.assignments.iter().map(|a| (a.member_id.to_string(), a.assignment.clone())).collect();
    loop {
        let changed = group.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        {
            let mut kind = group.kind.lock();
            let Kind::Classic(classic) = &mut *kind else { return Err(E::UnknownMemberId) };
            classic.check(id, instance, request.generation_id, call.broker.real_ms())?;
            let other =
                |asked: &Option<_>, is: &str| asked.as_ref().is_some_and(|asked: &kafka_protocol::protocol::StrBytes| asked.as_str() != is);
            if other(&request.protocol_type, &classic.protocol_type) || other(&request.protocol_name, &classic.protocol) {
                return Err(E::InconsistentGroupProtocol);
            }
            if let Some(assignment) = classic.sync(id, &mut given) {
                group.changed.notify_waiters();
                return assignment.map(|a| (a, classic.protocol_type.clone(), classic.protocol.clone()));
            }
        }
        if call.parked(PATIENCE, changed).await {
            return Err(E::RebalanceInProgress);
        }
    }
}
