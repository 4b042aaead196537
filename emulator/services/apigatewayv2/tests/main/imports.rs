//! HTTP APIs out of definitions, as the Serverless Application Model writes them.

use crate::desk::{Desk, FUNCTION, ISSUER};
use serde_json::{Value, json};

fn definition() -> Value {
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    let function = json!({ "type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0" });
    json!({
        "openapi": "3.0.1",
        "info": { "title": "shop", "version": "1.0", "description": "of a definition" },
        "servers": [{ "url": "https://x.test/v1/shop" }],
        "tags": [{ "name": "httpapi:createdBy", "x-amazon-apigateway-tag-value": "SAM" }],
        "x-amazon-apigateway-cors": { "allowOrigins": ["https://a.test"], "allowMethods": ["GET"], "maxAge": 60 },
        "paths": {
            "/pets/{id}": { "get": { "x-amazon-apigateway-integration": { "$ref": "#/components/x-amazon-apigateway-integrations/pets" }, "responses": {} } },
            "/me": { "get": { "security": [{ "users": ["pets/read"] }], "x-amazon-apigateway-integration": function } },
            "/asked": { "post": { "security": [{ "judge": [] }], "x-amazon-apigateway-integration": function } },
            "/iam": { "get": { "security": [{ "AWS_IAM": [] }], "x-amazon-apigateway-integration": function } },
            "/$default": { "x-amazon-apigateway-any-method": { "isDefaultRoute": true, "x-amazon-apigateway-integration": function } },
        },
        "components": {
            "x-amazon-apigateway-integrations": { "pets": function },
            "securitySchemes": {
                "users": { "type": "oauth2", "x-amazon-apigateway-authorizer": { "type": "jwt", "identitySource": "$request.header.Authorization", "jwtConfiguration": { "issuer": ISSUER, "audience": ["app"] } } },
                "judge": { "type": "apiKey", "in": "header", "name": "x-who", "x-amazon-apigateway-authorizer": { "type": "request", "authorizerUri": uri, "identitySource": "$request.header.x-who, $request.querystring.q", "authorizerPayloadFormatVersion": "2.0", "enableSimpleResponses": true, "authorizerResultTtlInSeconds": 0 } },
                "AWS_IAM": { "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4" },
            },
        },
    })
}

async fn imported(definition: &Value, more: Value) -> Desk {
    let mut desk = Desk::new().await;
    let made = desk.ok("ImportApi", crate::desk::merged(&json!({ "Body": definition.to_string() }), &more)).await;
    desk.api = made["ApiId"].as_str().unwrap().to_owned();
    assert_eq!((&made["Name"], &made["Tags"]), (&json!("shop"), &json!({ "httpapi:createdBy": "SAM" })));
    desk.ok("CreateStage", json!({ "ApiId": desk.api, "StageName": "$default", "AutoDeploy": true })).await;
    desk
}

async fn keys(desk: &Desk) -> Vec<String> {
    let routes = desk.ok("GetRoutes", json!({ "ApiId": desk.api })).await;
    let mut keys: Vec<String> = routes["Items"].as_array().unwrap().iter().map(|r| r["RouteKey"].as_str().unwrap().to_owned()).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn a_definition_becomes_an_api() {
    let desk = imported(&definition(), json!({})).await;
    assert_eq!(keys(&desk).await, ["$default", "GET /iam", "GET /me", "GET /pets/{id}", "POST /asked"]);
    assert_eq!(desk.get("/pets/7").await.body, "hello");
    let event = desk.event();
    assert_eq!(
        (&event["version"], &event["routeKey"], &event["pathParameters"]["id"]),
        (&json!("2.0"), &json!("GET /pets/{id}"), &json!("7"))
    );
    assert_eq!(desk.get("/anything").await.status, 200);
    assert_eq!(desk.event()["routeKey"], "$default");
    assert_eq!((desk.get("/me").await.status, desk.get("/iam").await.status), (401, 403));
    let token = format!("Bearer {}", json!({ "client_id": "app", "scope": "pets/read" }));
    assert_eq!(desk.get_with("/me", "authorization", &token).await.status, 200);
    let poor = format!("Bearer {}", json!({ "client_id": "app", "scope": "other" }));
    assert_eq!(desk.get_with("/me", "authorization", &poor).await.status, 403);
    desk.answer(json!({ "isAuthorized": true, "statusCode": 200 }));
    let ask = |url: &str| http::Request::post(desk.url(url)).header("x-who", "me");
    assert_eq!((desk.send(ask("/asked"), "").await.status, desk.send(ask("/asked?q=1"), "").await.status), (401, 200));
    let page = desk.get_with("/pets/7", "origin", "https://a.test").await;
    assert_eq!(page.header("access-control-allow-origin"), "https://a.test");
}

#[tokio::test]
async fn another_definition_takes_its_place() {
    let desk = imported(&definition(), json!({ "Basepath": "split" })).await;
    assert_eq!(desk.get("/shop/pets/7").await.body, "hello");
    let mut other = definition();
    other["paths"] = json!({ "/cats": { "x-amazon-apigateway-any-method": { "security": [{ "nobody": [] }], "x-amazon-apigateway-integration": definition()["paths"]["/me"]["get"]["x-amazon-apigateway-integration"] } } });
    other.as_object_mut().unwrap().remove("x-amazon-apigateway-cors");
    let put = |more: Value| crate::desk::merged(&json!({ "ApiId": desk.api, "Body": other.to_string() }), &more);
    assert!(
        desk.refused("ReimportApi", put(json!({ "FailOnWarnings": true })))
            .await
            .contains("Security scheme 'nobody' of ANY /cats is not defined")
    );
    assert_eq!(desk.get("/shop/pets/7").await.status, 200, "nothing was changed");
    let told = desk.ok("ReimportApi", put(json!({}))).await;
    assert_eq!(told["Warnings"], json!(["Security scheme 'nobody' of ANY /cats is not defined"]));
    assert!(told.get("CorsConfiguration").is_none_or(Value::is_null));
    assert_eq!(keys(&desk).await, ["ANY /cats"]);
    assert_eq!((desk.get("/cats").await.status, desk.get("/shop/pets/7").await.status), (200, 404));
}

#[tokio::test]
async fn definitions_that_are_refused() {
    let desk = Desk::new().await;
    let with = |path: &str, value: Value| {
        let mut document = definition();
        *document.pointer_mut(path).unwrap() = value;
        json!({ "Body": document.to_string() })
    };
    for (input, why) in [
        (json!({ "Body": "{" }), "Invalid OpenAPI input"),
        (with("/openapi", json!("2.0")), "OpenAPI 3.0"),
        (with("/info/title", json!("")), "info.title is missing"),
        (with("/paths/~1me/get/x-amazon-apigateway-integration/type", json!("mock")), "Unable to import route 'GET /me'"),
        (with("/components/securitySchemes/judge/x-amazon-apigateway-authorizer/type", json!("token")), "HTTP APIs have jwt and request"),
        (
            with(
                "/paths/~1me/get/x-amazon-apigateway-integration",
                json!({ "type": "http_proxy", "httpMethod": "GET", "uri": "http://127.0.0.1/", "connectionType": "VPC_LINK", "connectionId": "x" }),
            ),
            "NotImplemented",
        ),
        (crate::desk::merged(&with("/info/title", json!("t")), &json!({ "Basepath": "x" })), "Invalid basepath"),
    ] {
        let told = desk.refused("ImportApi", input).await;
        assert!(told.contains(why), "{why}: {told}");
    }
    let apis = desk.ok("GetApis", json!({})).await;
    assert_eq!(apis["Items"].as_array().unwrap().len(), 1, "nothing is left of what was refused");
}
