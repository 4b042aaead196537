//! What each operation needs to be allowed. Operations on groups and streams are asked on `log-group:G:log-stream:S`, S being empty
//! where there is no stream, as AWS's own refusals show; tags on the group's bare ARN.

use crate::{Logs, model::*, state};
use kit::{Access, Authorize, Context};

fn on_stream(cx: &Context, action: &'static str, group: &str, stream: &str) -> Access {
    Access::on(action, format!("{}:log-stream:{stream}", state::arn(cx.scope(), group)))
}

macro_rules! access {
    ($($input:ident($me:ident, $cx:ident) => $access:expr;)*) => {$(
        impl Authorize<Logs> for $input {
            fn access(&self, _: &Logs, $cx: &Context) -> Access {
                let $me = self;
                $access
            }
        }
    )*};
}
fn either<'a>(name: &'a Option<String>, identifier: &'a Option<String>) -> &'a str {
    state::named(name, identifier).unwrap_or("")
}
access! {
    CreateLogGroupInput(me, cx) => {
        let access = on_stream(cx, "logs:CreateLogGroup", &me.log_group_name, "");
        match me.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            true => access.and(kit::Need::on("logs:TagResource", state::arn(cx.scope(), &me.log_group_name))),
            false => access,
        }
    };
    DeleteLogGroupInput(me, cx) => on_stream(cx, "logs:DeleteLogGroup", &me.log_group_name, "");
    DescribeLogGroupsInput(_me, cx) => on_stream(cx, "logs:DescribeLogGroups", "", "");
    CreateLogStreamInput(me, cx) => on_stream(cx, "logs:CreateLogStream", &me.log_group_name, &me.log_stream_name);
    DeleteLogStreamInput(me, cx) => on_stream(cx, "logs:DeleteLogStream", &me.log_group_name, &me.log_stream_name);
    DescribeLogStreamsInput(me, cx) => on_stream(cx, "logs:DescribeLogStreams", either(&me.log_group_name, &me.log_group_identifier), "");
    PutLogEventsInput(me, cx) => on_stream(cx, "logs:PutLogEvents", &me.log_group_name, &me.log_stream_name);
    GetLogEventsInput(me, cx) => on_stream(cx, "logs:GetLogEvents", either(&me.log_group_name, &me.log_group_identifier), &me.log_stream_name);
    FilterLogEventsInput(me, cx) => on_stream(cx, "logs:FilterLogEvents", either(&me.log_group_name, &me.log_group_identifier), "");
    ListLogGroupsInput(_me, cx) => on_stream(cx, "logs:ListLogGroups", "", "");
    PutMetricFilterInput(me, cx) => on_stream(cx, "logs:PutMetricFilter", &me.log_group_name, "");
    DescribeMetricFiltersInput(me, cx) => on_stream(cx, "logs:DescribeMetricFilters", me.log_group_name.as_deref().unwrap_or(""), "");
    DeleteMetricFilterInput(me, cx) => on_stream(cx, "logs:DeleteMetricFilter", &me.log_group_name, "");
    TestMetricFilterInput(_me, _cx) => Access::any("logs:TestMetricFilter");
    PutSubscriptionFilterInput(me, cx) => on_stream(cx, "logs:PutSubscriptionFilter", &me.log_group_name, "");
    DescribeSubscriptionFiltersInput(me, cx) => on_stream(cx, "logs:DescribeSubscriptionFilters", &me.log_group_name, "");
    DeleteSubscriptionFilterInput(me, cx) => on_stream(cx, "logs:DeleteSubscriptionFilter", &me.log_group_name, "");
    StartQueryInput(me, cx) => {
        let needs = me.groups().into_iter().map(|group| {
            kit::Need::on("logs:StartQuery", format!("{}:log-stream:", state::arn(cx.scope(), group)))
        });
        Access::Needs(needs.collect())
    };
    GetQueryResultsInput(_me, _cx) => Access::any("logs:GetQueryResults");
    StopQueryInput(_me, _cx) => Access::any("logs:StopQuery");
    DescribeQueriesInput(_me, _cx) => Access::any("logs:DescribeQueries");
    PutQueryDefinitionInput(_me, _cx) => Access::any("logs:PutQueryDefinition");
    DescribeQueryDefinitionsInput(_me, _cx) => Access::any("logs:DescribeQueryDefinitions");
    DeleteQueryDefinitionInput(_me, _cx) => Access::any("logs:DeleteQueryDefinition");
    GetLogRecordInput(_me, _cx) => Access::any("logs:GetLogRecord");
    StartLiveTailInput(me, _cx) => {
        Access::Needs(me.log_group_identifiers.iter().map(|arn| kit::Need::on("logs:StartLiveTail", arn.trim_end_matches(":*"))).collect())
    };
    PutRetentionPolicyInput(me, cx) => on_stream(cx, "logs:PutRetentionPolicy", &me.log_group_name, "");
    DeleteRetentionPolicyInput(me, cx) => on_stream(cx, "logs:DeleteRetentionPolicy", &me.log_group_name, "");
    PutResourcePolicyInput(_me, _cx) => Access::any("logs:PutResourcePolicy");
    DescribeResourcePoliciesInput(_me, _cx) => Access::any("logs:DescribeResourcePolicies");
    DeleteResourcePolicyInput(_me, _cx) => Access::any("logs:DeleteResourcePolicy");
    TagResourceInput(me, cx) => Access::on("logs:TagResource", state::arn(cx.scope(), state::name_of(&me.resource_arn)));
    UntagResourceInput(me, cx) => Access::on("logs:UntagResource", state::arn(cx.scope(), state::name_of(&me.resource_arn)));
    ListTagsForResourceInput(me, cx) => Access::on("logs:ListTagsForResource", state::arn(cx.scope(), state::name_of(&me.resource_arn)));
    TagLogGroupInput(me, cx) => Access::on("logs:TagLogGroup", state::arn(cx.scope(), &me.log_group_name));
    UntagLogGroupInput(me, cx) => Access::on("logs:UntagLogGroup", state::arn(cx.scope(), &me.log_group_name));
    ListTagsLogGroupInput(me, cx) => Access::on("logs:ListTagsLogGroup", state::arn(cx.scope(), &me.log_group_name));
}
