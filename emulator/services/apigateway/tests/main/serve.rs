//! Requests that reach the function, and what comes back.

use crate::desk::{Behaviour, Desk, FUNCTION};
use kit::Principal;
use serde_json::{Value, json};

async fn pets() -> Desk {
    let desk = Desk::with(json!({ "binaryMediaTypes": ["image/*"] })).await;
    let pets = desk.resource(&desk.top, "pets").await;
    let pet = desk.resource(&pets, "{id}").await;
    desk.method(&pets, "GET", json!({})).await;
    desk.method(&pet, "ANY", json!({})).await;
    desk.deploy().await;
    desk
}

#[tokio::test]
async fn the_function_receives_the_event_of_format_one() {
    let desk = pets().await;
    let request = http::Request::put(desk.url("/pets/a%20b?x=1&x=2&y=a%2Bb"))
        .header("host", format!("{}.execute-api.us-east-1.amazonaws.com", desk.api))
        .header("content-type", "application/json")
        .header("x-own", "one")
        .header("user-agent", "test");
    let answer = desk.send(request, "{\"name\":\"Rex\"}").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (200, "hello", "application/json"));
    assert!(!answer.header("x-amzn-requestid").is_empty() && !answer.header("x-amz-apigw-id").is_empty());

    let event = desk.event();
    assert_eq!(event["resource"], "/pets/{id}");
    assert_eq!(event["path"], "/pets/a%20b");
    assert_eq!(event["httpMethod"], "PUT");
    assert_eq!(event["pathParameters"], json!({ "id": "a%20b" }));
    assert_eq!(event["queryStringParameters"], json!({ "x": "2", "y": "a+b" }));
    assert_eq!(event["multiValueQueryStringParameters"], json!({ "x": ["1", "2"], "y": ["a+b"] }));
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"], &event["stageVariables"]),
        (&json!("{\"name\":\"Rex\"}"), &json!(false), &Value::Null)
    );
    assert_eq!((&event["headers"]["Content-Type"], &event["headers"]["x-own"]), (&json!("application/json"), &json!("one")));
    assert_eq!(event["multiValueHeaders"]["x-own"], json!(["one"]));
    let context = &event["requestContext"];
    assert_eq!(
        (&context["stage"], &context["path"], &context["resourcePath"]),
        (&json!("live"), &json!("/live/pets/a%20b"), &json!("/pets/{id}"))
    );
    assert_eq!(
        (&context["apiId"], &context["accountId"], &context["protocol"]),
        (&json!(desk.api), &json!("000000000000"), &json!("HTTP/1.1"))
    );
    assert_eq!(
        (&context["requestTime"], &context["requestTimeEpoch"]),
        (&json!("14/Nov/2023:22:13:20 +0000"), &json!(1_700_000_000_000_i64))
    );
    assert_eq!((&context["identity"]["sourceIp"], &context["identity"]["userArn"]), (&json!("203.0.113.9"), &Value::Null));
    assert_eq!(context["requestId"], answer.header("x-amzn-requestid"));
    assert!(context.get("authorizer").is_none());
    desk.get("/pets").await;
    assert_eq!(
        (&desk.event()["body"], &desk.event()["queryStringParameters"], &desk.event()["pathParameters"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn the_function_is_invoked_by_the_service_because_of_the_method() {
    let desk = pets().await;
    desk.get("/pets/1").await;
    let (_, resource, principal) = desk.function.seen.lock().last().cloned().unwrap();
    assert_eq!(resource, FUNCTION);
    let Principal::Service { name, source_arn, source_account } = principal else { panic!("a service") };
    assert_eq!(&*name, "apigateway.amazonaws.com");
    assert_eq!(source_arn.as_deref(), Some(format!("arn:aws:execute-api:us-east-1:000000000000:{}/live/GET/pets/1", desk.api).as_str()));
    assert_eq!(source_account.as_deref(), Some("000000000000"));
    // Without the function's consent the caller sees an error that tells nothing.
    desk.deny_to("apigateway.amazonaws.com");
    let denied = desk.get("/pets").await;
    assert_eq!((denied.status, denied.body.as_str()), (500, "{\"message\":\"Internal server error\"}"));
}

#[tokio::test]
async fn all_three_forms_of_address_lead_there() {
    let desk = pets().await;
    for url in [format!("/restapis/{}/live/_user_request_/pets", desk.api), format!("/_aws/execute-api/{}/live/pets", desk.api)] {
        let answer = desk.send(http::Request::get(url).header("host", "localhost:4566"), "").await;
        assert_eq!(answer.status, 200);
        assert_eq!(desk.event()["requestContext"]["path"], "/live/pets");
    }
    let local = http::Request::get("/live/pets").header("host", format!("{}.execute-api.localhost:4566", desk.api));
    assert_eq!(desk.send(local, "").await.status, 200);
    assert_eq!(desk.event()["requestContext"]["domainName"], format!("{}.execute-api.localhost", desk.api));
}

#[tokio::test]
async fn a_change_is_not_live_until_it_is_deployed() {
    let desk = pets().await;
    let dogs = desk.resource(&desk.top, "dogs").await;
    desk.method(&dogs, "GET", json!({})).await;
    assert_eq!(desk.get("/dogs").await.status, 403);
    desk.deploy().await;
    assert_eq!(desk.get("/dogs").await.status, 200);
    desk.ok("DeleteResource", json!({ "restApiId": desk.api, "resourceId": dogs })).await;
    assert_eq!(desk.get("/dogs").await.status, 200);
}

#[tokio::test]
async fn stage_variables_reach_the_event_and_choose_the_function() {
    let desk = Desk::new().await;
    desk.method(&desk.top, "GET", json!({})).await;
    let mut proxy = desk.proxy(&desk.top, "GET");
    proxy["uri"] = json!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:${stageVariables.fn}/invocations"
    );
    desk.ok("PutIntegration", proxy).await;
    desk.deploy().await;
    let variables = json!([{ "op": "replace", "path": "/variables/fn", "value": "other" }]);
    desk.ok("UpdateStage", json!({ "restApiId": desk.api, "stageName": "live", "patchOperations": variables })).await;
    assert_eq!(desk.get("").await.status, 200);
    assert_eq!((&desk.event()["path"], &desk.event()["requestContext"]["path"]), (&json!("/"), &json!("/live")));
    assert_eq!(desk.event()["stageVariables"], json!({ "fn": "other" }));
    assert!(desk.function.seen.lock()[0].1.ends_with(":function:other"));
}

#[tokio::test]
async fn answers_of_functions_are_read_as_aws_reads_them() {
    let desk = pets().await;
    let malformed = "{\"message\":\"Internal server error\"}";
    let cases = [
        (json!({ "statusCode": 201 }), 201, ""),
        (json!({ "statusCode": "202", "body": null }), 202, ""),
        (json!({ "headers": { "x": "1" } }), 200, ""),
        (json!({ "statusCode": 200, "headers": null, "body": "x" }), 200, "x"),
        (json!({ "statusCode": 200, "wrongValue": "x" }), 502, malformed),
        (json!({}), 502, malformed),
        (json!("text"), 502, malformed),
        (json!({ "statusCode": "many" }), 502, malformed),
        (json!({ "statusCode": 200, "body": { "a": 1 } }), 502, malformed),
        (json!({ "statusCode": 200, "multiValueHeaders": { "x": "1" } }), 502, malformed),
        (json!({ "statusCode": 200, "body": "dGVzdC1kYXRh", "isBase64Encoded": true }), 200, "dGVzdC1kYXRh"),
    ];
    for (answer, status, body) in cases {
        desk.behave(Behaviour::Answer(answer.clone()));
        let got = desk.get("/pets").await;
        assert_eq!((got.status, got.body.as_str()), (status, body), "{answer}");
    }
    desk.behave(Behaviour::Raw("not json"));
    assert_eq!(desk.get("/pets").await.status, 502);
    desk.behave(Behaviour::Fail);
    let failed = desk.get("/pets").await;
    assert_eq!((failed.status, failed.body.as_str(), failed.header("x-amzn-errortype")), (502, malformed, "InternalServerErrorException"));
}

#[tokio::test]
async fn headers_of_functions() {
    let desk = pets().await;
    let headers = json!({ "Test-Multi": "solo", "header-bool": true, "Server": "mine", "Content-Type": "text/plain" });
    desk.behave(Behaviour::Answer(json!({ "statusCode": 200, "headers": headers, "multiValueHeaders": { "test-multi": ["one", "two"] } })));
    let answer = desk.get("/pets").await;
    let multi: Vec<&str> = answer.headers.get_all("test-multi").iter().map(|v| v.to_str().unwrap()).collect();
    assert_eq!(multi, ["one", "two", "solo"]);
    assert_eq!((answer.header("header-bool"), answer.header("content-type")), ("true", "text/plain"));
    assert_eq!((answer.header("x-amzn-remapped-server"), answer.headers.contains_key("server")), ("mine", false));
}

#[tokio::test]
async fn bytes_pass_as_base64_where_the_api_says_so() {
    let desk = pets().await;
    let request = http::Request::put(desk.url("/pets/1")).header("content-type", "image/png").header("accept", "image/png");
    desk.behave(Behaviour::Answer(json!({ "statusCode": 200, "body": "dGVzdA==", "isBase64Encoded": true })));
    let answer = desk.send(request, "raw").await;
    assert_eq!((&desk.event()["body"], &desk.event()["isBase64Encoded"]), (&json!("cmF3"), &json!(true)));
    assert_eq!(answer.body, "test");
}

#[tokio::test]
async fn a_slow_function_is_given_up_after_29_seconds_of_the_clock() {
    let desk = std::sync::Arc::new(pets().await);
    desk.behave(Behaviour::Sleep(40));
    let waiting = tokio::spawn({
        let desk = desk.clone();
        async move { desk.get("/pets").await }
    });
    while desk.function.seen.lock().is_empty() {
        tokio::task::yield_now().await;
    }
    desk.advance(28).await;
    assert!(!waiting.is_finished());
    desk.advance(2).await;
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (504, "{\"message\":\"Endpoint request timed out\"}"));
}

#[tokio::test]
async fn faults_on_purpose_reach_the_front_door() {
    let desk = pets().await;
    let rule = kit::FaultRule {
        service: Some("execute-api".into()),
        error: Some("ServiceUnavailableException".into()),
        status: Some(503),
        message: Some("Service Unavailable".into()),
        ..Default::default()
    };
    desk.cloud.faults().add(rule);
    let answer = desk.get("/pets").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "{\"message\":\"Service Unavailable\"}"));
    assert!(desk.function.seen.lock().is_empty());
}
