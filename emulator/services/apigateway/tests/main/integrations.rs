//! What stands behind methods: HTTP endpoints, functions with an event of their own, other services, and answers of the API itself; with
//! the templates and mappings between.

use crate::desk::{Behaviour, Desk, FUNCTION};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// An endpoint that answers what it was sent: request line, headers and body as JSON, with the status of its path (`/404`).
pub async fn echo() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut text, mut buffer) = (String::new(), vec![0; 65_536]);
                loop {
                    let read = socket.read(&mut buffer).await.unwrap_or(0);
                    text += &String::from_utf8_lossy(&buffer[..read]);
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
                    if read > 0 && body.len() < length.map_or(0, |l| l.parse().unwrap()) {
                        continue;
                    }
                    let mut lines = head.lines();
                    let request = lines.next().unwrap().to_owned();
                    let headers: Value = lines
                        .filter_map(|l| l.split_once(": "))
                        .map(|(n, v)| (n.to_ascii_lowercase(), json!(v)))
                        .collect::<serde_json::Map<_, _>>()
                        .into();
                    let status = request.split(['/', ' ', '?']).find(|p| p.len() == 3 && p.parse::<u16>().is_ok()).unwrap_or("200");
                    let answer = json!({ "request": request, "headers": headers, "body": body, "json": serde_json::from_str::<Value>(body).unwrap_or_default() }).to_string();
                    let out = format!(
                        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nx-own: yes\r\nserver: mine\r\ncontent-length: {}\r\n\r\n{answer}",
                        answer.len()
                    );
                    let _ = socket.write_all(out.as_bytes()).await;
                    return;
                }
            });
        }
    });
    port
}

async fn response(desk: &Desk, resource: &str, verb: &str, more: Value) {
    let key = json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": verb, "statusCode": "200" });
    desk.ok("PutIntegrationResponse", crate::desk::merged(&key, &[&more])).await;
}

#[tokio::test]
async fn a_proxy_passes_the_request_with_its_mappings_on() {
    let (desk, port) = (Desk::new().await, echo().await);
    let integration = json!({ "type": "HTTP_PROXY", "integrationHttpMethod": "ANY", "uri": format!("http://127.0.0.1:{port}/to/{{name}}"),
        "requestParameters": { "integration.request.path.name": "method.request.querystring.n", "integration.request.header.x-mapped": "'fixed'", "integration.request.querystring.more": "stageVariables.v" } });
    desk.behind("p", "ANY", json!({ "requestParameters": { "method.request.querystring.n": false } }), integration).await;
    desk.deploy().await;
    desk.stage(json!([{ "op": "replace", "path": "/variables/v", "value": "1" }])).await;
    let answer = desk.send(http::Request::put(desk.url("/p?n=a%20b")).header("x-client", "c"), "body").await;
    let seen: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(seen["request"], "PUT /to/a%20b?n=a%20b&more=1 HTTP/1.1");
    assert_eq!((&seen["body"], &seen["headers"]["x-client"], &seen["headers"]["x-mapped"]), (&json!("body"), &json!("c"), &json!("fixed")));
    assert_eq!(seen["headers"]["x-amzn-apigateway-api-id"], desk.api);
    assert_eq!(
        (answer.header("x-own"), answer.header("x-amzn-remapped-server"), answer.header("content-type")),
        ("yes", "mine", "application/json")
    );
}

#[tokio::test]
async fn templates_and_patterns_stand_between() {
    let (desk, port) = (Desk::new().await, echo().await);
    let template = "#set($context.requestOverride.header.x-over = 'o')#set($context.requestOverride.path.code = $input.path('$.code')){\"name\": $input.json('$.name')}";
    let integration = json!({ "type": "HTTP", "integrationHttpMethod": "POST", "uri": format!("http://127.0.0.1:{port}/{{code}}"), "requestTemplates": { "application/json": template },
        "requestParameters": { "integration.request.header.x-from": "method.request.body.name" } });
    let resource = desk.behind("h", "POST", json!({}), integration).await;
    for status in ["404", "201"] {
        let key = json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "POST", "statusCode": status, "responseParameters": { "method.response.header.X-Out": true } });
        desk.ok("PutMethodResponse", key).await;
    }
    let of = |status: &str, pattern: &str, template: &str| json!({ "statusCode": status, "selectionPattern": pattern, "responseTemplates": { "application/json": template }, "responseParameters": { "method.response.header.X-Out": "integration.response.header.x-own" } });
    response(&desk, &resource, "POST", of("404", "4\\d{2}", "lost $input.path('$.body')")).await;
    response(
        &desk,
        &resource,
        "POST",
        of("201", "2..", "#set($context.responseOverride.status = 299)$input.path('$.headers.x-over') $input.path('$.headers')['x-from']"),
    )
    .await;
    desk.deploy().await;
    let send = |body: &'static str| desk.send(http::Request::post(desk.url("/h")), body);
    let lost = send("{\"code\": 404, \"name\": \"n\"}").await;
    assert_eq!((lost.status, lost.body.as_str(), lost.header("x-out")), (404, "lost {\"name\": \"n\"}", "yes"));
    let found = send("{\"code\": 200, \"name\": \"n\"}").await;
    assert_eq!((found.status, found.body.as_str()), (299, "o n"));
    // What is sent to an endpoint and what comes back stands in the log, as it does with functions.
    let test = json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "POST", "body": "{\"code\": 404, \"name\": \"n\"}" });
    let tested = desk.ok("TestInvokeMethod", test).await;
    let log = tested["log"].as_str().unwrap();
    let at = |text: &str| log.find(text).unwrap_or_else(|| panic!("no {text} in {log}"));
    let url = format!("http://127.0.0.1:{port}/404");
    let lines = [
        format!(" : Endpoint request URI: {url}\n"),
        " : Endpoint request headers: {".to_owned(),
        " : Endpoint request body after transformations: {\"name\": \"n\"}\n".to_owned(),
        format!(" : Sending request to {url}\n"),
        " : Received response. Status: 404, Integration latency: ".to_owned(),
        " : Endpoint response headers: {".to_owned(),
        " : Endpoint response body before transformations: ".to_owned(),
        " : Method response body after transformations: lost ".to_owned(),
    ];
    assert!(lines.iter().map(|line| at(line)).is_sorted(), "{log}");
    let other = send("{\"code\": 503}").await;
    assert_eq!((other.status, other.body.as_str()), (200, other.body.as_str()), "the response without a pattern takes the rest");
}

#[tokio::test]
async fn a_function_with_an_event_of_its_own() {
    let desk = Desk::new().await;
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    let integration = json!({ "type": "AWS", "integrationHttpMethod": "POST", "uri": uri, "requestTemplates": { "application/json": "{\"q\": \"$input.params('q')\"}" } });
    let resource = desk.behind("f", "GET", json!({}), integration).await;
    desk.ok("PutMethodResponse", json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "GET", "statusCode": "400" })).await;
    response(&desk, &resource, "GET", json!({ "statusCode": "400", "selectionPattern": ".*bad.*", "responseTemplates": { "application/json": "#set($e = $input.path('$.errorMessage'))why: $e" } })).await;
    desk.deploy().await;
    desk.behave(Behaviour::Answer(json!({ "any": "thing" })));
    let answer = desk.get("/f?q=7").await;
    assert_eq!((answer.status, answer.body.as_str(), desk.event()), (200, "{\"any\":\"thing\"}", json!({ "q": "7" })));
    desk.behave(Behaviour::Answer(json!({ "errorMessage": "something bad" })));
    let bad = desk.get("/f").await;
    assert_eq!((bad.status, bad.body.as_str()), (400, "why: something bad"));
}

#[tokio::test]
async fn another_service_by_its_path_under_the_integrations_role() {
    let desk = Desk::new().await;
    desk.allow_all();
    let role = "arn:aws:iam::000000000000:role/caller";
    let integration = json!({ "type": "AWS", "integrationHttpMethod": "GET", "uri": "arn:aws:apigateway:us-east-1:apigateway:path/restapis/{id}", "credentials": role,
        "requestParameters": { "integration.request.path.id": "method.request.querystring.id" } });
    let resource =
        desk.behind("s", "GET", json!({ "requestParameters": { "method.request.querystring.id": true } }), integration.clone()).await;
    let nowhere = crate::desk::merged(
        &integration,
        &[&json!({ "uri": "arn:aws:apigateway:us-east-1:kinesis:action/PutRecord", "requestParameters": {} })],
    );
    desk.behind("k", "GET", json!({}), nowhere).await;
    desk.deploy().await;
    let answer = desk.get(&format!("/s?id={}", desk.api)).await;
    let described: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &described["name"]), (200, &json!("pets")));
    assert_eq!(desk.get("/s?id=none").await.body, "{\"message\":\"Invalid API identifier specified 000000000000:none\"}");
    assert_eq!(desk.get("/k").await.status, 500, "the service is not part of this cloud");
    let tested =
        json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "GET", "pathWithQueryString": format!("/s?id={}", desk.api) });
    let log = desk.ok("TestInvokeMethod", tested).await["log"].as_str().unwrap().to_owned();
    let url = format!("https://apigateway.us-east-1.amazonaws.com/restapis/{}", desk.api);
    for line in [
        format!("Endpoint request URI: {url}\n"),
        "Endpoint request headers: {Authorization=****".to_owned(),
        format!("User-Agent=AmazonAPIGateway_{}", desk.api),
        "Endpoint request body after transformations: \n".to_owned(),
        format!("Sending request to {url}\n"),
        "Received response. Status: 200, Integration latency: 0 ms\n".to_owned(),
        "Endpoint response headers: {".to_owned(),
        "Endpoint response body before transformations: {".to_owned(),
        "Method completed with status: 200\n".to_owned(),
    ] {
        assert!(log.contains(&line), "{line}: {log}");
    }
    let without = json!({ "restApiId": desk.api, "resourceId": desk.top, "httpMethod": "GET", "type": "AWS", "integrationHttpMethod": "GET", "uri": "arn:aws:apigateway:us-east-1:sqs:path/x" });
    desk.method(&desk.top, "GET", json!({})).await;
    assert!(desk.refused("PutIntegration", without).await.contains("Role ARN must be specified"));
}

#[tokio::test]
async fn bytes_and_text() {
    let (desk, port) = (Desk::with(json!({ "binaryMediaTypes": ["image/png"] })).await, echo().await);
    let http = json!({ "type": "HTTP", "integrationHttpMethod": "POST", "uri": format!("http://127.0.0.1:{port}/"), "contentHandling": "CONVERT_TO_TEXT" });
    desk.behind("b", "POST", json!({}), http).await;
    desk.deploy().await;
    let answer = desk.send(http::Request::post(desk.url("/b")).header("content-type", "image/png"), "raw").await;
    assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap()["body"], "cmF3");
}

#[tokio::test]
async fn what_a_test_says() {
    let desk = Desk::new().await;
    let pets = desk.resource(&desk.top, "pets").await;
    let pet = desk.resource(&pets, "{petId}").await;
    let key = json!({ "restApiId": desk.api, "resourceId": pet, "httpMethod": "GET" });
    let with = |more: Value| crate::desk::merged(&key, &[&more]);
    desk.ok("PutMethod", with(json!({ "authorizationType": "AWS_IAM" }))).await;
    desk.ok("PutMethodResponse", with(json!({ "statusCode": "200" }))).await;
    desk.ok("PutIntegration", with(json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } }))).await;
    desk.ok(
        "PutIntegrationResponse",
        with(json!({ "statusCode": "200", "responseTemplates": { "application/json": "{\"petId\": \"$input.params('petId')\"}" } })),
    )
    .await;
    let tested = desk.ok("TestInvokeMethod", with(json!({ "pathWithQueryString": "/pets/123?a=b" }))).await;
    assert_eq!(
        (&tested["status"], &tested["body"], &tested["headers"]),
        (&json!(200), &json!("{\"petId\": \"123\"}"), &json!({ "Content-Type": "application/json" }))
    );
    let log: Vec<&str> =
        tested["log"].as_str().unwrap().lines().map(|line| line.split_once(" : ").map_or(line, |(_, text)| text)).collect();
    assert_eq!(
        log[2..].iter().filter(|line| !line.starts_with("Endpoint")).copied().collect::<Vec<_>>(),
        [
            "HTTP Method: GET, Resource Path: /pets/123",
            "Method request path: {petId=123}",
            "Method request query string: {a=b}",
            "Method request headers: {}",
            "Method request body before transformations: ",
            "Method response body after transformations: {\"petId\": \"123\"}",
            "Method response headers: {Content-Type=application/json}",
            "Successfully completed execution",
            "Method completed with status: 200",
        ]
    );
}
