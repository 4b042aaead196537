//! Messages of standard queues.

use super::play::{Case, Play};
use crate::desk::arn;
use kit::Source;
use serde_json::{Value, json};

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

pub async fn most(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.received("send_max_number_of_messages", &url, json!({ "MaxNumberOfMessages": 11 })).await;
    play
}

pub async fn oversized(case: Case, most: usize) -> Play {
    let (mut play, url) = Play::queue(case, json!({ "MaximumMessageSize": most.to_string() })).await;
    play.desk.send(&url, &"a".repeat(most)).await;
    let attributes = json!({ "k": { "DataType": "String", "StringValue": "x" } });
    let input = json!({ "QueueUrl": url, "MessageBody": "a".repeat(most - 8 + 1), "MessageAttributes": attributes });
    play.shot("send_oversized_message", "SendMessage", input).await;
    play
}

pub async fn binary(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let value = "dHJhY2VwYXJlbnQeMDAtNzc0MDYyZDZjMzcwODFhNWEwYjliNWI4OGUzMDYyN2MtMmQyNDgyMjExZjY0ODlkYS0wMQ==";
    let attributes = json!({ "attr1": { "DataType": "Binary", "BinaryValue": value } });
    play.desk.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "test", "MessageAttributes": attributes })).await;
    let mut got = play.see("ReceiveMessage", json!({ "QueueUrl": url, "MessageAttributeNames": ["All"] })).await;
    let shown = &mut got["Messages"][0]["MessageAttributes"]["attr1"]["BinaryValue"];
    assert_eq!(*shown, value);
    // As Python writes the bytes.
    *shown = r"b'traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01'".into();
    play.keep("binary-attrs-msg", got);
    play
}

pub async fn empty_attribute(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let attributes = json!({ "ErrorDetails": { "DataType": "String", "StringValue": "" } });
    let input = json!({ "QueueUrl": url, "MessageBody": "test", "MessageAttributes": attributes });
    play.shot("empty-string-attr", "SendMessage", input).await;
    play
}

pub async fn empty(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.shot("send_empty_message", "SendMessage", json!({ "QueueUrl": url, "MessageBody": "" })).await;
    play
}

pub async fn waits(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.desk.send(&url, "message").await;
    play.desk.send(&url, "message").await;
    play.received("recieve_message_error_too_large", &url, json!({ "WaitTimeSeconds": 21 })).await;
    play.received("recieve_message_error_too_small", &url, json!({ "WaitTimeSeconds": -1 })).await;
    play.received("empty_short_poll_by_default_resp", &url, json!({ "MaxNumberOfMessages": 1 })).await;
    play.received("empty_short_poll_explicit_resp", &url, json!({ "MaxNumberOfMessages": 1, "WaitTimeSeconds": 0 })).await;
    play
}

pub async fn nothing(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.received("empty_short_poll_resp_no_param", &url, json!({})).await;
    play.received("empty_short_poll_resp", &url, json!({ "MaxNumberOfMessages": 1 })).await;
    play.received("empty_long_poll_resp", &url, json!({ "MaxNumberOfMessages": 1, "WaitTimeSeconds": 1 })).await;
    play
}

pub async fn attribute_names(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({ "VisibilityTimeout": "0" })).await;
    let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let attributes = json!({ "Help.Me": text("Me"), "Hello": text("There"), "General": text("Kenobi") });
    play.shot("send_message_response", "SendMessage", json!({ "QueueUrl": url, "MessageBody": "msg", "MessageAttributes": attributes }))
        .await;
    for (name, names, whole) in [
        ("empty_filter", json!([]), true),
        ("all_name", json!(["All"]), true),
        ("all_wildcard_asterisk", json!(["*"]), false),
        ("all_wildcard", json!([".*"]), false),
        ("only_non_existing_names", json!(["Foo", "Help"]), false),
        ("only_existing", json!(["Hello", "General"]), false),
        ("existing_and_non_existing", json!(["Foo", "Hello"]), false),
        ("prefix_filter", json!(["Hel.*"]), false),
        ("illegal_name_1", json!(["AWS."]), true),
        ("illegal_name_2", json!(["..foo"]), true),
    ] {
        let got = play.see("ReceiveMessage", json!({ "QueueUrl": url, "MessageAttributeNames": names })).await;
        play.keep(name, if whole { got } else { got["Messages"][0].clone() });
    }
    play
}

async fn with_foo(case: Case) -> (Play, String) {
    let (play, url) = Play::queue(case, json!({ "VisibilityTimeout": "0" })).await;
    let attributes = json!({ "Foo": { "DataType": "String", "StringValue": "Bar" } });
    play.desk.ok("SendMessage", json!({ "QueueUrl": url, "MessageBody": "msg", "MessageAttributes": attributes })).await;
    (play, url)
}

pub async fn system_names(case: Case, member: &str) -> Play {
    let (mut play, url) = with_foo(case).await;
    play.received("all_attributes", &url, json!({ member: ["All"] })).await;
    play.received("all_system_and_message_attributes", &url, json!({ member: ["All"], "MessageAttributeNames": ["All"] })).await;
    play.received("single_attribute", &url, json!({ member: ["SenderId"] })).await;
    play.received("multiple_attributes", &url, json!({ member: ["SenderId", "SequenceNumber"] })).await;
    play
}

pub async fn both_names(case: Case) -> Play {
    let (mut play, url) = with_foo(case).await;
    play.received("same_values", &url, json!({ "MessageSystemAttributeNames": ["All"], "AttributeNames": ["All"] })).await;
    play.received("different_values", &url, json!({ "MessageSystemAttributeNames": ["All"], "AttributeNames": ["SenderId"] })).await;
    play
}

pub async fn trace(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    let header = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1";
    let cx = play.desk.cx.child().with_source(Source { trace_header: Some(header.into()), ..Source::default() });
    let attributes = json!({ "timestamp": { "DataType": "Number", "StringValue": "1493147359900" } });
    let input = json!({ "QueueUrl": url, "MessageBody": "test", "MessageAttributes": attributes });
    play.desk.cloud.call_json(&cx, "sqs", "SendMessage", &input).await.unwrap();
    let input = json!({ "QueueUrl": url, "AttributeNames": ["SentTimestamp", "AWSTraceHeader"], "MessageAttributeNames": ["All"] });
    let mut got = play.see("ReceiveMessage", input).await["Messages"][0].take();
    // The recording replaces whatever is called timestamp.
    assert_eq!(got["MessageAttributes"]["timestamp"]["StringValue"], "1493147359900");
    got["MessageAttributes"]["timestamp"] = "timestamp".into();
    play.keep("xray-msg", got);
    play
}

pub async fn hidden_late(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({ "VisibilityTimeout": "1" })).await;
    play.desk.send(&url, "test").await;
    let got = play.desk.receive(&url).await;
    play.desk.advance(2).await;
    let input = json!({ "QueueUrl": url, "ReceiptHandle": got[0]["ReceiptHandle"], "VisibilityTimeout": 2 });
    play.shot("visibility_timeout_expired", "ChangeMessageVisibility", input).await;
    play
}

pub async fn deleted_late(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({ "VisibilityTimeout": "1" })).await;
    play.desk.send(&url, "foobar").await;
    let got = play.desk.receive(&url).await;
    play.desk.advance(1).await;
    play.desk.delete(&url, &got[0]).await;
    play.received("delete_after_timeout_queue_empty", &url, json!({})).await;
    play
}

pub async fn buried(case: Case) -> Play {
    let mut play = Play::new(case).await;
    let dead = play.desk.queue("dead", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    let url = play.desk.queue("queue", json!({ "RedrivePolicy": policy })).await;
    play.keep("dlq-arn", arn("dead").into());
    play.keep("sourcen-arn", arn("queue").into());
    let system = json!({ "AWSTraceHeader": { "DataType": "String", "StringValue": TRACE } });
    let attributes = json!({ "MyAttribute": { "DataType": "String", "StringValue": "foobar" } });
    let input = json!({ "QueueUrl": url, "MessageBody": "message-1", "MessageSystemAttributes": system, "MessageAttributes": attributes });
    play.desk.ok("SendMessage", input).await;
    play.desk.send(&url, "message-2").await;
    let mut before = Vec::new();
    for _ in 0..4 {
        let input = json!({ "QueueUrl": url, "VisibilityTimeout": 0, "AttributeNames": ["All"], "MessageAttributeNames": ["All"] });
        before.extend(play.desk.ok("ReceiveMessage", input).await["Messages"].as_array().cloned().unwrap_or_default());
    }
    play.keep("rec-pre-dlq", sorted(before));
    let after = play.desk.receive(&dead).await;
    play.keep("dlq-messages", sorted(after));
    play
}

/// By body, without who sent them.
fn sorted(mut messages: Vec<Value>) -> Value {
    messages.sort_by_key(|m| m["Body"].as_str().unwrap().to_owned());
    for message in &mut messages {
        message["Attributes"].as_object_mut().unwrap().remove("SenderId");
    }
    messages.into()
}

pub async fn fair(case: Case) -> Play {
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.shot("send_message", "SendMessage", json!({ "QueueUrl": url, "MessageBody": "message", "MessageGroupId": "test" })).await;
    play.received("get-message-with-deduplication-id", &url, json!({ "AttributeNames": ["All"] })).await;
    play
}

/// Ids that no queue takes.
pub fn bad_id(case: &Case) -> String {
    match case.argument.as_str() {
        "empty" => String::new(),
        "too_long" => "a".repeat(129),
        _ => "group 123".into(),
    }
}

pub async fn bad_group(case: Case) -> Play {
    let group = bad_id(&case);
    let (mut play, url) = Play::queue(case, json!({})).await;
    play.shot("error-response", "SendMessage", json!({ "QueueUrl": url, "MessageBody": "message", "MessageGroupId": group })).await;
    play
}
