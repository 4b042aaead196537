//! Answers recorded from AWS: each recorded test is played here and its answers compared whole, or stands in the table with the reason why not.
//! Skipped, aloud, where the recordings are not at hand.

use crate::desk::{Desk, NOW};
use serde_json::{Map, Value, json};
use std::{future::Future, pin::Pin};

/// What becomes of a recorded test.
enum How {
    Played(fn() -> Pin<Box<dyn Future<Output = Play>>>),
    Left(&'static str),
}

macro_rules! played {
    ($name:ident $(($($argument:expr),*))?) => { How::Played(|| Box::pin(async { $name($($($argument),*)?).await })) };
}

const VENDED: &str = "deliveries of vended logs (delivery sources and destinations) are refused by name";
const KINESIS: &str = "destinations are Kinesis streams of other accounts: refused by name";
const EXPORTS: &str = "export tasks are refused by name";

/// Recorded tests by the end of their names, or by their class; the first that fits counts.
const TABLE: &[(&str, How)] = &[
    ("test_put_log_events_to_invalid_stream", played!(invalid_stream)),
    ("test_put_log_events_wrong_order", played!(wrong_order)),
    ("test_put_log_events_too_old", played!(far_off("response-too-old", -30))),
    ("test_put_log_events_too_new", played!(far_off("response-too-new", 1))),
    ("test_get_log_events_invalid_token", played!(bad_read("GetLogEvents", "error-invalid-token", json!({ "nextToken": "invalid" })))),
    ("test_get_log_events_limit_validation", played!(bad_read("GetLogEvents", "error-limit-exceeded", json!({ "limit": 10001 })))),
    ("test_resource_does_not_exist", played!(nothing_there)),
    ("test_filter_log_events_limit_validation", played!(bad_filter("error-limit-exceeded", json!({ "limit": 10001 })))),
    ("test_filter_log_events_unknown_token", played!(bad_filter("invalid-token", json!({ "nextToken": "not-existing-token" })))),
    ("test_create_log_group_with_kms_key", How::Left("log groups under keys of KMS are refused by name")),
    ("test_create_log_group_duplicate_error", played!(duplicate_group)),
    ("test_create_log_group_invalid_name_length", played!(long_name("CreateLogGroup", "error-invalid-name-length"))),
    ("test_describe_log_groups_with_prefix", played!(by_prefix)),
    ("test_describe_log_groups_with_pattern", How::Left("AWS gave a token to an empty page, and left storedBytes out by chance")),
    ("test_describe_log_groups_prefix_and_pattern_error", played!(prefix_and_pattern)),
    ("test_list_log_groups_with_pattern", played!(listed)),
    ("test_create_log_group_with_tags", played!(tags_at_once)),
    ("test_tag_log_group", played!(tagged)),
    ("test_untag_log_group", played!(untagged)),
    ("test_tag_resource_api", played!(tags_both_ways)),
    ("test_put_metric_filter_basic", played!(metric_filter("describe-metric-filters", " "))),
    ("test_put_metric_filter_json_pattern", played!(metric_filter("describe-metric-filters-json", "{$.message = \"test\"}"))),
    ("test_describe_metric_filters_by_prefix", played!(filters_by_prefix)),
    ("test_describe_metric_filters_by_log_group", played!(one_filter("describe-by-log-group", json!({ "logGroupName": "g" })))),
    (
        "test_describe_metric_filters_by_metric_name",
        played!(one_filter("describe-by-metric-name", json!({ "metricName": "metric", "metricNamespace": "namespace" }))),
    ),
    ("test_put_metric_filter_invalid_filter_name", played!(bad_metric_filter("error-invalid-filter-name", "filterName", 513))),
    ("test_put_metric_filter_invalid_filter_pattern", played!(bad_metric_filter("error-invalid-filter-pattern", "filterPattern", 1025))),
    ("test_put_metric_filter_too_many_transformations", How::Left("the sentence prints a list as Java does")),
    ("test_delete_metric_filter_invalid_filter_name", played!(delete_long("error-invalid-filter-name", "filterName"))),
    ("test_delete_metric_filter_invalid_log_group_name", played!(delete_long("error-invalid-log-group-name", "logGroupName"))),
    ("test_describe_metric_filters_invalid_parameters", played!(describe_long)),
    ("test_start_query_basic", played!(query_started)),
    ("test_start_query_log_group_not_found", How::Left("the sentence holds the id of a request inside AWS")),
    ("test_describe_queries", played!(queries_described)),
    ("test_describe_queries_with_status_filter", played!(queries_by_status)),
    ("test_put_resource_policy", played!(policy_put)),
    (
        "test_put_resource_policy_update",
        How::Left("AWS writes a policy without a version and with a list of one anew; here it stays as it was put"),
    ),
    ("test_describe_resource_policies", How::Left("the recording's account has policies of its own")),
    ("test_delete_resource_policy_not_found", played!(policy_missing)),
    ("test_put_resource_policy_limit_exceeded", played!(policies_at_limit)),
    ("test_create_and_delete_log_stream", played!(stream_made)),
    ("test_create_log_stream_duplicate_error", played!(duplicate_stream)),
    ("test_describe_log_streams_with_log_group_identifier", played!(streams_by_identifier)),
    ("test_describe_log_streams_with_prefix", played!(streams_by_prefix)),
    ("test_log_stream_arn_format", played!(stream_arn)),
    ("test_describe_subscription_filters_empty", played!(no_subscriptions)),
    ("test_describe_subscription_filters_log_group_not_found", played!(subscriptions_of_nothing)),
    ("test_put_subscription_filter_lambda", How::Left("half of the answers are Lambda's; follow.rs tests the other half")),
    ("test_put_subscription_filter_update", played!(subscription_updated)),
    ("test_put_subscription_filter_limit_exceeded", played!(subscriptions_at_limit)),
    ("test_delete_subscription_filter_errors", played!(subscription_missing)),
    ("test_put_subscription_filter_errors", played!(subscription_errors)),
    ("TestDelivery", How::Left(VENDED)),
    ("TestDeliveries", How::Left(VENDED)),
    ("TestDestinations", How::Left(KINESIS)),
    ("TestExportTasks", How::Left(EXPORTS)),
];

const FILES: [&str; 11] = [
    "delivery",
    "destinations",
    "events",
    "export_tasks",
    "filter_events",
    "groups",
    "metric_filters",
    "queries",
    "resource_policies",
    "streams",
    "subscription_filters",
];

#[tokio::test]
async fn answers_are_those_that_were_recorded() {
    let (mut played, mut all, mut wrong) = (0, 0, Vec::new());
    for file in FILES {
        let Some(recorded) = fakes::recorded::recordings(&format!("logs/test_logs_{file}")) else { return };
        for (name, value) in &recorded {
            all += 1;
            let fits =
                |known: &str| name.ends_with(&format!("::{known}")) || name.contains(&format!("::{known}")) && known.starts_with("Test");
            let (_, how) = TABLE.iter().find(|(known, _)| fits(known)).unwrap_or_else(|| panic!("{name} is not in the table"));
            let play = match how {
                How::Played(play) => play().await,
                How::Left(reason) => {
                    println!("left: {name}: {reason}");
                    continue;
                }
            };
            played += 1;
            let answers = Value::Object(play.answers);
            let differences = fakes::recorded::differences(&value["recorded-content"], &answers, &["ResponseMetadata", "message"]);
            wrong.extend(differences.iter().map(|d| format!("{name}\n  {d}")));
        }
    }
    println!("{played} of {all} recorded tests were played");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// A desk with the group `g` and the stream `s`, and what was answered.
struct Play {
    desk: Desk,
    answers: Map<String, Value>,
}

impl Play {
    async fn new() -> Play {
        let play = Play { desk: Desk::new().await, answers: Map::new() };
        play.desk.group().await;
        play
    }
    async fn see(&self, operation: &str, input: Value) -> Value {
        let answer = self.desk.call(operation, input).await;
        answer.unwrap_or_else(|fault| json!({ "Error": { "Code": fault.code, "Message": fault.message } }))
    }
    async fn shot(&mut self, name: &str, operation: &str, input: Value) {
        let answer = self.see(operation, input).await;
        assert!(self.answers.insert(name.to_owned(), answer).is_none(), "{name} twice");
    }
    /// A play of one call.
    async fn of(name: &str, operation: &str, input: Value) -> Play {
        let mut play = Play::new().await;
        play.shot(name, operation, input).await;
        play
    }
}

fn at(days: i64) -> Value {
    json!([{ "message": "m", "timestamp": (NOW + days * 86_400) * 1000 }])
}
fn events(stream: &str, events: Value) -> Value {
    json!({ "logGroupName": "g", "logStreamName": stream, "logEvents": events })
}

async fn invalid_stream() -> Play {
    Play::of("error-invalid-stream", "PutLogEvents", events("nothing", at(0))).await
}
async fn wrong_order() -> Play {
    let both = json!([{ "message": "a", "timestamp": NOW * 1000 }, { "message": "b", "timestamp": NOW * 1000 - 1 }]);
    Play::of("error-wrong-order", "PutLogEvents", events("s", both)).await
}
async fn far_off(name: &str, days: i64) -> Play {
    Play::of(name, "PutLogEvents", events("s", at(days))).await
}
async fn bad_read(operation: &str, name: &str, mut input: Value) -> Play {
    (input["logGroupName"], input["logStreamName"]) = ("g".into(), "s".into());
    Play::of(name, operation, input).await
}
async fn bad_filter(name: &str, mut input: Value) -> Play {
    input["logGroupName"] = "g".into();
    Play::of(name, "FilterLogEvents", input).await
}
async fn nothing_there() -> Play {
    let mut play = Play::new().await;
    let input = |group: &str| json!({ "logGroupName": group, "logStreamName": "nothing" });
    play.shot("error-log-group-does-not-exist", "GetLogEvents", input("nothing")).await;
    play.shot("error-log-stream-does-not-exist", "GetLogEvents", input("g")).await;
    play
}

async fn duplicate_group() -> Play {
    Play::of("error-duplicate-log-group", "CreateLogGroup", json!({ "logGroupName": "g" })).await
}
async fn long_name(operation: &str, name: &str) -> Play {
    Play::of(name, operation, json!({ "logGroupName": "a".repeat(513) })).await
}
async fn by_prefix() -> Play {
    let mut play = Play::new().await;
    for n in 0..3 {
        play.desk.ok("CreateLogGroup", json!({ "logGroupName": format!("prefix-group-{n}") })).await;
    }
    play.shot("describe-log-groups-prefix", "DescribeLogGroups", json!({ "logGroupNamePrefix": "prefix" })).await;
    play
}
async fn prefix_and_pattern() -> Play {
    let input = json!({ "logGroupNamePrefix": "g", "logGroupNamePattern": "g" });
    Play::of("error-prefix-and-pattern", "DescribeLogGroups", input).await
}
async fn listed() -> Play {
    let mut play = Play::new().await;
    play.desk.ok("CreateLogGroup", json!({ "logGroupName": "test-list-abc" })).await;
    play.shot("list-log-groups-no-match", "ListLogGroups", json!({ "logGroupNamePattern": "no-such-group" })).await;
    let found = play.see("DescribeLogGroups", json!({ "logGroupNamePattern": "abc" })).await;
    play.answers.insert("list-log-groups-match".into(), found["logGroups"].clone());
    play
}

async fn tags_at_once() -> Play {
    let mut play = Play::new().await;
    play.desk.ok("CreateLogGroup", json!({ "logGroupName": "t", "tags": { "env": "testing" } })).await;
    play.shot("list-tags-after-create", "ListTagsLogGroup", json!({ "logGroupName": "t" })).await;
    play
}
async fn tagged() -> Play {
    let mut play = Play::new().await;
    play.desk.ok("CreateLogGroup", json!({ "logGroupName": "t" })).await;
    play.desk.ok("TagLogGroup", json!({ "logGroupName": "t", "tags": { "tag_key_1": "tag_value_1" } })).await;
    play.shot("list-tags-after-tag", "ListTagsLogGroup", json!({ "logGroupName": "t" })).await;
    play
}
async fn untagged() -> Play {
    let mut play = Play::new().await;
    let tags = json!({ "tag_key_1": "tag_value_1", "tag_key_2": "tag_value_2" });
    play.desk.ok("CreateLogGroup", json!({ "logGroupName": "t", "tags": tags })).await;
    play.desk.ok("UntagLogGroup", json!({ "logGroupName": "t", "tags": ["tag_key_1"] })).await;
    play.shot("list-tags-after-untag", "ListTagsLogGroup", json!({ "logGroupName": "t" })).await;
    play
}
async fn tags_both_ways() -> Play {
    let mut play = Play::new().await;
    let (name, arn) = (json!({ "logGroupName": "t" }), "arn:aws:logs:us-east-1:000000000000:log-group:t");
    let resource = json!({ "resourceArn": arn });
    play.desk.ok("CreateLogGroup", json!({ "logGroupName": "t", "tags": { "env": "testing1" } })).await;
    play.shot("list-tags-after-create", "ListTagsLogGroup", name.clone()).await;
    play.desk.ok("TagResource", json!({ "resourceArn": arn, "tags": { "test1": "val1", "test2": "val2" } })).await;
    play.shot("list-tags-log-group-after-tag-resource", "ListTagsLogGroup", name.clone()).await;
    play.shot("list-tags-for-resource-after-tag-resource", "ListTagsForResource", resource.clone()).await;
    play.desk.ok("TagLogGroup", json!({ "logGroupName": "t", "tags": { "test3": "val3" } })).await;
    play.shot("list-tags-log-group-after-tag-log-group", "ListTagsLogGroup", name.clone()).await;
    play.shot("list-tags-for-resource-after-tag-log-group", "ListTagsForResource", resource.clone()).await;
    play.desk.ok("UntagLogGroup", json!({ "logGroupName": "t", "tags": ["test3"] })).await;
    play.desk.ok("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["env", "test1"] })).await;
    play.shot("list-tags-log-group-after-untag", "ListTagsLogGroup", name).await;
    play.shot("list-tags-for-resource-after-untag", "ListTagsForResource", resource).await;
    play
}

fn filter(group: &str, name: &str, pattern: &str, transformation: Value) -> Value {
    json!({ "logGroupName": group, "filterName": name, "filterPattern": pattern, "metricTransformations": [transformation] })
}
fn metric(value: &str) -> Value {
    json!({ "metricName": "metric", "metricNamespace": "namespace", "metricValue": value })
}
async fn metric_filter(name: &str, pattern: &str) -> Play {
    let mut play = Play::new().await;
    let mut transformation = metric("1");
    transformation["defaultValue"] = 0.0.into();
    play.desk.ok("PutMetricFilter", filter("g", "filter", pattern, transformation)).await;
    play.shot(name, "DescribeMetricFilters", json!({ "logGroupName": "g" })).await;
    play
}
async fn filters_by_prefix() -> Play {
    let mut play = Play::new().await;
    for n in 0..2 {
        play.desk.ok("CreateLogGroup", json!({ "logGroupName": format!("group-{n}") })).await;
        let made = json!({ "metricName": format!("m{n}"), "metricNamespace": format!("n{n}"), "metricValue": n.to_string() });
        play.desk.ok("PutMetricFilter", filter(&format!("group-{n}"), &format!("prefix-{n}"), &format!("filterPattern{n}"), made)).await;
    }
    play.shot("describe-by-prefix", "DescribeMetricFilters", json!({ "filterNamePrefix": "prefix" })).await;
    play
}
async fn one_filter(name: &str, input: Value) -> Play {
    let mut play = Play::new().await;
    play.desk.ok("PutMetricFilter", filter("g", "filter", "pattern", metric("1"))).await;
    play.shot(name, "DescribeMetricFilters", input).await;
    play
}
async fn bad_metric_filter(name: &str, member: &str, length: usize) -> Play {
    let mut input = filter("g", "filter", "", metric("1"));
    input[member] = "X".repeat(length).into();
    Play::of(name, "PutMetricFilter", input).await
}
async fn delete_long(name: &str, member: &str) -> Play {
    let mut input = json!({ "logGroupName": "g", "filterName": "f" });
    input[member] = "X".repeat(513).into();
    Play::of(name, "DeleteMetricFilter", input).await
}
async fn describe_long() -> Play {
    let mut play = Play::new().await;
    let input = json!({ "filterNamePrefix": "X".repeat(513) });
    play.shot("error-invalid-filter-prefix", "DescribeMetricFilters", input).await;
    let input = json!({ "metricName": "X".repeat(256), "metricNamespace": "namespace" });
    play.shot("error-invalid-metric-name", "DescribeMetricFilters", input).await;
    play
}

fn query() -> Value {
    json!({ "logGroupName": "g", "startTime": NOW - 3600, "endTime": NOW + 300, "queryString": "fields @message" })
}
async fn query_started() -> Play {
    Play::of("start-query", "StartQuery", query()).await
}
async fn queries_described() -> Play {
    let mut play = Play::new().await;
    play.desk.ok("StartQuery", query()).await;
    play.shot("describe-queries", "DescribeQueries", json!({ "logGroupName": "g" })).await;
    play
}
async fn queries_by_status() -> Play {
    let mut play = Play::new().await;
    play.desk.ok("StartQuery", query()).await;
    play.desk.settle().await;
    play.shot("describe-queries-complete", "DescribeQueries", json!({ "logGroupName": "g", "status": "Complete" })).await;
    play.shot("describe-queries-scheduled", "DescribeQueries", json!({ "logGroupName": "g", "status": "Scheduled" })).await;
    play
}

fn policy(name: &str) -> Value {
    let statement = json!({
        "Sid": "Route53LogsToCloudWatchLogs", "Effect": "Allow", "Principal": { "Service": ["route53.amazonaws.com"] },
        "Action": "logs:PutLogEvents", "Resource": "arn:aws:logs:us-east-1:000000000000:log-group:g:*",
    });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    json!({ "policyName": name, "policyDocument": document.to_string() })
}
async fn policy_put() -> Play {
    Play::of("put-resource-policy", "PutResourcePolicy", policy("p")).await
}
async fn policy_missing() -> Play {
    Play::of("error-policy-not-found", "DeleteResourcePolicy", json!({ "policyName": "non-existent" })).await
}
async fn policies_at_limit() -> Play {
    let mut play = Play::new().await;
    for n in 0..10 {
        play.desk.ok("PutResourcePolicy", policy(&format!("p{n}"))).await;
    }
    play.shot("error-limit-exceeded", "PutResourcePolicy", policy("too-many")).await;
    play
}

async fn stream_made() -> Play {
    Play::of("describe-log-streams-after-create", "DescribeLogStreams", json!({ "logGroupName": "g" })).await
}
async fn stream_arn() -> Play {
    Play::of("describe-log-streams-with-arn", "DescribeLogStreams", json!({ "logGroupName": "g" })).await
}
async fn duplicate_stream() -> Play {
    Play::of("error-duplicate-log-stream", "CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s" })).await
}
async fn streams_by_identifier() -> Play {
    let mut play = Play::new().await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    play.shot("describe-streams-identifier-name", "DescribeLogStreams", json!({ "logGroupIdentifier": "g" })).await;
    play.shot("describe-streams-identifier-arn", "DescribeLogStreams", json!({ "logGroupIdentifier": arn })).await;
    let both = json!({ "logGroupName": "g", "logGroupIdentifier": arn });
    play.shot("error-both-name-and-identifier", "DescribeLogStreams", both).await;
    play
}
async fn streams_by_prefix() -> Play {
    let mut play = Play::new().await;
    for n in 0..3 {
        play.desk.ok("CreateLogStream", json!({ "logGroupName": "g", "logStreamName": format!("prefix-{n}") })).await;
    }
    let input = json!({ "logGroupName": "g", "logStreamNamePrefix": "prefix" });
    play.shot("describe-streams-with-prefix", "DescribeLogStreams", input).await;
    play
}

fn subscription(group: &str, name: &str, pattern: &str, destination: &str) -> Value {
    json!({ "logGroupName": group, "filterName": name, "filterPattern": pattern, "destinationArn": destination })
}
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

async fn no_subscriptions() -> Play {
    Play::of("describe-subscription-filters-empty", "DescribeSubscriptionFilters", json!({ "logGroupName": "g" })).await
}
async fn subscriptions_of_nothing() -> Play {
    Play::of("error-log-group-not-found", "DescribeSubscriptionFilters", json!({ "logGroupName": "nothing" })).await
}
async fn subscription_updated() -> Play {
    let mut play = Play::new().await;
    for pattern in ["", "[]"] {
        play.desk.ok("PutSubscriptionFilter", subscription("g", "test", pattern, FUNCTION)).await;
    }
    play.shot("updated-filter", "DescribeSubscriptionFilters", json!({ "logGroupName": "g" })).await;
    play
}
async fn subscriptions_at_limit() -> Play {
    let mut play = Play::new().await;
    for name in ["test-1", "test-2"] {
        play.desk.ok("PutSubscriptionFilter", subscription("g", name, "", FUNCTION)).await;
    }
    play.shot("error-limit-exceeded", "PutSubscriptionFilter", subscription("g", "test-3", "", FUNCTION)).await;
    play
}
async fn subscription_missing() -> Play {
    let mut play = Play::new().await;
    let input = |group: &str| json!({ "logGroupName": group, "filterName": "wrong-filter-name" });
    play.shot("error-log-group-not-found", "DeleteSubscriptionFilter", input("nothing")).await;
    play.shot("error-filter-not-found", "DeleteSubscriptionFilter", input("g")).await;
    play
}
async fn subscription_errors() -> Play {
    let mut play = Play::new().await;
    let other = |kind: &str| format!("arn:aws:{kind}");
    for (name, group, destination) in [
        ("error-log-group-not-found", "nothing", other("lambda:us-east-1:123456789012:function:test")),
        ("error-lambda-not-found", "g", other("lambda:us-east-1:123456789012:function:nothing")),
        ("error-kinesis-not-found", "g", other("kinesis:us-east-1:123456789012:stream/unknown-stream")),
    ] {
        play.shot(name, "PutSubscriptionFilter", subscription(group, "test", "", &destination)).await;
    }
    play
}
