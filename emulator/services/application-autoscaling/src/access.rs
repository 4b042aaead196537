//! What each operation needs to be allowed. Targets are the only resources; their ARN is not known from a request.

use crate::{ApplicationAutoScaling, model::*};
use kit::{Access, Authorize, Context};

fn on_target(cx: &Context, action: &'static str) -> Access {
    Access::on(action, format!("arn:aws:application-autoscaling:{}:{}:scalable-target/*", cx.region(), cx.account()))
        .key("application-autoscaling:service-namespace", "lambda")
        .key("application-autoscaling:scalable-dimension", "lambda:function:ProvisionedConcurrency")
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<ApplicationAutoScaling> for $input {
            fn access(&self, _: &ApplicationAutoScaling, $cx: &Context) -> Access {
                let $me = self;
                $access
            }
        }
    )*};
}
access! {
    RegisterScalableTargetInput(_me, cx) => on_target(cx, "application-autoscaling:RegisterScalableTarget");
    DeregisterScalableTargetInput(_me, cx) => on_target(cx, "application-autoscaling:DeregisterScalableTarget");
    DescribeScalableTargetsInput(_me, _cx) => Access::any("application-autoscaling:DescribeScalableTargets");
    PutScalingPolicyInput(_me, cx) => on_target(cx, "application-autoscaling:PutScalingPolicy");
    DeleteScalingPolicyInput(_me, cx) => on_target(cx, "application-autoscaling:DeleteScalingPolicy");
    DescribeScalingPoliciesInput(_me, _cx) => Access::any("application-autoscaling:DescribeScalingPolicies");
    DescribeScalingActivitiesInput(_me, _cx) => Access::any("application-autoscaling:DescribeScalingActivities");
    PutScheduledActionInput(_me, cx) => on_target(cx, "application-autoscaling:PutScheduledAction");
    DeleteScheduledActionInput(_me, cx) => on_target(cx, "application-autoscaling:DeleteScheduledAction");
    DescribeScheduledActionsInput(_me, _cx) => Access::any("application-autoscaling:DescribeScheduledActions");
    TagResourceInput(me, _cx) => Access::on("application-autoscaling:TagResource", &me.resource_arn);
    UntagResourceInput(me, _cx) => Access::on("application-autoscaling:UntagResource", &me.resource_arn);
    ListTagsForResourceInput(me, _cx) => Access::on("application-autoscaling:ListTagsForResource", &me.resource_arn);
}
