//! Requests that reach integrations, and what comes back.

use crate::desk::{Desk, FUNCTION};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn payload_2_0() {
    let desk = Desk::new().await;
    desk.route("PUT /pets/{id}", "2.0", json!({})).await;
    desk.answer(json!({ "statusCode": 201, "body": "made", "headers": { "X-Own": "1" }, "cookies": ["a=1", "b=2"] }));
    let request = http::Request::put(desk.url("/pets/7?x=1&x=2&y=")).header("Cookie", "c=1; d=2").header("x-two", "a").header("x-two", "b");
    let answer = desk.send(request, "{}").await;
    assert_eq!(
        (answer.status, answer.body.as_str(), answer.header("x-own"), answer.header("content-type")),
        (201, "made", "1", "application/json")
    );
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
    assert!(!answer.header("apigw-requestid").is_empty());
    let event = desk.event();
    let members: Vec<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
    for name in [
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "cookies",
        "headers",
        "queryStringParameters",
        "requestContext",
        "body",
        "pathParameters",
        "isBase64Encoded",
    ] {
        assert!(members.contains(&name), "{name}");
    }
    assert!(!members.contains(&"stageVariables") && !members.contains(&"multiValueHeaders"));
    assert_eq!(
        (&event["version"], &event["routeKey"], &event["rawPath"], &event["rawQueryString"]),
        (&json!("2.0"), &json!("PUT /pets/{id}"), &json!("/pets/7"), &json!("x=1&x=2&y="))
    );
    assert_eq!(
        (&event["cookies"], &event["queryStringParameters"], &event["headers"]["x-two"]),
        (&json!(["c=1", "d=2"]), &json!({ "x": "1,2", "y": "" }), &json!("a,b"))
    );
    assert_eq!(
        (&event["requestContext"]["http"]["sourceIp"], &event["requestContext"]["stage"]),
        (&json!("203.0.113.9"), &json!("$default"))
    );
    let who = desk.function.seen.lock().last().unwrap().1.clone();
    let kit::Principal::Service { name, source_arn, .. } = who else { panic!("{who:?}") };
    assert_eq!(
        (&*name, source_arn.as_deref()),
        (
            "apigateway.amazonaws.com",
            Some(format!("arn:aws:execute-api:us-east-1:000000000000:{}/$default/PUT/pets/{{id}}", desk.api).as_str())
        )
    );
}

#[tokio::test]
async fn answers_are_inferred_in_format_2_0_only() {
    let desk = Desk::new().await;
    desk.route("GET /two", "2.0", json!({})).await;
    desk.route("GET /one", "1.0", json!({})).await;
    desk.answer(json!({ "any": "thing" }));
    let two = desk.get("/two").await;
    assert_eq!((two.status, two.body.as_str(), two.header("content-type")), (200, "{\"any\":\"thing\"}", "application/json"));
    let one = desk.get("/one").await;
    assert_eq!((one.status, one.body.as_str()), (500, "{\"message\":\"Internal Server Error\"}"));
    desk.answer(json!("just text"));
    assert_eq!(desk.get("/two").await.body, "just text");
    desk.answer(json!({ "statusCode": 200, "multiValueHeaders": { "x": ["1", "2"] }, "body": "aGk=", "isBase64Encoded": true }));
    let one = desk.get("/one?a=1&a=2").await;
    assert_eq!((one.body.as_str(), one.headers.get_all("x").iter().count()), ("hi", 2));
    let event = desk.event();
    assert_eq!(
        (&event["version"], &event["resource"], &event["multiValueQueryStringParameters"]),
        (&json!("1.0"), &json!("/one"), &json!({ "a": ["1", "2"] }))
    );
    *desk.function.fails.lock() = true;
    assert_eq!(desk.get("/two").await.status, 500);
}

#[tokio::test]
async fn unknown_routes_stages_and_switched_off_endpoints() {
    let desk = Desk::new().await;
    desk.route("GET /a", "2.0", json!({})).await;
    let missing = desk.get("/b").await;
    assert_eq!((missing.status, missing.body.as_str()), (404, "{\"message\":\"Not Found\"}"));
    assert_eq!(desk.send(http::Request::post(desk.url("/a")), "").await.status, 404);
    assert_eq!(desk.send(http::Request::get(format!("/_aws/execute-api/{}/a", desk.api)), "").await.status, 200);
    for path in ["//_user_request_/a", "/a/_user_request_", "/$default/_user_request_/a"] {
        assert_eq!(desk.send(http::Request::get(format!("/restapis/{}{path}", desk.api)), "").await.status, 200, "{path}");
    }
    desk.ok("UpdateApi", json!({ "ApiId": desk.api, "DisableExecuteApiEndpoint": true })).await;
    assert_eq!(desk.get("/a").await.status, 404);
    let domain = json!({ "DomainName": "api.example.com", "DomainNameConfigurations": [{ "CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/x" }] });
    desk.ok("CreateDomainName", domain).await;
    desk.ok(
        "CreateApiMapping",
        json!({ "DomainName": "api.example.com", "ApiId": desk.api, "Stage": "$default", "ApiMappingKey": "v1/x" }),
    )
    .await;
    let answer = desk.send(http::Request::get("/v1/x/a").header("host", "api.example.com"), "").await;
    assert_eq!((answer.status, &desk.event()["rawPath"]), (200, &json!("/v1/x/a")));
}

#[tokio::test]
async fn cors_is_the_apis_own() {
    let cors = json!({ "AllowOrigins": ["https://a.test"], "AllowMethods": ["GET", "PUT"], "AllowHeaders": ["X-One"], "MaxAge": 10, "AllowCredentials": true });
    let desk = Desk::with(json!({ "CorsConfiguration": cors })).await;
    desk.route("ANY /x", "2.0", json!({})).await;
    let ask = |origin: &str| http::Request::options(desk.url("/x")).header("origin", origin).header("access-control-request-method", "PUT");
    let yes = desk.send(ask("https://a.test"), "").await;
    assert_eq!(
        (
            yes.status,
            yes.header("access-control-allow-origin"),
            yes.header("access-control-allow-methods"),
            yes.header("access-control-max-age")
        ),
        (204, "https://a.test", "GET,PUT", "10")
    );
    let no = desk.send(ask("https://b.test"), "").await;
    assert_eq!((no.status, no.header("access-control-allow-origin")), (204, ""));
    assert!(desk.function.seen.lock().is_empty());
    desk.answer(json!({ "statusCode": 200, "headers": { "access-control-allow-origin": "*" } }));
    assert_eq!(desk.get_with("/x", "origin", "https://a.test").await.header("access-control-allow-origin"), "https://a.test");
    // What the API refuses can be read by the page, too.
    let refused = desk.get_with("/none", "origin", "https://a.test").await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (404, "https://a.test"));
}

/// An endpoint that answers its request line and one header, once.
async fn endpoint() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = vec![0; 65_536];
            let read = socket.read(&mut buffer).await.unwrap();
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let header = text.lines().find(|l| l.to_ascii_lowercase().starts_with("x-add:")).unwrap_or("none").to_owned();
            let body = format!("{}|{header}", text.lines().next().unwrap());
            let out = format!("HTTP/1.1 404 x\r\nx-secret: s\r\nx-keep: k\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            socket.write_all(out.as_bytes()).await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn an_endpoint_with_mapped_parameters() {
    let (desk, port) = (Desk::new().await, endpoint().await);
    let id = desk.integration(json!({ "IntegrationType": "HTTP_PROXY", "IntegrationMethod": "ANY", "IntegrationUri": format!("http://127.0.0.1:{port}/old"), "PayloadFormatVersion": "1.0",
        "RequestParameters": { "overwrite:path": "/new/$request.path.id".replace("$request.path.id", "${request.path.id}"), "append:header.x-add": "$request.querystring.q", "remove:querystring.q": "''", "overwrite:querystring.s": "$context.stage" },
        "ResponseParameters": { "404": { "overwrite:statuscode": "410", "remove:header.x-secret": "''", "append:header.x-out": "$response.header.x-keep" } } })).await;
    desk.route_to("GET /p/{id}", &id, json!({})).await;
    let answer = desk.get("/p/5?q=v").await;
    assert_eq!((answer.status, answer.body.as_str()), (410, "GET /new/5?s=%24default HTTP/1.1|x-add: v"));
    assert_eq!((answer.header("x-out"), answer.header("x-secret")), ("k", ""));
    let nowhere = desk.integration(json!({ "IntegrationType": "HTTP_PROXY", "IntegrationMethod": "GET", "IntegrationUri": "http://127.0.0.1:1/", "PayloadFormatVersion": "1.0" })).await;
    desk.route_to("GET /nowhere", &nowhere, json!({})).await;
    let gone = desk.get("/nowhere").await;
    assert_eq!((gone.status, gone.body.as_str()), (503, "{\"message\":\"Service Unavailable\"}"));
}

#[tokio::test]
async fn access_logs() {
    let desk = Desk::new().await;
    desk.route("GET /a", "2.0", json!({})).await;
    let settings = json!({ "DestinationArn": "arn:aws:logs:us-east-1:000000000000:log-group:access", "Format": "$context.routeKey $context.status $context.integrationLatency" });
    desk.ok("UpdateStage", json!({ "ApiId": desk.api, "StageName": "$default", "AccessLogSettings": settings })).await;
    desk.get("/a").await;
    assert_eq!(desk.told.only("access").body, "GET /a 200 0");
    assert_eq!(FUNCTION.rsplit(':').next(), Some("f"));
    let _: Value = desk.event();
}
