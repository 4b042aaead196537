//! What follows from events: metrics by filters, deliveries to functions.

use crate::desk::{Desk, NOW};
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

fn filter(pattern: &str, transformation: Value) -> Value {
    json!({ "logGroupName": "g", "filterName": "f", "filterPattern": pattern, "metricTransformations": [transformation] })
}

#[tokio::test]
async fn a_filter_makes_metrics_of_what_matches() {
    let desk = Desk::new().await;
    desk.group().await;
    let made = json!({
        "metricName": "Latency", "metricNamespace": "App", "metricValue": "$.ms", "unit": "Milliseconds",
        "dimensions": { "Path": "$.path" },
    });
    desk.ok("PutMetricFilter", filter("{ $.ms > 10 }", made)).await;
    assert_eq!(desk.ok("DescribeLogGroups", json!({})).await["logGroups"][0]["metricFilterCount"], 1);
    desk.put(&[
        (0, r#"{"ms": 5, "path": "/a"}"#),
        (1, r#"{"ms": 12.5, "path": "/a"}"#),
        (2, "no json"),
        (3, r#"{"ms": 99}"#),
        (4, r#"{"ms": 20, "path": "/b"}"#),
    ])
    .await;
    let unit = || "Milliseconds".to_owned();
    assert_eq!(desk.book.of("App", "Latency"), [("Path=/a".into(), unit(), 12.5), ("Path=/b".into(), unit(), 20.0)]);
    assert_eq!(
        desk.book.of("AWS/Logs", "IncomingLogEvents"),
        [(String::new(), "Count".into(), 5.0), ("LogGroupName=g".into(), "Count".into(), 5.0)]
    );
    desk.ok("DeleteMetricFilter", json!({ "logGroupName": "g", "filterName": "f" })).await;
    desk.put(&[(5, r#"{"ms": 20, "path": "/b"}"#)]).await;
    assert_eq!(desk.book.of("App", "Latency").len(), 2);
}

#[tokio::test]
async fn a_default_counts_where_nothing_matches_and_patterns_can_be_tried() {
    let desk = Desk::new().await;
    desk.group().await;
    let made = json!({ "metricName": "Errors", "metricNamespace": "App", "metricValue": "1", "defaultValue": 0.0 });
    desk.ok("PutMetricFilter", filter("ERROR", made.clone())).await;
    desk.put(&[(0, "fine")]).await;
    desk.put(&[(1, "ERROR"), (2, "ERROR again"), (3, "fine")]).await;
    let values: Vec<f64> = desk.book.of("App", "Errors").into_iter().map(|(.., value)| value).collect();
    assert_eq!(values, [0.0, 1.0, 1.0]);

    let tried = json!({ "filterPattern": "[ip, status = 4*]", "logEventMessages": ["1.2.3.4 200", "1.2.3.4 404"] });
    let tried = desk.ok("TestMetricFilter", tried).await;
    assert_eq!(
        tried["matches"],
        json!([
            { "eventNumber": 2, "eventMessage": "1.2.3.4 404", "extractedValues": { "$ip": "1.2.3.4", "$status": "404" } }
        ])
    );
    let mut both = made;
    both["dimensions"] = json!({ "A": "$.a" });
    assert_eq!(desk.refused("PutMetricFilter", filter("{ $.a = 1 }", both)).await.0, "InvalidParameterException");
    assert_eq!(
        desk.refused("TestMetricFilter", json!({ "filterPattern": "[a", "logEventMessages": ["x"] })).await.0,
        "InvalidParameterException"
    );
}

fn subscription(name: &str, pattern: &str) -> Value {
    json!({ "logGroupName": "g", "filterName": name, "filterPattern": pattern, "destinationArn": FUNCTION })
}

fn unpack(event: &Value) -> Value {
    let bytes = BASE64_STANDARD.decode(event["awslogs"]["data"].as_str().unwrap()).unwrap();
    let mut text = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_function_gets_what_matches_packed_as_aws_packs_it() {
    let desk = Desk::new().await;
    desk.group().await;
    desk.ok("PutSubscriptionFilter", subscription("s1", "ERROR")).await;
    desk.put(&[(0, "fine"), (1, "ERROR one"), (2, "ERROR two")]).await;
    desk.put(&[(3, "fine")]).await;
    desk.settle().await;
    let sent = desk.told.take(FUNCTION);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].by, "logs.amazonaws.com");
    let record = unpack(&sent[0].json());
    assert_eq!((&record["messageType"], &record["owner"]), (&json!("DATA_MESSAGE"), &json!("000000000000")));
    assert_eq!((&record["logGroup"], &record["logStream"]), (&json!("g"), &json!("s")));
    assert_eq!(record["subscriptionFilters"], json!(["s1"]));
    let events = record["logEvents"].as_array().unwrap();
    assert_eq!((&events[0]["message"], &events[1]["timestamp"]), (&json!("ERROR one"), &json!(NOW * 1000 + 2)));
    assert_eq!(events[0]["id"].as_str().unwrap().len(), 56);
}

#[tokio::test]
async fn a_delivery_that_fails_is_tried_again_and_other_targets_are_refused_by_name() {
    let desk = Desk::new().await;
    desk.group().await;
    desk.ok("PutSubscriptionFilter", subscription("s1", "")).await;
    desk.told.broken.lock().unwrap().insert(FUNCTION.into(), kit::Fault::new("ServiceException", 500, "not now"));
    desk.put(&[(0, "x")]).await;
    desk.cloud
        .advance(kit::AdvanceOptions {
            by: std::time::Duration::from_millis(1),
            settle: kit::Settle::Each,
            budget: std::time::Duration::from_secs(20),
        })
        .await;
    assert!(desk.told.take(FUNCTION).is_empty());
    desk.told.broken.lock().unwrap().clear();
    desk.cloud
        .advance(kit::AdvanceOptions {
            by: std::time::Duration::from_secs(3600),
            settle: kit::Settle::Each,
            budget: std::time::Duration::from_secs(20),
        })
        .await;
    assert_eq!(desk.told.take(FUNCTION).len(), 1);
    desk.ok("PutSubscriptionFilter", subscription("s2", "")).await;
    assert_eq!(desk.refused("PutSubscriptionFilter", subscription("s3", "")).await.0, "LimitExceededException");
    let mut kinesis = subscription("s2", "");
    kinesis["destinationArn"] = "arn:aws:kinesis:us-east-1:000000000000:stream/s".into();
    kinesis["roleArn"] = "arn:aws:iam::000000000000:role/r".into();
    assert_eq!(desk.refused("PutSubscriptionFilter", kinesis).await.0, "NotImplemented");
    desk.ok("DeleteSubscriptionFilter", json!({ "logGroupName": "g", "filterName": "s2" })).await;
    let left = desk.ok("DescribeSubscriptionFilters", json!({ "logGroupName": "g" })).await;
    assert_eq!(left["subscriptionFilters"][0]["filterName"], "s1");
}
