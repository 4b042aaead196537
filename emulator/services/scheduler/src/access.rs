//! What each operation needs to be allowed: its own action on the schedule or group, and iam:PassRole for the role that it hands over.

use crate::{Scheduler, model::*, state::*};
use kit::{Access, Authorize, Context, Need};

fn on_schedule(cx: &Context, action: &'static str, group: &Option<String>, name: &str) -> Need {
    Need::on(action, schedule_arn(cx.scope(), group.as_deref().unwrap_or(DEFAULT_GROUP), name))
}
fn on_group(cx: &Context, action: &'static str, name: &str) -> Need {
    Need::on(action, group_arn(cx.scope(), name))
}
fn pass(role: &str) -> Need {
    Need::on("iam:PassRole", role).key("iam:PassedToService", "scheduler.amazonaws.com")
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<Scheduler> for $input {
            fn access(&self, _: &Scheduler, $cx: &Context) -> Access {
                let $me = self;
                $access.into()
            }
        }
    )*};
}
access! {
    CreateScheduleGroupInput(me, cx) => {
        let access = Access::from(on_group(cx, "scheduler:CreateScheduleGroup", &me.name));
        match me.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            true => access.and(on_group(cx, "scheduler:TagResource", &me.name)),
            false => access,
        }
    };
    GetScheduleGroupInput(me, cx) => on_group(cx, "scheduler:GetScheduleGroup", &me.name);
    DeleteScheduleGroupInput(me, cx) => {
        // AWS asks for the schedules in it, too.
        let schedules = Need::on("scheduler:DeleteSchedule", schedule_arn(cx.scope(), &me.name, "*"));
        Access::from(on_group(cx, "scheduler:DeleteScheduleGroup", &me.name)).and(schedules)
    };
    ListScheduleGroupsInput(_me, _cx) => Access::any("scheduler:ListScheduleGroups");
    CreateScheduleInput(me, cx) => {
        Access::from(on_schedule(cx, "scheduler:CreateSchedule", &me.group_name, &me.name)).and(pass(&me.target.role_arn))
    };
    UpdateScheduleInput(me, cx) => {
        Access::from(on_schedule(cx, "scheduler:UpdateSchedule", &me.group_name, &me.name)).and(pass(&me.target.role_arn))
    };
    GetScheduleInput(me, cx) => on_schedule(cx, "scheduler:GetSchedule", &me.group_name, &me.name);
    DeleteScheduleInput(me, cx) => on_schedule(cx, "scheduler:DeleteSchedule", &me.group_name, &me.name);
    ListSchedulesInput(_me, _cx) => Access::any("scheduler:ListSchedules");
    TagResourceInput(me, _cx) => Access::on("scheduler:TagResource", &me.resource_arn);
    UntagResourceInput(me, _cx) => Access::on("scheduler:UntagResource", &me.resource_arn);
    ListTagsForResourceInput(me, _cx) => Access::on("scheduler:ListTagsForResource", &me.resource_arn);
}
