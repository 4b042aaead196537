//! Batches.

use super::play::{Case, Play};
use serde_json::{Value, json};

fn big(most: usize) -> Value {
    let attributes = json!({ "k": { "DataType": "String", "StringValue": "x" } });
    json!([{ "Id": "1", "MessageBody": "a".repeat(most - 8), "MessageAttributes": attributes }, { "Id": "2", "MessageBody": "a" }])
}

pub async fn oversized(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let input = json!({ "QueueUrl": url, "Entries": big(1_048_576) });
    play.shot("send_oversized_message_batch", "SendMessageBatch", input).await;
    play
}

pub async fn updated(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({ "MaximumMessageSize": "2048" })).await;
    play.shot("send_oversized_message_batch", "SendMessageBatch", json!({ "QueueUrl": url, "Entries": big(2048) })).await;
    play
}

pub async fn sizes(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({ "MaximumMessageSize": "1024" })).await;
    let entries = json!([
        { "Id": "a4cff0d1-1961-44bd-ae53-c6d5ed71ed08", "MessageBody": "a".repeat(1024) },
        { "Id": "35b535ed-b76a-4ebd-b749-6eb35cdb55ee", "MessageBody": "a".repeat(1025) },
    ]);
    play.shot("send-message-batch-result", "SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    play
}

fn twenty() -> Value {
    (0..20).map(|i| json!({ "Id": format!("message-{i}"), "MessageBody": format!("messageBody-{i}") })).collect()
}

pub async fn too_many(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let input = json!({ "QueueUrl": url, "Entries": twenty() });
    play.shot("test_too_many_entries_in_batch_request", "SendMessageBatch", input).await;
    play
}

pub async fn too_many_of(case: Case, operation: &str) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let entries: Value = (0..20).map(|i| json!({ "Id": i.to_string(), "ReceiptHandle": "handle" })).collect();
    play.shot("error_response", operation, json!({ "QueueUrl": url, "Entries": entries })).await;
    play
}

pub async fn invalid_id(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let entries = json!([{ "Id": "message:1", "MessageBody": "x" }]);
    play.shot("test_invalid_batch_id", "SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    play
}

pub async fn delete_invalid_id(case: Case) -> Play {
    let id = case.argument.clone();
    let (mut play, url) = Play::queue(case, json!({})).await;
    let entries = json!([{ "Id": id, "ReceiptHandle": "testHandle1" }]);
    play.shot("error_response", "DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    play
}

async fn lacking(case: Case, name: &str, second: Value) -> Play {
    let (mut play, url) = Play::fifo(case, json!({ "ContentBasedDeduplication": "false" })).await;
    let entries =
        json!([{ "Id": "message-1", "MessageBody": "b", "MessageGroupId": "test-group", "MessageDeduplicationId": "dedup-1" }, second]);
    play.shot(name, "SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries })).await;
    play
}

pub async fn no_deduplication(case: Case) -> Play {
    let second = json!({ "Id": "message-2", "MessageBody": "b", "MessageGroupId": "test-group" });
    lacking(case, "test_missing_deduplication_id_for_fifo_queue", second).await
}

pub async fn no_group(case: Case) -> Play {
    let second = json!({ "Id": "message-2", "MessageBody": "b", "MessageDeduplicationId": "dedup-2" });
    lacking(case, "test_missing_message_group_id_for_fifo_queue", second).await
}
