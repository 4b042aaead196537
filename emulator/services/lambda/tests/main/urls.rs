//! Function URLs: settings as recorded from AWS, and requests through a gateway.

use crate::{
    desk::Desk,
    server::{Ask, Server},
};
use serde_json::{Value, json};

/// A function with a URL that everybody may call; the host of its address, and its path form.
async fn open(desk: &Desk, name: &str, settings: Value) -> (String, String) {
    desk.function(name, json!({ "Timeout": 2 })).await;
    let mut input = json!({ "FunctionName": name, "AuthType": "NONE" });
    input.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let made = desk.ok("CreateFunctionUrlConfig", input).await;
    let url = made["FunctionUrl"].as_str().unwrap();
    let host = url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let id = host.split('.').next().unwrap().to_owned();
    (host, format!("/_windtunnel/lambda-url/{id}"))
}

/// Recorded from AWS: test_url_config_lifecycle, test_url_config_exceptions, test_url_config_list_paging.
#[tokio::test]
async fn settings_answer_as_recorded() {
    let desk = Desk::new().await;
    desk.function("f", json!({})).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let create = json!({ "FunctionName": "f", "AuthType": "NONE" });
    let made = desk.ok("CreateFunctionUrlConfig", create.clone()).await;
    assert_eq!((&made["FunctionArn"], &made["AuthType"], &made["InvokeMode"]), (&json!(arn), &json!("NONE"), &Value::Null));
    let id = made["FunctionUrl"].as_str().unwrap().strip_prefix("http://").unwrap().split('.').next().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{id}");
    let twice = desk.call("CreateFunctionUrlConfig", create).await.unwrap_err();
    assert_eq!((&*twice.code, twice.status), ("ResourceConflictException", 409));
    assert_eq!(
        twice.message,
        format!(
            "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig exists for this Lambda function"
        )
    );
    assert_eq!(desk.ok("GetFunctionUrlConfig", json!({ "FunctionName": "f" })).await["InvokeMode"], "BUFFERED");
    let updated = desk.ok("UpdateFunctionUrlConfig", json!({ "FunctionName": "f", "AuthType": "AWS_IAM" })).await;
    assert_eq!((&updated["AuthType"], &updated["InvokeMode"]), (&json!("AWS_IAM"), &Value::Null));
    desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    desk.ok("CreateAlias", json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" })).await;
    let on_alias = desk.ok("CreateFunctionUrlConfig", json!({ "FunctionName": "f", "Qualifier": "live", "AuthType": "NONE" })).await;
    assert_eq!(on_alias["FunctionArn"], format!("{arn}:live"));
    let list = desk.ok("ListFunctionUrlConfigs", json!({ "FunctionName": "f" })).await;
    assert_eq!(list["FunctionUrlConfigs"].as_array().unwrap().len(), 2);
    let fails = |operation: &'static str, input: Value| {
        let desk = &desk;
        async move { desk.call(operation, input).await.unwrap_err().message }
    };
    let absent = json!({ "FunctionName": "absent", "AuthType": "NONE" });
    assert_eq!(fails("CreateFunctionUrlConfig", absent.clone()).await, "Function does not exist");
    assert_eq!(fails("UpdateFunctionUrlConfig", absent).await, "Function does not exist");
    assert_eq!(fails("ListFunctionUrlConfigs", json!({ "FunctionName": "absent" })).await, "Function does not exist");
    let gone = "The resource you requested does not exist.";
    assert_eq!(fails("GetFunctionUrlConfig", json!({ "FunctionName": "absent" })).await, gone);
    let mismatch = json!({ "FunctionName": "f:other", "Qualifier": "live", "AuthType": "NONE" });
    assert_eq!(
        fails("CreateFunctionUrlConfig", mismatch).await,
        "The derived qualifier from the function name does not match the specified qualifier."
    );
    desk.ok("DeleteFunctionUrlConfig", json!({ "FunctionName": "f" })).await;
    assert_eq!(fails("GetFunctionUrlConfig", json!({ "FunctionName": "f" })).await, gone);
    assert_eq!(fails("DeleteFunctionUrlConfig", json!({ "FunctionName": "f" })).await, gone);
    assert_eq!(desk.ok("GetFunctionUrlConfig", json!({ "FunctionName": "f", "Qualifier": "live" })).await["AuthType"], "NONE");
}

#[tokio::test]
async fn a_request_becomes_an_event() {
    let desk = Desk::new().await;
    let server = Server::new(&desk).await;
    let (host, path) = open(&desk, "f", json!({})).await;
    let headers = [("X-Mine", "With WeiRd CapS"), ("Content-Type", "application/json"), ("Cookie", "a=b; c=d")];
    let target = "/pa2%Fth/1?q=query&multi=foo&multi=%2Fbar";
    let (head, body) =
        server.send(Ask { method: "POST", target, host: &host, headers: &headers, body: "{\"foo\":\"bar\"}", ..Ask::default() }).await;
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    let event = &serde_json::from_slice::<Value>(&body).unwrap()["event"];
    assert_eq!((&event["version"], &event["routeKey"], &event["rawPath"]), (&json!("2.0"), &json!("$default"), &json!("/pa2%Fth/1")));
    assert_eq!(event["queryStringParameters"], json!({ "q": "query", "multi": "foo,/bar" }));
    assert_eq!((&event["cookies"], &event["body"]), (&json!(["a=b", "c=d"]), &json!("{\"foo\":\"bar\"}")));
    assert_eq!((&event["headers"]["x-mine"], &event["isBase64Encoded"]), (&json!("With WeiRd CapS"), &json!(false)));
    let context = &event["requestContext"];
    assert_eq!((&context["accountId"], &context["http"]["method"]), (&json!("anonymous"), &json!("POST")));
    assert_eq!(context["domainName"], host.split(':').next().unwrap());
    assert!(context["authorizer"].is_null());
    // What is no text comes in base 64; the path form leads to the same function.
    let form = [("Content-Type", "multipart/form-data; boundary=x")];
    let target = format!("{path}/deep");
    let (_, body) = server.send(Ask { method: "PUT", target: &target, headers: &form, body: "abc", ..Ask::default() }).await;
    let event = &serde_json::from_slice::<Value>(&body).unwrap()["event"];
    assert_eq!((&event["rawPath"], &event["body"], &event["isBase64Encoded"]), (&json!("/deep"), &json!("YWJj"), &json!(true)));
}

#[tokio::test]
async fn failures_are_bad_gateways_and_strangers_are_forbidden() {
    let desk = Desk::new().await;
    let server = Server::new(&desk).await;
    let (host, _) = open(&desk, "f", json!({})).await;
    for event in ["fail", "exit", "hang"] {
        let (head, body) = server.send(Ask { method: "GET", target: &format!("/?{event}"), host: &host, ..Ask::default() }).await;
        assert!(head.starts_with("http/1.1 502"), "{event}: {head}");
        assert_eq!(body, b"Internal Server Error", "{event}");
    }
    let (host, _) = open(&desk, "signed", json!({ "AuthType": "AWS_IAM" })).await;
    let forbidden = "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
    for host in [host.as_str(), "nobody.lambda-url.us-east-1.localhost"] {
        let (head, body) = server.send(Ask { method: "GET", target: "/", host, ..Ask::default() }).await;
        assert!(head.starts_with("http/1.1 403") && head.contains("x-amzn-errortype: accessdeniedexception"), "{head}");
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), json!({ "Message": forbidden }));
    }
    let (head, body) = server.send(Ask { method: "GET", target: "/", host: &host, signed: true, ..Ask::default() }).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let iam = &serde_json::from_slice::<Value>(&body).unwrap()["event"]["requestContext"]["authorizer"]["iam"];
    assert_eq!((&iam["accountId"], &iam["accessKey"]), (&json!("000000000000"), &json!("test")));
    desk.ok("PutFunctionConcurrency", json!({ "FunctionName": "signed", "ReservedConcurrentExecutions": 0 })).await;
    let (head, _) = server.send(Ask { method: "GET", target: "/", host: &host, signed: true, ..Ask::default() }).await;
    assert!(head.starts_with("http/1.1 429"), "{head}");
}

#[tokio::test]
async fn cors_is_answered_before_the_function() {
    let desk = Desk::new().await;
    let server = Server::new(&desk).await;
    let cors = json!({ "Cors": { "AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60 } });
    let (host, _) = open(&desk, "f", cors).await;
    let asked = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")];
    let (head, _) = server.send(Ask { method: "OPTIONS", target: "/", host: &host, headers: &asked, ..Ask::default() }).await;
    assert!(head.starts_with("http/1.1 200") && head.contains("access-control-allow-origin: https://a.example"), "{head}");
    assert!(head.contains("access-control-max-age: 60"), "{head}");
    assert!(desk.invocations().is_empty());
    let (head, _) = server.send(Ask { method: "GET", target: "/", host: &host, headers: &asked[..1], ..Ask::default() }).await;
    assert!(head.contains("access-control-allow-origin: https://a.example"), "{head}");
    assert_eq!(desk.invocations().len(), 1);
}

#[tokio::test]
async fn a_url_streams() {
    let desk = Desk::new().await;
    let server = Server::new(&desk).await;
    let (host, _) = open(&desk, "f", json!({ "InvokeMode": "RESPONSE_STREAM" })).await;
    let get = |target: &'static str| server.send(Ask { method: "GET", target, host: &host, ..Ask::default() });
    let (head, body) = get("/?stream").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/plain"), "{head}");
    assert_eq!(body, b"first second");
    let (head, body) = get("/?stream-http").await;
    assert!(head.starts_with("http/1.1 201") && head.contains("x-mine: 1"), "{head}");
    assert_eq!(body, b"first second");
    let (head, _) = get("/?fail").await;
    assert!(head.starts_with("http/1.1 502"), "{head}");
}
