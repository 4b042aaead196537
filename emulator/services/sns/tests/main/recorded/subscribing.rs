//! Subscriptions and their attributes.

use super::play::Play;
use crate::desk::queue_arn;
use serde_json::{Value, json};

async fn subscribe(play: &mut Play, name: &str, topic: &str, protocol: &str, endpoint: &str, more: Value) -> Value {
    let mut input = json!({ "TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint });
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    play.shot(name, "Subscribe", input).await
}

pub async fn invalid_protocol() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    subscribe(&mut play, "exception", &topic, "test-protocol", "localstack@yopmail.com", json!({})).await;
    play
}

pub async fn unsubscribed_twice(name: &str) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let subscription = play.queue(&topic, "q").await;
    play.desk.ok("Unsubscribe", json!({ "SubscriptionArn": subscription })).await;
    play.shot(name, "Unsubscribe", json!({ "SubscriptionArn": subscription })).await;
    play
}

pub async fn unsubscribe_idempotent() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let subscription = play.queue(&topic, "q").await;
    play.shot("unsubscribe-1", "Unsubscribe", json!({ "SubscriptionArn": subscription })).await;
    play.shot("unsubscribe-2", "Unsubscribe", json!({ "SubscriptionArn": subscription })).await;
    play
}

pub async fn with_attributes() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let with = |raw: &str| {
        let attributes = json!({ "RawMessageDelivery": raw, "FilterPolicyScope": "MessageBody", "FilterPolicy": "" });
        json!({ "Attributes": attributes, "ReturnSubscriptionArn": true })
    };
    subscribe(&mut play, "subscribe-wrong-attr", &topic, "sqs", &queue_arn("q"), with("wrongvalue")).await;
    let made = subscribe(&mut play, "subscribe", &topic, "sqs", &queue_arn("q"), with("TrUe")).await;
    let arn = made["SubscriptionArn"].as_str().unwrap();
    play.attributes("get-attrs", arn).await;
    play.attributes("get-attrs-nonexistent-sub", &format!("{}12345678", &arn[..arn.len() - 8])).await;
    play
}

pub async fn not_found() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let made = subscribe(&mut play, "sub", &topic, "sqs", &queue_arn("q"), json!({})).await;
    let arn = made["SubscriptionArn"].as_str().unwrap();
    play.attributes("sub-attrs", arn).await;
    play.shot("subscriptions-for-topic-before-unsub", "ListSubscriptionsByTopic", json!({ "TopicArn": topic })).await;
    play.desk.ok("Unsubscribe", json!({ "SubscriptionArn": arn })).await;
    let answer = play.set(arn, "RawMessageDelivery", "true").await;
    play.keep("sub-not-found", answer);
    play.shot("subscriptions-for-topic-after-unsub", "ListSubscriptionsByTopic", json!({ "TopicArn": topic })).await;
    play
}

pub async fn validated() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    for (name, attribute, value) in [
        ("fake-attribute", "FakeAttribute", "test-value"),
        ("raw-message-wrong-value", "RawMessageDelivery", "test-ValUe"),
        ("raw-message-empty-value", "RawMessageDelivery", ""),
        ("fake-arn-redrive-policy", "RedrivePolicy", r#"{"deadLetterTargetArn": "fake-arn"}"#),
        ("invalid-json-redrive-policy", "RedrivePolicy", "{invalidjson}"),
        ("invalid-json-filter-policy", "FilterPolicy", "{invalidjson}"),
    ] {
        let answer = play.set(&arn, attribute, value).await;
        play.keep(name, answer);
    }
    play
}

pub async fn wrong_token() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let token = "51b2ff3edb475b7d91550e0ab6edf0c1de2a34e6ebaf6c2262a001bcb7e051c4";
    let wrong = format!("{}i", &topic[..topic.len() - 1]);
    for (name, topic, token) in
        [("topic-not-exists", &wrong, token), ("invalid-token", &topic, "randomtoken"), ("token-not-exists", &topic, token)]
    {
        play.shot(name, "ConfirmSubscription", json!({ "TopicArn": topic, "Token": token })).await;
    }
    play
}

pub async fn idempotent() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let q = queue_arn("q");
    let with = |attributes: Value| json!({ "Attributes": attributes, "ReturnSubscriptionArn": true });
    let made = subscribe(&mut play, "subscribe", &topic, "sqs", &q, with(json!({ "RawMessageDelivery": "True" }))).await;
    play.attributes("get-sub-attrs", made["SubscriptionArn"].as_str().unwrap()).await;
    for (name, attributes) in [
        ("subscribe-exact-same-raw", json!({ "RawMessageDelivery": "true" })),
        ("subscribe-idempotent", json!({ "RawMessageDelivery": "true", "FilterPolicyScope": "MessageAttributes" })),
        ("subscribe-idempotent-no-attributes", Value::Null),
        ("subscribe-idempotent-empty-attributes", json!({})),
        ("subscribe-missing-attributes", json!({ "FilterPolicyScope": "MessageAttributes" })),
        ("subscribe-diff-attributes", json!({ "RawMessageDelivery": "false", "FilterPolicyScope": "MessageBody" })),
    ] {
        let more = if attributes.is_null() { json!({ "ReturnSubscriptionArn": true }) } else { with(attributes) };
        subscribe(&mut play, name, &topic, "sqs", &q, more).await;
    }
    play
}

pub async fn wrong_arns() -> Play {
    let mut play = Play::new().await;
    for (name, arn) in [
        ("invalid-unsubscribe-arn-1", "randomstring"),
        ("invalid-unsubscribe-arn-2", "arn:aws:sns:us-east-1:random"),
        ("invalid-unsubscribe-arn-3", "arn:aws:sns:us-east-1:111111111111:random"),
    ] {
        play.shot(name, "Unsubscribe", json!({ "SubscriptionArn": arn })).await;
    }
    play.shot("invalid-unsubscribe-arn-4", "Unsubscribe", json!({})).await;
    play
}

pub async fn invalid_topic() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let other = format!("{topic}aaa");
    for (name, arn) in [
        ("invalid-subscribe-arn-1", "randomstring"),
        ("invalid-subscribe-arn-2", "arn:aws:sns:us-east-1:random"),
        ("non-existent-topic", &other),
    ] {
        subscribe(&mut play, name, arn, "email", "localstack@yopmail.com", json!({})).await;
    }
    play
}

pub async fn unknown_topic() -> Play {
    let mut play = Play::new().await;
    let arn = "arn:aws:sns:us-east-1:000000000000:unknown";
    subscribe(&mut play, "subscribe-unknown-topic", arn, "sms", "+1234567890", json!({})).await;
    play
}

pub async fn unknown_queue() -> Play {
    let mut play = Play::new().await;
    let topic = play.desk.topic("test-topic", json!({})).await;
    subscribe(&mut play, "subscribe-unknown-sqs", &topic, "sqs", &queue_arn("unknown"), json!({})).await;
    subscribe(&mut play, "subscribe-unknown-sqs-invalid_arn", &topic, "sqs", "unknown", json!({})).await;
    play
}

pub async fn queue_url(name: &str) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    subscribe(&mut play, name, &topic, "sqs", "https://sqs.us-east-1.amazonaws.com/000000000000/q", json!({})).await;
    play
}

pub async fn double() -> Play {
    let mut play = Play::new().await;
    let topic = play.desk.topic("double-sub-befdfdff", json!({})).await;
    subscribe(&mut play, "double-subscription-first", &topic, "sqs", &queue_arn("q"), json!({})).await;
    subscribe(&mut play, "double-subscription-second", &topic, "sqs", &queue_arn("q"), json!({})).await;
    play
}

pub async fn pending() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    subscribe(&mut play, "create-subscription", &topic, "http", "http://example.com/", json!({})).await;
    play
}

pub async fn deleted_topic() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let input = json!({ "TopicArn": topic, "Protocol": "http", "Endpoint": "http://example.com/" });
    let shown = play.desk.ok("Subscribe", input).await["SubscriptionArn"].clone();
    play.desk.ok("DeleteTopic", json!({ "TopicArn": topic })).await;
    play.shot("unsubscribe-deleted-topic", "Unsubscribe", json!({ "SubscriptionArn": shown })).await;
    play
}

pub async fn listed() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.queue(&topic, "q").await;
    play.shot("list-subscriptions-by-topic", "ListSubscriptionsByTopic", json!({ "TopicArn": topic })).await;
    play
}

pub async fn attributes(name: &str) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.attributes(name, &arn).await;
    play
}

pub async fn made_raw() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({ "RawMessageDelivery": "true" })).await;
    play.attributes("subscription-with-attributes", &arn).await;
    play
}

pub async fn topic_deleted() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.desk.subscribe(&topic, "sqs", &queue_arn("q"), json!({ "RawMessageDelivery": "true" })).await;
    play.desk.ok("DeleteTopic", json!({ "TopicArn": topic })).await;
    play.attributes("get-sub-after-topic-delete", &arn).await;
    play
}

pub async fn set_raw() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let arn = play.queue(&topic, "q").await;
    play.put(&arn, "RawMessageDelivery", "true").await;
    play.attributes("set-subscription-attributes", &arn).await;
    play
}

pub async fn invalid_filter() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    let more = json!({ "Attributes": { "FilterPolicy": "invalid-json" } });
    subscribe(&mut play, "subscribe-invalid-filter-policy", &topic, "email", "test@example.com", more).await;
    play
}

pub async fn nowhere() -> Play {
    let mut play = Play::new().await;
    let arn = "arn:aws:sns:us-east-1:000000000000:topic:66a97a8f-c5c0-4a4d-a8c7-7a4e2a4a4a4a";
    play.attributes("get-sub-attrs-nonexistent", arn).await;
    play
}

pub async fn invalid_phones() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    for number in ["+15--551234567", "NAA+15551234567", "+15551234567.", "/+15551234567"] {
        subscribe(&mut play, &format!("subscribe-bad-sms-{number}"), &topic, "sms", number, json!({})).await;
    }
    play
}

pub async fn bad_phone() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    subscribe(&mut play, "subscribe-bad-sms", &topic, "sms", "invalid-number", json!({})).await;
    play
}

pub async fn http_answers() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(json!({})).await;
    play.keep("topic-arn", json!({ "TopicArn": topic }));
    let arn = |wanted: bool| json!({ "ReturnSubscriptionArn": wanted });
    subscribe(&mut play, "subscription", &topic, "http", "http://example.com", arn(false)).await;
    subscribe(&mut play, "subscription-with-arn", &topic, "http", "http://example.com", arn(true)).await;
    play
}
