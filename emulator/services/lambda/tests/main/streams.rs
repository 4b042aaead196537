//! Answers that stream: as AWS's event stream, gathered where the caller doesn't stream, and through function URLs.

use crate::{
    desk::{Desk, base64},
    server::{Ask, Server},
};
use serde_json::{Value, json};
use wire::event_stream::Message;

/// The messages of InvokeWithResponseStream, read as an SDK does, off the wire of a gateway.
async fn messages(desk: &Desk, name: &str, event: &str, tail: bool) -> Vec<Message> {
    let server = Server::new(desk).await;
    let log: &[(&str, &str)] = if tail { &[("x-amz-log-type", "Tail")] } else { &[] };
    let target = format!("/2021-11-15/functions/{name}/response-streaming-invocations");
    let (head, body) =
        server.send(Ask { method: "POST", target: &target, headers: log, body: event, signed: true, ..Ask::default() }).await;
    assert!(head.starts_with("http/1.1 200"), "{head} {}", String::from_utf8_lossy(&body));
    assert!(head.contains("content-type: application/vnd.amazon.eventstream"), "{head}");
    assert!(head.contains("x-amz-executed-version: $latest"), "{head}");
    let (mut messages, mut rest) = (Vec::new(), &body[..]);
    while let Some((message, length)) = Message::decode(rest).unwrap() {
        messages.push(message);
        rest = &rest[length..];
    }
    assert!(rest.is_empty());
    messages
}

fn text(messages: &[Message]) -> String {
    let chunks = messages.iter().filter(|m| m.text(":event-type") == Some("PayloadChunk"));
    chunks.map(|m| String::from_utf8_lossy(&m.payload).into_owned()).collect()
}

fn complete(messages: &[Message]) -> Value {
    let last = messages.last().unwrap();
    assert_eq!((last.text(":event-type"), last.text(":message-type")), (Some("InvokeComplete"), Some("event")));
    serde_json::from_slice(&last.payload).unwrap()
}

#[tokio::test]
async fn an_answer_streams_in_chunks() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let told = messages(&desk, "f", "\"stream-pause\"", true).await;
    assert_eq!(told.len(), 3, "two chunks as they were written, and the end");
    assert_eq!(text(&told), "first second");
    let end = complete(&told);
    assert!(end["ErrorCode"].is_null(), "{end}");
    let log = String::from_utf8(crate::desk::decode(end["LogResult"].as_str().unwrap())).unwrap();
    assert!(log.contains("REPORT RequestId: "), "{log}");
    // A function that doesn't stream gives one chunk.
    let told = messages(&desk, "f", "{\"a\":1}", false).await;
    assert!(text(&told).starts_with("{\"event\":{\"a\":1}"), "{told:?}");
    assert_eq!(complete(&told), json!({}));
    // A caller that doesn't stream gets it whole.
    let done = desk.ok("Invoke", json!({ "FunctionName": "f", "Payload": base64(b"\"stream\"") })).await;
    assert_eq!(crate::desk::decode(done["Payload"].as_str().unwrap()), b"first second");
}

#[tokio::test]
async fn errors_end_a_stream() {
    let desk = Desk::new().await;
    desk.function("f", json!({ "Timeout": 1 })).await;
    let told = messages(&desk, "f", "\"stream-fail\"", false).await;
    let end = complete(&told);
    assert_eq!(
        (text(&told).as_str(), &end["ErrorCode"], &end["ErrorDetails"]),
        ("first second", &json!("Broken"), &json!("{\"errorType\":\"Broken\"}"))
    );
    for (event, kind) in [("\"fail\"", "Boom"), ("\"hang\"", "Sandbox.Timedout"), ("\"exit\"", "Runtime.ExitError")] {
        let told = messages(&desk, "f", event, false).await;
        assert_eq!((text(&told).as_str(), &complete(&told)["ErrorCode"]), ("", &json!(kind)), "{event}");
    }
    let done = desk.ok("Invoke", json!({ "FunctionName": "f", "Payload": base64(b"\"stream-fail\"") })).await;
    assert_eq!(done["FunctionError"], "Unhandled");
}
