//! Metrics put and asked for: statistics, periods, math, retention, limits.

use crate::desk::{Desk, numbers};
use serde_json::json;

#[tokio::test]
async fn statistics_by_period_and_unit() {
    let desk = Desk::new().await;
    for value in [1.0, 2.0, 9.0] {
        desk.put("m", value).await;
    }
    desk.advance(60).await;
    desk.put("m", 4.0).await;
    let window = json!({ "Namespace": "n", "MetricName": "m", "StartTime": desk.now() - 120, "EndTime": desk.now() + 60, "Period": 60,
        "Statistics": ["Sum", "Average", "SampleCount"] });
    let answer = desk.ok("GetMetricStatistics", window).await;
    let points = answer["Datapoints"].as_array().unwrap();
    assert_eq!(points.len(), 2);
    assert_eq!((points[0]["Sum"].as_f64(), points[0]["Average"].as_f64()), (Some(12.0), Some(4.0)));
    assert_eq!(points[0]["Unit"], "None");
    assert_eq!(desk.values("m", "Sum", 60, 120).await, [4.0, 12.0]);
    assert_eq!(desk.values("m", "Maximum", 300, 300).await.iter().copied().fold(0.0, f64::max), 9.0);
    assert_eq!(desk.values("m", "p50", 300, 120).await, [2.0]);
    assert_eq!(desk.values("m", "tm75", 300, 120).await, [7.0 / 3.0]);
}

#[tokio::test]
async fn metric_math_over_periods() {
    let desk = Desk::new().await;
    for (errors, all) in [(1.0, 10.0), (0.0, 5.0)] {
        desk.put("errors", errors).await;
        desk.put("all", all).await;
        desk.advance(60).await;
    }
    desk.advance(60).await;
    desk.put("all", 1.0).await;
    let metric = |id: &str, name: &str| {
        let metric = json!({ "Metric": { "Namespace": "n", "MetricName": name }, "Period": 60, "Stat": "Sum" });
        json!({ "Id": id, "MetricStat": metric, "ReturnData": false })
    };
    let queries = json!([
        metric("e", "errors"), metric("a", "all"),
        { "Id": "rate", "Expression": "100 * FILL(e, 0) / a", "Label": "error rate" },
        { "Id": "total", "Expression": "SUM(METRICS())" },
        { "Id": "last", "Expression": "IF(rate > 5, 1, 0)" },
    ]);
    let answer = desk.data(queries, 180).await;
    let results = answer["MetricDataResults"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(numbers(&results[0]["Values"]), [0.0, 0.0, 10.0]);
    assert_eq!(results[0]["Label"], "error rate");
    assert_eq!(numbers(&results[1]["Values"]), [1.0, 5.0, 11.0]);
    assert_eq!(numbers(&results[2]["Values"]), [0.0, 0.0, 1.0]);
    for (expression, code) in
        [("SEARCH('x', 'Sum')", "NotImplemented"), ("nobody + 1", "ValidationException"), ("x + 1", "ValidationException")]
    {
        let query = json!([{ "Id": "x", "Expression": expression }]);
        let input = json!({ "MetricDataQueries": query, "StartTime": desk.now() - 60, "EndTime": desk.now() });
        assert_eq!(desk.refused("GetMetricData", input).await.code, code, "{expression}");
    }
}

#[tokio::test]
async fn answers_come_in_pages() {
    let desk = Desk::new().await;
    for value in 0..5 {
        desk.put("a", f64::from(value)).await;
        desk.put("b", f64::from(value)).await;
        desk.advance(60).await;
    }
    let metric = |id: &str, name: &str| json!({ "Id": id, "MetricStat": { "Metric": { "Namespace": "n", "MetricName": name }, "Period": 60, "Stat": "Sum" } });
    let mut input = json!({ "MetricDataQueries": [metric("a", "a"), metric("b", "b")], "StartTime": desk.now() - 300, "EndTime": desk.now(),
        "MaxDatapoints": 4, "ScanBy": "TimestampAscending" });
    let mut seen = Vec::new();
    loop {
        let answer = desk.ok("GetMetricData", input.clone()).await;
        for result in answer["MetricDataResults"].as_array().unwrap() {
            seen.extend(numbers(&result["Values"]).into_iter().map(|value| (result["Id"].as_str().unwrap().to_owned(), value)));
        }
        match answer.get("NextToken").filter(|token| !token.is_null()) {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 10);
    assert_eq!(seen[5], ("b".to_owned(), 0.0));
}

#[tokio::test]
async fn old_points_grow_coarse_and_go() {
    let desk = Desk::new().await;
    let datum = json!({ "MetricName": "fine", "Value": 1.0, "StorageResolution": 1 });
    desk.ok("PutMetricData", json!({ "Namespace": "n", "MetricData": [datum] })).await;
    assert_eq!(desk.values("fine", "Sum", 1, 60).await, [1.0]);
    desk.put("m", 5.0).await;
    desk.advance(4 * 3600).await;
    assert!(desk.values("fine", "Sum", 1, 5 * 3600).await.is_empty());
    assert_eq!(desk.values("fine", "Sum", 60, 5 * 3600).await, [1.0]);
    desk.advance(16 * 86_400).await;
    assert!(desk.values("m", "Sum", 60, 17 * 86_400).await.is_empty());
    assert_eq!(desk.values("m", "Sum", 300, 17 * 86_400).await, [5.0]);
    desk.advance(60 * 86_400).await;
    assert_eq!(desk.values("m", "Sum", 3600, 80 * 86_400).await, [5.0]);
    desk.advance(400 * 86_400).await;
    assert!(desk.values("m", "Sum", 3600, 500 * 86_400).await.is_empty());
    assert_eq!(desk.ok("ListMetrics", json!({})).await["Metrics"], json!([]));
}

#[tokio::test]
async fn lists_by_dimensions_and_activity() {
    let desk = Desk::new().await;
    let put = |name: &str, dimensions: serde_json::Value| json!({ "Namespace": "n", "MetricData": [{ "MetricName": name, "Dimensions": dimensions, "Value": 1.0 }] });
    desk.ok("PutMetricData", put("a", json!([{ "Name": "x", "Value": "1" }, { "Name": "b", "Value": "2" }]))).await;
    desk.advance(4 * 3600).await;
    desk.ok("PutMetricData", put("b", json!([]))).await;
    let names = |answer: serde_json::Value| -> Vec<String> {
        answer["Metrics"].as_array().unwrap().iter().map(|m| m["MetricName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(desk.ok("ListMetrics", json!({})).await), ["a", "b"]);
    assert_eq!(names(desk.ok("ListMetrics", json!({ "RecentlyActive": "PT3H" })).await), ["b"]);
    let by = desk.ok("ListMetrics", json!({ "Namespace": "n", "Dimensions": [{ "Name": "x" }] })).await;
    assert_eq!(by["Metrics"][0]["Dimensions"], json!([{ "Name": "b", "Value": "2" }, { "Name": "x", "Value": "1" }]));
    desk.advance(15 * 86_400).await;
    assert!(names(desk.ok("ListMetrics", json!({})).await).is_empty());
}

#[tokio::test]
async fn refuses_what_aws_refuses() {
    let desk = Desk::new().await;
    let with = |datum: serde_json::Value| json!({ "Namespace": "n", "MetricData": [datum] });
    for (input, code) in [
        (with(json!({ "MetricName": "m" })), "MissingRequiredParameterException"),
        (with(json!({ "MetricName": "m", "Value": 1.0, "Timestamp": desk.now() - 15 * 86_400 })), "InvalidParameterValueException"),
        (with(json!({ "MetricName": "m", "Value": 1.0, "Timestamp": desk.now() + 3 * 3600 })), "InvalidParameterValueException"),
        (with(json!({ "MetricName": "m", "Value": 1.0, "StorageResolution": 30 })), "InvalidParameterValueException"),
        (json!({ "Namespace": "AWS/Mine", "MetricData": [{ "MetricName": "m", "Value": 1.0 }] }), "InvalidParameterValueException"),
        (json!({ "Namespace": "n" }), "MissingRequiredParameterException"),
    ] {
        assert_eq!(desk.refused("PutMetricData", input.clone()).await.code, code, "{input}");
    }
    assert!(desk.ok("ListMetrics", json!({})).await["Metrics"].as_array().unwrap().is_empty());
}
