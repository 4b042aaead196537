//! Asynchronous invocation on a frozen clock: retries, age, back-off, destinations, dead letters.

use crate::desk::{Desk, base64};
use kit::ClockMode;
use serde_json::{Value, json};

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

async fn send(desk: &Desk, name: &str, event: Value) {
    let done = desk
        .ok("Invoke", json!({ "FunctionName": name, "InvocationType": "Event", "Payload": base64(event.to_string().as_bytes()) }))
        .await;
    assert_eq!(done["StatusCode"], 202);
}

fn runs(desk: &Desk) -> usize {
    desk.invocations().len()
}

#[tokio::test]
async fn a_failing_event_is_tried_three_times_and_dead_lettered() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({ "DeadLetterConfig": { "TargetArn": QUEUE } })).await;
    send(&desk, "f", json!("fail")).await;
    desk.settle().await;
    assert_eq!(runs(&desk), 1);
    desk.advance(59).await;
    assert_eq!(runs(&desk), 1);
    desk.advance(1).await;
    assert_eq!(runs(&desk), 2, "one minute later");
    desk.advance(119).await;
    assert_eq!(runs(&desk), 2);
    assert!(desk.world.sent.lock().is_empty());
    desk.advance(1).await;
    assert_eq!(runs(&desk), 3, "two minutes later");
    let sent = desk.world.sent.lock().clone();
    let ids: std::collections::HashSet<Value> = desk.invocations().iter().map(|r| r.detail["request_id"].clone()).collect();
    assert_eq!(ids.len(), 1, "retries keep the request id");
    let (arn, body, attributes) = &sent[0];
    assert_eq!((arn.as_str(), body.as_str()), (QUEUE, "\"fail\""));
    assert_eq!(attributes[0].1, *ids.iter().next().unwrap());
    assert_eq!(
        attributes[1..],
        [("ErrorCode:Number".to_owned(), "200".to_owned()), ("ErrorMessage".to_owned(), "it went wrong".to_owned())]
    );
    desk.advance(7200).await;
    assert_eq!((runs(&desk), desk.world.sent.lock().len()), (3, 1));
}

#[tokio::test]
async fn destinations_get_awss_record() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    desk.function("after", json!({})).await;
    let after = "arn:aws:lambda:us-east-1:000000000000:function:after";
    desk.ok("PutFunctionEventInvokeConfig", json!({ "FunctionName": "f", "MaximumRetryAttempts": 0, "DestinationConfig": { "OnSuccess": { "Destination": after }, "OnFailure": { "Destination": QUEUE } } })).await;
    send(&desk, "f", json!("fail")).await;
    desk.settle().await;
    let record: Value = serde_json::from_str(&desk.world.sent.lock()[0].1).unwrap();
    assert_eq!((&record["version"], &record["requestPayload"]), (&json!("1.0"), &json!("fail")));
    let context = &record["requestContext"];
    assert_eq!((&context["condition"], &context["approximateInvokeCount"]), (&json!("RetriesExhausted"), &json!(1)));
    assert_eq!(context["functionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST");
    assert_eq!(record["responseContext"], json!({ "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" }));
    assert_eq!(record["responsePayload"]["errorMessage"], "it went wrong");

    send(&desk, "f", json!({ "fine": 1 })).await;
    desk.settle().await;
    let last = desk.invocations().pop().unwrap();
    assert_eq!(&*last.resource, after);
    let line = desk.lines().into_iter().rfind(|l| l.starts_with("event {\"version\"")).expect("the destination saw the record");
    let record: Value = serde_json::from_str(line.strip_prefix("event ").unwrap()).unwrap();
    assert_eq!((&record["requestContext"]["condition"], &record["responsePayload"]["count"]), (&json!("Success"), &json!(2)));
}

#[tokio::test]
async fn the_role_must_be_able_to_reach_destinations() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    let to = |arn: &str| json!({ "FunctionName": "f", "DestinationConfig": { "OnSuccess": { "Destination": arn } } });
    let forbidden = "arn:aws:sns:us-east-1:000000000000:forbidden";
    for operation in ["PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"] {
        let fault = desk.call(operation, to(forbidden)).await.unwrap_err();
        assert_eq!(fault.message, format!("The function's execution role does not have permissions to call Publish on {forbidden}"));
    }
    desk.ok("PutFunctionEventInvokeConfig", to(QUEUE)).await;
}

#[tokio::test]
async fn an_event_that_would_be_too_old_is_not_tried_again() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    desk.ok(
        "PutFunctionEventInvokeConfig",
        json!({ "FunctionName": "f", "MaximumEventAgeInSeconds": 90, "DestinationConfig": { "OnFailure": { "Destination": QUEUE } } }),
    )
    .await;
    send(&desk, "f", json!("fail")).await;
    desk.advance(60).await;
    assert_eq!(runs(&desk), 2);
    let record: Value = serde_json::from_str(&desk.world.sent.lock()[0].1).unwrap();
    assert_eq!(
        (&record["requestContext"]["condition"], &record["requestContext"]["approximateInvokeCount"]),
        (&json!("EventAgeExceeded"), &json!(2))
    );
}

#[tokio::test]
async fn a_stopped_function_takes_no_events() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({ "DeadLetterConfig": { "TargetArn": QUEUE } })).await;
    desk.ok("PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 0 })).await;
    let fault = desk.call("Invoke", json!({ "FunctionName": "f" })).await.unwrap_err();
    assert_eq!(fault.status, 429);
    send(&desk, "f", json!({})).await;
    desk.settle().await;
    assert_eq!(runs(&desk), 0);
    assert_eq!(desk.world.sent.lock()[0].2[1], ("ErrorCode:Number".to_owned(), "429".to_owned()));
}

#[tokio::test]
async fn faults_of_the_service_are_backed_off_until_the_event_is_too_old() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({ "DeadLetterConfig": { "TargetArn": QUEUE } })).await;
    let rule = kit::FaultRule {
        service: Some("lambda".into()),
        operation: Some("Run".into()),
        error: Some("ServiceException".into()),
        times: Some(3),
        ..Default::default()
    };
    desk.cloud.faults().add(rule);
    send(&desk, "f", json!({})).await;
    desk.settle().await;
    assert_eq!(runs(&desk), 0);
    desk.advance(6).await;
    assert_eq!(runs(&desk), 0, "1, 2 and 4 seconds");
    desk.advance(1).await;
    assert_eq!(runs(&desk), 1);
    assert!(desk.world.sent.lock().is_empty());
}

#[tokio::test]
async fn the_port_invokes_and_queues() {
    let desk = Desk::with(ClockMode::Frozen).await;
    desk.function("f", json!({})).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let port = desk.cloud.ports().functions().unwrap();
    assert!(port.exists(&desk.cx, arn) && !port.exists(&desk.cx, &format!("{arn}:1")));
    let need = kit::Need::on("lambda:InvokeFunction", arn);
    let call =
        |asynchronous| kit::ports::Invocation { function_arn: arn.into(), payload: kit::Bytes::from_static(b"{\"a\":1}"), asynchronous };
    let done = port.invoke(&desk.cx, desk.cx.grant(&need).unwrap(), call(false)).await.unwrap();
    assert_eq!((done.status, serde_json::from_slice::<Value>(&done.payload).unwrap()["event"].clone()), (200, json!({ "a": 1 })));
    let queued = port.invoke(&desk.cx, desk.cx.grant(&need).unwrap(), call(true)).await.unwrap();
    assert_eq!(queued.status, 202);
    desk.settle().await;
    assert_eq!(runs(&desk), 2);
    let other = kit::Need::on("lambda:InvokeFunction", format!("{arn}:other"));
    assert!(port.invoke(&desk.cx, desk.cx.grant(&other).unwrap(), call(false)).await.is_err(), "a grant for one function opened another");
}

#[tokio::test]
async fn topics_and_buckets_are_destinations_too() {
    let desk = Desk::with(ClockMode::Frozen).await;
    let topic = "arn:aws:sns:us-east-1:000000000000:done";
    let letters = "arn:aws:sns:us-east-1:000000000000:letters";
    desk.function("f", json!({ "DeadLetterConfig": { "TargetArn": letters } })).await;
    let to = |success: &str, failure: &str| json!({ "FunctionName": "f", "MaximumRetryAttempts": 0, "DestinationConfig": { "OnSuccess": { "Destination": success }, "OnFailure": { "Destination": failure } } });
    let bucket = "arn:aws:s3:::failures";
    assert_eq!(desk.call("PutFunctionEventInvokeConfig", to(bucket, topic)).await.unwrap_err().status, 400, "a bucket takes failures only");
    desk.ok("PutFunctionEventInvokeConfig", to(topic, bucket)).await;
    send(&desk, "f", json!({ "fine": 1 })).await;
    send(&desk, "f", json!("fail")).await;
    desk.settle().await;
    let published = desk.world.published.lock().clone();
    let (_, told, attributes) = published.iter().find(|(arn, ..)| arn == topic).expect("the topic has the record of the success");
    let record: Value = serde_json::from_str(told).unwrap();
    assert_eq!((&record["requestContext"]["condition"], attributes.len()), (&json!("Success"), 0));
    let (_, letter, attributes) = published.iter().find(|(arn, ..)| arn == letters).expect("the topic has the dead letter");
    assert_eq!((letter.as_str(), attributes[1].1.as_str()), ("\"fail\"", "200"));
    let objects = desk.world.objects.lock().clone();
    let (key, body) = objects.iter().find(|(key, _)| key.starts_with("failures/")).expect("the bucket has the record of the failure");
    assert!(key.starts_with("failures/aws/lambda/async/f/2023/11/14/2023-11-14T22.13.20-"), "{key}");
    let record: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
}
