//! What queues and functions get.

use super::play::Play;
use crate::desk::{function_arn, queue_arn};
use serde_json::{Value, json};

fn number(value: &str) -> Value {
    json!({ "attr1": { "DataType": "Number", "StringValue": value } })
}
fn redrive(queue: &str) -> String {
    json!({ "deadLetterTargetArn": queue_arn(queue) }).to_string()
}

pub async fn function(subject: &str, version: &str) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({ "SignatureVersion": version })).await;
    play.desk.subscribe(&topic, "lambda", &function_arn("f"), json!({})).await;
    play.desk.ok("Publish", json!({ "TopicArn": topic, "Subject": subject, "Message": "Hello world." })).await;
    play.desk.settle().await;
    let event = play.desk.world.invoked.lock().unwrap()[0].1.clone();
    play.keep("notification", event["Records"][0]["Sns"].clone());
    play
}

pub async fn function_redriven() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.desk.subscribe(&topic, "lambda", &function_arn("f"), json!({})).await;
    play.put(&arn, "RedrivePolicy", &redrive("dead")).await;
    play.attributes("subscription-attributes", &arn).await;
    play.desk.world.gone.lock().unwrap().push(function_arn("f"));
    play.publish(&topic, "test_redrive_policy", number("1")).await;
    play.taken("messages", "dead").await;
    play
}

pub async fn subscribed() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.put(&arn, "FilterPolicy", r#"{"attr1": [{"numeric": [">", 0, "<=", 100]}]}"#).await;
    play.attributes("subscription-attributes", &arn).await;
    play.publish(&topic, "This is a test message", number("99.12")).await;
    play.taken("messages", "q").await;
    play
}

pub async fn unicode() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.queue(&topic, "q").await;
    play.publish(&topic, "ö§a1\"_!?,. £$-", Value::Null).await;
    play.taken("received-message", "q").await;
    play
}

pub async fn raw() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({ "RawMessageDelivery": "true" })).await;
    play.attributes("subscription-attributes", &arn).await;
    play.publish(&topic, "This is a test message", json!({ "store": { "DataType": "Binary", "BinaryValue": "AgME" } })).await;
    play.taken("messages-response", "q").await;
    play
}

pub async fn confirmed_at_once() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    let found = play.desk.ok("GetSubscriptionAttributes", json!({ "SubscriptionArn": arn })).await;
    play.keep("subscription-attrs", found["Attributes"].clone());
    play
}

pub async fn raw_and_not() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    for (raw, value) in [("true", "99.12"), ("false", "100.12")] {
        play.put(&arn, "RawMessageDelivery", raw).await;
        play.attributes(&format!("sub-attrs-raw-{raw}"), &arn).await;
        play.publish(&topic, "Test msg", number(value)).await;
        play.taken(&format!("message-raw-{raw}"), "q").await;
    }
    play
}

pub async fn batch() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.put(&arn, "RawMessageDelivery", "true").await;
    play.attributes("sub-attrs-raw-true", &arn).await;
    let two =
        json!({ "attr1": { "DataType": "Number", "StringValue": "99.12" }, "attr2": { "DataType": "Number", "StringValue": "109.12" } });
    let entries = json!([
        { "Id": "1", "Message": "Test Message with two attributes", "Subject": "Subject", "MessageAttributes": two },
        { "Id": "2", "Message": "Test Message with one attribute", "Subject": "Subject", "MessageAttributes": number("19.12") },
        { "Id": "3", "Message": "Test Message without attribute", "Subject": "Subject" },
        { "Id": "4", "Message": "Test Message without subject" },
        { "Id": "5", "Message": r#"{"default": "test default", "sqs": "test sqs"}"#, "MessageStructure": "json" },
    ]);
    play.shot("publish-batch", "PublishBatch", json!({ "TopicArn": topic, "PublishBatchRequestEntries": entries })).await;
    play.taken_sorted("messages", "q").await;
    play
}

pub async fn redriven(raw: bool) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.put(&arn, "RedrivePolicy", &redrive("dead")).await;
    play.put(&arn, "RawMessageDelivery", &raw.to_string()).await;
    play.gone("q");
    let attributes = json!({
        "attr1": { "DataType": "Number", "StringValue": "111" }, "attr2": { "DataType": "Binary", "BinaryValue": "AgME" },
    });
    play.publish(&topic, "test_dlq_after_sqs_endpoint_deleted", attributes).await;
    play.taken("messages", "dead").await;
    play
}

pub async fn attributes() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    let attributes = json!({
        "an-attribute-key": { "DataType": "String", "StringValue": "an-attribute-value" },
        "binary-attribute": { "DataType": "Binary", "BinaryValue": "AgME" },
    });
    for (raw, published, got) in
        [("true", "publish-msg-raw", "raw-delivery-msg-attrs"), ("false", "publish-msg-json", "json-delivery-msg-attrs")]
    {
        play.put(&arn, "RawMessageDelivery", raw).await;
        let answer = play.publish(&topic, "text", attributes.clone()).await;
        play.keep(published, answer);
        play.taken(got, "q").await;
    }
    play
}

pub async fn after_failure() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.attributes("subscriptions-attrs", &arn).await;
    play.publish(&topic, "test_dlq_before_sqs_endpoint_deleted", Value::Null).await;
    play.taken("messages-before-delete", "q").await;
    play.gone("q");
    play.publish(&topic, "lost", Value::Null).await;
    play.desk.settle().await;
    play.shot("subscriptions", "ListSubscriptionsByTopic", json!({ "TopicArn": topic })).await;
    play.put(&arn, "RedrivePolicy", &redrive("dead")).await;
    play.attributes("subscriptions-attrs-with-redrive", &arn).await;
    for i in 0..2 {
        play.publish(&topic, format!("test_dlq_after_sqs_endpoint_deleted_{i}"), Value::Null).await;
        play.taken(&format!("message-{i}-after-delete"), "dead").await;
    }
    play
}

pub async fn structured() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.queue(&topic, "q").await;
    for (name, message) in [
        ("get-msg-json-sqs", json!({ "default": "default field", "sqs": r#"{"field": "value"}"# })),
        ("get-msg-json-default", json!({ "default": "default field", "sqs": { "field": "value" } })),
    ] {
        play.desk.ok("Publish", json!({ "TopicArn": topic, "Message": message.to_string(), "MessageStructure": "json" })).await;
        play.taken(name, "q").await;
    }
    play
}

pub async fn signed(version: &str) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({ "DisplayName": "TestTopicSignature", "SignatureVersion": version })).await;
    play.queue(&topic, "q").await;
    play.publish(&topic, "test signature value with attributes", number("1")).await;
    play.taken("messages", "q").await;
    play
}

pub async fn group() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.queue(&topic, "q").await;
    let input = json!({
        "TopicArn": topic, "Message": "test signature value with attributes", "MessageGroupId": "my-group-id-1",
        "MessageAttributes": number("1"),
    });
    play.desk.ok("Publish", input).await;
    play.taken("messages", "q").await;
    play
}

pub async fn other_region() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let queue = "arn:aws:sqs:us-west-2:000000000000:q";
    let input = json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue });
    let refused = play.elsewhere("Subscribe", input.clone()).await;
    play.keep("subscribe-cross-region", refused);
    play.shot("subscribe-same-region", "Subscribe", input).await;
    play.publish(&topic, "This is a test message", number("99.12")).await;
    play.desk.settle().await;
    for (to, _) in play.desk.world.sent.lock().unwrap().iter_mut() {
        assert_eq!(to, queue);
        *to = queue_arn("q");
    }
    play.taken("messages", "q").await;
    play
}

pub async fn traced() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.queue(&topic, "q").await;
    let header = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1".to_owned();
    let source = kit::Source { trace_header: Some(header), ..kit::Source::default() };
    let cx = play.desk.cx.child().with_source(source);
    let input = json!({ "TargetArn": topic, "Message": "X-Ray propagation test msg" });
    play.desk.cloud.call_json(&cx, "sns", "Publish", &input).await.unwrap();
    let message = play.messages("q").await.remove(0);
    play.keep("xray-msg", message);
    play
}
