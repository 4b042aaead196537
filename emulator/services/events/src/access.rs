//! What each operation needs to be allowed: its own action on the bus or rule, and iam:PassRole for roles that it hands over.

use crate::{EventBridge, archives, model::*, names::*};
use kit::{Access, Authorize, Context, Need};

fn on_bus(cx: &Context, action: &'static str, bus: Option<&str>) -> Need {
    let name = BusName::read(cx, bus);
    Need::on(action, name.arn()).owned_by(&*name.scope.account)
}
fn on_rule(cx: &Context, action: &'static str, bus: &Option<String>, rule: &str) -> Need {
    let name = RuleName::read(cx, bus.as_deref(), rule);
    Need::on(action, name.arn()).owned_by(&*name.bus.scope.account)
}
fn pass(role: &str) -> Need {
    Need::on("iam:PassRole", role).key("iam:PassedToService", "events.amazonaws.com")
}
fn with_tags(access: Access, action: Need, tags: &Option<Vec<Tag>>) -> Access {
    match tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        true => access.and(action),
        false => access,
    }
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<EventBridge> for $input {
            fn access(&self, _: &EventBridge, $cx: &Context) -> Access {
                let $me = self;
                $access.into()
            }
        }
    )*};
}
access! {
    CreateEventBusInput(me, cx) => {
        let access = Access::from(on_bus(cx, "events:CreateEventBus", Some(&me.name)));
        with_tags(access, on_bus(cx, "events:TagResource", Some(&me.name)), &me.tags)
    };
    DeleteEventBusInput(me, cx) => on_bus(cx, "events:DeleteEventBus", Some(&me.name));
    DescribeEventBusInput(me, cx) => on_bus(cx, "events:DescribeEventBus", me.name.as_deref());
    UpdateEventBusInput(me, cx) => on_bus(cx, "events:UpdateEventBus", me.name.as_deref());
    ListEventBusesInput(_me, _cx) => Access::any("events:ListEventBuses");
    PutPermissionInput(me, cx) => on_bus(cx, "events:PutPermission", me.event_bus_name.as_deref());
    RemovePermissionInput(me, cx) => on_bus(cx, "events:RemovePermission", me.event_bus_name.as_deref());
    PutRuleInput(me, cx) => {
        let rule = |action| on_rule(cx, action, &me.event_bus_name, &me.name);
        let access = with_tags(rule("events:PutRule").into(), rule("events:TagResource"), &me.tags);
        match &me.role_arn {
            Some(role) => access.and(pass(role)),
            None => access,
        }
    };
    DeleteRuleInput(me, cx) => on_rule(cx, "events:DeleteRule", &me.event_bus_name, &me.name);
    EnableRuleInput(me, cx) => on_rule(cx, "events:EnableRule", &me.event_bus_name, &me.name);
    DisableRuleInput(me, cx) => on_rule(cx, "events:DisableRule", &me.event_bus_name, &me.name);
    DescribeRuleInput(me, cx) => on_rule(cx, "events:DescribeRule", &me.event_bus_name, &me.name);
    ListRulesInput(_me, _cx) => Access::any("events:ListRules");
    ListRuleNamesByTargetInput(_me, _cx) => Access::any("events:ListRuleNamesByTarget");
    PutTargetsInput(me, cx) => {
        let arns = me.targets.iter().map(|target| target.arn.clone()).collect();
        let put = on_rule(cx, "events:PutTargets", &me.event_bus_name, &me.rule).keys("events:TargetArn", arns);
        me.targets.iter().filter_map(|target| target.role_arn.as_deref()).fold(Access::from(put), |access, role| access.and(pass(role)))
    };
    RemoveTargetsInput(me, cx) => on_rule(cx, "events:RemoveTargets", &me.event_bus_name, &me.rule);
    ListTargetsByRuleInput(me, cx) => on_rule(cx, "events:ListTargetsByRule", &me.event_bus_name, &me.rule);
    TestEventPatternInput(_me, _cx) => Access::any("events:TestEventPattern");
    TagResourceInput(me, _cx) => Access::on("events:TagResource", &me.resource_arn);
    UntagResourceInput(me, _cx) => Access::on("events:UntagResource", &me.resource_arn);
    CreateArchiveInput(me, cx) => Access::on("events:CreateArchive", archives::archive_arn(cx.scope(), &me.archive_name));
    UpdateArchiveInput(me, cx) => Access::on("events:UpdateArchive", archives::archive_arn(cx.scope(), &me.archive_name));
    DeleteArchiveInput(me, cx) => Access::on("events:DeleteArchive", archives::archive_arn(cx.scope(), &me.archive_name));
    DescribeArchiveInput(me, cx) => Access::on("events:DescribeArchive", archives::archive_arn(cx.scope(), &me.archive_name));
    ListArchivesInput(_me, _cx) => Access::any("events:ListArchives");
    StartReplayInput(me, cx) => {
        let replay = Access::on("events:StartReplay", archives::replay_arn(cx.scope(), &me.replay_name));
        replay.and(Need::on("events:StartReplay", &me.event_source_arn))
    };
    DescribeReplayInput(me, cx) => Access::on("events:DescribeReplay", archives::replay_arn(cx.scope(), &me.replay_name));
    ListReplaysInput(_me, _cx) => Access::any("events:ListReplays");
    CancelReplayInput(me, cx) => Access::on("events:CancelReplay", archives::replay_arn(cx.scope(), &me.replay_name));
    ListTagsForResourceInput(me, _cx) => Access::on("events:ListTagsForResource", &me.resource_arn);
}

/// One need for each bus, source and detail type, because policies may tell them apart.
impl Authorize<EventBridge> for PutEventsInput {
    fn access(&self, _: &EventBridge, cx: &Context) -> Access {
        let mut needs: Vec<Need> = Vec::new();
        for entry in &self.entries {
            let mut need = on_bus(cx, "events:PutEvents", entry.event_bus_name.as_deref());
            for (key, value) in [("events:source", &entry.source), ("events:detail-type", &entry.detail_type)] {
                if let Some(value) = value {
                    need = need.key(key, value);
                }
            }
            if !needs.iter().any(|known| known.resource == need.resource && known.keys == need.keys) {
                needs.push(need);
            }
        }
        Access::Needs(needs)
    }
}
