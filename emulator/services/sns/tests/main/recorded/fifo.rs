//! FIFO topics.

use super::play::Play;
use crate::desk::queue_arn;
use serde_json::{Value, json};

fn kind(content_based: bool) -> Value {
    match content_based {
        true => json!({ "FifoTopic": "true", "ContentBasedDeduplication": "true" }),
        false => json!({ "FifoTopic": "true" }),
    }
}
fn numbers(values: &[&str]) -> Value {
    let attributes = values.iter().enumerate();
    attributes
        .map(|(i, v)| (format!("attr{}", i + 1), json!({ "DataType": "Number", "StringValue": v })))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Three entries of a group; `first` is the number in the first one's deduplication id.
fn entries(first: Option<usize>) -> Value {
    let mut entries = vec![
        json!({ "Id": "1", "Message": "Test Message with two attributes", "MessageAttributes": numbers(&["99.12", "109.12"]) }),
        json!({ "Id": "2", "Message": "Test Message with one attribute", "MessageAttributes": numbers(&["19.12"]) }),
        json!({ "Id": "3", "Message": "Test Message without attribute" }),
    ];
    for (index, entry) in entries.iter_mut().enumerate() {
        entry["MessageGroupId"] = "complexMessageGroupId".into();
        entry["Subject"] = "Subject".into();
        if let Some(first) = first {
            entry["MessageDeduplicationId"] = format!("MessageDeduplicationId-{}", first + index).into();
        }
    }
    entries.into()
}

async fn twice(queue: &str, content_based: bool) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(kind(content_based)).await;
    play.queue(&topic, queue).await;
    let mut input = json!({ "TopicArn": topic, "Message": "Test", "MessageGroupId": "message-group-id-1" });
    if !content_based {
        input["MessageDeduplicationId"] = "message-deduplication-id-1".into();
    }
    for name in ["messages", "dedup-messages"] {
        play.desk.ok("Publish", input.clone()).await;
        play.taken(name, queue).await;
    }
    play
}
pub async fn to_fifo(content_based: bool) -> Play {
    twice("q.fifo", content_based).await
}
pub async fn to_standard(content_based: bool) -> Play {
    twice("q", content_based).await
}

pub async fn validations() -> Play {
    let mut play = Play::new().await;
    let standard = play.topic(json!({})).await;
    let fifo = play.topic(kind(false)).await;
    let subscribe = |topic: &str, queue: &str| json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue_arn(queue) });
    play.shot("not-fifo-topic", "Subscribe", subscribe(&standard, "q.fifo")).await;
    let arn = play.queue(&fifo, "q").await;
    let found = play.desk.ok("GetSubscriptionAttributes", json!({ "SubscriptionArn": arn })).await;
    play.keep("not-fifo-queue", found["Attributes"].clone());
    let redrive = json!({ "deadLetterTargetArn": queue_arn("dead") }).to_string();
    play.put(&arn, "RedrivePolicy", &redrive).await;
    let arn = play.queue(&fifo, "q.fifo").await;
    let refused = play.set(&arn, "RedrivePolicy", &redrive).await;
    play.keep("regular-queue-for-dlq-of-fifo-topic", refused);
    play.shot("no-msg-group-id", "Publish", json!({ "TopicArn": fifo, "Message": "test" })).await;
    play.shot("no-dedup-policy", "Publish", json!({ "TopicArn": fifo, "Message": "test", "MessageGroupId": "g" })).await;
    let input = json!({ "TopicArn": standard, "Message": "test", "MessageDeduplicationId": "d" });
    play.shot("no-msg-dedup-regular-topic", "Publish", input).await;
    play
}

pub async fn dead_letters(raw: bool) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(kind(false)).await;
    play.shot("topic-attrs", "GetTopicAttributes", json!({ "TopicArn": topic })).await;
    let arn = play.queue(&topic, "q.fifo").await;
    play.put(&arn, "RawMessageDelivery", &raw.to_string()).await;
    play.put(&arn, "RedrivePolicy", &json!({ "deadLetterTargetArn": queue_arn("dead.fifo") }).to_string()).await;
    play.gone("q.fifo");
    let input = json!({ "TopicArn": topic, "PublishBatchRequestEntries": entries(Some(1)) });
    play.shot("publish-batch-response-fifo", "PublishBatch", input).await;
    play.taken("batch-messages-in-dlq", "dead.fifo").await;
    let input = json!({
        "TopicArn": topic, "Message": "test-message", "MessageGroupId": "message-group-id-1",
        "MessageDeduplicationId": "message-deduplication-id-1",
    });
    play.shot("publish-response-fifo", "Publish", input).await;
    play.taken("messages-in-dlq", "dead.fifo").await;
    play
}

pub async fn batch(content_based: bool) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(kind(content_based)).await;
    play.shot("topic-attrs", "GetTopicAttributes", json!({ "TopicArn": topic })).await;
    let arn = play.queue(&topic, "q.fifo").await;
    play.put(&arn, "RawMessageDelivery", "true").await;
    play.attributes("sub-attrs-raw-true", &arn).await;
    let input = json!({ "TopicArn": topic, "PublishBatchRequestEntries": entries((!content_based).then_some(0)) });
    play.shot("publish-batch-response-fifo", "PublishBatch", input.clone()).await;
    play.taken("messages", "q.fifo").await;
    play.shot("republish-batch-response-fifo", "PublishBatch", input).await;
    play.taken("duplicate-messages", "q.fifo").await;
    play
}

pub async fn no_content(raw: bool) -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(kind(true)).await;
    let arn = play.queue(&topic, "q.fifo").await;
    play.put(&arn, "RawMessageDelivery", &raw.to_string()).await;
    let single = json!({ "TopicArn": topic, "Message": "Test single", "MessageGroupId": "message-group-id-1" });
    let entry = json!({ "Id": "1", "MessageGroupId": "message-group-id-1", "Message": "Test batched" });
    for _ in 0..2 {
        play.desk.ok("Publish", single.clone()).await;
        play.desk.ok("PublishBatch", json!({ "TopicArn": topic, "PublishBatchRequestEntries": [entry] })).await;
    }
    let mut messages = play.messages("q.fifo").await;
    messages.sort_by_key(|m| m["Attributes"]["MessageDeduplicationId"].as_str().unwrap().to_owned());
    play.keep("messages", json!({ "Messages": messages }));
    play
}

pub async fn topic_level() -> Play {
    let mut play = Play::new().await;
    let topic = play.topic(kind(true)).await;
    play.queue(&topic, "q.fifo").await;
    for group in ["message-group-id-1", "message-group-id-2"] {
        play.desk.ok("Publish", json!({ "TopicArn": topic, "Message": "Test", "MessageGroupId": group })).await;
    }
    play.taken("messages", "q.fifo").await;
    play.taken("dedup-messages", "q.fifo").await;
    play
}
