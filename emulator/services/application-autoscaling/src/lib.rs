//! Application Auto Scaling, for functions: provisioned concurrency of versions and aliases follows a target, steps or a schedule.
//!
//! A target tracking policy makes two alarms in CloudWatch, as AWS does, and acts when they tell it (kit's port `ScalingPolicies`); the
//! function's provisioned concurrency is read and set through kit's port `ScaledFunctions`. Resources of other services are refused by
//! name, predictive scaling too. This room knows neither CloudWatch's nor Lambda's inside.

mod access;
mod activities;
mod adjust;
mod check;
#[allow(missing_docs)]
mod model;
mod policies;
mod port;
mod scheduled;
mod state;
mod steps;
mod tags;
mod targets;
mod tracking;

pub use model::*;

use kit::{BoxFuture, Context, Fault, Ports, store::TaskRow};
use std::sync::Arc;

/// The service. All state is in the store.
#[derive(Default)]
pub struct ApplicationAutoScaling {}

impl ApplicationAutoScaling {
    /// The service, ready to be given to a cloud.
    pub fn new() -> ApplicationAutoScaling {
        ApplicationAutoScaling::default()
    }
}

kit::service! {
    /// Application Auto Scaling.
    ApplicationAutoScaling, model = "application-autoscaling", invalid_input = "ValidationException";
    // targets.rs
    RegisterScalableTarget => register_scalable_target,
    DeregisterScalableTarget => deregister_scalable_target,
    DescribeScalableTargets => describe_scalable_targets,
    // policies.rs
    PutScalingPolicy => put_scaling_policy,
    DeleteScalingPolicy => delete_scaling_policy,
    DescribeScalingPolicies => describe_scaling_policies,
    // activities.rs
    DescribeScalingActivities => describe_scaling_activities,
    // scheduled.rs
    PutScheduledAction => put_scheduled_action,
    DeleteScheduledAction => delete_scheduled_action,
    DescribeScheduledActions => describe_scheduled_actions,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
}

impl kit::Service for ApplicationAutoScaling {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_scaling(self);
    }
    fn start<'a>(&'a self, cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(scheduled::catch_up(cx))
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            match task.kind.as_str() {
                adjust::KIND => adjust::into_range(cx, &task).await,
                scheduled::KIND => scheduled::fire(cx, &task).await,
                other => Err(Fault::internal(format!("application-autoscaling has no task {other}"))),
            }
        })
    }
}
