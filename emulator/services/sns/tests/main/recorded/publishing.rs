//! What may be published, and what is said to what may not.

use super::play::Play;
use crate::desk::queue_arn;
use serde_json::{Value, json};

async fn publish(play: &mut Play, name: &str, topic: &str, message: &str, more: Value) {
    let mut input = json!({ "TopicArn": topic, "Message": message });
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    play.shot(name, "Publish", input).await;
}
async fn batch(play: &mut Play, name: &str, topic: &str, entries: Value) {
    play.shot(name, "PublishBatch", json!({ "TopicArn": topic, "PublishBatchRequestEntries": entries })).await;
}

pub async fn wrong_arns() -> Play {
    let mut play = Play::new().await;
    for (name, arn) in [("invalid-topic-arn", "randomstring"), ("invalid-topic-arn-1", "randomstring:1"), ("empty-topic", "")] {
        publish(&mut play, name, arn, "Good news everyone!", json!({})).await;
    }
    play
}

pub async fn by_target() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.queue(&topic, "q").await;
    play.publish(&topic, "test-msg-1", Value::Null).await;
    play.taken("receive-topic-arn", "q").await;
    play.desk.ok("Publish", json!({ "TargetArn": topic, "Message": "test-msg-2" })).await;
    play.taken("receive-target-arn", "q").await;
    play
}

pub async fn before_subscribing() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let subject = |text: &str| json!({ "Subject": text });
    publish(&mut play, "publish-before-subscribing", &topic, "test_message_before", subject("test-subject-before-sub")).await;
    play.queue(&topic, "q").await;
    publish(&mut play, "publish-after-subscribing", &topic, "test_message_after", subject("test-subject-after-sub")).await;
    play.taken("receive-messages", "q").await;
    play
}

pub async fn unknown_topic() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    publish(&mut play, "success", &topic, "x", json!({})).await;
    publish(&mut play, "error", &format!("{topic}-fake"), "x", json!({})).await;
    play
}

pub async fn another_region() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    publish(&mut play, "success", &topic, "x", json!({})).await;
    let error = play.elsewhere("Publish", json!({ "TopicArn": topic, "Message": "x" })).await;
    play.keep("error", error);
    let entries = json!({ "TopicArn": topic, "PublishBatchRequestEntries": [{ "Id": "1", "Message": "x" }] });
    let error = play.elsewhere("PublishBatch", entries).await;
    play.keep("error-batch", error);
    play
}

pub async fn no_endpoint() -> Play {
    let mut play = Play::new().await;
    let arn = "arn:aws:sns:us-east-1:000000000000:endpoint/APNS/abcdef/0f7d5971-aa8b-4bd5-b585-0826e9f93a66";
    play.shot("non-existent-endpoint", "Publish", json!({ "TargetArn": arn, "Message": "This is a push notification" })).await;
    play
}

pub async fn empty_subject() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    publish(&mut play, "response-without-subject", &topic, "{}", json!({})).await;
    publish(&mut play, "response-with-empty-subject", &topic, "{}", json!({ "Subject": "" })).await;
    play
}

pub async fn empty() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.queue(&topic, "q").await;
    publish(&mut play, "empty-msg-error", &topic, "", json!({})).await;
    let waiting = play.messages("q").await.len().to_string();
    play.keep("queue-attrs", json!({ "Attributes": { "ApproximateNumberOfMessages": waiting } }));
    play
}

fn one_number() -> Value {
    json!({ "attr1": { "DataType": "Number", "StringValue": "1" } })
}
/// Bytes of a message with [`one_number`] that is as long as may be.
const MOST: usize = 262_144 - "attr1Number1".len();

pub async fn too_long() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    publish(&mut play, "error", &topic, &"This is a test message".repeat(12_000), json!({})).await;
    publish(&mut play, "error-with-attrs", &topic, &"a".repeat(MOST + 1), json!({ "MessageAttributes": one_number() })).await;
    play.publish(&topic, "a".repeat(MOST), one_number()).await;
    play
}

pub async fn batch_too_long() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let half = 262_144 / 2;
    let halves = json!([{ "Id": "1", "Message": "a".repeat(half) }, { "Id": "2", "Message": "b".repeat(half + 1) }]);
    batch(&mut play, "error-no-attrs", &topic, halves).await;
    let two = |length: usize| json!([{ "Id": "1", "Message": "a".repeat(length), "MessageAttributes": one_number() }, { "Id": "2", "Message": "b" }]);
    batch(&mut play, "error-with-attrs", &topic, two(MOST)).await;
    play.desk.ok("PublishBatch", json!({ "TopicArn": topic, "PublishBatchRequestEntries": two(MOST - 1) })).await;
    play
}

pub async fn batch_ids() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    for (name, id) in [
        ("invalid-char-dot", "message.id".to_owned()),
        ("invalid-char-special", "msg@123#test".to_owned()),
        ("id-too-long-81", "a".repeat(81)),
        ("id-too-long-91", "myreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallylongid".to_owned()),
        ("valid-id-80-chars", "a".repeat(80)),
        ("valid-id-with-hyphen-underscore", "valid-message_123".to_owned()),
    ] {
        batch(&mut play, name, &topic, json!([{ "Id": id, "Message": "test message" }])).await;
    }
    play
}

pub async fn structure_errors() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    for (name, message) in [
        ("missing-default-key", r#"{"sqs": "Test message"}"#),
        ("invalid-json", r#"{"default": "This is a default message"} }"#),
        ("duplicate-json-keys", r#"{"default": "This is a default message", "default": "Duplicate"}"#),
        ("key-is-not-string", r#"{"default": {"object": "test"}}"#),
    ] {
        publish(&mut play, name, &topic, message, json!({ "MessageStructure": "json" })).await;
    }
    play
}

pub async fn batch_without_topic() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    batch(&mut play, "publish-batch-no-topic", &format!("{topic}fake-topic"), json!([{ "Id": "1", "Message": "x", "Subject": "Subject" }]))
        .await;
    play
}

pub async fn batch_exceptions() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({ "FifoTopic": "true" })).await;
    let many: Vec<Value> = (0..11).map(|i| json!({ "Id": format!("Id_{i}"), "Message": "Too many messages" })).collect();
    let same = json!({ "Id": "1", "Message": "Messages with the same ID" });
    let structured = json!({ "Id": "1", "Message": r#"{"sqs": "test sqs"}"#, "MessageStructure": "json" });
    batch(&mut play, "no-group-id", &topic, json!([{ "Id": "1", "Message": "Test message without Group ID" }])).await;
    batch(&mut play, "too-many-msg", &topic, many.into()).await;
    batch(&mut play, "same-msg-id", &topic, json!([same, same])).await;
    batch(&mut play, "no-dedup-id", &topic, json!([{ "Id": "1", "Message": "x", "MessageGroupId": "msg1" }])).await;
    batch(&mut play, "no-default-key-json", &topic, json!([structured])).await;
    play
}

pub async fn wrong_attributes() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let text = |kind: &str, value: &str| json!({ "DataType": kind, "StringValue": value });
    let bytes = |kind: &str, value: &str| json!({ "DataType": kind, "BinaryValue": value });
    for (name, attribute, value) in [
        ("missing_string_attr", "attr1", text("String", "")),
        ("fully_missing_string_attr", "attr1", json!({ "DataType": "String" })),
        ("fully_missing_data_type", "attr1", json!({ "StringValue": "value" })),
        ("missing_binary_attr", "attr1", bytes("Binary", "")),
        ("str_attr_binary_value", "attr1", bytes("String", "MTIz")),
        ("int_attr_binary_value", "attr1", bytes("Number", "MTIz")),
        ("binary_attr_string_value", "attr1", text("Binary", "123")),
        ("invalid_attr_string_value", "attr1", text("InvalidType", "123")),
        ("too_long_name", &"a".repeat(257), text("String", "123")),
        ("invalid_name", "a^*?", text("String", "123")),
        ("invalid_name_2", ".abc", text("String", "123")),
        ("invalid_name_3", "abc.", text("String", "123")),
        ("invalid_name_4", "a..bc", text("String", "123")),
    ] {
        let attributes = json!({ attribute: value });
        publish(&mut play, name, &topic, "test message", json!({ "MessageAttributes": attributes })).await;
        let entries =
            json!([{ "Id": "1", "Message": "test-batch", "MessageAttributes": attributes }, { "Id": "3", "Message": "valid-batch" }]);
        batch(&mut play, &format!("batch-{name}"), &topic, entries).await;
    }
    play
}

pub async fn attribute_types() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({})).await;
    for (name, kind) in [
        ("publish-error", "String."),
        ("publish-error-2", "Stringprefixed"),
        ("publish-ok-1", "String.prefixed"),
        ("publish-ok-2", "String.  prefixed."),
    ] {
        let attributes = json!({ "attr1": { "DataType": kind, "StringValue": "prefixed-1" } });
        publish(&mut play, name, &topic, "test message", json!({ "MessageAttributes": attributes })).await;
    }
    play
}

pub async fn phones() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.shot("invalid-number", "Publish", json!({ "Message": "x", "PhoneNumber": "+1a234" })).await;
    play.shot("wrong-format", "Publish", json!({ "Message": "x", "PhoneNumber": "NAA+15551234567" })).await;
    play.shot("wrong-endpoint", "Subscribe", json!({ "TopicArn": topic, "Protocol": "sms", "Endpoint": "NAA+15551234567" })).await;
    play
}
