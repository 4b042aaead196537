//! Amazon EventBridge: buses, rules with patterns and schedules, targets, and what is sent to them.
//!
//! An event is matched against the rules of its bus in the transaction that puts it; each target of a matching rule gets a task row, so
//! that what was acknowledged is delivered. Schedules are task rows at their next moment. Targets are reached through ports, with the
//! rule's ARN as the source, so that their own policies decide. API destinations, connections, partner sources and endpoints are
//! refused by name.

mod access;
mod archives;
mod buses;
mod check;
mod deliver;
mod entries;
mod envelope;
mod metrics;
#[allow(missing_docs)]
mod model;
mod names;
mod patterns;
mod permissions;
mod port;
mod put_events;
mod routing;
mod rules;
mod schedule;
mod state;
mod tags;
mod targets;

pub use model::*;

use kit::{BoxFuture, Context, Fault, Ports, store::TaskRow};
use std::sync::Arc;

/// The service. All state is in the store; the field holds patterns that were read before.
#[derive(Default)]
pub struct EventBridge {
    patterns: patterns::Cache,
}

impl EventBridge {
    /// The service, ready to be given to a cloud.
    pub fn new() -> EventBridge {
        EventBridge::default()
    }
}

kit::service! {
    /// Amazon EventBridge.
    EventBridge, model = "events", invalid_input = "ValidationException";
    // buses.rs
    CreateEventBus => create_event_bus,
    DeleteEventBus => delete_event_bus,
    DescribeEventBus => describe_event_bus,
    ListEventBuses => list_event_buses,
    UpdateEventBus => update_event_bus,
    // permissions.rs
    PutPermission => put_permission,
    RemovePermission => remove_permission,
    // rules/
    PutRule => put_rule,
    DeleteRule => delete_rule,
    EnableRule => enable_rule,
    DisableRule => disable_rule,
    DescribeRule => describe_rule,
    ListRules => list_rules,
    ListRuleNamesByTarget => list_rule_names_by_target,
    // targets/
    PutTargets => put_targets,
    RemoveTargets => remove_targets,
    ListTargetsByRule => list_targets_by_rule,
    // put_events.rs
    PutEvents => put_events,
    // patterns.rs
    TestEventPattern => test_event_pattern,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
    // archives/
    CreateArchive => create_archive,
    UpdateArchive => update_archive,
    DeleteArchive => delete_archive,
    DescribeArchive => describe_archive,
    ListArchives => list_archives,
    StartReplay => start_replay,
    DescribeReplay => describe_replay,
    ListReplays => list_replays,
    CancelReplay => cancel_replay,
}

impl kit::Service for EventBridge {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_events(self);
    }
    fn start<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(schedule::catch_up(cx))
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                schedule::KIND => schedule::fire(cx, &task).await,
                deliver::KIND => self.deliver(cx, &task).await,
                archives::SWEEP => archives::sweep(cx, &task).await,
                archives::CLEAR => archives::clear(cx, &task).await,
                archives::REPLAY => archives::run(self, cx, &task).await,
                other => Err(Fault::internal(format!("events has no task {other}"))),
            }
        })
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        let name = names::BusName::of_arn(resource)?;
        cx.store().read(|s| state::bus(s, &name)).ok()?.policy
    }
}
