//! Metrics put and asked for.

use super::{How, Shot};
use crate::desk::Desk;
use serde_json::{Value, json};

pub fn table() -> Vec<(&'static str, How)> {
    use How::*;
    vec![
        ("test_basic_operations_multiple_protocols", Listed("three protocols through boto3: tests/python/test_metrics.py")),
        ("test_put_metric_data_values_list", Done(|s| Box::pin(values_list(s)))),
        ("test_put_metric_data_validation", Done(|s| Box::pin(validation(s)))),
        ("test_get_metric_data_for_multiple_metrics", Done(|s| Box::pin(multiple(s)))),
        ("test_get_metric_data_stats", Done(|s| Box::pin(stats(s)))),
        ("test_get_metric_data_with_dimensions", Done(|s| Box::pin(dimensions(s)))),
        ("test_get_metric_data_with_zero_and_labels", Done(|s| Box::pin(zero(s)))),
        ("test_get_metric_statistics", Done(|s| Box::pin(statistics(s)))),
        ("test_handle_different_units", Done(|s| Box::pin(units(s)))),
        ("test_get_metric_data_with_different_units", Done(|s| Box::pin(one_unit(s)))),
        ("test_get_metric_data_different_units_no_unit_in_query", Done(|s| Box::pin(no_unit(s)))),
        ("test_label_generation", Done(|s| Box::pin(labels(s)))),
        ("test_get_metric_with_null_dimensions", Done(|s| Box::pin(nothing(s, "get_metric_with_null_dimensions")))),
        ("test_get_metric_with_no_results", Done(|s| Box::pin(nothing(s, "result")))),
        ("test_multiple_dimensions_statistics", Done(|s| Box::pin(many_dimensions(s)))),
        ("test_invalid_amount_of_datapoints", Done(|s| Box::pin(too_many(s)))),
        ("test_aws_sqs_metrics_created", Listed("needs SQS beside CloudWatch: SQS tells its metrics by its own tests")),
        ("test_lambda_invoke_successful", Listed("needs Lambda beside CloudWatch: Lambda tells its metrics by its own tests")),
        ("test_lambda_invoke_error", Listed("needs Lambda beside CloudWatch: Lambda tells its metrics by its own tests")),
        (
            "test_alarm_number_of_messages_sent",
            Listed("needs SQS beside CloudWatch; the alarm's message is compared in test_put_metric_alarm"),
        ),
    ]
}

async fn put(desk: &Desk, data: Value) {
    desk.ok("PutMetricData", json!({ "Namespace": "n", "MetricData": data })).await;
}
fn query(id: &str, name: &str, stat: &str, period: i64) -> Value {
    json!({ "Id": id, "MetricStat": { "Metric": { "Namespace": "n", "MetricName": name }, "Period": period, "Stat": stat } })
}
async fn ask(shot: &Shot, desk: &Desk, label: &str, queries: Value) {
    // Recordings have one text for all moments.
    let mut ours = super::plain(&desk.data(queries, 600).await);
    for result in ours["MetricDataResults"].as_array_mut().unwrap() {
        result["Timestamps"] = "timestamp".into();
    }
    shot.same(label, &ours);
}
fn statistics_of(desk: &Desk, name: &str, statistics: Value) -> Value {
    json!({ "Namespace": "n", "MetricName": name, "StartTime": desk.now() - 60, "EndTime": desk.now() + 60, "Period": 60,
        "Statistics": statistics })
}

async fn values_list(shot: Shot) {
    let desk = Desk::new().await;
    put(&desk, json!([{ "MetricName": "test-metric", "Values": [1.0, 10.0], "Counts": [2.0, 4.0], "Unit": "Count" }])).await;
    shot.call(
        &desk,
        "get_metric_statistics",
        "GetMetricStatistics",
        statistics_of(&desk, "test-metric", json!(["SampleCount", "Sum", "Maximum"])),
    )
    .await;
}

async fn validation(shot: Shot) {
    let desk = Desk::new().await;
    for (label, datum) in [
        ("invalid-param-combination", json!({ "Value": 5.0, "Values": [1.0, 10.0], "Counts": [2.0, 4.0] })),
        ("invalid-param-value", json!({ "Values": [1.0, 10.0], "Counts": [2.0] })),
        (
            "invalid-param-combination-2",
            json!({ "Value": 1.0, "StatisticValues": { "SampleCount": 10.0, "Sum": 55.0, "Minimum": 1.0, "Maximum": 10.0 } }),
        ),
    ] {
        let mut datum = datum;
        datum["MetricName"] = "m".into();
        shot.call(&desk, label, "PutMetricData", json!({ "Namespace": "n", "MetricData": [datum] })).await;
    }
}

async fn multiple(shot: Shot) {
    let desk = Desk::new().await;
    for (name, value) in [("metric1", 50.0), ("metric2", 25.0), ("metric3", 55.0)] {
        put(&desk, json!([{ "MetricName": name, "Value": value, "Unit": "Seconds" }])).await;
    }
    let queries =
        json!([query("result1", "metric1", "Sum", 60), query("result2", "metric2", "Sum", 60), query("result3", "metric3", "Sum", 60)]);
    ask(&shot, &desk, "get_metric_data", queries).await;
}

async fn stats(shot: Shot) {
    let desk = Desk::new().await;
    for value in 1..=11 {
        put(&desk, json!([{ "MetricName": "metric1", "Value": value, "Unit": "Seconds" }])).await;
    }
    let stat = shot.parameter.rsplit('-').next().unwrap();
    ask(&shot, &desk, "get_metric_data", json!([query("result1", "metric1", stat, 60)])).await;
}

async fn dimensions(shot: Shot) {
    let desk = Desk::new().await;
    for (one, two, value) in [("a", "b", 11.0), ("a", "c", 5.0)] {
        let dimensions = json!([{ "Name": "one", "Value": one }, { "Name": "two", "Value": two }]);
        put(&desk, json!([{ "MetricName": "metric1", "Dimensions": dimensions, "Value": value }])).await;
    }
    let mut query = query("result1", "metric1", "Sum", 60);
    query["MetricStat"]["Metric"]["Dimensions"] = json!([{ "Name": "two", "Value": "b" }, { "Name": "one", "Value": "a" }]);
    ask(&shot, &desk, "get_metric_data", json!([query])).await;
}

async fn zero(shot: Shot) {
    let desk = Desk::new().await;
    for value in [0.0, 2.0, 5.0, 4.5, 5.0, 100.0] {
        put(&desk, json!([{ "MetricName": "metric1", "Value": value }])).await;
    }
    let queries: Vec<Value> =
        ["Average", "Sum", "Minimum", "Maximum"].iter().map(|stat| query(&format!("result_{stat}"), "metric1", stat, 60)).collect();
    ask(&shot, &desk, "get_metric_data_with_zero_and_labels", queries.into()).await;
}

async fn statistics(shot: Shot) {
    let desk = Desk::new().await;
    for value in 0..10 {
        put(&desk, json!([{ "MetricName": "metric", "Value": value }])).await;
    }
    let all = json!(["Average", "Sum", "Minimum", "Maximum", "SampleCount"]);
    shot.call(&desk, "get_metric_statistics", "GetMetricStatistics", statistics_of(&desk, "metric", all)).await;
}

async fn units(shot: Shot) {
    let desk = Desk::new().await;
    put(
        &desk,
        json!([{ "MetricName": "m-test", "Value": 10.0 }, { "MetricName": "m-test", "Value": 5.0, "Unit": "Count" },
        { "MetricName": "m-test", "Value": 1.0, "Unit": "Seconds" }]),
    )
    .await;
    let mut ours = super::plain(&desk.ok("GetMetricStatistics", statistics_of(&desk, "m-test", json!(["Average"]))).await);
    // AWS gives the units of one period in no order; the recording begins with the highest.
    ours["Datapoints"].as_array_mut().unwrap().sort_by(|a, b| b["Average"].as_f64().unwrap().total_cmp(&a["Average"].as_f64().unwrap()));
    shot.same("get_metric_statistics_with_different_units", &ours);
}

async fn one_unit(shot: Shot) {
    let desk = Desk::new().await;
    put(&desk, json!([{ "MetricName": "m-test", "Value": 10.0 }, { "MetricName": "m-test", "Value": 1.0, "Unit": "Seconds" }])).await;
    let mut query = query("m1", "m-test", "Sum", 60);
    query["MetricStat"]["Unit"] = "Seconds".into();
    ask(&shot, &desk, "get_metric_data_with_different_units", json!([query])).await;
}

async fn no_unit(shot: Shot) {
    let desk = Desk::new().await;
    let data: &[(&str, f64)] = match shot.parameter.rsplit('-').next().unwrap() {
        "metric_data0" => &[("Seconds", 60.0), ("Milliseconds", 60_000.0)],
        "metric_data1" => &[("Milliseconds", 120_000.0), ("Seconds", 120.0)],
        _ => &[("Seconds", 1.0), ("Milliseconds", 1000.0), ("Count", 5.0)],
    };
    for (unit, value) in data {
        put(&desk, json!([{ "MetricName": "m-test", "Value": value, "Unit": unit }])).await;
    }
    ask(&shot, &desk, "get_metric_data_with_no_unit_specified", json!([query("m1", "m-test", "Sum", 60)])).await;
}

async fn labels(shot: Shot) {
    let desk = Desk::new().await;
    for value in [0.0, 9.0, 100.0] {
        put(&desk, json!([{ "MetricName": "metric1", "Value": value, "Unit": "Seconds" }])).await;
    }
    let recorded = shot.content["label_generation"]["MetricDataResults"].as_array().unwrap().clone();
    let of = |result: &Value| {
        let id = result["Id"].as_str().unwrap();
        let [_, stat, period, unit] = id.split('_').collect::<Vec<_>>()[..] else { panic!("{id}") };
        let mut query = query(id, "metric1", stat, period.parse().unwrap());
        query["MetricStat"]["Unit"] = unit.into();
        query
    };
    ask(&shot, &desk, "label_generation", recorded.iter().map(of).collect()).await;
}

async fn nothing(shot: Shot, label: &str) {
    let desk = Desk::new().await;
    ask(&shot, &desk, label, json!([query("result", "nothing", "Sum", 60)])).await;
}

async fn many_dimensions(shot: Shot) {
    let desk = Desk::new().await;
    let dimensions = json!([{ "Name": "error", "Value": "none" }, { "Name": "exception", "Value": "none" }, { "Name": "method", "Value": "GET" },
        { "Name": "outcome", "Value": "SUCCESS" }, { "Name": "uri", "Value": "/greetings" }, { "Name": "status", "Value": "200" }]);
    let name = "http.server.requests.count";
    put(&desk, json!([{ "MetricName": name, "Value": 5.0, "StorageResolution": 1, "Dimensions": dimensions }])).await;
    let mut query = query("result1", name, "Maximum", 60);
    query["MetricStat"]["Metric"]["Dimensions"] = dimensions.clone();
    ask(&shot, &desk, "get-metric-stats-max", json!([query])).await;
    shot.call(&desk, "list-metrics", "ListMetrics", json!({ "MetricName": name, "Dimensions": [{ "Name": "uri" }] })).await;
}

async fn too_many(shot: Shot) {
    let desk = Desk::new().await;
    let window = |secs: i64| {
        json!({ "Namespace": "n", "MetricName": "metric_name", "StartTime": desk.now(), "EndTime": desk.now() + secs,
        "Period": 1, "Statistics": ["SampleCount"] })
    };
    shot.call(&desk, "error-invalid-amount-datapoints", "GetMetricStatistics", window(86_400)).await;
    shot.call(&desk, "error-invalid-time-frame", "GetMetricStatistics", window(0)).await;
    shot.call(&desk, "get-metric-statitics", "GetMetricStatistics", window(1440)).await;
}
