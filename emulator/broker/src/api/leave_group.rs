//! LeaveGroup: one member, or since version 3 several, by id or instance.

use crate::{
    auth::Resource,
    call::Call,
    groups::{self, Kind},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{LeaveGroupRequest, LeaveGroupResponse, leave_group_response::MemberResponse},
};

pub(super) async fn answer(call: &Call<'_>, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let name = request.group_id.as_str();
    if !call.may("AlterGroup", Resource::Group(name)) {
        return LeaveGroupResponse::default().with_error_code(E::GroupAuthorizationFailed.code());
    }
    if call.version < 3 {
        return LeaveGroupResponse::default().with_error_code(super::code(&leave(call, name, &request.member_id, None)));
    }
    let members = request.members.into_iter().map(|member| {
        let left = leave(call, name, &member.member_id, member.group_instance_id.as_ref().map(|i| i.as_str()));
        MemberResponse::default()
            .with_member_id(member.member_id)
            .with_group_instance_id(member.group_instance_id)
            .with_error_code(super::code(&left))
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

fn leave(call: &Call<'_>, group: &str, id: &str, instance: Option<&str>) -> Result<(), E> {
    let group = call.broker.groups.get(group).ok_or(E::UnknownMemberId)?;
    let left = {
        let mut kind = group.kind.lock();
        let left = match &mut *kind {
            Kind::Classic(classic) => classic.leave(id, instance, call.broker.real_ms()).map(drop),
            Kind::Consumer(_) => Err(E::UnknownMemberId),
        };
        groups::note(call.broker, &group, &kind);
        left
    };
    group.changed.notify_waiters();
    groups::forget_if_nothing(call.broker, &group.name);
    call.done("LeaveGroup", &group.name, super::code(&left), None);
    left
}
