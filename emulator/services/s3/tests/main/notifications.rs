//! Events: who is told, what is said, what happens when telling fails.

use crate::desk::{Allows, Desk, FUNCTION, QUEUE, to_function};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_function_is_told_what_happened() {
    let desk = Desk::with_bucket("photos").await;
    desk.ok(
        "PutBucketNotificationConfiguration",
        json!({ "Bucket": "photos", "NotificationConfiguration": to_function(&["s3:ObjectCreated:*"]) }),
    )
    .await;
    desk.put("/photos/in/a%20b%40c.jpg", "bytes").await;
    desk.ask("DELETE", "/photos/in/a%20b%40c.jpg").await.ok();
    desk.settle().await;
    let told = desk.told.functions.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, FUNCTION);
    let record = &told[0].1["Records"][0];
    let members: Vec<&str> = record.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "eventVersion",
            "eventSource",
            "awsRegion",
            "eventTime",
            "eventName",
            "userIdentity",
            "requestParameters",
            "responseElements",
            "s3"
        ]
    );
    assert_eq!(record["eventVersion"], "2.1");
    assert_eq!(record["eventName"], "ObjectCreated:Put");
    assert_eq!(record["eventTime"], "2023-11-14T22:13:20.000Z");
    assert_eq!(record["userIdentity"]["principalId"], "AWS:000000000000");
    assert_eq!(record["requestParameters"]["sourceIPAddress"], "127.0.0.1");
    assert_eq!(record["s3"]["configurationId"], "on-change");
    assert_eq!(record["s3"]["bucket"]["arn"], "arn:aws:s3:::photos");
    let object = &record["s3"]["object"];
    assert_eq!(
        (&object["key"], &object["size"], &object["eTag"]),
        (&json!("in/a+b%40c.jpg"), &json!(5), &json!("4b3a6218bb3e3a7303e8a171a60fcf92"))
    );
    assert_eq!(object["sequencer"].as_str().unwrap().len(), 18);
    assert!(object.get("versionId").is_none());
}

#[tokio::test]
async fn a_queue_gets_a_test_message_and_filtered_events() {
    let desk = Desk::with_bucket("box").await;
    let rules = json!([{ "Name": "prefix", "Value": "in/" }, { "Name": "SUFFIX", "Value": ".jpg" }]);
    let queue =
        json!({ "QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], "Filter": { "Key": { "FilterRules": rules } } });
    desk.ok(
        "PutBucketNotificationConfiguration",
        json!({ "Bucket": "box", "NotificationConfiguration": { "QueueConfigurations": [queue] } }),
    )
    .await;
    desk.settle().await;
    let test = desk.told.queues.lock().unwrap()[0].1.clone();
    assert_eq!((&test["Event"], &test["Bucket"], &test["Service"]), (&json!("s3:TestEvent"), &json!("box"), &json!("Amazon S3")));
    desk.put("/box/in/a.jpg", "x").await;
    desk.put("/box/in/a.png", "x").await;
    desk.put("/box/out/a.jpg", "x").await;
    desk.ask("DELETE", "/box/in/a.jpg").await.ok();
    let mut events = desk.events().await;
    events.sort();
    assert_eq!(events, [("ObjectCreated:Put".into(), "in/a.jpg".into()), ("ObjectRemoved:Delete".into(), "in/a.jpg".into())]);
    let kept = desk.ok("GetBucketNotificationConfiguration", json!({ "Bucket": "box" })).await;
    assert_eq!(kept["QueueConfigurations"][0]["Filter"]["Key"]["FilterRules"][1]["Name"], "Suffix");
}

#[tokio::test]
async fn targets_must_exist_and_let_s3_in() {
    let desk = Desk::with_bucket("box").await;
    let put = async |configuration| {
        desk.call("PutBucketNotificationConfiguration", json!({ "Bucket": "box", "NotificationConfiguration": configuration })).await
    };
    let missing = format!("{FUNCTION}-missing");
    let fault = put(json!({ "LambdaFunctionConfigurations": [{ "LambdaFunctionArn": missing, "Events": ["s3:ObjectCreated:*"] }] }))
        .await
        .unwrap_err();
    assert_eq!((&*fault.code, &*fault.message), ("InvalidArgument", "Unable to validate the following destination configurations"));
    assert!(fault.fields.contains(&("ArgumentName1".into(), json!(format!("{missing}, null")))), "{:?}", fault.fields);
    let fault = put(json!({ "QueueConfigurations": [{ "QueueArn": "invalid", "Events": ["s3:ObjectCreated:*"] }] })).await.unwrap_err();
    assert_eq!(fault.message, "The ARN could not be parsed");
    let twice = json!({ "LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"] });
    let fault = put(json!({ "LambdaFunctionConfigurations": [twice, twice] })).await.unwrap_err();
    assert!(fault.message.starts_with("Configurations overlap"), "{fault}");
    struct Nobody;
    impl kit::Decider for Nobody {
        fn decide(&self, cx: &kit::Context, need: &kit::Need, policy: Option<&str>) -> kit::Decision {
            let mut decision = Allows(vec![]).decide(cx, need, policy);
            decision.allowed &= !matches!(cx.principal(), kit::Principal::Service { .. });
            decision
        }
        fn explain(&self, cx: &kit::Context, need: &kit::Need, policy: Option<&str>) -> String {
            self.decide(cx, need, policy).message
        }
    }
    desk.cloud.set_decider(Arc::new(Nobody));
    let fault = put(to_function(&["s3:ObjectCreated:*"])).await.unwrap_err();
    assert!(fault.fields.iter().any(|(_, value)| *value == json!(format!("Not authorized to invoke function [{FUNCTION}]"))));
}

#[tokio::test]
async fn a_delivery_that_fails_is_tried_again() {
    let desk = Desk::with_bucket("box").await;
    desk.ok(
        "PutBucketNotificationConfiguration",
        json!({ "Bucket": "box", "NotificationConfiguration": to_function(&["s3:ObjectCreated:*"]) }),
    )
    .await;
    *desk.told.failures.lock().unwrap() = 2;
    desk.put("/box/k", "x").await;
    assert!(desk.events().await.is_empty());
    desk.advance(10).await;
    assert_eq!(desk.events().await, [("ObjectCreated:Put".into(), "k".into())]);
}
