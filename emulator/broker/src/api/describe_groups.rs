//! DescribeGroups: classic groups with their members.

use crate::{
    auth::Resource,
    call::{Call, text},
    groups::{Kind, member::Member},
};
use kafka_protocol::{
    ResponseError as E,
    messages::{
        DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
        describe_groups_response::{DescribedGroup, DescribedGroupMember},
    },
};

pub(super) async fn answer(call: &Call<'_>, request: DescribeGroupsRequest) -> DescribeGroupsResponse {
    let groups = super::once(request.groups, GroupId::clone).map(|name| describe(call, name)).collect();
    DescribeGroupsResponse::default().with_groups(groups)
}

fn describe(call: &Call<'_>, name: GroupId) -> DescribedGroup {
    let described = DescribedGroup::default().with_group_id(name.clone());
    if !call.may("DescribeGroup", Resource::Group(&name)) {
        return described.with_error_code(E::GroupAuthorizationFailed.code());
    }
    let Some(group) = call.broker.groups.get(&name) else {
        // A group that nobody knows is dead; one that is only offsets is empty.
        let known = call.broker.ledger.read(|state| state.offsets.contains_key(name.as_str()));
        return described.with_group_state(text(if known { "Empty" } else { "Dead" }));
    };
    let kind = group.kind.lock();
    let Kind::Classic(classic) = &*kind else { return described.with_error_code(E::GroupIdNotFound.code()).with_group_state(text("Dead")) };
    let member = |(id, member): (&String, &Member)| {
        let told = DescribedGroupMember::default()
            .with_member_id(text(id.as_str()))
            .with_client_id(text(member.client.as_str()))
            .with_client_host(text(member.host.as_str()))
            .with_member_metadata(member.metadata(&classic.protocol))
            .with_member_assignment(member.assignment.clone());
        if call.version >= 4 { told.with_group_instance_id(member.instance.clone().map(text)) } else { told }
    };
    described
        .with_group_state(text(kind.state()))
        .with_protocol_type(text(classic.protocol_type.as_str()))
        .with_protocol_data(text(classic.protocol.as_str()))
        .with_members(classic.members().iter().map(member).collect())
}
