//! What becomes of asynchronous events, told to a real bus.

use crate::square::{ACCOUNT, Square};
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};

async fn handler(event: Value, _: Invocation) -> Result<Value, HandlerError> {
    match event["mode"].as_str() {
        Some("failure") => Err(HandlerError::new("Exception", "intentional failure!")),
        _ => Ok(json!({ "hello": "world", "test": "abc", "val": 5, "success": true })),
    }
}

#[tokio::test]
async fn a_bus_is_told_of_successes_and_failures() {
    let lambda = lambda::Lambda::new();
    lambda.register("handler", handler).unwrap();
    let square = Square::with(lambda).await;
    square.function("f", "handler", json!({})).await;
    let bus = square.ok("events", "CreateEventBus", json!({ "Name": "results" })).await["EventBusArn"].as_str().unwrap().to_owned();
    let queue = square.queue("inbox", "events.amazonaws.com").await;
    let rule = json!({ "Name": "all", "EventBusName": "results", "EventPattern": json!({ "source": ["lambda"] }).to_string() });
    square.ok("events", "PutRule", rule).await;
    let targets = json!({ "Rule": "all", "EventBusName": "results", "Targets": [{ "Id": "q", "Arn": queue }] });
    square.ok("events", "PutTargets", targets).await;
    let destinations = json!({ "OnSuccess": { "Destination": bus }, "OnFailure": { "Destination": bus } });
    let settings = json!({ "FunctionName": "f", "MaximumRetryAttempts": 0, "DestinationConfig": destinations });
    let fault = square.call("lambda", "PutFunctionEventInvokeConfig", settings.clone()).await.unwrap_err();
    assert!(fault.message.ends_with(&format!("does not have permissions to call PutEvents on {bus}")), "{fault}");
    let statement = json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let policy = json!({ "RoleName": "role-of-f", "PolicyName": "tell", "PolicyDocument": document });
    square.ok("iam", "PutRolePolicy", policy).await;
    square.ok("lambda", "PutFunctionEventInvokeConfig", settings).await;
    let mut told = Vec::new();
    for mode in ["success", "failure"] {
        let payload = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, json!({ "mode": mode }).to_string());
        square.ok("lambda", "Invoke", json!({ "FunctionName": "f", "InvocationType": "Event", "Payload": payload })).await;
        told.extend(square.bodies("inbox").await);
    }
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0]["account"], ACCOUNT);
    let Some(all) = fakes::recorded::recordings("lambda_/test_lambda_destinations") else { return };
    let test = "TestLambdaDestinationEventbridge::test_invoke_lambda_eventbridge";
    let mut recorded = all.iter().find(|(name, _)| name.ends_with(test)).expect("it is recorded").1["recorded-content"].clone();
    // What Python's runtime adds to an error, which a closure's has not.
    let failure = &mut recorded["lambda_destination_event_bus_failure"]["detail"]["responsePayload"];
    ["requestId", "stackTrace"].into_iter().for_each(|name| drop(failure.as_object_mut().unwrap().remove(name)));
    let ours = json!({ "lambda_destination_event_bus_success": told[0], "lambda_destination_event_bus_failure": told[1] });
    let differences = fakes::recorded::differences(&recorded, &ours, &[]);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
