//! ListGroups: those with members and those that are only offsets.

use crate::{
    auth::Resource,
    call::{Call, text},
    groups::Kind,
};
use kafka_protocol::messages::{GroupId, ListGroupsRequest, ListGroupsResponse, list_groups_response::ListedGroup};
use std::collections::BTreeMap;

pub(super) async fn answer(call: &Call<'_>, request: ListGroupsRequest) -> ListGroupsResponse {
    let broker = call.broker;
    // Name to kind of protocol, state, type.
    let mut all: BTreeMap<String, (String, &'static str, &'static str)> = BTreeMap::new();
    for name in broker.ledger.read(|state| state.offsets.keys().cloned().collect::<Vec<_>>()) {
        all.insert(name, (String::new(), "Empty", "classic"));
    }
    for group in broker.groups.all() {
        let kind = group.kind.lock();
        let (protocol, of) = match &*kind {
            Kind::Classic(classic) => (classic.protocol_type.clone(), "classic"),
            Kind::Consumer(_) => ("consumer".to_owned(), "consumer"),
        };
        all.insert(group.name.to_string(), (protocol, kind.state(), of));
    }
    let wanted = |filter: &[kafka_protocol::protocol::StrBytes], is: &str| {
        filter.is_empty() || filter.iter().any(|one| one.as_str().eq_ignore_ascii_case(is))
    };
    let groups = all
        .into_iter()
        .filter(|(name, (_, state, of))| {
            wanted(&request.states_filter, state) && wanted(&request.types_filter, of) && call.may("DescribeGroup", Resource::Group(name))
        })
        .map(|(name, (protocol, state, of))| {
            let listed = ListedGroup::default().with_group_id(GroupId(text(name))).with_protocol_type(text(protocol));
            let listed = if call.version >= 4 { listed.with_group_state(text(state)) } else { listed };
            if call.version >= 5 { listed.with_group_type(text(of)) } else { listed }
        });
    ListGroupsResponse::default().with_groups(groups.collect())
}
