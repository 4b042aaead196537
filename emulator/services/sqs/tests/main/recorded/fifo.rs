//! FIFO queues.

use super::{
    messages::bad_id,
    play::{Case, Play},
};
use serde_json::{Value, json};

fn message(url: &str, group: &str, deduplication: Option<&str>, body: &str) -> Value {
    let mut input = json!({ "QueueUrl": url, "MessageBody": body, "MessageGroupId": group });
    if let Some(id) = deduplication {
        input["MessageDeduplicationId"] = id.into();
    }
    input
}

pub async fn bad_deduplication(case: Case) -> Play {
    let id = bad_id(&case);
    let (mut play, url) = Play::fifo(case, json!({})).await;
    play.shot("error-response", "SendMessage", message(&url, "test", Some(&id), "Hello World!")).await;
    play
}

pub async fn emptied(case: Case) -> Play {
    let (mut play, url) = Play::fifo(case, json!({})).await;
    play.desk.ok("SendMessage", message(&url, "g1", Some("1"), "Message 1")).await;
    let got = play.received("inital-fifo-receive", &url, json!({})).await;
    play.delete_first(&url, &got).await;
    play.received("empty-fifo-receive", &url, json!({})).await;
    play.desk.ok("SendMessage", message(&url, "g1", Some("2"), "Message 2")).await;
    play.received("final-fifo-receive", &url, json!({})).await;
    play
}

pub async fn delayed(case: Case) -> Play {
    let (mut play, url) = Play::fifo(case, json!({ "ContentBasedDeduplication": "true" })).await;
    let mut input = message(&url, "1", None, "message-1");
    input["DelaySeconds"] = 2.into();
    play.shot("send_message", "SendMessage", input).await;
    play
}

pub async fn delayed_by_queue(case: Case) -> Play {
    let (mut play, url) = Play::fifo(case, json!({ "ContentBasedDeduplication": "true", "DelaySeconds": "2" })).await;
    let mut input = message(&url, "1", None, "message-1");
    input["DelaySeconds"] = 0.into();
    play.shot("send_message_result", "SendMessage", input).await;
    play.received("receive_message_initial_result", &url, json!({})).await;
    play.desk.advance(3).await;
    play.received("receive_message_after_delay_result", &url, json!({ "MaxNumberOfMessages": 1 })).await;
    play
}

pub async fn attributes(case: Case) -> Play {
    let (mut play, url) = Play::fifo(
        case,
        json!({
            "ContentBasedDeduplication": "true", "VisibilityTimeout": "0", "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }),
    )
    .await;
    play.shot("send_message", "SendMessage", message(&url, "group-1", Some("dedup-1"), "message-body-1")).await;
    play.received("receive_message_0", &url, json!({ "AttributeNames": ["All"] })).await;
    play.received("receive_message_1", &url, json!({ "AttributeNames": ["All"] })).await;
    play
}

pub async fn strategy(case: Case) -> Play {
    let (mut play, url) = Play::fifo(case, json!({ "SqsManagedSseEnabled": "true", "ContentBasedDeduplication": "true" })).await;
    play.attributes("before-update", &url, &["All"]).await;
    play.set(&url, json!({ "ContentBasedDeduplication": "false" })).await;
    play.attributes("after-update", &url, &["All"]).await;
    play
}

/// The same message twice: after the first was deleted, or to another group.
pub async fn once(case: Case, deleted: bool) -> Play {
    let by_content = case.argument == "True";
    let attributes = if by_content { json!({ "ContentBasedDeduplication": "true" }) } else { json!({}) };
    let (mut play, url) = Play::fifo(case, attributes).await;
    let id = (!by_content).then_some("dedup1");
    let body = r#"{"foo": "bar"}"#;
    play.desk.ok("SendMessage", message(&url, "group-1", id, body)).await;
    if !deleted {
        play.desk.ok("SendMessage", message(&url, "group-2", id, body)).await;
        play.received("get-messages", &url, json!({ "MaxNumberOfMessages": 1 })).await;
        play.received("get-dedup-messages", &url, json!({ "MaxNumberOfMessages": 1 })).await;
        return play;
    }
    let got = play.received("get-messages", &url, json!({})).await;
    play.delete_first(&url, &got).await;
    play.desk.ok("SendMessage", message(&url, "group-1", id, body)).await;
    play.received("get-messages-duplicate", &url, json!({})).await;
    play
}

pub async fn required(case: Case) -> Play {
    let (mut play, url) = Play::fifo(case, json!({})).await;
    let no_id = message(&url, "group", None, "test");
    let no_group = json!({ "QueueUrl": url, "MessageBody": "test", "MessageDeduplicationId": "dedup" });
    play.shot("invalid-parameter-value", "SendMessage", no_id.clone()).await;
    play.shot("missing-parameter", "SendMessage", no_group.clone()).await;
    play.shot("invalid-parameter-value-query", "SendMessage", no_id).await;
    play.shot("missing-parameter-query", "SendMessage", no_group).await;
    play
}

fn throughput(scope: &str, limit: &str) -> Value {
    json!({ "ContentBasedDeduplication": "False", "DeduplicationScope": scope, "FifoThroughputLimit": limit })
}

/// The same deduplication id in two groups, the first message deleted before the second is sent.
pub async fn two_groups(case: Case, scope: &str, limit: &str, body: &str) -> Play {
    let (mut play, url) = Play::fifo(case, throughput(scope, limit)).await;
    for n in 1..3 {
        let body = if body.is_empty() { format!("Test{n}") } else { body.to_owned() };
        play.desk.ok("SendMessage", message(&url, &format!("group{n}"), Some("same-dedup"), &body)).await;
        let got = play.received(&format!("same-dedup-different-grp-{n}"), &url, json!({})).await;
        if n == 1 {
            play.delete_first(&url, &got).await;
        }
    }
    play
}

pub async fn to_high_throughput(case: Case) -> Play {
    let mut play = two_groups(case, "queue", "perQueue", "").await;
    let url = "queue.fifo";
    play.set(url, json!({ "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId" })).await;
    play.attributes("set-to-high-throughput", url, &["All"]).await;
    play.received("same-dedup-different-grp-high-throughput", url, json!({})).await;
    play.desk.ok("SendMessage", message(url, "group3", Some("same-dedup"), "Test3")).await;
    play.received("same-dedup-different-grp-high-throughput-2", url, json!({})).await;
    play.desk.ok("SendMessage", message(url, "group4", Some("dedup_2"), "Test4")).await;
    let got = play.received("new-dedup2-high-throughput", url, json!({})).await;
    play.delete_first(url, &got).await;
    play.desk.ok("SendMessage", message(url, "group5", Some("dedup_2"), "Test5")).await;
    play.received("same-dedup2-high-throughput", url, json!({})).await;
    play
}

pub async fn to_regular_throughput(case: Case) -> Play {
    let mut play = two_groups(case, "messageGroup", "perMessageGroupId", "").await;
    let url = "queue.fifo";
    let second = play.answers["same-dedup-different-grp-2"].clone();
    play.delete_first(url, &second).await;
    play.set(url, json!({ "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue" })).await;
    play.attributes("set-to-regular-throughput", url, &["All"]).await;
    play.desk.ok("SendMessage", message(url, "group3", Some("same-dedup"), "Test3")).await;
    play.received("same-dedup-different-grp-regular-throughput", url, json!({})).await;
    play
}

async fn one_received(case: Case) -> (Play, String, Value) {
    let (mut play, url) = Play::fifo(case, json!({ "VisibilityTimeout": "1", "ContentBasedDeduplication": "True" })).await;
    play.desk.post(&url, "1", "foobar").await;
    let got = play.received("received_sqs_message", &url, json!({})).await;
    let handle = got["Messages"][0]["ReceiptHandle"].clone();
    (play, url, handle)
}

pub async fn deleted_late(case: Case) -> Play {
    let (mut play, url, handle) = one_received(case).await;
    play.desk.advance(1).await;
    play.shot("delete_after_timeout_fifo", "DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": handle })).await;
    play
}

pub async fn deleted_in_time(case: Case) -> Play {
    let (mut play, url, handle) = one_received(case).await;
    play.desk.ok("ChangeMessageVisibility", json!({ "QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 5 })).await;
    play.desk.advance(1).await;
    play.desk.ok("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": handle })).await;
    play.received("delete_after_timeout_fifo_extended", &url, json!({})).await;
    play
}

/// Which of three messages stays hidden for longer: names count the ones that are visible, or are older ones for the same.
pub async fn group_hidden(case: Case) -> Play {
    let position = match case.argument.as_str() {
        "0-visible" | "all-invisible" => 0,
        "1-visible" | "1-invisible" => 1,
        "2-visible" | "no-invisible" => 2,
        other => panic!("{other}"),
    };
    let (mut play, url) = Play::fifo(case, json!({ "VisibilityTimeout": "2" })).await;
    for body in ["foo", "bar", "baz"] {
        play.desk.ok("SendMessage", message(&url, "1", Some(body), body)).await;
    }
    let got = play.received("receive_all_messages", &url, json!({ "MaxNumberOfMessages": 5 })).await;
    let handle = &got["Messages"][position]["ReceiptHandle"];
    play.desk.ok("ChangeMessageVisibility", json!({ "QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 6 })).await;
    play.desk.advance(4).await;
    play.received("some-messages-invisible", &url, json!({ "MaxNumberOfMessages": 5 })).await;
    play
}
