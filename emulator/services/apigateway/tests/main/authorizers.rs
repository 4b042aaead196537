//! Tokens of user pools, signatures, and resource policies in front of methods.

use crate::desk::Desk;
use kit::Principal;
use serde_json::{Value, json};
use std::sync::Arc;

async fn guarded(more: Value) -> Desk {
    let desk = Desk::new().await;
    let mut method = json!({ "authorizationType": "COGNITO_USER_POOLS", "authorizerId": desk.authorizer().await });
    more.as_object().unwrap().iter().for_each(|(key, value)| method[key] = value.clone());
    desk.method(&desk.top, "GET", method).await;
    desk.deploy().await;
    desk
}

fn id_token() -> Value {
    json!({ "token_use": "id", "sub": "u1", "aud": "client", "cognito:groups": ["a", "b"], "email_verified": true, "exp": 1_700_003_600, "auth_time": 1_700_000_000 })
}

#[tokio::test]
async fn an_id_token_passes_and_its_claims_reach_the_function_as_texts() {
    let desk = guarded(json!({})).await;
    for prefix in ["", "Bearer "] {
        assert_eq!(desk.get_with("", "authorization", &format!("{prefix}{}", id_token())).await.status, 200);
    }
    assert_eq!(
        desk.event()["requestContext"]["authorizer"]["claims"],
        json!({ "token_use": "id", "sub": "u1", "aud": "client", "cognito:groups": "a,b", "email_verified": "true", "exp": "Tue Nov 14 23:13:20 UTC 2023", "auth_time": "1700000000" })
    );
}

#[tokio::test]
async fn no_token_a_wrong_one_and_an_old_one_are_refused() {
    let desk = guarded(json!({})).await;
    let none = desk.get("").await;
    assert_eq!(
        (none.status, none.body.as_str(), none.header("x-amzn-errortype")),
        (401, "{\"message\":\"Unauthorized\"}", "UnauthorizedException")
    );
    let access = json!({ "token_use": "access", "scope": "a" }).to_string();
    for token in ["nonsense", "Bearer ", &access] {
        assert_eq!(desk.get_with("", "authorization", token).await.status, 401, "{token}");
    }
    let expired = desk.get_with("", "authorization", "expired").await;
    assert_eq!((expired.status, expired.body.as_str()), (401, "{\"message\":\"The incoming token has expired\"}"));
    assert!(desk.function.seen.lock().is_empty());
}

#[tokio::test]
async fn scopes_want_an_access_token_that_has_one() {
    let desk = guarded(json!({ "authorizationScopes": ["pets/read", "pets/write"] })).await;
    let access = |scope: &str| json!({ "token_use": "access", "client_id": "client", "scope": scope }).to_string();
    assert_eq!(desk.get_with("", "authorization", &access("openid pets/read")).await.status, 200);
    assert_eq!(desk.get_with("", "authorization", &access("openid")).await.status, 401);
    assert_eq!(desk.get_with("", "authorization", &id_token().to_string()).await.status, 401);
}

#[tokio::test]
async fn the_audience_must_fit_the_authorizers_expression() {
    let desk = guarded(json!({})).await;
    let id = desk.ok("GetAuthorizers", json!({ "restApiId": desk.api })).await["items"][0]["id"].clone();
    let patch = json!([{ "op": "replace", "path": "/identityValidationExpression", "value": "other-.*" }]);
    desk.ok("UpdateAuthorizer", json!({ "restApiId": desk.api, "authorizerId": id, "patchOperations": patch })).await;
    assert_eq!(desk.get_with("", "authorization", &id_token().to_string()).await.status, 200);
    desk.deploy().await;
    assert_eq!(desk.get_with("", "authorization", &id_token().to_string()).await.status, 401);
}

#[tokio::test]
async fn signed_methods_ask_iam() {
    let desk = Desk::new().await;
    let pets = desk.resource(&desk.top, "pets").await;
    desk.method(&pets, "GET", json!({ "authorizationType": "AWS_IAM" })).await;
    desk.deploy().await;
    let unsigned = desk.get("/pets").await;
    assert_eq!((unsigned.status, unsigned.body.as_str()), (403, "{\"message\":\"Missing Authentication Token\"}"));
    let root = Principal::Root { account: Arc::from("000000000000") };
    let request = || http::Request::get(desk.url("/pets"));
    assert_eq!(desk.send_as(root.clone(), request(), "").await.status, 200);
    assert_eq!(desk.event()["requestContext"]["identity"]["userArn"], "arn:aws:iam::000000000000:root");
    desk.deny_to("arn:aws:iam::000000000000:root");
    let denied = desk.send_as(root, request(), "").await;
    let sentence = format!(
        "User: arn:aws:iam::000000000000:root is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********0000:{}/live/GET/pets",
        desk.api
    );
    assert_eq!((denied.status, denied.header("x-amzn-errortype")), (403, "AccessDeniedException"));
    assert_eq!(serde_json::from_str::<Value>(&denied.body).unwrap(), json!({ "Message": sentence }));
}

#[tokio::test]
async fn a_refused_signature_is_told_by_the_apis_gateway_responses() {
    let desk = Desk::new().await;
    for (part, kind) in [("signed", "AWS_IAM"), ("open", "NONE")] {
        let resource = desk.resource(&desk.top, part).await;
        desk.method(&resource, "GET", json!({ "authorizationType": kind })).await;
    }
    for (kind, status) in [("INVALID_SIGNATURE", "418"), ("EXPIRED_TOKEN", "419")] {
        let templates = json!({ "application/json": format!("{{\"why\":$context.error.messageString,\"kind\":\"{kind}\"}}") });
        let response = json!({ "restApiId": desk.api, "responseType": kind, "statusCode": status, "responseTemplates": templates });
        desk.ok("PutGatewayResponse", response).await;
    }
    desk.deploy().await;
    let send = async |part: &str, code: &'static str| {
        let refused = kit::RefusedSignature(kit::Fault::new(code, 403, "so it is"));
        desk.send_as(Principal::Anonymous, http::Request::get(desk.url(part)).extension(refused), "").await
    };
    for (code, status, body) in [
        ("InvalidSignatureException", 418, r#"{"why":"so it is","kind":"INVALID_SIGNATURE"}"#),
        ("UnrecognizedClientException", 418, r#"{"why":"so it is","kind":"INVALID_SIGNATURE"}"#),
        ("ExpiredTokenException", 419, r#"{"why":"so it is","kind":"EXPIRED_TOKEN"}"#),
    ] {
        let answer = send("/signed", code).await;
        assert_eq!((answer.status, answer.body.as_str(), answer.header("x-amzn-errortype")), (status, body, code));
        assert_eq!(send("/open", code).await.status, 200, "who asks for no signature looks at none");
    }
}

#[tokio::test]
async fn a_resource_policy_is_asked_with_its_resources_written_out() {
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*" }] });
    let desk = Desk::with(json!({ "policy": policy.to_string() })).await;
    let pets = desk.resource(&desk.top, "pets").await;
    desk.method(&pets, "GET", json!({})).await;
    desk.deploy().await;
    // The decider of these tests lets nobody in but by a policy that names the API.
    desk.deny_to("nobody in particular");
    assert_eq!(desk.get("/pets").await.status, 200);
    let broken = json!({ "name": "x", "policy": "{" });
    assert!(desk.refused("CreateRestApi", broken).await.starts_with("BadRequestException: Invalid policy document."));
}
