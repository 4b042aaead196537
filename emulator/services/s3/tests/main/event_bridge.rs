//! Events for topics and for the default event bus, as recorded from AWS.

use crate::desk::{Desk, QUEUE, TOPIC, to_function};
use serde_json::{Value, json};

async fn notify(desk: &Desk, bucket: &str, configuration: Value) {
    desk.ok("PutBucketNotificationConfiguration", json!({ "Bucket": bucket, "NotificationConfiguration": configuration })).await;
}

#[tokio::test]
async fn the_bus_gets_every_event_of_a_bucket() {
    let desk = Desk::with_bucket("box").await;
    notify(&desk, "box", json!({ "EventBridgeConfiguration": {} })).await;
    assert!(desk.get("/box?notification").await.ok().text().contains("<EventBridgeConfiguration"));
    desk.put("/box/a%20b", "data").await;
    desk.ask("DELETE", "/box/a%20b").await.ok();
    let bus = desk.told.bus.lock().unwrap().clone();
    assert_eq!(bus.len(), 2);
    assert_eq!((&*bus[0].0.account, &*bus[0].0.region), ("000000000000", "us-east-1"));
    let event = &bus[0].1;
    assert_eq!(
        (event.source.as_str(), event.detail_type.as_str(), &event.resources[..]),
        ("aws.s3", "Object Created", &["arn:aws:s3:::box".to_owned()][..])
    );
    let object = &event.detail["object"];
    // The key as it is; the ETag without quotes.
    assert_eq!((&object["key"], &object["size"], &object["etag"]), (&json!("a b"), &json!(4), &json!("8d777f385d3dfec8815d20f7496026dc")));
    let members: Vec<&str> = event.detail.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["version", "bucket", "object", "request-id", "requester", "source-ip-address", "reason"]);
    assert_eq!((&event.detail["requester"], &event.detail["reason"]), (&json!("000000000000"), &json!("PutObject")));
    let gone = &bus[1].1;
    assert_eq!((gone.detail_type.as_str(), &gone.detail["deletion-type"]), ("Object Deleted", &json!("Permanently Deleted")));
    assert!(gone.detail["object"].get("size").is_none());
}

#[tokio::test]
async fn lists_tags_and_markers_are_told() {
    let desk = Desk::with_bucket("box").await;
    let controls = json!({ "Rules": [{ "ObjectOwnership": "ObjectWriter" }] });
    desk.ok("PutBucketOwnershipControls", json!({ "Bucket": "box", "OwnershipControls": controls })).await;
    desk.ok("PutBucketVersioning", json!({ "Bucket": "box", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    let every = ["s3:ObjectAcl:Put", "s3:ObjectTagging:*", "s3:ObjectRemoved:*"];
    notify(
        &desk,
        "box",
        json!({ "EventBridgeConfiguration": {}, "LambdaFunctionConfigurations": to_function(&every)["LambdaFunctionConfigurations"] }),
    )
    .await;
    desk.put("/box/k", "x").await;
    let grant = [("x-amz-grant-read", "uri=\"http://acs.amazonaws.com/groups/s3/LogDelivery\"")];
    desk.send("PUT", "/box/k?acl", &grant, b"").await.ok();
    // Saying it again changes nothing and is told to nobody.
    desk.send("PUT", "/box/k?acl", &grant, b"").await.ok();
    desk.ok("PutObjectTagging", json!({ "Bucket": "box", "Key": "k", "Tagging": { "TagSet": [{ "Key": "a", "Value": "b" }] } })).await;
    desk.ask("DELETE", "/box/k").await.ok();
    let bus: Vec<(String, Value)> = desk.told.bus.lock().unwrap().iter().map(|(_, e)| (e.detail_type.clone(), e.detail.clone())).collect();
    let kinds: Vec<&str> = bus.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["Object Created", "Object ACL Updated", "Object Tags Added", "Object Deleted"]);
    assert!(bus[1].1["object"].get("size").is_none() && bus[1].1.get("reason").is_none());
    assert_eq!(bus[3].1["deletion-type"], "Delete Marker Created");
    assert!(bus[3].1["object"]["version-id"].is_string());
    // One key, one target: one after the other.
    let events: Vec<String> = desk.events().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(events, ["ObjectAcl:Put", "ObjectTagging:Put", "ObjectRemoved:DeleteMarkerCreated"]);
    assert_eq!(desk.told.functions.lock().unwrap()[0].1["Records"][0]["eventVersion"], "2.3");
}

#[tokio::test]
async fn topics_get_a_test_message_and_events() {
    let desk = Desk::with_bucket("box").await;
    let topic = |arn: &str| json!({ "TopicConfigurations": [{ "TopicArn": arn, "Events": ["s3:ObjectCreated:*"] }] });
    let refused = async |arn: &str| {
        let input = json!({ "Bucket": "box", "NotificationConfiguration": topic(arn) });
        desk.call("PutBucketNotificationConfiguration", input).await.unwrap_err()
    };
    assert_eq!(refused("invalid-topic").await.fields[0].1, "Topic");
    assert_eq!(refused("arn:aws:sns:us-east-1:000000000000:missing").await.fields[1].1, "The destination topic does not exist");
    let elsewhere = refused("arn:aws:sns:eu-west-1:000000000000:changes").await;
    assert_eq!(elsewhere.message, "The notification destination service region is not valid for the bucket location constraint");
    notify(&desk, "box", topic(TOPIC)).await;
    desk.put("/box/k", "x").await;
    desk.settle().await;
    let told = desk.told.topics.lock().unwrap().clone();
    assert_eq!((&told[0].1["Event"], &told[1].1["Records"][0]["eventName"]), (&json!("s3:TestEvent"), &json!("ObjectCreated:Put")));
}

#[tokio::test]
async fn the_trace_of_the_cause_goes_on() {
    let desk = Desk::with_bucket("box").await;
    notify(&desk, "box", json!({ "QueueConfigurations": [{ "QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"] }] })).await;
    let trace = "1-5759e988-bd862e3fe1be46a994272793";
    desk.send("PUT", "/box/k", &[("x-amzn-trace-id", &format!("Root={trace}"))], b"x").await.ok();
    desk.settle().await;
    assert_eq!(desk.told.traces.lock().unwrap().last().unwrap(), trace);
}

#[tokio::test]
async fn events_can_be_numbered_as_the_documentation_does() {
    let desk = Desk::with_service(s3::S3::new().event_version(s3::EventVersion::Unified)).await;
    desk.ask("PUT", "/box").await.ok();
    notify(&desk, "box", to_function(&["s3:ObjectCreated:*"])).await;
    desk.put("/box/k", "x").await;
    desk.settle().await;
    assert_eq!(desk.told.functions.lock().unwrap()[0].1["Records"][0]["eventVersion"], "2.6");
}

#[tokio::test]
async fn ids_must_differ() {
    let desk = Desk::with_bucket("box").await;
    let queue = |prefix: &str, id: &str| json!({ "Id": id, "QueueArn": QUEUE, "Events": ["s3:ObjectCreated:*"], "Filter": { "Key": { "FilterRules": [{ "Name": "prefix", "Value": prefix }] } } });
    let input =
        json!({ "Bucket": "box", "NotificationConfiguration": { "QueueConfigurations": [queue("a", "same"), queue("b", "same")] } });
    let fault = desk.call("PutBucketNotificationConfiguration", input).await.unwrap_err();
    assert_eq!(fault.message, "Same ID used for multiple configurations. IDs must be unique");
}
