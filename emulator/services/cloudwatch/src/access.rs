//! What each operation needs to be allowed. Metrics have no ARNs: only alarms and dashboards do.

use crate::{CloudWatch, check, model::*};
use kit::{Access, Authorize, Context, Need};

fn on_alarm(cx: &Context, action: &'static str, name: &str) -> Access {
    Access::on(action, check::alarm_arn(cx.scope(), name))
}
fn on_alarms(cx: &Context, action: &'static str, names: &[String]) -> Access {
    let needs: Vec<Need> = names.iter().map(|name| Need::on(action, check::alarm_arn(cx.scope(), name))).collect();
    if needs.is_empty() { on_alarm(cx, action, "*") } else { Access::Needs(needs) }
}
fn on_dashboard(cx: &Context, action: &'static str, name: &str) -> Access {
    Access::on(action, check::dashboard_arn(cx.account(), name))
}
/// Tagging what is being made is an action of its own.
fn tagged(access: Access, tags: &Option<Vec<Tag>>, arn: String) -> Access {
    match tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        true => access.and(Need::on("cloudwatch:TagResource", arn)),
        false => access,
    }
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<CloudWatch> for $input {
            fn access(&self, _: &CloudWatch, $cx: &Context) -> Access {
                let $me = self;
                $access
            }
        }
    )*};
}
access! {
    PutMetricDataInput(me, _cx) => Access::any("cloudwatch:PutMetricData").key("cloudwatch:namespace", &me.namespace);
    ListMetricsInput(_me, _cx) => Access::any("cloudwatch:ListMetrics");
    GetMetricStatisticsInput(_me, _cx) => Access::any("cloudwatch:GetMetricStatistics");
    GetMetricDataInput(_me, _cx) => Access::any("cloudwatch:GetMetricData");
    PutMetricAlarmInput(me, cx) => {
        let access = on_alarm(cx, "cloudwatch:PutMetricAlarm", &me.alarm_name);
        tagged(access, &me.tags, check::alarm_arn(cx.scope(), &me.alarm_name))
    };
    PutCompositeAlarmInput(me, cx) => {
        let access = on_alarm(cx, "cloudwatch:PutCompositeAlarm", &me.alarm_name);
        tagged(access, &me.tags, check::alarm_arn(cx.scope(), &me.alarm_name))
    };
    DescribeAlarmsInput(me, cx) => on_alarms(cx, "cloudwatch:DescribeAlarms", me.alarm_names.as_deref().unwrap_or_default());
    DescribeAlarmsForMetricInput(_me, _cx) => Access::any("cloudwatch:DescribeAlarmsForMetric");
    DescribeAlarmHistoryInput(me, cx) => on_alarm(cx, "cloudwatch:DescribeAlarmHistory", me.alarm_name.as_deref().unwrap_or("*"));
    EnableAlarmActionsInput(me, cx) => on_alarms(cx, "cloudwatch:EnableAlarmActions", &me.alarm_names);
    DisableAlarmActionsInput(me, cx) => on_alarms(cx, "cloudwatch:DisableAlarmActions", &me.alarm_names);
    SetAlarmStateInput(me, cx) => on_alarm(cx, "cloudwatch:SetAlarmState", &me.alarm_name);
    DeleteAlarmsInput(me, cx) => on_alarms(cx, "cloudwatch:DeleteAlarms", &me.alarm_names);
    PutDashboardInput(me, cx) => {
        let access = on_dashboard(cx, "cloudwatch:PutDashboard", &me.dashboard_name);
        tagged(access, &me.tags, check::dashboard_arn(cx.account(), &me.dashboard_name))
    };
    GetDashboardInput(me, cx) => on_dashboard(cx, "cloudwatch:GetDashboard", &me.dashboard_name);
    ListDashboardsInput(_me, _cx) => Access::any("cloudwatch:ListDashboards");
    DeleteDashboardsInput(me, cx) => {
        let needs = me.dashboard_names.iter().map(|name| Need::on("cloudwatch:DeleteDashboards", check::dashboard_arn(cx.account(), name)));
        Access::Needs(needs.collect())
    };
    TagResourceInput(me, _cx) => Access::on("cloudwatch:TagResource", &me.resource_arn);
    UntagResourceInput(me, _cx) => Access::on("cloudwatch:UntagResource", &me.resource_arn);
    ListTagsForResourceInput(me, _cx) => Access::on("cloudwatch:ListTagsForResource", &me.resource_arn);
}
