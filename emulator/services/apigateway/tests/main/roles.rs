//! Whoever hands a role over must be allowed to pass it, in whatever request it stands.

use crate::desk::Desk;
use kit::{Context, Decider, Decision, Need};
use serde_json::{Value, json};
use std::sync::Arc;

const ROLE: &str = "arn:aws:iam::000000000000:role/caller";

/// Everything is allowed but to pass a role.
struct NoPassing;

impl Decider for NoPassing {
    fn decide(&self, _: &Context, need: &Need, _: Option<&str>) -> Decision {
        let allowed = need.action != "iam:PassRole";
        Decision { allowed, message: format!("may not {} {}", need.action, need.resource), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

#[tokio::test]
async fn every_way_to_hand_a_role_over_asks() {
    let desk = Desk::new().await;
    desk.allow_all();
    let id = &desk.authorizer().await;
    desk.method(&desk.top, "GET", json!({})).await;
    desk.cloud.set_decider(Arc::new(NoPassing));
    let method = json!({ "restApiId": desk.api, "resourceId": desk.top, "httpMethod": "GET" });
    let with = |more: Value| crate::desk::merged(&method, &[&more]);
    let patch = |path: &str| json!([{ "op": "replace", "path": path, "value": ROLE }]);
    let uri = "arn:aws:apigateway:us-east-1:sqs:path/x";
    let integration = json!({ "type": "aws", "httpMethod": "POST", "uri": uri, "credentials": ROLE });
    let definition = |more: Value| {
        let mut document = json!({ "swagger": "2.0", "info": { "title": "t", "version": "1" }, "paths": {} });
        more.as_object().unwrap().iter().for_each(|(name, value)| document[name] = value.clone());
        document.to_string().into_bytes()
    };
    let by_path = definition(json!({ "paths": { "/x": { "get": { "x-amazon-apigateway-integration": integration } } } }));
    let scheme = json!({ "type": "apiKey", "x-amazon-apigateway-authorizer": { "type": "token", "authorizerCredentials": ROLE } });
    let by_scheme = definition(json!({ "securityDefinitions": { "own": scheme } }));
    let body = |text: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    for (operation, input) in [
        ("PutIntegration", with(json!({ "type": "AWS", "integrationHttpMethod": "POST", "uri": uri, "credentials": ROLE }))),
        ("UpdateIntegration", with(json!({ "patchOperations": patch("/credentials") }))),
        ("UpdateAuthorizer", json!({ "restApiId": desk.api, "authorizerId": id, "patchOperations": patch("/authorizerCredentials") })),
        ("UpdateAccount", json!({ "patchOperations": patch("/cloudwatchRoleArn") })),
        ("ImportRestApi", json!({ "body": body(&by_path) })),
        ("ImportRestApi", json!({ "body": body(&by_scheme) })),
        ("PutRestApi", json!({ "restApiId": desk.api, "body": body(&by_path) })),
    ] {
        let why = desk.refused(operation, input).await;
        assert!(why.contains("iam:PassRole") && why.contains(ROLE), "{operation}: {why}");
    }
    desk.ok("UpdateIntegration", with(json!({ "patchOperations": [{ "op": "replace", "path": "/timeoutInMillis", "value": "100" }] })))
        .await;
}
