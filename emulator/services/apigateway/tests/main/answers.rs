//! What an API says itself: gateway responses and MOCK.

use crate::desk::Desk;
use serde_json::json;

async fn small() -> Desk {
    let desk = Desk::new().await;
    desk.method(&desk.top, "GET", json!({})).await;
    desk
}

#[tokio::test]
async fn unknown_paths_verbs_stages_and_apis() {
    let desk = small().await;
    desk.deploy().await;
    let missing = "{\"message\":\"Missing Authentication Token\"}";
    let unknown = desk.get("/nowhere").await;
    assert_eq!(
        (unknown.status, unknown.body.as_str(), unknown.header("x-amzn-errortype")),
        (403, missing, "MissingAuthenticationTokenException")
    );
    assert_eq!(desk.send(http::Request::post(desk.url("")), "").await.body, missing);
    for url in [format!("/_aws/execute-api/{}/dev/", desk.api), "/_aws/execute-api/nosuchapi/live/".to_owned()] {
        let answer = desk.send(http::Request::get(url), "").await;
        assert_eq!(
            (answer.status, answer.body.as_str(), answer.header("x-amzn-errortype")),
            (403, "{\"message\":\"Forbidden\"}", "ForbiddenException")
        );
    }
}

#[tokio::test]
async fn a_body_beyond_ten_megabytes_is_refused() {
    let desk = Desk::new().await;
    desk.method(&desk.top, "POST", json!({})).await;
    desk.deploy().await;
    let body = "x".repeat((10 << 20) + 1);
    let answer = desk.send(http::Request::post(desk.url("")), &body).await;
    assert_eq!((answer.status, answer.body.as_str()), (413, "{\"message\":\"Request Too Long\"}"));
    assert_eq!(desk.send(http::Request::post(desk.url("")), &body[1..]).await.status, 200);
}

#[tokio::test]
async fn gateway_responses_are_customised() {
    let desk = small().await;
    let put = |kind: &str, status: Option<&str>, parameters: serde_json::Value, templates: Option<serde_json::Value>| {
        let mut input = json!({ "restApiId": desk.api, "responseType": kind, "responseParameters": parameters });
        status.inspect(|s| input["statusCode"] = json!(s));
        templates.inspect(|t| input["responseTemplates"] = t.clone());
        input
    };
    let cors = json!({ "gatewayresponse.header.Access-Control-Allow-Origin": "'*'", "gatewayresponse.header.x-echo": "method.request.header.X-Own" });
    desk.ok("PutGatewayResponse", put("DEFAULT_4XX", None, cors, None)).await;
    desk.deploy().await;
    let answer = desk.get_with("/nowhere", "x-own", "me").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin"), answer.header("x-echo")), (403, "*", "me"));

    let template = json!({ "application/json": "{\"why\":$context.error.messageString,\"type\":\"$context.error.responseType\",\"stage\":\"$context.stage\"}" });
    desk.ok("PutGatewayResponse", put("MISSING_AUTHENTICATION_TOKEN", Some("404"), json!({}), Some(template))).await;
    assert_eq!(desk.get("/nowhere").await.status, 403, "not live yet");
    desk.deploy().await;
    let answer = desk.get("/nowhere").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (404, "{\"why\":\"Missing Authentication Token\",\"type\":\"MISSING_AUTHENTICATION_TOKEN\",\"stage\":\"live\"}")
    );
    assert_eq!(answer.header("access-control-allow-origin"), "", "a type of its own does not inherit");

    let listed = desk.ok("GetGatewayResponses", json!({ "restApiId": desk.api, "limit": 100 })).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 21);
    assert_eq!(
        listed["items"][0],
        json!({ "responseType": "ACCESS_DENIED", "statusCode": "403", "responseParameters": { "gatewayresponse.header.Access-Control-Allow-Origin": "'*'", "gatewayresponse.header.x-echo": "method.request.header.X-Own" }, "responseTemplates": { "application/json": "{\"message\":$context.error.messageString}" }, "defaultResponse": true })
    );
    let one = json!({ "restApiId": desk.api, "responseType": "MISSING_AUTHENTICATION_TOKEN" });
    desk.ok("DeleteGatewayResponse", one.clone()).await;
    assert_eq!(desk.refused("DeleteGatewayResponse", one).await, "NotFoundException: Gateway response type not defined on api");
}

#[tokio::test]
async fn a_mock_answers_the_browsers_question() {
    let desk = small().await;
    let key = |more: serde_json::Value| {
        let mut input = json!({ "restApiId": desk.api, "resourceId": desk.top, "httpMethod": "OPTIONS" });
        more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
        input
    };
    let header = "method.response.header.Access-Control-Allow-Origin";
    desk.ok("PutMethod", key(json!({ "authorizationType": "NONE" }))).await;
    desk.ok("PutIntegration", key(json!({ "type": "MOCK", "requestTemplates": { "application/json": "{\"statusCode\": 200}" } }))).await;
    let response = key(
        json!({ "statusCode": "200", "responseParameters": { header: "'*'" }, "responseTemplates": { "application/json": "{\"stage\":\"$context.stage\"}" } }),
    );
    desk.ok("PutMethodResponse", key(json!({ "statusCode": "200" }))).await;
    assert!(desk.refused("PutIntegrationResponse", response.clone()).await.contains("Invalid mapping expression parameter specified"));
    desk.ok("DeleteMethodResponse", key(json!({ "statusCode": "200" }))).await;
    desk.ok("PutMethodResponse", key(json!({ "statusCode": "200", "responseParameters": { header: true } }))).await;
    desk.ok("PutIntegrationResponse", response).await;
    desk.deploy().await;
    let ask = || http::Request::options(desk.url(""));
    let answer = desk.send(ask(), "").await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("access-control-allow-origin")), (200, "{\"stage\":\"live\"}", "*"));
    let patch = json!([{ "op": "replace", "path": "/passthroughBehavior", "value": "NEVER" }]);
    desk.ok("UpdateIntegration", key(json!({ "patchOperations": patch }))).await;
    desk.deploy().await;
    let odd = desk.send(ask().header("content-type", "text/plain"), "x").await;
    assert_eq!((odd.status, odd.body.as_str()), (415, "{\"message\":\"Unsupported Media Type\"}"));
}

#[tokio::test]
async fn an_endpoint_that_is_switched_off_is_forbidden() {
    let desk = Desk::with(json!({ "disableExecuteApiEndpoint": true })).await;
    desk.method(&desk.top, "GET", json!({})).await;
    desk.deploy().await;
    let answer = desk.get("").await;
    assert_eq!((answer.status, answer.body.as_str()), (403, "{\"message\":\"Forbidden\"}"));
}
