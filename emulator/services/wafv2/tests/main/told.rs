//! What is told of judgements: samples, metrics, and records in CloudWatch Logs.

use crate::desk::{Desk, START, bytes, rule};
use kit::Scope;
use kit::ports::{Measured, Metrics};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn rules() -> Value {
    let path = |text: &str| bytes(json!({ "UriPath": {} }), text, "CONTAINS", &["NONE"]);
    let mut counts = rule("counts", 0, path("mark"), "Count");
    counts["RuleLabels"] = json!([{ "Name": "marked" }]);
    json!([counts, rule("blocks", 1, path("evil"), "Block")])
}

#[tokio::test]
async fn samples_of_the_last_three_hours() {
    let desk = Desk::new().await;
    let acl = desk.guard(rules()).await;
    for request in ["GET /evil?a=1 HTTP/1.1\nhost: h", "GET /evil/mark HTTP/1.1\nhost: h", "GET /fine HTTP/1.1\nhost: h"] {
        desk.action(request).await;
    }
    let ask = |metric: &str, from: i64| {
        json!({ "WebAclArn": acl["ARN"], "RuleMetricName": metric, "Scope": "REGIONAL",
        "TimeWindow": { "StartTime": from, "EndTime": from + 3600 }, "MaxItems": 100 })
    };
    let blocked = desk.ok("GetSampledRequests", ask("blocks", START - 60)).await;
    assert_eq!(blocked["PopulationSize"], 2);
    let first = &blocked["SampledRequests"][0];
    assert_eq!(
        (&first["Action"], &first["Request"]["URI"], &first["Request"]["ClientIP"]),
        (&json!("BLOCK"), &json!("/evil?a=1"), &json!("192.0.2.1"))
    );
    assert_eq!(first["ResponseCodeSent"], 403);
    assert_eq!(blocked["SampledRequests"][1]["Labels"], json!([{ "Name": "awswaf:000000000000:webacl:guard:marked" }]));
    assert_eq!(desk.ok("GetSampledRequests", ask("counts", START - 60)).await["SampledRequests"][0]["Action"], "COUNT");
    assert_eq!(desk.ok("GetSampledRequests", ask("guard", START - 60)).await["SampledRequests"][0]["Action"], "ALLOW");
    desk.advance(3 * 3600 + 60).await;
    assert_eq!(desk.ok("GetSampledRequests", ask("blocks", START - 60)).await["SampledRequests"], json!([]));
}

/// What was measured: rule, metric; and of labels all dimensions and the metric.
#[derive(Default)]
struct Heard(Mutex<Vec<(String, String)>>, Mutex<Vec<String>>);

impl Metrics for Heard {
    fn record(&self, _: &Scope, _: kit::Timestamp, measured: &Measured<'_>) {
        assert_eq!(measured.namespace, "AWS/WAFV2");
        if measured.under[0].iter().any(|(name, _)| *name == "LabelName") {
            let under: Vec<String> = measured.under[0].iter().map(|(name, value)| format!("{name}={value}")).collect();
            return self.1.lock().unwrap().push(format!("{} {}", measured.values[0].0, under.join(" ")));
        }
        let rule = measured.under[0].iter().find(|(name, _)| *name == "Rule").unwrap().1;
        self.0.lock().unwrap().push((rule.to_owned(), measured.values[0].0.to_owned()));
    }
}

#[tokio::test]
async fn metrics_of_each_rule() {
    let desk = Desk::new().await;
    let heard = Arc::new(Heard::default());
    desk.cloud.ports().offer_metrics(heard.clone());
    desk.guard(rules()).await;
    desk.action("GET /mark").await;
    desk.action("GET /evil").await;
    let labels = heard.1.lock().unwrap().clone();
    let heard = heard.0.lock().unwrap().clone();
    let pair = |rule: &str, metric: &str| (rule.to_owned(), metric.to_owned());
    assert_eq!(heard, [pair("counts", "CountedRequests"), pair("Default_Action", "AllowedRequests"), pair("blocks", "BlockedRequests")]);
    // A request is allowed with the label that it has.
    let [label] = labels.as_slice() else { panic!("{labels:?}") };
    assert!(label.starts_with("AllowedRequests LabelName=marked LabelNamespace=awswaf:000000000000:webacl:"), "{label}");
    assert!(label.contains(" Region=us-east-1 WebACL="), "{label}");
}

#[tokio::test]
async fn destinations_that_are_none_are_refused() {
    let desk = Desk::new().await;
    let acl = desk.guard(rules()).await;
    for (destination, word) in [
        ("arn:aws:firehose:us-east-1:000000000000:deliverystream/aws-waf-logs-x", "NotImplemented"),
        ("arn:aws:logs:us-east-1:000000000000:log-group:other", "aws-waf-logs-"),
        ("arn:aws:sqs:us-east-1:000000000000:aws-waf-logs-x", "neither a log group"),
    ] {
        let configuration = json!({ "ResourceArn": acl["ARN"], "LogDestinationConfigs": [destination] });
        let refusal = desk.refused("PutLoggingConfiguration", json!({ "LoggingConfiguration": configuration })).await;
        assert!(refusal.contains(word), "{refusal}");
    }
    assert!(desk.refused("GetLoggingConfiguration", json!({ "ResourceArn": acl["ARN"] })).await.starts_with("WAFNonexistentItemException"));
}
