//! The front door's exact answers for HTTP APIs: status, body and challenge of each kind of refusal. HTTP APIs send no
//! `x-amzn-errortype`; their request's id is `apigw-requestid`. `guards` has the rules of tokens, `serve` those of CORS.

use crate::desk::{Answer, Desk, FUNCTION, ISSUER};
use serde_json::{Value, json};

const ORIGIN: &str = "https://page.test";

/// An API that is called from a page.
async fn open_to_a_page() -> Desk {
    Desk::with(json!({ "CorsConfiguration": { "AllowOrigins": [ORIGIN], "AllowMethods": ["*"] } })).await
}

async fn get(desk: &Desk, path: &str, header: (&str, &str)) -> Answer {
    desk.send(http::Request::get(desk.url(path)).header("origin", ORIGIN).header(header.0, header.1), "").await
}

fn is(answer: &Answer, status: u16, message: &str, what: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, format!("{{\"message\":\"{message}\"}}").as_str()), "{what}");
    assert_eq!((answer.header("content-type"), answer.header("x-amzn-errortype")), ("application/json", ""), "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "a page can read it: {what}");
    assert!(!answer.header("apigw-requestid").is_empty(), "{what}");
}

#[tokio::test]
async fn routes_bodies_and_throttles() {
    let desk = open_to_a_page().await;
    desk.route("POST /a", "2.0", json!({})).await;
    desk.route("GET /t", "2.0", json!({})).await;
    desk.route("GET /iam", "2.0", json!({ "AuthorizationType": "AWS_IAM" })).await;
    let plain = ("accept", "*/*");
    is(&get(&desk, "/unknown", plain).await, 404, "Not Found", "no such route");
    is(&get(&desk, "/a", plain).await, 404, "Not Found", "no such verb");
    is(&get(&desk, "/iam", plain).await, 403, "Forbidden", "no signature");
    let large = "x".repeat((10 << 20) + 1);
    let post = http::Request::post(desk.url("/a")).header("origin", ORIGIN);
    is(&desk.send(post, &large).await, 413, "Request Entity Too Large", "a body beyond 10 MB");
    let limits = json!({ "GET /t": { "ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 1 } });
    desk.ok("UpdateStage", json!({ "ApiId": desk.api, "StageName": "$default", "RouteSettings": limits })).await;
    assert_eq!(get(&desk, "/t", plain).await.status, 200);
    is(&get(&desk, "/t", plain).await, 429, "Too Many Requests", "a route's throttle");
}

#[tokio::test]
async fn an_api_that_is_not_there() {
    let desk = Desk::new().await;
    desk.ok("DeleteStage", json!({ "ApiId": desk.api, "StageName": "$default" })).await;
    let answer = desk.get("/a").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "{\"message\":\"Not Found\"}"));
}

#[tokio::test]
async fn tokens() {
    let desk = open_to_a_page().await;
    let users = json!({ "ApiId": desk.api, "Name": "users", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": { "Audience": ["app"], "Issuer": ISSUER } });
    let id = desk.ok("CreateAuthorizer", users).await["AuthorizerId"].clone();
    desk.route("GET /me", "2.0", json!({ "AuthorizationType": "JWT", "AuthorizerId": id })).await;
    let scoped = json!({ "AuthorizationType": "JWT", "AuthorizerId": id, "AuthorizationScopes": ["pets/read"] });
    desk.route("GET /pets", "2.0", scoped).await;
    let of_app = json!({ "client_id": "app", "scope": "openid" }).to_string();
    let invalid = |why: &str| format!("Bearer scope=\"\" error=\"invalid_token\" error_description=\"{why}\"");
    let poor = "Bearer scope=\"pets/read\" error=\"insufficient_scope\" error_description=\"the token does not have a valid scope\"";
    for (path, token, status, message, challenge) in [
        ("/me", "", 401, "Unauthorized", "Bearer".to_owned()),
        ("/me", "expired", 401, "Unauthorized", invalid("the token has expired")),
        ("/me", "{\"aud\":\"other\"}", 401, "Unauthorized", invalid("the token does not have a valid audience")),
        ("/pets", &of_app, 403, "Forbidden", poor.to_owned()),
    ] {
        let answer = get(&desk, path, ("authorization", &format!("Bearer {token}"))).await;
        is(&answer, status, message, token);
        assert_eq!(answer.header("www-authenticate"), challenge, "{path} {token}");
    }
}

#[tokio::test]
async fn functions_that_judge_and_functions_that_answer() {
    let desk = open_to_a_page().await;
    let judge = json!({ "ApiId": desk.api, "Name": "judge", "AuthorizerType": "REQUEST", "AuthorizerUri": FUNCTION,
        "IdentitySource": ["$request.header.x-who"], "AuthorizerPayloadFormatVersion": "2.0", "EnableSimpleResponses": true });
    let id = desk.ok("CreateAuthorizer", judge).await["AuthorizerId"].clone();
    desk.route("GET /judged", "2.0", json!({ "AuthorizationType": "CUSTOM", "AuthorizerId": id })).await;
    desk.route("GET /one", "1.0", json!({})).await;
    let (nobody, me) = (("accept", "*/*"), ("x-who", "me"));
    is(&get(&desk, "/judged", nobody).await, 401, "Unauthorized", "an identity source is missing");
    desk.answer(json!({ "isAuthorized": false }));
    is(&get(&desk, "/judged", me).await, 403, "Forbidden", "the function says no");
    desk.answer(json!({ "isAuthorised": true }));
    is(&get(&desk, "/judged", me).await, 500, "Internal Server Error", "the function says neither yes nor no");
    desk.answer(json!({ "any": "thing" }));
    is(&get(&desk, "/one", nobody).await, 500, "Internal Server Error", "an answer without a form");
    *desk.function.fails.lock() = true;
    is(&get(&desk, "/one", nobody).await, 500, "Internal Server Error", "a function that fails");
    is(&get(&desk, "/judged", me).await, 500, "Internal Server Error", "a judge that fails");
}

#[tokio::test]
async fn an_endpoint_that_nobody_answers_at() {
    let desk = open_to_a_page().await;
    let nobody: Value = json!({ "IntegrationType": "HTTP_PROXY", "IntegrationMethod": "GET", "IntegrationUri": "http://127.0.0.1:1/",
        "PayloadFormatVersion": "1.0" });
    let id = desk.integration(nobody).await;
    desk.route_to("GET /nobody", &id, json!({})).await;
    is(&get(&desk, "/nobody", ("accept", "*/*")).await, 503, "Service Unavailable", "nobody answers");
}
