//! The cases that are played from `tests/requests/`, theme by theme.

use crate::player::{play, play_but};

#[tokio::test]
async fn apis_models_documentation_and_stages() {
    // Recorded before APIs had an ipAddressType.
    play_but("control.json", &["test_get_api_case_insensitive/create-rest-api"]).await;
}

#[tokio::test]
async fn what_is_wrong_is_said_as_aws_says_it() {
    // A value of another JSON type is the reader's matter (`wire`), which takes numbers and booleans for texts where templates write them.
    let types = [
        "test_put_integration_request_parameter_bool_type/put-integration-request-param-wrong-type",
        "test_put_integration_request_parameter_bool_type/put-integration-request-param-bool-value",
        "test_integration_response_invalid_responsetemplates/put-integration-response-invalid-responseTemplates-1",
    ];
    play_but("checked.json", &types).await;
}

#[tokio::test]
async fn methods_and_their_trials() {
    // Templates that are null are kept as null by AWS; here a map has no nulls.
    let nulls = ["put-integration-response-template-none", "put-integration-response-template-empty"];
    play_but("methods.json", &nulls.map(|name| format!("test_put_integration_response_templates/{name}"))).await;
}

#[tokio::test]
async fn vpc_links() {
    play("vpc_links.json").await;
}

#[tokio::test]
async fn mocks_by_every_name() {
    // Recorded before authorizers told their TTL.
    play_but("basic.json", &["test_apigateway_with_custom_authorization_method/authorizer"]).await;
}

#[tokio::test]
async fn a_canary_that_is_invoked() {
    play("canary.json").await;
}

#[tokio::test]
async fn validators_keys_deployments_and_bodies() {
    play("common.json").await;
}

#[tokio::test]
async fn api_keys() {
    play("extended.json").await;
}

#[tokio::test]
async fn integrations() {
    play("integrations.json").await;
}

#[tokio::test]
async fn functions() {
    play("lambda.json").await;
}

#[tokio::test]
async fn endpoints() {
    play("http.json").await;
}

#[tokio::test]
async fn headers_on_every_way() {
    play("headers.json").await;
}

#[tokio::test]
async fn definitions() {
    play("imports.json").await;
}
