//! Tokens, functions that judge, signatures, throttles.

use crate::desk::{Desk, FUNCTION, ISSUER};
use kit::Principal;
use serde_json::{Value, json};

async fn with_jwt(scopes: Value) -> Desk {
    with_issuer(ISSUER, scopes).await
}

async fn with_issuer(issuer: &str, scopes: Value) -> Desk {
    let desk = Desk::new().await;
    let input = json!({ "ApiId": desk.api, "Name": "users", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"], "JwtConfiguration": { "Audience": ["app"], "Issuer": issuer } });
    let id = desk.ok("CreateAuthorizer", input).await["AuthorizerId"].clone();
    let more = json!({ "AuthorizationType": "JWT", "AuthorizerId": id });
    let more = if scopes.is_null() { more } else { crate::desk::merged(&more, &json!({ "AuthorizationScopes": scopes })) };
    desk.route("GET /me", "2.0", more).await;
    desk
}

#[tokio::test]
async fn tokens_of_a_pool() {
    let desk = with_jwt(Value::Null).await;
    let none = desk.get("/me").await;
    assert_eq!((none.status, none.body.as_str(), none.header("www-authenticate")), (401, "{\"message\":\"Unauthorized\"}", "Bearer"));
    let expired = desk.get_with("/me", "authorization", "Bearer expired").await;
    assert_eq!(
        (expired.status, expired.header("www-authenticate")),
        (401, "Bearer scope=\"\" error=\"invalid_token\" error_description=\"the token has expired\"")
    );
    let token = |claims: Value| format!("Bearer {claims}");
    assert_eq!(desk.get_with("/me", "authorization", &token(json!({ "aud": "other" }))).await.status, 401);
    let id = token(json!({ "aud": "app", "groups": ["a", "b"], "n": 1, "email_verified": true }));
    assert_eq!(desk.get_with("/me", "authorization", &id).await.status, 200);
    let jwt = desk.event()["requestContext"]["authorizer"]["jwt"].clone();
    assert_eq!(jwt, json!({ "claims": { "aud": "app", "groups": "[a b]", "n": "1", "email_verified": "true" }, "scopes": null }));
    assert_eq!(desk.get_with("/me", "authorization", &token(json!({ "client_id": "app", "scope": "x" }))).await.status, 200);
}

#[tokio::test]
async fn an_issuer_as_the_clouds_discovery_names_it() {
    let desk = with_issuer("http://127.0.0.1:4566/us-east-1_abc", Value::Null).await;
    let token = format!("Bearer {}", json!({ "aud": "app" }));
    assert_eq!(desk.get_with("/me", "authorization", &token).await.status, 200);
    for wrong in ["http://127.0.0.1:4566", "http://127.0.0.1:4566/a/us-east-1_abc", "http://accounts.example.com/x"] {
        let jwt = json!({ "Audience": ["app"], "Issuer": wrong });
        let input = json!({ "ApiId": desk.api, "Name": "other", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"], "JwtConfiguration": jwt });
        let refused = desk.refused("CreateAuthorizer", input).await;
        assert!(refused.starts_with("BadRequestException"), "{wrong}: {refused}");
    }
}

#[tokio::test]
async fn scopes() {
    let desk = with_jwt(json!(["pets/read"])).await;
    let token = |scope: &str| format!("Bearer {}", json!({ "client_id": "app", "scope": scope }));
    assert_eq!(desk.get_with("/me", "authorization", &token("openid pets/read")).await.status, 200);
    let poor = desk.get_with("/me", "authorization", &token("openid")).await;
    assert_eq!((poor.status, poor.body.as_str()), (403, "{\"message\":\"Forbidden\"}"));
    assert!(poor.header("www-authenticate").contains("insufficient_scope"));
}

async fn judged(more: Value) -> Desk {
    let desk = Desk::new().await;
    let input = json!({ "ApiId": desk.api, "Name": "judge", "AuthorizerType": "REQUEST", "AuthorizerUri": FUNCTION, "IdentitySource": ["$request.header.x-who"], "AuthorizerPayloadFormatVersion": "2.0" });
    let id = desk.ok("CreateAuthorizer", crate::desk::merged(&input, &more)).await["AuthorizerId"].clone();
    for key in ["GET /a", "GET /b"] {
        desk.route(key, "2.0", json!({ "AuthorizationType": "CUSTOM", "AuthorizerId": id })).await;
    }
    desk
}

#[tokio::test]
async fn a_simple_answer() {
    let desk = judged(json!({ "EnableSimpleResponses": true, "AuthorizerResultTtlInSeconds": 60 })).await;
    assert_eq!(desk.get("/a").await.status, 401);
    desk.answer(json!({ "isAuthorized": true, "context": { "level": 3 }, "statusCode": 200 }));
    assert_eq!(desk.get_with("/a", "x-who", "me").await.status, 200);
    let seen = desk.function.seen.lock().iter().map(|(event, _)| event.clone()).collect::<Vec<_>>();
    assert_eq!((&seen[0]["type"], &seen[0]["identitySource"]), (&json!("REQUEST"), &json!(["me"])));
    assert!(seen[0]["routeArn"].as_str().unwrap().ends_with("/$default/GET/a"));
    assert_eq!(seen[1]["requestContext"]["authorizer"]["lambda"], json!({ "level": 3 }));
    desk.answer(json!({ "isAuthorized": false, "statusCode": 200 }));
    assert_eq!(desk.get_with("/b", "x-who", "me").await.status, 200, "the answer is cached");
    desk.ok("ResetAuthorizersCache", json!({ "ApiId": desk.api, "StageName": "$default" })).await;
    assert_eq!(desk.get_with("/b", "x-who", "me").await.status, 403, "and now forgotten");
    assert_eq!(desk.get_with("/b", "x-who", "you").await.status, 403);
    desk.answer(json!({ "statusCode": 200 }));
    assert_eq!(desk.get_with("/b", "x-who", "they").await.status, 500);
}

#[tokio::test]
async fn a_policy_serves_the_routes_it_speaks_of() {
    let desk = judged(json!({ "AuthorizerResultTtlInSeconds": 60 })).await;
    let resource = format!("arn:aws:execute-api:us-east-1:000000000000:{}/$default/GET/a", desk.api);
    desk.answer(json!({ "statusCode": 200, "principalId": "p", "policyDocument": { "Version": "2012-10-17", "Statement": [{ "Action": "execute-api:Invoke", "Effect": "Allow", "Resource": resource }] } }));
    assert_eq!(desk.get_with("/a", "x-who", "me").await.status, 200);
    assert_eq!(desk.get_with("/b", "x-who", "me").await.status, 403);
    assert_eq!(desk.function.seen.lock().len(), 2, "asked once, called once");
    desk.ok("ResetAuthorizersCache", json!({ "ApiId": desk.api, "StageName": "$default" })).await;
    desk.get_with("/a", "x-who", "me").await;
    assert_eq!(desk.function.seen.lock().len(), 4);
}

#[tokio::test]
async fn signatures_and_throttles() {
    let desk = Desk::new().await;
    desk.route("GET /iam", "2.0", json!({ "AuthorizationType": "AWS_IAM" })).await;
    assert_eq!(desk.get("/iam").await.status, 403);
    let root = Principal::Root { account: "000000000000".into() };
    assert_eq!(desk.send_as(root, http::Request::get(desk.url("/iam")), "").await.status, 200);
    assert_eq!(desk.event()["requestContext"]["authorizer"]["iam"]["userArn"], "arn:aws:iam::000000000000:root");
    desk.route("GET /t", "2.0", json!({})).await;
    // A signature that was refused is none; a route that asks for none doesn't mind it.
    let doors = desk.cloud.service("apigatewayv2").unwrap().doors();
    assert!(doors[0].hears_of_refused_signatures());
    for (path, status) in [("/iam", 403), ("/t", 200)] {
        let refused = kit::RefusedSignature(kit::Fault::new("SignatureDoesNotMatch", 403, "so it is"));
        assert_eq!(desk.send(http::Request::get(desk.url(path)).extension(refused), "").await.status, status, "{path}");
    }
    desk.ok("UpdateStage", json!({ "ApiId": desk.api, "StageName": "$default", "RouteSettings": { "GET /t": { "ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2 } } })).await;
    let statuses = [desk.get("/t").await.status, desk.get("/t").await.status, desk.get("/t").await.status];
    assert_eq!(statuses, [200, 200, 429]);
}
