//! JoinGroup: waits until the generation begins.

use crate::{
    auth::Resource,
    call::{Call, text},
    groups::{
        self, Group, Kind,
        classic::{Classic, Entered, Join, Joined},
        member,
    },
};
use bytes::Bytes;
use kafka_protocol::{
    ResponseError as E,
    messages::{JoinGroupRequest, JoinGroupResponse, join_group_response::JoinGroupResponseMember},
    protocol::StrBytes,
};
use std::{sync::Arc, time::Duration};

pub(super) async fn answer(call: &Call<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
    let (id, group) = (request.member_id.clone(), request.group_id.clone());
    let response = match join(call, request).await {
        Ok(response) => response,
        Err(error) => refused(call, error, id),
    };
    call.done("JoinGroup", &group, response.error_code, None);
    response
}

fn refused(call: &Call<'_>, error: E, id: StrBytes) -> JoinGroupResponse {
    let response = JoinGroupResponse::default().with_error_code(error.code()).with_generation_id(-1).with_member_id(id);
    // Before version 7 the name of the protocol may not be absent.
    if call.version >= 7 { response } else { response.with_protocol_name(Some(StrBytes::default())) }
}

async fn join(call: &Call<'_>, request: JoinGroupRequest) -> Result<JoinGroupResponse, E> {
    let broker = call.broker;
    if !call.may("AlterGroup", Resource::Group(&request.group_id)) {
        return Err(E::GroupAuthorizationFailed);
    }
    let (least, most) = broker.options.limits.session_ms;
    if !(least..=most).contains(&request.session_timeout_ms) {
        return Err(E::InvalidSessionTimeout);
    }
    let name = request.group_id.clone();
    let enter = |group: &Group, kind: &mut Kind| {
        if matches!(&*kind, Kind::Consumer(consumer) if consumer.is_empty()) {
            *kind = Kind::Classic(Classic::default());
        }
        let Kind::Classic(classic) = &mut *kind else { return Err(E::InconsistentGroupProtocol) };
        let entered = classic.join(read(call, request), broker.real_ms());
        groups::note(broker, group, kind);
        entered
    };
    let (group, entered) = broker.groups.enter(&name, &broker.options.limits, || Kind::Classic(Classic::default()), enter)?;
    group.changed.notify_waiters();
    match entered? {
        Entered::Now(joined) => Ok(told(call, joined)),
        Entered::TakeId(id) => Ok(refused(call, E::MemberIdRequired, text(id))),
        Entered::Waiting(id) => wait(call, &group, &id).await.map(|joined| told(call, joined)),
    }
}

fn read(call: &Call<'_>, request: JoinGroupRequest) -> Join {
    let limits = &call.broker.options.limits;
    let session_ms = i64::from(request.session_timeout_ms);
    let rebalance_ms = if call.version >= 1 { i64::from(request.rebalance_timeout_ms) } else { session_ms };
    let client = call.client.to_string();
    Join {
        fresh: format!(
            "{}-{}",
            request.group_instance_id.as_deref().unwrap_or(if client.is_empty() { "consumer" } else { &client }),
            call.broker.ids.uuid()
        ),
        id: request.member_id.to_string(),
        id_first: call.version >= 4,
        skips: call.version >= 9,
        protocol_type: request.protocol_type.to_string(),
        member: member::Member {
            instance: request.group_instance_id.map(|id| id.to_string()),
            client,
            host: format!("/{}", call.ip),
            session_ms,
            rebalance_ms: rebalance_ms.max(0),
            protocols: request.protocols.into_iter().map(|p| (p.name.to_string(), p.metadata)).collect(),
            joined: false,
            waiting: false,
            assignment: Bytes::new(),
            seen: 0,
        },
        delay_ms: call.broker.options.defaults.rebalance_delay.as_millis() as i64,
        members_max: limits.members_max,
    }
}

async fn wait(call: &Call<'_>, group: &Arc<Group>, id: &str) -> Result<Joined, E> {
    let _waits = Waits { call, group, id };
    loop {
        let changed = group.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let patience = {
            let now = call.broker.real_ms();
            let mut kind = group.kind.lock();
            let Kind::Classic(classic) = &mut *kind else { return Err(E::UnknownMemberId) };
            if classic.advance(now) {
                call.broker.metrics.count(|m| &m.rebalances, 1);
                group.changed.notify_waiters();
            }
            if let Some(joined) = classic.joined(id, now) {
                return joined;
            }
            classic.patience(now)
        };
        if call.parked(Duration::from_millis(patience as u64), changed).await {
            return Err(E::RebalanceInProgress);
        }
    }
}

/// A member that waits for its generation. However that ends, with an answer or with the connection, its session goes on from then.
struct Waits<'a> {
    call: &'a Call<'a>,
    group: &'a Group,
    id: &'a str,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if let Kind::Classic(classic) = &mut *self.group.kind.lock() {
            classic.waits_no_more(self.id, self.call.broker.real_ms());
        }
    }
}

fn told(call: &Call<'_>, joined: Joined) -> JoinGroupResponse {
    let member = |(id, instance, metadata): (String, Option<String>, Bytes)| {
        let member = JoinGroupResponseMember::default().with_member_id(text(id)).with_metadata(metadata);
        if call.version >= 5 { member.with_group_instance_id(instance.map(text)) } else { member }
    };
    let response = JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_name(Some(text(joined.protocol)))
        .with_leader(text(joined.leader))
        .with_member_id(text(joined.id))
        .with_members(joined.members.into_iter().map(member).collect());
    let response = if call.version >= 7 { response.with_protocol_type(Some(text(joined.protocol_type))) } else { response };
    if call.version >= 9 { response.with_skip_assignment(joined.skip) } else { response }
}
