//! Event source mappings: batches, windows, filters, failures, throttles, and when a queue is looked into.

use crate::desk::Desk;
use kit::{ClockMode, ports::QueueAttribute};
use serde_json::{Value, json};

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:orders";

async fn desk(more: Value) -> (Desk, String) {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.world.queues.make(QUEUE, 30);
    desk.function("f", json!({})).await;
    let uuid = map(&desk, more).await;
    (desk, uuid)
}

async fn map(desk: &Desk, more: Value) -> String {
    let mut input = json!({ "FunctionName": "f", "EventSourceArn": QUEUE });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.ok("CreateEventSourceMapping", input).await["UUID"].as_str().unwrap().to_owned()
}

fn send(desk: &Desk, body: &str) -> String {
    desk.world.queues.send(QUEUE, body, &[], Vec::new())
}

/// The bodies of each batch that the function saw.
fn batches(desk: &Desk) -> Vec<Vec<String>> {
    let body = |record: &Value| record["body"].as_str().unwrap().to_owned();
    let bodies = |event: &Value| event["Records"].as_array().unwrap().iter().map(body).collect();
    events(desk).iter().map(bodies).collect()
}

fn events(desk: &Desk) -> Vec<Value> {
    desk.lines().iter().filter_map(|line| line.strip_prefix("event ")).map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[tokio::test]
async fn messages_become_events_and_are_deleted() {
    let (desk, _) = desk(json!({})).await;
    let title = QueueAttribute { name: "Title".into(), kind: "String".into(), value: "The Whistler".into() };
    let id = desk.world.queues.send(QUEUE, "hello", &[("SenderId", "me")], vec![title]);
    desk.settle().await;
    let record = &events(&desk)[0]["Records"][0];
    assert_eq!(
        (&record["messageId"], &record["body"], &record["eventSource"], &record["eventSourceARN"], &record["awsRegion"]),
        (&json!(id), &json!("hello"), &json!("aws:sqs"), &json!(QUEUE), &json!("us-east-1"))
    );
    assert_eq!(record["attributes"], json!({ "SenderId": "me", "ApproximateReceiveCount": "1" }));
    let title = json!({ "Title": { "stringValue": "The Whistler", "stringListValues": [], "binaryListValues": [], "dataType": "String" } });
    assert_eq!(record["messageAttributes"], title);
    assert!(desk.world.queues.left(QUEUE).is_empty(), "what was dealt with is deleted");
}

#[tokio::test]
async fn a_batch_has_at_most_its_size() {
    let (desk, uuid) = desk(json!({ "BatchSize": 2, "Enabled": false })).await;
    let _ = ["a", "b", "c"].map(|body| send(&desk, body));
    desk.settle().await;
    assert!(batches(&desk).is_empty(), "a mapping that is disabled does not poll");
    let state = |uuid: String| {
        let desk = &desk;
        async move { desk.ok("GetEventSourceMapping", json!({ "UUID": uuid })).await["State"].clone() }
    };
    assert_eq!(state(uuid.clone()).await, "Disabled");
    desk.ok("UpdateEventSourceMapping", json!({ "UUID": uuid, "Enabled": true })).await;
    desk.settle().await;
    let mut sizes: Vec<usize> = batches(&desk).iter().map(Vec::len).collect();
    sizes.sort();
    assert_eq!(sizes, [1, 2]);
    assert_eq!(state(uuid.clone()).await, "Enabled");
    desk.ok("DeleteEventSourceMapping", json!({ "UUID": uuid })).await;
    send(&desk, "late");
    desk.settle().await;
    assert_eq!(desk.world.queues.left(QUEUE), ["late"]);
}

#[tokio::test]
async fn a_window_gathers_until_it_is_over_or_the_batch_is_full() {
    let (desk, _) = desk(json!({ "BatchSize": 3, "MaximumBatchingWindowInSeconds": 5 })).await;
    send(&desk, "a");
    desk.advance(2).await;
    send(&desk, "b");
    desk.advance(2).await;
    assert!(batches(&desk).is_empty());
    desk.advance(1).await;
    assert_eq!(batches(&desk), [["a", "b"]]);
    let _ = ["c", "d", "e"].map(|body| send(&desk, body));
    desk.settle().await;
    assert_eq!(batches(&desk)[1], ["c", "d", "e"], "a full batch does not wait");
}

#[tokio::test]
async fn what_fails_comes_back_when_its_visibility_ends() {
    let (desk, _) = desk(json!({})).await;
    send(&desk, "fail");
    desk.advance(29).await;
    assert_eq!(batches(&desk).len(), 1);
    desk.advance(1).await;
    assert_eq!(batches(&desk).len(), 2);
    assert_eq!(events(&desk)[1]["Records"][0]["attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(desk.world.queues.left(QUEUE), ["fail"]);
}

#[tokio::test]
async fn only_reported_messages_come_back() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.world.queues.make(QUEUE, 30);
    desk.function("f", json!({ "Environment": { "Variables": { "REPORT": "1" } } })).await;
    let mapping = json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumBatchingWindowInSeconds": 1 });
    map(&desk, mapping).await;
    let _ = ["good", "bad", "fine"].map(|body| send(&desk, body));
    desk.advance(1).await;
    assert_eq!(batches(&desk), [["good", "bad", "fine"]]);
    assert_eq!(desk.world.queues.left(QUEUE), ["bad"]);
}

#[tokio::test]
async fn what_a_filter_does_not_want_is_deleted_unseen() {
    let pattern = json!({ "body": { "size": [{ "numeric": [">", 10] }] } }).to_string();
    let (desk, uuid) = desk(json!({ "FilterCriteria": { "Filters": [{ "Pattern": pattern }] } })).await;
    let _ = [r#"{"size":11}"#, r#"{"size":9}"#, "text"].map(|body| send(&desk, body));
    desk.settle().await;
    assert_eq!(batches(&desk), [[r#"{"size":11}"#]]);
    assert!(desk.world.queues.left(QUEUE).is_empty());
    let shown = desk.ok("GetEventSourceMapping", json!({ "UUID": uuid })).await;
    assert_eq!(shown["FilterCriteria"], json!({ "Filters": [{ "Pattern": pattern }] }));
    desk.ok("UpdateEventSourceMapping", json!({ "UUID": uuid, "FilterCriteria": {} })).await;
    send(&desk, "text");
    desk.settle().await;
    assert_eq!(batches(&desk)[1], ["text"]);
}

#[tokio::test]
async fn a_throttled_batch_is_tried_again_while_its_messages_are_hidden() {
    let (desk, _) = desk(json!({})).await;
    let reserve = |n: i32| json!({ "FunctionName": "f", "ReservedConcurrentExecutions": n });
    desk.ok("PutFunctionConcurrency", reserve(0)).await;
    send(&desk, "a");
    desk.advance(3).await;
    assert!(batches(&desk).is_empty());
    desk.ok("PutFunctionConcurrency", reserve(5)).await;
    desk.advance(4).await;
    let seen = events(&desk);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["Records"][0]["attributes"]["ApproximateReceiveCount"], "1", "it never went back to the queue");
    assert!(desk.world.queues.left(QUEUE).is_empty());
}

#[tokio::test]
async fn what_a_mapping_must_not_say() {
    let (desk, uuid) = desk(json!({})).await;
    desk.function("slow", json!({ "Timeout": 60 })).await;
    let create = |more: Value| {
        let mut input = json!({ "FunctionName": "f", "EventSourceArn": QUEUE });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    let gone = "arn:aws:sqs:us-east-1:000000000000:gone";
    let cases = [
        (json!({}), 409, &*format!("Please update or delete the existing mapping with UUID {uuid}")),
        (json!({ "FunctionName": "missing" }), 400, "Function does not exist"),
        (json!({ "EventSourceArn": gone }), 400, "The specified queue does not exist."),
        (json!({ "FunctionName": "slow" }), 400, "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"),
        (json!({ "EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s" }), 501, "event source mappings of kinesis"),
        (json!({ "EventSourceArn": "arn:aws:s3:::b" }), 400, "Unrecognized event source."),
        (json!({ "StartingPosition": "LATEST" }), 400, "Unsupported StartingPosition parameter for given event source mapping type."),
        (json!({ "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k" }), 501, "KMSKeyArn"),
        (json!({ "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:forbidden" }), 400, "permissions to call ReceiveMessage on SQS"),
        (json!({ "ScalingConfig": { "MaximumConcurrency": 1 } }), 400, "greater than or equal to 2"),
    ];
    for (more, status, text) in cases {
        let fault = desk.call("CreateEventSourceMapping", create(more.clone())).await.expect_err(text);
        assert_eq!(fault.status, status, "{more}: {fault}");
        assert!(fault.message.contains(text), "{more}: {fault}");
    }
    let listed = desk.ok("ListEventSourceMappings", json!({ "FunctionName": "f", "EventSourceArn": QUEUE })).await;
    assert_eq!(listed["EventSourceMappings"][0]["UUID"], *uuid);
}

#[tokio::test]
async fn a_loop_through_a_queue_is_stopped() {
    let (desk, _) = desk(json!({})).await;
    let events = || batches(&desk).len();
    let mut lineage = String::new();
    for round in 0..20 {
        let header = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0{lineage}");
        desk.world.queues.send(QUEUE, "again", &[("AWSTraceHeader", &header)], Vec::new());
        desk.settle().await;
        if events() == round {
            assert_eq!(round, 16, "rounds before the loop is stopped");
            return;
        }
        // What the function sends on carries the header that it was given.
        let told = desk.world.trace_of_last();
        lineage = told.split(';').find(|field| field.starts_with("Lineage=")).map(|field| format!(";{field}")).unwrap();
    }
    panic!("the loop went on");
}
