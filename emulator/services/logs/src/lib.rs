//! Amazon CloudWatch Logs: groups, streams and events, found again by time, by pattern and by queries of Insights' language; metrics and
//! subscriptions that follow from them; retention on the clock.

mod access;
mod definitions;
mod events;
mod filter;
mod groups;
mod ingest;
mod insights;
mod metric_filters;
#[allow(missing_docs)]
mod model;
mod pattern;
mod policies;
mod port;
mod queries;
mod retention;
mod state;
mod streams;
mod subscriptions;
mod tags;
mod tail;

pub use insights::describe_query;
pub use model::*;
pub use pattern::describe_pattern;

use kit::{Context, Fault, ports::Ports, store::TaskRow};
use std::sync::Arc;

/// The service. All state is in the store; who tails listens to a bell.
#[derive(Default)]
pub struct Logs {
    /// Rung when events were written.
    bell: tail::Bell,
}

impl Logs {
    /// The service, ready to be given to a cloud.
    pub fn new() -> Logs {
        Logs::default()
    }
}

kit::service! {
    /// Amazon CloudWatch Logs.
    Logs, model = "logs", invalid_input = "InvalidParameterException";
    // groups.rs
    CreateLogGroup => create_log_group,
    DeleteLogGroup => delete_log_group,
    DescribeLogGroups => describe_log_groups,
    ListLogGroups => list_log_groups,
    // streams.rs
    CreateLogStream => create_log_stream,
    DeleteLogStream => delete_log_stream,
    DescribeLogStreams => describe_log_streams,
    // events.rs
    PutLogEvents => put_log_events,
    GetLogEvents => get_log_events,
    // filter.rs
    FilterLogEvents => filter_log_events,
    // tail.rs
    StartLiveTail => start_live_tail,
    // retention.rs
    PutRetentionPolicy => put_retention_policy,
    DeleteRetentionPolicy => delete_retention_policy,
    // policies.rs
    PutResourcePolicy => put_resource_policy,
    DescribeResourcePolicies => describe_resource_policies,
    DeleteResourcePolicy => delete_resource_policy,
    // metric_filters.rs
    PutMetricFilter => put_metric_filter,
    DescribeMetricFilters => describe_metric_filters,
    DeleteMetricFilter => delete_metric_filter,
    TestMetricFilter => test_metric_filter,
    // subscriptions.rs
    PutSubscriptionFilter => put_subscription_filter,
    DescribeSubscriptionFilters => describe_subscription_filters,
    DeleteSubscriptionFilter => delete_subscription_filter,
    // queries.rs
    StartQuery => start_query,
    GetQueryResults => get_query_results,
    StopQuery => stop_query,
    DescribeQueries => describe_queries,
    GetLogRecord => get_log_record,
    // definitions.rs
    PutQueryDefinition => put_query_definition,
    DescribeQueryDefinitions => describe_query_definitions,
    DeleteQueryDefinition => delete_query_definition,
    // tags.rs
    TagResource => tag_resource,
    UntagResource => untag_resource,
    ListTagsForResource => list_tags_for_resource,
    TagLogGroup => tag_log_group,
    UntagLogGroup => untag_log_group,
    ListTagsLogGroup => list_tags_log_group,
}

impl kit::Service for Logs {
    fn offer(self: Arc<Self>, ports: &Ports) {
        ports.offer_logs(self);
    }
    fn task<'a>(&'a self, cx: &'a Context, task: TaskRow) -> kit::BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.run_task(cx, task))
    }
    /// Names that are too long have a sentence of their own.
    fn invalid(&self, message: String) -> Fault {
        let name = message.contains("at 'logGroupName'") || message.contains("at 'logStreamName'");
        match name && message.ends_with("Member must have length less than or equal to 512") {
            true => Error::InvalidParameter.says("Invalid LogGroup or LogStream, both must have length less than or equal to 512."),
            false => Error::InvalidParameter.says(message),
        }
    }
    fn resource_policy(&self, cx: &Context, resource: &str) -> Option<String> {
        policies::of(cx, resource)
    }
}
