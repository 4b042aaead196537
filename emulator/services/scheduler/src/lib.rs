//! Amazon EventBridge Scheduler: schedules in groups, by the wall clock of any time zone, that call targets with a role of the customer's.
//!
//! A schedule's next moment is one task row; at that moment an invocation gets a row of its own, which is tried again on the clock and in
//! the end dead-lettered. Templated targets are reached through ports, universal ones (`aws-sdk:service:operation`) through the
//! Directory, both as the role that the schedule names. This room knows no service's inside.

mod access;
mod check;
mod groups;
mod invoke;
mod metrics;
#[allow(missing_docs)]
mod model;
mod schedules;
mod state;
mod tags;
mod timing;
mod zones;

pub use model::*;

use kit::{BoxFuture, Context, Fault, store::TaskRow};

/// The service. All state is in the store.
#[derive(Default)]
pub struct Scheduler {}

impl Scheduler {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Scheduler {
        Scheduler::default()
    }
}

kit::service! {
    /// Amazon EventBridge Scheduler.
    Scheduler, model = "scheduler", invalid_input = "ValidationException";
    // groups.rs
    CreateScheduleGroup => create_schedule_group,
    GetScheduleGroup => get_schedule_group,
    DeleteScheduleGroup => delete_schedule_group,
    ListScheduleGroups => list_schedule_groups,
    // schedules/
    CreateSchedule => create_schedule,
    GetSchedule => get_schedule,
    UpdateSchedule => update_schedule,
    DeleteSchedule => delete_schedule,
    ListSchedules => list_schedules,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl kit::Service for Scheduler {
    fn start<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(timing::catch_up(cx))
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                timing::KIND => timing::fire(cx, &task).await,
                invoke::KIND => invoke::invoke(cx, &task).await,
                other => Err(Fault::internal(format!("scheduler has no task {other}"))),
            }
        })
    }
}
