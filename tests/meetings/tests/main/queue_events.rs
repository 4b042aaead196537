//! What Lambda's mappings of queues hand to functions, held against what was recorded of AWS: a real queue, a real mapping, a closure.
//!
//! The recordings hold the mapping as it was created, the events as a function passed them on, and what ended in the dead-letter queue.
//! Functions there wrapped their events in a message to a further queue; what is compared is the event inside. Members that are null are as good
//! as missing: some of the recorded functions wrote them so.

use crate::square::{ACCOUNT, Square};
use lambda::in_process::{HandlerError, Invocation};

use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};

/// What the function does with an event besides remembering it.
type Does = fn(&Value) -> Result<Value, HandlerError>;

/// A queue with a function behind it, and what it got.
struct Line {
    square: Square,
    seen: Arc<Mutex<Vec<Value>>>,
    url: String,
    arn: String,
}

impl Line {
    async fn new(does: Does, attributes: Value) -> Line {
        let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
        let lambda = lambda::Lambda::new();
        let noted = seen.clone();
        let closure = move |event: Value, _: Invocation| {
            noted.lock().unwrap().push(event.clone());
            async move { does(&event) }
        };
        lambda.register("reads", closure).unwrap();
        let square = Square::with(lambda).await;
        let name = if attributes["FifoQueue"] == "true" { "line.fifo" } else { "line" };
        square.ok("sqs", "CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
        square.function("f", "reads", json!({})).await;
        let statement = json!({ "Effect": "Allow", "Action": "sqs:*", "Resource": "*" });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        square.ok("iam", "PutRolePolicy", json!({ "RoleName": "role-of-f", "PolicyName": "reads", "PolicyDocument": document })).await;
        Line {
            square,
            seen,
            url: format!("http://127.0.0.1:4566/{ACCOUNT}/{name}"),
            arn: format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"),
        }
    }

    /// With a queue for what fails twice.
    async fn with_dead_letters(does: Does, mut attributes: Value, most: u32) -> Line {
        let fifo = attributes["FifoQueue"] == "true";
        let dead = if fifo { "dead.fifo" } else { "dead" };
        let policy = json!({ "deadLetterTargetArn": format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{dead}"), "maxReceiveCount": most });
        attributes["RedrivePolicy"] = json!(policy.to_string());
        let line = Line::new(does, json!({})).await;
        let own = if fifo { json!({ "FifoQueue": "true" }) } else { json!({}) };
        line.square.ok("sqs", "CreateQueue", json!({ "QueueName": dead, "Attributes": own })).await;
        let name = if fifo { "source.fifo" } else { "source" };
        line.square.ok("sqs", "CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
        Line { url: format!("http://127.0.0.1:4566/{ACCOUNT}/{name}"), arn: format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"), ..line }
    }

    async fn map(&self, more: Value) -> Value {
        let mut input = json!({ "FunctionName": "f", "EventSourceArn": self.arn });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.square.ok("lambda", "CreateEventSourceMapping", input).await
    }
    async fn send(&self, body: &str, more: Value) -> Value {
        let mut input = json!({ "QueueUrl": self.url, "MessageBody": body });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.square.ok("sqs", "SendMessage", input).await
    }
    /// Time goes on until the mapping polls and its window ends.
    async fn goes_on(&self, secs: u64) -> Vec<Value> {
        self.square.settle().await;
        self.square.advance(secs).await;
        self.square.settle().await;
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

fn succeeds(_: &Value) -> Result<Value, HandlerError> {
    Ok(Value::Null)
}
fn fails(_: &Value) -> Result<Value, HandlerError> {
    Err(HandlerError::new("Exception", "failed attempt"))
}

/// All recordings of the file under their tests' names; `None` where they are not beside the checkout.
fn recordings() -> Option<Map<String, Value>> {
    let all = fakes::recorded::recordings("lambda_/event_source_mapping/test_lambda_integration_sqs")?;
    Some(all.into_iter().map(|(name, told)| (name.rsplit("::").next().unwrap().to_owned(), told["recorded-content"].clone())).collect())
}

/// Recorded values that were written as the names of what they stand for, made placeholders that stand for one text each.
fn with_places(value: &Value, count: &mut usize) -> Value {
    match value {
        Value::Object(object) => {
            let kept = object.iter().filter(|(name, value)| !value.is_null() && *name != "ResponseMetadata");
            kept.map(|(name, value)| (name.clone(), with_places(value, count))).collect()
        }
        Value::Array(list) => list.iter().map(|value| with_places(value, count)).collect(),
        Value::String(text) if matches!(text.as_str(), "sent-timestamp" | "<approximate-first-receive-timestamp>" | "<datetime>") => {
            *count += 1;
            json!(format!("<moment:{count}>"))
        }
        Value::String(text) if text == "sender-id" || text.starts_with("<sender-id") => json!("<sender>"),
        other => other.clone(),
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            object.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

#[track_caller]
fn alike(test: &str, recorded: &Value, ours: &Value) {
    let recorded = with_places(recorded, &mut 0);
    let differences = fakes::recorded::differences(&recorded, &without_nulls(ours), &[]);
    assert!(differences.is_empty(), "{test}\n{}", differences.join("\n"));
}

/// The event inside a message by which a recorded function told of it.
fn inside(step: &Value) -> &Value {
    &step["Messages"][0]["Body"]["event"]
}

/// A body as it was sent: recordings hold JSON parsed.
fn sent(body: &Value) -> String {
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}

#[tokio::test]
async fn filters_let_through_what_was_recorded() {
    let Some(all) = recordings() else { return };
    let mut played = 0;
    for (test, recorded) in
        all.iter().filter(|(name, told)| name.starts_with("test_sqs_event_filter[") && told["invocation_events"].is_array())
    {
        let line = Line::new(succeeds, json!({})).await;
        // A pattern is text on the wire.
        let filters = recorded["create_event_source_mapping_response"]["FilterCriteria"]["Filters"].as_array().unwrap();
        let filters: Vec<Value> = filters.iter().map(|filter| json!({ "Pattern": filter["Pattern"].to_string() })).collect();
        let made = line.map(json!({ "FilterCriteria": { "Filters": filters }, "MaximumBatchingWindowInSeconds": 1 })).await;
        let matching = &recorded["invocation_events"][0]["Records"][0]["body"];
        line.send(&json!({ "nothing": "that matches" }).to_string(), json!({})).await;
        line.send("this is a test string", json!({})).await;
        line.send(&sent(matching), json!({})).await;
        let events = line.goes_on(2).await;
        alike(test, recorded, &json!({ "create_event_source_mapping_response": made, "invocation_events": events }));
        assert!(line.square.messages("line").await.is_empty(), "what no filter wants is deleted");
        played += 1;
    }
    assert_eq!(played, 22);
}

#[tokio::test]
async fn an_event_is_as_recorded_and_goes_to_the_function_that_the_mapping_names() {
    let Some(all) = recordings() else { return };
    let line = Line::new(succeeds, json!({})).await;
    let made = line.map(json!({ "MaximumBatchingWindowInSeconds": 1 })).await;
    line.send(&json!({ "foo": "bar" }).to_string(), json!({})).await;
    let events = line.goes_on(2).await;
    alike("mapping", &all["test_sqs_event_source_mapping"], &json!({ "create-event-source-mapping-response": made, "events": events }));

    // The version is the function's own affair; which one was called shows in the mapping.
    let mut recorded = all["test_sqs_event_source_mapping_update"].clone();
    for step in ["events", "events_postupdate"] {
        recorded[step] = recorded[step].as_array().unwrap().iter().map(|told| told["event"].clone()).collect();
    }
    let line = Line::new(succeeds, json!({})).await;
    let publish = json!({ "FunctionName": "f" });
    let first = line.square.ok("lambda", "PublishVersion", publish.clone()).await["FunctionArn"].clone();
    let made = line.square.ok(
        "lambda",
        "CreateEventSourceMapping",
        json!({ "FunctionName": first, "EventSourceArn": line.arn, "MaximumBatchingWindowInSeconds": 1 }),
    );
    let made = made.await;
    line.send(&json!({ "foo": "bar" }).to_string(), json!({})).await;
    let events = line.goes_on(2).await;
    line.square.ok("lambda", "UpdateFunctionConfiguration", json!({ "FunctionName": "f", "Description": "second" })).await;
    let second = line.square.ok("lambda", "PublishVersion", publish).await["FunctionArn"].clone();
    let updated = line.square.ok("lambda", "UpdateEventSourceMapping", json!({ "UUID": made["UUID"], "FunctionName": second })).await;
    line.square.advance(60).await;
    let standing = line.square.ok("lambda", "GetEventSourceMapping", json!({ "UUID": made["UUID"] })).await;
    // The recorded list of events after the update has the one before it, too.
    line.send(&sent(&recorded["events_postupdate"][1]["Records"][0]["body"]), json!({})).await;
    let mut later = events.clone();
    later.extend(line.goes_on(2).await);
    let ours = json!({
        "create-event-source-mapping-response": made, "events": events, "updated_esm": updated,
        "updated_event_source_mapping": standing, "events_postupdate": later,
    });
    alike("update", &recorded, &ours);
}

#[tokio::test]
async fn attributes_and_failures_reach_the_function_as_recorded() {
    let Some(all) = recordings() else { return };
    let line = Line::new(succeeds, json!({})).await;
    line.map(json!({ "BatchSize": 1 })).await;
    let text = |kind: &str, value: &str| json!({ "DataType": kind, "StringValue": value });
    let attributes =
        json!({ "Title": text("String", "The Whistler"), "Author": text("String", "John Grisham"), "WeeksOn": text("Number", "6") });
    let test = "test_message_body_and_attributes_passed_correctly";
    let body = json!({ "destination": "there", "fail_attempts": 0 }).to_string();
    line.send(&body, json!({ "MessageAttributes": attributes })).await;
    let events = line.goes_on(2).await;
    let mut recorded = inside(&all[test]["first_attempt"]).clone();
    recorded["Records"][0]["body"] = json!(body);
    alike(test, &recorded, &events[0]);

    let test = "test_failing_lambda_retries_after_visibility_timeout";
    let line = Line::new(
        |event| if event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1" { fails(event) } else { succeeds(event) },
        json!({ "VisibilityTimeout": "30" }),
    )
    .await;
    let made = line.map(json!({ "BatchSize": 1 })).await;
    line.send(&body, json!({})).await;
    let first = line.goes_on(5).await;
    assert!(line.goes_on(20).await.is_empty(), "it is not seen before its time");
    let second = line.goes_on(20).await;
    let mut recorded = json!({ "first": inside(&all[test]["first_attempt"]), "second": inside(&all[test]["second_attempt"]) });
    for step in ["first", "second"] {
        recorded[step]["Records"][0]["body"] = json!(body);
    }
    alike(test, &recorded, &json!({ "first": first[0], "second": second[0] }));
    let standing = line.square.ok("lambda", "GetEventSourceMapping", json!({ "UUID": made["UUID"] })).await;
    alike(test, &all[test]["event_source_mapping"], &standing);
    assert!(line.square.messages("line").await.is_empty());
}

/// What lies in the dead-letter queue, as ReceiveMessage tells of it.
async fn dead(line: &Line, name: &str) -> Vec<Value> {
    let messages = line.square.messages(name).await;
    let told = |message: &Value| {
        let members = ["Body", "MD5OfBody", "MessageId", "ReceiptHandle"];
        members.iter().map(|member| ((*member).to_owned(), message[*member].clone())).collect::<Value>()
    };
    messages.iter().map(told).collect()
}

#[tokio::test]
async fn what_fails_too_often_is_a_dead_letter_as_recorded() {
    let Some(all) = recordings() else { return };
    let body = json!({ "destination": "there", "fail_attempts": 2 }).to_string();
    let invalid: Does = |_| Ok(json!({ "batchItemFailures": [{ "foo": "notvalid" }] }));
    let cases: [(&str, [&str; 2], Does, Value, String); 2] = [
        ("test_redrive_policy_with_failing_lambda", ["first_attempt", "second_attempt"], fails, json!({}), body),
        (
            "test_report_batch_item_failures_invalid_result_json_batch_fails",
            ["first_invocation", "second_invocation"],
            invalid,
            json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] }),
            json!({ "message": 1, "fail_attempts": 0 }).to_string(),
        ),
    ];
    for (test, steps, does, more, body) in cases {
        let line = Line::with_dead_letters(does, json!({ "VisibilityTimeout": "10" }), 2).await;
        line.map(more).await;
        line.send(&body, json!({})).await;
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.extend(line.goes_on(10).await);
        }
        assert_eq!(seen.len(), 2, "{test}");
        let mut recorded: Vec<Value> = steps.iter().map(|step| inside(&all[test][*step]).clone()).collect();
        recorded.iter_mut().for_each(|event| event["Records"][0]["body"] = json!(body));
        let mut letters = all[test]["dlq_response"]["Messages"].clone();
        letters[0]["Body"] = json!(body);
        alike(test, &json!([recorded, letters]), &json!([seen, dead(&line, "dead").await]));
    }
    // One letter that is no JSON, which the function failed on, and with it the rest of its batch.
    let test = "test_report_batch_item_failures_on_lambda_error";
    let line = Line::with_dead_letters(fails, json!({ "VisibilityTimeout": "10" }), 2).await;
    line.map(json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] })).await;
    let letters = &all[test]["dlq_messages"];
    for letter in letters.as_array().unwrap() {
        line.send(&sent(&letter["Body"]), json!({})).await;
    }
    for _ in 0..4 {
        line.goes_on(10).await;
    }
    let mut ours = dead(&line, "dead").await;
    ours.sort_by_key(|letter| letter["Body"].as_str().unwrap().contains("fail_attempts"));
    alike(test, letters, &json!(ours));
}

#[tokio::test]
async fn an_answer_without_failures_deletes_the_batch() {
    let Some(all) = recordings() else { return };
    let test = "test_report_batch_item_failures_empty_json_batch_succeeds";
    let line = Line::with_dead_letters(|_| Ok(json!({})), json!({ "VisibilityTimeout": "10" }), 1).await;
    line.map(json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] })).await;
    let body = json!({ "message": 1, "fail_attempts": 0 }).to_string();
    line.send(&body, json!({})).await;
    let seen = line.goes_on(40).await;
    let mut recorded = inside(&all[test]["first_invocation"]).clone();
    recorded["Records"][0]["body"] = json!(body);
    alike(test, &json!([recorded]), &json!(seen));
    assert!(line.square.messages("dead").await.is_empty() && line.square.messages("source").await.is_empty());
}

/// Fails those that are to fail as often as the event says they were tried.
fn partly(event: &Value) -> Result<Value, HandlerError> {
    let records = event["Records"].as_array().unwrap();
    let failed = records.iter().filter(|record| {
        let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
        let tried: i64 = record["attributes"]["ApproximateReceiveCount"].as_str().unwrap().parse().unwrap();
        body["fail_attempts"].as_i64().unwrap() >= tried
    });
    let items: Vec<Value> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
    Ok(json!({ "batchItemFailures": items }))
}

#[tokio::test]
async fn parts_of_a_batch_that_fail_come_again_in_their_order() {
    let Some(all) = recordings() else { return };
    let test = "test_report_batch_item_failures";
    let recorded = &all[test];
    let line = Line::with_dead_letters(partly, json!({ "FifoQueue": "true", "VisibilityTimeout": "10" }), 2).await;
    let entries: Vec<Value> = [0, 1, 1, 2].iter().enumerate().map(|(index, attempts)| {
        let n = index + 1;
        let body = json!({ "message": n, "fail_attempts": attempts }).to_string();
        json!({ "Id": format!("message-{n}"), "MessageBody": body, "MessageGroupId": "1", "MessageDeduplicationId": format!("dedup-{n}") })
    }).collect();
    let batch = line.square.ok("sqs", "SendMessageBatch", json!({ "QueueUrl": line.url, "Entries": entries })).await;
    let made = line.map(json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"], "BatchSize": 10 })).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.extend(line.goes_on(10).await);
    }
    let events = json!([inside(&recorded["first_invocation"]), inside(&recorded["second_invocation"])]);
    let wanted =
        json!([recorded["send_message_batch"], recorded["create_event_source_mapping"], events, recorded["dlq_response"]["Messages"]]);
    alike(test, &wanted, &json!([{ "Successful": batch["Successful"] }, made, seen, dead(&line, "dead.fifo").await]));
}

#[tokio::test]
async fn batches_are_as_large_as_recorded() {
    let Some(all) = recordings() else { return };
    let mut played = 0;
    for (test, recorded) in all.iter().filter(|(name, _)| name.starts_with("test_sqs_event_source_mapping_batch_size[")) {
        let line = Line::new(succeeds, json!({})).await;
        let size: u32 = test.split(['[', ']']).nth(1).unwrap().parse().unwrap();
        let made = line.map(json!({ "BatchSize": size, "MaximumBatchingWindowInSeconds": 10 })).await;
        let mut sent = Vec::new();
        for (batch, count) in [(0, 10), (1, 5)] {
            let entries: Vec<Value> =
                (0..count).map(|n| json!({ "Id": format!("{n}-{batch}"), "MessageBody": format!("{n}-{batch}-message-{n}") })).collect();
            sent.push(
                line.square.ok("sqs", "SendMessageBatch", json!({ "QueueUrl": line.url, "Entries": entries })).await["Successful"].clone(),
            );
        }
        let events = line.goes_on(11).await;
        assert_eq!(events.len(), 1, "{test}: one batch");
        let by_body = |records: &Value| {
            let mut records = records.as_array().unwrap().clone();
            records.sort_by_key(|record| record["body"].as_str().unwrap().to_owned());
            json!(records)
        };
        let mut recorded = recorded.clone();
        recorded["create-event-source-mapping-response"]["MaximumBatchingWindowInSeconds"] = json!(10);
        let mut wanted = json!([recorded["create-event-source-mapping-response"], by_body(&recorded["Records"])]);
        wanted[1].as_array_mut().unwrap().iter_mut().for_each(|record| record["body"] = json!(record["body"].as_str().unwrap()));
        alike(test, &wanted, &json!([made, by_body(&events[0]["Records"])]));
        alike(test, &recorded["send-message-batch-result-10"]["Successful"], &sent[0]);
        alike(test, &recorded["send-message-batch-result-5"]["Successful"], &sent[1]);
        played += 1;
    }
    assert_eq!(played, 4);
}

#[tokio::test]
async fn an_event_that_failed_lies_in_the_functions_dead_letter_queue() {
    let Some(all) = recordings() else { return };
    let test = "test_sqs_queue_as_lambda_dead_letter_queue";
    let line = Line::new(|_| Err(HandlerError::new("Exception", "Test exception (this is intentional)")), json!({})).await;
    let change = json!({ "FunctionName": "f", "DeadLetterConfig": { "TargetArn": line.arn } });
    let changed = line.square.ok("lambda", "UpdateFunctionConfiguration", change).await;
    let settings = json!({ "FunctionName": "f", "MaximumRetryAttempts": 0 });
    line.square.ok("lambda", "PutFunctionEventInvokeConfig", settings).await;
    let payload = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, json!({ "raise_error": 1 }).to_string());
    line.square.ok("lambda", "Invoke", json!({ "FunctionName": "f", "InvocationType": "Event", "Payload": payload })).await;
    let mut messages = line.square.messages("line").await;
    messages.iter_mut().for_each(|message| drop(message.as_object_mut().unwrap().remove("Attributes")));
    let ours = json!({ "lambda-response-dlq-config": changed["DeadLetterConfig"], "messages": { "Messages": messages } });
    alike(test, &all[test], &ours);
}
