//! StartLiveTail through the gateway's own way of answering: the messages of its stream.

use crate::desk::Desk;
use serde_json::{Value, json};
use wire::{ReplyBody, event_stream::Message};

const GROUP: &str = "arn:aws:logs:us-east-1:000000000000:log-group:g";

/// The kind of the next message, and what it carries.
async fn next(body: &mut wire::Body) -> (String, Value) {
    let bytes = body.next().await.unwrap().unwrap();
    let (message, taken) = Message::decode(&bytes).unwrap().unwrap();
    assert_eq!(taken, bytes.len());
    (message.text(":event-type").unwrap().to_owned(), serde_json::from_slice(&message.payload).unwrap())
}

#[tokio::test]
async fn events_come_as_they_are_written() {
    let desk = Desk::new().await;
    desk.group().await;
    let service = desk.cloud.service("logs").unwrap().clone();
    let op = service.schema().operations.iter().position(|op| op.name == "StartLiveTail").unwrap();
    let mut input = service.input(op);
    let given = json!({ "logGroupIdentifiers": [GROUP], "logEventFilterPattern": "ERROR", "logStreamNamePrefixes": ["s"] });
    wire::canonical::from_json(service.schema().operations[op].input, &given, input.structure_mut()).unwrap();
    let call = kit::Call { service, op, input, unknown: Vec::new() };
    let reply = desk.cloud.dispatch(&desk.cx.child(), call).await.unwrap();
    assert_eq!(reply.headers, [("content-type".to_owned(), "application/vnd.amazon.eventstream".to_owned())]);
    let ReplyBody::Stream(mut body) = reply.body else { panic!("no stream") };
    assert_eq!(next(&mut body).await, ("initial-response".into(), json!({})));
    let (kind, start) = next(&mut body).await;
    assert_eq!((kind.as_str(), &start["logGroupIdentifiers"]), ("sessionStart", &json!([GROUP])));
    desk.put(&[(0, "fine"), (1, "ERROR one")]).await;
    let (kind, update) = next(&mut body).await;
    assert_eq!((kind.as_str(), &update["sessionMetadata"]["sampled"]), ("sessionUpdate", &json!(false)));
    assert_eq!(update["sessionResults"].as_array().unwrap().len(), 1);
    assert_eq!(update["sessionResults"][0]["message"], "ERROR one");
    assert_eq!(update["sessionResults"][0]["logStreamName"], "s");
    assert_eq!(next(&mut body).await.1["sessionResults"], json!([]), "an update each second, and nothing twice");
    desk.settle().await;
}

#[tokio::test]
async fn what_can_not_be_tailed_is_refused() {
    let desk = Desk::new().await;
    desk.group().await;
    for (input, code) in [
        (json!({ "logGroupIdentifiers": ["g"] }), "InvalidParameterException"),
        (json!({ "logGroupIdentifiers": [format!("{GROUP}x")] }), "ResourceNotFoundException"),
        (json!({ "logGroupIdentifiers": [GROUP], "logStreamNames": ["s"], "logStreamNamePrefixes": ["s"] }), "InvalidParameterException"),
        (json!({ "logGroupIdentifiers": [GROUP], "logEventFilterPattern": "{" }), "InvalidParameterException"),
    ] {
        assert_eq!(desk.refused("StartLiveTail", input).await.0, code);
    }
}
